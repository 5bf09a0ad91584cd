// Building an engine from stored records.
#include <algorithm>

#include "services/router/engine/impl.h"

namespace firstline::engine {

// A record of an agent may be missing or unreadable: what was offered to it alone or held by it waits
// again, and of an offer to several the others keep theirs.
void Engine::Impl::LoseAgents(InquiryIx ix) {
  Inquiry& inquiry = world.inquiry(ix);
  if (inquiry.state == InquiryState::kWaiting || IsEnded(inquiry.state)) return;
  const auto is_gone = [this](AgentIx agent) {
    return !agent.IsSet() || !world.agents[agent.value].live;
  };
  for (size_t k = 0; inquiry.also_asked.get() && k < inquiry.also_asked.get()->size(); ++k) {
    AlsoAsked& other = inquiry.also_asked.Set()[k];
    if (!other.open || !is_gone(other.agent)) continue;
    other.open = false;
    other.outcome = OfferOutcome::kAgentLost;
    lost.push_back({ix, other.agent, true, false});
  }
  if (is_gone(inquiry.agent)) LoseAgent(ix);
}

void Engine::Impl::LoseAgent(InquiryIx ix) {
  Inquiry& inquiry = world.inquiry(ix);
  const bool offered = inquiry.state == InquiryState::kOffered;
  const AgentIx gone = inquiry.agent;
  for (size_t k = 0; inquiry.also_asked.get() && k < inquiry.also_asked.get()->size(); ++k) {
    AlsoAsked& other = inquiry.also_asked.Set()[k];
    if (!offered || !other.open) continue;
    inquiry.agent = inquiry.offer_agent = other.agent;
    other = {gone, false, OfferOutcome::kAgentLost};
    lost.push_back({ix, gone, true, false});
    return;
  }
  if (offered) inquiry.offer_outcome = OfferOutcome::kAgentLost;
  inquiry.offer_open = false;
  inquiry.state = InquiryState::kWaiting;
  inquiry.agent = {};
  inquiry.deadline = kNever;
  ++inquiry.returns;
  lost.push_back({ix, gone, offered, true});
}

void Engine::Impl::TellLost() {
  for (const Lost& entry : lost) {
    const Inquiry& inquiry = world.inquiry(entry.inquiry);
    Touch(entry.inquiry);
    if (entry.offered) {
      Emit(OfferEnded{entry.inquiry, inquiry.queue, entry.agent, inquiry.offer_number,
                      OfferOutcome::kAgentLost});
    }
    if (entry.requeued) {
      Emit(InquiryEnqueued{entry.inquiry, inquiry.queue, EnqueueCause::kAgentLost});
    }
  }
  lost.clear();
}

void Engine::RestoreConfig(const WorkspaceConfig& config, const Counters& counters) {
  impl_->InstallConfig(config);
  impl_->world.counters = counters;
  impl_->PrepareShares();
  impl_->now = counters.now;
}

void Engine::RestoreAgent(const AgentConfig& config, Agent state) {
  const AgentIx ix{impl_->world.agents.FindOrAdd(config.id)};
  const uint64_t sequence = impl_->world.counters.agent_sequence;
  impl_->InstallAgent(ix, config);
  impl_->world.counters.agent_sequence = sequence;  // restoring gives no new numbers
  const Agent& installed = impl_->world.agent(ix);
  state.id = config.id;
  state.kind = installed.kind;
  state.team = installed.team;
  state.profile = installed.profile;
  state.units = installed.units;
  state.channel_units = installed.channel_units;
  state.exclusive = installed.exclusive;
  state.interrupts = installed.interrupts;
  state.used = 0;
  state.channel_used.fill(0);
  state.work.clear();
  state.reserved_for = {};
  state.deadline = kNever;
  impl_->world.agent(ix) = std::move(state);
}

void Engine::RestoreInquiry(Inquiry inquiry) {
  World& world = impl_->world;
  const InquiryIx ix{world.inquiries.slots.Allocate()};
  InquirySlot& slot = world.inquiries.slots[ix.value];
  slot.it = std::move(inquiry);
  slot.live = true;
  if (!slot.it.arrival_time.IsSet()) slot.it.arrival_time = slot.it.create_time;
  if (!slot.it.asked.IsSet()) {
    slot.it.asked = slot.it.own;
    world.requirements.Share(slot.it.own);
  }
  world.inquiries.index.Insert(ix.value);
  impl_->LoseAgents(ix);
}

void Engine::RestoreRequest(RememberedRequest request) {
  if (FindRequest(request.id) == nullptr) impl_->requests.Add(std::move(request));
}

void Engine::RestoreWaits(std::string_view queue, const WaitHistory& history) {
  const QueueIx ix = impl_->FindLiveQueue(queue);
  if (ix.IsSet() && WaitsOf(ix) != nullptr) impl_->world.queue(ix).history = history;
}

void Engine::FinishRestore() {
  World& world = impl_->world;
  // Work in the order it was taken; ended inquiries in the order of their end.
  std::vector<std::pair<uint64_t, InquiryIx>> held;
  for (uint32_t i = 0; i < world.inquiries.slots.size(); ++i) {
    if (!world.inquiries.slots[i].live) continue;
    const Inquiry& inquiry = world.inquiry({i});
    if (IsEnded(inquiry.state)) {
      impl_->ended.push_back({inquiry.end_time, inquiry.sequence, {i}});
      continue;
    }
    ++world.open_inquiries;
    if (inquiry.state == InquiryState::kWaiting || !inquiry.agent.IsSet()) continue;
    held.push_back({inquiry.sequence, {i}});
  }
  std::sort(held.begin(), held.end());
  for (const auto& [sequence, ix] : held) {
    const Inquiry& inquiry = world.inquiry(ix);
    world.agent(inquiry.agent).work.push_back(ix);
    if (inquiry.state != InquiryState::kParked) impl_->TakeUnits(ix, inquiry.agent);
    for (size_t k = 0; inquiry.also_asked.get() && k < inquiry.also_asked.get()->size(); ++k) {
      const AlsoAsked& other = (*inquiry.also_asked.get())[k];
      if (!other.open) continue;
      world.agent(other.agent).work.push_back(ix);
      impl_->TakeUnits(ix, other.agent);
    }
  }
  std::sort(impl_->ended.begin(), impl_->ended.end(), [](const auto& a, const auto& b) {
    return std::pair(a.end, a.sequence) < std::pair(b.end, b.sequence);
  });
  for (uint32_t a = 0; a < world.agents.size(); ++a) {
    Agent& agent = world.agents[a].it;
    for (const WrapUp& wrap_up : agent.wrap_ups) {
      agent.used = static_cast<uint16_t>(agent.used + wrap_up.units);
      uint16_t& channel = agent.channel_used[wrap_up.channel.value];
      channel = static_cast<uint16_t>(channel + wrap_up.units);
    }
  }
  impl_->requests.Sort();
  impl_->RebuildDerived(true);
  for (uint32_t i = 0; i < world.inquiries.slots.size(); ++i) {
    world.inquiries.slots[i].dirty = false;
  }
  for (uint32_t a = 0; a < world.agents.size(); ++a) world.agents[a].dirty = false;
  for (uint32_t q = 0; q < world.queues.size(); ++q) world.queues[q].wait_dirty = false;
  impl_->events.clear();
  impl_->changes = {};
  impl_->touched.clear();
  impl_->freed.clear();
}

AgentIx Engine::AgentHandle(std::string_view id) { return {impl_->world.agents.FindOrAdd(id)}; }

QueueIx Engine::QueueHandle(std::string_view id) {
  const QueueIx ix{impl_->world.queues.FindOrAdd(id)};
  QueueSlot& slot = impl_->world.queue(ix);
  if (slot.audiences.empty()) {
    slot.config.id = slot.id;
    impl_->PrepareQueue(slot, ix);
    impl_->PrepareSelections();
  }
  return ix;
}

ChannelIx Engine::ChannelHandle(std::string_view id) {
  const uint32_t known = impl_->world.channels.FindOrAdd(id);
  return {std::min<uint32_t>(known, limits::kChannelsMax - 1)};
}

NameIx Engine::NameHandle(std::string_view name) { return impl_->world.names.Intern(name); }

RequirementIx Engine::RequirementHandle(const RequirementSpec& spec, ChannelIx channel, int units) {
  return impl_->AcquireRequirement(spec, channel, units);
}

}  // namespace firstline::engine
