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
#include "common/rpc/error.h"
#include "common/status/reason.h"
#include "firstline/internal/v1/forward_service.grpc.pb.h"
#include "firstline/internal/v1/owner_call.pb.h"
#include "services/demo/metrics_text.h"
#include "tests/common/redis_server.h"
#include "tests/integration/stubs.h"
#include "tests/support/chat_workspace.h"
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
    v1::ApplyWorkspaceRequest request = ChatWorkspace("shop");
    request.set_etag(etag);
    v1::Agent& agent = *request.mutable_workspace()->add_agents();
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
  // A sum over what the router shows of a metric.
  static double Metric(const RouterProcess& router, const std::string& name,
                       const demo::MetricLabels& labels = {}) {
    const absl::StatusOr<std::string> page = demo::Scrape(router.metrics_address());
    EXPECT_TRUE(page.ok()) << page.status();
    return page.ok() ? demo::MetricsText(*page).Sum(name, labels) : -1;
  }

  const RouterProcessOptions options_ = {.store = "unix:" + redis_.address().unix_path,
                                         .metrics_listen = "127.0.0.1:0",
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

  v1::ExplainInquiryRequest why;
  why.set_workspace("shop");
  why.set_inquiry_id("i1");
  v1::ExplainInquiryResponse told;
  EXPECT_TRUE(Call(*second_.explain, &v1::ExplainService::Stub::ExplainInquiry, why, &told).ok());
  EXPECT_EQ(told.explanation().agents(), 1);

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

// As another pod would: what this one does not own it refuses, and names who does.
TEST_F(Forwarding, WhatComesFromAPodIsNeverForwardedAgain) {
  const auto stub = internal::v1::ForwardService::NewStub(second_.channel);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  const auto stream = stub->Forward(&context);
  internal::v1::ForwardRequest request;
  for (const char* method : {"/firstline.v1.RoutingService/SubmitInquiry",
                             "/firstline.v1.RoutingService/Commands",
                             "/firstline.internal.v1.OwnerService/ReadStats"}) {
    internal::v1::ForwardedCall& call = *request.add_calls();
    call.set_id(static_cast<uint64_t>(request.calls_size()));
    call.set_method(method);
    v1::Command command;
    *command.mutable_submit_inquiry() = SubmitOf("i1");
    internal::v1::ReadStatsRequest read;
    read.set_workspace("shop");
    call.set_request(request.calls_size() == 1   ? SubmitOf("i1").SerializeAsString()
                     : request.calls_size() == 2 ? command.SerializeAsString()
                                                 : read.SerializeAsString());
  }
  ASSERT_TRUE(stream->Write(request));
  int refused = 0;
  internal::v1::ForwardResponse response;
  while (refused < request.calls_size() && stream->Read(&response)) {
    for (const internal::v1::ForwardedResult& result : response.results()) {
      const absl::Status status = rpc::FromProto(result.error());
      EXPECT_EQ(status::ReasonOf(status), "NOT_OWNER") << result.id() << " " << status;
      EXPECT_EQ(status::GetErrorInfo(status)->metadata.at("owner"), a_.address());
      ++refused;
    }
  }
  EXPECT_EQ(refused, request.calls_size());
  v1::GetInquiryResponse got;
  EXPECT_EQ(status::ReasonOf(Get(first_, "i1", &got)), "UNKNOWN_INQUIRY");
  EXPECT_EQ(Metric(b_, "firstline_forwarded_calls_total"), 0);
  context.TryCancel();
}

TEST_F(Forwarding, WhoIsForwardedIsToldTheOwner) {
  const auto owner_told = [](Stubs& stubs) {
    grpc::ClientContext context;
    v1::SubmitInquiryResponse response;
    EXPECT_TRUE(stubs.routing->SubmitInquiry(&context, SubmitOf("i1"), &response).ok());
    const auto& metadata = context.GetServerTrailingMetadata();
    const auto told = metadata.find("firstline-owner");
    return told == metadata.end() ? "" : std::string(told->second.data(), told->second.size());
  };
  EXPECT_EQ(owner_told(first_), "");
  EXPECT_EQ(owner_told(second_), a_.address());
  for (Stubs* stubs : {&first_, &second_}) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    const auto stream = stubs->routing->Commands(&context);
    v1::CommandsRequest batch;
    *batch.add_commands()->mutable_submit_inquiry() = SubmitOf("i1");
    v1::CommandsResponse response;
    ASSERT_TRUE(stream->Write(batch) && stream->Read(&response));
    EXPECT_EQ(response.results(0).owner(), stubs == &first_ ? "" : a_.address());
    context.TryCancel();
  }
}

TEST_F(Forwarding, MetricsTellWhatWasForwardedAndHowMovesWereNoticed) {
  const auto forwarded = [&](const char* outcome) {
    return Metric(b_, "firstline_forwarded_calls_total", {{"outcome", outcome}});
  };
  ASSERT_TRUE(Submit(second_, "i0").ok());
  EXPECT_FALSE(Submit(second_, "not an id").ok());
  EXPECT_EQ(forwarded("ok"), 1);
  EXPECT_EQ(forwarded("error"), 1);
  EXPECT_EQ(Metric(b_, "firstline_peer_streams"), 1);
  EXPECT_EQ(Metric(b_, "firstline_forward_retries_total"), 0) << "the way to the owner is none";
  EXPECT_EQ(Metric(b_, "firstline_forward_wait_seconds_count"), 0);
  a_.Signal(SIGKILL);
  a_.Wait();
  EXPECT_FALSE(Submit(second_, "i1", milliseconds(100)).ok());
  ASSERT_TRUE(Submit(second_, "i2").ok());
  EXPECT_EQ(forwarded("ok"), 1) << "this one owns it now";
  EXPECT_GE(forwarded("given_up"), 1);
  EXPECT_GE(Metric(b_, "firstline_forward_retries_total"), 1);
  EXPECT_GE(Metric(b_, "firstline_forward_wait_seconds_count"), 2);
  EXPECT_GT(Metric(b_, "firstline_forward_wait_seconds_sum"), 0.1);
  EXPECT_EQ(Metric(b_, "firstline_peer_streams"), 0);
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
