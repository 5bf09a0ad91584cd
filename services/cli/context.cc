#include "services/cli/context.h"

#include <fstream>
#include <iostream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/config/spelling.h"
#include "services/cli/failure.h"

namespace firstline::cli {

client::Client& Context::client() {
  if (connection != nullptr) return *connection;
  const auto deadline = std::chrono::milliseconds(static_cast<std::int64_t>(timeout_s * 1000));
  client::Options options;
  options.targets = absl::StrSplit(server, ',', absl::SkipEmpty());
  if (options.targets.empty()) throw Failure(ExitCode::kUsage, "--server names no address");
  options.deadline = deadline;
  options.attempt_deadline = std::min(options.attempt_deadline, deadline);
  connection = std::make_unique<client::Client>(options);
  return *connection;
}

const std::string& Context::Workspace() {
  if (!workspace.empty()) return workspace;
  const v1::ListWorkspacesResponse list = Unwrap(client().ListWorkspaces({}));
  if (list.workspaces_size() == 1) {
    workspace = list.workspaces(0);
    return workspace;
  }
  if (list.workspaces().empty()) {
    throw Failure(ExitCode::kNotFound, "there is no workspace yet",
                  "`firstline config apply FILE` creates one");
  }
  throw Failure(ExitCode::kUsage,
                absl::StrCat("which workspace? There are ", absl::StrJoin(list.workspaces(), ", ")),
                "-w NAME or FIRSTLINE_WORKSPACE=NAME");
}

std::string ReadFile(const std::string& path) {
  std::ostringstream text;
  if (path == "-") {
    text << std::cin.rdbuf();
    return text.str();
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Failure(ExitCode::kNotFound, absl::StrCat("cannot read ", path));
  text << file.rdbuf();
  return text.str();
}

int ParseEnum(const google::protobuf::EnumDescriptor& type, const std::string& what,
              const std::string& text) {
  const int value = FindValue(type, text);
  if (value > 0) return value;
  const std::vector<std::string> known = ShortNames(type);
  const std::string nearest = config::NearestWord(text, known);
  throw Failure(ExitCode::kUsage, absl::StrCat("'", text, "' is no ", what),
                nearest.empty() ? absl::StrCat("one of ", absl::StrJoin(known, ", "))
                                : absl::StrCat("did you mean '", nearest, "'?"));
}

}  // namespace firstline::cli
