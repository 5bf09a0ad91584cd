// The two clocks a service needs, behind an interface so that tests can hold them still.
//
// Boot time measures spans: it never jumps, and unlike CLOCK_MONOTONIC it goes on while the machine
// is suspended, which is what a lease needs: whoever slept through its lease must notice. It means
// nothing outside this machine. System time names moments for people; it may jump either way.
//
// Thread rule: every implementation may be called from any thread.
#pragma once

#include <chrono>

namespace firstline::clock {

class Clock {
 public:
  virtual ~Clock() = default;

  // Time since some fixed moment of this boot. Never decreases.
  virtual std::chrono::nanoseconds BootTime() const = 0;

  // Time since 1970-01-01T00:00:00Z.
  virtual std::chrono::nanoseconds SystemTime() const = 0;
};

// CLOCK_BOOTTIME and CLOCK_REALTIME.
class SystemClock final : public Clock {
 public:
  std::chrono::nanoseconds BootTime() const override;
  std::chrono::nanoseconds SystemTime() const override;
};

}  // namespace firstline::clock
