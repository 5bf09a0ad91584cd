// Workspace time, people's deadlines under stalls, presence leases, the driven clock.
#include <gtest/gtest.h>

#include <algorithm>

#include "services/router/runtime/workspace_time.h"
#include "tests/runtime/rig.h"

namespace firstline::runtime {
namespace {

using engine::Milliseconds;
using engine::Seconds;


// ---- The clock ------------------------------------------------------------------------------------

TEST(WorkspaceTime, CountsFromTheMiddleOfTheRoundTrip) {
  WorkspaceTime time;
  time.Begin({1'000'000, {100}, {300}}, {}, {300});
  EXPECT_EQ(time.At({300}).us, 1'000'100);
  EXPECT_EQ(time.At({1300}).us, 1'001'100);
}

TEST(WorkspaceTime, NeverStartsBeforeWhatTheStateHasSeen) {
  WorkspaceTime time;
  time.Begin({1'000'000, {0}, {0}}, {5'000'000}, {0});
  EXPECT_EQ(time.At({0}).us, 5'000'000);
  // It slows down until the store has caught up: 4 s at 5 % take 80 s.
  EXPECT_EQ(time.At({40'000'000}).us, 5'000'000 + 38'000'000);
  EXPECT_EQ(time.At({100'000'000}).us, 101'000'000);
}

TEST(WorkspaceTime, ApproachesWithoutAStepAndNeverGoesBack) {
  WorkspaceTime time;
  time.Begin({1'000'000, {0}, {0}}, {}, {0});
  int64_t last = time.At({0}).us;
  int64_t boot = 0;
  for (int i = 0; i < 1000; ++i) {
    // The store's clock jumps about by an hour.
    const int64_t jump = (i % 3 - 1) * 3'600'000'000;
    time.Anchor({1'000'000 + boot + jump, {boot}, {boot}});
    boot += 10'000;
    const int64_t now = time.At({boot}).us;
    EXPECT_GE(now - last, 9'500);
    EXPECT_LE(now - last, 10'500);
    last = now;
  }
}

TEST(WorkspaceTime, ABootTimeThatGoesBackChangesNothing) {
  WorkspaceTime time;
  time.Begin({1'000'000, {0}, {0}}, {}, {1000});
  const engine::Time at = time.At({2000});
  EXPECT_EQ(time.At({1500}), at);
}

TEST(WorkspaceTime, WakesAtOrAfterNow) {
  WorkspaceTime time;
  time.Begin({1'000'000, {0}, {0}}, {}, {0});
  time.At({5000});
  EXPECT_EQ(time.BootOf({1'010'000}).us, 10'000);
  EXPECT_EQ(time.BootOf({1'000'001}).us, 5000);
  EXPECT_EQ(time.BootOf(engine::kNever), kNeverBoot);
}

// ---- Deadlines --------------------------------------------------------------------------------

class TimeTest : public ::testing::Test {
 protected:
  void Begin(PodOptions options = {}) {
    a = std::make_unique<Rig>(world, "a:1", std::move(options));
    a->Configure();
  }
  int CountOf(const std::string& text) {
    const auto events = world.Events();
    return static_cast<int>(std::count(events.begin(), events.end(), text));
  }

  World world;
  std::unique_ptr<Rig> a;
};

TEST_F(TimeTest, TimersFireWithoutCalls) {
  Begin();
  a->Call(SubmitInquiry("i1"));
  a->Settle();
  EXPECT_EQ(a->state_of("i1"), "offered");
  a->Run(Seconds(19));
  EXPECT_EQ(CountOf("offer ended 2"), 0);
  a->Run(Seconds(2));
  EXPECT_EQ(CountOf("offer ended 2"), 1);
}

TEST_F(TimeTest, ACommandGoesBeforeATimerDueAtItsStamp) {
  Begin();
  a->Call(SubmitInquiry("i1"));
  a->Settle();
  a->Run(Seconds(19));
  world.Sleep(Seconds(1));  // exactly when the offer expires
  const Ticket accept = a->Call(AcceptOffer("i1"));
  a->Settle();
  EXPECT_TRUE(Applied(a->AnswerTo(accept)));
  EXPECT_EQ(a->state_of("i1"), "assigned");
}

TEST_F(TimeTest, ATimerDueBeforeTheStampGoesFirst) {
  Begin();
  a->Call(SubmitInquiry("i1"));
  a->Settle();
  a->Run(Seconds(19));
  world.Sleep(Seconds(1) + engine::Microseconds(1));
  const Ticket accept = a->Call(AcceptOffer("i1"));
  a->Settle();
  EXPECT_EQ(As<Done>(a->AnswerTo(accept))->outcome.rejection, engine::Rejection::kOfferEnded);
}

TEST_F(TimeTest, AStallMovesPeoplesDeadlines) {
  Begin();
  a->Call(SubmitInquiry("i1"));
  a->Settle();
  a->Run(Seconds(15));
  a->refuse = IsCommit;
  const Ticket message = a->Call(SubmitInquiry("i2"));
  a->Run(Seconds(7));  // the offer of i1 would have expired
  EXPECT_FALSE(a->Answered(message));
  a->refuse = nullptr;
  a->Run(Seconds(1));
  EXPECT_TRUE(a->Answered(message));
  EXPECT_EQ(CountOf("offer ended 2"), 0);
  const auto events = world.Events();
  EXPECT_TRUE(std::any_of(events.begin(), events.end(), [](const std::string& text) {
    return text.rfind("extended 7", 0) == 0;
  }));
  const Ticket accept = a->Call(AcceptOffer("i1"));
  a->Settle();
  EXPECT_TRUE(Applied(a->AnswerTo(accept)));
}

TEST_F(TimeTest, ACommandDuringAStallLetsNoDeadlinePass) {
  Begin();
  a->Call(SubmitInquiry("i1"));
  a->Settle();
  a->Run(Seconds(19));
  a->refuse = IsCommit;
  a->Call(SubmitInquiry("i2"));
  a->Run(Milliseconds(1500));
  const Ticket accept = a->Call(AcceptOffer("i1"));  // 20.5 s after the offer
  a->refuse = nullptr;
  a->Run(Seconds(2));
  EXPECT_TRUE(Applied(a->AnswerTo(accept)));
}

TEST_F(TimeTest, AShortDelayMovesNothing) {
  Begin();
  a->hold = IsCommit;
  a->Call(SubmitInquiry("i1"));
  a->Settle();
  world.Sleep(Milliseconds(400));
  a->hold = nullptr;
  a->DeliverHeld();
  a->Run(Seconds(1));
  const auto events = world.Events();
  EXPECT_TRUE(std::none_of(events.begin(), events.end(), [](const std::string& text) {
    return text.rfind("extended", 0) == 0;
  }));
}

TEST_F(TimeTest, ATakeOverGivesBackTheTimeNobodyWasThere) {
  Begin();
  Rig b(world, "b:1");
  // Both live for a while, then a dies with an offer open.
  for (int i = 0; i < 100; ++i) {
    world.Sleep(Milliseconds(100));
    a->Settle();
    b.Settle();
  }
  a->Call(SubmitInquiry("i1"));
  a->Settle();
  world.Sleep(Seconds(8));
  a.reset();
  b.Run(Seconds(14));  // 22 s after the offer
  ASSERT_EQ(b.phase(), Phase::kActive);
  EXPECT_EQ(b.state_of("i1"), "offered");
  const Ticket accept = b.Call(AcceptOffer("i1"));
  b.Settle();
  EXPECT_TRUE(Applied(b.AnswerTo(accept)));
}

TEST_F(TimeTest, TheBugForgetsOffersAtATakeOver) {
  Begin();
  a->Call(SubmitInquiry("i1"));
  a->Settle();
  a->pod->Shutdown(world.now);
  a->Settle();
  PodOptions options;
  options.bugs.forget_offers_on_takeover = true;
  Rig b(world, "b:1", options);
  b.Run(Seconds(1));
  EXPECT_EQ(b.phase(), Phase::kActive);
  EXPECT_EQ(b.state_of("i1"), "");
}

TEST_F(TimeTest, WorkspaceTimeGoesOnOverATakeOver) {
  Begin();
  engine::Time before, after;
  a->Call(Query([&](const engine::Engine& engine) { before = engine.now(); }));
  a->pod->Shutdown(world.now);
  a->Settle();
  Rig b(world, "b:1");
  b.Run(Seconds(1));
  b.Call(Query([&](const engine::Engine& engine) { after = engine.now(); }));
  EXPECT_GE(after, before);
  EXPECT_LE(after.us, kUnixUs + world.now.us);
}

// The state keeps the time of what last happened; who asks what time it is wants the present.
TEST_F(TimeTest, AQueryTellsThePresentTime) {
  Begin();
  engine::Time state;
  const auto ask = Query([&](const engine::Engine& engine) { state = engine.now(); });
  const engine::Time before = As<Done>(a->AnswerTo(a->Call(ask)))->time;
  a->Run(Seconds(3));
  const Done answer = *As<Done>(a->AnswerTo(a->Call(ask)));
  EXPECT_GE(answer.time, state);
  EXPECT_GE(answer.time, before + Seconds(3));
  EXPECT_LE(answer.time.us, kUnixUs + world.now.us);
}

// ---- Sessions -----------------------------------------------------------------------------------

engine::Presence PresenceOf(const Rig& rig) {
  const engine::Engine* engine = rig.pod->EngineOf(kWorkspace);
  return engine->agent(engine->FindAgent("ann")).presence;
}

TEST_F(TimeTest, ASessionWithoutASignOfLifeLapsesAfterItsGrace) {
  Begin();
  a->Call(Available("s1", 1));
  a->Settle();
  a->Run(Seconds(29));
  EXPECT_EQ(PresenceOf(*a), engine::Presence::kAvailable);
  a->Run(Seconds(2));
  EXPECT_EQ(PresenceOf(*a), engine::Presence::kOffline);
  EXPECT_EQ(CountOf("session ended s1"), 1);
}

TEST_F(TimeTest, BeatsKeepSessionsAliveAndAreNeverCommitted) {
  Begin();
  a->Call(Available("s1", 1));
  a->Settle();
  const size_t events = world.Events().size();
  for (int i = 0; i < 10; ++i) {
    a->pod->Beat(kWorkspace, {{"ann", "s1"}, {"ann", "unknown"}, {"nobody", "s1"}}, world.now);
    a->Run(Seconds(20));
  }
  EXPECT_EQ(PresenceOf(*a), engine::Presence::kAvailable);
  EXPECT_EQ(world.Events().size(), events);
}

TEST_F(TimeTest, ATakeOverGivesEverySessionAFullGrace) {
  Begin();
  a->Call(Available("s1", 1));
  a->Settle();
  a.reset();
  Rig b(world, "b:1");
  b.Run(Seconds(11));  // takes over after a lease
  ASSERT_EQ(b.phase(), Phase::kActive);
  b.Run(Seconds(28));
  EXPECT_EQ(PresenceOf(b), engine::Presence::kAvailable);
  b.Run(Seconds(4));
  EXPECT_EQ(PresenceOf(b), engine::Presence::kOffline);
}

TEST_F(TimeTest, ACloseEndsOnlyItsOwnSession) {
  Begin();
  a->Call(Available("old", 1));
  a->Call(Available("new", 1));
  a->Call(engine::Command{engine::CloseSession{"ann", "old"}, "", {}});
  a->Settle();
  EXPECT_EQ(PresenceOf(*a), engine::Presence::kAvailable);
}

TEST_F(TimeTest, TheBugClosesPresenceByAnOldSession) {
  PodOptions options;
  options.bugs.old_session_closes_presence = true;
  Begin(options);
  a->Call(Available("old", 1));
  a->Call(Available("new", 1));
  a->Call(engine::Command{engine::CloseSession{"ann", "old"}, "", {}});
  a->Settle();
  EXPECT_EQ(PresenceOf(*a), engine::Presence::kOffline);
}

// ---- The driven clock ---------------------------------------------------------------------------

TEST_F(TimeTest, AdvanceTimeIsRefusedOnRealTime) {
  Begin();
  EXPECT_TRUE(As<ClockNotDriven>(a->AnswerTo(a->Call(AdvanceTime{{1}}))));
}

TEST_F(TimeTest, ADrivenClockMovesByAdvanceTimeAlone) {
  PodOptions options;
  options.driven_clock = true;
  Begin(options);
  constexpr int64_t kDay = 1'401'062'400'000'000;  // years before the store's time
  a->Call(AdvanceTime{{kDay}});
  a->Call(SubmitInquiry("i1"));
  a->Settle();
  a->Run(Seconds(60));
  EXPECT_EQ(a->state_of("i1"), "offered") << "real time does not count";
  EXPECT_EQ(a->phase(), Phase::kActive) << "the lease is on real time and was renewed";
  a->hold = IsCommit;
  const Ticket advance = a->Call(AdvanceTime{{kDay + 20'000'000}});
  EXPECT_FALSE(a->Answered(advance));
  a->Settle();
  EXPECT_FALSE(a->Answered(advance)) << "what was due is not committed yet";
  a->hold = nullptr;
  a->DeliverHeld();
  a->Settle();
  EXPECT_TRUE(Applied(a->AnswerTo(advance)));
  EXPECT_EQ(CountOf("offer ended 2"), 1);
  const Ticket back = a->Call(AdvanceTime{{kDay}});
  a->Settle();
  EXPECT_EQ(As<Done>(a->AnswerTo(back))->outcome.rejection, engine::Rejection::kInvalidField);
}

TEST_F(TimeTest, ALongAdvanceIsCommittedInBoundedBatches) {
  PodOptions options;
  options.driven_clock = true;
  options.batch_bytes_max = 64;
  Begin(options);
  for (int i = 0; i < 20; ++i) {
    a->Call(SubmitInquiry("i" + std::to_string(i)));
    a->Settle();
  }
  a->log.clear();
  const Ticket advance = a->Call(AdvanceTime{{100'000'000}});
  a->Settle();
  EXPECT_TRUE(Applied(a->AnswerTo(advance)));
  EXPECT_GT(std::count_if(a->log.begin(), a->log.end(), IsCommit), 1);
}

}  // namespace
}  // namespace firstline::runtime
