// A router in this process that does what a test tells it to, mostly to fail: every call it serves
// is a function the test may replace.
//
//   FakeRouter router;
//   router.on_submit = [&](const auto& request, auto* response) { return Refusal(...); };
//   Client client({.targets = {router.address()}, .timing = std::make_shared<FakeTiming>()});
//
// Thread rule: functions are set before the first call; they run on gRPC's threads.
#pragma once

#include <grpcpp/server.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/client/timing.h"
#include "common/sync/mutex.h"
#include "firstline/v1/agent_service.grpc.pb.h"
#include "firstline/v1/routing_service.grpc.pb.h"
#include "firstline/v1/stats_service.grpc.pb.h"

namespace firstline::test {

// A status with ErrorInfo and, if asked for, RetryInfo.
grpc::Status Refusal(grpc::StatusCode code, const std::string& reason,
                     const std::map<std::string, std::string>& metadata = {},
                     std::optional<std::chrono::milliseconds> retry_after = std::nullopt);
// The same as a message, for results inside streams.
google::rpc::Status RefusalMessage(grpc::StatusCode code, const std::string& reason,
                                   const std::map<std::string, std::string>& metadata = {},
                                   std::optional<std::chrono::milliseconds> retry_after =
                                       std::nullopt);
grpc::Status NotOwner(const std::string& owner);

// Time that passes only by waiting for it, which takes none.
class FakeTiming final : public client::Timing {
 public:
  std::chrono::nanoseconds Now() const override;
  bool Wait(std::chrono::nanoseconds span, client::Stop& stop) override;
  // The middle of every draw.
  double Draw() override { return 0.5; }
  // All waits so far but those of no time.
  std::vector<std::chrono::nanoseconds> waits() const;

 private:
  mutable sync::Mutex mutex_;
  std::chrono::nanoseconds now_ FIRSTLINE_GUARDED_BY(mutex_) = std::chrono::hours(1);
  std::vector<std::chrono::nanoseconds> waits_ FIRSTLINE_GUARDED_BY(mutex_);
};

class FakeRouter final : private v1::RoutingService::Service,
                         private v1::AgentService::Service,
                         private v1::StatsService::Service {
 public:
  using EventWriter = grpc::ServerWriter<v1::WatchEventsResponse>;
  using StatsWriter = grpc::ServerWriter<v1::WatchStatsResponse>;
  using AgentsStream = grpc::ServerReaderWriter<v1::WatchAgentsResponse, v1::WatchAgentsRequest>;
  using CommandsStream = grpc::ServerReaderWriter<v1::CommandsResponse, v1::CommandsRequest>;

  FakeRouter();
  ~FakeRouter() override;

  const std::string& address() const { return address_; }
  // Breaks all connections and refuses new ones.
  void Die();

  std::string owner;  // told with every submission, as if it had been forwarded there
  std::function<grpc::Status(const v1::SubmitInquiryRequest&, v1::SubmitInquiryResponse*)>
      on_submit;
  std::function<grpc::Status(const v1::ParkInquiryRequest&, v1::ParkInquiryResponse*)> on_park;
  std::function<grpc::Status(const v1::WatchEventsRequest&, EventWriter*)> on_watch_events;
  std::function<grpc::Status(const v1::WatchStatsRequest&, StatsWriter*)> on_watch_stats;
  std::function<grpc::Status(grpc::ServerContext*, AgentsStream*)> on_watch_agents;
  std::function<grpc::Status(CommandsStream*)> on_commands;

 private:
  grpc::Status SubmitInquiry(grpc::ServerContext* context,
                             const v1::SubmitInquiryRequest* request,
                             v1::SubmitInquiryResponse* response) override {
    if (!owner.empty()) context->AddTrailingMetadata("firstline-owner", owner);
    return on_submit(*request, response);
  }
  grpc::Status ParkInquiry(grpc::ServerContext*, const v1::ParkInquiryRequest* request,
                           v1::ParkInquiryResponse* response) override {
    return on_park(*request, response);
  }
  grpc::Status WatchEvents(grpc::ServerContext*, const v1::WatchEventsRequest* request,
                           EventWriter* writer) override {
    return on_watch_events(*request, writer);
  }
  grpc::Status WatchStats(grpc::ServerContext*, const v1::WatchStatsRequest* request,
                          StatsWriter* writer) override {
    return on_watch_stats(*request, writer);
  }
  grpc::Status WatchAgents(grpc::ServerContext* context, AgentsStream* stream) override {
    return on_watch_agents(context, stream);
  }
  grpc::Status Commands(grpc::ServerContext*, CommandsStream* stream) override {
    return on_commands(stream);
  }

  std::string address_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace firstline::test
