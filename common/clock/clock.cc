#include "common/clock/clock.h"

#include <ctime>

namespace firstline::clock {
namespace {

std::chrono::nanoseconds Read(clockid_t id) {
  // clock_gettime cannot fail for the two clocks used here: both are in every supported kernel.
  timespec now{};
  clock_gettime(id, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

}  // namespace

std::chrono::nanoseconds SystemClock::BootTime() const { return Read(CLOCK_BOOTTIME); }

std::chrono::nanoseconds SystemClock::SystemTime() const { return Read(CLOCK_REALTIME); }

}  // namespace firstline::clock
