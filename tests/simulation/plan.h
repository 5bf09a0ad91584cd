// Everything that will go wrong in a simulation, as data: made from a seed, printed, and taken
// apart to find the little of it that a failure needs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace firstline::simulation {

enum class FaultKind : uint8_t {
  kCrash,          // a pod; span: until it is started again; amount 1: keepalive alone tells
  kCrashAtStep,    // amount: after how many inputs, times 3, plus Host::KillAtStep's place
  kStall,          // a pod, for span
  kCutPods,        // nothing passes between two pods for span
  kBreakLink,      // the streams between two pods break
  kCutRedis,       // nothing passes between a pod and Redis for span; amount 1: requests still do
  kRedisStalls,    // for span
  kRedisRefuses,   // writes, for span
  kRedisLoses,     // a part of requests and replies, for span
  kClockSteps,     // Redis' clock, by amount us
  kHandOver,       // a workspace, by its owner, to the next pod
  kRestart,        // a pod is told to go and comes back; span: away
  kRoll,           // all of them, one after the other; span: between them
  kAddPod,
  kRemovePod,
  kRollBackAlive,  // Redis to `amount` us ago while owners live, so that they restore it
  kFailOver,       // to a replica that lags by amount; pods notice within span; the same
  kFailOverAlone,  // as kFailOver at once; nobody follows it, so it takes no writes for span, which
                   // is longer than a lease
  kRollBack,       // as kRollBackAlive, whatever state owners are in
  kRollBackOwner,  // the ownership record of the owner before
  kSplit,          // as kFailOver, whatever state owners are in, and for longer than a lease
};
inline constexpr int kFaultKinds = static_cast<int>(FaultKind::kSplit) + 1;
// From there on state may be lost within the stated window.
inline constexpr FaultKind kFirstLossy = FaultKind::kRollBack;

struct Fault {
  int64_t at_us = 0;
  FaultKind kind = FaultKind::kCrash;
  int pod = 0;  // modulo the pods there are, `other` likewise, `workspace` too
  int other = 0;
  int workspace = 0;
  int64_t span_us = 0;
  int64_t amount_us = 0;
};
std::string ToString(const Fault& fault);

struct PlanOptions {
  uint64_t seed = 1;
  int64_t from_us = 1'000'000;
  int64_t until_us = 25'000'000;
  int64_t lease_us = 2'000'000;
  bool lossless = false;  // no kind from kFirstLossy on
  int64_t pause_max_us = 1'500'000;  // between faults
};
// Ascending. Each plan has but some of the kinds, so that all mixtures occur.
std::vector<Fault> MakePlan(const PlanOptions& options);

}  // namespace firstline::simulation
