// A point of this machine's boot clock (CLOCK_BOOTTIME), as data. Leases and waits are measured on
// it: it never jumps and goes on while the machine sleeps. It means nothing on another machine.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>

#include "services/router/engine/types.h"

namespace firstline::runtime {

using engine::Span;

struct BootTime {
  int64_t us = 0;
  friend constexpr auto operator<=>(BootTime, BootTime) = default;
};
inline constexpr BootTime kNeverBoot{std::numeric_limits<int64_t>::max()};

// Never plus a span is never.
constexpr BootTime operator+(BootTime t, Span s) {
  return t == kNeverBoot ? kNeverBoot : BootTime{t.us + s.us};
}
constexpr BootTime operator-(BootTime t, Span s) { return {t.us - s.us}; }
constexpr Span operator-(BootTime a, BootTime b) { return {a.us - b.us}; }

}  // namespace firstline::runtime
