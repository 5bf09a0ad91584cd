#include "services/cli/replay/csv.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace firstline::replay {

absl::StatusOr<CsvReader> CsvReader::Open(std::string_view name, std::string_view text,
                                          const std::vector<std::string_view>& wanted) {
  CsvReader reader(name, text);
  std::string_view heading;
  if (!reader.Line(heading)) {
    return absl::InvalidArgumentError(absl::StrCat(reader.name_, ": is empty"));
  }
  const std::vector<std::string> columns = absl::StrSplit(std::string(heading), ',');
  for (std::string_view column : wanted) {
    const auto found = std::find(columns.begin(), columns.end(), column);
    if (found == columns.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat(reader.name_, ":1: no column '", std::string(column), "'; there are ",
                       std::string(heading)));
    }
    reader.wanted_.emplace_back(column);
    reader.positions_.push_back(static_cast<std::size_t>(found - columns.begin()));
  }
  return reader;
}

bool CsvReader::Line(std::string_view& line) {
  while (!rest_.empty()) {
    const std::size_t end = std::min(rest_.find('\n'), rest_.size());
    line = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    ++line_;
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (!line.empty()) return true;
  }
  return false;
}

bool CsvReader::Next() {
  std::string_view line;
  if (!status_.ok() || !Line(line)) return false;
  row_.clear();
  for (std::size_t begin = 0;;) {
    const std::size_t comma = line.find(',', begin);
    row_.push_back(line.substr(begin, comma - begin));
    if (comma == std::string_view::npos) return true;
    begin = comma + 1;
  }
}

std::string_view CsvReader::Text(std::size_t column) const {
  const std::size_t position = positions_[column];
  return position < row_.size() ? row_[position] : std::string_view();
}

std::int64_t CsvReader::Number(std::size_t column, std::int64_t otherwise) {
  const std::string text(Text(column));
  if (text.empty()) return otherwise;
  std::int64_t number = 0;
  if (absl::SimpleAtoi(text, &number)) return number;
  Mistake(absl::StrCat("'", text, "' in column ", wanted_[column], " is no number"));
  return otherwise;
}

void CsvReader::Mistake(std::string_view what) {
  if (!status_.ok()) return;
  status_ = absl::InvalidArgumentError(absl::StrCat(name_, ":", line_, ": ", std::string(what)));
}

}  // namespace firstline::replay
