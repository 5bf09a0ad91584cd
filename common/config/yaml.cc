#include "common/config/yaml.h"

#include <google/protobuf/util/json_util.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/config/yaml_converter.h"
#include "common/status/reason.h"

namespace firstline::config {
namespace {

using Json = nlohmann::ordered_json;

absl::Status Invalid(std::vector<status::FieldViolation> violations) {
  const std::string message = absl::StrJoin(
      violations, "\n", [](std::string* out, const status::FieldViolation& violation) {
        out->append(violation.description);
      });
  return status::Error(absl::StatusCode::kInvalidArgument, message,
                       {.reason = "CONFIG_INVALID", .violations = std::move(violations)});
}

absl::Status Invalid(std::string description) {
  return Invalid(std::vector<status::FieldViolation>{{"", std::move(description)}});
}

absl::Status FillFromJson(const Json& json, google::protobuf::Message& message,
                          const YamlOptions& options) {
  std::unique_ptr<google::protobuf::Message> fresh(message.New());
  const auto status = google::protobuf::util::JsonStringToMessage(
      json.dump(-1, ' ', false, Json::error_handler_t::replace), fresh.get());
  // The converter has checked every value, so this is a rule of protobuf that it does not know.
  if (!status.ok()) return Invalid(absl::StrCat(options.source_name, ": ", status.ToString()));
  message.GetReflection()->Swap(&message, fresh.get());
  return absl::OkStatus();
}

// Hears a document and keeps nothing.
class Deaf final : public YAML::EventHandler {
  using Mark = YAML::Mark;
  using Anchor = YAML::anchor_t;
  using Style = YAML::EmitterStyle::value;
  void OnDocumentStart(const Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const Mark&, Anchor) override {}
  void OnAlias(const Mark&, Anchor) override {}
  void OnScalar(const Mark&, const std::string&, Anchor, const std::string&) override {}
  void OnSequenceStart(const Mark&, const std::string&, Anchor, Style) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const Mark&, const std::string&, Anchor, Style) override {}
  void OnMapEnd() override {}
};

// Of `yaml`, at most kManyDocuments: where text belongs to none, such as "," at the start of a line,
// the parser finds empty ones for ever, and LoadAll would keep them all.
constexpr int kManyDocuments = 3;
int CountDocuments(const std::string& yaml) {
  std::istringstream in(yaml);
  YAML::Parser parser(in);
  Deaf handler;
  int count = 0;
  while (count < kManyDocuments && parser.HandleNextDocument(handler)) ++count;
  return count;
}

absl::Status Parse(std::string_view yaml, google::protobuf::Message& message,
                   const YamlOptions& options) {
  const std::string text(yaml);
  if (const int count = CountDocuments(text); count == kManyDocuments) {
    return Invalid(absl::StrCat(options.source_name, ": holds many documents (split by ---), or text "
                                "that belongs to none, where one is wanted"));
  } else if (count > 1) {
    return Invalid(absl::StrCat(options.source_name, ": holds ", count,
                                " documents (split by ---) where one is wanted"));
  }
  YamlConverter converter(options);
  const YAML::Node root = YAML::Load(text);
  const Json json = converter.Convert(root, *message.GetDescriptor());
  if (!converter.violations().empty()) return Invalid(converter.violations());
  return FillFromJson(json, message, options);
}

}  // namespace

absl::Status ParseYaml(std::string_view yaml, google::protobuf::Message& message,
                       const YamlOptions& options) {
  if (yaml.size() > kYamlBytesMax) {
    return Invalid(absl::StrCat(options.source_name, ": larger than ", kYamlBytesMax, " bytes"));
  }
  try {
    return Parse(yaml, message, options);
  } catch (const YAML::Exception& error) {
    // yaml-cpp counts from zero.
    return Invalid(absl::StrCat(options.source_name, ":", error.mark.line + 1, ":",
                                error.mark.column + 1, ": not YAML: ", error.msg));
  }
}

}  // namespace firstline::config
