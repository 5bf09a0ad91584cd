#include "common/config/yaml_converter.h"

#include <google/protobuf/util/time_util.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/config/duration.h"
#include "common/config/spelling.h"

namespace firstline::config {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using Json = nlohmann::ordered_json;

// Extends a path for its own lifetime.
class PathPart {
 public:
  PathPart(std::string& path, std::string_view part) : path_(path), size_before_(path.size()) {
    path_ += part;
  }
  ~PathPart() { path_.resize(size_before_); }
  PathPart(const PathPart&) = delete;
  PathPart& operator=(const PathPart&) = delete;

 private:
  std::string& path_;
  const std::size_t size_before_;
};

const FieldDescriptor* FindField(const Descriptor& type, const std::string& key) {
  if (const FieldDescriptor* field = type.FindFieldByName(key)) return field;
  for (int i = 0; i < type.field_count(); ++i) {
    if (type.field(i)->json_name() == key) return type.field(i);
  }
  return nullptr;
}

std::string Suggestion(const std::string& word, const std::vector<std::string>& known) {
  const std::string nearest = NearestWord(word, known);
  return nearest.empty() ? std::string() : absl::StrCat("; did you mean '", nearest, "'?");
}

std::vector<std::string> FieldNames(const Descriptor& type) {
  std::vector<std::string> names;
  for (int i = 0; i < type.field_count(); ++i) names.push_back(type.field(i)->name());
  return names;
}

std::string KindOfNode(const YAML::Node& node) {
  if (node.IsMap()) return "a mapping";
  if (node.IsSequence()) return "a list";
  if (node.IsScalar()) return absl::StrCat("'", node.Scalar(), "'");
  return "nothing";
}

template <typename Int>
std::optional<Json> ParseInteger(const std::string& text) {
  // Wider than any field, so that one reading serves all of them.
  absl::int128 value = 0;
  if (!absl::SimpleAtoi(text, &value)) return std::nullopt;
  if (value < absl::int128(std::numeric_limits<Int>::min()) ||
      value > absl::int128(std::numeric_limits<Int>::max())) {
    return std::nullopt;
  }
  return Json(static_cast<Int>(value));
}

template <typename Int>
std::string IntegerRange() {
  return absl::StrCat("an integer in ", std::numeric_limits<Int>::min(), "..",
                      std::numeric_limits<Int>::max());
}

std::optional<Json> ParseReal(const std::string& text) {
  double value = 0;
  if (!absl::SimpleAtod(text, &value) || !std::isfinite(value)) return std::nullopt;
  return Json(value);
}

std::optional<Json> ParseBool(const std::string& text) {
  if (text == "true") return Json(true);
  if (text == "false") return Json(false);
  return std::nullopt;
}

// A value and what it should have been, for scalars whose form depends on their type alone.
struct ScalarResult {
  std::optional<Json> value;
  std::string wanted;
};

ScalarResult ParseScalar(const FieldDescriptor& field, const std::string& text) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return {ParseInteger<std::int32_t>(text), IntegerRange<std::int32_t>()};
    case FieldDescriptor::CPPTYPE_INT64:
      return {ParseInteger<std::int64_t>(text), IntegerRange<std::int64_t>()};
    case FieldDescriptor::CPPTYPE_UINT32:
      return {ParseInteger<std::uint32_t>(text), IntegerRange<std::uint32_t>()};
    case FieldDescriptor::CPPTYPE_UINT64:
      return {ParseInteger<std::uint64_t>(text), IntegerRange<std::uint64_t>()};
    case FieldDescriptor::CPPTYPE_FLOAT:
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return {ParseReal(text), "a number"};
    case FieldDescriptor::CPPTYPE_BOOL:
      return {ParseBool(text), "true or false"};
    default:
      break;
  }
  std::string decoded;
  if (field.type() == FieldDescriptor::TYPE_BYTES && !absl::Base64Unescape(text, &decoded)) {
    return {std::nullopt, "base64"};
  }
  return {Json(text), "text"};
}

bool IsWrapper(const Descriptor& type) {
  switch (type.well_known_type()) {
    case Descriptor::WELLKNOWNTYPE_DOUBLEVALUE:
    case Descriptor::WELLKNOWNTYPE_FLOATVALUE:
    case Descriptor::WELLKNOWNTYPE_INT64VALUE:
    case Descriptor::WELLKNOWNTYPE_UINT64VALUE:
    case Descriptor::WELLKNOWNTYPE_INT32VALUE:
    case Descriptor::WELLKNOWNTYPE_UINT32VALUE:
    case Descriptor::WELLKNOWNTYPE_STRINGVALUE:
    case Descriptor::WELLKNOWNTYPE_BYTESVALUE:
    case Descriptor::WELLKNOWNTYPE_BOOLVALUE:
      return true;
    default:
      return false;
  }
}

bool IsFree(const Descriptor& type) {
  return type.well_known_type() == Descriptor::WELLKNOWNTYPE_STRUCT ||
         type.well_known_type() == Descriptor::WELLKNOWNTYPE_VALUE ||
         type.well_known_type() == Descriptor::WELLKNOWNTYPE_LISTVALUE;
}

}  // namespace

Json YamlConverter::Convert(const YAML::Node& node, const Descriptor& type) {
  if (!node.IsDefined() || node.IsNull()) return Json::object();
  return Message(node, type);
}

Json YamlConverter::Message(const YAML::Node& node, const Descriptor& type) {
  if (type.well_known_type() == Descriptor::WELLKNOWNTYPE_DURATION) return Duration(node);
  if (type.well_known_type() == Descriptor::WELLKNOWNTYPE_TIMESTAMP) {
    google::protobuf::Timestamp ignored;
    constexpr std::string_view kWanted = "a time such as 2026-01-31T08:00:00Z";
    if (!CheckScalar(node, kWanted)) return nullptr;
    if (google::protobuf::util::TimeUtil::FromString(node.Scalar(), &ignored)) return node.Scalar();
    return Mistake(node, absl::StrCat(KindOfNode(node), " is not ", std::string(kWanted)));
  }
  if (IsWrapper(type)) return Single(node, *type.field(0));
  if (IsFree(type)) return Free(node);
  if (!Enter(node)) return nullptr;
  ++depth_;
  Json object = Object(node, type);
  --depth_;
  return object;
}

Json YamlConverter::Object(const YAML::Node& node, const Descriptor& type) {
  if (!node.IsMap()) {
    return Mistake(node, absl::StrCat("expected the fields of ", type.name(), ", not ",
                                      KindOfNode(node)));
  }
  Json object = Json::object();
  std::set<const void*> seen;  // Fields and the oneofs that have a member set; never iterated.
  for (const auto& entry : node) {
    const YAML::Node& key = entry.first;
    const YAML::Node& value = entry.second;
    if (Full()) break;
    if (!key.IsScalar()) {
      Mistake(key, "a key must be a plain word");
      continue;
    }
    const std::string& name = key.Scalar();
    const PathPart part(path_, path_.empty() ? name : "." + name);
    const FieldDescriptor* field = FindField(type, name);
    if (field == nullptr) {
      Mistake(key, absl::StrCat("unknown field '", name, "' in ", type.name(),
                                Suggestion(name, FieldNames(type))));
      continue;
    }
    if (!seen.insert(field).second) {
      Mistake(key, absl::StrCat("'", name, "' is given twice"));
      continue;
    }
    if (value.IsNull()) continue;
    const auto* oneof = field->real_containing_oneof();
    if (oneof != nullptr && !seen.insert(oneof).second) {
      Mistake(key, absl::StrCat("'", name, "' excludes another field that is given too: only one ",
                                "of ", oneof->name(), " may be set"));
      continue;
    }
    object[field->json_name()] = Field(value, *field);
  }
  return object;
}

Json YamlConverter::Field(const YAML::Node& node, const FieldDescriptor& field) {
  if (field.is_map()) return Map(node, field);
  if (field.is_repeated()) return List(node, field);
  return Single(node, field);
}

Json YamlConverter::List(const YAML::Node& node, const FieldDescriptor& field) {
  if (!node.IsSequence()) {
    return Mistake(node, absl::StrCat("expected a list, not ", KindOfNode(node)));
  }
  Json list = Json::array();
  for (std::size_t i = 0; i < node.size() && !Full(); ++i) {
    const PathPart part(path_, absl::StrCat("[", i, "]"));
    list.push_back(Single(node[i], field));
  }
  return list;
}

Json YamlConverter::Map(const YAML::Node& node, const FieldDescriptor& field) {
  if (!node.IsMap()) {
    return Mistake(node, absl::StrCat("expected a mapping, not ", KindOfNode(node)));
  }
  const FieldDescriptor& key_field = *field.message_type()->map_key();
  const FieldDescriptor& value_field = *field.message_type()->map_value();
  Json object = Json::object();
  for (const auto& entry : node) {
    const YAML::Node& key = entry.first;
    const YAML::Node& value = entry.second;
    if (Full()) break;
    if (!key.IsScalar()) {
      Mistake(key, "a key must be a plain word");
      continue;
    }
    const std::string& name = key.Scalar();
    const PathPart part(path_, absl::StrCat("[\"", name, "\"]"));
    const ScalarResult parsed = ParseScalar(key_field, name);
    if (!parsed.value) {
      Mistake(key, absl::StrCat("the key '", name, "' is not ", parsed.wanted));
    } else if (object.contains(name)) {
      Mistake(key, absl::StrCat("'", name, "' is given twice"));
    } else {
      object[name] = Single(value, value_field);
    }
  }
  return object;
}

Json YamlConverter::Single(const YAML::Node& node, const FieldDescriptor& field) {
  if (field.message_type() != nullptr) {
    if (node.IsNull()) return Mistake(node, "an element is empty");
    return Message(node, *field.message_type());
  }
  if (field.enum_type() != nullptr) return Enum(node, *field.enum_type());
  if (!Enter(node)) return nullptr;
  if (!node.IsScalar()) {
    return Mistake(node, absl::StrCat("expected ", ParseScalar(field, "").wanted, ", not ",
                                      KindOfNode(node)));
  }
  ScalarResult parsed = ParseScalar(field, node.Scalar());
  if (parsed.value) return *std::move(parsed.value);
  return Mistake(node, absl::StrCat(KindOfNode(node), " is not ", parsed.wanted));
}

Json YamlConverter::Enum(const YAML::Node& node, const EnumDescriptor& type) {
  if (!CheckScalar(node, absl::StrCat("a value of ", type.name()))) return nullptr;
  const std::string& name = node.Scalar();
  if (type.FindValueByName(name) != nullptr) return name;
  std::vector<std::string> names;
  for (int i = 0; i < type.value_count(); ++i) names.push_back(type.value(i)->name());
  return Mistake(node, absl::StrCat("'", name, "' is not a value of ", type.name(),
                                    Suggestion(name, names)));
}

Json YamlConverter::Duration(const YAML::Node& node) {
  if (!CheckScalar(node, "a duration such as 1m30s")) return nullptr;
  const std::optional<std::int64_t> duration_ns = ParseDurationNs(node.Scalar());
  if (duration_ns) return JsonDuration(*duration_ns);
  return Mistake(node, absl::StrCat("'", node.Scalar(),
                                    "' is not a duration such as 20s, 1m30s, 2h or 250ms"));
}

// google.protobuf.Struct and its parts: the JSON that looks the same.
Json YamlConverter::Free(const YAML::Node& node) {
  if (node.IsNull()) return nullptr;
  if (!Enter(node)) return nullptr;
  ++depth_;
  Json value;
  if (node.IsMap()) {
    value = Json::object();
    for (const auto& entry : node) {
      if (Full() || !CheckScalar(entry.first, "a plain word")) break;
      value[entry.first.Scalar()] = Free(entry.second);
    }
  } else if (node.IsSequence()) {
    value = Json::array();
    for (const YAML::Node& element : node) {
      if (!Full()) value.push_back(Free(element));
    }
  } else {
    const std::string& text = node.Scalar();
    const bool quoted = node.Tag() == "!";
    std::optional<Json> plain = quoted ? std::nullopt : ParseBool(text);
    if (!quoted && !plain) plain = ParseReal(text);
    value = plain.value_or(Json(text));
  }
  --depth_;
  return value;
}

// Counts a node against the bounds; false when one is passed, which ends the conversion.
bool YamlConverter::Enter(const YAML::Node& node) {
  if (Full()) return false;
  if (++nodes_ <= kYamlNodesMax && depth_ < kYamlDepthMax) return true;
  Mistake(node, depth_ >= kYamlDepthMax ? "nested too deep" : "too many values");
  given_up_ = true;
  return false;
}

bool YamlConverter::CheckScalar(const YAML::Node& node, std::string_view wanted) {
  if (!Enter(node)) return false;
  if (node.IsScalar()) return true;
  Mistake(node, absl::StrCat("expected ", std::string(wanted), ", not ", KindOfNode(node)));
  return false;
}

Json YamlConverter::Mistake(const YAML::Node& node, std::string_view description) {
  if (Full()) return nullptr;
  const YAML::Mark mark = node.Mark();
  violations_.push_back({path_, absl::StrCat(options_.source_name, ":", mark.line + 1, ":",
                                             mark.column + 1, ": ", std::string(description))});
  return nullptr;
}

}  // namespace firstline::config
