// Lengths of time as people write them.
//
// Thread rule: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace firstline::config {

// Reads "20s", "1m30s", "2h", "1.5h", "250ms", "-3s": one or more numbers, each with its unit (d,
// h, m, s, ms, us, ns), largest unit first, no unit twice, without blanks. A fraction is allowed on
// the last number. Nothing for any other text, for more precision than a nanosecond, and beyond the
// range of int64 nanoseconds (292 years).
std::optional<std::int64_t> ParseDurationNs(std::string_view text);

// What protobuf's JSON wants: seconds with as many digits as needed, "90s", "-0.000000001s".
std::string JsonDuration(std::int64_t duration_ns);

// A text that ParseDurationNs reads as `duration_ns`, with whole numbers of units: "1m30s".
std::string FormatDuration(std::int64_t duration_ns);

}  // namespace firstline::config
