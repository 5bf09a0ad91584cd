// StatsService.WatchStats: figures of queues as they change.
#pragma once

#include <memory>

#include "services/router/api/stats_service.h"
#include "services/router/api/unary.h"
#include "services/router/api/rpc_stream.h"

namespace firstline::api {

// Waits for callers for as long as the loop runs. However many watch a workspace, its state is read
// once a tick for all of them. After RpcLoop::Start, from any thread. Everything must outlive the
// loop.
void ListenForStats(const std::shared_ptr<RpcLoop>& loop, StatsService& service,
                    Backend& backend);

}  // namespace firstline::api
