// The day's figures, per queue, as StatsService gives them, and their comparison with /metrics.
//
// Thread rule: pure functions.
#pragma once

#include <string>
#include <vector>

#include "firstline/v1/stats_service.pb.h"
#include "services/demo/metrics_text.h"

namespace firstline::demo {

// A table for people, a line a queue and one for all.
std::string Table(const v1::GetQueueStatsResponse& stats);

// Every figure behind the table, and some more, that differs from the sum of its samples in
// `metrics`: one line each, none if all are equal.
std::vector<std::string> Differences(const std::string& workspace,
                                     const v1::GetQueueStatsResponse& stats,
                                     const MetricsText& metrics);

}  // namespace firstline::demo
