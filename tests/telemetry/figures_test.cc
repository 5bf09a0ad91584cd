// What each figure means, one definition a test.
#include "services/router/telemetry/figures.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/telemetry/rig.h"

namespace firstline::telemetry {
namespace {

using engine::Author;
using engine::CancelReason;
using engine::Presence;
using engine::Seconds;
using firstline::testing::MakeAgent;
using firstline::testing::Rig;
using firstline::testing::SmallConfig;

constexpr int64_t kSecond = 1'000'000;

uint64_t Ended(const Work& work, Outcome outcome) {
  return work.outcomes[static_cast<size_t>(outcome)];
}
uint64_t Ended(const Work& work, OfferEnd end) { return work.offer_ends[static_cast<size_t>(end)]; }
const ResponseClock& ClockOf(const Work& work, Clock clock) {
  return work.first_response[static_cast<size_t>(clock)];
}
Sum SumOf(std::initializer_list<int64_t> seconds) {
  Sum sum;
  for (const int64_t s : seconds) sum.Add(s * kSecond);
  return sum;
}

// Two agents, one a team, both offline.
class FiguresTest : public ::testing::Test {
 protected:
  void SetUp() override { Start(SmallConfig()); }
  void Start(engine::WorkspaceConfig config) {
    rig.Configure(std::move(config), {MakeAgent("ada", "day"), MakeAgent("bob", "night")});
    rig.Commit();
  }
  // "ada" has it `wait` after it came.
  void Assign(const std::string& id, engine::Span wait, const std::string& channel = "chat") {
    rig.Submit(id, "sales", channel);
    rig.Pass(wait);
    rig.Come("ada");
    rig.Accept(id);
  }
  Rig rig;
};

// ---- Refusals and classifiers -----------------------------------------------------------------

TEST_F(FiguresTest, SubmissionsThatAQueueRefusesAreCountedAtOnceByReason) {
  engine::WorkspaceConfig config = SmallConfig();
  config.queues[0].max_length = 1;
  config.queues[1].refuse_if_nobody = true;
  rig.Configure(config, {MakeAgent("ada", "day")});
  rig.Submit("i1", "sales", "chat");
  const auto submit = [](const std::string& id, const std::string& queue) {
    return engine::Submit{.inquiry_id = id, .channel = "chat", .queue = queue};
  };
  EXPECT_EQ(rig.Try(submit("i2", "sales")).rejection, engine::Rejection::kQueueFull);
  EXPECT_EQ(rig.Try(submit("i2", "sales")).rejection, engine::Rejection::kQueueFull);
  EXPECT_EQ(rig.Try(submit("i3", "welcome")).rejection, engine::Rejection::kNobodyLoggedIn);
  rig.telemetry().Refused("acme", rig.engine(), submit("i4", "sales"),
                          {engine::Rejection::kWaitTooLong, "sales", {}});
  // No queue's doing.
  EXPECT_EQ(rig.Try(submit("i5", "nowhere")).rejection, engine::Rejection::kUnknownQueue);
  EXPECT_EQ(rig.Try(submit("", "sales")).rejection, engine::Rejection::kInvalidField);
  // Neither sealed nor committed: there is nothing to commit.
  EXPECT_EQ(rig.FlowOf("sales", "chat").refused, (std::array<uint64_t, kRefusals>{2, 0, 1}));
  EXPECT_EQ(rig.FlowOf("welcome", "chat").refused, (std::array<uint64_t, kRefusals>{0, 1, 0}));
}

TEST_F(FiguresTest, WhatCameOfTheClassifierIsCountedWithTheInquiry) {
  engine::WorkspaceConfig config = SmallConfig();
  config.external = engine::ExternalConfig{.classifier = "intents"};
  config.rules = {{.id = "rest", .queue = "sales"}};
  rig.Configure(config, {MakeAgent("ada", "day")});
  const auto submit = [&](const std::string& id, engine::ClassifierOutcome outcome) {
    auto advice = std::make_shared<engine::Advice>();
    advice->classifier = "intents";
    advice->outcome = outcome;
    advice->verdict.queue = "welcome";
    EXPECT_TRUE(rig.Try(engine::Submit{.inquiry_id = id, .channel = "chat"}, advice).ok());
  };
  submit("i1", engine::ClassifierOutcome::kVerdict);
  submit("i2", engine::ClassifierOutcome::kVerdict);
  submit("i2", engine::ClassifierOutcome::kDeadline);  // a repeat
  submit("i3", engine::ClassifierOutcome::kDeadline);
  rig.Submit("i4", "sales", "chat");
  EXPECT_EQ(rig.Snapshot().classified, (std::array<uint64_t, engine::kClassifierOutcomes>{}));
  rig.Commit();
  std::array<uint64_t, engine::kClassifierOutcomes> counted{};
  counted[static_cast<size_t>(engine::ClassifierOutcome::kVerdict)] = 2;
  counted[static_cast<size_t>(engine::ClassifierOutcome::kDeadline)] = 1;
  EXPECT_EQ(rig.Snapshot().classified, counted);
}

// ---- First response ---------------------------------------------------------------------------

TEST_F(FiguresTest, FirstReplyStopsThreeClocks) {
  rig.Submit("i", "welcome", "chat");
  rig.Pass(Seconds(3));
  rig.Do(engine::Transfer{"i", "sales", {}, ""});
  rig.Pass(Seconds(10));
  rig.Come("ada");
  rig.Accept("i");
  rig.Pass(Seconds(7));
  rig.Reply("i");
  rig.Commit();
  const Work work = rig.WorkOf("sales", "chat", "day");
  EXPECT_EQ(ClockOf(work, Clock::kCreate).histogram.total, SumOf({20}));
  EXPECT_EQ(ClockOf(work, Clock::kHumanQueue).histogram.total, SumOf({17}));
  EXPECT_EQ(ClockOf(work, Clock::kAssign).histogram.total, SumOf({7}));
  EXPECT_EQ(rig.Agent("ada").from_assign.histogram.total, SumOf({7}));
}

TEST_F(FiguresTest, FirstReplyCountsOnceHoweverOftenItMoves) {
  Assign("i", Seconds(1));
  rig.Reply("i");
  rig.Come("bob");
  rig.Do(engine::Transfer{"i", "sales", {}, ""});
  rig.Accept("i");
  rig.Pass(Seconds(9));
  rig.Reply("i");
  rig.Commit();
  EXPECT_EQ(rig.Queue("sales").first_response[0].histogram.total, SumOf({1}));
  EXPECT_EQ(ClockOf(rig.WorkOf("sales", "chat", "night"), Clock::kCreate).histogram.total.count,
            0u);
}

TEST_F(FiguresTest, WithinTargetIsExactAndInclusive) {
  Assign("exact", Seconds(60));
  rig.Reply("exact");
  rig.Submit("late", "sales", "chat");
  rig.Accept("late");
  rig.Pass(Seconds(60));
  rig.Pass(engine::Microseconds(1));
  rig.Reply("late");
  rig.Commit();
  const Work work = rig.WorkOf("sales", "chat", "day");
  EXPECT_EQ(ClockOf(work, Clock::kCreate).histogram.total.count, 2u);
  EXPECT_EQ(ClockOf(work, Clock::kCreate).within_target, 1u);
}

TEST_F(FiguresTest, WithoutTargetEverythingIsWithin) {
  engine::WorkspaceConfig config = SmallConfig();
  config.queues[0].first_response_target = {};
  Start(config);
  Assign("i", Seconds(5000));
  rig.Reply("i");
  rig.Commit();
  EXPECT_EQ(ClockOf(rig.WorkOf("sales", "chat", "day"), Clock::kCreate).within_target, 1u);
}

TEST_F(FiguresTest, OnLiveChannelsTheAcceptIsTheReply) {
  Assign("call", Seconds(12), "voice");
  rig.Commit();
  const Work work = rig.WorkOf("sales", "voice", "day");
  EXPECT_EQ(ClockOf(work, Clock::kHumanQueue).histogram.total, SumOf({12}));
  EXPECT_EQ(ClockOf(work, Clock::kAssign).histogram.total, SumOf({0}));
}

TEST_F(FiguresTest, BotsAreMeasuredApart) {
  rig.Submit("i", "welcome", "chat");
  rig.Pass(Seconds(2));
  rig.Say("i", Author::kBot);
  rig.Say("i", Author::kBot);
  rig.Close("i");
  rig.Commit();
  const Work work = rig.WorkOf("welcome", "chat", "");
  EXPECT_EQ(work.bot_response.total, SumOf({2}));
  EXPECT_EQ(ClockOf(work, Clock::kCreate).histogram.total.count, 0u);
  EXPECT_EQ(work.reply.count, 0u);
  EXPECT_EQ(Ended(work, Outcome::kClosedWithoutReply), 1u);
}

TEST_F(FiguresTest, WhatNeverGotAReplyIsCountedBesideTheHistogram) {
  Assign("unread", Seconds(1));
  rig.Close("unread");
  rig.Come("ada", Presence::kAway);
  rig.Submit("gone", "sales", "chat");
  rig.Pass(Seconds(30));
  rig.Cancel("gone", CancelReason::kAbandoned);
  rig.Submit("copy", "sales", "chat");
  rig.Cancel("copy", CancelReason::kDuplicate);
  rig.Commit();
  const QueueFigures sales = rig.Queue("sales");
  EXPECT_EQ(sales.first_response[0].histogram.total.count, 0u);
  EXPECT_EQ(sales.closed_without_reply, 1u);
  EXPECT_EQ(sales.closed, 1u);
  EXPECT_EQ(sales.unanswered, 2u);
  EXPECT_EQ(Ended(rig.WorkOf("sales", "chat", "day"), Outcome::kClosedWithoutReply), 1u);
}

// ---- Waits ------------------------------------------------------------------------------------

TEST_F(FiguresTest, AnswerIsTheFirstAssignmentInAQueue) {
  engine::WorkspaceConfig config = SmallConfig();
  config.queues[0].offer_timeout = Seconds(120);
  Start(config);
  Assign("in_time", Seconds(20));
  Assign("late", Seconds(21));  // offered at once: what counts is the accept
  rig.Commit();
  const QueueFigures sales = rig.Queue("sales");
  EXPECT_EQ(sales.answered, 2u);
  EXPECT_EQ(sales.answered_within_target, 1u);
  EXPECT_EQ(sales.answered_wait.count, 2u);
}

TEST_F(FiguresTest, ReassignmentAfterAMissedReplyIsNoSecondAnswer) {
  engine::WorkspaceConfig config = SmallConfig();
  config.queues[0].first_reply_warning = Seconds(20);
  config.queues[0].first_reply_timeout = Seconds(30);
  Start(config);
  Assign("i", Seconds(4));
  rig.Pass(Seconds(30));
  rig.Come("bob");
  rig.Accept("i");
  rig.Commit();
  const QueueFigures sales = rig.Queue("sales");
  EXPECT_EQ(sales.answered, 1u);
  EXPECT_EQ(sales.answered_wait, SumOf({4}));
  EXPECT_EQ(sales.first_reply_warnings, 1u);
  EXPECT_EQ(sales.first_reply_timeouts, 1u);
  EXPECT_EQ(rig.Agent("ada").first_reply_timeouts, 1u);
  EXPECT_EQ(rig.Agent("bob").first_reply_timeouts, 0u);
  EXPECT_EQ(rig.Agent("bob").assignments, 1u);
  // The customer gives up now: already counted as answered, so not as abandoned too.
  rig.Cancel("i", CancelReason::kAbandoned);
  rig.Commit();
  EXPECT_EQ(rig.Queue("sales").abandoned, 0u);
  EXPECT_EQ(rig.Queue("sales").unanswered, 1u);
  EXPECT_EQ(Ended(rig.WorkOf("sales", "chat", "night"), Outcome::kLeft), 1u);
}

TEST_F(FiguresTest, ShortAbandonmentIsApart) {
  rig.Submit("short", "sales", "voice");
  rig.Submit("long", "sales", "voice");
  rig.Pass(Seconds(4));
  rig.Cancel("short", CancelReason::kAbandoned);
  rig.Pass(Seconds(4));
  rig.Cancel("long", CancelReason::kAbandoned);
  rig.Commit();
  const Work work = rig.WorkOf("sales", "voice", "");
  EXPECT_EQ(Ended(work, Outcome::kShortAbandoned), 1u);
  EXPECT_EQ(Ended(work, Outcome::kAbandoned), 1u);
  EXPECT_EQ(rig.Queue("sales").abandoned, 2u);
  EXPECT_EQ(rig.Queue("sales").short_abandoned, 1u);
  EXPECT_EQ(rig.FlowOf("sales", "voice").abandoned_wait.total, SumOf({4, 8}));
}

// Ada, with one unit, takes and closes one inquiry every ten seconds; three more wait behind.
TEST_F(FiguresTest, WaitsForetoldAreHeldAgainstWhatCame) {
  engine::WorkspaceConfig config = SmallConfig();
  for (engine::QueueConfig& queue : config.queues) queue.auto_accept = true;
  rig.Configure(config, {MakeAgent("ada", "day", 1)});
  rig.Come("ada");
  const auto name = [](int i) { return "i" + std::to_string(i); };
  for (int i = 0; i < 4; ++i) rig.Submit(name(i), "sales", "chat");
  for (int i = 0; i < 30; ++i) {
    rig.Pass(Seconds(10));
    rig.Close(name(i));
    rig.Submit(name(i + 4), "sales", "chat");
  }
  rig.Commit();
  const Flow flow = rig.FlowOf("sales", "chat");
  // The first that are told anything are those that come after eight were served from waiting.
  EXPECT_GT(flow.wait_predictions, 15u);
  EXPECT_LT(flow.wait_predictions, 27u);
  // Service is as regular as can be: everybody is within nine of ten.
  EXPECT_EQ(flow.wait_within_p90, flow.wait_predictions);
  EXPECT_LE(flow.wait_within_p50, flow.wait_predictions);
  const QueueFigures queue = rig.Queue("sales");
  EXPECT_EQ(queue.wait_predictions, flow.wait_predictions);
  ASSERT_TRUE(queue.now.expected_wait.has_value());
  EXPECT_NEAR(static_cast<double>(queue.now.expected_wait->p50.us) / kSecond, 40, 6);
  EXPECT_NE(rig.Text().find("firstline_expected_wait_seconds{workspace=\"acme\",queue=\"sales\","
                            "share=\"0.5\"}"),
            std::string::npos);
}

// ---- Conversation -----------------------------------------------------------------------------

TEST_F(FiguresTest, ReplyTimeRunsFromTheOldestUnansweredMessage) {
  Assign("i", Seconds(2));
  rig.Reply("i");  // 2 s after the submission, which is the first message
  rig.Say("i", Author::kCustomer);
  rig.Pass(Seconds(10));
  rig.Say("i", Author::kCustomer);
  rig.Pass(Seconds(5));
  rig.Reply("i");  // 15 s
  rig.Reply("i");  // answers nothing
  rig.Commit();
  EXPECT_EQ(rig.WorkOf("sales", "chat", "day").reply, SumOf({2, 15}));
  EXPECT_EQ(rig.Agent("ada").reply, SumOf({2, 15}));
}

TEST_F(FiguresTest, HandleTimeLeavesOutParkingAndWrapUp) {
  engine::WorkspaceConfig config = SmallConfig();
  config.queues[0].wrap_up = Seconds(30);
  Start(config);
  Assign("i", Seconds(1));
  rig.Reply("i");
  rig.Pass(Seconds(40));
  rig.Do(engine::Park{"i"});
  rig.Pass(Seconds(600));
  rig.Do(engine::Resume{"i"});
  rig.Pass(Seconds(10));
  rig.Close("i");
  rig.Pass(Seconds(12));
  rig.Do(engine::FinishWrapUp{"ada", "i"});
  rig.Commit();
  const Work work = rig.WorkOf("sales", "chat", "day");
  EXPECT_EQ(work.handle, SumOf({50}));
  EXPECT_EQ(work.wrap_up, SumOf({12}));
  EXPECT_EQ(rig.Queue("sales").handle, SumOf({62}));  // AHT
  EXPECT_EQ(rig.Agent("ada").handled, 1u);
}

TEST_F(FiguresTest, FeedbackGoesToWhoeverHadItLast) {
  Assign("i", Seconds(1));
  rig.Reply("i");
  rig.Close("i");
  rig.Do(engine::RecordFeedback{"i", 4, true});
  rig.Commit();
  const Work work = rig.WorkOf("sales", "chat", "day");
  EXPECT_EQ(work.csat, (std::array<uint64_t, 5>{0, 0, 0, 1, 0}));
  EXPECT_EQ(work.feedback_resolved, 1u);
  EXPECT_EQ(rig.Agent("ada").csat, (Sum{1, 4}));
}

// ---- Offers and moves -------------------------------------------------------------------------

TEST_F(FiguresTest, EveryOfferEndsOneWay) {
  rig.Come("ada");
  rig.Submit("a", "sales", "chat");
  rig.Decline("a");
  rig.Submit("b", "sales", "chat");
  rig.Pass(Seconds(20));  // expires
  rig.Submit("c", "sales", "chat");
  rig.Cancel("c", CancelReason::kWithdrawn);
  rig.Submit("d", "sales", "chat");
  rig.Come("ada", Presence::kOffline);
  rig.Commit();
  const Work work = rig.WorkOf("sales", "chat", "day");
  EXPECT_EQ(work.offers, 4u);
  EXPECT_EQ(Ended(work, OfferEnd::kDeclined), 1u);
  EXPECT_EQ(Ended(work, OfferEnd::kExpired), 1u);
  EXPECT_EQ(Ended(work, OfferEnd::kRescinded), 1u);
  EXPECT_EQ(Ended(work, OfferEnd::kAgentLost), 1u);
  EXPECT_EQ(rig.Agent("ada").misses, 1u);
  const Flow flow = rig.FlowOf("sales", "chat");
  EXPECT_EQ(flow.submitted, 4u);
  EXPECT_EQ(flow.enqueued[static_cast<size_t>(engine::EnqueueCause::kDeclined)], 1u);
  EXPECT_EQ(flow.enqueued[static_cast<size_t>(engine::EnqueueCause::kExpired)], 1u);
  EXPECT_EQ(flow.enqueued[static_cast<size_t>(engine::EnqueueCause::kAgentLost)], 1u);
}

TEST_F(FiguresTest, AssignmentsByHandEndNoOffer) {
  rig.Come("ada", Presence::kAway);
  for (int i = 0; i < 20; ++i) {
    const std::string id = absl::StrCat("i", i);
    rig.Submit(id, "sales", "chat");
    rig.Do(engine::AssignTo{id, "ada", false,
                            {engine::Override::kPresence, engine::Override::kCapacity}, "by hand"});
  }
  rig.Commit();
  const Work work = rig.WorkOf("sales", "chat", "day");
  EXPECT_EQ(work.assignments, 20u);
  EXPECT_EQ(work.offers, 0u);
  EXPECT_EQ(Ended(work, OfferEnd::kAccepted) + Ended(work, OfferEnd::kAutoAccepted), 0u);
  // What somebody gave beyond the capacity is no violation of it.
  EXPECT_GT(rig.engine().agent(rig.engine().FindAgent("ada")).used, 10);
  EXPECT_EQ(rig.Snapshot().capacity_violations, 0u);
}

TEST_F(FiguresTest, AutoAcceptedOffersAreNeverMade) {
  engine::WorkspaceConfig config = SmallConfig();
  config.queues[0].auto_accept = true;
  Start(config);
  rig.Come("ada");
  rig.Submit("i", "sales", "chat");
  rig.Commit();
  const Work work = rig.WorkOf("sales", "chat", "day");
  EXPECT_EQ(work.offers, 0u);
  EXPECT_EQ(Ended(work, OfferEnd::kAutoAccepted), 1u);
  EXPECT_EQ(work.assignments, 1u);
}

TEST_F(FiguresTest, OverflowsAndTransfersAreCountedWhereTheyLeave) {
  engine::WorkspaceConfig config = SmallConfig();
  engine::StepConfig relax, overflow;
  relax.after = Seconds(5);
  relax.lower_levels = 1;
  overflow.after = Seconds(10);
  overflow.overflow_to = "sales";
  config.queues[1].steps = {relax, overflow};
  Start(config);
  rig.Submit("moved", "welcome", "chat");
  rig.Pass(Seconds(10));
  rig.Submit("sent", "welcome", "chat");
  rig.Do(engine::Transfer{"sent", "sales", {}, ""});
  rig.Commit();
  const Flow welcome = rig.FlowOf("welcome", "chat");
  EXPECT_EQ(welcome.steps[1], 1u);
  EXPECT_EQ(welcome.steps[2], 1u);
  EXPECT_EQ(welcome.overflowed_out, 1u);
  EXPECT_EQ(welcome.transferred_out, 1u);
  const Flow sales = rig.FlowOf("sales", "chat");
  EXPECT_EQ(sales.submitted, 0u);
  EXPECT_EQ(sales.enqueued[static_cast<size_t>(engine::EnqueueCause::kOverflowed)], 1u);
  EXPECT_EQ(sales.enqueued[static_cast<size_t>(engine::EnqueueCause::kTransferred)], 1u);
}

// ---- Capacity ---------------------------------------------------------------------------------

TEST_F(FiguresTest, OccupancyIntegratesUnits) {
  rig.Come("ada");  // 2 units
  rig.Pass(Seconds(10));
  rig.Submit("i", "sales", "chat");  // 1 unit, offered
  rig.Pass(Seconds(5));
  rig.Accept("i");
  rig.Pass(Seconds(5));
  rig.Close("i");
  rig.Pass(Seconds(10));
  rig.Come("ada", Presence::kOffline);
  rig.Pass(Seconds(100));
  rig.Commit();
  const AgentFigures ada = rig.Agent("ada");
  EXPECT_EQ(ada.logged_in_us, 30 * kSecond);
  EXPECT_EQ(ada.busy_unit_us, 10 * kSecond);
  EXPECT_EQ(ada.capacity_unit_us, 60 * kSecond);
  const WorkspaceSnapshot snapshot = rig.Snapshot();
  const auto day = std::find_if(snapshot.loads.begin(), snapshot.loads.end(),
                                [](const TeamLoad& load) { return load.team == "day"; });
  ASSERT_NE(day, snapshot.loads.end());
  EXPECT_EQ(day->busy_unit_us, 10 * kSecond);
  EXPECT_EQ(day->capacity_unit_us, 60 * kSecond);
}

TEST_F(FiguresTest, OccupancyNeverRunsBackwardsOverUncommittedChanges) {
  rig.Come("ada");
  rig.Submit("i", "sales", "chat");
  rig.Accept("i");
  rig.Commit();
  rig.Pass(Seconds(10));
  rig.Close("i");  // not committed yet: 10 s are sure, what comes after is not
  rig.Pass(Seconds(10));
  EXPECT_EQ(rig.Agent("ada").busy_unit_us, 10 * kSecond);
  rig.Commit();
  EXPECT_EQ(rig.Agent("ada").busy_unit_us, 10 * kSecond);
}

TEST(CapacityTest, ExcessIsSeenInTotalAndByChannel) {
  engine::Agent agent;
  agent.units = 3;
  agent.channel_units.fill(3);
  agent.channel_units[1] = 1;
  agent.used = 3;
  agent.channel_used[1] = 1;
  EXPECT_TRUE(IsWithinCapacity(agent, engine::ChannelIx{1}));
  agent.channel_used[1] = 2;
  EXPECT_FALSE(IsWithinCapacity(agent, engine::ChannelIx{1}));
  EXPECT_TRUE(IsWithinCapacity(agent, engine::ChannelIx{0}));
  agent.used = 4;
  EXPECT_FALSE(IsWithinCapacity(agent, engine::ChannelIx{0}));
}

TEST_F(FiguresTest, ExcessLeftByConfigurationIsNoViolation) {
  rig.Come("ada");
  rig.Submit("a", "sales", "chat");
  rig.Submit("b", "sales", "chat");
  rig.Do(engine::UpsertAgents{{MakeAgent("ada", "day", 1)}});
  rig.Accept("a");
  rig.Accept("b");
  rig.Commit();
  EXPECT_EQ(rig.Snapshot().capacity_violations, 0u);
}

}  // namespace
}  // namespace firstline::telemetry
