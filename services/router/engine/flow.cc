// Transitions of inquiries and agents, and matching.
#include <algorithm>

#include "services/router/engine/impl.h"

namespace firstline::engine {
namespace {

// More work than this at once is cheaper as one walk over all lines.
constexpr size_t kFreedMax = 32;
constexpr size_t kTouchedMax = 64;

}  // namespace

void Engine::Impl::Touch(InquiryIx ix) {
  InquirySlot& slot = world.inquiries.slots[ix.value];
  if (!slot.dirty) changes.inquiries.push_back(ix);
  slot.dirty = true;
}

void Engine::Impl::Touch(AgentIx ix) {
  AgentSlot& slot = world.agents[ix.value];
  if (!slot.dirty) changes.agents.push_back(ix);
  slot.dirty = true;
}

// ---- Queues -------------------------------------------------------------------------------------

void Engine::Impl::Count(const Inquiry& inquiry, int by) {
  QueueSlot& queue = world.queue(inquiry.queue);
  const auto add = [by](uint32_t& n) { n = static_cast<uint32_t>(static_cast<int64_t>(n) + by); };
  switch (inquiry.state) {
    case InquiryState::kWaiting:
      add(queue.waiting);
      if (!watches.empty()) review_queues.push_back(inquiry.queue);
      break;
    case InquiryState::kOffered: add(queue.offered); break;
    case InquiryState::kAssigned: add(queue.assigned); break;
    case InquiryState::kParked: add(queue.parked); break;
    case InquiryState::kClosed:
    case InquiryState::kCancelled: break;
  }
}

void Engine::Impl::SetState(InquiryIx ix, InquiryState state) {
  Inquiry& inquiry = world.inquiry(ix);
  Count(inquiry, -1);
  inquiry.state = state;
  Count(inquiry, +1);
  Touch(ix);
}

void Engine::Impl::SetQueue(InquiryIx ix, QueueIx queue) {
  Inquiry& inquiry = world.inquiry(ix);
  Count(inquiry, -1);
  inquiry.queue = queue;
  Count(inquiry, +1);
}

bool Engine::Impl::MayHold(const Inquiry& inquiry, const Ask& ask) const {
  const QueueSlot& queue = world.queue(inquiry.queue);
  if (queue.config.preferred_hold.us <= 0 || inquiry.preferred.empty()) return false;
  const AgentSlot& agent = world.agents[inquiry.preferred[0].value];
  if (!agent.live || agent.it.presence == Presence::kOffline ||
      agent.it.presence == Presence::kDraining) {
    return false;
  }
  if (IsExcepted(inquiry, inquiry.preferred[0], now)) return false;
  if (IsDecliner(inquiry, inquiry.preferred[0], now)) return false;
  return Qualifies(ask.audience, ask.requirement, world.profiles[agent.it.profile]) ==
         Mismatch::kNone;
}

void Engine::Impl::EnterQueue(InquiryIx ix, QueueIx queue, EnqueueCause cause) {
  Inquiry& inquiry = world.inquiry(ix);
  EndReservation(ix);
  SetQueue(ix, queue);
  SetAsked(ix);
  inquiry.overtakes = 0;
  inquiry.expected_p50_ms = inquiry.expected_p90_ms = 0;
  inquiry.enqueue_time = now;
  inquiry.step = 0;
  inquiry.step_due = false;
  inquiry.answered_here = false;
  if (world.queue(queue).config.kind == QueueKind::kHuman && !inquiry.human_queue_time.IsSet()) {
    inquiry.human_queue_time = now;
  }
  inquiry.held = MayHold(inquiry, AskOf(world, inquiry));
  Wait(ix, cause);
  SkipSteps(ix);
}

void Engine::Impl::Wait(InquiryIx ix, EnqueueCause cause) {
  Inquiry& inquiry = world.inquiry(ix);
  SetState(ix, InquiryState::kWaiting);
  inquiry.agent = {};
  ChannelSlot& channel = world.channels[inquiry.channel.value];
  if (inquiry.units < channel.units_min) {
    // Room that was too little for anything on this channel is enough now.
    channel.units_min = inquiry.units;
    for (uint32_t a = 0; a < world.agents.size(); ++a) matcher.UpdateAgent({a});
  }
  matcher.Enqueue(ix);
  matcher.NoteWait(ix, now);
  if (inquiry.step_due) Watch(ix);
  QueueSlot& queue = world.queue(inquiry.queue);
  if (queue.waiting == 1) HistoryOf(inquiry.queue).Began(now);
  if (world.shares && queue.waiting == 1) {
    int64_t& pass = world.counters.passes[queue.share].pass;
    pass = std::max(pass, world.counters.virtual_pass);
  }
  queue.oldest.Add(inquiry.sequence, ix);
  queue.oldest.Tidy(queue.waiting, [&](InquiryIx i, uint64_t sequence) {
    const Inquiry& other = world.inquiry(i);
    return other.sequence == sequence && other.state == InquiryState::kWaiting &&
           other.queue == inquiry.queue;
  });
  touched.push_back(ix);
  Emit(InquiryEnqueued{ix, inquiry.queue, cause});
  CheckReservation(ix);
  RefreshDeadline(ix);
  if (inquiry.deadline <= now) FireWaiting(ix);
}

void Engine::Impl::LeaveLine(InquiryIx ix) {
  if (world.inquiry(ix).state != InquiryState::kWaiting) return;
  Unwatch(ix);
  matcher.Dequeue(ix);
}

void Engine::Impl::Unhold(InquiryIx ix) {
  Inquiry& inquiry = world.inquiry(ix);
  matcher.Dequeue(ix);
  inquiry.held = false;
  matcher.Enqueue(ix);
  matcher.NoteWait(ix, now);
  touched.push_back(ix);
  Touch(ix);
  Emit(HoldEnded{ix, inquiry.queue});
  RefreshDeadline(ix);
}

void Engine::Impl::Return(InquiryIx ix, EnqueueCause cause) {
  Inquiry& inquiry = world.inquiry(ix);
  inquiry.held = false;
  ++inquiry.returns;
  // Who was offered at once was not counted as one who waited.
  const bool had_waited = inquiry.offer_time > inquiry.enqueue_time;
  if (had_waited) HistoryOf(inquiry.queue).Returned();
  Wait(ix, cause);
  if (had_waited && inquiry.state == InquiryState::kWaiting) matcher.NoteReturn(ix);
}

// ---- Offers and assignments ---------------------------------------------------------------------

void Engine::Impl::TakeUnits(InquiryIx ix, AgentIx agent_ix) {
  const Inquiry& inquiry = world.inquiry(ix);
  Agent& agent = world.agent(agent_ix);
  agent.used = static_cast<uint16_t>(agent.used + inquiry.units);
  uint16_t& channel = agent.channel_used[inquiry.channel.value];
  channel = static_cast<uint16_t>(channel + inquiry.units);
}

void Engine::Impl::GiveUnits(InquiryIx ix, AgentIx agent_ix) {
  const Inquiry& inquiry = world.inquiry(ix);
  Agent& agent = world.agent(agent_ix);
  agent.used = static_cast<uint16_t>(agent.used - inquiry.units);
  uint16_t& channel = agent.channel_used[inquiry.channel.value];
  channel = static_cast<uint16_t>(channel - inquiry.units);
}

void Engine::Impl::Assign(InquiryIx ix, AgentIx agent_ix, AssignCause cause) {
  Inquiry& inquiry = world.inquiry(ix);
  const QueueConfig& queue = world.queue(inquiry.queue).config;
  const bool live = world.channel(inquiry.channel).kind == ChannelKind::kLive;
  SetState(ix, InquiryState::kAssigned);
  inquiry.assign_time = now;
  inquiry.parked_total = {};
  inquiry.replied = live;
  inquiry.warned = false;
  Emit(InquiryAssigned{ix, inquiry.queue, agent_ix, inquiry.offer_number,
                       now - inquiry.enqueue_time, !inquiry.answered_here,
                       cause == AssignCause::kAutomatic, inquiry.units, cause});
  inquiry.answered_here = true;
  NoteHandled(agent_ix, 1, {});
  if (world.limits_rate) AgentChanged(agent_ix);
  if (live) {
    inquiry.unanswered_since = {};
    if (world.agent(agent_ix).kind == AgentKind::kPerson) {
      ReplyByPerson(ix, agent_ix);
    } else {
      Answered(agent_ix, inquiry.queue);
      if (!inquiry.bot_response_time.IsSet()) {
        inquiry.bot_response_time = now;
        Emit(FirstResponded{ix, inquiry.queue, agent_ix, true, now - inquiry.create_time,
                            Microseconds(-1), now - inquiry.assign_time});
      }
    }
    SetDeadline(ix, kNever);
    return;
  }
  const bool timed = world.agent(agent_ix).kind == AgentKind::kPerson;
  const Span timeout = queue.first_reply_timeout, warning = queue.first_reply_warning;
  Time due = kNever;
  if (timed && timeout.us > 0) due = now + timeout;
  if (timed && warning.us > 0 && (timeout.us == 0 || warning < timeout)) due = now + warning;
  SetDeadline(ix, due);
}

// The clocks a person's reply stops; Answered() for the agent.
void Engine::Impl::ReplyByPerson(InquiryIx ix, AgentIx agent) {
  Inquiry& inquiry = world.inquiry(ix);
  inquiry.replied = true;
  Answered(agent, inquiry.queue);
  if (inquiry.first_response_time.IsSet()) return;
  inquiry.first_response_time = now;
  const Span from_human = inquiry.human_queue_time.IsSet() ? now - inquiry.human_queue_time
                                                           : Microseconds(-1);
  Emit(FirstResponded{ix, inquiry.queue, agent, false, now - inquiry.create_time, from_human,
                      now - inquiry.assign_time});
}

void Engine::Impl::StartWrapUp(InquiryIx ix) {
  const Inquiry& inquiry = world.inquiry(ix);
  Agent& agent = world.agent(inquiry.agent);
  const QueueConfig& queue = world.queue(inquiry.queue).config;
  Span span = queue.wrap_up;
  if (agent.profile.IsSet()) {
    const Membership* member = FindMembership(world.profiles[agent.profile], inquiry.queue);
    if (member != nullptr && member->wrap_up_us >= 0) span = Microseconds(member->wrap_up_us);
  }
  if (span.us <= 0 || agent.wrap_ups.size() >= limits::kWrapUpsMax) return;
  const uint16_t units = queue.wrap_up_queue_only ? uint16_t{0} : inquiry.units;
  if (units != 0) TakeUnits(ix, inquiry.agent);
  agent.wrap_ups.push_back({inquiry.id, inquiry.channel, inquiry.queue, units, now, now + span});
  Emit(WrapUpStarted{inquiry.agent, inquiry.queue, inquiry.id, now + span, units});
}

void Engine::Impl::LeaveAgent(InquiryIx ix, bool wrap_up) {
  Inquiry& inquiry = world.inquiry(ix);
  const AgentIx agent_ix = inquiry.agent;
  if (!agent_ix.IsSet() || inquiry.state == InquiryState::kWaiting) return;
  Agent& agent = world.agent(agent_ix);
  SetDeadline(ix, kNever);
  if (world.keeps_handled && inquiry.state != InquiryState::kOffered) {
    NoteHandled(agent_ix, 0, HandleTime(inquiry));
  }
  if (inquiry.state != InquiryState::kParked) GiveUnits(ix, agent_ix);
  std::erase(agent.work, ix);
  const bool worked = inquiry.state == InquiryState::kAssigned;
  if (worked && wrap_up) StartWrapUp(ix);
  if (worked) NoteIdle(agent_ix);
  AgentChanged(agent_ix);
  FinishDrain(agent_ix);
}

void Engine::Impl::End(InquiryIx ix, InquiryState state) {
  Inquiry& inquiry = world.inquiry(ix);
  const AgentIx agent = inquiry.state == InquiryState::kOffered ? AgentIx{} : inquiry.agent;
  LeaveLine(ix);
  LeaveAgent(ix, true);
  SetDeadline(ix, kNever);
  SetState(ix, state);
  EndReservation(ix);
  inquiry.agent = agent;
  inquiry.end_time = now;
  inquiry.exceptions = {};
  --world.open_inquiries;
  // Equal ends by arrival, as after a restart.
  auto at = ended.end();
  while (at != ended.begin() && std::prev(at)->end == now &&
         std::prev(at)->sequence > inquiry.sequence) {
    --at;
  }
  ended.insert(at, {now, inquiry.sequence, ix});
}

void Engine::Impl::Cancelled(InquiryIx ix, CancelReason reason) {
  Inquiry& inquiry = world.inquiry(ix);
  const bool waiting = inquiry.state == InquiryState::kWaiting ||
                       inquiry.state == InquiryState::kOffered;
  const Span wait = now - inquiry.enqueue_time;
  const bool is_short = waiting && wait < world.queue(inquiry.queue).config.short_abandon;
  const AgentIx agent = waiting ? AgentIx{} : inquiry.agent;
  inquiry.cancel_reason = reason;
  if (inquiry.offer_open) EndOffer(ix, OfferOutcome::kRescinded);
  if (inquiry.state == InquiryState::kWaiting) NoteLeft(ix, reason == CancelReason::kAbandoned);
  Emit(InquiryCancelled{ix, inquiry.queue, agent, reason, wait, HandleTime(inquiry), waiting,
                        is_short, inquiry.first_response_time.IsSet()});
  End(ix, InquiryState::kCancelled);
}

void Engine::Impl::Closed(InquiryIx ix, Resolution resolution) {
  Inquiry& inquiry = world.inquiry(ix);
  const bool held_by_agent = inquiry.state == InquiryState::kAssigned ||
                             inquiry.state == InquiryState::kParked;
  inquiry.resolution = resolution;
  if (inquiry.offer_open) EndOffer(ix, OfferOutcome::kRescinded);
  Emit(InquiryClosed{ix, inquiry.queue, held_by_agent ? inquiry.agent : AgentIx{}, resolution,
                     HandleTime(inquiry), inquiry.first_response_time.IsSet()});
  End(ix, InquiryState::kClosed);
}

Span Engine::Impl::HandleTime(const Inquiry& inquiry) const {
  if (inquiry.state == InquiryState::kAssigned) {
    return now - inquiry.assign_time - inquiry.parked_total;
  }
  if (inquiry.state == InquiryState::kParked) {
    return inquiry.park_time - inquiry.assign_time - inquiry.parked_total;
  }
  return {};
}

void Engine::Impl::AddException(Inquiry& inquiry, AgentIx agent, Time until) {
  auto known = std::find_if(inquiry.exceptions.begin(), inquiry.exceptions.end(),
                            [&](const Exception& e) { return e.agent == agent; });
  if (known != inquiry.exceptions.end()) {
    known->until = std::max(known->until, until);
    return;
  }
  if (inquiry.exceptions.size() >= limits::kExceptionsMax) MakeRoom(inquiry.exceptions);
  inquiry.exceptions.push_back({agent, until, false});
}

// The agent comes behind all who declined before; one that the caller excluded stays excluded.
void Engine::Impl::AddDecliner(Inquiry& inquiry, AgentIx agent, Time until) {
  AddException(inquiry, agent, until);
  auto& exceptions = inquiry.exceptions;
  const auto at = std::find_if(exceptions.begin(), exceptions.end(),
                               [&](const Exception& e) { return e.agent == agent; });
  at->last = !at->named_by_caller;
  std::rotate(at, at + 1, exceptions.end());
}

// What has passed goes, but not who is asked last; if nothing has, what ends soonest, as a rule the
// oldest.
void Engine::Impl::MakeRoom(std::vector<Exception>& exceptions) const {
  const auto is_over = [this](const Exception& e) { return e.until <= now && !e.last; };
  if (std::erase_if(exceptions, is_over) > 0) return;
  const auto end_of = [this](const Exception& e) { return e.until <= now ? Time{} : e.until; };
  const auto ends_sooner = [&](const Exception& a, const Exception& b) {
    if (a.named_by_caller != b.named_by_caller) return b.named_by_caller;
    return std::pair(end_of(a), world.agent(a.agent).id) <
           std::pair(end_of(b), world.agent(b.agent).id);
  };
  exceptions.erase(std::min_element(exceptions.begin(), exceptions.end(), ends_sooner));
}

bool Engine::Impl::ResumeParked(InquiryIx ix) {
  Inquiry& inquiry = world.inquiry(ix);
  const AgentIx agent_ix = inquiry.agent;
  Agent& agent = world.agent(agent_ix);
  const bool present =
      agent.presence == Presence::kAvailable || agent.presence == Presence::kDraining;
  if (present && RoomOf(agent, inquiry.channel) >= inquiry.units) {
    TakeUnits(ix, agent_ix);
    inquiry.parked_total = inquiry.parked_total + (now - inquiry.park_time);
    SetState(ix, InquiryState::kAssigned);
    Emit(InquiryResumed{ix, inquiry.queue, agent_ix, true});
    matcher.UpdateAgent(agent_ix);
    Touch(agent_ix);
    return true;
  }
  Emit(InquiryResumed{ix, inquiry.queue, agent_ix, false});
  LeaveAgent(ix, false);
  std::erase(inquiry.preferred, agent_ix);
  inquiry.preferred.insert(inquiry.preferred.begin(), agent_ix);
  if (inquiry.preferred.size() > limits::kPreferredMax) inquiry.preferred.pop_back();
  EnterQueue(ix, inquiry.queue, EnqueueCause::kResumed);
  return false;
}

// ---- Matching -----------------------------------------------------------------------------------

bool Engine::Impl::SettleOne() {
  std::optional<Turn> first;
  AgentIx best;
  std::erase_if(freed, [&](AgentIx agent) {
    const std::optional<Turn> key = matcher.FirstInquiry(agent, now);
    if (key && (!first || *key < *first)) first = key;
    return !key;
  });
  std::erase_if(touched, [&](InquiryIx ix) {
    const InquirySlot& slot = world.inquiries.slots[ix.value];
    if (!slot.live || slot.it.state != InquiryState::kWaiting) return true;
    const Turn key = matcher.TurnOf(KeyOf(world, ix));
    if (first && *first < key) return false;
    const AgentIx agent = matcher.BestAgent(ix, now);
    if (!agent.IsSet()) return true;
    first = key;
    best = agent;
    return false;
  });
  if (!first) return false;
  // A freed agent found it: the best agent may be another one.
  if (!best.IsSet()) best = matcher.BestAgent(first->key.inquiry, now);
  if (!best.IsSet()) return false;
  MakeOffer(first->key.inquiry, best);
  return true;
}

void Engine::Impl::Settle() {
  do {
    Match();
  } while (ReviewSteps());
}

void Engine::Impl::Match() {
  while (settle_all || !touched.empty() || !freed.empty()) {
    if (settle_all || freed.size() > kFreedMax || touched.size() > kTouchedMax) {
      SettleAll();
    } else if (!SettleOne()) {
      break;
    }
  }
  touched.clear();
  freed.clear();
}

void Engine::Impl::SettleAll() {
  settle_all = false;
  released = false;
  touched.clear();
  freed.clear();
  // Agents only get less available while this runs, so one pass in serving order is exact, and a
  // line whose unexcepted inquiry found nobody has nobody for the rest of it. Unless a reservation
  // is involved: then it ends and begins anew.
  matcher.ForEachInOrder([&](const WaitKey& key) {
    if (released) return Matcher::Next::kDropLine;
    const AgentIx agent = matcher.BestAgent(key.inquiry, now);
    if (agent.IsSet()) {
      MakeOffer(key.inquiry, agent);
      return Matcher::Next::kContinue;
    }
    const Inquiry& inquiry = world.inquiry(key.inquiry);
    const bool speaks_for_all =
        inquiry.exceptions.empty() && !inquiry.held && !matcher.HasReserved(key.inquiry);
    return speaks_for_all ? Matcher::Next::kDropLine : Matcher::Next::kContinue;
  });
  settle_all = released;
}

}  // namespace firstline::engine
