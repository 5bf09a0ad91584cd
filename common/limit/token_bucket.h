// How often something may be done: so many a second in the long run, so many at once.
//
//   TokenBucket lines(/*per_second=*/100, /*burst=*/100);
//   if (lines.Take(now)) ...
//
// Kept as the one moment at which the bucket is full again (the "theoretical arrival time" of the
// generic cell rate algorithm, ITU-T I.371), so that it is exact to the nanosecond. Time is an
// argument, counted from any fixed point; going back counts as standing still.
//
// Thread rule: one thread at a time.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace firstline::limit {

class TokenBucket {
 public:
  // Full at first. `per_second` above 0 and at most 1e9, `burst` at least 1 and so small that it is
  // refilled within a century.
  TokenBucket(double per_second, int64_t burst)
      : interval_(static_cast<int64_t>(1e9 / per_second)), tolerance_(interval_ * (burst - 1)) {}

  // Takes one; false, and nothing is taken, when there is none.
  bool Take(std::chrono::nanoseconds now) {
    if (Wait(now).count() > 0) return false;
    full_at_ = std::max(full_at_, now) + interval_;
    return true;
  }
  // How long after `now` one is there; zero when it is.
  std::chrono::nanoseconds Wait(std::chrono::nanoseconds now) const {
    return std::max(full_at_ - tolerance_ - now, std::chrono::nanoseconds(0));
  }
  // As if nothing had ever been taken.
  bool Full(std::chrono::nanoseconds now) const { return now >= full_at_; }

 private:
  std::chrono::nanoseconds interval_;   // between two tokens
  std::chrono::nanoseconds tolerance_;  // how much earlier than in its turn one may come
  std::chrono::nanoseconds full_at_ = std::chrono::nanoseconds::min() / 4;
};

}  // namespace firstline::limit
