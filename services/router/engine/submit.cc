// New inquiries: what may refuse them, what rules make of them, how they begin. Checks of the fields
// are in apply_inquiry.cc.
#include <algorithm>

#include "services/router/engine/impl.h"

namespace firstline::engine {

Outcome Engine::Impl::CheckNew(const Submit& c, const Command& command, Time at,
                               Admission& admission) const {
  if (Outcome checked = CheckSubmit(c, command); !checked.ok()) return checked;
  admission.submit = &c;
  if (c.queue.empty()) {
    admission.how = Classify(world.config.rules, c);
    if (admission.how->rule == nullptr) return Reject(Rejection::kNotClassified, c.inquiry_id);
    admission.submit = &admission.classified.emplace(engine::Apply(*admission.how->rule, c));
    std::string subject;
    if (Rejection r = CheckSpec(admission.submit->requirement, &subject); r != Rejection::kNone) {
      return Reject(r, subject);
    }
  }
  const Submit& placed = *admission.submit;
  const QueueIx queue = FindLiveQueue(placed.queue);
  if (Outcome checked = CheckRoom(placed, queue); !checked.ok()) return checked;
  if (world.queue(queue).config.refuse_if_nobody && !IsStaffed(placed, queue)) {
    return Reject(Rejection::kNobodyLoggedIn, placed.queue);
  }
  if (WouldWaitTooLong(placed, command, queue, at)) {
    return Reject(Rejection::kWaitTooLong, placed.queue);
  }
  return {};
}

// The first to wait is let in, whatever is known of earlier times: by those who wait the queue's pace
// is measured, and what has changed is found out.
bool Engine::Impl::WouldWaitTooLong(const Submit& c, const Command& command, QueueIx ix,
                                    Time at) const {
  const QueueSlot& queue = world.queue(ix);
  const Span max = queue.config.max_expected_wait;
  if (max.us == 0 || queue.waiting == 0 || queue.config.suspended) return false;
  const Supposed supposed = SupposeIn(c, command, ix, at);
  const Inquiry& inquiry = supposed.inquiry;
  if (inquiry.held) return false;
  const uint32_t place = matcher.PlaceIn(ix, KeyOf(world, inquiry, InquiryIx{}));
  const auto expected = queue.history.Expect(place, true, at);
  if (!expected || expected->Of(queue.config.expected_wait_quantile) <= max) return false;
  return !matcher.IsAnybodyFree({queue.audiences[0], supposed.asked}, inquiry, at);
}

Outcome Engine::Impl::Do(const Submit& c, const Command& command) {
  if (const InquiryIx known{world.inquiries.index.Find(c.inquiry_id)}; known.IsSet()) {
    if (world.inquiry(known).digest == Digest(command.body)) return Done(known, true);
    return Reject(Rejection::kInquiryIdReused, c.inquiry_id);
  }
  Admission admission;
  if (Outcome checked = CheckNew(c, command, now, admission); !checked.ok()) return checked;
  return Create(*admission.submit, command, admission.how ? &*admission.how : nullptr);
}

void Engine::Impl::Draft(const Submit& c, const Command& command, Inquiry& inquiry) const {
  inquiry.id = c.inquiry_id;
  inquiry.customer = c.customer;
  inquiry.attributes = PackAttributes(c.attributes);
  inquiry.channel = FindLiveChannel(c.channel);
  inquiry.units = static_cast<uint16_t>(c.units != 0 ? c.units
                                                     : world.channel(inquiry.channel).units);
  inquiry.queue = FindLiveQueue(c.queue);
  inquiry.state = InquiryState::kCancelled;  // counted nowhere until it waits
  inquiry.priority = static_cast<uint8_t>(c.priority);
  inquiry.sequence = world.counters.inquiry_sequence + 1;
  inquiry.digest = Digest(command.body);
  for (const std::string& id : c.preferred_agents) {
    const AgentIx agent = FindLiveAgent(id);
    if (std::find(inquiry.preferred.begin(), inquiry.preferred.end(), agent) ==
        inquiry.preferred.end()) {
      inquiry.preferred.push_back(agent);
    }
  }
  for (const std::string& id : c.excluded_agents) {
    inquiry.exceptions.push_back({FindLiveAgent(id), kNever, true});
  }
}

// `c` with its queue known, `command` as it came. Everything is checked.
Outcome Engine::Impl::Create(const Submit& c, const Command& command, const Classification* how) {
  const InquiryIx ix{world.inquiries.slots.Allocate()};
  InquirySlot& slot = world.inquiries.slots[ix.value];
  slot.live = true;
  Inquiry& inquiry = slot.it;
  Draft(c, command, inquiry);
  world.counters.inquiry_sequence = inquiry.sequence;
  world.inquiries.index.Insert(ix.value);
  inquiry.own = AcquireRequirement(c.requirement, inquiry.channel, inquiry.units);
  inquiry.create_time = now;
  inquiry.arrival_time = now;
  inquiry.create_when = command.when.IsSet() ? command.when : now;
  inquiry.unanswered_since = now;
  RecogniseCustomer(inquiry);
  Remember(ix);
  ++world.open_inquiries;
  InquirySubmitted submitted{ix, {}};
  if (how != nullptr) submitted.hit = RuleHit{how->rule->id, how->passed_over};
  Emit(std::move(submitted));
  EnterQueue(ix, inquiry.queue, EnqueueCause::kSubmitted);
  return Done(ix);
}

}  // namespace firstline::engine
