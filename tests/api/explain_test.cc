// ExplainService: what it tells, in words and in numbers.
#include <gmock/gmock.h>

#include "tests/api/server_fixture.h"

namespace firstline::api {
namespace {

using ::testing::HasSubstr;

class ExplainTest : public ServerFixture {
 protected:
  void SetUp() override { BuildWorkspace(); }

  v1::InquiryExplanation Inquiry(const std::string& request) {
    return Must<v1::ExplainInquiryResponse>("ExplainService.ExplainInquiry",
                                            "workspace: 'w' " + request)
        .explanation();
  }
  v1::ExplainSubmitResponse Submit(const std::string& spec) {
    return Must<v1::ExplainSubmitResponse>("ExplainService.ExplainSubmit",
                                           "workspace: 'w' inquiry { " + spec + " }");
  }
};

const v1::Candidate& Of(const v1::InquiryExplanation& told, const std::string& agent) {
  static const v1::Candidate none;
  for (const v1::Candidate& candidate : told.candidates()) {
    if (candidate.agent_id() == agent) return candidate;
  }
  ADD_FAILURE() << agent << " is not listed";
  return none;
}

TEST_F(ExplainTest, TellsWhatStandsInTheWayOfEachAgent) {
  const v1::InquiryExplanation told = Inquiry("inquiry_id: 'waiting'");
  EXPECT_EQ(told.agents(), 4);
  EXPECT_EQ(told.matching(), 0);
  EXPECT_EQ(told.inquiry().place_in_line(), 1);
  EXPECT_EQ(told.inquiry().spec().id(), "waiting");
  EXPECT_EQ(told.requirement().labels(0), "vip");
  ASSERT_EQ(told.candidates_size(), 4);
  // Cat has all that is asked, and is the nearest; dan lacks the label, and lunches.
  EXPECT_EQ(told.candidates(0).agent_id(), "cat");
  ASSERT_EQ(Of(told, "cat").obstacles_size(), 1);
  EXPECT_EQ(Of(told, "cat").obstacles(0).text(), "offline");
  ASSERT_EQ(Of(told, "dan").obstacles_size(), 2);
  EXPECT_EQ(Of(told, "dan").obstacles(0).kind(), v1::OBSTACLE_KIND_LABEL);
  EXPECT_EQ(Of(told, "dan").obstacles(0).remedy(), "label vip");
  EXPECT_EQ(Of(told, "dan").obstacles(1).text(), "away: lunch");
  EXPECT_EQ(Of(told, "ann").obstacles(0).text(), "not a member of queue support");
  EXPECT_EQ(told.counts_size(), 3);
}

TEST_F(ExplainTest, NamedAgentsAreListedFirst) {
  const v1::InquiryExplanation told =
      Inquiry("inquiry_id: 'waiting' candidates: 1 agent_ids: 'bob' agent_ids: 'ann'");
  ASSERT_EQ(told.candidates_size(), 3);
  EXPECT_EQ(told.candidates(0).agent_id(), "bob");
  EXPECT_EQ(told.candidates(1).agent_id(), "ann");
  EXPECT_EQ(told.candidates(2).agent_id(), "cat");
}

TEST_F(ExplainTest, OneThatIsOfferedIsJudgedAsIfItWaited) {
  const v1::InquiryExplanation told = Inquiry("inquiry_id: 'offered'");
  EXPECT_EQ(told.inquiry().place_in_line(), 0);
  EXPECT_TRUE(Of(told, "ann").has_it());
  EXPECT_EQ(Of(told, "ann").obstacles(0).text(), "1 of 1 units used, needs 1");
}

TEST_F(ExplainTest, ADryRunTellsWhoWouldGetItAndChangesNothing) {
  const std::string before = backend_.Fingerprint();
  const v1::ExplainSubmitResponse told = Submit("queue: 'instant' channel: 'chat'");
  EXPECT_EQ(backend_.Fingerprint(), before);
  EXPECT_EQ(told.explanation().matching(), 1);
  EXPECT_EQ(told.explanation().candidates(0).agent_id(), "bob");
  EXPECT_EQ(told.explanation().candidates(0).rank(), 1);
  EXPECT_EQ(told.explanation().candidates(0).scores(0).criterion(), v1::CRITERION_PREFERRED);
  EXPECT_EQ(told.explanation().inquiry().spec().id(), "");
}

TEST_F(ExplainTest, ADryRunKnowsNamesThatNobodyHasUsed) {
  const v1::ExplainSubmitResponse told =
      Submit("queue: 'instant' channel: 'chat' requirement { skills { skill: 'juggling' min_level: "
             "3 max_level: 5 } }");
  EXPECT_EQ(told.explanation().matching(), 0);
  EXPECT_EQ(Of(told.explanation(), "bob").obstacles(0).text(), "no skill juggling, needs 3 to 5");
  EXPECT_EQ(told.explanation().requirement().skills(0).skill(), "juggling");
}

TEST_F(ExplainTest, AnAgentIsToldWhatWaitsAndWhyItDoesNotGetIt) {
  const auto told = Must<v1::ExplainAgentResponse>("ExplainService.ExplainAgent",
                                                   "workspace: 'w' agent_id: 'cat'");
  EXPECT_EQ(told.presence(), v1::PRESENCE_OFFLINE);
  ASSERT_EQ(told.gates_size(), 1);
  EXPECT_EQ(told.gates(0).text(), "offline");
  EXPECT_EQ(told.lines(), 2);
  EXPECT_EQ(told.suiting(), 2);
  EXPECT_EQ(told.next_inquiry_id(), "waiting");
  ASSERT_EQ(told.inquiries_size(), 2);
  EXPECT_EQ(told.inquiries(0).inquiry_id(), "waiting");
  ASSERT_EQ(told.counts_size(), 1);
  EXPECT_EQ(told.counts(0).obstacle().kind(), v1::OBSTACLE_KIND_PRESENCE);
  EXPECT_EQ(told.counts(0).count(), 2);
}

}  // namespace
}  // namespace firstline::api
