// What may stand between an inquiry and an agent, enumerated in one place: matching stops at the first,
// an explanation lists all. A new rule is a new visit here (or in requirement.cc for what profiles and
// requirements say), and both follow it.
//
// The order of the checks: the inquiry's hold, what the agent is (MisfitsOf), the agent's gates, the
// queue's gates, the exceptions of the inquiry.
//
// Threads: pure functions. Private to the engine.
#pragma once

#include <algorithm>

#include "services/router/engine/explain.h"
#include "services/router/engine/misfits.h"
#include "services/router/engine/world.h"

namespace firstline::engine {

// What is asked of agents: an audience and a requirement, of a line or of an inquiry that stands in
// none. Refers to both.
struct Ask {
  const Audience& audience;
  const Requirement& requirement;
  QueueIx queue() const { return audience.queue; }
};
inline const Audience& AudienceAt(const QueueSlot& queue, size_t step) {
  return queue.audiences[std::min<size_t>(step, queue.audiences.size() - 1)];
}
inline Ask AskOf(const World& world, const Inquiry& inquiry) {
  return {AudienceAt(world.queue(inquiry.queue), inquiry.step), world.requirements[inquiry.asked]};
}

// ---- Visits: visit(x) for whatever is closed, in order, until it returns true. They return whether
// it did. ----

// A reservation for `inquiry` does not count.
template <class Visit>
bool VisitGates(const Agent& agent, ChannelIx channel, int units, InquiryIx inquiry,
                const Visit& visit) {
  const auto closed = [&visit](Gate gate, Time until, int needed, int left) {
    return visit(ClosedGate{gate, until, needed, left});
  };
  const bool drains = agent.presence == Presence::kDraining;
  if (drains && closed(Gate::kDrain, {}, 0, 0)) return true;
  if (!drains && agent.presence != Presence::kAvailable && closed(Gate::kPresence, {}, 0, 0)) {
    return true;
  }
  if (agent.back_off_until.IsSet() && closed(Gate::kBackOff, agent.back_off_until, 0, 0)) {
    return true;
  }
  const Time limited = agent.rate_limited_until;
  if (limited.IsSet() && closed(Gate::kRateLimit, limited == kNever ? Time{} : limited, 0, 0)) {
    return true;
  }
  const bool reserved = agent.reserved_for.IsSet() && agent.reserved_for != inquiry;
  if (reserved && closed(Gate::kReserved, {}, 0, 0)) return true;
  if (const int left = agent.units - UsedAgainst(agent, channel); left < units) {
    if (closed(Gate::kCapacity, {}, units, left)) return true;
  }
  if (const int left = LeftOf(agent, channel); left < units) {
    if (closed(Gate::kChannelCapacity, {}, units, left)) return true;
  }
  return agent.exclusive != 0 && IsShutOut(agent, channel) && closed(Gate::kExclusive, {}, 0, 0);
}

// What closes one queue alone.
template <class Visit>
bool VisitQueueGates(const Agent& agent, QueueIx queue, const Visit& visit) {
  for (const QueueBackOff& back_off : agent.queue_back_offs) {
    if (back_off.queue != queue || !back_off.until.IsSet()) continue;
    if (visit(ClosedGate{Gate::kQueueBackOff, back_off.until, 0, 0})) return true;
  }
  for (const WrapUp& wrap_up : agent.wrap_ups) {
    if (wrap_up.queue != queue || wrap_up.units != 0) continue;
    if (visit(ClosedGate{Gate::kQueueWrapUp, wrap_up.until, 0, 0})) return true;
  }
  return false;
}

// Everything. `ix`: unset for an inquiry that is only supposed.
template <class Visit>
bool VisitObstacles(const World& world, const Ask& ask, const Inquiry& inquiry, InquiryIx ix,
                    AgentIx agent_ix, Time now, const Visit& visit) {
  using Kind = Obstacle::Kind;
  const Agent& agent = world.agent(agent_ix);
  if (inquiry.held && inquiry.preferred[0] != agent_ix) {
    if (visit(Obstacle{.kind = Kind::kHeldForAnother})) return true;
  }
  const Profile& profile = world.profiles[agent.profile];
  if (VisitMisfits(ask.audience, ask.requirement, profile, [&visit](const Misfit& misfit) {
        return visit(Obstacle{.kind = Kind::kMisfit, .misfit = misfit});
      })) {
    return true;
  }
  const auto gate = [&visit](const ClosedGate& closed) {
    return visit(Obstacle{.kind = Kind::kGate, .gate = closed});
  };
  if (VisitGates(agent, ask.requirement.channel, ask.requirement.units, ix, gate)) return true;
  if (agent.closed_queues != 0 && VisitQueueGates(agent, ask.queue(), gate)) return true;
  for (const Exception& exception : inquiry.exceptions) {
    if (exception.agent != agent_ix || exception.until <= now) continue;
    const Kind kind = exception.named_by_caller ? Kind::kExcluded : Kind::kExcepted;
    return visit(Obstacle{.kind = kind, .until = exception.until == kNever ? Time{}
                                                                           : exception.until});
  }
  return false;
}

// Whether nothing stands between them: what matching, invariants and explanations agree on.
inline bool MayTake(const World& world, const Ask& ask, const Inquiry& inquiry, InquiryIx ix,
                    AgentIx agent, Time now) {
  return !VisitObstacles(world, ask, inquiry, ix, agent, now,
                         [](const Obstacle&) { return true; });
}

}  // namespace firstline::engine
