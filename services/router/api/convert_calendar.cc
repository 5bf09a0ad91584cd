#include "services/router/api/convert_calendar.h"

#include <algorithm>
#include <optional>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "services/router/engine/limits.h"

namespace firstline::api {
namespace {

constexpr int kFirstYear = 2020, kLastYear = 2050;

engine::Time ToTime(absl::Time time) { return {absl::ToUnixMicros(time)}; }

// "hh:mm" as a minute of the day, 0 to 1440.
std::optional<int> ParseClock(const std::string& text) {
  int hour = 0, minute = 0;
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  for (const size_t digit : {0u, 1u, 3u, 4u}) {
    if (text[digit] < '0' || text[digit] > '9') return std::nullopt;
  }
  if (!absl::SimpleAtoi(text.substr(0, 2), &hour)) return std::nullopt;
  if (!absl::SimpleAtoi(text.substr(3, 2), &minute)) return std::nullopt;
  if (minute > 59 || 60 * hour + minute > 1440) return std::nullopt;
  return 60 * hour + minute;
}

int ReadClock(const std::string& text, const Path& path, Fields& fields) {
  const std::optional<int> minute = ParseClock(text);
  if (!minute) fields.Fail(path, "must be hh:mm, from 00:00 to 24:00");
  return minute.value_or(0);
}

engine::HoursConfig ReadHours(const v1::Hours& proto, const Path& path, Fields& fields) {
  engine::HoursConfig hours{.days = 0,
                            .from = ReadClock(proto.from(), path / "from", fields),
                            .to = ReadClock(proto.to(), path / "to", fields)};
  const Path days(path, "days");
  if (proto.days().empty()) fields.Fail(days, "is required");
  for (int i = 0; i < proto.days_size(); ++i) {
    const int day = proto.days(i);
    if (!v1::Weekday_IsValid(day) || day == v1::WEEKDAY_UNSPECIFIED) {
      fields.Fail(Path(days, i), "must be a day of the week");
      continue;
    }
    hours.days |= 1 << (day - 1);
  }
  return hours;
}

// When clocks go back, the local time after the change is there twice.
absl::Time InstantOf(const absl::TimeZone::CivilTransition& transition,
                     const absl::TimeZone& zone) {
  const absl::TimeZone::TimeInfo after = zone.At(transition.to);
  return after.kind == absl::TimeZone::TimeInfo::UNIQUE ? after.pre : after.trans;
}

void ReadZone(const std::string& name, const Path& path, Fields& fields,
              engine::CalendarConfig& calendar) {
  absl::TimeZone zone;
  if (name.empty()) return;
  if (!absl::LoadTimeZone(name, &zone)) {
    fields.Fail(path, "is no IANA time zone that this router knows, such as Europe/Berlin");
    return;
  }
  absl::Time at = absl::FromCivil(absl::CivilYear(kFirstYear), zone);
  const absl::Time end = absl::FromCivil(absl::CivilYear(kLastYear), zone);
  absl::TimeZone::CivilTransition transition;
  while (at < end && calendar.offsets.size() < engine::limits::kCalendarOffsetsMax) {
    calendar.offsets.push_back({ToTime(at), zone.At(at).offset});
    if (!zone.NextTransition(at, &transition)) break;
    at = InstantOf(transition, zone);
  }
}

}  // namespace

engine::CalendarConfig ReadCalendar(const v1::Calendar& proto, const Path& path, Fields& fields) {
  engine::CalendarConfig calendar{.id = proto.id(), .time_zone = proto.time_zone()};
  const Path hours(path, "hours"), holidays(path, "holidays");
  fields.Name(path / "id", proto.id());
  fields.OptionalName(path / "time_zone", proto.time_zone());
  ReadZone(proto.time_zone(), path / "time_zone", fields, calendar);
  if (fields.AtMost(hours, static_cast<size_t>(proto.hours_size()),
                    engine::limits::kCalendarHoursMax)) {
    for (int i = 0; i < proto.hours_size(); ++i) {
      calendar.hours.push_back(ReadHours(proto.hours(i), Path(hours, i), fields));
    }
  }
  if (!fields.AtMost(holidays, static_cast<size_t>(proto.holidays_size()),
                     engine::limits::kCalendarHolidaysMax)) {
    return calendar;
  }
  for (int i = 0; i < proto.holidays_size(); ++i) {
    absl::CivilDay day;
    const std::string& text = proto.holidays(i);
    if (text.size() != 10 || !absl::ParseCivilTime(text, &day)) {
      fields.Fail(Path(holidays, i), "must be a day, yyyy-mm-dd");
      continue;
    }
    calendar.holidays.push_back(day - absl::CivilDay(1970, 1, 1));
  }
  std::sort(calendar.holidays.begin(), calendar.holidays.end());
  return calendar;
}

}  // namespace firstline::api
