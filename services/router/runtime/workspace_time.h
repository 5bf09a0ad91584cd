// Workspace time: the boot clock anchored to the store's clock, so that every owner in turn counts
// the same time, and no step is ever visible.
//
//   WorkspaceTime time;
//   time.Begin({.store_us = reply.store_time_us, .sent = sent, .received = received}, engine.now());
//   engine::Time now = time.At(boot);
//   time.Anchor({...});   // at each renewal: drifts towards the store by at most 1/20 of real time
//
// Threads: one. The argument of At never decreases.
#pragma once

#include <cstdint>

#include "services/router/engine/types.h"
#include "services/router/runtime/boot_time.h"

namespace firstline::runtime {

// A reading of the store's clock, taken somewhere between `sent` and `received`.
struct StoreClock {
  int64_t store_us = 0;  // Unix time
  BootTime sent;
  BootTime received;
};

class WorkspaceTime {
 public:
  // Starts anew at the store's time, but not before `floor` (the latest time the state has seen):
  // if the store is behind it, time goes on from `floor` and slows down until they agree.
  void Begin(const StoreClock& reading, engine::Time floor, BootTime now);
  // Takes the store's clock as the goal. Does not move time at once.
  void Anchor(const StoreClock& reading);
  // Never decreases. Grows with the boot clock, 5 % faster or slower while it approaches the goal.
  engine::Time At(BootTime now);
  // When `time` is about reached, as far as the last At can tell; not before that.
  BootTime BootOf(engine::Time time) const;

 private:
  int64_t offset_us_ = 0;  // workspace time - boot time
  int64_t goal_us_ = 0;    // what the offset drifts to
  BootTime last_{};
};

}  // namespace firstline::runtime
