// What happens to agents: misses, presence, sessions, draining.
#include <algorithm>

#include "services/router/engine/impl.h"

namespace firstline::engine {
namespace {

QueueBackOff& FindOrAddBackOff(Agent& agent, QueueIx queue) {
  for (QueueBackOff& state : agent.queue_back_offs) {
    if (state.queue == queue) return state;
  }
  agent.queue_back_offs.push_back({.queue = queue});
  return agent.queue_back_offs.back();
}

bool IsOver(const QueueBackOff& state) {
  return state.misses == 0 && state.count == 0 && !state.until.IsSet();
}

// Of the one after `count` others.
Span SpanOf(const BackOffConfig& back_off, int count) {
  const int doublings = std::min(count, 30);
  if (back_off.duration.us > back_off.max_duration.us >> doublings) return back_off.max_duration;
  return std::min(back_off.max_duration, Microseconds(back_off.duration.us << doublings));
}

}  // namespace

void Engine::Impl::NoteIdle(AgentIx ix) {
  Agent& agent = world.agent(ix);
  agent.idle_since = now;
  agent.idle_sequence = NextAgentSequence();
}

// Entries that no window reaches go; when there are too many the oldest two become one, which counts
// as long as the later of them.
void Engine::Impl::NoteHandled(AgentIx ix, int assignments, Span time) {
  if (!world.keeps_handled) return;
  std::vector<Handled>& handled = world.agent(ix).handled;
  const SettingsConfig& settings = world.config.settings;
  const Time begin = now - std::max(settings.fairness_window, settings.rate_limit.window);
  std::erase_if(handled, [begin](const Handled& entry) { return entry.at <= begin; });
  if (handled.size() >= limits::kHandledMax) {
    handled[1].assignments = static_cast<uint16_t>(handled[1].assignments + handled[0].assignments);
    handled[1].time = handled[1].time + handled[0].time;
    handled.erase(handled.begin());
  }
  handled.push_back({now, static_cast<uint16_t>(assignments), time});
  Touch(ix);
}

void Engine::Impl::CheckRate(AgentIx ix) {
  Agent& agent = world.agent(ix);
  const RateLimitConfig& limit = world.config.settings.rate_limit;
  if (limit.assignments == 0 && !agent.rate_limited_until.IsSet()) return;
  auto count = std::count_if(agent.work.begin(), agent.work.end(), [this](InquiryIx held) {
    return world.inquiry(held).state == InquiryState::kOffered;
  });
  Time first = kNever;
  for (const Handled& entry : agent.handled) {
    if (entry.assignments == 0 || entry.at + limit.window <= now) continue;
    first = std::min(first, entry.at + limit.window);
    count += entry.assignments;
  }
  const bool is_limited = limit.assignments > 0 && count >= limit.assignments;
  agent.rate_limited_until = is_limited ? first : Time{};
  Touch(ix);
}

void Engine::Impl::EndWrapUp(AgentIx ix, size_t index, bool by_agent) {
  Agent& agent = world.agent(ix);
  const WrapUp wrap_up = agent.wrap_ups[index];
  agent.wrap_ups.erase(agent.wrap_ups.begin() + static_cast<std::ptrdiff_t>(index));
  agent.used = static_cast<uint16_t>(agent.used - wrap_up.units);
  uint16_t& channel = agent.channel_used[wrap_up.channel.value];
  channel = static_cast<uint16_t>(channel - wrap_up.units);
  if (wrap_up.units != 0) NoteIdle(ix);  // else it has been idle all along
  Emit(WrapUpFinished{ix, wrap_up.queue, wrap_up.inquiry_id, now - wrap_up.start, by_agent});
}

void Engine::Impl::AgentChanged(AgentIx ix) {
  const InquiryIx reserved_for = world.agent(ix).reserved_for;
  NoteClosedQueues(world.agent(ix));
  if (reserved_for.IsSet() && !MayReserve(reserved_for, ix)) return EndReservation(reserved_for);
  Touch(ix);
  if (world.limits_rate) CheckRate(ix);
  matcher.UpdateAgent(ix);
  RefreshDeadline(ix);
  if (world.agents[ix.value].open_mask != 0 || reserved_for.IsSet()) freed.push_back(ix);
}

const BackOffConfig& Engine::Impl::BackOffOf(QueueIx queue) const {
  const std::optional<BackOffConfig>& own = world.queue(queue).config.back_off;
  return own ? *own : world.config.settings.back_off;
}

void Engine::Impl::Miss(AgentIx ix, QueueIx queue) {
  Agent& agent = world.agent(ix);
  const BackOffConfig& back_off = BackOffOf(queue);
  QueueBackOff whole{{}, agent.misses, agent.back_off_count, agent.back_off_until};
  const bool is_whole = !world.queue(queue).config.back_off;
  QueueBackOff& state = is_whole ? whole : FindOrAddBackOff(agent, queue);
  ++state.misses;
  const int run = back_off.probation && state.count > 0 ? 1 : back_off.after_misses;
  if (back_off.after_misses > 0 && state.misses >= run) {
    const Span span = SpanOf(back_off, state.count);
    if (span.us > 0) {
      state.until = now + span;
      ++state.count;
      Emit(BackOffStarted{ix, state.until, state.misses, is_whole ? QueueIx{} : queue});
    }
    state.misses = 0;
  }
  if (is_whole) {
    agent.misses = whole.misses;
    agent.back_off_count = whole.count;
    agent.back_off_until = whole.until;
  }
  AgentChanged(ix);
}

void Engine::Impl::Answered(AgentIx ix, QueueIx queue) {
  Agent& agent = world.agent(ix);
  for (QueueBackOff& state : agent.queue_back_offs) {
    if (state.queue != queue) continue;
    state.misses = state.count = 0;
    Touch(ix);
  }
  std::erase_if(agent.queue_back_offs, IsOver);
  if (agent.misses == 0 && agent.back_off_count == 0) return;
  agent.misses = 0;
  agent.back_off_count = 0;
  Touch(ix);
}

void Engine::Impl::NoteClosedQueues(Agent& agent) {
  const auto closes = [](const WrapUp& wrap_up) { return wrap_up.units == 0; };
  const auto is_closed = [](const QueueBackOff& state) { return state.until.IsSet(); };
  agent.closed_queues = static_cast<uint16_t>(
      std::count_if(agent.wrap_ups.begin(), agent.wrap_ups.end(), closes) +
      std::count_if(agent.queue_back_offs.begin(), agent.queue_back_offs.end(), is_closed));
}

void Engine::Impl::EndQueueBackOffs(AgentIx ix) {
  Agent& agent = world.agent(ix);
  for (QueueBackOff& state : agent.queue_back_offs) {
    if (!state.until.IsSet() || state.until > now) continue;
    state.until = {};
    Emit(BackOffEnded{ix, state.queue});
  }
  std::erase_if(agent.queue_back_offs, IsOver);
}

// The oldest agent first: a restored engine has others in its slots.
void Engine::Impl::DropQueueBackOffs() {
  std::vector<std::pair<uint32_t, AgentIx>> agents;
  for (uint32_t a = 0; a < world.agents.size(); ++a) {
    const AgentSlot& slot = world.agents[a];
    if (slot.live && !slot.it.queue_back_offs.empty()) agents.push_back({slot.it.sequence, {a}});
  }
  std::sort(agents.begin(), agents.end());
  for (const auto& [sequence, ix] : agents) DropQueueBackOffs(ix);
}

void Engine::Impl::DropQueueBackOffs(AgentIx ix) {
  Agent& agent = world.agent(ix);
  for (QueueBackOff& state : agent.queue_back_offs) {
    const QueueSlot& queue = world.queue(state.queue);
    if (queue.live && queue.config.back_off) continue;
    if (state.until.IsSet()) Emit(BackOffEnded{ix, state.queue});
    state = {};
    Touch(ix);
  }
  std::erase_if(agent.queue_back_offs, IsOver);
}

void Engine::Impl::RescindOffers(AgentIx ix) {
  const std::vector<InquiryIx> work = world.agent(ix).work;
  for (InquiryIx offered : work) {
    if (world.inquiry(offered).state != InquiryState::kOffered) continue;
    if (!EndOfferTo(offered, ix, OfferOutcome::kAgentLost)) continue;
    Return(offered, EnqueueCause::kAgentLost);
  }
}

void Engine::Impl::SetAgentPresence(AgentIx ix, Presence presence, std::string_view reason) {
  Agent& agent = world.agent(ix);
  if (agent.presence == presence && agent.reason == reason) return;
  const bool was_available = agent.presence == Presence::kAvailable;
  agent.presence = presence;
  agent.reason = std::string(reason);
  agent.presence_since = now;
  if (presence != Presence::kOffline) agent.lost_since = {};
  Emit(PresenceChanged{ix, presence, agent.reason});
  if (presence == Presence::kAvailable && !was_available) NoteIdle(ix);
  AgentChanged(ix);
  if (presence == Presence::kOffline || presence == Presence::kAway) RescindOffers(ix);
  if (presence == Presence::kOffline || presence == Presence::kDraining) {
    for (InquiryIx held : matcher.HeldFor(ix)) Unhold(held);
  }
  FinishDrain(ix);
}

void Engine::Impl::FinishDrain(AgentIx ix) {
  const Agent& agent = world.agent(ix);
  if (agent.presence != Presence::kDraining) return;
  if (!agent.work.empty() || !agent.wrap_ups.empty()) return;
  SetAgentPresence(ix, Presence::kOffline, "drained");
}

void Engine::Impl::EndSession(AgentIx ix, std::string_view session, SessionEnd cause) {
  Agent& agent = world.agent(ix);
  const size_t before = agent.sessions.size();
  std::erase_if(agent.sessions, [&](const Session& s) { return s.id == session; });
  if (agent.sessions.size() == before) return;
  Touch(ix);
  Emit(SessionEnded{ix, std::string(session), cause});
  if (!agent.sessions.empty() || !agent.presence_leased) return;
  agent.presence_leased = false;
  if (agent.presence == Presence::kOffline) return;
  SetAgentPresence(ix, Presence::kOffline,
                   cause == SessionEnd::kLapsed ? "session_lapsed" : "session_closed");
  if (cause != SessionEnd::kLapsed) return;
  agent.lost_since = now;
  LoseConversations(ix);
  AgentChanged(ix);
}

}  // namespace firstline::engine
