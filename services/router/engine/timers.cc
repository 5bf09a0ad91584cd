// Deadlines: one an inquiry, one an agent, and the retention of what has ended.
#include <algorithm>

#include "services/router/engine/impl.h"

namespace firstline::engine {

void Engine::Impl::SetDeadline(InquiryIx ix, Time due) {
  Inquiry& inquiry = world.inquiry(ix);
  if (inquiry.deadline == due) return;
  Timer timer{inquiry.deadline, Timer::Kind::kInquiry, inquiry.sequence, ix.value};
  if (inquiry.deadline != kNever) timers.erase(timer);
  inquiry.deadline = due;
  timer.due = due;
  if (due != kNever) timers.insert(timer);
  Touch(ix);
}

void Engine::Impl::SetDeadline(AgentIx ix, Time due) {
  Agent& agent = world.agent(ix);
  if (agent.deadline == due) return;
  Timer timer{agent.deadline, Timer::Kind::kAgent, agent.sequence, ix.value};
  if (agent.deadline != kNever) timers.erase(timer);
  agent.deadline = due;
  timer.due = due;
  if (due != kNever) timers.insert(timer);
}

Time Engine::Impl::WaitingDeadline(const Inquiry& inquiry) const {
  const QueueConfig& queue = world.queue(inquiry.queue).config;
  Time due = kNever;
  if (inquiry.step < queue.steps.size()) {
    const StepConfig& step = queue.steps[inquiry.step];
    const bool waits_on = step.when && inquiry.step_due;
    if (!waits_on) due = inquiry.enqueue_time + step.after;
    if (waits_on && step.at_latest.us > 0) due = inquiry.enqueue_time + step.at_latest;
  }
  if (inquiry.held) due = std::min(due, inquiry.enqueue_time + queue.preferred_hold);
  for (const Exception& e : inquiry.exceptions) {
    if (e.until.IsSet()) due = std::min(due, e.until);
  }
  return due;
}

void Engine::Impl::RefreshDeadline(InquiryIx ix) {
  const Inquiry& inquiry = world.inquiry(ix);
  if (inquiry.state == InquiryState::kWaiting) SetDeadline(ix, WaitingDeadline(inquiry));
}

void Engine::Impl::RefreshDeadline(AgentIx ix) {
  const Agent& agent = world.agent(ix);
  Time due = LostDeadline(agent);
  if (agent.back_off_until.IsSet()) due = std::min(due, agent.back_off_until);
  if (agent.rate_limited_until.IsSet()) due = std::min(due, agent.rate_limited_until);
  for (const WrapUp& wrap_up : agent.wrap_ups) due = std::min(due, wrap_up.until);
  for (const QueueBackOff& state : agent.queue_back_offs) {
    if (state.until.IsSet()) due = std::min(due, state.until);
  }
  SetDeadline(ix, due);
}

Time Engine::Impl::NextDeadline() const {
  Time due = timers.empty() ? kNever : timers.begin()->due;
  due = std::min(due, requests.NextExpiry());
  if (!ended.empty()) {
    due = std::min(due, ended.front().end + world.config.settings.closed_retention);
  }
  return watches.empty() ? due : std::min({due, calendar_due, NextWaitReview()});
}

void Engine::Impl::FireUntil(Time limit, bool inclusive) {
  FreePurged();
  caller = nullptr;
  call_begin = now;
  const auto is_due = [&](Time due) { return inclusive ? due <= limit : due < limit; };
  while (true) {
    const Time first = timers.empty() ? kNever : timers.begin()->due;
    if (FireStates(std::min(first, limit))) continue;
    if (timers.empty() || !is_due(first)) break;
    const Timer timer = *timers.begin();
    now = std::max(now, timer.due);
    Fire(timer);
    Settle();
  }
  now = std::max(now, limit);
  world.counters.now = now;
  PurgeEnded();
  requests.Trim(now, world.config.settings.request_max, changes.forgotten_requests);
}

void Engine::Impl::Fire(const Timer& timer) {
  if (timer.kind == Timer::Kind::kAgent) return FireAgent({timer.index});
  const InquiryIx ix{timer.index};
  Inquiry& inquiry = world.inquiry(ix);
  const AgentIx agent = inquiry.agent;
  const BackOffConfig& back_off = BackOffOf(inquiry.queue);
  switch (inquiry.state) {
    case InquiryState::kWaiting:
      return FireWaiting(ix);
    case InquiryState::kOffered:
      for (bool was_last = false; !was_last;) {
        const AgentIx asked = inquiry.agent;
        was_last = EndOfferTo(ix, asked, OfferOutcome::kExpired);
        ++inquiry.misses;
        AddException(inquiry, asked, now + back_off.duration);
        Miss(asked, inquiry.queue);
      }
      return Return(ix, EnqueueCause::kExpired);
    case InquiryState::kAssigned: {
      const Time timeout = inquiry.assign_time +
                           world.queue(inquiry.queue).config.first_reply_timeout;
      const bool has_timeout = world.queue(inquiry.queue).config.first_reply_timeout.us > 0;
      if (!inquiry.warned && (!has_timeout || now < timeout)) {
        inquiry.warned = true;
        Emit(FirstReplyWarned{ix, inquiry.queue, agent});
        return SetDeadline(ix, has_timeout ? timeout : kNever);
      }
      Emit(FirstReplyTimedOut{ix, inquiry.queue, agent});
      ++inquiry.misses;
      LeaveAgent(ix, false);
      AddException(inquiry, agent, now + back_off.duration);
      Miss(agent, inquiry.queue);
      return Return(ix, EnqueueCause::kFirstReplyTimeout);
    }
    case InquiryState::kParked:
    case InquiryState::kClosed:
    case InquiryState::kCancelled:
      return SetDeadline(ix, kNever);
  }
}

// True when somebody may be asked again.
bool Engine::Impl::ExpireExceptions(Inquiry& inquiry) {
  bool any = false;
  for (Exception& e : inquiry.exceptions) {
    if (!e.last || !e.until.IsSet() || e.until > now) continue;
    e.until = {};
    any = true;
  }
  return std::erase_if(inquiry.exceptions, [this](const Exception& e) {
           return e.until.IsSet() && e.until <= now;
         }) > 0 || any;
}

void Engine::Impl::FireWaiting(InquiryIx ix) {
  Inquiry& inquiry = world.inquiry(ix);
  while (inquiry.state == InquiryState::kWaiting && inquiry.deadline <= now) {
    const QueueConfig& queue = world.queue(inquiry.queue).config;
    if (ExpireExceptions(inquiry)) touched.push_back(ix);
    if (inquiry.held && inquiry.enqueue_time + queue.preferred_hold <= now) Unhold(ix);
    FireStep(ix);
    RefreshDeadline(ix);
  }
}

void Engine::Impl::FireStep(InquiryIx ix) {
  const Inquiry& inquiry = world.inquiry(ix);
  const std::vector<StepConfig>& steps = world.queue(inquiry.queue).config.steps;
  if (inquiry.step >= steps.size()) return;
  const StepConfig& step = steps[inquiry.step];
  if (inquiry.enqueue_time + step.after > now) return;
  const bool is_latest = step.at_latest.us > 0 && inquiry.enqueue_time + step.at_latest <= now;
  if (!step.when || is_latest) {
    ReachStep(ix);
  } else if (!inquiry.step_due) {
    StepDue(ix);
  }
}

void Engine::Impl::ReachStep(InquiryIx ix) {
  Inquiry& inquiry = world.inquiry(ix);
  const QueueSlot& queue = world.queue(inquiry.queue);
  const bool closes = queue.config.steps[inquiry.step].close;
  const QueueIx target = OverflowOf(queue.config.steps[inquiry.step]);
  if (closes || target.IsSet()) NoteLeft(ix, false);
  LeaveLine(ix);
  inquiry.step_due = false;
  ++inquiry.step;
  Touch(ix);
  Emit(StepReached{ix, inquiry.queue, inquiry.step});
  if (closes) return Cancelled(ix, CancelReason::kRouteEnded);
  if (target.IsSet()) return EnterQueue(ix, target, EnqueueCause::kOverflowed);
  matcher.Enqueue(ix);
  CheckReservation(ix);
  touched.push_back(ix);
  SkipSteps(ix);
}

QueueIx Engine::Impl::OverflowOf(const StepConfig& step) const {
  const QueueIx target = step.overflow_to.empty() ? QueueIx{} : FindLiveQueue(step.overflow_to);
  if (!target.IsSet()) return {};
  const QueueSlot& queue = world.queue(target);
  const bool full = queue.config.max_length != 0 && queue.waiting >= queue.config.max_length;
  return full ? QueueIx{} : target;
}

bool Engine::Impl::SkipsStep(const QueueSlot& queue, size_t step, const Requirement& asked) const {
  if (!world.watches_staff || step >= queue.config.steps.size()) return false;
  if (queue.config.suspended || !queue.config.steps[step].at_once_if_nobody) return false;
  return !matcher.HasStaff(queue.audiences[step], asked);
}

bool Engine::Impl::MaySkip(const Inquiry& inquiry) const {
  return inquiry.state == InquiryState::kWaiting &&
         SkipsStep(world.queue(inquiry.queue), inquiry.step, world.requirements[inquiry.asked]);
}

// A loop, because routes may lead through many queues: reaching a step comes back here.
void Engine::Impl::SkipSteps(InquiryIx ix) {
  if (!world.watches_staff || skipping) return;
  skipping = true;
  while (MaySkip(world.inquiry(ix))) ReachStep(ix);
  skipping = false;
  RefreshDeadline(ix);
}

void Engine::Impl::FireAgent(AgentIx ix) {
  Agent& agent = world.agent(ix);
  if (agent.back_off_until.IsSet() && agent.back_off_until <= now) {
    agent.back_off_until = {};
    Emit(BackOffEnded{ix});
  }
  EndQueueBackOffs(ix);
  for (size_t i = 0; i < agent.wrap_ups.size();) {
    if (agent.wrap_ups[i].until > now) {
      ++i;
    } else {
      EndWrapUp(ix, i, false);
    }
  }
  LoseConversations(ix);
  AgentChanged(ix);
  FinishDrain(ix);
}

// Ended inquiries leave by age and by number.
void Engine::Impl::PurgeEnded() {
  const SettingsConfig& settings = world.config.settings;
  while (!ended.empty() && (ended.front().end + settings.closed_retention <= now ||
                            ended.size() > settings.closed_max)) {
    const InquiryIx ix = ended.front().inquiry;
    ended.pop_front();
    Purge(ix);
  }
}

void Engine::Impl::Purge(InquiryIx ix) {
  InquirySlot& slot = world.inquiries.slots[ix.value];
  Emit(InquiryPurged{slot.it.id});
  changes.purged_inquiries.push_back(slot.it.id);
  Forget(ix);
  if (slot.dirty) std::erase(changes.inquiries, ix);
  world.inquiries.index.Erase(slot.it.id);
  if (slot.it.end_time < call_begin) return FreeSlot(ix);
  slot.live = false;
  purged.push_back(ix);
}

void Engine::Impl::FreeSlot(InquiryIx ix) {
  const Inquiry& inquiry = world.inquiry(ix);
  world.requirements.Release(inquiry.own);
  world.requirements.Release(inquiry.asked);
  world.inquiries.slots.Free(ix.value);
}

void Engine::Impl::FreePurged() {
  for (InquiryIx ix : purged) FreeSlot(ix);
  purged.clear();
}

}  // namespace firstline::engine
