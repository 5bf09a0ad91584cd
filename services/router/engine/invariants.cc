// Full scans that hold the derived state against the records. For tests and simulation.
#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"
#include "services/router/engine/impl.h"

namespace firstline::engine {
namespace {

struct Scan {
  const World& world;
  Time now;

  // 1. One state, one place, one agent.
  std::string CheckInquiry(InquiryIx ix, const Inquiry& inquiry) const {
    const InquirySlot& slot = world.inquiries.slots[ix.value];
    const bool waits = inquiry.state == InquiryState::kWaiting;
    if (waits != slot.line.IsSet()) return absl::StrCat(inquiry.id, ": state and line disagree");
    if (inquiry.reserved.IsSet() &&
        (!waits || world.agent(inquiry.reserved).reserved_for != ix)) {
      return absl::StrCat(inquiry.id, ": its agent is not reserved for it");
    }
    if (waits && inquiry.agent.IsSet()) return absl::StrCat(inquiry.id, ": waits with an agent");
    if (inquiry.offer_open != (inquiry.state == InquiryState::kOffered)) {
      return absl::StrCat(inquiry.id, ": open offer and state disagree");
    }
    if (waits || IsEnded(inquiry.state)) return "";
    if (!inquiry.agent.IsSet()) return absl::StrCat(inquiry.id, ": held by nobody");
    for (AgentIx agent : HoldersOf(inquiry)) {
      const std::vector<InquiryIx>& work = world.agent(agent).work;
      if (std::count(work.begin(), work.end(), ix) != 1) {
        return absl::StrCat(inquiry.id, ": not once in its agent's work");
      }
    }
    return "";
  }

  // Its agent, and whoever else may accept it.
  static std::vector<AgentIx> HoldersOf(const Inquiry& inquiry) {
    std::vector<AgentIx> holders = {inquiry.agent};
    for (size_t k = 0; inquiry.also_asked.get() && k < inquiry.also_asked.get()->size(); ++k) {
      const AlsoAsked& other = (*inquiry.also_asked.get())[k];
      if (other.open) holders.push_back(other.agent);
    }
    return holders;
  }

  // 2. Load is what inquiries and wrap-ups add up to.
  std::string CheckAgent(AgentIx ix, const Agent& agent) const {
    const InquiryIx reserved_for = agent.reserved_for;
    if (reserved_for.IsSet() && world.inquiry(reserved_for).reserved != ix) {
      return absl::StrCat(agent.id, ": reserved for one that does not know");
    }
    int used = 0, closed_queues = 0;
    std::array<int, limits::kChannelsMax> by_channel{};
    for (InquiryIx held : agent.work) {
      const Inquiry& inquiry = world.inquiry(held);
      const std::vector<AgentIx> holders = HoldersOf(inquiry);
      if (std::count(holders.begin(), holders.end(), ix) != 1) {
        return absl::StrCat(agent.id, ": works on another's ", inquiry.id);
      }
      if (inquiry.state == InquiryState::kParked) continue;
      used += inquiry.units;
      by_channel[inquiry.channel.value] += inquiry.units;
    }
    for (const WrapUp& wrap_up : agent.wrap_ups) {
      used += wrap_up.units;
      by_channel[wrap_up.channel.value] += wrap_up.units;
      if (wrap_up.units == 0) ++closed_queues;
    }
    if (used != agent.used) {
      return absl::StrCat(agent.id, ": used ", agent.used, ", work adds up to ", used);
    }
    if (!std::equal(by_channel.begin(), by_channel.end(), agent.channel_used.begin())) {
      return absl::StrCat(agent.id, ": units by channel are not what its work adds up to");
    }
    for (const QueueBackOff& back_off : agent.queue_back_offs) {
      if (back_off.until.IsSet()) ++closed_queues;
    }
    if (closed_queues != agent.closed_queues) {
      return absl::StrCat(agent.id, ": closed queues ", agent.closed_queues, ", counted ",
                          closed_queues);
    }
    return "";
  }

  bool CanTake(AgentIx agent, InquiryIx ix) const {
    const Inquiry& inquiry = world.inquiry(ix);
    return MayTake(world, AskOf(world, inquiry), inquiry, ix, agent, now);
  }
};

}  // namespace

// 4. Who waits for a state stands in its watch, and nobody whose state is there.
std::string Engine::Impl::CheckWatches(bool settled) {
  size_t due = 0, watched = 0;
  for (uint32_t i = 0; i < world.inquiries.slots.size(); ++i) {
    const InquirySlot& slot = world.inquiries.slots[i];
    if (slot.live && slot.it.state == InquiryState::kWaiting && slot.it.step_due) ++due;
  }
  for (const auto& [key, inquiries] : watches) {
    watched += inquiries.size();
    for (const auto& [sequence, ix] : inquiries) {
      const Inquiry& inquiry = world.inquiry(ix);
      const StepWhen* when = ConditionOf(inquiry);
      const bool fits = key == std::tuple(inquiry.queue, inquiry.step, inquiry.asked) &&
                        inquiry.state == InquiryState::kWaiting && when != nullptr;
      if (!fits) return absl::StrCat(inquiry.id, ": stands in a watch that is not its own");
      if (settled && Holds(ix, *when)) return absl::StrCat(inquiry.id, ": its step is overdue");
    }
  }
  return due == watched ? "" : "inquiries that wait for a state are miscounted";
}

std::string Engine::CheckInvariants(bool work_conserving) const {
  const World& world = impl_->world;
  const Scan scan{world, impl_->now};
  std::string problem;
  std::vector<uint32_t> waiting(world.queues.size()), held(world.queues.size());
  size_t open = 0;
  ForEachInquiry([&](InquiryIx ix, const Inquiry& inquiry) {
    problem = scan.CheckInquiry(ix, inquiry);
    if (!IsEnded(inquiry.state)) {
      ++open;
      ++(inquiry.state == InquiryState::kWaiting ? waiting : held)[inquiry.queue.value];
    }
    return problem.empty();
  });
  if (!problem.empty()) return problem;
  if (open != world.open_inquiries) return "open inquiries are miscounted";
  for (uint32_t q = 0; q < world.queues.size(); ++q) {
    const QueueSlot& queue = world.queues[q];
    if (queue.waiting != waiting[q] || queue.offered + queue.assigned + queue.parked != held[q]) {
      return absl::StrCat(queue.id, ": gauges are off");
    }
  }
  ForEachAgent([&](AgentIx ix, const Agent& agent) {
    problem = scan.CheckAgent(ix, agent);
    return problem.empty();
  });
  if (problem.empty()) problem = impl_->CheckWatches(work_conserving);
  if (!problem.empty() || !work_conserving) return problem;
  // 3. Work-conserving.
  ForEachInquiry([&](InquiryIx inquiry_ix, const Inquiry& inquiry) {
    if (inquiry.state != InquiryState::kWaiting) return true;
    ForEachAgent([&](AgentIx ix, const Agent& agent) {
      if (!scan.CanTake(ix, inquiry_ix)) return true;
      problem = absl::StrCat(inquiry.id, " waits although ", agent.id, " is free for it");
      return false;
    });
    return problem.empty();
  });
  return problem;
}

}  // namespace firstline::engine
