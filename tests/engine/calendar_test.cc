// Hours of business: local time, holidays, and the days on which clocks are changed.
#include "services/router/engine/calendar.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/engine/canonical_rule.h"

namespace firstline::engine::proof {
namespace {

constexpr int64_t kHour = 3600;

// Seconds since 1970-01-01 00:00 UTC.
Time At(int64_t seconds) { return Time{seconds * 1'000'000}; }

// Monday to Friday from 9 to 17 in Berlin: on 29 March 2026 at 1:00 UTC clocks go to UTC + 2 h, on 25
// October at 1:00 UTC back.
CalendarConfig Berlin() {
  CalendarConfig calendar{.id = "office", .time_zone = "Europe/Berlin"};
  calendar.offsets = {{At(1'577'833'200), 3600}, {At(1'774'746'000), 7200}, {At(1'792'890'000), 3600}};
  calendar.hours = {{31, 9 * 60, 17 * 60}};
  calendar.holidays = {20'454};  // 2026-01-01
  return calendar;
}

// Of 2026-03-27, the Friday before clocks change.
constexpr int64_t kFriday = 1'774'569'600;

TEST(CalendarTest, FollowsTheTimeZone) {
  const CalendarConfig office = Berlin();
  EXPECT_FALSE(IsOpen(office, At(kFriday + 8 * kHour - 1)));
  EXPECT_TRUE(IsOpen(office, At(kFriday + 8 * kHour))) << "9:00 at UTC + 1";
  EXPECT_TRUE(IsOpen(office, At(kFriday + 16 * kHour - 1)));
  EXPECT_FALSE(IsOpen(office, At(kFriday + 16 * kHour)));
  const int64_t monday = kFriday + 3 * 24 * kHour;
  EXPECT_FALSE(IsOpen(office, At(monday - 24 * kHour + 10 * kHour))) << "Sunday";
  EXPECT_FALSE(IsOpen(office, At(monday + 7 * kHour - 1)));
  EXPECT_TRUE(IsOpen(office, At(monday + 7 * kHour))) << "9:00 at UTC + 2";
  EXPECT_FALSE(IsOpen(office, At(monday + 15 * kHour)));
}

TEST(CalendarTest, IsClosedOnHolidays) {
  const CalendarConfig office = Berlin();
  const int64_t new_year = 20'454 * 24 * kHour;  // Thursday
  EXPECT_FALSE(IsOpen(office, At(new_year + 10 * kHour)));
  EXPECT_TRUE(IsOpen(office, At(new_year + 34 * kHour)));
}

TEST(CalendarTest, NextChangeIsTheNextBound) {
  const CalendarConfig office = Berlin();
  EXPECT_EQ(NextChange(office, At(kFriday + 8 * kHour - 1)), At(kFriday + 8 * kHour));
  EXPECT_EQ(NextChange(office, At(kFriday + 8 * kHour)), At(kFriday + 16 * kHour));
  EXPECT_EQ(NextChange(office, At(kFriday + 16 * kHour)), At(kFriday + 23 * kHour)) << "midnight";
  // Clocks change at 1:00 UTC on Sunday.
  EXPECT_EQ(NextChange(office, At(kFriday + 48 * kHour)), At(1'774'746'000));
  EXPECT_EQ(NextChange(CalendarConfig{}, At(kFriday)), kNever);
}

// Between two changes nothing changes, and the two ways of looking agree.
TEST(CalendarTest, AgreesWithTheNaiveOne) {
  std::mt19937_64 random(7);
  const CalendarConfig office = Berlin();
  for (int round = 0; round < 20'000; ++round) {
    const Time at = At(1'767'225'600 + static_cast<int64_t>(random() % (365 * 24 * 3600)));
    ASSERT_EQ(IsOpen(office, at), NaiveIsOpen(office, at)) << at.us;
    const Time next = NextChange(office, at);
    ASSERT_GT(next, at);
    const Time between = at + Microseconds(static_cast<int64_t>(
                                  random() % static_cast<uint64_t>((next - at).us)));
    ASSERT_EQ(IsOpen(office, between), IsOpen(office, at)) << at.us;
  }
}

}  // namespace
}  // namespace firstline::engine::proof
