#include "services/cli/simulate/occupancy.h"

#include "services/router/engine/requirement.h"

namespace firstline::simulate {

Occupancy::Occupancy(engine::Engine& engine, const std::vector<engine::QueueIx>& queues)
    : queues_(queues.size()) {
  engine.ForEachAgent([&](engine::AgentIx ix, const engine::Agent& agent) {
    if (agents_.size() <= ix.value) agents_.resize(ix.value + 1);
    for (std::size_t q = 0; q < queues.size(); ++q) {
      const engine::Audience audience{.queue = queues[q]};
      const engine::Mismatch mismatch = engine::Qualifies(
          audience, engine.QueueRequirement(queues[q]), engine.profile(agent.profile));
      if (mismatch != engine::Mismatch::kNone) continue;
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
