// Inquiries that people give to themselves or to each other, and those that are opened again. What
// stands in the way refuses the command, so that what it did can be explained.
#include <algorithm>
#include <set>

#include "services/router/engine/impl.h"

namespace firstline::engine {
namespace {

std::string_view NameOf(Mismatch mismatch) {
  switch (mismatch) {
    case Mismatch::kNone: return "none";
    case Mismatch::kSuspended: return "suspended";
    case Mismatch::kNotMember: return "not_member";
    case Mismatch::kPaused: return "paused";
    case Mismatch::kTier: return "tier";
    case Mismatch::kSkillMissing:
    case Mismatch::kSkillLevel: return "skill";  // which of them is seen first is no order
    case Mismatch::kSkillGroup: return "skill_group";
    case Mismatch::kSkillExcluded: return "skill_excluded";
    case Mismatch::kLanguage: return "language";
    case Mismatch::kLabel: return "label";
    case Mismatch::kLabelCondition: return "label_condition";
  }
  return "";
}

// How a directed assignment opens a gate, and what a refusal calls it.
struct Opening {
  Override by = Override::kCapacity;
  std::string_view name;
};

Opening OpeningOf(Gate gate) {
  switch (gate) {
    case Gate::kNone: break;
    case Gate::kDrain: return {Override::kPresence, "drain"};
    case Gate::kPresence: return {Override::kPresence, "presence"};
    case Gate::kBackOff: return {Override::kBackOff, "back_off"};
    case Gate::kRateLimit: return {Override::kRateLimit, "rate_limit"};
    case Gate::kReserved: return {Override::kReserved, "reserved"};
    case Gate::kCapacity: return {Override::kCapacity, "capacity"};
    case Gate::kChannelCapacity: return {Override::kCapacity, "channel_capacity"};
    case Gate::kExclusive: return {Override::kCapacity, "exclusive"};
    case Gate::kQueueBackOff: return {Override::kBackOff, "queue_back_off"};
    case Gate::kQueueWrapUp: return {Override::kWrapUp, "queue_wrap_up"};
  }
  return {};
}

}  // namespace

Engine::Impl::Refusal Engine::Impl::RefusalOf(InquiryIx ix, AgentIx agent_ix,
                                                const std::vector<Override>& overrides) const {
  const Inquiry& inquiry = world.inquiry(ix);
  const Agent& agent = world.agent(agent_ix);
  const auto stands = [&](Override by) {
    return std::find(overrides.begin(), overrides.end(), by) == overrides.end();
  };
  Audience audience = world.queue(inquiry.queue).audiences[inquiry.step];
  audience.suspended = false;
  const Mismatch mismatch = Qualifies(audience, world.requirements[inquiry.asked],
                                      world.profiles[agent.profile]);
  if (mismatch != Mismatch::kNone && stands(Override::kRequirement)) {
    return {Rejection::kAgentNotSuited, NameOf(mismatch)};
  }
  if (IsExcepted(inquiry, agent_ix, now) && stands(Override::kExclusion)) {
    return {Rejection::kAgentNotSuited, "excluded"};
  }
  if (agent.presence == Presence::kOffline) return {Rejection::kGateClosed, "offline"};
  Refusal refusal;
  const auto refuse = [&](const ClosedGate& closed) {
    const Opening opening = OpeningOf(closed.gate);
    if (stands(opening.by)) refusal = {Rejection::kGateClosed, opening.name};
    return refusal.rejection != Rejection::kNone;
  };
  if (VisitGates(agent, inquiry.channel, inquiry.units, ix, refuse)) return refusal;
  if (VisitQueueGates(agent, inquiry.queue, refuse)) return refusal;
  if (agent.used > limits::kUsedMax) return {Rejection::kGateClosed, "capacity"};
  return {};
}

// ---- Claim --------------------------------------------------------------------------------------

Outcome Engine::Impl::Do(const Claim& c, const Command& command) {
  if (!IsId(c.agent_id)) return Reject(Rejection::kInvalidField, "agent_id");
  Outcome outcome;
  const InquiryIx ix = FindForCommand(c.inquiry_id, command, outcome);
  if (!ix.IsSet()) return outcome;
  const AgentIx agent = FindLiveAgent(c.agent_id);
  if (!agent.IsSet()) return Reject(Rejection::kUnknownAgent, c.agent_id);
  const Inquiry& inquiry = world.inquiry(ix);
  if (IsEnded(inquiry.state)) return Reject(Rejection::kInquiryEnded, c.inquiry_id);
  if (inquiry.state == InquiryState::kAssigned && inquiry.agent == agent) return Done(ix, true);
  if (inquiry.state == InquiryState::kOffered && IsAsked(inquiry, agent)) {
    AcceptBy(ix, agent);
    return Done(ix);
  }
  if (inquiry.state != InquiryState::kWaiting) {
    return Reject(Rejection::kInquiryNotWaiting, c.inquiry_id);
  }
  if (!world.queue(inquiry.queue).config.allow_claim) {
    return Reject(Rejection::kClaimNotAllowed, world.queue(inquiry.queue).id);
  }
  if (world.queue(inquiry.queue).config.suspended) {
    return Reject(Rejection::kAgentNotSuited, "suspended");
  }
  const bool is_excluded = std::any_of(
      inquiry.exceptions.begin(), inquiry.exceptions.end(),
      [&](const Exception& e) { return e.agent == agent && e.named_by_caller; });
  if (is_excluded) return Reject(Rejection::kAgentNotSuited, "excluded");
  if (inquiry.held && inquiry.preferred[0] != agent) {
    return Reject(Rejection::kAgentNotSuited, "held_for_another");
  }
  // What the agent declined or missed before it may take now.
  const Refusal refusal = RefusalOf(ix, agent, {Override::kExclusion});
  if (refusal.rejection != Rejection::kNone) return Reject(refusal.rejection, refusal.what);
  Give(ix, agent, AssignCause::kClaimed, false);
  return Done(ix);
}

bool Engine::Impl::IsAsked(const Inquiry& inquiry, AgentIx agent) const {
  if (inquiry.agent == agent) return true;
  const std::vector<AlsoAsked>* others = inquiry.also_asked.get();
  return others != nullptr && std::any_of(others->begin(), others->end(), [&](const AlsoAsked& o) {
           return o.agent == agent && o.open;
         });
}

// ---- Assign -------------------------------------------------------------------------------------

void Engine::Impl::Release(InquiryIx ix) {
  Inquiry& inquiry = world.inquiry(ix);
  const bool held_by_agent = inquiry.state == InquiryState::kAssigned ||
                             inquiry.state == InquiryState::kParked;
  if (inquiry.state == InquiryState::kOffered) EndOffer(ix, OfferOutcome::kRescinded);
  if (held_by_agent) {
    Emit(InquiryTransferred{ix, inquiry.queue, inquiry.queue, inquiry.agent, HandleTime(inquiry)});
    ++inquiry.transfers;
  }
  LeaveAgent(ix, held_by_agent);
  SetState(ix, InquiryState::kWaiting);
  inquiry.agent = {};
  Emit(InquiryEnqueued{ix, inquiry.queue, EnqueueCause::kDirected});
}

void Engine::Impl::Give(InquiryIx ix, AgentIx agent, AssignCause cause, bool with_offer) {
  Inquiry& inquiry = world.inquiry(ix);
  TakeTo(ix, agent);
  if (with_offer) {
    SetState(ix, InquiryState::kOffered);
    inquiry.offer_open = true;
    SetDeadline(ix, now + world.queue(inquiry.queue).config.offer_timeout);
    TellOffer(ix, agent);
    if (world.limits_rate) AgentChanged(agent);
  } else {
    inquiry.offer_outcome = OfferOutcome::kAccepted;
    Assign(ix, agent, cause);
  }
  EndReservation(ix);
}

Outcome Engine::Impl::Do(const AssignTo& c, const Command& command) {
  if (!IsId(c.agent_id)) return Reject(Rejection::kInvalidField, "agent_id");
  if (c.reason.empty() || c.reason.size() > limits::kReasonBytesMax) {
    return Reject(Rejection::kInvalidField, "reason");
  }
  if (std::set(c.overrides.begin(), c.overrides.end()).size() != c.overrides.size()) {
    return Reject(Rejection::kInvalidField, "overrides");
  }
  Outcome outcome;
  const InquiryIx ix = FindForCommand(c.inquiry_id, command, outcome);
  if (!ix.IsSet()) return outcome;
  const AgentIx agent = FindLiveAgent(c.agent_id);
  if (!agent.IsSet()) return Reject(Rejection::kUnknownAgent, c.agent_id);
  const Inquiry& inquiry = world.inquiry(ix);
  if (IsEnded(inquiry.state)) return Reject(Rejection::kInquiryEnded, c.inquiry_id);
  const bool has_it = inquiry.state == InquiryState::kAssigned ||
                      (inquiry.state == InquiryState::kOffered && c.with_offer);
  if (has_it && inquiry.agent == agent) return Done(ix, true);
  // What the agent holds of this very inquiry is free for it again.
  const bool holds = inquiry.state == InquiryState::kOffered && IsAsked(inquiry, agent);
  if (!holds) {
    const Refusal refusal = RefusalOf(ix, agent, c.overrides);
    if (refusal.rejection != Rejection::kNone) return Reject(refusal.rejection, refusal.what);
  }
  Emit(InquiryDirected{ix, inquiry.queue, agent, c.with_offer, c.overrides, c.reason});
  if (holds && !c.with_offer) {
    AcceptBy(ix, agent);
    return Done(ix);
  }
  if (inquiry.state != InquiryState::kWaiting) Release(ix);
  Give(ix, agent, AssignCause::kDirected, c.with_offer);
  return Done(ix);
}

// ---- Reopen -------------------------------------------------------------------------------------

Outcome Engine::Impl::Do(const Reopen& c, const Command& command) {
  if (c.agent_id.size() > limits::kIdBytesMax) return Reject(Rejection::kInvalidField, "agent_id");
  Outcome outcome;
  const InquiryIx ix = FindForCommand(c.inquiry_id, command, outcome);
  if (!ix.IsSet()) return outcome;
  Inquiry& inquiry = world.inquiry(ix);
  AgentIx preferred = inquiry.agent;
  if (!c.agent_id.empty()) {
    preferred = FindLiveAgent(c.agent_id);
    if (!preferred.IsSet()) return Reject(Rejection::kUnknownAgent, c.agent_id);
  }
  if (!IsEnded(inquiry.state)) return Reject(Rejection::kInquiryNotEnded, c.inquiry_id);
  const QueueSlot& queue = world.queue(inquiry.queue);
  const bool is_open = queue.live && inquiry.state == InquiryState::kClosed &&
                       world.channels[inquiry.channel.value].live &&
                       now - inquiry.end_time < queue.config.reopen_within;
  if (!is_open) return Reject(Rejection::kReopenNotAllowed, c.inquiry_id);
  const size_t length_max =
      queue.config.max_length != 0 ? queue.config.max_length : limits::kQueueLengthMax;
  if (queue.waiting >= length_max) return Reject(Rejection::kQueueFull, queue.id);
  if (world.open_inquiries >= limits::kOpenInquiriesMax) {
    return Reject(Rejection::kTooManyInquiries, c.inquiry_id);
  }

  const AgentIx last = inquiry.agent;
  const auto ended_before = [](const Ended& e, const Inquiry& i) {
    return std::pair(e.end, e.sequence) < std::pair(i.end_time, i.sequence);
  };
  const auto entry = std::lower_bound(ended.begin(), ended.end(), inquiry, ended_before);
  ended.erase(entry);
  ++world.open_inquiries;
  ++inquiry.reopens;
  if (!queue.config.reopen_keeps_age) inquiry.arrival_time = now;
  inquiry.unanswered_since = now;
  inquiry.preferred.clear();
  if (preferred.IsSet() && world.agents[preferred.value].live) inquiry.preferred.push_back(preferred);
  const Span closed = now - inquiry.end_time;
  inquiry.end_time = {};
  Emit(InquiryReopened{ix, inquiry.queue, last, closed});
  EnterQueue(ix, inquiry.queue, EnqueueCause::kReopened);
  return Done(ix);
}

// ---- Wrap-up ------------------------------------------------------------------------------------

Outcome Engine::Impl::Do(const ExtendWrapUp& c, const Command&) {
  if (!IsId(c.agent_id)) return Reject(Rejection::kInvalidField, "agent_id");
  if (!IsId(c.inquiry_id)) return Reject(Rejection::kInvalidField, "inquiry_id");
  if (c.by.us <= 0 || c.by.us > limits::kSpanMaxUs) return Reject(Rejection::kInvalidField, "by");
  const AgentIx ix = FindLiveAgent(c.agent_id);
  if (!ix.IsSet()) return Reject(Rejection::kUnknownAgent, c.agent_id);
  Agent& agent = world.agent(ix);
  const auto it = std::find_if(agent.wrap_ups.begin(), agent.wrap_ups.end(),
                               [&](const WrapUp& w) { return w.inquiry_id == c.inquiry_id; });
  if (it == agent.wrap_ups.end()) return Reject(Rejection::kNoWrapUp, c.inquiry_id);
  const QueueSlot& queue = world.queue(it->queue);
  if (it->extended + c.by > queue.config.wrap_up_extension_max) {
    return Reject(Rejection::kWrapUpLimit, queue.id);
  }
  it->until = it->until + c.by;
  it->extended = it->extended + c.by;
  Emit(WrapUpExtended{ix, it->queue, it->inquiry_id, it->until, c.by});
  Touch(ix);
  RefreshDeadline(ix);
  return Done(ix);
}

}  // namespace firstline::engine
