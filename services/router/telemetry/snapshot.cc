#include "services/router/telemetry/snapshot.h"

#include <algorithm>
#include <utility>

#include "services/router/engine/requirement.h"

namespace firstline::telemetry {
namespace {

using engine::AgentIx;
using engine::Engine;
using engine::QueueIx;
using engine::Time;

// Agents with room, by profile.
using OpenProfiles = std::map<engine::ProfileIx, uint32_t>;

bool HasRoom(const engine::Agent& agent, Time now) {
  return agent.presence == engine::Presence::kAvailable && agent.used < agent.units &&
         agent.back_off_until <= now && !agent.rate_limited_until.IsSet() &&
         !agent.reserved_for.IsSet();
}

OpenProfiles ReadOpenProfiles(const Engine& engine, Time now) {
  OpenProfiles open;
  engine.ForEachAgent([&](AgentIx, const engine::Agent& agent) {
    if (HasRoom(agent, now)) ++open[agent.profile];
    return true;
  });
  return open;
}

uint32_t CountQualified(const Engine& engine, QueueIx ix, const engine::QueueConfig& queue,
                        const OpenProfiles& open) {
  const engine::Requirement& requirement = engine.QueueRequirement(ix);
  engine::Audience audience;
  audience.queue = ix;
  audience.tier_max = static_cast<uint8_t>(queue.first_tier);
  uint32_t qualified = 0;
  for (const auto& [profile, count] : open) {
    const auto mismatch = engine::Qualifies(audience, requirement, engine.profile(profile));
    if (mismatch == engine::Mismatch::kNone) qualified += count;
  }
  return qualified;
}

QueueNow ReadQueue(const Engine& engine, QueueIx ix, const engine::QueueConfig& queue, Time now) {
  const engine::QueueGauges gauges = engine.Gauges(ix);
  QueueNow read;
  read.queue = engine.QueueId(ix);
  read.waiting = gauges.waiting;
  read.offered = gauges.offered;
  read.assigned = gauges.assigned;
  read.parked = gauges.parked;
  if (gauges.oldest_waiting.IsSet()) {
    read.oldest_waiting_us = std::max<int64_t>(0, (now - gauges.oldest_waiting).us);
  }
  read.expected_wait = engine.ExpectedWait(ix, now);
  read.first_response_target_us = queue.first_response_target.us;
  read.answer_target_us = queue.answer_target.us;
  return read;
}

}  // namespace

std::vector<QueueNow> ReadQueues(const Engine& engine, Time now, QueueIx only) {
  const OpenProfiles open = ReadOpenProfiles(engine, now);
  const size_t queues = only.IsSet() ? 1 : engine.config().queues.size();
  const bool affordable = queues * open.size() <= kQualifyChecksMax;
  std::vector<QueueNow> read;
  engine.ForEachQueue([&](QueueIx ix, const engine::QueueConfig& queue) {
    if (only.IsSet() && ix != only) return true;
    read.push_back(ReadQueue(engine, ix, queue, now));
    if (affordable) {
      read.back().agents_available = CountQualified(engine, ix, queue, open);
    }
    return true;
  });
  return read;
}

std::map<std::string, TeamNow> ReadTeams(const Engine& engine) {
  std::map<std::string, TeamNow> teams;
  for (const engine::TeamConfig& config : engine.config().teams) {
    teams[config.id] = {config.id, config.vendor, {}, 0, 0};
  }
  std::map<engine::NameIx, TeamNow*> known;
  engine.ForEachAgent([&](AgentIx, const engine::Agent& agent) {
    TeamNow*& team = known[agent.team];
    if (team == nullptr) {
      const std::string name = agent.team.IsSet() ? engine.NameText(agent.team) : "";
      team = &teams[name];
      team->team = name;
    }
    ++team->agents[static_cast<size_t>(agent.presence)];
    team->busy_units += agent.used;
    if (agent.presence != engine::Presence::kOffline) team->capacity_units += agent.units;
    return true;
  });
  return teams;
}

}  // namespace firstline::telemetry
