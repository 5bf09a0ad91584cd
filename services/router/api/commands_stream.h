// RoutingService.Commands: batches of mutations on one stream.
#pragma once

#include <memory>

#include "services/router/api/routing_service.h"
#include "services/router/api/rpc_loop.h"
#include "services/router/api/unary.h"

namespace firstline::api {

// Waits for callers for as long as the loop runs. A stream reads batches, submits each command, and
// writes answers as they come, in order within each workspace, as many as are ready in one message.
// Where one waits for a classifier, the others of its stream and workspace are applied after it.
// At limits::kStreamCommandsMax unanswered commands it stops reading until half of them are
// answered. When the loop drains it takes nothing more and ends with UNAVAILABLE / SHUTTING_DOWN
// once what it has taken is answered. `service`, `forwarding` must outlive the loop. On the loop's thread or before Start.
void ListenForCommands(const std::shared_ptr<RpcLoop>& loop, RoutingService& service,
                       const Forwarding& forwarding);

}  // namespace firstline::api
