// AgentService's unary calls. WatchAgents is served by watch_agents.h.
#pragma once

#include <memory>

#include "firstline/v1/agent_service.grpc.pb.h"
#include "services/router/api/unary.h"

namespace firstline::api {

using AgentService = v1::AgentService::AsyncService;

// Serves them for as long as the loop runs. `service`, `forwarding` must outlive the loop. On the
// loop's thread.
void ServeAgents(const std::shared_ptr<RpcLoop>& loop, AgentService& service, const Forwarding& forwarding);

}  // namespace firstline::api
