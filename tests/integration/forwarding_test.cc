// Callers that know one router only, a workspace that another owns, loses or hands over: every call
// is served, commands keep their order, nobody is told to go elsewhere.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "absl/strings/str_cat.h"
#include "common/redis/connection.h"
#include "common/status/reason.h"
#include "tests/common/redis_server.h"
#include "tests/integration/stubs.h"
#include "tests/support/router_process.h"

namespace firstline::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

v1::SubmitInquiryRequest SubmitOf(const std::string& id) {
  v1::SubmitInquiryRequest request;
  request.set_workspace("shop");
  request.mutable_inquiry()->set_id(id);
  request.mutable_inquiry()->set_channel("chat");
  request.mutable_inquiry()->set_queue("q");
  return request;
}

class Forwarding : public testing::Test {
 protected:
  Forwarding() {
    EXPECT_TRUE(Apply(first_).ok());
    EXPECT_EQ(OwnerAddress(), a_.address());
  }

  absl::Status Apply(Stubs& stubs, const std::string& etag = "") {
    v1::ApplyWorkspaceRequest request;
    request.set_mode(v1::APPLY_MODE_WHOLE);
    request.set_etag(etag);
    v1::Workspace& workspace = *request.mutable_workspace();
    workspace.set_id("shop");
    v1::Channel& channel = *workspace.add_channels();
    channel.set_id("chat");
    channel.set_kind(v1::CHANNEL_KIND_MESSAGING);
    workspace.add_queues()->set_id("q");
    v1::Agent& agent = *workspace.add_agents();
    agent.set_id("ann");
    agent.mutable_capacity()->set_units(1);
    v1::ApplyWorkspaceResponse response;
    return Call(*stubs.config, &v1::ConfigService::Stub::ApplyWorkspace, request, &response);
  }

  absl::Status Submit(Stubs& stubs, const std::string& id,
                      milliseconds deadline = milliseconds(20'000)) {
    v1::SubmitInquiryResponse response;
    return Call(*stubs.routing, &v1::RoutingService::Stub::SubmitInquiry, SubmitOf(id),
                &response, deadline);
  }

  absl::Status Get(Stubs& stubs, const std::string& id, v1::GetInquiryResponse* response) {
    v1::GetInquiryRequest request;
    request.set_workspace("shop");
    request.set_inquiry_id(id);
    return Call(*stubs.routing, &v1::RoutingService::Stub::GetInquiry, request, response);
  }

  std::string OwnerAddress() {
    const auto record = redis_.Connect()->Call({"HGET", "fl:{shop}:own", "address"});
    return record.ok() ? std::string(record->view().AsString().value_or("")) : "";
  }

  RedisServer redis_{{.append_only = true}};
  const RouterProcessOptions options_ = {.store = "unix:" + redis_.address().unix_path,
                                         .extra_arguments = {"--lease-ms=1000"}};
  RouterProcess a_{options_}, b_{options_};
  Stubs first_{a_.address()}, second_{b_.address()};
};

TEST_F(Forwarding, EveryCallIsServedByEveryPod) {
  EXPECT_TRUE(Submit(second_, "i1").ok());
  v1::GetInquiryResponse got;
  EXPECT_TRUE(Get(second_, "i1", &got).ok());
  EXPECT_EQ(got.inquiry().state(), v1::INQUIRY_STATE_WAITING);

  v1::SetPresenceRequest presence;
  presence.set_workspace("shop");
  presence.set_agent_id("ann");
  presence.set_presence(v1::PRESENCE_AVAILABLE);
  v1::SetPresenceResponse set;
  EXPECT_TRUE(
      Call(*second_.agents, &v1::AgentService::Stub::SetPresence, presence, &set).ok());

  v1::ListInquiriesRequest list;
  list.set_workspace("shop");
  v1::ListInquiriesResponse listed;
  EXPECT_TRUE(
      Call(*second_.routing, &v1::RoutingService::Stub::ListInquiries, list, &listed).ok());
  EXPECT_EQ(listed.inquiries_size(), 1);

  v1::GetQueueStatsRequest stats;
  stats.set_workspace("shop");
  v1::GetQueueStatsResponse figures;
  EXPECT_TRUE(
      Call(*second_.stats, &v1::StatsService::Stub::GetQueueStats, stats, &figures).ok());
  EXPECT_EQ(figures.queues_size(), 1);

  EXPECT_TRUE(Apply(second_, "1").ok());
  EXPECT_EQ(OwnerAddress(), a_.address());
}

TEST_F(Forwarding, ErrorsComeBackWhole) {
  v1::GetInquiryResponse got;
  const absl::Status unknown = Get(second_, "nobody", &got);
  EXPECT_EQ(unknown.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status::ReasonOf(unknown), "UNKNOWN_INQUIRY");
  EXPECT_TRUE(Submit(second_, "i1").ok());
  v1::SubmitInquiryRequest other = SubmitOf("i1");
  other.mutable_inquiry()->set_priority(3);
  v1::SubmitInquiryResponse response;
  const absl::Status reused =
      Call(*second_.routing, &v1::RoutingService::Stub::SubmitInquiry, other, &response);
  EXPECT_EQ(status::ReasonOf(reused), "INQUIRY_ID_REUSED");
  EXPECT_EQ(status::ReasonOf(Submit(second_, "not an id")), "INVALID_FIELD");
}

TEST_F(Forwarding, ACallOutlivesItsOwner) {
  ASSERT_TRUE(Submit(second_, "i0").ok());
  a_.Signal(SIGKILL);
  a_.Wait();
  const auto begin = steady_clock::now();
  EXPECT_TRUE(Submit(second_, "i1").ok());
  EXPECT_LT(steady_clock::now() - begin, milliseconds(5000));
  v1::GetInquiryResponse got;
  EXPECT_TRUE(Get(second_, "i0", &got).ok());
}

TEST_F(Forwarding, AStoppedOwnerHoldsACallForALeaseOnly) {
  ASSERT_TRUE(Submit(second_, "i0").ok());
  a_.Signal(SIGSTOP);
  EXPECT_TRUE(Submit(second_, "i1").ok());
  EXPECT_EQ(OwnerAddress(), b_.address());
  a_.Signal(SIGCONT);
}

TEST_F(Forwarding, TheDeadlineEndsTheTrying) {
  ASSERT_TRUE(Submit(second_, "i0").ok());
  a_.Signal(SIGKILL);
  a_.Wait();
  const absl::Status late = Submit(second_, "i1", milliseconds(100));
  EXPECT_TRUE(absl::IsDeadlineExceeded(late) || absl::IsUnavailable(late)) << late;
}

// Submits and cancels of the same inquiries on one stream, while the owner hands over: a cancel
// that overtook its submit would be told UNKNOWN_INQUIRY.
TEST_F(Forwarding, CommandsKeepTheirOrderThroughAHandover) {
  constexpr int kPairs = 6000;
  grpc::ClientContext context;
  auto stream = second_.routing->Commands(&context);
  std::thread writer([&] {
    for (int i = 0; i < kPairs; ++i) {
      v1::CommandsRequest batch;
      v1::Command& submit = *batch.add_commands();
      submit.set_id(static_cast<uint64_t>(2 * i));
      *submit.mutable_submit_inquiry() = SubmitOf(absl::StrCat("i", i));
      v1::Command& cancel = *batch.add_commands();
      cancel.set_id(static_cast<uint64_t>(2 * i + 1));
      cancel.mutable_cancel_inquiry()->set_workspace("shop");
      cancel.mutable_cancel_inquiry()->set_inquiry_id(absl::StrCat("i", i));
      cancel.mutable_cancel_inquiry()->set_reason(v1::CANCEL_REASON_WITHDRAWN);
      if (!stream->Write(batch)) break;
      if (i == kPairs / 4) a_.Signal(SIGTERM);
    }
    stream->WritesDone();
  });
  uint64_t next = 0;
  v1::CommandsResponse response;
  while (stream->Read(&response)) {
    for (const v1::CommandResult& result : response.results()) {
      EXPECT_EQ(result.id(), next++);
      EXPECT_TRUE(result.has_receipt()) << result.id() << " " << result.error().message();
    }
  }
  writer.join();
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(next, 2u * kPairs);
  EXPECT_EQ(OwnerAddress(), b_.address());
}

// Single calls at one pod while the other, the owner, goes away in order and comes back, by turns.
TEST_F(Forwarding, NoCallFailsWhileOwnersComeAndGo) {
  std::atomic<bool> stop{false};
  std::atomic<int> served{0};
  std::atomic<int64_t> longest_ms{0};
  std::vector<std::string> failures;
  std::thread caller([&] {
    for (int i = 0; !stop; ++i) {
      const auto begin = steady_clock::now();
      const absl::Status status = Submit(second_, absl::StrCat("i", i));
      const auto took =
          std::chrono::duration_cast<milliseconds>(steady_clock::now() - begin).count();
      longest_ms = std::max<int64_t>(longest_ms, took);
      status.ok() ? void(++served) : failures.push_back(status.ToString());
    }
  });
  const auto serve = [&](int more) {
    const int wanted = served + more;
    const auto limit = steady_clock::now() + std::chrono::seconds(30);
    while (served < wanted && steady_clock::now() < limit) std::this_thread::yield();
    EXPECT_GE(served, wanted);
  };
  serve(50);
  a_.Signal(SIGTERM);  // Hands over to the pod that is called.
  EXPECT_EQ(a_.Wait(), 0);
  serve(50);
  EXPECT_EQ(OwnerAddress(), b_.address());
  a_.Restart();
  serve(50);
  stop = true;
  caller.join();
  EXPECT_EQ(failures, std::vector<std::string>());
  RecordProperty("longest_ms", std::to_string(longest_ms));
  std::cout << "the longest call took " << longest_ms << " ms\n";
}

}  // namespace
}  // namespace firstline::test
