#include "tests/simulation/plan.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "tests/simulation/random.h"

namespace firstline::simulation {
namespace {

constexpr const char* kNames[kFaultKinds] = {
    "crash",         "crash at a step", "stall",         "cut between pods", "broken link",
    "cut from Redis", "Redis stalls",   "Redis refuses", "Redis loses",      "clock steps",
    "handover",      "restart",         "rolling restart", "pod added",      "pod removed",
    "rollback under living owners", "failover", "failover to a lone primary", "rollback",
    "owner rolled back", "split primaries"};

Fault Draw(FaultKind kind, int64_t at_us, const PlanOptions& options, Random& random) {
  Fault fault{.at_us = at_us, .kind = kind};
  fault.pod = static_cast<int>(random.Below(60));
  fault.other = static_cast<int>(random.Below(60));
  fault.workspace = static_cast<int>(random.Below(60));
  fault.span_us = random.Between(100'000, 3'000'000);
  switch (kind) {
    case FaultKind::kCrash: fault.amount_us = random.Chance(25) ? 1 : 0; break;
    case FaultKind::kCrashAtStep: fault.amount_us = random.Below(3 * 60); break;
    case FaultKind::kStall:
    case FaultKind::kCutPods: fault.span_us = random.Between(100'000, 5'000'000); break;
    case FaultKind::kCutRedis: fault.amount_us = random.Below(2); break;
    case FaultKind::kRedisStalls: fault.span_us = random.Between(100'000, 4'000'000); break;
    case FaultKind::kRedisLoses: fault.span_us = random.Between(500'000, 6'000'000); break;
    case FaultKind::kClockSteps: fault.amount_us = random.Between(-2'000'000, 2'000'000); break;
    case FaultKind::kRollBackAlive: fault.amount_us = random.Between(100'000, 3'000'000); break;
    case FaultKind::kRollBack: fault.amount_us = random.Between(100'000, 1'500'000); break;
    case FaultKind::kFailOver:
      fault.amount_us = random.Between(1'000, 1'000'000);
      fault.span_us = random.Below(options.lease_us * 3 / 4);
      break;
    case FaultKind::kFailOverAlone:
      fault.amount_us = random.Between(1'000, 1'000'000);
      fault.span_us = random.Between(options.lease_us, options.lease_us * 3);
      break;
    case FaultKind::kSplit:
      fault.amount_us = random.Between(1'000, 1'000'000);
      fault.span_us = random.Between(100'000, options.lease_us * 3);
      break;
    default: break;
  }
  return fault;
}

}  // namespace

std::string ToString(const Fault& fault) {
  return absl::StrFormat("%.6f s: %s (pods %d and %d, workspace %d, for %.3f s, amount %d)",
                         static_cast<double>(fault.at_us) / 1e6,
                         kNames[static_cast<size_t>(fault.kind)], fault.pod, fault.other,
                         fault.workspace, static_cast<double>(fault.span_us) / 1e6,
                         fault.amount_us);
}

std::vector<Fault> MakePlan(const PlanOptions& options) {
  Random random(options.seed);
  const int kinds = options.lossless ? static_cast<int>(kFirstLossy) : kFaultKinds;
  std::vector<FaultKind> enabled;
  for (int kind = 0; kind < kinds; ++kind) {
    if (random.Chance(40)) enabled.push_back(static_cast<FaultKind>(kind));
  }
  std::vector<Fault> plan;
  if (enabled.empty()) return plan;
  for (int64_t at = options.from_us; at < options.until_us;
       at += random.Between(50'000, options.pause_max_us)) {
    const auto kind = enabled[static_cast<size_t>(
        random.Below(static_cast<int64_t>(enabled.size())))];
    plan.push_back(Draw(kind, at, options, random));
  }
  return plan;
}

}  // namespace firstline::simulation
