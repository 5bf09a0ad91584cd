// Offers: an inquiry held for one or several agents until one of them accepts.
#include <algorithm>

#include "services/router/engine/impl.h"

namespace firstline::engine {
namespace {

// What one offer costs a queue of weight 1; divided by weights up to kWeightMax.
constexpr int64_t kPassScale = 720'720'000;  // exact for weights up to 16

}  // namespace

void Engine::Impl::MakeOffer(InquiryIx ix, AgentIx agent) {
  Inquiry& inquiry = world.inquiry(ix);
  const QueueConfig& queue = world.queue(inquiry.queue).config;
  std::vector<AgentIx> others;
  if (queue.offer_to > 1) others = ChooseOthers(ix, agent);
  const std::vector<Overtaking> overtakings = OvertakingsOf(ix, agent, others);
  TakeTo(ix, agent);
  if (queue.auto_accept) {
    inquiry.offer_outcome = OfferOutcome::kAccepted;
    Assign(ix, agent, AssignCause::kAutomatic);
  } else {
    SetState(ix, InquiryState::kOffered);
    inquiry.offer_open = true;
    SetDeadline(ix, now + queue.offer_timeout);
    for (AgentIx other : others) {
      Occupy(ix, other);
      inquiry.also_asked.Set().push_back({.agent = other});
    }
    TellOffer(ix, agent);
    for (AgentIx other : others) TellOffer(ix, other);
    if (world.limits_rate) {
      AgentChanged(agent);
      for (AgentIx other : others) AgentChanged(other);
    }
  }
  EndReservation(ix);
  for (const Overtaking& overtaking : overtakings) Overtaken(overtaking.inquiry, overtaking.by);
}

void Engine::Impl::TellOffer(InquiryIx ix, AgentIx agent) {
  const Inquiry& inquiry = world.inquiry(ix);
  Emit(OfferCreated{ix, inquiry.queue, agent, inquiry.offer_number, inquiry.deadline,
                    inquiry.units});
}

// The best ones after `first`, in order. While they are looked for, those chosen count as excepted.
std::vector<AgentIx> Engine::Impl::ChooseOthers(InquiryIx ix, AgentIx first) {
  Inquiry& inquiry = world.inquiry(ix);
  const auto asked_max = static_cast<size_t>(world.queue(inquiry.queue).config.offer_to);
  const size_t exceptions = inquiry.exceptions.size();
  std::vector<AgentIx> others;
  for (AgentIx last = first; others.size() + 1 < asked_max; others.push_back(last)) {
    inquiry.exceptions.push_back({last, kNever, false});
    last = matcher.BestAgent(ix, now);
    if (!last.IsSet() || (IsDecliner(inquiry, last, now) && !IsDecliner(inquiry, first, now))) break;
  }
  inquiry.exceptions.resize(exceptions);
  return others;
}

void Engine::Impl::TakeTo(InquiryIx ix, AgentIx agent) {
  Inquiry& inquiry = world.inquiry(ix);
  NoteStart(ix);
  LeaveLine(ix);
  if (world.shares) Charge(inquiry.queue);
  inquiry.held = false;
  inquiry.agent = agent;
  inquiry.offer_agent = agent;
  inquiry.also_asked = {};
  inquiry.offer_time = now;
  ++inquiry.offer_number;
  Occupy(ix, agent);
}

void Engine::Impl::Occupy(InquiryIx ix, AgentIx agent_ix) {
  const Inquiry& inquiry = world.inquiry(ix);
  Agent& agent = world.agent(agent_ix);
  agent.offered_sequence = NextAgentSequence();
  // By arrival: an order that a restart can give back.
  agent.work.insert(std::upper_bound(agent.work.begin(), agent.work.end(), inquiry.sequence,
                                     [this](uint64_t sequence, InquiryIx held) {
                                       return sequence < world.inquiry(held).sequence;
                                     }),
                    ix);
  TakeUnits(ix, agent_ix);
  matcher.UpdateAgent(agent_ix);
  Touch(agent_ix);
}

// Shares are a virtual time (stride scheduling: Waldspurger and Weihl 1995): an offer moves its queue's
// pass on by 1 / weight, and the queue with the smallest pass is served first. One that begins to
// wait again starts at the present, so that it cannot save up turns while nobody waits.
void Engine::Impl::Charge(QueueIx queue) {
  const QueueSlot& slot = world.queue(queue);
  int64_t& pass = world.counters.passes[slot.share].pass;
  world.counters.virtual_pass = std::max(world.counters.virtual_pass, pass);
  pass += kPassScale / std::max(1, slot.config.weight);
}

// ---- Its end ------------------------------------------------------------------------------------

void Engine::Impl::EndOffer(InquiryIx ix, OfferOutcome outcome) {
  Inquiry& inquiry = world.inquiry(ix);
  DismissOthers(ix, outcome);
  inquiry.offer_open = false;
  inquiry.offer_outcome = outcome;
  Emit(OfferEnded{ix, inquiry.queue, inquiry.agent, inquiry.offer_number, outcome});
  Touch(ix);
}

void Engine::Impl::DismissOthers(InquiryIx ix, OfferOutcome outcome) {
  Inquiry& inquiry = world.inquiry(ix);
  if (inquiry.also_asked.get() == nullptr) return;
  for (AlsoAsked& other : inquiry.also_asked.Set()) {
    if (!other.open) continue;
    other.open = false;
    other.outcome = outcome;
    Emit(OfferEnded{ix, inquiry.queue, other.agent, inquiry.offer_number, outcome});
    LeaveOffer(ix, other.agent);
  }
  Touch(ix);
}

bool Engine::Impl::EndOfferTo(InquiryIx ix, AgentIx agent, OfferOutcome outcome) {
  Inquiry& inquiry = world.inquiry(ix);
  const std::vector<AlsoAsked>* others = inquiry.also_asked.get();
  if (agent == inquiry.agent && others != nullptr) {
    const auto next = std::find_if(others->begin(), others->end(),
                                   [](const AlsoAsked& other) { return other.open; });
    if (next != others->end()) PutFirst(ix, next->agent);
  }
  if (agent == inquiry.agent) {
    EndOffer(ix, outcome);
    LeaveAgent(ix, false);
    return true;
  }
  for (AlsoAsked& other : inquiry.also_asked.Set()) {
    if (other.agent != agent) continue;
    other.open = false;
    other.outcome = outcome;
  }
  Emit(OfferEnded{ix, inquiry.queue, agent, inquiry.offer_number, outcome});
  Touch(ix);
  LeaveOffer(ix, agent);
  return false;
}

void Engine::Impl::AcceptBy(InquiryIx ix, AgentIx agent) {
  Inquiry& inquiry = world.inquiry(ix);
  PutFirst(ix, agent);
  DismissOthers(ix, OfferOutcome::kTaken);
  inquiry.offer_open = false;
  inquiry.offer_outcome = OfferOutcome::kAccepted;
  Assign(ix, agent, AssignCause::kOffer);
  Touch(agent);
}

void Engine::Impl::LeaveOffer(InquiryIx ix, AgentIx agent) {
  GiveUnits(ix, agent);
  std::erase(world.agent(agent).work, ix);
  AgentChanged(agent);
  FinishDrain(agent);
}

void Engine::Impl::PutFirst(InquiryIx ix, AgentIx agent) {
  Inquiry& inquiry = world.inquiry(ix);
  if (inquiry.agent == agent) return;
  for (AlsoAsked& other : inquiry.also_asked.Set()) {
    if (other.agent == agent) other.agent = inquiry.agent;
  }
  inquiry.agent = agent;
  inquiry.offer_agent = agent;
  Touch(ix);
}

}  // namespace firstline::engine
