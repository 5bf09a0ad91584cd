// Conversations of agents whose presence was lost: whose last session lapsed. Their offers went back
// at once; a conversation stays with the agent for as long as its queue says, in case it returns.
#include <algorithm>

#include "services/router/engine/impl.h"

namespace firstline::engine {
namespace {

bool IsConversation(const Inquiry& inquiry) {
  return inquiry.state == InquiryState::kAssigned || inquiry.state == InquiryState::kParked;
}

}  // namespace

Time Engine::Impl::LostDeadline(const Agent& agent) const {
  Time due = kNever;
  if (!agent.lost_since.IsSet()) return due;
  for (InquiryIx ix : agent.work) {
    const Inquiry& inquiry = world.inquiry(ix);
    const QueueConfig& queue = world.queue(inquiry.queue).config;
    if (!IsConversation(inquiry) || queue.lost_agent == LostAgent::kKeep) continue;
    due = std::min(due, agent.lost_since + queue.lost_agent_after);
  }
  return due;
}

void Engine::Impl::LoseConversations(AgentIx agent_ix) {
  const Time lost_since = world.agent(agent_ix).lost_since;
  if (!lost_since.IsSet()) return;
  for (const std::vector<InquiryIx> work = world.agent(agent_ix).work; InquiryIx ix : work) {
    const Inquiry& inquiry = world.inquiry(ix);
    const QueueConfig& queue = world.queue(inquiry.queue).config;
    if (!IsConversation(inquiry) || queue.lost_agent == LostAgent::kKeep) continue;
    if (lost_since + queue.lost_agent_after > now) continue;
    if (queue.lost_agent == LostAgent::kClose) {
      Closed(ix, Resolution::kUnresolved);
    } else {
      LeaveAgent(ix, false);
      Return(ix, EnqueueCause::kAgentLost);
    }
  }
}

}  // namespace firstline::engine
