// The checker finds each mistake that is planted in a history, names it, and finds none in the
// histories without one.
#include "services/cli/check/stream_checker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/cli/judged_tape.h"

namespace firstline::check {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Two agents, ann for both queues and bob for sales; four calls, served by the rules.
EventTape GoodDay() {
  EventTape tape;
  tape.Workspace({QueueFor("sales"), QueueFor("care")});
  tape.Agent("ann", {"sales", "care"});
  tape.Agent("bob", {"sales"});
  tape.At(1010);
  tape.Submit("c1", "sales");
  tape.Assign("c1", "ann");
  tape.At(1020);
  tape.Submit("c2", "care");  // waits: bob may not
  tape.At(1030);
  tape.Submit("c3", "sales");
  tape.Assign("c3", "bob");
  tape.At(1035);
  tape.Submit("c4", "sales");
  tape.At(1040);
  tape.Close("c1", "ann");
  tape.Assign("c2", "ann");  // c2 came before c4
  tape.At(1050);
  tape.Close("c3", "bob");
  tape.Assign("c4", "bob");
  tape.At(1060);
  tape.Close("c2", "ann");
  tape.Close("c4", "bob");
  tape.Presence("ann", v1::PRESENCE_OFFLINE);
  return tape;
}

TEST(StreamChecker, FindsNothingInAGoodDay) {
  EventTape tape = GoodDay();
  EXPECT_THAT(Judge(tape, kForbidden, {"c1", "c2", "c3", "c4"}), IsEmpty());
}

TEST(StreamChecker, CountsWhatItSaw) {
  EventTape tape = GoodDay();
  StreamChecker checker;
  for (const v1::Event& event : tape.events()) checker.Add(event);
  EXPECT_EQ(checker.totals().events, tape.events().size());
  EXPECT_EQ(checker.totals().inquiries, 4u);
  EXPECT_EQ(checker.totals().assignments, 4u);
  EXPECT_EQ(checker.totals().closed, 4u);
}

// ---- Planted violations -------------------------------------------------------------------------

TEST(StreamChecker, FindsADoubledAssignment) {
  EventTape tape = GoodDay();
  tape.At(1070);
  tape.Presence("ann", v1::PRESENCE_AVAILABLE);
  tape.Submit("c5", "sales");
  tape.Assign("c5", "ann");
  tape.Assign("c5", "bob");
  tape.Close("c5", "bob");
  EXPECT_THAT(Judge(tape), ElementsAre("acceptance c5"));
}

TEST(StreamChecker, FindsAnAgentOverCapacity) {
  EventTape tape = GoodDay();
  tape.At(1070);
  tape.Submit("c5", "sales");
  tape.Assign("c5", "bob");
  tape.At(1071);
  tape.Submit("c6", "sales");
  tape.Assign("c6", "bob");
  tape.At(1072);
  tape.Close("c5", "bob");
  tape.Close("c6", "bob");
  EXPECT_THAT(Judge(tape), ElementsAre("capacity c6"));
}

TEST(StreamChecker, FindsAnAgentOverTheCapacityOfAChannel) {
  EventTape tape;
  tape.Workspace({QueueFor("sales")});
  v1::Agent ann;
  ann.set_id("ann");
  ann.add_skills()->set_skill("sales");
  ann.mutable_skills(0)->set_level(5);
  ann.mutable_capacity()->set_units(5);
  (*ann.mutable_capacity()->mutable_per_channel())["voice"] = 1;
  tape.Agent(ann);
  tape.Submit("c1", "sales");
  tape.Assign("c1", "ann");
  tape.Submit("c2", "sales");
  tape.Assign("c2", "ann");
  EXPECT_THAT(Judge(tape, kAllowed), ElementsAre("capacity c2"));
}

TEST(StreamChecker, FindsAnUnskilledAgent) {
  EventTape tape = GoodDay();
  tape.At(1070);
  tape.Submit("c5", "care");
  tape.Assign("c5", "bob");
  tape.Close("c5", "bob");
  EXPECT_THAT(Judge(tape), ElementsAre("qualified c5"));
}

TEST(StreamChecker, FindsAnAgentWhoIsNoMember) {
  EventTape tape;
  tape.Workspace({QueueFor("sales")});
  v1::Agent ann;
  ann.set_id("ann");
  ann.add_skills()->set_skill("sales");
  ann.mutable_skills(0)->set_level(5);
  ann.add_memberships()->set_queue("care");
  tape.Agent(ann);
  tape.Submit("c1", "sales");
  tape.Assign("c1", "ann");
  tape.Close("c1", "ann");
  EXPECT_THAT(Judge(tape), ElementsAre("qualified c1"));
}

TEST(StreamChecker, FindsAnOvertakenInquiry) {
  EventTape tape = GoodDay();
  tape.Presence("bob", v1::PRESENCE_OFFLINE);
  tape.At(1070);
  tape.Submit("c5", "sales");
  tape.At(1071);
  tape.Submit("c6", "sales");
  tape.At(1080);
  tape.Presence("ann", v1::PRESENCE_AVAILABLE);
  tape.Assign("c6", "ann");
  tape.At(1090);
  tape.Close("c6", "ann");
  tape.Assign("c5", "ann");
  tape.Close("c5", "ann");
  EXPECT_THAT(Judge(tape), ElementsAre("order c6"));
}

TEST(StreamChecker, FindsAnInquiryOvertakenAcrossQueues) {
  EventTape tape = GoodDay();
  tape.At(1070);
  tape.Submit("c5", "care");
  tape.At(1071);
  tape.Presence("bob", v1::PRESENCE_OFFLINE);
  tape.Submit("c6", "sales");
  tape.At(1080);
  tape.Presence("ann", v1::PRESENCE_AVAILABLE);
  tape.Assign("c6", "ann");
  EXPECT_THAT(Judge(tape, kAllowed), ElementsAre("order c6"));
}

TEST(StreamChecker, FindsAnInquiryThatNeverEnds) {
  EventTape tape = GoodDay();
  tape.Remove([](const v1::Event& e) { return e.inquiry_id() == "c4" && e.has_inquiry_closed(); });
  EXPECT_THAT(Judge(tape), ElementsAre("lost c4"));
}

TEST(StreamChecker, FindsAnInquiryThatGoesNowhere) {
  EventTape tape;
  tape.Workspace({QueueFor("sales")});
  tape.Agent("ann", {"sales"});
  tape.Submit("c1", "sales");
  tape.Offer("c1", "ann");
  tape.At(1020);
  tape.EndOffer("c1", "ann", v1::OFFER_OUTCOME_EXPIRED);  // and nobody enqueues it
  tape.At(1021);
  tape.Submit("c2", "sales");
  tape.Assign("c2", "ann");
  EXPECT_THAT(Judge(tape, kAllowed), ElementsAre("lost c1"));
}

TEST(StreamChecker, FindsAnInquiryThatWasAcknowledgedAndNeverAppeared) {
  EventTape tape = GoodDay();
  EXPECT_THAT(Judge(tape, kForbidden, {"c1", "c9"}), ElementsAre("lost c9"));
}

TEST(StreamChecker, FindsAnInquiryPurgedWhileItIsOpen) {
  EventTape tape = GoodDay();
  tape.At(1070);
  tape.Submit("c5", "care");
  tape.At(1071);
  tape.Next("c5").mutable_inquiry_purged();
  EXPECT_THAT(Judge(tape), ElementsAre("lost c5"));
}

TEST(StreamChecker, FindsAnIdleAgentWhileSomebodyWaits) {
  EventTape tape = GoodDay();
  tape.At(1070);
  tape.Submit("c5", "sales");  // bob is free
  tape.At(1080);
  tape.Assign("c5", "bob");
  tape.Close("c5", "bob");
  EXPECT_THAT(Judge(tape), ElementsAre("idle c5"));
}

TEST(StreamChecker, FindsAnAgentWhoStaysIdleAfterACall) {
  EventTape tape = GoodDay();
  // ann closes c1 at 1040 and is not given c2, but at 1050 only.
  for (v1::Event& event : tape.events()) {
    if (event.inquiry_id() == "c2" && event.has_inquiry_assigned()) {
      event.mutable_time()->set_seconds(1045);
    }
  }
  EXPECT_THAT(Judge(tape), ElementsAre("idle c2"));
}

TEST(StreamChecker, FindsAnAssignmentToAnAgentWhoIsAway) {
  EventTape tape = GoodDay();
  tape.At(1070);
  tape.Presence("bob", v1::PRESENCE_AWAY);
  tape.Submit("c5", "sales");
  tape.Assign("c5", "bob");
  tape.Close("c5", "bob");
  EXPECT_THAT(Judge(tape), ElementsAre("gate c5"));
}

TEST(StreamChecker, FindsAnAgentGivenAwayWhileReserved) {
  EventTape tape = GoodDay();
  tape.At(1065);
  tape.Agent("cora", {"sales"}, 3);
  tape.Presence("cora", v1::PRESENCE_AVAILABLE);
  tape.Presence("bob", v1::PRESENCE_OFFLINE);
  tape.Submit("c5", "sales");
  tape.Assign("c5", "cora");
  v1::InquirySpec rare;
  rare.set_id("c9");
  rare.set_queue("sales");
  rare.set_channel("voice");
  rare.mutable_requirement()->add_skills()->set_skill("rare");
  rare.mutable_requirement()->mutable_skills(0)->set_min_level(1);
  tape.Submit(rare);
  tape.Next("c9", "cora").mutable_reservation_changed()->set_reserved(true);
  tape.At(1070);
  tape.Submit("c6", "sales");  // waits: cora is kept for c9
  tape.At(1080);
  tape.Assign("c6", "cora");
  tape.Close("c6", "cora");
  tape.Close("c5", "cora");
  tape.Cancel("c9");
  EXPECT_THAT(Judge(tape), ElementsAre("gate c6"));
}

TEST(StreamChecker, FindsAnInquiryInTwoPlaces) {
  EventTape tape = GoodDay();
  tape.At(1070);
  tape.Enqueue("c1", "sales", v1::ENQUEUE_CAUSE_AGENT_LOST);  // it has ended
  tape.Assign("c1", "bob");
  tape.Close("c1", "bob");
  EXPECT_THAT(Judge(tape), ElementsAre("place c1"));
}

TEST(StreamChecker, FindsTimeThatGoesBack) {
  EventTape tape = GoodDay();
  tape.events().back().mutable_time()->set_seconds(1000);
  EXPECT_THAT(Judge(tape), ElementsAre("time "));
}

TEST(StreamChecker, FindsAMissingEvent) {
  EventTape tape = GoodDay();
  tape.events().erase(tape.events().end() - 2);
  EXPECT_THAT(Judge(tape, kAllowed), ElementsAre("stream "));
}

TEST(StreamChecker, FindsAnAcceptOfAnotherAgentsOffer) {
  EventTape tape;
  tape.Workspace({QueueFor("sales")});
  tape.Agent("ann", {"sales"});
  tape.Agent("bob", {"sales"});
  tape.Submit("c1", "sales");
  tape.Offer("c1", "ann");
  tape.EndOffer("c1", "ann", v1::OFFER_OUTCOME_ACCEPTED);
  tape.Next("c1", "bob").mutable_inquiry_assigned()->set_offer_id("c1/1");
  tape.Close("c1", "bob");
  EXPECT_THAT(Judge(tape), ElementsAre("acceptance c1"));
}

TEST(StreamChecker, FindsAnIdThatIsUsedTwice) {
  EventTape tape = GoodDay();
  v1::Event other = tape.events()[5];
  other.set_agent_id("eve");
  StreamChecker checker;
  for (const v1::Event& event : tape.events()) checker.Add(event);
  checker.Add(other);
  EXPECT_THAT(RulesBroken(checker), ElementsAre("stream "));
}

TEST(StreamChecker, FindsAHistoryThatWasCutOff) {
  EventTape tape = GoodDay();
  tape.Owner(9);
  tape.events().back().mutable_owner_changed()->set_previous_event("7-99");
  EXPECT_THAT(Judge(tape), ElementsAre("stream "));
}

// ---- What is right although it looks odd --------------------------------------------------------

TEST(StreamChecker, IgnoresRepeatedDelivery) {
  EventTape tape = GoodDay();
  StreamChecker checker;
  for (const v1::Event& event : tape.events()) {
    checker.Add(event);
    checker.Add(event);
  }
  checker.Finish({}, kForbidden);
  EXPECT_THAT(RulesBroken(checker), IsEmpty());
  EXPECT_EQ(checker.totals().repeats, tape.events().size());
}

TEST(StreamChecker, AcceptsATakeOver) {
  EventTape tape = GoodDay();
  tape.Owner(9);
  tape.At(1100);
  tape.Submit("c5", "sales");
  tape.Assign("c5", "bob");
  tape.Close("c5", "bob");
  EXPECT_THAT(Judge(tape), IsEmpty());
}

// c2 arrives 40 s after c1 with 90 s of credit; ann becomes free and serves `served`.
EventTape CreditDay(const std::string& served) {
  EventTape tape;
  v1::Queue sales = QueueFor("sales");
  sales.set_serving(v1::SERVING_CREDIT);
  (*sales.mutable_credits())[2].set_seconds(90);
  tape.Workspace({sales});
  tape.Agent("ann", {"sales"});
  tape.Submit("c0", "sales");
  tape.Assign("c0", "ann");
  tape.At(1010);
  tape.Submit("c1", "sales");
  tape.At(1050);
  v1::InquirySpec urgent;
  urgent.set_id("c2");
  urgent.set_channel("voice");
  urgent.set_queue("sales");
  urgent.set_priority(2);
  tape.Submit(urgent);
  tape.At(1060);
  tape.Close("c0", "ann");
  tape.Assign(served, "ann");
  return tape;
}

TEST(StreamChecker, CountsCreditInTheOrder) {
  EventTape by_credit = CreditDay("c2");
  EXPECT_THAT(Judge(by_credit, kAllowed), IsEmpty());
  EventTape by_arrival = CreditDay("c1");
  EXPECT_THAT(Judge(by_arrival, kAllowed), ElementsAre("order c1"));
}

TEST(StreamChecker, ExcusesAnAgentWhoDeclined) {
  EventTape tape;
  tape.Workspace({QueueFor("sales")});
  tape.Agent("ann", {"sales"});
  tape.Submit("c1", "sales");
  tape.Offer("c1", "ann");
  tape.At(1005);
  tape.EndOffer("c1", "ann", v1::OFFER_OUTCOME_DECLINED);
  tape.Enqueue("c1", "sales", v1::ENQUEUE_CAUSE_DECLINED);
  tape.At(1010);
  tape.Submit("c2", "sales");
  tape.Assign("c2", "ann");  // passes c1, which she declined
  tape.At(1020);
  tape.Close("c2", "ann");
  tape.Cancel("c1");
  EXPECT_THAT(Judge(tape), IsEmpty());
}

TEST(StreamChecker, FollowsAStepThatDropsTheSkill) {
  EventTape tape;
  v1::Queue care = QueueFor("care");
  care.add_steps()->mutable_after()->set_seconds(30);
  care.mutable_steps(0)->add_drop_skills("care");
  tape.Workspace({care});
  tape.Agent("bob", {"sales"});
  tape.Submit("c1", "care");
  tape.At(1030);
  tape.Next("c1").mutable_step_reached()->set_step(1);
  tape.Assign("c1", "bob");
  tape.Close("c1", "bob");
  EXPECT_THAT(Judge(tape), IsEmpty());
  tape.Remove([](const v1::Event& e) { return e.has_step_reached(); });
  EXPECT_THAT(Judge(tape), ElementsAre("qualified c1"));
}

TEST(StreamChecker, HoldsCapacityInWrapUp) {
  EventTape tape;
  tape.Workspace({QueueFor("sales")});
  tape.Agent("ann", {"sales"});
  tape.Submit("c1", "sales");
  tape.Assign("c1", "ann");
  tape.At(1010);
  tape.Submit("c2", "sales");
  tape.At(1020);
  tape.Close("c1", "ann");
  tape.Next("c1", "ann").mutable_wrap_up_started()->set_units(1);
  tape.At(1050);
  tape.Next("c1", "ann").mutable_wrap_up_finished();
  tape.Assign("c2", "ann");
  tape.Close("c2", "ann");
  EXPECT_THAT(Judge(tape), IsEmpty());
  tape.Remove([](const v1::Event& e) { return e.has_wrap_up_finished(); });
  EXPECT_THAT(Judge(tape), ElementsAre("capacity c2"));
}

TEST(Violation, IsASentenceForPeople) {
  EXPECT_EQ(ToString(Violation{Rule::kOrder, "7-12", "c2", "ann", "was served before c1"}),
            "order at 7-12: inquiry c2, agent ann: was served before c1");
  EXPECT_EQ(ToString(Violation{Rule::kStream, "7-12", "", "", "gap"}), "stream at 7-12: gap");
}

}  // namespace
}  // namespace firstline::check
