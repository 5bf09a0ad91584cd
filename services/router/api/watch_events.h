// RoutingService.WatchEvents: a workspace's history on a stream.
#pragma once

#include <memory>

#include "services/router/api/event_hub.h"
#include "services/router/api/routing_service.h"
#include "services/router/api/unary.h"
#include "services/router/api/rpc_stream.h"

namespace firstline::api {

// Waits for callers for as long as the loop runs. After RpcLoop::Start, from any thread.
// Everything must outlive the loop.
void ListenForEvents(const std::shared_ptr<RpcLoop>& loop, RoutingService& service,
                     Backend& backend, EventHub& hub);

}  // namespace firstline::api
