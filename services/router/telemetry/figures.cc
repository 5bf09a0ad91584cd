#include "services/router/telemetry/figures.h"

#include <utility>

namespace firstline::telemetry {
namespace {

// A blank cannot be in a name, so keys cannot collide.
std::string KeyOf(std::string_view queue, std::string_view channel, std::string_view team) {
  std::string key;
  key.reserve(queue.size() + channel.size() + team.size() + 2);
  key.append(queue).append(1, ' ').append(channel).append(1, ' ').append(team);
  return key;
}

}  // namespace

Flow& Figures::FlowOf(std::string_view queue, std::string_view channel) {
  const auto known = flow_index_.find(KeyOf(queue, channel, ""));
  if (known != flow_index_.end()) return *known->second;
  if (flows_.size() >= kPlacesMax && queue != kBeyondLimit)
    return FlowOf(kBeyondLimit, kBeyondLimit);
  auto& flow = *flows_.emplace_back(std::make_unique<Flow>());
  flow.queue = queue;
  flow.channel = channel;
  flow_index_.emplace(KeyOf(queue, channel, ""), &flow);
  return flow;
}

Work& Figures::WorkOf(const Place& place) {
  const auto known = work_index_.find(KeyOf(place.queue, place.channel, place.team));
  if (known != work_index_.end()) return *known->second;
  if (works_.size() >= kPlacesMax && place.queue != kBeyondLimit) {
    return WorkOf({kBeyondLimit, kBeyondLimit, ""});
  }
  auto& work = *works_.emplace_back(std::make_unique<Work>());
  work.queue = place.queue;
  work.channel = place.channel;
  work.team = place.team;
  work_index_.emplace(KeyOf(place.queue, place.channel, place.team), &work);
  return work;
}

TeamLoad& Figures::LoadOf(std::string_view team) {
  const auto known = loads_.find(team);
  if (known != loads_.end()) return known->second;
  if (loads_.size() >= kPlacesMax && team != kBeyondLimit) return LoadOf(kBeyondLimit);
  TeamLoad& load = loads_[std::string(team)];
  load.team = team;
  return load;
}

AgentFigures& Figures::AgentOf(std::string_view agent_id, engine::Time now) {
  const auto known = agents_.find(agent_id);
  if (known != agents_.end()) return *known->second;
  auto& agent = agents_[std::string(agent_id)];
  agent = std::make_unique<AgentFigures>();
  agent->agent_id = agent_id;
  agent->since = now;
  return *agent;
}

const AgentFigures* Figures::FindAgent(std::string_view agent_id) const {
  const auto known = agents_.find(agent_id);
  return known == agents_.end() ? nullptr : known->second.get();
}

void SettleLoad(AgentFigures& agent, engine::Time now) {
  if (now <= agent.load_since) return;
  const int64_t us = (now - agent.load_since).us;
  agent.load_since = now;
  if (!agent.online) return;
  agent.logged_in_us += us;
  agent.busy_unit_us += us * agent.used;
  agent.capacity_unit_us += us * agent.units;
  if (agent.team_load == nullptr) return;
  agent.team_load->busy_unit_us += us * agent.used;
  agent.team_load->capacity_unit_us += us * agent.units;
}

void Figures::SettleLoads(engine::Time now) {
  for (auto& [id, agent] : agents_) SettleLoad(*agent, now);
}

void Figures::ForgetLoads() {
  for (auto& [id, agent] : agents_) agent->online = false;
}

std::unique_ptr<AgentFigures> Figures::ForgetAgent(std::string_view agent_id) {
  const auto known = agents_.find(agent_id);
  if (known == agents_.end()) return nullptr;
  auto figures = std::move(known->second);
  agents_.erase(known);
  return figures;
}

}  // namespace firstline::telemetry
