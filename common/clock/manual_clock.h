// A clock that moves only when told.
//
//   ManualClock clock;
//   clock.Advance(std::chrono::seconds(5));         // both clocks
//   clock.SetSystemTime(std::chrono::seconds(10));  // an operator sets the date; boot time stays
//
// Thread rule: any thread.
#pragma once

#include <atomic>
#include <cassert>
#include <chrono>
#include <cstdint>

#include "common/clock/clock.h"

namespace firstline::clock {

class ManualClock final : public Clock {
 public:
  explicit ManualClock(std::chrono::nanoseconds boot_time = std::chrono::seconds(1000),
                       std::chrono::nanoseconds system_time = std::chrono::seconds(1'700'000'000))
      : boot_ns_(boot_time.count()), system_ns_(system_time.count()) {}

  std::chrono::nanoseconds BootTime() const override {
    return std::chrono::nanoseconds(boot_ns_.load());
  }
  std::chrono::nanoseconds SystemTime() const override {
    return std::chrono::nanoseconds(system_ns_.load());
  }

  // Moves both clocks forward. `by` must not be negative.
  void Advance(std::chrono::nanoseconds by) {
    assert(by.count() >= 0);
    boot_ns_ += by.count();
    system_ns_ += by.count();
  }

  // Moves system time alone, in either direction.
  void SetSystemTime(std::chrono::nanoseconds time) { system_ns_ = time.count(); }

 private:
  std::atomic<std::int64_t> boot_ns_;
  std::atomic<std::int64_t> system_ns_;
};

}  // namespace firstline::clock
