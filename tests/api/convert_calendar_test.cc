#include "services/router/api/convert_calendar.h"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "absl/time/time.h"
#include "common/status/reason.h"
#include "services/router/engine/calendar.h"
#include "services/router/store/policy_messages.h"

namespace firstline::api {
namespace {

v1::Calendar Parse(const std::string& text) {
  v1::Calendar calendar;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &calendar)) << text;
  return calendar;
}

constexpr char kOffice[] = R"pb(
  id: "office"
  time_zone: "America/New_York"
  hours { days: WEEKDAY_MONDAY days: WEEKDAY_FRIDAY from: "09:30" to: "24:00" }
  holidays: "2026-12-25"
  holidays: "2026-01-02"
)pb";

bool IsOpenAt(const engine::CalendarConfig& calendar, const std::string& local) {
  absl::TimeZone zone;
  EXPECT_TRUE(absl::LoadTimeZone("America/New_York", &zone));
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime("%Y-%m-%d %H:%M", local, zone, &time, &error)) << error;
  return engine::IsOpen(calendar, {absl::ToUnixMicros(time)});
}

TEST(ConvertCalendar, KnowsTheZone) {
  Fields fields;
  const engine::CalendarConfig office = ReadCalendar(Parse(kOffice), Path("c"), fields);
  ASSERT_TRUE(fields.ok()) << fields.Error();
  EXPECT_EQ(office.offsets.size(), 61u) << "two changes a year, of thirty";
  // A Friday in winter and a Monday in summer.
  for (const char* day : {"2026-01-09", "2026-07-13", "2049-07-12"}) {
    EXPECT_FALSE(IsOpenAt(office, std::string(day) + " 09:29")) << day;
    EXPECT_TRUE(IsOpenAt(office, std::string(day) + " 09:30")) << day;
    EXPECT_TRUE(IsOpenAt(office, std::string(day) + " 23:59")) << day;
  }
  EXPECT_FALSE(IsOpenAt(office, "2026-12-25 12:00")) << "a holiday";
  EXPECT_FALSE(IsOpenAt(office, "2026-01-02 12:00")) << "a holiday";
  EXPECT_FALSE(IsOpenAt(office, "2026-07-14 12:00")) << "Tuesday";
}

TEST(ConvertCalendar, IsReadBackAsItWasWritten) {
  Fields fields;
  const engine::CalendarConfig office = ReadCalendar(Parse(kOffice), Path("c"), fields);
  v1::Calendar written;
  store::WriteMessage(office, &written);
  EXPECT_EQ(ReadCalendar(written, Path("c"), fields), office);
  internal::v1::CalendarRecord record;
  store::WriteRecord(office, &record);
  EXPECT_EQ(store::ReadRecord(record), office);
}

TEST(ConvertCalendar, SaysWhatIsWrong) {
  const std::pair<const char*, const char*> rows[] = {
      {"id: 'c' time_zone: 'Europe/Atlantis'", "c.time_zone"},
      {"id: 'c' hours { from: '09:00' to: '17:00' }", "c.hours[0].days"},
      {"id: 'c' hours { days: 9 from: '09:00' to: '17:00' }", "c.hours[0].days[0]"},
      {"id: 'c' hours { days: WEEKDAY_MONDAY from: '9:00' to: '17:00' }", "c.hours[0].from"},
      {"id: 'c' hours { days: WEEKDAY_MONDAY from: '09:60' to: '17:00' }", "c.hours[0].from"},
      {"id: 'c' hours { days: WEEKDAY_MONDAY from: '09:00' to: '24:01' }", "c.hours[0].to"},
      {"id: 'c' hours { days: WEEKDAY_MONDAY from: '09:00' to: '+1:00' }", "c.hours[0].to"},
      {"id: 'c' holidays: '2026-13-01'", "c.holidays[0]"},
      {"id: 'c' holidays: '2026-2-1'", "c.holidays[0]"},
      {"id: ''", "c.id"},
  };
  for (const auto& [text, path] : rows) {
    Fields fields;
    ReadCalendar(Parse(text), Path("c"), fields);
    ASSERT_FALSE(fields.ok()) << text;
    EXPECT_NE(std::string(fields.Error().message()).find(path), std::string::npos)
        << text << ": " << fields.Error().message();
  }
}

}  // namespace
}  // namespace firstline::api
