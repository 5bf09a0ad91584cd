#include "common/client/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <set>

#include "tests/client/fake_router.h"
#include "tests/support/fault_proxy.h"

namespace firstline::client {
namespace {

using std::chrono::milliseconds;
using test::FakeRouter;
using test::FakeTiming;
using test::NotOwner;
using test::Refusal;
using testing::ElementsAre;

v1::SubmitInquiryRequest Submission() {
  v1::SubmitInquiryRequest request;
  request.set_workspace("acme");
  request.mutable_inquiry()->set_id("i1");
  return request;
}

v1::ParkInquiryRequest Parking() {
  v1::ParkInquiryRequest request;
  request.set_workspace("acme");
  request.set_inquiry_id("i1");
  return request;
}

class ClientTest : public testing::Test {
 protected:
  Client ClientFor(std::vector<std::string> targets) {
    return Client({.targets = std::move(targets),
                   .retry = {.first_wait = milliseconds(100), .wait_max = milliseconds(1000)},
                   .timing = timing_});
  }
  // Answers UNAVAILABLE `times` times, then applies.
  static auto FailFirst(std::atomic<int>& calls, int times) {
    return [&calls, times](const v1::SubmitInquiryRequest&, v1::SubmitInquiryResponse* response) {
      if (calls++ < times) return grpc::Status(grpc::StatusCode::UNAVAILABLE, "not now");
      response->mutable_receipt()->set_event_cursor("1-1");
      return grpc::Status::OK;
    };
  }

  const std::shared_ptr<FakeTiming> timing_ = std::make_shared<FakeTiming>();
  FakeRouter router_;
};

TEST_F(ClientTest, ConnectsOverASlowNetworkAtTheFirstAttempt) {
  std::atomic<int> calls = 0;
  router_.on_submit = FailFirst(calls, 0);
  test::FaultProxy network(router_.address());
  network.Delay(milliseconds(200));
  Client client = ClientFor({network.address()});
  const auto answer = client.SubmitInquiry(Submission());
  ASSERT_TRUE(answer.ok()) << answer.error().ToString();
  EXPECT_TRUE(timing_->waits().empty());
}

TEST_F(ClientTest, RepeatsUntilItWorksAndWaitsLongerEachTime) {
  std::atomic<int> calls = 0;
  router_.on_submit = FailFirst(calls, 5);
  Client client = ClientFor({router_.address()});
  const auto answer = client.SubmitInquiry(Submission());
  ASSERT_TRUE(answer.ok()) << answer.error().ToString();
  EXPECT_EQ(answer->receipt().event_cursor(), "1-1");
  EXPECT_EQ(calls, 6);
  EXPECT_THAT(timing_->waits(), ElementsAre(milliseconds(75), milliseconds(150), milliseconds(300),
                                            milliseconds(600), milliseconds(750)));
}

TEST_F(ClientTest, GivesUpAtItsDeadlineWithTheLastError) {
  std::atomic<int> calls = 0;
  router_.on_submit = FailFirst(calls, 1000);
  Client client = ClientFor({router_.address()});
  const auto start = timing_->Now();
  const auto answer = client.SubmitInquiry(Submission(), {.deadline = milliseconds(2000)});
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(answer.error().message, "not now");
  EXPECT_LE(timing_->Now() - start, milliseconds(2000));
  EXPECT_EQ(calls, 6) << "75 + 150 + 300 + 600 + 750 ms fit into two seconds, 750 more do not";
}

TEST_F(ClientTest, GoesToTheOwnerThatItsCallsAreForwardedTo) {
  FakeRouter owner;
  std::atomic<int> forwarded = 0, owned = 0;
  router_.on_submit = FailFirst(forwarded, 0);
  router_.owner = owner.address();
  owner.on_submit = FailFirst(owned, 0);
  Client client = ClientFor({router_.address()});
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(client.SubmitInquiry(Submission()).ok());
  EXPECT_EQ(forwarded, 1);
  EXPECT_EQ(owned, 2);
  owner.Die();
  ASSERT_TRUE(client.SubmitInquiry(Submission()).ok());
  EXPECT_EQ(forwarded, 2);
}

TEST_F(ClientTest, AnOwnerThatCannotBeReachedIsNotTriedAgainUntilThereIsAnother) {
  FakeRouter nowhere, next;
  nowhere.Die();
  std::atomic<int> forwarded = 0, owned = 0;
  router_.on_submit = FailFirst(forwarded, 0);
  router_.owner = nowhere.address();
  next.on_submit = FailFirst(owned, 0);
  Client client = ClientFor({router_.address()});
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(client.SubmitInquiry(Submission()).ok());
  EXPECT_EQ(forwarded, 5);
  EXPECT_EQ(timing_->waits().size(), 1u) << "after the one attempt at the owner";
  router_.owner = next.address();
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(client.SubmitInquiry(Submission()).ok());
  EXPECT_EQ(forwarded, 6);
  EXPECT_EQ(owned, 1);
}

TEST_F(ClientTest, AClientThatReachesItsTargetsOnlyStaysThere) {
  FakeRouter owner;
  std::atomic<int> forwarded = 0;
  router_.on_submit = FailFirst(forwarded, 0);
  router_.owner = owner.address();
  Client client({.targets = {router_.address()}, .follow_owners = false, .timing = timing_});
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(client.SubmitInquiry(Submission()).ok());
  EXPECT_EQ(forwarded, 3);
}

TEST_F(ClientTest, StopsAfterTheAttemptsItIsAllowed) {
  std::atomic<int> calls = 0;
  router_.on_submit = FailFirst(calls, 1000);
  Client client({.targets = {router_.address()}, .retry = {.attempts_max = 3}, .timing = timing_});
  EXPECT_FALSE(client.SubmitInquiry(Submission()).ok());
  EXPECT_EQ(calls, 3);
}

TEST_F(ClientTest, ARefusalForAReasonOfTheRequestIsFinal) {
  std::atomic<int> calls = 0;
  router_.on_submit = [&](const auto&, auto*) {
    ++calls;
    return Refusal(grpc::StatusCode::NOT_FOUND, "UNKNOWN_QUEUE", {{"queue", "x"}});
  };
  Client client = ClientFor({router_.address()});
  const auto answer = client.SubmitInquiry(Submission());
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().reason, "UNKNOWN_QUEUE");
  EXPECT_EQ(calls, 1);
  EXPECT_THAT(timing_->waits(), ElementsAre());
}

TEST_F(ClientTest, WaitsAsLongAsAnOverloadedRouterAsksFor) {
  std::atomic<int> calls = 0;
  router_.on_submit = [&](const auto&, auto*) {
    if (calls++ == 0) {
      return Refusal(grpc::StatusCode::RESOURCE_EXHAUSTED, "OVERLOADED", {}, milliseconds(800));
    }
    return grpc::Status::OK;
  };
  Client client = ClientFor({router_.address()});
  EXPECT_TRUE(client.SubmitInquiry(Submission()).ok());
  EXPECT_THAT(timing_->waits(), ElementsAre(milliseconds(800)));
}

// The router applied the command, but the caller never heard: what request ids are for.
TEST_F(ClientTest, ALostAnswerIsAppliedOnce) {
  std::atomic<int> calls = 0;
  std::set<std::string> applied;
  router_.on_park = [&](const v1::ParkInquiryRequest& request, v1::ParkInquiryResponse* response) {
    const bool is_new = applied.insert(request.request_id()).second;
    if (calls++ < 3) return grpc::Status(grpc::StatusCode::UNAVAILABLE, "Socket closed");
    response->mutable_receipt()->set_replayed(!is_new);
    return grpc::Status::OK;
  };
  Client client = ClientFor({router_.address()});
  const auto answer = client.ParkInquiry(Parking());
  ASSERT_TRUE(answer.ok());
  EXPECT_TRUE(answer->receipt().replayed());
  EXPECT_EQ(calls, 4);
  EXPECT_EQ(applied.size(), 1u) << "every attempt must carry the same request id";
}

TEST_F(ClientTest, TwoCallsAreTwoRequests) {
  std::set<std::string> applied;
  router_.on_park = [&](const v1::ParkInquiryRequest& request, auto*) {
    applied.insert(request.request_id());
    return grpc::Status::OK;
  };
  Client client = ClientFor({router_.address()});
  EXPECT_TRUE(client.ParkInquiry(Parking()).ok());
  EXPECT_TRUE(client.ParkInquiry(Parking()).ok());
  v1::ParkInquiryRequest mine = Parking();
  mine.set_request_id("mine");
  EXPECT_TRUE(client.ParkInquiry(mine).ok());
  EXPECT_EQ(applied.size(), 3u);
  EXPECT_TRUE(applied.contains("mine"));
}

TEST_F(ClientTest, FollowsTheOwnerWithoutWaitingAndRemembersIt) {
  FakeRouter owner;
  std::atomic<int> calls = 0;
  std::atomic<int> owner_calls = 0;
  router_.on_submit = [&](const auto&, auto*) {
    ++calls;
    return NotOwner(owner.address());
  };
  owner.on_submit = FailFirst(owner_calls, 0);
  Client client = ClientFor({router_.address()});
  EXPECT_TRUE(client.SubmitInquiry(Submission()).ok());
  EXPECT_TRUE(client.SubmitInquiry(Submission()).ok());
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(owner_calls, 2);
  EXPECT_THAT(timing_->waits(), ElementsAre());
}

TEST_F(ClientTest, AnOwnerThatDiesIsForgotten) {
  auto owner = std::make_unique<FakeRouter>();
  std::atomic<bool> moved = false;
  std::atomic<int> owner_calls = 0;
  const std::string owner_address = owner->address();
  owner->on_submit = FailFirst(owner_calls, 0);
  router_.on_submit = [&](const auto&, auto*) {
    return moved ? grpc::Status::OK : NotOwner(owner_address);
  };
  Client client = ClientFor({router_.address()});
  EXPECT_TRUE(client.SubmitInquiry(Submission()).ok());
  owner.reset();
  moved = true;
  const auto answer = client.SubmitInquiry(Submission());
  EXPECT_TRUE(answer.ok()) << answer.error().ToString();
}

// Pods may disagree for a moment about who owns a workspace.
TEST_F(ClientTest, RoutersThatNameEachOtherAreAskedWithWaitsBetween) {
  FakeRouter other;
  std::atomic<int> calls = 0;
  router_.on_submit = [&](const auto&, auto*) {
    ++calls;
    return NotOwner(other.address());
  };
  other.on_submit = [&](const auto&, auto*) {
    ++calls;
    return calls < 20 ? NotOwner(router_.address()) : grpc::Status::OK;
  };
  Client client = ClientFor({router_.address()});
  EXPECT_TRUE(client.SubmitInquiry(Submission()).ok());
  EXPECT_EQ(calls, 20);
  EXPECT_EQ(timing_->waits().size(), 4u) << "after three redirections in a row, a wait";
}

TEST_F(ClientTest, TurnsToTheNextTargetWhenOneIsDead) {
  std::atomic<int> calls = 0;
  router_.on_submit = FailFirst(calls, 0);
  FakeRouter dead;
  dead.Die();
  Client client = ClientFor({dead.address(), router_.address()});
  EXPECT_TRUE(client.SubmitInquiry(Submission()).ok());
  EXPECT_TRUE(client.SubmitInquiry(Submission()).ok());
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(timing_->waits().size(), 1u) << "the second call must not try the dead one again";
}

}  // namespace
}  // namespace firstline::client
