// Seeds that must hold, and bugs that must be found. A failing seed is printed and replays exactly:
//   FIRSTLINE_SIMULATION_SEED=N simulation_test     that seed alone, its faults told
//   FIRSTLINE_SIMULATION_SEEDS=N simulation_test    seeds 1 to N
#include <cstdlib>
#include <functional>
#include <string>

#include <gtest/gtest.h>

#include "tests/simulation/simulation.h"

namespace firstline::simulation {
namespace {

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

constexpr uint64_t kSeeds = 60;         // in every run
constexpr uint64_t kBugSeedsMax = 1000;

TEST(Simulation, HoldsUnderFaults) {
  const uint64_t only = FromEnvironment("FIRSTLINE_SIMULATION_SEED", 0);
  const uint64_t last = only != 0 ? only : FromEnvironment("FIRSTLINE_SIMULATION_SEEDS", kSeeds);
  int64_t answers = 0, events = 0, rollbacks = 0, gaps = 0;
  for (uint64_t seed = only != 0 ? only : 1; seed <= last; ++seed) {
    SimulationOptions options;
    options.seed = seed;
    options.trace = only != 0;
    const SimulationReport report = Simulate(options);
    ASSERT_EQ(report.violation, "") << "replay with FIRSTLINE_SIMULATION_SEED=" << seed;
    answers += report.answers;
    events += report.events;
    rollbacks += report.rollbacks;
    gaps += report.gap ? 1 : 0;
    EXPECT_TRUE(!report.gap || report.rollbacks > 0) << "a gap without a reason, seed " << seed;
  }
  // A simulation in which nothing happens proves nothing.
  EXPECT_GT(answers, 0);
  EXPECT_GT(events, 0);
  EXPECT_TRUE(only != 0 || rollbacks > 0);
  // Where a history admits a gap the fold proves nothing: that must stay the exception.
  EXPECT_LE(gaps * 4, static_cast<int64_t>(last) + 4);
}

TEST(Simulation, ReplaysFromItsSeed) {
  SimulationOptions options;
  options.seed = 7;
  const SimulationReport first = Simulate(options), second = Simulate(options);
  EXPECT_EQ(first.digest, second.digest);
  EXPECT_EQ(first.answers, second.answers);
  options.seed = 8;
  EXPECT_NE(Simulate(options).digest, first.digest);
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
        Bug{"RestoreLeftOut", [](auto& o) { o.bugs.forget_restore = true; }}),
    [](const testing::TestParamInfo<Bug>& bug) { return std::string(bug.param.name); });

}  // namespace
}  // namespace firstline::simulation
