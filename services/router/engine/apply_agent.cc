// Commands about agents, and those of the runtime.
#include <algorithm>

#include "services/router/engine/impl.h"

namespace firstline::engine {
namespace {

Session* FindSession(Agent& agent, std::string_view id) {
  auto it = std::find_if(agent.sessions.begin(), agent.sessions.end(),
                         [&](const Session& s) { return s.id == id; });
  return it == agent.sessions.end() ? nullptr : &*it;
}

}  // namespace

Outcome Engine::Impl::Do(const SetPresence& c, const Command& command) {
  if (!IsId(c.agent_id)) return Reject(Rejection::kInvalidField, "agent_id");
  if (c.session_id.size() > limits::kIdBytesMax) {
    return Reject(Rejection::kInvalidField, "session_id");
  }
  const bool away = c.presence == Presence::kAway;
  if (c.reason.size() > limits::kNameBytesMax || (!away && !c.reason.empty())) {
    return Reject(Rejection::kInvalidField, "reason");
  }
  if (!WhenIsPlausible(command, now - Microseconds(limits::kSpanMaxUs))) {
    return Reject(Rejection::kWhenOutOfRange, "when");
  }
  const AgentIx ix = FindLiveAgent(c.agent_id);
  if (!ix.IsSet()) return Reject(Rejection::kUnknownAgent, c.agent_id);
  const std::vector<std::string>& reasons = world.config.settings.away_reasons;
  if (away && !reasons.empty() &&
      std::find(reasons.begin(), reasons.end(), c.reason) == reasons.end()) {
    return Reject(Rejection::kUnknownReason, c.reason);
  }
  Agent& agent = world.agent(ix);
  Session* session = c.session_id.empty() ? nullptr : FindSession(agent, c.session_id);
  if (session != nullptr && c.sequence <= session->sequence) return Done(ix, true);
  if (!c.session_id.empty() && session == nullptr &&
      agent.sessions.size() >= limits::kAgentSessionsMax) {
    return Reject(Rejection::kTooManySessions, c.agent_id);
  }

  Touch(ix);
  if (!c.session_id.empty()) {
    if (session == nullptr) {
      agent.sessions.push_back({c.session_id, 0});
      session = &agent.sessions.back();
      Emit(SessionOpened{ix, c.session_id});
    }
    session->sequence = c.sequence;
  }
  agent.presence_leased = !c.session_id.empty() && c.presence != Presence::kOffline;
  SetAgentPresence(ix, c.presence, c.reason);
  return Done(ix);
}

Outcome Engine::Impl::Do(const OpenSession& c, const Command&) {
  if (!IsId(c.agent_id)) return Reject(Rejection::kInvalidField, "agent_id");
  if (!IsId(c.session_id)) return Reject(Rejection::kInvalidField, "session_id");
  const AgentIx ix = FindLiveAgent(c.agent_id);
  if (!ix.IsSet()) return Reject(Rejection::kUnknownAgent, c.agent_id);
  Agent& agent = world.agent(ix);
  if (FindSession(agent, c.session_id) != nullptr) return Done(ix, true);
  if (agent.sessions.size() >= limits::kAgentSessionsMax) {
    return Reject(Rejection::kTooManySessions, c.agent_id);
  }
  agent.sessions.push_back({c.session_id, 0});
  Touch(ix);
  Emit(SessionOpened{ix, c.session_id});
  return Done(ix);
}

Outcome Engine::Impl::Do(const CloseSession& c, const Command&) {
  if (!IsId(c.agent_id)) return Reject(Rejection::kInvalidField, "agent_id");
  if (!IsId(c.session_id)) return Reject(Rejection::kInvalidField, "session_id");
  const AgentIx ix = FindLiveAgent(c.agent_id);
  if (!ix.IsSet()) return Reject(Rejection::kUnknownAgent, c.agent_id);
  const bool known = FindSession(world.agent(ix), c.session_id) != nullptr;
  EndSession(ix, c.session_id, SessionEnd::kClosed);
  return Done(ix, !known);
}

Outcome Engine::Impl::Do(const LapseSessions& c, const Command&) {
  for (const auto& [agent_id, session] : c.sessions) {
    const AgentIx ix = FindLiveAgent(agent_id);
    if (ix.IsSet()) EndSession(ix, session, SessionEnd::kLapsed);
  }
  return {};
}

template <class Answer>
std::optional<Engine::Impl::OpenOffer> Engine::Impl::FindOpenOffer(const Answer& c,
                                                                   OfferOutcome answer,
                                                                   const Command& command,
                                                                   Outcome& outcome) {
  const auto refuse = [&outcome](Rejection rejection, std::string_view subject) {
    outcome = Reject(rejection, subject);
    return std::nullopt;
  };
  const InquiryIx ix = FindForCommand(c.inquiry_id, command, outcome);
  if (!ix.IsSet()) return std::nullopt;
  const AgentIx agent = FindLiveAgent(c.agent_id);
  if (!agent.IsSet()) return refuse(Rejection::kUnknownAgent, c.agent_id);
  const Inquiry& inquiry = world.inquiry(ix);
  if (c.offer_number == 0 || c.offer_number > inquiry.offer_number) {
    return refuse(Rejection::kUnknownOffer, c.inquiry_id);
  }
  if (c.offer_number < inquiry.offer_number) return refuse(Rejection::kOfferEnded, c.inquiry_id);
  AlsoAsked asked{inquiry.offer_agent, inquiry.offer_open, inquiry.offer_outcome};
  if (const std::vector<AlsoAsked>* others = inquiry.also_asked.get(); others != nullptr) {
    for (const AlsoAsked& other : *others) {
      if (other.agent == agent) asked = other;
    }
  }
  if (asked.agent != agent) return refuse(Rejection::kOfferNotYours, c.agent_id);
  if (asked.open) return OpenOffer{ix, agent};
  if (asked.outcome == answer) {
    outcome = Done(ix, true);
    return std::nullopt;
  }
  const bool taken = asked.outcome == OfferOutcome::kTaken;
  return refuse(taken ? Rejection::kOfferTaken : Rejection::kOfferEnded, c.inquiry_id);
}

Outcome Engine::Impl::Do(const Accept& c, const Command& command) {
  if (!IsId(c.agent_id)) return Reject(Rejection::kInvalidField, "agent_id");
  Outcome outcome;
  const auto offer = FindOpenOffer(c, OfferOutcome::kAccepted, command, outcome);
  if (!offer) return outcome;
  AcceptBy(offer->inquiry, offer->agent);
  return Done(offer->inquiry);
}

Outcome Engine::Impl::Do(const Decline& c, const Command& command) {
  if (!IsId(c.agent_id)) return Reject(Rejection::kInvalidField, "agent_id");
  if (c.retry_after.us < 0 || c.retry_after.us > limits::kSpanMaxUs) {
    return Reject(Rejection::kInvalidField, "retry_after");
  }
  Outcome outcome;
  const auto offer = FindOpenOffer(c, OfferOutcome::kDeclined, command, outcome);
  if (!offer) return outcome;
  const auto [ix, agent] = *offer;
  Inquiry& inquiry = world.inquiry(ix);
  const bool was_last = EndOfferTo(ix, agent, OfferOutcome::kDeclined);
  ++inquiry.declines;
  const Span again = world.queue(inquiry.queue).config.ask_decliners_after;
  if (again.us > 0) {
    AddDecliner(inquiry, agent, now + (c.retry_after.us > 0 ? c.retry_after : again));
  } else {
    AddException(inquiry, agent, c.retry_after.us > 0 ? now + c.retry_after : kNever);
  }
  if (was_last) Return(ix, EnqueueCause::kDeclined);
  return Done(ix);
}

Outcome Engine::Impl::Do(const FinishWrapUp& c, const Command&) {
  if (!IsId(c.agent_id)) return Reject(Rejection::kInvalidField, "agent_id");
  if (!IsId(c.inquiry_id)) return Reject(Rejection::kInvalidField, "inquiry_id");
  const AgentIx ix = FindLiveAgent(c.agent_id);
  if (!ix.IsSet()) return Reject(Rejection::kUnknownAgent, c.agent_id);
  const Agent& agent = world.agent(ix);
  auto it = std::find_if(agent.wrap_ups.begin(), agent.wrap_ups.end(),
                         [&](const WrapUp& w) { return w.inquiry_id == c.inquiry_id; });
  if (it == agent.wrap_ups.end()) return Reject(Rejection::kNoWrapUp, c.inquiry_id);
  EndWrapUp(ix, static_cast<size_t>(it - agent.wrap_ups.begin()), true);
  AgentChanged(ix);
  FinishDrain(ix);
  return Done(ix);
}

// ---- From the runtime ---------------------------------------------------------------------------

Outcome Engine::Impl::Do(const TakeOver& c, const Command&) {
  Emit(OwnerChanged{c.epoch, c.address, c.previous_event, c.lost_tail});
  TellLost();
  settle_all = true;
  return {};
}

Outcome Engine::Impl::Do(const Extend& c, const Command&) {
  if (c.span.us <= 0 || c.span.us > limits::kSpanMaxUs) {
    return Reject(Rejection::kInvalidField, "span");
  }
  for (uint32_t i = 0; i < world.inquiries.slots.size(); ++i) {
    if (!world.inquiries.slots[i].live) continue;
    const Inquiry& inquiry = world.inquiry({i});
    const bool peoples = inquiry.state == InquiryState::kOffered ||
                         inquiry.state == InquiryState::kAssigned;
    if (peoples && inquiry.deadline != kNever) SetDeadline(InquiryIx{i}, inquiry.deadline + c.span);
  }
  for (uint32_t a = 0; a < world.agents.size(); ++a) {
    Agent& agent = world.agents[a].it;
    if (agent.deadline == kNever) continue;
    if (agent.back_off_until.IsSet()) agent.back_off_until = agent.back_off_until + c.span;
    if (agent.lost_since.IsSet()) agent.lost_since = agent.lost_since + c.span;
    for (WrapUp& wrap_up : agent.wrap_ups) wrap_up.until = wrap_up.until + c.span;
    for (QueueBackOff& state : agent.queue_back_offs) {
      if (state.until.IsSet()) state.until = state.until + c.span;
    }
    Touch(AgentIx{a});
    RefreshDeadline(AgentIx{a});
  }
  Emit(DeadlinesExtended{c.span});
  return {};
}

Outcome Engine::Impl::Do(const NoteQuarantine& c, const Command&) {
  Emit(RecordQuarantined{c.table, c.key, c.problem});
  return {};
}

}  // namespace firstline::engine
