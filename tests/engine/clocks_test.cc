// The measuring clocks and the deadlines of people: first response on three clocks, response spans,
// first-reply timeout, wrap-up, back-off, offers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/workbench.h"

namespace firstline::engine::proof {
namespace {

using ::testing::Contains;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

// A workspace whose first queue is changed by `change`.
template <class Change>
WorkspaceConfig With(const Change& change) {
  WorkspaceConfig config = Workbench::SmallWorkspace();
  change(config.queues[0]);
  return config;
}

// ---- First response -----------------------------------------------------------------------------

TEST(FirstResponseTest, ThreeClocks) {
  WorkspaceConfig config = Workbench::SmallWorkspace();
  config.queues[1].kind = QueueKind::kBot;
  config.queues[0].offer_timeout = config.queues[1].offer_timeout = Seconds(100);
  Workbench bench(config);
  bench.AddAgent({.id = "bot", .kind = AgentKind::kBot, .memberships = {{.queue = "other"}}});
  bench.Do(SetPresence{.agent_id = "bot"});
  bench.Submit("i1", "chat", "other");  // created at 0 in a bot queue
  bench.Accept("i1");
  bench.Advance(Seconds(3));
  bench.Message("i1", "m1", Author::kAgent);
  const auto* by_bot = bench.Find<FirstResponded>();
  ASSERT_NE(by_bot, nullptr);
  EXPECT_TRUE(by_bot->by_bot);
  EXPECT_EQ(by_bot->from_create, Seconds(3));
  EXPECT_EQ(by_bot->from_human_queue, Microseconds(-1));

  bench.Advance(Seconds(7));
  bench.Do(Transfer{"i1", "q"});  // the human queue is entered at 10
  bench.Advance(Seconds(5));
  bench.Online("a1");  // offered at 15
  bench.Advance(Seconds(2));
  bench.Accept("i1");  // assigned at 17
  EXPECT_EQ(bench.Find<FirstResponded>(), nullptr) << "an accept is no reply on messaging";
  bench.Advance(Seconds(4));
  bench.Message("i1", "m2", Author::kAgent);  // replied at 21
  const auto* first = bench.Find<FirstResponded>();
  ASSERT_NE(first, nullptr);
  EXPECT_FALSE(first->by_bot);
  EXPECT_EQ(first->from_create, Seconds(21));
  EXPECT_EQ(first->from_human_queue, Seconds(11));
  EXPECT_EQ(first->from_assign, Seconds(4));

  bench.Message("i1", "m3", Author::kAgent);
  EXPECT_EQ(bench.Find<FirstResponded>(), nullptr) << "once an inquiry";
}

TEST(FirstResponseTest, LiveChannelsCountTheAccept) {
  Workbench bench;
  bench.Submit("i1", "voice");
  bench.Advance(Seconds(6));
  bench.Online("a1", 2);
  bench.Advance(Seconds(2));
  bench.Accept("i1");
  const auto* first = bench.Find<FirstResponded>();
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(first->from_create, Seconds(8));
  EXPECT_EQ(first->from_human_queue, Seconds(8));
  EXPECT_EQ(first->from_assign, Seconds(0));
}

TEST(FirstResponseTest, ClosingUnansweredIsNoResponse) {
  Workbench bench;
  bench.Online("a1");
  bench.Submit("i1");
  bench.Accept("i1");
  bench.Do(Close{"i1"});
  EXPECT_EQ(bench.Find<FirstResponded>(), nullptr);
  ASSERT_NE(bench.Find<InquiryClosed>(), nullptr);
  EXPECT_FALSE(bench.Find<InquiryClosed>()->answered);
  EXPECT_FALSE(bench.Get("i1").first_response_time.IsSet());
}

TEST(FirstResponseTest, ACustomersMessageIsNoResponse) {
  Workbench bench;
  bench.Online("a1");
  bench.Submit("i1");
  bench.Accept("i1");
  bench.Message("i1", "m1", Author::kCustomer);
  EXPECT_EQ(bench.Find<FirstResponded>(), nullptr);
}

TEST(FirstResponseTest, AMessageOfTheBotIsMeasuredApart) {
  Workbench bench;
  bench.Submit("i1");
  bench.Advance(Seconds(1));
  bench.Message("i1", "m1", Author::kBot);
  ASSERT_NE(bench.Find<FirstResponded>(), nullptr);
  EXPECT_TRUE(bench.Find<FirstResponded>()->by_bot);
  EXPECT_FALSE(bench.Get("i1").first_response_time.IsSet());
  EXPECT_TRUE(bench.Get("i1").bot_response_time.IsSet());
}

// ---- Response spans -----------------------------------------------------------------------------

TEST(ResponseTest, CountsFromTheOldestUnansweredMessage) {
  Workbench bench;
  bench.Online("a1");
  bench.Submit("i1");  // the submit is the first unanswered message
  bench.Accept("i1");
  bench.Advance(Seconds(2));
  bench.Message("i1", "m1", Author::kAgent);
  EXPECT_EQ(bench.Find<MessageRecorded>()->response, Seconds(2));
  bench.Message("i1", "m2", Author::kAgent);
  EXPECT_EQ(bench.Find<MessageRecorded>()->response, Microseconds(-1)) << "nothing to answer";
  bench.Advance(Seconds(10));
  bench.Message("i1", "m3", Author::kCustomer);
  bench.Advance(Seconds(3));
  bench.Message("i1", "m4", Author::kCustomer);
  bench.Advance(Seconds(4));
  bench.Message("i1", "m5", Author::kAgent);
  EXPECT_EQ(bench.Find<MessageRecorded>()->response, Seconds(7));
}

TEST(ResponseTest, TheCallersClockIsKeptBesideAndNotUsed) {
  Workbench bench;
  bench.Online("a1");
  bench.Submit("i1");
  bench.Accept("i1");
  bench.Advance(Seconds(5));
  const Time said = bench.now() - Seconds(2);
  bench.Do(RecordMessage{"i1", "m1", Author::kAgent, "a1"}, "", said);
  EXPECT_EQ(bench.Find<MessageRecorded>()->when, said);
  EXPECT_EQ(bench.Find<MessageRecorded>()->response, Seconds(5));
}

// ---- First-reply timeout ------------------------------------------------------------------------

TEST(FirstReplyTest, WarnsThenReturnsToTheFrontWithItsAge) {
  Workbench bench(With([](QueueConfig& q) {
    q.first_reply_warning = Seconds(5);
    q.first_reply_timeout = Seconds(8);
  }));
  bench.Online("a1");
  bench.Submit("old");
  bench.Accept("old");
  bench.Advance(Seconds(1));
  bench.Submit("young");
  bench.Advance(Microseconds(3'999'999));
  EXPECT_THAT(bench.Lines(), Not(Contains(HasSubstr("first-reply-warned"))));
  bench.Advance(Microseconds(1));
  EXPECT_THAT(bench.Lines(), Contains("5s first-reply-warned old a1 queue=q"));
  bench.Advance(Seconds(3));
  EXPECT_THAT(bench.Lines(), Contains("8s first-reply-timed-out old a1 queue=q"));
  EXPECT_THAT(bench.Lines(), Contains(HasSubstr("enqueued old queue=q cause=first_reply_timeout")));
  // The agent lost it for a while, so another may have it first; it keeps its arrival.
  EXPECT_EQ(bench.Get("old").create_time, Workbench::kStart);
  EXPECT_EQ(bench.GetAgent("a1").misses, 1);
  bench.Online("a2");
  EXPECT_EQ(bench.AgentOf("old"), "a2");
}

TEST(FirstReplyTest, AReplyInTimeStopsIt) {
  Workbench bench(With([](QueueConfig& q) {
    q.first_reply_warning = Seconds(5);
    q.first_reply_timeout = Seconds(8);
  }));
  bench.Online("a1");
  bench.Submit("i1");
  bench.Accept("i1");
  bench.Advance(Seconds(4));
  bench.Message("i1", "m1", Author::kAgent);
  bench.Advance(Seconds(100));
  EXPECT_TRUE(bench.Lines().empty());
  EXPECT_EQ(bench.StateOf("i1"), InquiryState::kAssigned);
}

TEST(FirstReplyTest, ACustomersMessageDoesNotStopIt) {
  Workbench bench(With([](QueueConfig& q) { q.first_reply_timeout = Seconds(8); }));
  bench.Online("a1");
  bench.Submit("i1");
  bench.Accept("i1");
  bench.Message("i1", "m1", Author::kCustomer);
  bench.Advance(Seconds(8));
  EXPECT_THAT(bench.Lines(), Contains(HasSubstr("first-reply-timed-out i1")));
}

TEST(FirstReplyTest, LiveChannelsHaveNone) {
  Workbench bench(With([](QueueConfig& q) { q.first_reply_timeout = Seconds(8); }));
  bench.Online("a1", 2);
  bench.Submit("i1", "voice");
  bench.Accept("i1");
  bench.Advance(Seconds(60));
  EXPECT_EQ(bench.StateOf("i1"), InquiryState::kAssigned);
}

// ---- Wrap-up ------------------------------------------------------------------------------------

TEST(WrapUpTest, HoldsTheUnitsUntilItEnds) {
  Workbench bench(With([](QueueConfig& q) { q.wrap_up = Seconds(10); }));
  bench.Online("a1");
  bench.Submit("i1");
  bench.Accept("i1");
  bench.Do(Close{"i1"});
  bench.Submit("i2");
  EXPECT_EQ(bench.StateOf("i2"), InquiryState::kWaiting);
  EXPECT_EQ(bench.GateOf("a1"), Gate::kCapacity);
  bench.Advance(Microseconds(9'999'999));
  EXPECT_EQ(bench.StateOf("i2"), InquiryState::kWaiting);
  bench.Advance(Microseconds(1));
  EXPECT_THAT(bench.Lines(), Contains("10s wrap-up-finished a1 i1 queue=q duration=10s"));
  EXPECT_EQ(bench.AgentOf("i2"), "a1");
}

TEST(WrapUpTest, CanBeFinishedEarly) {
  Workbench bench(With([](QueueConfig& q) { q.wrap_up = Seconds(10); }));
  bench.Online("a1");
  bench.Submit("i1");
  bench.Accept("i1");
  bench.Do(Close{"i1"});
  bench.Submit("i2");
  bench.Advance(Seconds(3));
  EXPECT_TRUE(bench.Do(FinishWrapUp{"a1", "i1"}).ok());
  EXPECT_THAT(bench.Lines(), Contains("3s wrap-up-finished a1 i1 queue=q duration=3s early"));
  EXPECT_EQ(bench.AgentOf("i2"), "a1");
  EXPECT_EQ(bench.Reject(FinishWrapUp{"a1", "i1"}), Rejection::kNoWrapUp);
}

TEST(WrapUpTest, TheMembershipsComesBeforeTheQueues) {
  Workbench bench(With([](QueueConfig& q) { q.wrap_up = Seconds(10); }));
  bench.AddAgent({.id = "a1", .units = 2, .memberships = {{.queue = "q", .wrap_up = Seconds(2)}}});
  bench.Do(SetPresence{.agent_id = "a1"});
  bench.Submit("i1");
  bench.Accept("i1");
  bench.Do(Close{"i1"});
  ASSERT_NE(bench.Find<WrapUpStarted>(), nullptr);
  EXPECT_EQ(bench.Find<WrapUpStarted>()->until, bench.now() + Seconds(2));
}

TEST(WrapUpTest, AnUnacceptedOfferLeavesNone) {
  Workbench bench(With([](QueueConfig& q) { q.wrap_up = Seconds(10); }));
  bench.Online("a1");
  bench.Submit("i1");
  bench.Do(Cancel{"i1"});
  EXPECT_EQ(bench.Find<WrapUpStarted>(), nullptr);
  EXPECT_EQ(bench.GateOf("a1"), Gate::kNone);
}

// ---- Offers, misses, back-off -------------------------------------------------------------------

TEST(OfferTest, ExpiresAtItsTimeAndNotBefore) {
  Workbench bench(With([](QueueConfig& q) { q.offer_timeout = Seconds(20); }));
  bench.Online("a1");
  bench.Submit("i1");
  bench.Advance(Microseconds(19'999'999));
  EXPECT_EQ(bench.StateOf("i1"), InquiryState::kOffered);
  // A command at the very moment comes before the timer.
  bench.Advance({});
  EXPECT_TRUE(bench.engine().Apply(bench.now() + Microseconds(1), {Accept{"i1", 1, "a1"}}).ok());
}

TEST(OfferTest, AnExpiredOfferCannotBeAccepted) {
  Workbench bench;
  bench.Online("a1");
  bench.Submit("i1");
  bench.Advance(Seconds(20));
  EXPECT_THAT(bench.Lines(), Contains("20s offer-ended i1 a1 queue=q n=1 outcome=expired"));
  EXPECT_EQ(bench.Reject(Accept{"i1", 1, "a1"}), Rejection::kOfferEnded);
  EXPECT_EQ(bench.GetAgent("a1").misses, 1);
}

TEST(OfferTest, ADeclineIsNoMissAndBarsTheAgentForAsLongAsItSaid) {
  Workbench bench;
  bench.Online("a1");
  bench.Submit("i1");
  bench.Do(Decline{"i1", 1, "a1", Seconds(30)});
  EXPECT_EQ(bench.StateOf("i1"), InquiryState::kWaiting);
  EXPECT_EQ(bench.GetAgent("a1").misses, 0);
  bench.Submit("i2");
  EXPECT_EQ(bench.AgentOf("i2"), "a1") << "only this inquiry is barred";
  bench.Do(Cancel{"i2"});
  bench.Advance(Microseconds(29'999'999));
  EXPECT_EQ(bench.StateOf("i1"), InquiryState::kWaiting);
  bench.Advance(Microseconds(1));
  EXPECT_EQ(bench.AgentOf("i1"), "a1");
  bench.Do(Decline{"i1", 2, "a1", {}});
  bench.Advance(Seconds(24 * 3600));
  EXPECT_EQ(bench.StateOf("i1"), InquiryState::kWaiting) << "declined for good";
}

WorkspaceConfig BackingOff() {
  WorkspaceConfig config = Workbench::SmallWorkspace();
  config.queues[0].offer_timeout = Seconds(1);
  config.settings.back_off = {2, Seconds(30), Seconds(100)};
  return config;
}
// The agent lets offers of fresh inquiries expire.
void Miss(Workbench& bench, int times) {
  static int serial = 0;
  for (int n = 0; n < times; ++n) {
    const std::string id = "missed" + std::to_string(++serial);
    bench.Submit(id);
    ASSERT_EQ(bench.StateOf(id), InquiryState::kOffered);
    bench.Advance(Seconds(1));
    bench.Do(Cancel{id});
  }
}

TEST(BackOffTest, DoublesWithEveryRunUpToTheMaximum) {
  Workbench bench(BackingOff());
  bench.Online("a1");
  for (const int expected : {30, 60, 100, 100}) {
    Miss(bench, 1);
    EXPECT_EQ(bench.GateOf("a1"), Gate::kNone);
    Miss(bench, 1);
    EXPECT_EQ(bench.GateOf("a1"), Gate::kBackOff);
    EXPECT_EQ(bench.GetAgent("a1").back_off_until, bench.now() + Seconds(expected));
    bench.Advance(Seconds(expected) - Microseconds(1));
    EXPECT_EQ(bench.GateOf("a1"), Gate::kBackOff);
    bench.Advance(Microseconds(1));
    EXPECT_THAT(bench.Lines(), Contains(EndsWith("back-off-ended a1")));
    EXPECT_EQ(bench.GateOf("a1"), Gate::kNone);
  }
}

TEST(BackOffTest, AnAnswerWipesTheSlate) {
  Workbench bench(BackingOff());
  bench.Online("a1");
  Miss(bench, 2);
  bench.Advance(Seconds(30));
  Miss(bench, 1);
  bench.Submit("i1");
  bench.Accept("i1");
  bench.Message("i1", "m1", Author::kAgent);
  EXPECT_EQ(bench.GetAgent("a1").misses, 0);
  EXPECT_EQ(bench.GetAgent("a1").back_off_count, 0);
  bench.Do(Close{"i1"});
  Miss(bench, 2);
  EXPECT_EQ(bench.GetAgent("a1").back_off_until, bench.now() + Seconds(30));
}

// ---- Time lost without commits ------------------------------------------------------------------

TEST(ExtendTest, MovesPeoplesDeadlinesOnly) {
  WorkspaceConfig config = Workbench::SmallWorkspace();
  config.queues[0].wrap_up = Seconds(30);
  config.queues[0].steps = {{.after = Seconds(40), .lower_levels = 1}};
  Workbench bench(config);
  bench.Online("a1", 3);
  bench.Submit("wrapping");
  bench.Accept("wrapping");
  bench.Do(Close{"wrapping"});
  bench.Submit("offered");
  bench.Do(engine::Submit{.inquiry_id = "waiting",
                          .channel = "chat",
                          .queue = "q",
                          .requirement = {.skills = {{"rare", 9}}}});
  bench.Do(Extend{Seconds(15)});
  bench.Advance(Seconds(34));
  EXPECT_EQ(bench.StateOf("offered"), InquiryState::kOffered);
  bench.Advance(Seconds(1));
  EXPECT_THAT(bench.Lines(), Contains(HasSubstr("35s offer-ended offered a1")));
  bench.Advance(Seconds(5));
  EXPECT_THAT(bench.Lines(), Contains("40s step waiting queue=q step=1")) << "steps measure";
  EXPECT_EQ(bench.GetAgent("a1").wrap_ups.size(), 1u);
  bench.Advance(Seconds(5));
  EXPECT_THAT(bench.Lines(), Contains(HasSubstr("45s wrap-up-finished a1 wrapping")));
}

// Also where the event changes no record of its own.
TEST(ExtendTest, TimeOfItsEventIsStored) {
  Workbench bench;
  bench.engine().TakeChanges();
  bench.Do(Extend{Seconds(15)});
  EXPECT_TRUE(bench.engine().TakeChanges().counters);
}

TEST(TimeTest, NeverRunsBackwards) {
  Workbench bench;
  bench.Advance(Seconds(10));
  const Outcome outcome = bench.engine().Apply(
      Workbench::kStart, {Submit{.inquiry_id = "i1", .channel = "chat", .queue = "q"}});
  EXPECT_EQ(outcome.receipt.apply_time, bench.now());
  EXPECT_EQ(bench.Get("i1").create_time, bench.now());
}

}  // namespace
}  // namespace firstline::engine::proof
