#include "services/cli/output.h"

#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <cctype>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "common/config/duration.h"

namespace firstline::cli {
namespace {

using google::protobuf::EnumDescriptor;
using google::protobuf::util::TimeUtil;

bool IsNumeric(const std::string& cell) {
  return !cell.empty() && cell.find_first_not_of("0123456789.-+%") == std::string::npos;
}

// The prefix of an enum's values: INQUIRY_STATE_ of InquiryState, from its value 0.
std::string PrefixOf(const EnumDescriptor& type) {
  const google::protobuf::EnumValueDescriptor* zero = type.FindValueByNumber(0);
  const std::string name = zero == nullptr ? "" : zero->name();
  const std::string_view suffix = "UNSPECIFIED";
  const bool usual = name.size() > suffix.size() && name.ends_with(suffix);
  return usual ? name.substr(0, name.size() - suffix.size()) : "";
}

std::string Json(const google::protobuf::Message& message, bool indented, bool with_defaults) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = indented;
  options.always_print_primitive_fields = with_defaults;
  options.preserve_proto_field_names = true;
  std::string json;
  // Only Any of an unknown type can fail, and no public message has one.
  if (!google::protobuf::util::MessageToJsonString(message, &json, options).ok()) return "{}";
  while (!json.empty() && json.back() == '\n') json.pop_back();
  return json;
}

std::string Upper(const std::string& name) {
  std::string upper = absl::AsciiStrToUpper(name);
  std::replace(upper.begin(), upper.end(), '-', '_');
  return upper;
}

}  // namespace

void Table::Print(std::ostream& out) const {
  const std::size_t columns = heading_.size();
  std::vector<std::size_t> widths(columns);
  std::vector<bool> numeric(columns, !rows_.empty());
  for (std::size_t c = 0; c < columns; ++c) {
    widths[c] = heading_[c].size();
    for (const std::vector<std::string>& row : rows_) {
      widths[c] = std::max(widths[c], row[c].size());
      if (!IsNumeric(row[c])) numeric[c] = false;
    }
  }
  const auto print = [&](const std::vector<std::string>& row) {
    std::string line;
    for (std::size_t c = 0; c < columns; ++c) {
      const std::string blanks(widths[c] - row[c].size(), ' ');
      line += numeric[c] ? blanks + row[c] : row[c] + blanks;
      if (c + 1 < columns) line += "  ";
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out << line << '\n';
  };
  print(heading_);
  for (const std::vector<std::string>& row : rows_) print(row);
}

std::string ToJson(const google::protobuf::Message& message, bool indented) {
  return Json(message, indented, true);
}

std::string ToBriefJson(const google::protobuf::Message& message) {
  return Json(message, false, false);
}

std::string ShortName(const EnumDescriptor& type, int value) {
  const google::protobuf::EnumValueDescriptor* found = type.FindValueByNumber(value);
  if (found == nullptr) return std::to_string(value);
  const std::string prefix = PrefixOf(type);
  return found->name().starts_with(prefix) ? found->name().substr(prefix.size()) : found->name();
}

int FindValue(const EnumDescriptor& type, const std::string& name) {
  const std::string upper = Upper(name);
  const google::protobuf::EnumValueDescriptor* found = type.FindValueByName(PrefixOf(type) + upper);
  if (found == nullptr) found = type.FindValueByName(upper);
  return found == nullptr ? -1 : found->number();
}

std::vector<std::string> ShortNames(const EnumDescriptor& type) {
  std::vector<std::string> names;
  for (int i = 0; i < type.value_count(); ++i) {
    if (type.value(i)->number() == 0) continue;
    names.push_back(absl::AsciiStrToLower(ShortName(type, type.value(i)->number())));
  }
  return names;
}

std::string Text(const google::protobuf::Duration& span) {
  const std::int64_t ns = TimeUtil::DurationToNanoseconds(span);
  return ns == 0 ? "-" : config::FormatDuration(ns);
}

std::string Text(const google::protobuf::Timestamp& time) {
  const bool is_set = time.seconds() != 0 || time.nanos() != 0;
  return is_set ? TimeUtil::ToString(time) : "-";
}

std::string Fixed(double number, int digits) { return absl::StrFormat("%.*f", digits, number); }

}  // namespace firstline::cli
