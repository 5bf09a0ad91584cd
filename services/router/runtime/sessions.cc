#include "services/router/runtime/sessions.h"

#include <algorithm>

#include "services/router/runtime/limits.h"

namespace firstline::runtime {

void SessionLeases::Begin(const engine::Engine& engine, BootTime now) {
  expiry_of_.clear();
  by_expiry_.clear();
  const Span grace = engine.config().settings.presence_grace;
  engine.ForEachAgent([&](engine::AgentIx, const engine::Agent& agent) {
    for (const engine::Session& session : agent.sessions) Open(agent.id, session.id, grace, now);
    return true;
  });
}

void SessionLeases::Open(const std::string& agent, const std::string& session, Span grace,
                         BootTime now) {
  const Key key(agent, session);
  if (expiry_of_.size() >= limits::kSessionsMax && expiry_of_.count(key) == 0) return;
  Set(key, now + grace);
}

void SessionLeases::Beat(const SessionRef& session, Span grace, BootTime now) {
  const Key key(session.agent_id, session.session_id);
  if (expiry_of_.count(key) > 0) Set(key, now + grace);
}

void SessionLeases::Close(const std::string& agent, const std::string& session) {
  const auto it = expiry_of_.find(Key(agent, session));
  if (it == expiry_of_.end()) return;
  by_expiry_.erase({it->second, it->first});
  expiry_of_.erase(it);
}

std::vector<std::pair<std::string, std::string>> SessionLeases::TakeLapsed(BootTime now,
                                                                           size_t max) {
  std::vector<Key> lapsed;
  while (lapsed.size() < max && NextExpiry() <= now) {
    const auto first = by_expiry_.begin();
    lapsed.push_back(first->second);
    expiry_of_.erase(first->second);
    by_expiry_.erase(first);
  }
  return lapsed;
}

void SessionLeases::Extend(Span span) {
  by_expiry_.clear();
  for (auto& [key, expiry] : expiry_of_) {
    expiry = expiry + span;
    by_expiry_.insert({expiry, key});
  }
}

BootTime SessionLeases::NextExpiry() const {
  return by_expiry_.empty() ? kNeverBoot : by_expiry_.begin()->first;
}

void SessionLeases::Set(const Key& key, BootTime expiry) {
  const auto [it, added] = expiry_of_.try_emplace(key, expiry);
  if (!added) by_expiry_.erase({it->second, key});
  it->second = expiry;
  by_expiry_.insert({expiry, key});
}

}  // namespace firstline::runtime
