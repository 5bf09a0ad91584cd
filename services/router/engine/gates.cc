// What keeps an agent from taking something, whatever it can do.
#include <algorithm>
#include <bit>

#include "services/router/engine/checks.h"

namespace firstline::engine {

int UsedAgainst(const Agent& agent, ChannelIx channel) {
  int used = agent.used;
  for (uint32_t mask = agent.interrupts[channel.value]; mask != 0; mask &= mask - 1) {
    used -= agent.channel_used[static_cast<size_t>(std::countr_zero(mask))];
  }
  return used;
}

bool IsShutOut(const Agent& agent, ChannelIx channel) {
  if (UsedAgainst(agent, channel) == 0) return false;
  if ((agent.exclusive >> channel.value & 1) != 0) return true;
  const uint32_t stands = agent.exclusive & ~uint32_t{agent.interrupts[channel.value]};
  for (uint32_t mask = stands; mask != 0; mask &= mask - 1) {
    if (agent.channel_used[static_cast<size_t>(std::countr_zero(mask))] > 0) return true;
  }
  return false;
}

int RoomOf(const Agent& agent, ChannelIx channel) {
  if (agent.exclusive != 0 && IsShutOut(agent, channel)) return 0;
  return std::max(0, std::min(agent.units - UsedAgainst(agent, channel), LeftOf(agent, channel)));
}

int SizeOf(const Agent& agent, ChannelIx channel) {
  return std::min(agent.units, agent.channel_units[channel.value]);
}

Gate GateOf(const Agent& agent, ChannelIx channel, int units, InquiryIx inquiry) {
  Gate first = Gate::kNone;
  VisitGates(agent, channel, units, inquiry, [&first](const ClosedGate& closed) {
    first = closed.gate;
    return true;
  });
  return first;
}

Gate QueueGateOf(const Agent& agent, QueueIx queue) {
  Gate first = Gate::kNone;
  VisitQueueGates(agent, queue, [&first](const ClosedGate& closed) {
    first = closed.gate;
    return true;
  });
  return first;
}

std::vector<QueueIx> ClosedQueuesOf(const Agent& agent) {
  std::vector<QueueIx> queues;
  if (agent.closed_queues == 0) return queues;
  for (const QueueBackOff& back_off : agent.queue_back_offs) {
    if (back_off.until.IsSet()) queues.push_back(back_off.queue);
  }
  for (const WrapUp& wrap_up : agent.wrap_ups) {
    if (wrap_up.units == 0) queues.push_back(wrap_up.queue);
  }
  std::sort(queues.begin(), queues.end());
  queues.erase(std::unique(queues.begin(), queues.end()), queues.end());
  return queues;
}

bool IsDecliner(const Inquiry& inquiry, AgentIx agent, Time now) {
  return std::any_of(
      inquiry.exceptions.begin(), inquiry.exceptions.end(),
      [&](const Exception& e) { return e.agent == agent && e.last && e.until <= now; });
}

bool IsExcepted(const Inquiry& inquiry, AgentIx agent, Time now) {
  return std::any_of(inquiry.exceptions.begin(), inquiry.exceptions.end(),
                     [&](const Exception& e) { return e.agent == agent && e.until > now; });
}

}  // namespace firstline::engine
