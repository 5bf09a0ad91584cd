// StatsService.WatchStats: figures of queues as they change.
#pragma once

#include <memory>

#include "services/router/api/owner_calls.h"
#include "services/router/api/stats_service.h"
#include "services/router/api/rpc_stream.h"

namespace firstline::api {

// Waits for callers for as long as the loop runs. However many watch a workspace, its owner, here or
// another pod, is asked once a tick for all of them. After RpcLoop::Start, from any thread.
// Everything must outlive the loop.
void ListenForStats(const std::shared_ptr<RpcLoop>& loop, StatsService& service,
                    OwnerCalls& owner);

}  // namespace firstline::api
