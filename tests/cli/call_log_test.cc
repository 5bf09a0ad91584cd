// Logs are read as they were written, and what they do not say is filled in as documented.
#include "services/cli/replay/call_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/cli/replay/scenario.h"

namespace firstline::replay {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kRoster[] =
    "agent,first_answer_s,last_end_s,calls,queues_answered_this_month\n"
    "ann,28800,36000,5,sales care\n"
    "bob,28700,32000,2,sales\n";
constexpr char kCalls[] =
    "call_id,arrival_s,queue,outcome,wait_s,agent,handle_s\n"
    "1,28900,sales,answered,5,ann,100\n"
    "2,28850,care,answered,0,ann,60\r\n"
    "3,29000,sales,abandoned,30,,\n"
    "\n"
    "4,29100,sales,answered,25,bob,201\n";

TEST(CallLog, ReadsACentre) {
  const auto log = ReadCentre(kCalls, kRoster);
  ASSERT_TRUE(log.ok()) << log.status();
  ASSERT_EQ(log->calls.size(), 4u);
  EXPECT_EQ(log->calls[0].id, "call-2");  // by arrival
  EXPECT_EQ(log->calls[1].queue, "sales");
  EXPECT_TRUE(log->calls[1].answered);
  EXPECT_EQ(log->calls[1].handle_s, 100);
  EXPECT_FALSE(log->calls[2].answered);
  EXPECT_EQ(log->calls[2].wait_s, 30);
  EXPECT_EQ(log->shifts[0].agent, "bob");
  EXPECT_THAT(log->shifts[1].queues, ElementsAre("sales", "care"));
  EXPECT_THAT(log->Queues(), ElementsAre("care", "sales"));
}

TEST(CallLog, GivesAbandonedCallsTheMeanOfTheirQueue) {
  const auto log = ReadCentre(kCalls, kRoster);
  ASSERT_TRUE(log.ok());
  EXPECT_EQ(log->calls[2].handle_s, 151);  // of 100 and 201
}

TEST(CallLog, CutsByArrival) {
  auto log = ReadCentre(kCalls, kRoster);
  ASSERT_TRUE(log.ok());
  log->shifts.push_back({"eve", 20000, 28899, {"sales"}});
  log->Cut(28900, 33000);
  ASSERT_EQ(log->calls.size(), 3u);
  EXPECT_EQ(log->calls[0].id, "call-1");
  ASSERT_EQ(log->shifts.size(), 2u);  // without eve, who has gone
  EXPECT_EQ(log->shifts[0].agent, "bob");
  EXPECT_EQ(log->shifts[0].on_s, 28900);
  EXPECT_EQ(log->shifts[0].off_s, 32000);
  EXPECT_EQ(log->shifts[1].off_s, kNoLogOff);
}

TEST(CallLog, NamesTheLineOfAMistake) {
  const std::string header = "call_id,arrival_s,queue,outcome,wait_s,handle_s\n";
  EXPECT_THAT(ReadCentre(header + "1,9,q,lost,0,0\n", kRoster).status().message(),
              HasSubstr("calls:2: an outcome"));
  EXPECT_THAT(ReadCentre(header + "1,9,q,answered,0,0\n2,x,q,answered,0,0\n", kRoster)
                  .status()
                  .message(),
              HasSubstr("calls:3: 'x' in column arrival_s is no number"));
  EXPECT_THAT(ReadCentre("call_id,queue\n", kRoster).status().message(),
              HasSubstr("no column 'arrival_s'"));
  EXPECT_THAT(ReadCentre("", kRoster).status().message(), HasSubstr("empty"));
}

TEST(CallLog, ReadsADayOfAFifoLog) {
  const std::string text =
      "date,arrival_s,wait_s,service_s\n2021-01-01,100,0,60\n2021-01-02,90,0,10\n"
      "2021-01-02,95,4,10\n";
  const auto log = ReadFifo(text, "2021-01-02", 3);
  ASSERT_TRUE(log.ok());
  EXPECT_TRUE(log->exact);
  ASSERT_EQ(log->calls.size(), 2u);
  EXPECT_EQ(log->calls[1].wait_s, 4);
  ASSERT_EQ(log->shifts.size(), 3u);
  EXPECT_EQ(log->shifts[0].off_s, kNoLogOff);
  EXPECT_THAT(*DatesOf(text), ElementsAre("2021-01-01", "2021-01-02"));
  EXPECT_FALSE(ReadFifo(text, "2021-01-03", 3).ok());
}

TEST(CallLog, ReadsABankAcrossMidnight) {
  const std::string text =
      "date,vru_exit_s,q_start_s,q_exit_s,outcome,ser_start_s,ser_exit_s,type,priority,agent\n"
      "1999-01-02,86172,86172,86281,AGENT,86280,68,PS,2,A05\n"
      "1999-01-02,50,,,HANG,,,PS,0,\n"       // never queued
      "1999-01-02,60,60,90,HANG,,,NW,0,\n"
      "1999-01-02,70,,,PHANTOM,,,NW,0,\n"
      "1999-01-02,80,,,AGENT,80,95,NW,0,A05\n";
  const auto log = ReadTechnion(text, "1999-01-02");
  ASSERT_TRUE(log.ok()) << log.status();
  ASSERT_EQ(log->calls.size(), 3u);
  EXPECT_FALSE(log->calls[0].answered);
  EXPECT_EQ(log->calls[0].wait_s, 30);
  EXPECT_EQ(log->calls[2].handle_s, 188);
  EXPECT_EQ(log->calls[2].priority, 2);
  ASSERT_EQ(log->shifts.size(), 1u);
  EXPECT_EQ(log->shifts[0].on_s, 80);
  EXPECT_EQ(log->shifts[0].off_s, 86468);
  EXPECT_THAT(log->shifts[0].queues, ElementsAre("PS", "NW"));
}

// ---- The workspace made from it -----------------------------------------------------------------

TEST(Scenario, GivesAgentsTheSkillsOfTheirQueues) {
  const auto log = ReadCentre(kCalls, kRoster);
  ASSERT_TRUE(log.ok());
  const v1::Workspace workspace = WorkspaceFor(*log, "day", ServesBy::kSkills);
  EXPECT_EQ(workspace.queues_size(), 2);
  EXPECT_EQ(workspace.queues(0).requirement().skills(0).skill(), "care");
  EXPECT_TRUE(workspace.queues(0).auto_accept());
  EXPECT_EQ(workspace.agents(1).id(), "ann");
  EXPECT_EQ(workspace.agents(1).skills_size(), 2);
  EXPECT_EQ(workspace.agents(1).memberships_size(), 0);
  EXPECT_EQ(ChannelOf(workspace), "voice");
}

TEST(Scenario, OrGivesThemMemberships) {
  const auto log = ReadCentre(kCalls, kRoster);
  ASSERT_TRUE(log.ok());
  const v1::Workspace workspace = WorkspaceFor(*log, "day", ServesBy::kMemberships);
  EXPECT_EQ(workspace.queues(0).requirement().skills_size(), 0);
  EXPECT_EQ(workspace.agents(0).memberships(0).queue(), "sales");
  EXPECT_EQ(workspace.agents(0).skills_size(), 0);
}

TEST(Scenario, ScalesEverySpanAndDefaultsToo) {
  v1::Workspace workspace;
  v1::Queue& queue = *workspace.add_queues();
  queue.mutable_answer_target()->set_seconds(30);
  queue.mutable_wrap_up()->set_seconds(3);
  queue.add_steps()->mutable_after()->set_seconds(1);
  (*queue.mutable_credits())[2].set_seconds(90);
  ScaleSpans(60, workspace);
  EXPECT_EQ(queue.answer_target().nanos(), 500'000'000);
  EXPECT_EQ(queue.wrap_up().nanos(), 50'000'000);
  EXPECT_EQ(queue.steps(0).after().nanos(), 16'667'000);
  EXPECT_EQ(queue.credits().at(2).nanos(), 500'000'000);
  EXPECT_EQ(queue.credits().at(2).seconds(), 1);
  EXPECT_EQ(queue.first_response_target().seconds(), 1);  // 60 s by default
  EXPECT_EQ(queue.offer_timeout().seconds(), 1);          // no offer may be shorter
  EXPECT_EQ(workspace.settings().closed_retention().seconds(), 60);
}

}  // namespace
}  // namespace firstline::replay
