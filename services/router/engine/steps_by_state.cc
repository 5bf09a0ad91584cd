// Steps that wait for a state and not only for their time. An inquiry whose step's time has come
// stands in a watch until the condition holds. All inquiries of a watch ask the same of the same
// queue at the same step, so that one look decides for all of them. Looks are taken after what a
// condition depends on has changed, once matching is done: who can be served is served first. An
// expected wait grows with time alone while nobody is served: it is judged as of the last whole second,
// and looked at again with the next.
#include <algorithm>

#include "services/router/engine/calendar.h"
#include "services/router/engine/impl.h"

namespace firstline::engine {
namespace {

constexpr Span kReview = Microseconds(limits::kWaitReviewUs);

// A command between two looks, or a restart, makes no difference to what is judged.
Time LastReview(Time now) { return {now.us - now.us % kReview.us}; }

bool IsWithin(int64_t count, const std::optional<int>& above, const std::optional<int>& below) {
  return (!above || count > *above) && (!below || count < *below);
}

}  // namespace

const StepWhen* Engine::Impl::ConditionOf(const Inquiry& inquiry) const {
  const std::vector<StepConfig>& steps = world.queue(inquiry.queue).config.steps;
  if (inquiry.step >= steps.size() || !steps[inquiry.step].when) return nullptr;
  return &*steps[inquiry.step].when;
}

bool Engine::Impl::IsStepDue(const Inquiry& inquiry) const {
  const std::vector<StepConfig>& steps = world.queue(inquiry.queue).config.steps;
  return ConditionOf(inquiry) != nullptr &&
         inquiry.enqueue_time + steps[inquiry.step].after <= now;
}

void Engine::Impl::Watch(InquiryIx ix) {
  const Inquiry& inquiry = world.inquiry(ix);
  const auto [at, fresh] = watches[{inquiry.queue, inquiry.step, inquiry.asked}].insert(
      {inquiry.sequence, ix});
  if (fresh) CountSlow(inquiry, true);
  review_queues.push_back(inquiry.queue);
}

void Engine::Impl::Unwatch(InquiryIx ix) {
  const Inquiry& inquiry = world.inquiry(ix);
  if (!inquiry.step_due) return;
  const auto watch = watches.find({inquiry.queue, inquiry.step, inquiry.asked});
  if (watch == watches.end()) return;
  if (watch->second.erase({inquiry.sequence, ix}) > 0) CountSlow(inquiry, false);
  if (watch->second.empty()) watches.erase(watch);
}

// Its time has come: from now on the condition alone decides, or the latest time.
void Engine::Impl::StepDue(InquiryIx ix) {
  world.inquiry(ix).step_due = true;
  Touch(ix);
  Watch(ix);
}

bool Engine::Impl::CalendarIs(const std::string& id, bool open, Time at) const {
  for (const CalendarConfig& calendar : world.config.calendars) {
    if (calendar.id == id) return IsOpen(calendar, at) == open;
  }
  return false;
}

bool Engine::Impl::WaitIs(const QueueSlot& queue, const StepWhen& when, uint32_t waiting,
                          Time at) const {
  WaitHistory history = queue.history;
  if (queue.waiting == 0) history.Began(at);  // only supposed to wait
  const auto expected = history.Expect(waiting, true, LastReview(at));
  if (!expected) return false;
  const Span wait = expected->Of(queue.config.expected_wait_quantile);
  return (!when.expected_wait_above || wait > *when.expected_wait_above) &&
         (!when.expected_wait_below || wait < *when.expected_wait_below);
}

bool Engine::Impl::HoldsInQueue(QueueIx ix, const StepWhen& when, uint32_t waiting,
                                Time at) const {
  const QueueSlot& queue = world.queue(ix);
  if (queue.config.suspended) return false;
  if (!IsWithin(waiting, when.waiting_above, when.waiting_below)) return false;
  if (!when.open.empty() && !CalendarIs(when.open, true, at)) return false;
  if (!when.closed.empty() && !CalendarIs(when.closed, false, at)) return false;
  return !when.JudgesWait() || WaitIs(queue, when, waiting, at);
}

bool IsThere(const Matcher::Staff& staff, const StepWhen& when) {
  return IsWithin(staff.available, when.available_above, when.available_below) &&
         IsWithin(staff.logged_in, when.logged_in_above, when.logged_in_below);
}

bool Engine::Impl::Holds(InquiryIx ix, const StepWhen& when) {
  const QueueIx queue = world.inquiry(ix).queue;
  if (!HoldsInQueue(queue, when, world.queue(queue).waiting, now)) return false;
  return !when.CountsAgents() || IsThere(matcher.StaffFor(ix), when);
}

// The inquiries of watches under review whose condition holds, by arrival; then those for whom the
// queue is too slow, the last first.
std::vector<std::pair<uint64_t, InquiryIx>> Engine::Impl::Reviewed() {
  std::vector<std::pair<uint64_t, InquiryIx>> found;
  const bool all = std::exchange(review_all, false);
  std::vector<QueueIx> queues = std::exchange(review_queues, {});
  std::sort(queues.begin(), queues.end());
  for (const auto& [key, inquiries] : watches) {
    if (!all && !std::binary_search(queues.begin(), queues.end(), std::get<0>(key))) continue;
    const InquiryIx any = inquiries.begin()->second;
    const StepWhen* when = ConditionOf(world.inquiry(any));
    if (when == nullptr || !Holds(any, *when)) continue;
    for (const auto& [sequence, ix] : inquiries) {
      found.push_back({when->expected_wait_above ? UINT64_MAX - sequence : sequence, ix});
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

bool Engine::Impl::ReviewSteps() {
  if (matcher.TakeStaffChanged()) review_all = true;
  if (watches.empty()) {
    review_queues.clear();
    review_all = false;
    return false;
  }
  if (!review_all && review_queues.empty()) return false;
  bool moved = false;
  // One after the other, each with what the one before it has changed.
  for (const auto& [order, ix] : Reviewed()) {
    const Inquiry& inquiry = world.inquiry(ix);
    const StepWhen* when = inquiry.step_due ? ConditionOf(inquiry) : nullptr;
    if (inquiry.state != InquiryState::kWaiting || when == nullptr || !Holds(ix, *when)) continue;
    ReachStep(ix);
    RefreshDeadline(ix);
    if (inquiry.deadline <= now) FireWaiting(ix);
    moved = true;
  }
  return moved;
}

// ---- Hours --------------------------------------------------------------------------------------

Time Engine::Impl::NextCalendarChange() const {
  Time next = kNever;
  if (!world.watches_hours) return next;
  for (const CalendarConfig& calendar : world.config.calendars) {
    next = std::min(next, NextChange(calendar, now));
  }
  return next;
}

// Hours are a matter of time alone: what has opened at `limit` is open for a command of that time.
// Nobody has to be told while nobody waits for it.
bool Engine::Impl::FireCalendar(Time limit) {
  if (calendar_due > limit) return false;
  now = std::max(now, watches.empty() ? limit : calendar_due);
  calendar_due = NextCalendarChange();
  review_all = true;
  Settle();
  return true;
}

// ---- Expected waits -----------------------------------------------------------------------------

void Engine::Impl::CountSlow(const Inquiry& inquiry, bool stands) {
  const StepWhen* when = ConditionOf(inquiry);
  if (when == nullptr || !when->expected_wait_above) return;
  uint32_t& count = slow_watches[inquiry.queue];
  count += stands ? 1u : ~0u;
  if (count == 0) slow_watches.erase(inquiry.queue);
}

Time Engine::Impl::NextWaitReview() const {
  return slow_watches.empty() ? kNever : LastReview(now) + kReview;
}

bool Engine::Impl::FireWaitReview(Time limit) {
  const Time due = NextWaitReview();
  if (due > limit) return false;
  now = std::max(now, due);
  for (const auto& [queue, count] : slow_watches) review_queues.push_back(queue);
  Settle();
  return true;
}

// What time alone changes.
bool Engine::Impl::FireStates(Time limit) {
  return NextWaitReview() < calendar_due ? FireWaitReview(limit) : FireCalendar(limit);
}

}  // namespace firstline::engine
