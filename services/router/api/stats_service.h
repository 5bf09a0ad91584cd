// StatsService's and ClockService's unary calls. WatchStats is served by watch_stats.h.
#pragma once

#include "firstline/v1/clock_service.grpc.pb.h"
#include "firstline/v1/stats_service.grpc.pb.h"
#include "services/router/api/unary.h"

namespace firstline::api {

using StatsService = v1::StatsService::AsyncService;
using ClockService = v1::ClockService::AsyncService;

// Both serve for as long as the loop runs; services and forwarding must outlive it. On the loop's
// thread. `driven`: the router's workspaces follow AdvanceTime alone.
void ServeStats(const std::shared_ptr<RpcLoop>& loop, StatsService& service, const Forwarding& forwarding);
void ServeClock(const std::shared_ptr<RpcLoop>& loop, ClockService& service, const Forwarding& forwarding,
                bool driven);

// Writes the figures of one queue, or of all when `queue` is empty, by name. NOT_FOUND /
// UNKNOWN_QUEUE. On the thread that may read `engine`.
absl::Status ReadQueueStats(telemetry::Telemetry& telemetry, const engine::Engine& engine,
                            const std::string& queue, v1::GetQueueStatsResponse& out);

}  // namespace firstline::api
