// StatsService and ClockService.
//
// Threads: as unary.h.
#pragma once

#include "firstline/v1/clock_service.grpc.pb.h"
#include "firstline/v1/stats_service.grpc.pb.h"
#include "services/router/api/unary.h"

namespace firstline::api {

// WatchStats is served by watch_stats.h.
using StatsBase = v1::StatsService::WithAsyncMethod_WatchStats<
    v1::StatsService::WithCallbackMethod_GetQueueStats<
        v1::StatsService::WithCallbackMethod_GetAgentStats<v1::StatsService::Service>>>;

// Writes the figures of one queue, or of all when `queue` is empty, by name. NOT_FOUND /
// UNKNOWN_QUEUE. On the thread that may read `engine`.
absl::Status ReadQueueStats(telemetry::Telemetry& telemetry, const engine::Engine& engine,
                            const std::string& queue, v1::GetQueueStatsResponse& out);

class StatsService final : public StatsBase {
 public:
  // `deps` must outlive it.
  explicit StatsService(const Deps& deps) : deps_(deps) {}

  grpc::ServerUnaryReactor* GetQueueStats(grpc::CallbackServerContext* context,
                                          const v1::GetQueueStatsRequest* request,
                                          v1::GetQueueStatsResponse* response) override;
  grpc::ServerUnaryReactor* GetAgentStats(grpc::CallbackServerContext* context,
                                          const v1::GetAgentStatsRequest* request,
                                          v1::GetAgentStatsResponse* response) override;

 private:
  const Deps& deps_;
};

class ClockService final : public v1::ClockService::CallbackService {
 public:
  // `deps` must outlive it. `driven`: the router's workspaces follow AdvanceTime alone.
  ClockService(const Deps& deps, bool driven) : deps_(deps), driven_(driven) {}

  grpc::ServerUnaryReactor* GetTime(grpc::CallbackServerContext* context,
                                    const v1::GetTimeRequest* request,
                                    v1::GetTimeResponse* response) override;
  grpc::ServerUnaryReactor* AdvanceTime(grpc::CallbackServerContext* context,
                                        const v1::AdvanceTimeRequest* request,
                                        v1::AdvanceTimeResponse* response) override;

 private:
  const Deps& deps_;
  const bool driven_;
};

}  // namespace firstline::api
