// Capacity reserved for large inquiries. An agent whose room is never large enough, because smaller
// inquiries take it piece by piece, would let a large one wait for ever. Each offer that passes one
// over for want of room counts, for the first in serving order that has no agent reserved; one to
// several agents counts so for each of them, but for the same inquiry once. At its queue's limit the
// agent of that offer is reserved: it takes nothing else until the inquiry is offered, to whomever,
// or may no longer go to that agent.
#include <algorithm>

#include "services/router/engine/impl.h"

namespace firstline::engine {

std::vector<Engine::Impl::Overtaking> Engine::Impl::OvertakingsOf(
    InquiryIx ix, AgentIx agent, const std::vector<AgentIx>& others) {
  std::vector<Overtaking> overtakings;
  if (!world.limits_overtakes) return overtakings;
  const auto look_at = [&](AgentIx by) {
    const InquiryIx overtaken = matcher.FirstOvertaken(ix, by, now);
    const bool known =
        std::any_of(overtakings.begin(), overtakings.end(),
                    [&](const Overtaking& other) { return other.inquiry == overtaken; });
    if (overtaken.IsSet() && !known) overtakings.push_back({overtaken, by});
  };
  look_at(agent);
  for (AgentIx other : others) look_at(other);
  return overtakings;
}

void Engine::Impl::Overtaken(InquiryIx ix, AgentIx by) {
  Inquiry& inquiry = world.inquiry(ix);
  Touch(ix);
  if (inquiry.overtakes < limits::kOvertakesMax) ++inquiry.overtakes;
  if (inquiry.overtakes < world.queue(inquiry.queue).config.max_overtakes) return;
  if (!MayReserve(ix, by)) return;
  matcher.SetReserved(ix, by);
  world.agent(by).reserved_for = ix;
  matcher.UpdateAgent(by);
  Emit(ReservationChanged{ix, inquiry.queue, by, true});
}

bool Engine::Impl::MayReserve(InquiryIx ix, AgentIx agent_ix) const {
  const Inquiry& inquiry = world.inquiry(ix);
  const QueueSlot& queue = world.queue(inquiry.queue);
  const AgentSlot& slot = world.agents[agent_ix.value];
  if (inquiry.state != InquiryState::kWaiting || queue.config.max_overtakes == 0) return false;
  if (!slot.live || slot.it.presence != Presence::kAvailable) return false;
  if (inquiry.units > SizeOf(slot.it, inquiry.channel)) return false;
  if (IsExcepted(inquiry, agent_ix, now) || IsDecliner(inquiry, agent_ix, now)) return false;
  if (IsClosedIn(slot.it, inquiry.queue)) return false;
  return Qualifies(queue.audiences[inquiry.step], world.requirements[inquiry.asked],
                   world.profiles[slot.it.profile]) == Mismatch::kNone;
}

void Engine::Impl::CheckReservation(InquiryIx ix) {
  const AgentIx agent = world.inquiry(ix).reserved;
  if (agent.IsSet() && !MayReserve(ix, agent)) EndReservation(ix);
}

void Engine::Impl::EndReservation(InquiryIx ix) {
  const Inquiry& inquiry = world.inquiry(ix);
  const AgentIx agent = inquiry.reserved;
  if (!agent.IsSet()) return;
  matcher.SetReserved(ix, {});
  world.agent(agent).reserved_for = {};
  released = true;
  Touch(ix);
  Emit(ReservationChanged{ix, inquiry.queue, agent, false});
  AgentChanged(agent);
}

}  // namespace firstline::engine
