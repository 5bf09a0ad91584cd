#include "services/cli/simulate/occupancy.h"

#include "services/router/engine/requirement.h"

namespace firstline::simulate {
namespace {

// What the queue itself asks, in the engine's handles.
engine::Requirement RequirementOf(const engine::QueueConfig& queue, engine::Engine& engine) {
  engine::Requirement requirement;
  for (const auto& it : queue.requirement.skills) {
    requirement.skills.push_back({engine.NameHandle(it.name), static_cast<uint8_t>(it.level)});
  }
  for (const auto& it : queue.requirement.languages) {
    requirement.languages.push_back({engine.NameHandle(it.name), static_cast<uint8_t>(it.level)});
  }
  for (const auto& it : queue.requirement.labels) {
    requirement.labels.push_back(engine.NameHandle(it));
  }
  return requirement;
}

}  // namespace

Occupancy::Occupancy(engine::Engine& engine, const std::vector<engine::QueueIx>& queues)
    : queues_(queues.size()) {
  std::vector<engine::Requirement> asked;
  for (engine::QueueIx queue : queues) asked.push_back(RequirementOf(engine.queue(queue), engine));
  engine.ForEachAgent([&](engine::AgentIx ix, const engine::Agent& agent) {
    if (agents_.size() <= ix.value) agents_.resize(ix.value + 1);
    for (std::size_t q = 0; q < queues.size(); ++q) {
      const engine::Audience audience{.queue = queues[q]};
      const engine::Profile& profile = engine.profile(agent.profile);
      if (engine::Qualifies(audience, asked[q], profile) != engine::Mismatch::kNone) continue;
      agents_[ix.value].queues.push_back(q);
    }
    return true;
  });
  for (std::uint32_t i = 0; i < agents_.size(); ++i) Refresh(engine, engine::AgentIx{i});
}

void Occupancy::Refresh(const engine::Engine& engine, engine::AgentIx ix) {
  const engine::Agent& agent = engine.agent(ix);
  const bool there = agent.presence == engine::Presence::kAvailable ||
                     agent.presence == engine::Presence::kDraining;
  const Units now{agent.used, there ? agent.units : 0};
  Known& known = agents_[ix.value];
  const Units change{now.used - known.units.used, now.there - known.units.there};
  known.units = now;
  const auto apply = [&change](Units& units) {
    units.used += change.used;
    units.there += change.there;
  };
  if (change.used == 0 && change.there == 0) return;
  apply(all_);
  for (std::size_t queue : known.queues) apply(queues_[queue]);
}

}  // namespace firstline::simulate
