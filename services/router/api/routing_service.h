// RoutingService's unary calls. Its streams are served by commands_stream.h and watch_events.h.
#pragma once

#include <memory>

#include "firstline/v1/routing_service.grpc.pb.h"
#include "services/router/api/unary.h"

namespace firstline::api {

using RoutingService = v1::RoutingService::AsyncService;

// Serves them for as long as the loop runs. `service`, `forwarding` must outlive the loop. On the loop's
// thread.
void ServeRouting(const std::shared_ptr<RpcLoop>& loop, RoutingService& service, const Forwarding& forwarding);

}  // namespace firstline::api
