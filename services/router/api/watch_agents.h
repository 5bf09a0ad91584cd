// AgentService.WatchAgents: presence lease and work of one agent or many on a stream.
#pragma once

#include <chrono>
#include <memory>

#include "services/router/api/agent_service.h"
#include "services/router/api/event_hub.h"
#include "services/router/api/unary.h"
#include "services/router/api/rpc_stream.h"

namespace firstline::api {

struct WatchAgentsOptions {
  std::chrono::milliseconds lease;  // a stream that says nothing for this long is ended
};

// Waits for callers for as long as the loop runs. After RpcLoop::Start, from any thread.
// Everything must outlive the loop.
void ListenForAgents(const std::shared_ptr<RpcLoop>& loop, AgentService& service,
                     Backend& backend, EventHub& hub, WatchAgentsOptions options);

// Vouches for the sessions of every open stream, in one beat a workspace; for
// RpcLoop::OnEachTick.
void BeatForAgents(RpcLoop& loop, Backend& backend);

}  // namespace firstline::api
