#include "common/config/yaml.h"

#include <google/protobuf/util/json_util.h>
#include <yaml-cpp/yaml.h>

#include <memory>
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

absl::Status Parse(std::string_view yaml, google::protobuf::Message& message,
                   const YamlOptions& options) {
  const std::vector<YAML::Node> documents = YAML::LoadAll(std::string(yaml));
  if (documents.size() > 1) {
    return Invalid(absl::StrCat(options.source_name, ": holds ", documents.size(),
                                " documents (split by ---) where one is wanted"));
  }
  YamlConverter converter(options);
  const YAML::Node root = documents.empty() ? YAML::Node() : documents.front();
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
