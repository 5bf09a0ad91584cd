#include "common/clock/clock.h"

#include <gtest/gtest.h>

#include <ctime>

#include "common/clock/manual_clock.h"

namespace firstline::clock {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

nanoseconds Kernel(clockid_t id) {
  timespec now{};
  EXPECT_EQ(clock_gettime(id, &now), 0);
  return seconds(now.tv_sec) + nanoseconds(now.tv_nsec);
}

TEST(SystemClockTest, ReadsTheKernelsClocks) {
  const SystemClock clock;
  const nanoseconds before = Kernel(CLOCK_BOOTTIME);
  const nanoseconds boot = clock.BootTime();
  EXPECT_LE(before, boot);
  EXPECT_LE(boot, Kernel(CLOCK_BOOTTIME));
  // Real time may be stepped while this runs; a minute tells it from every other clock.
  EXPECT_LT(std::chrono::abs(clock.SystemTime() - Kernel(CLOCK_REALTIME)), seconds(60));
}

TEST(ManualClockTest, MovesOnlyWhenTold) {
  ManualClock clock(seconds(5), seconds(100));
  EXPECT_EQ(clock.BootTime(), seconds(5));
  EXPECT_EQ(clock.SystemTime(), seconds(100));
  clock.Advance(nanoseconds(7));
  EXPECT_EQ(clock.BootTime(), seconds(5) + nanoseconds(7));
  EXPECT_EQ(clock.SystemTime(), seconds(100) + nanoseconds(7));
  clock.SetSystemTime(seconds(50));
  EXPECT_EQ(clock.SystemTime(), seconds(50));
  EXPECT_EQ(clock.BootTime(), seconds(5) + nanoseconds(7));
}

}  // namespace
}  // namespace firstline::clock
