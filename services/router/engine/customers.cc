// Customers who come back: to the place they had in a queue, and to the agent who knows them. What
// came before is read from the records, so that a restart forgets nothing and nothing is kept twice;
// it reaches back as far as ended inquiries are kept.
#include "services/router/engine/impl.h"

namespace firstline::engine {

void Engine::Impl::Remember(InquiryIx ix) {
  const Inquiry& inquiry = world.inquiry(ix);
  if (!world.knows_customers || inquiry.customer.empty()) return;
  customers.insert({HashOf(inquiry.customer), inquiry.sequence, ix});
}

void Engine::Impl::Forget(InquiryIx ix) {
  const Inquiry& inquiry = world.inquiry(ix);
  if (!world.knows_customers || inquiry.customer.empty()) return;
  customers.erase({HashOf(inquiry.customer), inquiry.sequence, ix});
}

// It was the customer's last one, given up while it waited in the same queue.
bool Engine::Impl::KeepsPlace(const Inquiry& before, const Inquiry& inquiry) const {
  const Span keep = world.queue(inquiry.queue).config.keep_place;
  return before.state == InquiryState::kCancelled &&
         before.cancel_reason == CancelReason::kAbandoned && !before.answered_here &&
         before.queue == inquiry.queue && inquiry.create_time - before.end_time < keep;
}

bool Engine::Impl::IsLastAgent(const Inquiry& before, Span within, Time at) const {
  if (before.state == InquiryState::kOffered || !before.agent.IsSet()) return false;
  const AgentSlot& slot = world.agents[before.agent.value];
  if (!slot.live || slot.it.kind != AgentKind::kPerson) return false;
  return !before.end_time.IsSet() || at - before.end_time < within;
}

void Engine::Impl::RecogniseCustomer(Inquiry& inquiry) const {
  const Span within = world.queue(inquiry.queue).config.last_agent_within;
  if (!world.knows_customers || inquiry.customer.empty()) return;
  const uint64_t hash = HashOf(inquiry.customer);
  auto at = customers.lower_bound({hash, inquiry.sequence, InquiryIx{0}});
  for (int looks = 0; looks < limits::kCustomerLooksMax && at != customers.begin(); ++looks) {
    --at;
    const Inquiry& before = world.inquiry(std::get<2>(*at));
    if (std::get<0>(*at) != hash) return;
    if (before.customer != inquiry.customer) continue;
    if (looks == 0 && KeepsPlace(before, inquiry)) inquiry.arrival_time = before.arrival_time;
    if (within.us <= 0 || !inquiry.preferred.empty()) return;
    if (!IsLastAgent(before, within, inquiry.create_time)) continue;
    inquiry.preferred.push_back(before.agent);
    return;
  }
}

}  // namespace firstline::engine
