// What waits may be expected: by the history of an inquiry's line, or of its queue where that of the
// line is too short.
#include <algorithm>

#include "services/router/engine/impl.h"

namespace firstline::engine {
namespace {

uint32_t Milliseconds(Span span) {
  return static_cast<uint32_t>(std::clamp<int64_t>(span.us / 1000, 1, UINT32_MAX));
}

}  // namespace

WaitHistory& Engine::Impl::HistoryOf(QueueIx ix) {
  QueueSlot& slot = world.queue(ix);
  if (slot.judges_wait && !slot.wait_dirty) {
    slot.wait_dirty = true;
    changes.waits.push_back(ix);
  }
  return slot.history;
}

// What is decided by has to be the same after a take-over. What was counted before anything was
// decided by it is not stored, so the count begins with the configuration that decides.
void Engine::Impl::PrepareWaits(QueueSlot& slot, QueueIx ix) {
  const bool judged_before = slot.judges_wait;
  slot.judges_wait =
      slot.live && (slot.config.max_expected_wait.us > 0 || slot.config.StepsJudgeWait());
  if (slot.judges_wait && !judged_before) HistoryOf(ix) = {};
  if (!slot.judges_wait && judged_before) changes.forgotten_waits.push_back(slot.id);
}

void Engine::Impl::NoteStart(InquiryIx ix) {
  if (!world.inquiries.slots[ix.value].line.IsSet()) return;  // somebody else had it
  const Inquiry& inquiry = world.inquiry(ix);
  if (inquiry.enqueue_time == now) return;  // did not have to wait
  matcher.NoteStart(ix, now);
  HistoryOf(inquiry.queue).Started(now, now - inquiry.enqueue_time);
}

void Engine::Impl::NoteLeft(InquiryIx ix, bool gave_up) {
  if (!world.inquiries.slots[ix.value].line.IsSet()) return;  // has left already
  const Inquiry& inquiry = world.inquiry(ix);
  const QueueSlot& queue = world.queue(inquiry.queue);
  matcher.NoteLeft(ix, now, gave_up);
  HistoryOf(inquiry.queue).Left(now, now - inquiry.enqueue_time, gave_up, queue.waiting == 1);
}

std::optional<WaitQuantiles> Engine::Impl::ExpectAt(InquiryIx ix, const Place& place,
                                                    Time at) const {
  const Inquiry& inquiry = world.inquiry(ix);
  // A held one waits for its agent, not for its turn; nobody serves a suspended queue.
  if (inquiry.held || world.queue(inquiry.queue).config.suspended) return std::nullopt;
  const auto by_line = matcher.Expect(ix, place.in_line, at);
  return by_line ? by_line
                 : world.queue(inquiry.queue).history.Expect(place.in_queue, true, at);
}

void Engine::Impl::NoteExpected(InquiryIx ix) {
  Inquiry& inquiry = world.inquiry(ix);
  if (inquiry.state != InquiryState::kWaiting || inquiry.enqueue_time != now) return;
  const Place place{matcher.PlaceOfNew(ix), world.queue(inquiry.queue).waiting, false};
  const auto expected = ExpectAt(ix, place, now);
  if (!expected) return;
  inquiry.expected_p50_ms = Milliseconds(expected->p50);
  inquiry.expected_p90_ms = Milliseconds(expected->p90);
}

std::optional<WaitQuantiles> Engine::ExpectedWait(InquiryIx ix, const Place& place,
                                                  Time at) const {
  return impl_->ExpectAt(ix, place, at);
}

const WaitHistory* Engine::WaitsOf(QueueIx ix) const {
  const QueueSlot& queue = impl_->world.queue(ix);
  return queue.judges_wait ? &queue.history : nullptr;
}

std::optional<WaitQuantiles> Engine::ExpectedWait(QueueIx ix, Time at) const {
  const QueueSlot& queue = impl_->world.queue(ix);
  if (queue.config.suspended) return std::nullopt;
  return queue.history.Expect(queue.waiting + 1, queue.waiting > 0, at);
}

}  // namespace firstline::engine
