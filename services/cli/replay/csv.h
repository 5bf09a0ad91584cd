// Comma-separated values without quoting, with a heading: what call logs come as.
//
// Thread rule: values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace firstline::replay {

// Reads row by row; the text must outlive it.
class CsvReader {
 public:
  // `name` stands before the line in messages. INVALID_ARGUMENT if a column of `wanted` is missing;
  // other columns are skipped.
  static absl::StatusOr<CsvReader> Open(std::string_view name, std::string_view text,
                                        const std::vector<std::string_view>& wanted);

  // Moves to the next row that is not empty; false at the end, or after an error.
  bool Next();
  // Fields of the row, by position in `wanted`; empty past the end of a short row.
  std::string_view Text(std::size_t column) const;
  // The same as a number; an empty field is `otherwise`. Text that is none is an error: see status().
  std::int64_t Number(std::size_t column, std::int64_t otherwise = 0);
  // Ends the reading with a mistake in the present row.
  void Mistake(std::string_view what);

  // The first mistake.
  const absl::Status& status() const { return status_; }

 private:
  CsvReader(std::string_view name, std::string_view text) : name_(name), rest_(text) {}
  bool Line(std::string_view& line);

  std::string name_;
  std::string_view rest_;
  std::vector<std::string> wanted_;
  std::vector<std::size_t> positions_;
  std::vector<std::string_view> row_;
  int line_ = 0;
  absl::Status status_;
};

}  // namespace firstline::replay
