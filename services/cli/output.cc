#include "services/cli/output.h"

#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <cctype>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
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

std::string Painted(const std::string& text, Colour colour) {
  const char* mark = "";
  switch (colour) {
    case Colour::kNone:
      return text;
    case Colour::kBold:
      mark = "1";
      break;
    case Colour::kDim:
      mark = "2";
      break;
    case Colour::kRed:
      mark = "31";
      break;
    case Colour::kGreen:
      mark = "32";
      break;
    case Colour::kYellow:
      mark = "33";
      break;
  }
  return absl::StrCat("\x1b[", mark, "m", text, "\x1b[0m");
}

void Table::Print(std::ostream& out, bool coloured) const {
  const std::size_t columns = heading_.size();
  std::vector<std::size_t> widths(columns);
  std::vector<bool> numeric(columns, !rows_.empty());
  for (std::size_t c = 0; c < columns; ++c) {
    widths[c] = heading_[c].size();
    for (const std::vector<Cell>& row : rows_) {
      widths[c] = std::max(widths[c], row[c].text.size());
      if (!IsNumeric(row[c].text)) numeric[c] = false;
    }
  }
  const auto print = [&](const std::vector<Cell>& row) {
    std::string line, blanks;  // Blanks wait for something behind them.
    for (std::size_t c = 0; c < columns; ++c) {
      const std::string& text = row[c].text;
      const std::string padding(widths[c] - text.size(), ' ');
      if (numeric[c]) blanks += padding;
      if (!text.empty()) {
        line += blanks + (coloured ? Painted(text, row[c].colour) : text);
        blanks.clear();
      }
      if (!numeric[c]) blanks += padding;
      blanks += "  ";
    }
    out << line << '\n';
  };
  std::vector<Cell> heading;
  for (const std::string& word : heading_) heading.emplace_back(word, Colour::kBold);
  print(heading);
  for (const std::vector<Cell>& row : rows_) print(row);
}

std::string ToJson(const google::protobuf::Message& message, bool indented) {
  return Json(message, indented, true);
}

void PrintJson(std::ostream& out, Format format, const google::protobuf::Message& message) {
  out << ToJson(message, format == Format::kJson) << '\n';
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

std::string Words(const EnumDescriptor& type, int value) {
  std::string words = absl::AsciiStrToLower(ShortName(type, value));
  std::replace(words.begin(), words.end(), '_', ' ');
  return words;
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
    std::string name = absl::AsciiStrToLower(ShortName(type, type.value(i)->number()));
    std::replace(name.begin(), name.end(), '_', '-');
    names.push_back(std::move(name));
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
