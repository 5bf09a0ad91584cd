// How results are written: tables for people, JSON for programs.
//
// Thread rule: values.
#pragma once

#include <google/protobuf/generated_enum_reflection.h>
#include <google/protobuf/message.h>

#include <concepts>
#include <ostream>
#include <string>
#include <vector>

#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"

namespace firstline::cli {

enum class Format {
  kTable,
  kJson,       // one document, indented; what has no end is written as lines
  kJsonLines,  // one object a line
};

// What catches the eye of a person, where colour is allowed.
enum class Colour { kNone, kBold, kDim, kRed, kGreen, kYellow };

// The text between the marks a terminal understands; kNone: the text alone.
std::string Painted(const std::string& text, Colour colour);

struct Cell {
  Cell(std::string words) : text(std::move(words)) {}  // NOLINT(google-explicit-constructor)
  Cell(const char* words) : text(words) {}             // NOLINT(google-explicit-constructor)
  Cell(std::string words, Colour paint) : text(std::move(words)), colour(paint) {}
  std::string text;
  Colour colour = Colour::kNone;
};

// Columns as wide as their widest cell; a column of numbers is set to the right.
class Table {
 public:
  explicit Table(std::vector<std::string> heading) : heading_(std::move(heading)) {}
  // As many cells as the heading has.
  void Add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }
  // The same without colours. A template, so that a list in braces is always one of cells.
  template <std::same_as<std::string> Text>
  void Add(const std::vector<Text>& row) {
    rows_.emplace_back(row.begin(), row.end());
  }
  void Print(std::ostream& out, bool coloured = false) const;

 private:
  std::vector<std::string> heading_;
  std::vector<std::vector<Cell>> rows_;
};

// Fields by their names in the .proto files, those that are 0 or empty included; one line, or
// indented.
std::string ToJson(const google::protobuf::Message& message, bool indented);
// The message as `format` wants it, which is not kTable, and a line end.
void PrintJson(std::ostream& out, Format format, const google::protobuf::Message& message);
// A list: `whole` as one document, or each of `elements` on a line.
template <typename Elements>
void PrintJsonList(std::ostream& out, Format format, const google::protobuf::Message& whole,
                   const Elements& elements) {
  if (format == Format::kJson) return PrintJson(out, format, whole);
  for (const auto& element : elements) PrintJson(out, format, element);
}
// One line with what is set, for people.
std::string ToBriefJson(const google::protobuf::Message& message);

// "RESOLVED" for RESOLUTION_RESOLVED: a value without the prefix its enum gives it.
std::string ShortName(const google::protobuf::EnumDescriptor& type, int value);
// The same in lower case, words apart: "no reply needed".
std::string Words(const google::protobuf::EnumDescriptor& type, int value);
template <typename Enum>
std::string Words(Enum value) {
  return Words(*google::protobuf::GetEnumDescriptor<Enum>(), static_cast<int>(value));
}
// The value of that short or full name in any case; -1 if there is none.
int FindValue(const google::protobuf::EnumDescriptor& type, const std::string& name);
// Short names but that of 0, as they are typed: "no-reply-needed".
std::vector<std::string> ShortNames(const google::protobuf::EnumDescriptor& type);

// "1m30s"; "-" when the span is 0.
std::string Text(const google::protobuf::Duration& span);
// "2026-01-02T03:04:05.678Z"; "-" when not set.
std::string Text(const google::protobuf::Timestamp& time);
// With a fixed number of digits after the point.
std::string Fixed(double number, int digits);

}  // namespace firstline::cli
