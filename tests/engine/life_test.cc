// The life of an inquiry and of an agent's presence: idempotency, parking, transfer, sessions,
// drain, deletion, retention.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/workbench.h"

namespace firstline::engine::proof {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

// ---- Repeats ------------------------------------------------------------------------------------

// Applies the body twice: the second time must say so and change nothing.
void ExpectReplayed(Workbench& bench, const Body& body, const std::string& request_id = "") {
  const Outcome first = bench.Do(body, request_id);
  ASSERT_TRUE(first.ok()) << std::string(ToString(first.rejection));
  EXPECT_FALSE(first.receipt.replayed);
  bench.Forget();
  const std::string before = Dump(bench.engine());
  const Outcome again = bench.Do(body, request_id);
  EXPECT_TRUE(again.ok()) << std::string(ToString(again.rejection));
  EXPECT_TRUE(again.receipt.replayed);
  EXPECT_EQ(again.receipt.offer_number, first.receipt.offer_number);
  EXPECT_EQ(again.receipt.agent_id, first.receipt.agent_id);
  EXPECT_TRUE(bench.engine().events().empty());
  EXPECT_EQ(FirstDifference(before, Dump(bench.engine())), "");
}

TEST(RepeatTest, NaturalIds) {
  Workbench bench;
  bench.Online("a1", 5);
  const Submit submit{.inquiry_id = "i1", .channel = "chat", .queue = "q", .priority = 2};
  ExpectReplayed(bench, submit);
  ExpectReplayed(bench, Accept{"i1", 1, "a1"});
  ExpectReplayed(bench, RecordMessage{"i1", "m1", Author::kAgent, "a1"});
  ExpectReplayed(bench, RecordMessage{"i1", "m2", Author::kCustomer, ""});
  ExpectReplayed(bench, Park{"i1"});
  bench.Do(Resume{"i1"});
  ExpectReplayed(bench, Close{"i1", Resolution::kResolved, "a1"});
  ExpectReplayed(bench, RecordFeedback{"i1", 4, true});
  bench.Submit("i2");
  ExpectReplayed(bench, Decline{"i2", 1, "a1", {}});
  ExpectReplayed(bench, Cancel{"i2", CancelReason::kAbandoned});
  ExpectReplayed(bench, OpenSession{"a1", "s1"});
  ExpectReplayed(bench, SetPresence{.agent_id = "a1", .session_id = "s1", .sequence = 3});
  ExpectReplayed(bench, CloseSession{"a1", "s1"});
}

TEST(RepeatTest, ASubmitOfAnEndedInquiryIsStillARepeat) {
  Workbench bench;
  const Submit submit{.inquiry_id = "i1", .channel = "chat", .queue = "q"};
  bench.Do(submit);
  bench.Do(Cancel{"i1"});
  const Outcome again = bench.Do(submit);
  EXPECT_TRUE(again.ok());
  EXPECT_TRUE(again.receipt.replayed);
  EXPECT_EQ(again.receipt.state, InquiryState::kCancelled);
}

TEST(RepeatTest, RequestIdsCoverTheRest) {
  Workbench bench;
  bench.Online("a1", 5);
  bench.Submit("i1");
  bench.Accept("i1");
  ExpectReplayed(bench, Transfer{"i1", "other"}, "r1");
  ExpectReplayed(bench, Update{.inquiry_id = "i1", .priority = 3}, "r2");
  ExpectReplayed(bench, UpsertAgents{{{.id = "a2"}}}, "r3");
  ExpectReplayed(bench, ApplyConfig{.config = Workbench::SmallWorkspace()}, "r4");
  EXPECT_EQ(bench.engine().counters().config_version, 2u);
  ExpectReplayed(bench, DeleteAgents{{"a2"}}, "r5");
}

TEST(RepeatTest, ARequestIdIsForgottenAfterItsWindow) {
  WorkspaceConfig config = Workbench::SmallWorkspace();
  config.settings.request_window = Seconds(10);
  Workbench bench(config);
  bench.Do(UpsertAgents{{{.id = "a1"}}}, "r1");
  bench.Advance(Seconds(10) - Microseconds(1));
  EXPECT_NE(bench.engine().FindRequest("r1"), nullptr);
  bench.Advance(Microseconds(1));
  EXPECT_EQ(bench.engine().FindRequest("r1"), nullptr);
  EXPECT_FALSE(bench.Do(UpsertAgents{{{.id = "a2"}}}, "r1").receipt.replayed);
}

TEST(RepeatTest, RequestIdsAreBounded) {
  WorkspaceConfig config = Workbench::SmallWorkspace();
  config.settings.request_max = 2;
  Workbench bench(config);
  for (const char* id : {"r1", "r2", "r3"}) bench.Do(UpsertAgents{{{.id = "a1"}}}, id);
  EXPECT_EQ(bench.engine().FindRequest("r1"), nullptr) << "the oldest goes";
  EXPECT_NE(bench.engine().FindRequest("r2"), nullptr);
  EXPECT_NE(bench.engine().FindRequest("r3"), nullptr);
}

TEST(RepeatTest, ARejectionIsNotRemembered) {
  Workbench bench;
  EXPECT_EQ(bench.Do(Cancel{"i1"}, "r1").rejection, Rejection::kUnknownInquiry);
  EXPECT_EQ(bench.engine().FindRequest("r1"), nullptr);
  bench.Submit("i1");
  EXPECT_TRUE(bench.Do(Cancel{"i1"}, "r1").ok());
}

// ---- Parking ------------------------------------------------------------------------------------

TEST(ParkTest, FreesTheAgentAndComesBackToThem) {
  Workbench bench;
  bench.Online("a1");
  bench.Submit("i1");
  bench.Accept("i1");
  bench.Do(Park{"i1"});
  EXPECT_EQ(bench.GateOf("a1"), Gate::kNone);
  EXPECT_EQ(bench.GetAgent("a1").used, 0);
  bench.Advance(Seconds(60));
  bench.Do(Resume{"i1"});
  EXPECT_EQ(bench.StateOf("i1"), InquiryState::kAssigned);
  EXPECT_EQ(bench.AgentOf("i1"), "a1");
  bench.Advance(Seconds(5));
  bench.Do(Close{"i1"});
  EXPECT_EQ(bench.Find<InquiryClosed>()->handle, Seconds(5)) << "parked time is not handle time";
}

TEST(ParkTest, ACustomersMessageResumes) {
  Workbench bench;
  bench.Online("a1");
  bench.Submit("i1");
  bench.Accept("i1");
  bench.Do(Park{"i1"});
  bench.Message("i1", "m1", Author::kCustomer);
  EXPECT_EQ(bench.StateOf("i1"), InquiryState::kAssigned);
}

TEST(ParkTest, WaitsForItsAgentFirstWhenTheyAreFull) {
  Workbench bench;
  bench.Online("a1");
  bench.Submit("i1");
  bench.Accept("i1");
  bench.Do(Park{"i1"});
  bench.Submit("i2");
  bench.Accept("i2");
  bench.Do(Resume{"i1"});
  EXPECT_EQ(bench.StateOf("i1"), InquiryState::kWaiting);
  EXPECT_THAT(bench.Lines(), Contains(HasSubstr("resumed i1 a1 queue=q to=queue")));
  EXPECT_EQ(bench.Get("i1").preferred[0], bench.engine().FindAgent("a1"));
  bench.Do(Close{"i2"});
  EXPECT_EQ(bench.AgentOf("i1"), "a1");
}

// ---- Transfer -----------------------------------------------------------------------------------

TEST(TransferTest, KeepsAgeAndIsServedBeforeTheYounger) {
  Workbench bench;
  bench.Online("a1");
  bench.Submit("old");
  bench.Accept("old");
  bench.Advance(Seconds(10));
  bench.Submit("young", "chat", "other");
  bench.Do(Transfer{"old", "other"});
  EXPECT_EQ(bench.Get("old").create_time, Workbench::kStart);
  EXPECT_EQ(bench.Get("old").enqueue_time, bench.now()) << "steps count from here";
  EXPECT_EQ(bench.AgentOf("young"), "a1") << "who handed it on does not get it back";
  bench.Submit("youngest", "chat", "other");
  bench.Online("a2");
  EXPECT_EQ(bench.AgentOf("old"), "a2");
}

TEST(TransferTest, BackToTheSameAgentOnlyByName) {
  Workbench bench;
  bench.Online("a1");
  bench.Submit("i1");
  bench.Accept("i1");
  bench.Do(Transfer{.inquiry_id = "i1", .queue = "other", .preferred_agent = "a1"});
  EXPECT_EQ(bench.AgentOf("i1"), "a1");
}

// ---- Presence -----------------------------------------------------------------------------------

TEST(SessionTest, TheLastOneTakesPresenceAlong) {
  Workbench bench;
  bench.AddAgent({.id = "a1"});
  bench.Do(SetPresence{.agent_id = "a1", .session_id = "s1", .sequence = 1});
  bench.Do(OpenSession{"a1", "s2"});
  bench.Do(CloseSession{"a1", "s1"});
  EXPECT_EQ(bench.GetAgent("a1").presence, Presence::kAvailable);
  bench.Do(CloseSession{"a1", "s1"});
  EXPECT_EQ(bench.GetAgent("a1").presence, Presence::kAvailable) << "an old session ends nothing";
  bench.Do(LapseSessions{{{"a1", "s2"}}});
  EXPECT_EQ(bench.GetAgent("a1").presence, Presence::kOffline);
  EXPECT_THAT(bench.Lines(), Contains(HasSubstr("session-ended a1 s2 cause=lapsed")));
}

TEST(SessionTest, OlderPresenceIsIgnored) {
  Workbench bench;
  bench.AddAgent({.id = "a1"});
  bench.Do(SetPresence{.agent_id = "a1", .session_id = "s1", .sequence = 5});
  const Outcome outcome = bench.Do(SetPresence{
      .agent_id = "a1", .presence = Presence::kAway, .session_id = "s1", .sequence = 4});
  EXPECT_TRUE(outcome.receipt.replayed);
  EXPECT_EQ(bench.GetAgent("a1").presence, Presence::kAvailable);
}

TEST(SessionTest, PresenceWithoutASessionStays) {
  Workbench bench;
  bench.Online("a1");
  bench.Do(OpenSession{"a1", "s1"});
  bench.Do(CloseSession{"a1", "s1"});
  EXPECT_EQ(bench.GetAgent("a1").presence, Presence::kAvailable);
}

TEST(PresenceTest, LeavingReturnsOffersAndKeepsConversations) {
  for (const Presence left : {Presence::kOffline, Presence::kAway}) {
    Workbench bench;
    bench.Online("a1", 2);
    bench.Submit("held");
    bench.Accept("held");
    bench.Submit("offered");
    bench.Do(SetPresence{.agent_id = "a1", .presence = left});
    EXPECT_EQ(bench.StateOf("offered"), InquiryState::kWaiting);
    EXPECT_EQ(bench.StateOf("held"), InquiryState::kAssigned);
    EXPECT_EQ(bench.GateOf("a1"), Gate::kPresence);
    EXPECT_EQ(bench.GetAgent("a1").misses, 0);
    EXPECT_EQ(bench.Broken(), "");
  }
}

TEST(DrainTest, FinishesThenGoesOffline) {
  WorkspaceConfig config = Workbench::SmallWorkspace();
  config.queues[0].wrap_up = Seconds(10);
  Workbench bench(config);
  bench.Online("a1", 2);
  bench.Submit("i1");
  bench.Accept("i1");
  bench.Do(SetPresence{.agent_id = "a1", .presence = Presence::kDraining});
  bench.Submit("i2");
  EXPECT_EQ(bench.StateOf("i2"), InquiryState::kWaiting);
  EXPECT_EQ(bench.GateOf("a1"), Gate::kDrain);
  bench.Do(Close{"i1"});
  EXPECT_EQ(bench.GetAgent("a1").presence, Presence::kDraining) << "wrap-up is work";
  bench.Advance(Seconds(10));
  EXPECT_EQ(bench.GetAgent("a1").presence, Presence::kOffline);
}

TEST(DrainTest, WithNothingToFinishItIsOver) {
  Workbench bench;
  bench.Online("a1");
  bench.Do(SetPresence{.agent_id = "a1", .presence = Presence::kDraining});
  EXPECT_EQ(bench.GetAgent("a1").presence, Presence::kOffline);
}

// ---- Configuration on a running workspace -------------------------------------------------------

TEST(DeleteTest, ForcedWorkGoesBackToTheFront) {
  Workbench bench;
  bench.Online("a1", 3);
  for (const char* id : {"held", "parked", "offered"}) bench.Submit(id);
  bench.Accept("held");
  bench.Accept("parked");
  bench.Do(Park{"parked"});
  bench.Submit("young");
  EXPECT_EQ(bench.Reject(DeleteAgents{{"a1"}}), Rejection::kAgentBusy);
  EXPECT_TRUE(bench.Do(DeleteAgents{{"a1"}, true}).ok());
  for (const char* id : {"held", "parked", "offered", "young"}) {
    EXPECT_EQ(bench.StateOf(id), InquiryState::kWaiting) << id;
  }
  EXPECT_FALSE(bench.engine().FindAgent("a1").IsSet());
  EXPECT_EQ(bench.Broken(), "");
  bench.Online("a2");
  EXPECT_EQ(bench.AgentOf("held"), "a2") << "the oldest is first";
}

TEST(DeleteTest, AnAgentOfTheSameNameStartsAnew) {
  Workbench bench;
  bench.Online("a1", 3);
  bench.Do(DeleteAgents{{"a1"}});
  bench.AddAgent({.id = "a1"});
  EXPECT_EQ(bench.GetAgent("a1").presence, Presence::kOffline);
  EXPECT_EQ(bench.GetAgent("a1").units, 1);
}

TEST(ConfigTest, LessCapacityLeavesAnExcessThatDrains) {
  Workbench bench;
  bench.Online("a1", 2);
  for (const char* id : {"i1", "i2"}) {
    bench.Submit(id);
    bench.Accept(id);
  }
  bench.AddAgent({.id = "a1", .units = 1});
  EXPECT_EQ(bench.GetAgent("a1").used, 2);
  bench.Submit("i3");
  bench.Do(Close{"i1"});
  EXPECT_EQ(bench.StateOf("i3"), InquiryState::kWaiting);
  bench.Do(Close{"i2"});
  EXPECT_EQ(bench.AgentOf("i3"), "a1");
}

TEST(ConfigTest, NewSkillsMatchAtOnce) {
  Workbench bench;
  bench.Online("a1");
  bench.Do(Submit{.inquiry_id = "i1",
                  .channel = "chat",
                  .queue = "q",
                  .requirement = {.skills = {{"billing", 5}}}});
  EXPECT_EQ(bench.StateOf("i1"), InquiryState::kWaiting);
  bench.AddAgent({.id = "a1", .skills = {{"billing", 4}}});
  EXPECT_EQ(bench.StateOf("i1"), InquiryState::kWaiting);
  bench.AddAgent({.id = "a1", .skills = {{"billing", 5}}});
  EXPECT_EQ(bench.AgentOf("i1"), "a1");
}

TEST(ConfigTest, TheQueuesRequirementIsMerged) {
  WorkspaceConfig config = Workbench::SmallWorkspace();
  config.queues[0].requirement = {
      .skills = {{"billing", 3}}, .languages = {{"en", 2}}, .labels = {"vip"}};
  Workbench bench(config);
  bench.Do(Submit{.inquiry_id = "i1",
                  .channel = "chat",
                  .queue = "q",
                  .requirement = {.skills = {{"billing", 5}}, .languages = {{"fr", 1}}}});
  const RequirementSpec asked = bench.engine().Spec(bench.Get("i1").asked);
  EXPECT_EQ(asked, (RequirementSpec{{{"billing", 5}}, {{"fr", 1}}, {"vip"}}));
  bench.Submit("i2");
  EXPECT_EQ(bench.engine().Spec(bench.Get("i2").asked), config.queues[0].requirement);
  // As asked by the caller alone it goes on to a queue that adds nothing.
  bench.Do(Transfer{"i2", "other"});
  EXPECT_EQ(bench.engine().Spec(bench.Get("i2").asked), RequirementSpec{});
}

// ---- Retention ----------------------------------------------------------------------------------

TEST(RetentionTest, EndedInquiriesStayForTheirTimeThenTheirIdIsFree) {
  WorkspaceConfig config = Workbench::SmallWorkspace();
  config.settings.closed_retention = Seconds(100);
  Workbench bench(config);
  bench.Submit("i1");
  bench.Do(Cancel{"i1"});
  bench.Advance(Seconds(100) - Microseconds(1));
  EXPECT_TRUE(bench.engine().FindInquiry("i1").IsSet());
  bench.Advance(Microseconds(1));
  EXPECT_THAT(bench.Lines(), Contains("100s purged i1"));
  EXPECT_FALSE(bench.engine().FindInquiry("i1").IsSet());
  EXPECT_FALSE(bench.Submit("i1").receipt.replayed);
}

TEST(RetentionTest, TheOldestGoesBeyondTheNumber) {
  WorkspaceConfig config = Workbench::SmallWorkspace();
  config.settings.closed_max = 2;
  Workbench bench(config);
  for (const char* id : {"i1", "i2", "i3"}) {
    bench.Submit(id);
    bench.Do(Cancel{id});
    bench.Advance(Seconds(1));
  }
  EXPECT_FALSE(bench.engine().FindInquiry("i1").IsSet());
  EXPECT_TRUE(bench.engine().FindInquiry("i2").IsSet());
  EXPECT_TRUE(bench.engine().FindInquiry("i3").IsSet());
}

// With nothing retained, what ended is still told and answered whole.
TEST(RetentionTest, NoneAtAll) {
  WorkspaceConfig config = Workbench::SmallWorkspace();
  config.settings.closed_max = 0;
  Workbench bench(config);
  bench.Submit("i1");
  const Outcome outcome = bench.Do(Cancel{"i1"});
  EXPECT_EQ(outcome.receipt.state, InquiryState::kCancelled);
  EXPECT_THAT(bench.Lines(), Contains(HasSubstr("cancelled i1 ")));
  bench.Advance(Seconds(1));
  EXPECT_FALSE(bench.engine().FindInquiry("i1").IsSet());
}

}  // namespace
}  // namespace firstline::engine::proof
