#include "common/config/duration.h"

#include <array>
#include <cstddef>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace firstline::config {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t ns;
};

// Largest first; a name that begins another one (m, ms) is told apart by reading all letters.
constexpr std::array<Unit, 7> kUnits = {{{"d", 86'400'000'000'000},
                                         {"h", 3'600'000'000'000},
                                         {"m", 60'000'000'000},
                                         {"s", 1'000'000'000},
                                         {"ms", 1'000'000},
                                         {"us", 1'000},
                                         {"ns", 1}}};
constexpr std::int64_t kNsPerSecond = 1'000'000'000;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return c >= 'a' && c <= 'z'; }

std::string_view TakeWhile(std::string_view& text, bool (*wanted)(char)) {
  std::size_t size = 0;
  while (size < text.size() && wanted(text[size])) ++size;
  const std::string_view taken = text.substr(0, size);
  text.remove_prefix(size);
  return taken;
}

// total += digits * unit_ns; false on overflow.
bool AddWhole(std::string_view digits, std::int64_t unit_ns, std::int64_t& total_ns) {
  std::int64_t value = 0;
  for (char c : digits) {
    if (__builtin_mul_overflow(value, 10, &value)) return false;
    if (__builtin_add_overflow(value, c - '0', &value)) return false;
  }
  std::int64_t part_ns = 0;
  return !__builtin_mul_overflow(value, unit_ns, &part_ns) &&
         !__builtin_add_overflow(total_ns, part_ns, &total_ns);
}

// Adds 0.digits * unit_ns; false when that is not a whole number of nanoseconds.
bool AddFraction(std::string_view digits, std::int64_t unit_ns, std::int64_t& total_ns) {
  while (!digits.empty() && digits.back() == '0') digits.remove_suffix(1);
  // 86,400 s a day times 10^9: no unit can be halved more than 16 times, let alone be cut into ten.
  if (digits.size() > 16) return false;
  __extension__ using Wide = __int128;
  Wide numerator = 0;
  Wide denominator = 1;
  for (char c : digits) {
    numerator = numerator * 10 + (c - '0');
    denominator *= 10;
  }
  numerator *= unit_ns;
  if (numerator % denominator != 0) return false;
  return !__builtin_add_overflow(total_ns, static_cast<std::int64_t>(numerator / denominator),
                                 &total_ns);
}

}  // namespace

std::optional<std::int64_t> ParseDurationNs(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  if (text.empty()) return std::nullopt;
  std::int64_t total_ns = 0;
  std::size_t next_unit = 0;
  while (!text.empty()) {
    const std::string_view whole = TakeWhile(text, IsDigit);
    if (whole.empty()) return std::nullopt;
    std::string_view fraction;
    const bool has_point = text.starts_with('.');
    if (has_point) {
      text.remove_prefix(1);
      fraction = TakeWhile(text, IsDigit);
      if (fraction.empty()) return std::nullopt;
    }
    const std::string_view name = TakeWhile(text, IsLetter);
    while (next_unit < kUnits.size() && kUnits[next_unit].name != name) ++next_unit;
    if (next_unit == kUnits.size()) return std::nullopt;  // Unknown, repeated or out of order.
    const std::int64_t unit_ns = kUnits[next_unit++].ns;
    if (!AddWhole(whole, unit_ns, total_ns)) return std::nullopt;
    if (!AddFraction(fraction, unit_ns, total_ns)) return std::nullopt;
    if (has_point && !text.empty()) return std::nullopt;
  }
  return negative ? -total_ns : total_ns;
}

std::string JsonDuration(std::int64_t duration_ns) {
  // The sign is written apart, because whole seconds may be a zero that has none.
  const std::int64_t whole_s = duration_ns / kNsPerSecond;
  const std::int64_t rest_ns = duration_ns % kNsPerSecond;
  std::string text = absl::StrCat(duration_ns < 0 ? "-" : "", whole_s < 0 ? -whole_s : whole_s);
  if (rest_ns != 0) absl::StrAppendFormat(&text, ".%09d", rest_ns < 0 ? -rest_ns : rest_ns);
  return text + "s";
}

std::string FormatDuration(std::int64_t duration_ns) {
  if (duration_ns == 0) return "0s";
  std::string text = duration_ns < 0 ? "-" : "";
  // Negated towards zero per unit, so that the smallest int64 needs no positive twin.
  for (const Unit& unit : kUnits) {
    const std::int64_t count = duration_ns / unit.ns;
    duration_ns %= unit.ns;
    if (count != 0) {
      absl::StrAppend(&text, count < 0 ? -count : count,
                      absl::string_view(unit.name.data(), unit.name.size()));
    }
  }
  return text;
}

}  // namespace firstline::config
