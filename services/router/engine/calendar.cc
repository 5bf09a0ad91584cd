#include "services/router/engine/calendar.h"

#include <algorithm>

namespace firstline::engine {
namespace {

constexpr int64_t kSecondUs = 1'000'000;
constexpr int64_t kMinuteUs = 60 * kSecondUs;

// The entry in force at `at`, and the time at which the next one takes its place.
struct Offset {
  int64_t us = 0;
  Time end = kNever;
};

Offset OffsetAt(const CalendarConfig& calendar, Time at) {
  Offset offset;
  if (calendar.offsets.empty()) return offset;
  offset.us = calendar.offsets.front().seconds * kSecondUs;
  for (const ZoneOffset& entry : calendar.offsets) {
    if (entry.from > at) {
      offset.end = entry.from;
      break;
    }
    offset.us = entry.seconds * kSecondUs;
  }
  return offset;
}

int64_t FloorDiv(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

}  // namespace

bool IsOpen(const CalendarConfig& calendar, Time at) {
  const int64_t local = at.us + OffsetAt(calendar, at).us;
  const int64_t day = FloorDiv(local, kDayUs);
  if (std::binary_search(calendar.holidays.begin(), calendar.holidays.end(), day)) return false;
  const int64_t minute = (local - day * kDayUs) / kMinuteUs;
  const int64_t weekday = ((day + 3) % 7 + 7) % 7;  // 1970-01-01 was a Thursday; 0 is Monday
  return std::any_of(calendar.hours.begin(), calendar.hours.end(), [&](const HoursConfig& hours) {
    return (hours.days >> weekday & 1) != 0 && minute >= hours.from && minute < hours.to;
  });
}

Time NextChange(const CalendarConfig& calendar, Time at) {
  if (calendar.hours.empty()) return kNever;
  const Offset offset = OffsetAt(calendar, at);
  const int64_t local = at.us + offset.us;
  const int64_t midnight = FloorDiv(local, kDayUs) * kDayUs;
  int64_t next = midnight + kDayUs;
  for (const HoursConfig& hours : calendar.hours) {
    for (const int minute : {hours.from, hours.to}) {
      const int64_t bound = midnight + minute * kMinuteUs;
      if (bound > local) next = std::min(next, bound);
    }
  }
  return std::min(Time{next - offset.us}, offset.end);
}

}  // namespace firstline::engine
