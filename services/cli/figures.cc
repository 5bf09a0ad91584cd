#include "services/cli/figures.h"

#include <algorithm>
#include <limits>

#include "services/cli/failure.h"

namespace firstline::cli {
namespace {

constexpr std::size_t kPageMax = 1000;

google::protobuf::Timestamp ReadTime(Context& context) {
  v1::GetTimeRequest request;
  request.set_workspace(context.Workspace());
  return Unwrap(context.client().GetTime(request)).time();
}

std::map<std::string, v1::AgentStats> ReadAgentStats(Context& context) {
  v1::GetAgentStatsRequest request;
  request.set_workspace(context.Workspace());
  request.set_page_size(kPageMax);
  std::map<std::string, v1::AgentStats> stats;
  do {
    const v1::GetAgentStatsResponse page = Unwrap(context.client().GetAgentStats(request));
    for (const v1::AgentStats& agent : page.agents()) stats[agent.agent_id()] = agent;
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return stats;
}

}  // namespace

std::vector<v1::AgentStatus> ReadAgents(Context& context, const v1::ListAgentsRequest& filter,
                                        std::size_t agents_max) {
  v1::ListAgentsRequest request = filter;
  request.set_workspace(context.Workspace());
  std::vector<v1::AgentStatus> agents;
  do {
    request.set_page_size(static_cast<int>(std::min(agents_max - agents.size(), kPageMax)));
    v1::ListAgentsResponse page = Unwrap(context.client().ListAgents(request));
    for (v1::AgentStatus& agent : *page.mutable_agents()) agents.push_back(std::move(agent));
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty() && agents.size() < agents_max);
  if (!request.page_token().empty()) {
    context.err << "there are more than these " << agents.size() << "; --limit shows more\n";
  }
  std::sort(agents.begin(), agents.end(), [](const v1::AgentStatus& a, const v1::AgentStatus& b) {
    return a.agent().id() < b.agent().id();
  });
  return agents;
}

Figures ReadFigures(Context& context, const FiguresWanted& wanted) {
  Figures figures;
  figures.time = ReadTime(context);
  if (wanted.queues) {
    v1::GetQueueStatsRequest request;
    request.set_workspace(context.Workspace());
    request.set_queue(wanted.queue);
    figures.queues = Unwrap(context.client().GetQueueStats(request));
  }
  if (wanted.agents) {
    v1::ListAgentsRequest filter;
    filter.set_team(wanted.team);
    figures.agents = ReadAgents(context, filter, std::numeric_limits<std::size_t>::max());
  }
  if (wanted.agent_stats) figures.agent_stats = ReadAgentStats(context);
  return figures;
}

}  // namespace firstline::cli
