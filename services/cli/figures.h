// The one source of live figures: what `top`, `queue watch` and `agent watch` show at a moment.
//
// Thread rule: one thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "firstline/v1/agent.pb.h"
#include "firstline/v1/stats_service.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "services/cli/context.h"

namespace firstline::cli {

struct FiguresWanted {
  bool queues = false, agents = false, agent_stats = false;
  std::string queue = {};  // empty: all
  std::string team = {};   // empty: all
};

struct Figures {
  // Workspace time: what deadlines in `agents` are compared with.
  google::protobuf::Timestamp time;
  v1::GetQueueStatsResponse queues;
  std::vector<v1::AgentStatus> agents;  // by ascending id
  std::map<std::string, v1::AgentStats> agent_stats;
};

// Asks the router once for each kind and page. Throws Failure.
Figures ReadFigures(Context& context, const FiguresWanted& wanted);

// Every agent, by ascending id; `presences` and `team` empty: all. Throws Failure.
std::vector<v1::AgentStatus> ReadAgents(Context& context, const v1::ListAgentsRequest& filter,
                                        std::size_t agents_max);

}  // namespace firstline::cli
