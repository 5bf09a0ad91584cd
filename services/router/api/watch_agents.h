// AgentService.WatchAgents: presence lease and work of one agent or many on a stream. The stream is
// this pod's, whoever owns the workspace: events come from the store, everything else goes to the
// owner (owner_calls.h).
#pragma once

#include <chrono>
#include <memory>
#include <set>
#include <string>

#include "services/router/api/agent_service.h"
#include "services/router/api/event_hub.h"
#include "services/router/api/owner_calls.h"
#include "services/router/api/rpc_stream.h"

namespace firstline::api {

struct WatchAgentsOptions {
  std::chrono::milliseconds lease;  // a stream that says nothing for this long is ended
};

// Waits for callers for as long as the loop runs. After RpcLoop::Start, from any thread.
// Everything must outlive the loop.
void ListenForAgents(const std::shared_ptr<RpcLoop>& loop, AgentService& service,
                     OwnerCalls& owner, EventHub& hub, WatchAgentsOptions options);

// Vouches for the sessions of every open stream, in one beat a workspace.
//
// Threads: the loop's. Must outlive it.
class AgentBeats {
 public:
  AgentBeats(RpcLoop& loop, OwnerCalls& owner) : loop_(loop), owner_(owner) {}
  // For RpcLoop::OnEachTick. A workspace whose last beat is not answered yet is left out.
  void Beat();

 private:
  RpcLoop& loop_;
  OwnerCalls& owner_;
  std::set<std::string> under_way_;  // workspaces
};

}  // namespace firstline::api
