#include "services/router/api/agent_service.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "services/router/api/convert_common.h"
#include "services/router/api/list.h"

namespace firstline::api {
namespace {

constexpr std::string_view kAgentService = "firstline.v1.AgentService";

struct AgentFilter {
  std::set<engine::Presence> presences;
  std::string team;

  bool Takes(const engine::Engine& engine, const engine::Agent& agent) const {
    if (!presences.empty() && presences.count(agent.presence) == 0) return false;
    return team.empty() || engine.NameText(agent.team) == team;
  }
};

AgentFilter ReadFilter(const v1::ListAgentsRequest& request, Fields& fields) {
  AgentFilter filter{{}, request.team()};
  const Path root, presences("presences");
  fields.Workspace(root / "workspace", request.workspace());
  fields.Range(root / "page_size", request.page_size(), 0, limits::kPageSizeMax);
  fields.OptionalName(root / "team", request.team());
  if (fields.AtMost(presences, static_cast<size_t>(request.presences_size()), 4)) {
    for (int i = 0; i < request.presences_size(); ++i) {
      filter.presences.insert(ReadEnum(static_cast<v1::Presence>(request.presences(i)),
                                           Path(presences, i), fields));
    }
  }
  return filter;
}

std::string TextOf(const v1::ListAgentsRequest& request) {
  std::string text = absl::StrCat("agents ", request.workspace(), " ", request.team());
  for (int presence : request.presences()) absl::StrAppend(&text, " ", presence);
  return text;
}

using GetAgentCall = UnaryCall<v1::GetAgentRequest, v1::GetAgentResponse>;
using ListAgentsCall = UnaryCall<v1::ListAgentsRequest, v1::ListAgentsResponse>;

void GetAgent(Backend& backend, GetAgentCall& call) {
  Fields fields;
  const Path root;
  fields.Workspace(root / "workspace", call.request().workspace());
  fields.Id(root / "agent_id", call.request().agent_id());
  const auto read = [&call, &request = call.request()](const engine::Engine& engine,
                                                       v1::GetAgentResponse& out) {
    const engine::AgentIx ix = engine.FindAgent(request.agent_id());
    if (!ix.IsSet() || !Sees(*call.caller(), engine, engine.agent(ix))) {
      return ToStatus(engine::Rejection::kUnknownAgent, request.agent_id(),
                      KindOf<engine::SetPresence>());
    }
    WriteAgentStatus(engine, ix, /*inquiries=*/false, out.mutable_agent());
    return absl::OkStatus();
  };
  Read(backend, call, fields, read);
}

void ListAgents(Backend& backend, ListAgentsCall& call) {
  Fields fields;
  const v1::ListAgentsRequest& request = call.request();
  AgentFilter filter = ReadFilter(request, fields);
  PageScan scan{request.page_token(), TextOf(request), request.page_size()};
  const auto visit = [filter = std::move(filter), caller = call.caller()](
                         const engine::Engine& engine, PageCursor& page,
                         v1::ListAgentsResponse& out) {
    engine.ForEachAgent([&](engine::AgentIx ix, const engine::Agent& agent) {
      if (!page.Reached(ix.value)) return true;
      if (page.Full(ix.value)) return false;
      if (!filter.Takes(engine, agent) || !Sees(*caller, engine, agent)) return true;
      WriteAgentStatus(engine, ix, /*inquiries=*/false, out.add_agents());
      page.Took();
      return true;
    });
  };
  List(backend, call, fields, std::move(scan), visit);
}

}  // namespace

void ServeAgents(const std::shared_ptr<RpcLoop>& loop, AgentService& service, const Forwarding& forwarding) {
  Backend& backend = forwarding.backend;
  const UnaryServer<AgentService> server(loop, service, kAgentService, &forwarding);
  const auto mutate = [&backend](auto& call) { Mutate(backend, call); };
  server.Serve("SetPresence", &AgentService::RequestSetPresence, Order::kCommand, mutate);
  server.Serve("AcceptOffer", &AgentService::RequestAcceptOffer, Order::kCommand, mutate);
  server.Serve("DeclineOffer", &AgentService::RequestDeclineOffer, Order::kCommand, mutate);
  server.Serve("FinishWrapUp", &AgentService::RequestFinishWrapUp, Order::kCommand, mutate);
  server.Serve("ExtendWrapUp", &AgentService::RequestExtendWrapUp, Order::kCommand, mutate);
  server.Serve("GetAgent", &AgentService::RequestGetAgent, Order::kAny,
               [&backend](GetAgentCall& call) { GetAgent(backend, call); });
  server.Serve("ListAgents", &AgentService::RequestListAgents, Order::kAny,
               [&backend](ListAgentsCall& call) { ListAgents(backend, call); });
}

}  // namespace firstline::api
