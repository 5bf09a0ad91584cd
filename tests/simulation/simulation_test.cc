// Seeds that must hold, and bugs that must be found. A failing seed is printed and replays exactly:
// see main.cc, which also runs more of them.
#include <functional>
#include <string>

#include <gtest/gtest.h>

#include "tests/simulation/simulation.h"

namespace firstline::simulation {
namespace {

constexpr uint64_t kSeeds = 40;
constexpr uint64_t kBugSeedsMax = 1000;

TEST(Simulation, HoldsUnderFaults) {
  int64_t answers = 0, events = 0, judged = 0, rollbacks = 0, gaps = 0;
  int64_t told = 0, snapshots = 0, rewinds = 0, expired = 0;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SimulationOptions options;
    options.seed = seed;
    const SimulationReport report = Simulate(options);
    ASSERT_EQ(report.violation, "")
        << "replay with: simulation_run --seeds 1 --verbose --seed " << seed;
    answers += report.answers;
    events += report.events;
    judged += report.judged;
    rollbacks += report.rollbacks;
    told += report.told;
    snapshots += report.snapshots;
    rewinds += report.rewinds;
    expired += report.expired;
    gaps += report.gap ? 1 : 0;
    EXPECT_TRUE(!report.gap || report.rollbacks > 0) << "a gap without a reason, seed " << seed;
  }
  // A simulation in which nothing happens proves nothing.
  EXPECT_GT(answers, 10'000);
  EXPECT_GT(events, 10'000);
  EXPECT_GT(rollbacks, 0);
  EXPECT_GT(told, events);
  EXPECT_GT(snapshots, static_cast<int64_t>(kSeeds) * 10);
  EXPECT_GT(rewinds, 0);
  EXPECT_GT(expired, 0);
  // Nor do histories that admit a gap, or clients whose views are not judged.
  EXPECT_LE(gaps * 3, static_cast<int64_t>(kSeeds) * 2);
  EXPECT_GT(judged * 10, answers);
}

// The owner dies at each of its first steps in turn: before an input, after it, after what it asked
// of the store left.
TEST(Simulation, HoldsWhereverAPodIsKilled) {
  for (int step = 0; step < 3 * 40; ++step) {
    SimulationOptions options;
    options.inquiries = 4;
    options.workspaces = 1;
    options.commands = 6;
    options.faults_until_us = 4'000'000;
    options.plan = {{.at_us = 1'100'000, .kind = FaultKind::kCrashAtStep, .pod = step % 3,
                     .span_us = 500'000, .amount_us = step}};
    const SimulationReport report = Simulate(options);
    ASSERT_EQ(report.violation, "") << ToString(options.plan->front());
  }
}

TEST(Simulation, ReplaysFromItsSeed) {
  SimulationOptions options;
  options.seed = 7;
  const SimulationReport first = Simulate(options), second = Simulate(options);
  EXPECT_GT(first.history.size(), 10'000u);
  EXPECT_TRUE(first.history == second.history);
  EXPECT_EQ(first.answers, second.answers);
  options.seed = 8;
  EXPECT_FALSE(Simulate(options).history == first.history);
}

struct Bug {
  const char* name;
  std::function<void(SimulationOptions&)> plant;
};

class PlantedBug : public testing::TestWithParam<Bug> {};

TEST_P(PlantedBug, IsFound) {
  for (uint64_t seed = 1; seed <= kBugSeedsMax; ++seed) {
    SimulationOptions options;
    options.seed = seed;
    GetParam().plant(options);
    const SimulationReport report = Simulate(options);
    if (report.violation.empty()) continue;
    RecordProperty("seed", std::to_string(seed));
    printf("found by seed %llu: %s\n", static_cast<unsigned long long>(seed),
           report.violation.c_str());
    return;
  }
  FAIL() << GetParam().name << " was not found in " << kBugSeedsMax << " seeds";
}

// Order is at risk where commands are on their way while their workspace moves.
std::vector<Fault> HandOvers() {
  std::vector<Fault> faults;
  for (int n = 0; n < 120; ++n) {
    faults.push_back(
        {.at_us = 1'000'000 + n * 150'000, .kind = FaultKind::kHandOver, .workspace = n % 2});
  }
  return faults;
}

INSTANTIATE_TEST_SUITE_P(
    All, PlantedBug,
    testing::Values(
        Bug{"NoTokenCheck", [](auto& o) { o.flaws.skip_token_check = true; }},
        Bug{"ReissuedEpoch", [](auto& o) { o.flaws.epoch_ignores_clock = true; }},
        Bug{"RestoreByALapsedOwner", [](auto& o) { o.bugs.restore_when_lapsed = true; }},
        Bug{"ResendWithAChangedBatch", [](auto& o) { o.bugs.resend_changed_batch = true; }},
        Bug{"AnswerBeforeTheCommit", [](auto& o) { o.bugs.answer_before_commit = true; }},
        Bug{"ExpiryTrustedFromRedis", [](auto& o) { o.bugs.trust_redis_expiry = true; }},
        Bug{"PresenceClosedByAnOldSession",
            [](auto& o) { o.bugs.old_session_closes_presence = true; }},
        Bug{"OfferForgottenAtTakeOver", [](auto& o) { o.bugs.forget_offers_on_takeover = true; }},
        Bug{"ConfirmedOnlyForALease", [](auto& o) { o.bugs.forget_tail = true; }},
        Bug{"RestoreLeftOut", [](auto& o) { o.bugs.forget_restore = true; }},
        Bug{"CursorAcrossARewind", [](auto& o) { o.flaws.ignore_lineage = true; }},
        Bug{"OrderLostInForwarding", [](auto& o) {
              o.gateway_bugs.forget_order = o.plain = true;
              o.plan = HandOvers();
              o.commands = 1000;
              o.writers = 2;
              o.inquiries = 2;
            }},
        Bug{"DoubleForwarding", [](auto& o) { o.forwards_again = true; }},
        Bug{"MassExpiryAfterATakeOver", [](auto& o) { o.bugs.no_grace_after_takeover = true; }},
        Bug{"EventsSkippedFromTheLogToLive", [](auto& o) { o.tail_bugs.skip_at_switch = true; }},
        Bug{"ATailAcrossARewind", [](auto& o) { o.tail_bugs.ignore_rewind = true; }},
        Bug{"EventsDroppedInSilence", [](auto& o) { o.tail_bugs.conceal_lost = true; }},
        Bug{"ASleepingReaderMissesANewOwner",
            [](auto& o) { o.tail_bugs.forget_owner_changed = true; }},
        Bug{"ClockOneHourFast", [](auto& o) { o.fast_clock = engine::Seconds(3600); }}),
    [](const testing::TestParamInfo<Bug>& bug) { return std::string(bug.param.name); });

}  // namespace
}  // namespace firstline::simulation
