// How a pod behaves; the defaults are what is run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "services/router/runtime/boot_time.h"
#include "services/router/runtime/limits.h"

namespace firstline::runtime {

// Test seams: each breaks one rule at the one place that keeps it, so that the simulator can be
// shown to find it. All false in anything that runs.
struct PlantedBugs {
  bool restore_when_lapsed = false;         // keep and restore memory after the lease ran out
  bool resend_changed_batch = false;        // a resend takes along what was gathered meanwhile
  bool answer_before_commit = false;        // answers leave when the command was applied
  bool trust_redis_expiry = false;          // take a workspace on any stale hint
  bool old_session_closes_presence = false; // closing one session ends all of the agent's
  bool forget_offers_on_takeover = false;   // offered inquiries are not read back
  bool forget_restore = false;              // do not restore a store that is behind
  bool no_grace_after_takeover = false;     // sessions found at a take-over have lapsed
  bool forget_tail = false;  // what was confirmed goes with the memory when the lease runs out
  Span own_clock_fast{};  // not 0: take workspace time from this pod's clock, which is so fast
};

struct PodOptions {
  std::string address;  // host:port callers are referred to
  Span lease = limits::kLease;  // the same on every pod
  Span stall_threshold = limits::kStallThreshold;
  Span doubt_wait = limits::kDoubtWait;
  size_t doubt_calls_max = limits::kDoubtCallsMax;
  size_t batch_commands_max = limits::kBatchCommandsMax;
  size_t batch_bytes_max = limits::kBatchBytesMax;
  size_t ring_batches_max = limits::kRingBatchesMax;
  size_t ring_bytes_max = limits::kRingBytesMax;
  Span ring_age_max = limits::kRingAgeMax;
  size_t workspace_calls_max = limits::kWorkspaceCallsMax;
  size_t pod_calls_max = limits::kPodCallsMax;
  bool driven_clock = false;  // workspace time moves by AdvanceTime alone
  bool spread = false;  // tells the other pods that it lives, and hands workspaces over to idler ones
  PlantedBugs bugs;
};

// Unpredictable and distinct over all pods: a nonce must never repeat.
using RandomSource = std::function<uint64_t()>;

}  // namespace firstline::runtime
