// The checker itself: what can be explained, and what cannot.
#include "tests/simulation/linearizability.h"

#include <gtest/gtest.h>

namespace firstline::simulation {
namespace {

using Kind = Op::Kind;
using How = OpResult::How;

class Linearizability : public testing::Test {
 protected:
  // A call from `begin` to `end`.
  void Call(int64_t begin, int64_t end, Op op, Sight seen) {
    view_.End(view_.Begin(begin, std::move(op)), end, {.seen = std::move(seen)});
  }
  void Refused(int64_t begin, int64_t end, Op op, How how) {
    view_.End(view_.Begin(begin, std::move(op)), end, {.how = how, .seen = {}});
  }
  void Saw(int64_t begin, int64_t end, Sight seen) { Call(begin, end, {}, std::move(seen)); }
  void Open(int64_t begin, Op op) { view_.Begin(begin, std::move(op)); }
  void Submitted() { Call(0, 1, {.kind = Kind::kSubmit}, {Stage::kWaiting, "", 0}); }
  void Accepted(int64_t begin, int64_t end, const std::string& agent, uint32_t offer) {
    Call(begin, end, {Kind::kAccept, agent, offer}, {Stage::kAssigned, agent, offer});
  }
  bool Holds(InquiryRules rules = {}) const { return view_.Check(rules).empty(); }

  InquiryView view_;
};

TEST_F(Linearizability, AWholeLife) {
  Submitted();
  Saw(2, 3, {Stage::kOffered, "a", 1});
  Accepted(4, 5, "a", 1);
  Call(6, 7, {.kind = Kind::kAgentMessage, .agent = "a"}, {Stage::kAssigned, "a", 1});
  Call(8, 9, {.kind = Kind::kPark}, {Stage::kParked, "a", 1});
  Call(10, 11, {.kind = Kind::kResume}, {Stage::kAssigned, "a", 1});
  Call(12, 13, {.kind = Kind::kClose, .agent = "a"}, {Stage::kClosed, "a", 1});
  Saw(14, 15, {Stage::kClosed, "", 1});
  Refused(16, 17, {.kind = Kind::kCancel}, How::kEnded);
  EXPECT_TRUE(Holds());
  EXPECT_EQ(view_.answered(), 9u);
}

TEST_F(Linearizability, TwoAgentsCannotAcceptTheSameOffer) {
  Submitted();
  Accepted(2, 9, "a", 1);
  Accepted(2, 9, "b", 1);
  EXPECT_FALSE(Holds());
}

TEST_F(Linearizability, AnOfferMayBeAcceptedTwiceByTheSame) {
  Submitted();
  Accepted(2, 5, "a", 1);
  Accepted(3, 6, "a", 1);
  EXPECT_TRUE(Holds());
}

TEST_F(Linearizability, AReadMayNotGoBack) {
  Submitted();
  Saw(2, 3, {Stage::kOffered, "a", 2});
  Saw(4, 5, {Stage::kOffered, "a", 1});
  EXPECT_FALSE(Holds());
}

TEST_F(Linearizability, ReadsThatOverlapMayCrossEachOther) {
  Submitted();
  Saw(2, 5, {Stage::kOffered, "a", 2});
  Saw(3, 6, {Stage::kOffered, "a", 1});
  EXPECT_TRUE(Holds());
}

TEST_F(Linearizability, AnAcknowledgedSubmitIsKnown) {
  Submitted();
  Saw(2, 3, {});
  EXPECT_FALSE(Holds());
}

TEST_F(Linearizability, NothingHappensAfterTheEnd) {
  Submitted();
  Call(2, 3, {.kind = Kind::kCancel}, {Stage::kCancelled, "", 0});
  Saw(4, 5, {Stage::kWaiting, "", 0});
  EXPECT_FALSE(Holds());
}

TEST_F(Linearizability, NobodyEndsItButAClientWhoAsks) {
  Submitted();
  Saw(2, 3, {Stage::kCancelled, "", 0});
  EXPECT_FALSE(Holds());
}

TEST_F(Linearizability, AnUnansweredCallMayHaveHappenedOrNot) {
  Submitted();
  Open(2, {.kind = Kind::kCancel});
  Saw(3, 4, {Stage::kWaiting, "", 0});
  EXPECT_TRUE(Holds());
  Saw(5, 6, {Stage::kCancelled, "", 0});
  EXPECT_TRUE(Holds());
  Saw(7, 8, {Stage::kWaiting, "", 0});
  EXPECT_FALSE(Holds());
}

TEST_F(Linearizability, ARefusedCallHasNoEffect) {
  Submitted();
  Refused(2, 3, {.kind = Kind::kCancel}, How::kRejected);
  Saw(4, 5, {Stage::kCancelled, "", 0});
  EXPECT_FALSE(Holds());
}

TEST_F(Linearizability, AnAcceptIsNotForgottenWhereAgentsKeepTheirWork) {
  Submitted();
  Accepted(2, 3, "a", 1);
  Saw(4, 5, {Stage::kOffered, "b", 2});
  EXPECT_TRUE(Holds({.agents_lose_work = true}));
  EXPECT_FALSE(Holds({.agents_lose_work = false}));
}

TEST_F(Linearizability, OnlyTheHolderCloses) {
  Submitted();
  Accepted(2, 3, "a", 1);
  Call(4, 5, {.kind = Kind::kClose, .agent = "b"}, {Stage::kClosed, "", 1});
  EXPECT_FALSE(Holds());
}

TEST_F(Linearizability, AnOfferToSeveralGoesOnWhenOneDeclines) {
  Submitted();
  Saw(2, 3, {Stage::kOffered, "a", 1});
  Call(4, 5, {Kind::kDecline, "a", 1}, {Stage::kOffered, "b", 1});
  Accepted(6, 7, "c", 1);
  EXPECT_FALSE(Holds());
  EXPECT_TRUE(Holds({.offers_to_several = true}));
  Accepted(8, 9, "b", 1);
  EXPECT_FALSE(Holds({.offers_to_several = true}));
}

// Its first answer was lost; the repeat tells what became of the inquiry.
TEST_F(Linearizability, ADeclineIsRepeatedAfterAnotherHasAccepted) {
  Submitted();
  Saw(2, 3, {Stage::kOffered, "a", 1});
  Call(4, 9, {Kind::kDecline, "b", 1}, {Stage::kAssigned, "a", 1});
  Accepted(5, 6, "a", 1);
  EXPECT_TRUE(Holds({.offers_to_several = true}));
  Call(10, 11, {Kind::kDecline, "b", 1}, {Stage::kAssigned, "a", 1});
  EXPECT_TRUE(Holds({.offers_to_several = true})) << "said twice";
  Call(12, 13, {Kind::kDecline, "a", 1}, {Stage::kAssigned, "a", 1});
  EXPECT_FALSE(Holds({.offers_to_several = true}));
}

TEST_F(Linearizability, WhatAnotherHasAcceptedIsNotDeclined) {
  Submitted();
  Saw(2, 3, {Stage::kOffered, "a", 1});
  Accepted(4, 5, "a", 1);
  Call(6, 7, {Kind::kDecline, "b", 1}, {Stage::kAssigned, "a", 1});
  EXPECT_FALSE(Holds({.offers_to_several = true}));
}

TEST_F(Linearizability, WhoHasDeclinedDoesNotAccept) {
  Submitted();
  Saw(2, 3, {Stage::kOffered, "a", 1});
  Call(4, 5, {Kind::kDecline, "a", 1}, {Stage::kOffered, "b", 1});
  Accepted(6, 7, "a", 1);
  EXPECT_FALSE(Holds({.offers_to_several = true}));
}

TEST_F(Linearizability, OneOfTwoClaims) {
  const InquiryRules keep{.agents_lose_work = false};
  Submitted();
  Call(2, 9, {.kind = Kind::kClaim, .agent = "a"}, {Stage::kAssigned, "a", 1});
  Refused(2, 9, {.kind = Kind::kClaim, .agent = "b"}, How::kRejected);
  EXPECT_TRUE(Holds(keep));
  Call(3, 8, {.kind = Kind::kClaim, .agent = "c"}, {Stage::kAssigned, "c", 2});
  EXPECT_FALSE(Holds(keep));
}

TEST_F(Linearizability, AnUnansweredClaimTakesALaterOffer) {
  Submitted();
  Open(2, {.kind = Kind::kClaim, .agent = "a"});
  Saw(3, 4, {Stage::kOffered, "b", 1});
  Saw(5, 6, {Stage::kAssigned, "a", 3});
  EXPECT_TRUE(Holds({.agents_lose_work = false}));
  Saw(7, 8, {Stage::kAssigned, "a", 4});
  EXPECT_FALSE(Holds({.agents_lose_work = false}));
}

TEST_F(Linearizability, ASupervisorTakesItFromAnybody) {
  const InquiryRules keep{.agents_lose_work = false};
  Submitted();
  Accepted(2, 3, "a", 1);
  Call(4, 5, {.kind = Kind::kAssign, .agent = "b"}, {Stage::kAssigned, "b", 2});
  Call(6, 7, {.kind = Kind::kAssignWithOffer, .agent = "c"}, {Stage::kOffered, "c", 3});
  Accepted(8, 9, "c", 3);
  EXPECT_TRUE(Holds(keep));
  Saw(10, 11, {Stage::kAssigned, "b", 3});
  EXPECT_FALSE(Holds(keep));
}

TEST_F(Linearizability, WhatIsClosedIsOpenedByACallAlone) {
  Submitted();
  Accepted(2, 3, "a", 1);
  Call(4, 5, {.kind = Kind::kClose, .agent = "a"}, {Stage::kClosed, "a", 1});
  Call(6, 7, {.kind = Kind::kReopen}, {Stage::kOffered, "a", 2});
  EXPECT_TRUE(Holds());
  Call(8, 9, {.kind = Kind::kCancel}, {Stage::kCancelled, "", 2});
  EXPECT_TRUE(Holds());
  Call(10, 11, {.kind = Kind::kReopen}, {Stage::kWaiting, "", 2});
  EXPECT_FALSE(Holds());
}

TEST_F(Linearizability, OnlyTheHolderSendsItOn) {
  const InquiryRules keep{.agents_lose_work = false};
  Submitted();
  Accepted(2, 3, "a", 1);
  Call(4, 5, {.kind = Kind::kTransfer, .agent = "a"}, {Stage::kOffered, "b", 2});
  EXPECT_TRUE(Holds(keep));
  Call(6, 7, {.kind = Kind::kTransfer, .agent = "a"}, {Stage::kOffered, "c", 3});
  EXPECT_FALSE(Holds(keep));
}

TEST_F(Linearizability, WhatALostAgentHeldMayBeClosed) {
  Submitted();
  Accepted(2, 3, "a", 1);
  Saw(4, 5, {Stage::kClosed, "", 1});
  EXPECT_FALSE(Holds());
  EXPECT_TRUE(Holds({.router_closes = true}));
  Refused(6, 7, {.kind = Kind::kClose, .agent = "a"}, How::kEnded);
  EXPECT_TRUE(Holds({.router_closes = true}));
}

}  // namespace
}  // namespace firstline::simulation
