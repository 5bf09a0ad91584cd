#include "services/cli/simulate/yaml_position.h"

#include <yaml-cpp/yaml.h>

#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace firstline::simulate {
namespace {

// "queues[2].id" as queues, 2, id.
std::vector<std::string> PartsOf(std::string_view path) {
  std::vector<std::string> parts(1);
  for (char c : path) {
    if (c == ']') continue;
    if (c == '.' || c == '[') {
      parts.emplace_back();
    } else {
      parts.back().push_back(c);
    }
  }
  return parts;
}

// Not a valid node if there is none.
YAML::Node ChildOf(const YAML::Node& node, const std::string& part) {
  std::size_t index = 0;
  if (node.IsSequence()) {
    const bool there = absl::SimpleAtoi(part, &index) && index < node.size();
    return there ? node[index] : YAML::Node(YAML::NodeType::Undefined);
  }
  return node.IsMap() ? node[part] : YAML::Node(YAML::NodeType::Undefined);
}

}  // namespace

std::string PositionOf(std::string_view yaml, std::string_view path) {
  const YAML::Node root = YAML::Load(std::string(yaml));
  YAML::Node node = root;
  for (const std::string& part : PartsOf(path)) {
    const YAML::Node child = ChildOf(node, part);
    if (!child.IsDefined()) break;
    node.reset(child);
  }
  return absl::StrCat(node.Mark().line + 1, ":", node.Mark().column + 1);
}

}  // namespace firstline::simulate
