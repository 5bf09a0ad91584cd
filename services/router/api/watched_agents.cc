#include "services/router/api/watched_agents.h"

#include <algorithm>
#include <utility>

namespace firstline::api {

using store::EventId;

Watched* WatchedAgents::Find(const std::string& agent_id) {
  const auto it = agents_.find(agent_id);
  return it == agents_.end() ? nullptr : &it->second;
}

void WatchedAgents::SetAwaits(Watched& agent, bool awaits) {
  if (agent.awaits_snapshot == awaits) return;
  agent.awaits_snapshot = awaits;
  awaits ? ++awaiting_ : --awaiting_;
}

void WatchedAgents::Await(const std::string& agent_id) {
  const auto [it, is_new] = agents_.try_emplace(agent_id);
  if (is_new) ++awaiting_;
  SetAwaits(it->second, true);
}

void WatchedAgents::AwaitAll(bool forget) {
  for (auto& [agent_id, agent] : agents_) {
    if (forget) agent = {};
    agent.awaits_snapshot = true;
  }
  awaiting_ = agents_.size();
  if (forget) told_ = {};
}

std::vector<std::string> WatchedAgents::Awaiting(size_t max) const {
  std::vector<std::string> ids;
  if (awaiting_ == 0) return ids;
  for (const auto& [agent_id, agent] : agents_) {
    if (ids.size() == max) break;
    if (agent.awaits_snapshot) ids.push_back(agent_id);
  }
  return ids;
}

void WatchedAgents::Show(const std::string& agent_id, EventId cursor, Events& before,
                         Events& after) {
  Watched* agent = Find(agent_id);
  if (agent == nullptr) return;
  for (EventTails::SharedEvent& event : std::exchange(agent->held, {})) {
    if (event->id > cursor) {
      after.push_back(std::move(event));
    } else if (agent->snapshot && event->id > *agent->snapshot) {
      before.push_back(std::move(event));
    }
  }
  agent->snapshot = std::max(agent->snapshot.value_or(cursor), cursor);
  SetAwaits(*agent, std::exchange(agent->overflown, false));
  NoteAllShown();
}

bool WatchedAgents::Remove(const std::string& agent_id) {
  const auto it = agents_.find(agent_id);
  if (it == agents_.end()) return false;
  SetAwaits(it->second, false);
  agents_.erase(it);
  NoteAllShown();
  return true;
}

// Everybody has all of what was heard, or a snapshot that is newer.
void WatchedAgents::NoteAllShown() {
  if (awaiting_ != 0) return;
  EventId shown = heard_of_;
  if (!agents_.empty()) {
    const auto oldest = std::min_element(
        agents_.begin(), agents_.end(),
        [](const auto& a, const auto& b) { return a.second.snapshot < b.second.snapshot; });
    shown = std::max(shown, *oldest->second.snapshot);
  }
  told_ = std::max(told_, shown);
}

void WatchedAgents::Pass(EventId id) {
  if (awaiting_ == 0) told_ = std::max(told_, id);
}

void WatchedAgents::Hear(EventId cursor) {
  heard_of_ = cursor;
  if (awaiting_ == 0) told_ = std::max(told_, cursor);
}

}  // namespace firstline::api
