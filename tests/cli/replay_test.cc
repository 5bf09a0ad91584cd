// Days played at the small router in fake_router.h: the replay acts as the log says, its figures and
// verdict are right, and a router that breaks a rule is found out.
#include "services/cli/replay/replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "services/cli/failure.h"
#include "services/cli/replay/scenario.h"
#include "tests/cli/fake_router.h"

namespace firstline::check {

void PrintTo(const Violation& violation, std::ostream* out) { *out << ToString(violation); }

}  // namespace firstline::check

namespace firstline::replay {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using test::FakeRouter;

client::Client ClientOf(const FakeRouter& router) {
  return client::Client({.targets = {router.address()}});
}

CallLog SmallDay() {
  CallLog log;
  log.shifts = {{"ann", 28800, 30000, {"sales", "care"}}, {"bob", 28900, 29500, {"sales"}}};
  log.calls = {
      {.id = "c1", .arrival_s = 28810, .queue = "sales", .answered = true, .handle_s = 200},
      {.id = "c2", .arrival_s = 28820, .queue = "care", .answered = false, .wait_s = 30,
       .handle_s = 50},
      {.id = "c3", .arrival_s = 28830, .queue = "sales", .answered = true, .handle_s = 100},
      {.id = "c4", .arrival_s = 28990, .queue = "care", .answered = true, .handle_s = 40},
  };
  return log;
}

// A busy day with hang-ups, from a seed.
CallLog BusyDay(unsigned seed, int calls) {
  std::mt19937 random(seed);
  const auto draw = [&](int below) { return static_cast<int>(random() % unsigned(below)); };
  CallLog log;
  for (int i = 0; i < 8; ++i) {
    Shift shift{"a" + std::to_string(i), 1000 + draw(600), 1000 + calls * 12, {"sales"}};
    if (draw(2) == 0) shift.queues.push_back("care");
    log.shifts.push_back(shift);
  }
  for (int i = 0; i < calls; ++i) {
    log.calls.push_back({.id = "c" + std::to_string(i),
                         .arrival_s = 1000 + i * 10 + draw(10),
                         .queue = draw(3) == 0 ? "care" : "sales",
                         .answered = draw(4) != 0,
                         .wait_s = draw(60),
                         .handle_s = 20 + draw(150)});
  }
  return log;
}

Report PlayDay(FakeRouter& router, const CallLog& log, const ReplayOptions& options = {}) {
  client::Client client = ClientOf(router);
  return Replay(client, log, WorkspaceFor(log, "day", ServesBy::kSkills), options);
}

TEST(Replay, PlaysASmallDayToTheSecond) {
  FakeRouter router({});
  const Report report = PlayDay(router, SmallDay());
  EXPECT_THAT(report.violations, IsEmpty());
  // c1 goes to ann at once; c2 hangs up after 30 s; bob logs on at 28900 and takes c3 (70 s);
  // ann ends c1 at 29010 and takes c4 (20 s).
  EXPECT_EQ(report.total.here.offered, 4u);
  EXPECT_EQ(report.total.here.answered, 3u);
  EXPECT_EQ(report.total.here.abandoned, 1u);
  EXPECT_DOUBLE_EQ(report.total.here.answered_wait_s, 90);
  EXPECT_EQ(report.total.here.in_time, 2u);
  ASSERT_EQ(report.queues.size(), 2u);
  EXPECT_EQ(report.queues[0].queue, "care");
  EXPECT_EQ(report.queues[0].here.abandoned, 1u);
  EXPECT_EQ(report.totals.inquiries, 4u);
  EXPECT_EQ(report.totals.closed, 3u);
  EXPECT_TRUE(report.good());
}

TEST(Replay, TakesBackWhatNobodyIsLeftToAnswer) {
  CallLog log = SmallDay();
  log.calls.push_back({.id = "c5", .arrival_s = 40000, .queue = "care", .answered = true});
  FakeRouter router({});
  const Report report = PlayDay(router, log);
  EXPECT_EQ(report.given_up, 1u);
  EXPECT_THAT(report.violations, IsEmpty());
}

TEST(Replay, HoldsEveryRuleOnBusyDays) {
  for (unsigned seed : {1u, 2u, 3u}) {
    FakeRouter router({});
    const Report report = PlayDay(router, BusyDay(seed, 400));
    EXPECT_THAT(report.violations, IsEmpty()) << "seed " << seed;
    EXPECT_EQ(report.total.here.offered, 400u);
    EXPECT_GT(report.total.here.abandoned, 0u);
    EXPECT_EQ(report.total.here.answered + report.total.here.abandoned + report.given_up, 400u);
  }
}

TEST(Replay, IsTheSameTwice) {
  FakeRouter first({}), second({});
  const Report one = PlayDay(first, BusyDay(5, 300)), two = PlayDay(second, BusyDay(5, 300));
  EXPECT_EQ(one.total.here.answered, two.total.here.answered);
  EXPECT_EQ(one.total.here.answered_wait_s, two.total.here.answered_wait_s);
  EXPECT_EQ(one.totals.events, two.totals.events);
}

TEST(Replay, FindsARouterThatServesTheNewestFirst) {
  FakeRouter router({.driven = true, .fault = FakeRouter::Fault::kNewestFirst});
  const Report report = PlayDay(router, BusyDay(1, 200));
  ASSERT_FALSE(report.good());
  EXPECT_EQ(report.violations.front().rule, check::Rule::kOrder);
}

TEST(Replay, FindsARouterThatLosesInquiries) {
  FakeRouter router({.driven = true, .fault = FakeRouter::Fault::kForgetsHangUp});
  const Report report = PlayDay(router, BusyDay(1, 400));
  EXPECT_FALSE(report.good());
}

TEST(Replay, FindsARouterThatOverloadsAgents) {
  FakeRouter router({.driven = true, .fault = FakeRouter::Fault::kTwoAtOnce});
  const Report report = PlayDay(router, BusyDay(1, 200));
  ASSERT_FALSE(report.good());
  EXPECT_EQ(report.violations.front().rule, check::Rule::kCapacity);
}

TEST(Replay, ComparesEveryWaitOfAnExactModel) {
  CallLog log;
  log.exact = true;
  log.shifts = {{"a1", 99, kNoLogOff, {"calls"}}, {"a2", 99, kNoLogOff, {"calls"}}};
  const auto add = [&](int arrival_s, int wait_s, int handle_s) {
    log.calls.push_back({.id = "c" + std::to_string(log.calls.size()),
                         .arrival_s = arrival_s, .queue = "calls", .answered = true,
                         .wait_s = wait_s, .handle_s = handle_s});
  };
  add(100, 0, 60);   // a1 until 160
  add(110, 0, 100);  // a2 until 210
  add(120, 40, 10);  // a1 at 160
  add(130, 40, 50);  // a1 at 170
  FakeRouter router({});
  const Report report = PlayDay(router, log);
  EXPECT_EQ(report.waits.calls, 4u);
  EXPECT_EQ(report.waits.agreeing, 4u);
  EXPECT_DOUBLE_EQ(report.waits.largest_s, 0);
  EXPECT_TRUE(report.good());

  log.calls[3].wait_s = 50;
  FakeRouter other({});
  const Report disagreeing = PlayDay(other, log);
  EXPECT_EQ(disagreeing.waits.agreeing, 3u);
  EXPECT_EQ(disagreeing.waits.largest_call, "c3");
  EXPECT_FALSE(disagreeing.good());
}

TEST(Replay, PlaysAtALiveRouterInScaledTime) {
  FakeRouter router({.driven = false});
  const Report report = PlayDay(router, SmallDay(), {.speed = 2000});  // 1200 s in 0.6 s
  EXPECT_THAT(report.violations, IsEmpty());
  EXPECT_EQ(report.total.here.offered, 4u);
  EXPECT_EQ(report.totals.inquiries, 4u);
  EXPECT_EQ(router.workspace().queues(0).answer_target().nanos(), 10'000'000);
}

TEST(Replay, RefusesFullSpeedWhereTimeIsReal) {
  FakeRouter router({.driven = false});
  try {
    PlayDay(router, SmallDay());
    FAIL() << "was not refused";
  } catch (const cli::Failure& failure) {
    EXPECT_THAT(failure.ToString(), HasSubstr("--clock=driven"));
    EXPECT_EQ(failure.exit(), cli::ExitCode::kRefused);
  }
  EXPECT_EQ(router.workspace().id(), "");  // nothing is left behind
}

TEST(Replay, RefusesRealTimeWhereTimeIsDriven) {
  FakeRouter router({});
  EXPECT_THROW(PlayDay(router, SmallDay(), {.speed = 10}), cli::Failure);
}

TEST(Replay, LeavesAWorkspaceAloneUnlessToldToReplaceIt) {
  FakeRouter router({});
  PlayDay(router, SmallDay());
  EXPECT_THROW(PlayDay(router, SmallDay()), cli::Failure);
  EXPECT_EQ(PlayDay(router, SmallDay(), {.replace = true}).totals.inquiries, 4u);
}

}  // namespace
}  // namespace firstline::replay
