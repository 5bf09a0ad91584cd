#include "services/router/runtime/workspace_time.h"

#include <algorithm>

#include "services/router/runtime/limits.h"

namespace firstline::runtime {
namespace {

// The store read its clock somewhere between; the middle is off by half a round trip at most.
int64_t OffsetOf(const StoreClock& reading) {
  const int64_t middle_us = reading.sent.us + (reading.received.us - reading.sent.us) / 2;
  return reading.store_us - middle_us;
}

}  // namespace

void WorkspaceTime::Begin(const StoreClock& reading, engine::Time floor, BootTime now) {
  goal_us_ = OffsetOf(reading);
  offset_us_ = std::max(goal_us_, floor.us - now.us);
  last_ = now;
}

void WorkspaceTime::Anchor(const StoreClock& reading) { goal_us_ = OffsetOf(reading); }

engine::Time WorkspaceTime::At(BootTime now) {
  const int64_t elapsed_us = std::max<int64_t>(0, now.us - last_.us);
  const int64_t step_us = elapsed_us / limits::kSlewShare;
  offset_us_ += std::clamp(goal_us_ - offset_us_, -step_us, step_us);
  last_ = std::max(last_, now);
  return {last_.us + offset_us_};
}

BootTime WorkspaceTime::BootOf(engine::Time time) const {
  if (time == engine::kNever) return kNeverBoot;
  return std::max(last_, BootTime{time.us - offset_us_});
}

}  // namespace firstline::runtime
