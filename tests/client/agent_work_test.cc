#include "common/client/agent_work.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace firstline::client {
namespace {

using testing::ElementsAre;

// "offered ann i1", for comparison.
std::vector<std::string> Text(const std::vector<WorkChange>& changes) {
  static constexpr const char* kNames[] = {"offered", "assigned", "parked", "wrap-up", "ended"};
  std::vector<std::string> lines;
  for (const WorkChange& change : changes) {
    lines.push_back(absl::StrCat(kNames[static_cast<int>(change.kind)], " ", change.agent_id, " ",
                                 change.work.inquiry_id()));
  }
  return lines;
}

v1::AgentStatus Status(const std::string& agent_id,
                       std::vector<std::pair<std::string, v1::AgentWork::Kind>> work) {
  v1::AgentStatus status;
  status.mutable_agent()->set_id(agent_id);
  for (const auto& [inquiry_id, kind] : work) {
    v1::AgentWork& held = *status.add_work();
    held.set_inquiry_id(inquiry_id);
    held.set_kind(kind);
  }
  return status;
}

v1::Event About(const std::string& agent_id, const std::string& inquiry_id) {
  v1::Event event;
  event.set_agent_id(agent_id);
  event.set_inquiry_id(inquiry_id);
  event.set_queue_id("sales");
  return event;
}

class AgentWorkTest : public testing::Test {
 protected:
  AgentWorkTest() { book_.Apply(Status("ann", {})); }

  std::vector<std::string> Offer(const std::string& inquiry_id) {
    v1::Event event = About("ann", inquiry_id);
    event.mutable_offer_created()->set_offer_id(inquiry_id + "/1");
    event.mutable_offer_created()->mutable_expire_time()->set_seconds(99);
    return Text(book_.Apply(event, nullptr));
  }
  std::vector<std::string> Assign(const std::string& inquiry_id) {
    v1::Event event = About("ann", inquiry_id);
    event.mutable_inquiry_assigned()->set_offer_id(inquiry_id + "/1");
    return Text(book_.Apply(event, nullptr));
  }
  std::vector<std::string> EndOffer(const std::string& inquiry_id, v1::OfferOutcome outcome) {
    v1::Event event = About("ann", inquiry_id);
    event.mutable_offer_ended()->set_outcome(outcome);
    return Text(book_.Apply(event, nullptr));
  }

  AgentWorkBook book_;
};

TEST_F(AgentWorkTest, FollowsAnInquiryThroughItsLife) {
  EXPECT_THAT(Offer("i1"), ElementsAre("offered ann i1"));
  EXPECT_THAT(EndOffer("i1", v1::OFFER_OUTCOME_ACCEPTED), ElementsAre());
  EXPECT_THAT(Assign("i1"), ElementsAre("assigned ann i1"));
  v1::Event event = About("ann", "i1");
  event.mutable_inquiry_parked();
  EXPECT_THAT(Text(book_.Apply(event, nullptr)), ElementsAre("parked ann i1"));
  event.mutable_inquiry_resumed()->set_to_agent(true);
  EXPECT_THAT(Text(book_.Apply(event, nullptr)), ElementsAre("assigned ann i1"));
  event.mutable_inquiry_closed();
  EXPECT_THAT(Text(book_.Apply(event, nullptr)), ElementsAre("ended ann i1"));
  event.mutable_wrap_up_started();
  EXPECT_THAT(Text(book_.Apply(event, nullptr)), ElementsAre("wrap-up ann i1"));
  event.mutable_wrap_up_finished();
  EXPECT_THAT(Text(book_.Apply(event, nullptr)), ElementsAre("ended ann i1"));
}

TEST_F(AgentWorkTest, AnOfferThatIsNotAcceptedEnds) {
  for (const auto outcome : {v1::OFFER_OUTCOME_DECLINED, v1::OFFER_OUTCOME_EXPIRED,
                             v1::OFFER_OUTCOME_RESCINDED, v1::OFFER_OUTCOME_AGENT_LOST,
                             v1::OFFER_OUTCOME_TAKEN}) {
    Offer("i1");
    EXPECT_THAT(EndOffer("i1", outcome), ElementsAre("ended ann i1"));
  }
}

TEST_F(AgentWorkTest, AnInquiryThatWaitsAgainIsNobodys) {
  Assign("i1");
  v1::Event event = About("", "i1");  // Not every event names the agent that had it.
  event.mutable_inquiry_enqueued();
  EXPECT_THAT(Text(book_.Apply(event, nullptr)), ElementsAre("ended ann i1"));
  EXPECT_THAT(Text(book_.Apply(event, nullptr)), ElementsAre()) << "told once";
}

TEST_F(AgentWorkTest, AParkedInquiryThatItsAgentCannotTakeBackEnds) {
  v1::Event event = About("ann", "i1");
  event.mutable_inquiry_parked();
  book_.Apply(event, nullptr);
  event.mutable_inquiry_resumed()->set_to_agent(false);
  EXPECT_THAT(Text(book_.Apply(event, nullptr)), ElementsAre()) << "that it waits again follows";
  event.mutable_inquiry_enqueued();
  EXPECT_THAT(Text(book_.Apply(event, nullptr)), ElementsAre("ended ann i1"));
}

TEST_F(AgentWorkTest, WhatChangedUnseenIsToldFromTheSnapshot) {
  Offer("i1");
  Assign("i2");
  Assign("i3");
  const auto status = Status("ann", {{"i1", v1::AgentWork::KIND_ASSIGNMENT},
                                     {"i2", v1::AgentWork::KIND_ASSIGNMENT},
                                     {"i3", v1::AgentWork::KIND_WRAP_UP},
                                     {"i4", v1::AgentWork::KIND_OFFER}});
  auto second_offer = status;
  second_offer.mutable_work(1)->set_offer_id("i2/1");
  EXPECT_THAT(Text(book_.Apply(second_offer)),
              ElementsAre("ended ann i3", "assigned ann i1", "wrap-up ann i3", "offered ann i4"));
  EXPECT_THAT(Text(book_.Apply(second_offer)), ElementsAre()) << "nothing changed since";
}

TEST_F(AgentWorkTest, CarriesTheInquiryAlong) {
  v1::AgentWork detail;
  detail.mutable_inquiry()->mutable_spec()->set_customer("bob");
  v1::Event event = About("ann", "i1");
  event.mutable_offer_created();
  book_.Apply(event, &detail);
  event.mutable_inquiry_closed();
  const auto changes = book_.Apply(event, nullptr);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].work.inquiry().spec().customer(), "bob");
}

TEST_F(AgentWorkTest, OtherAgentsAreNotOurs) {
  v1::Event event = About("bea", "i1");
  event.mutable_offer_created();
  EXPECT_THAT(Text(book_.Apply(event, nullptr)), ElementsAre());
  Offer("i1");
  book_.Forget("ann");
  EXPECT_THAT(Assign("i1"), ElementsAre());
  event.mutable_inquiry_closed();
  EXPECT_THAT(Text(book_.Apply(event, nullptr)), ElementsAre());
}

}  // namespace
}  // namespace firstline::client
