#include "tests/engine/twin.h"

#include <utility>

namespace firstline::engine::proof {
namespace {

class Copy {
 public:
  Copy(const Engine& from, Engine& to) : from_(from), to_(to) {}

  void Run() {
    Counters counters = from_.counters();
    counters.now = from_.now();
    to_.RestoreConfig(from_.config(), counters);
    from_.ForEachAgent([&](AgentIx ix, const Agent& agent) {
      Agent state = agent;
      for (WrapUp& wrap_up : state.wrap_ups) {
        wrap_up.channel = to_.ChannelHandle(from_.ChannelId(wrap_up.channel));
        wrap_up.queue = to_.QueueHandle(from_.QueueId(wrap_up.queue));
      }
      for (QueueBackOff& back_off : state.queue_back_offs) {
        back_off.queue = to_.QueueHandle(from_.QueueId(back_off.queue));
      }
      Forget(state);
      to_.RestoreAgent(from_.ConfigOf(ix), std::move(state));
      return true;
    });
    from_.ForEachInquiry([&](InquiryIx, const Inquiry& inquiry) {
      to_.RestoreInquiry(Translate(inquiry));
      return true;
    });
    from_.ForEachQueue([&](QueueIx ix, const QueueConfig& queue) {
      if (const WaitHistory* waits = from_.WaitsOf(ix)) to_.RestoreWaits(queue.id, *waits);
      return true;
    });
    from_.ForEachRequest([&](const RememberedRequest& request) {
      to_.RestoreRequest(request);
      return true;
    });
    to_.FinishRestore();
  }

 private:
  // What no record holds must not travel.
  static void Forget(Agent& state) {
    state.team = {};
    state.profile = {};
    state.used = 0;
    state.closed_queues = 0;
    state.channel_used = {};
    state.exclusive = 0;
    state.interrupts = {};
    state.work.clear();
    state.reserved_for = {};
    state.deadline = kNever;
  }
  AgentIx Translate(AgentIx agent) {
    return agent.IsSet() ? to_.AgentHandle(from_.AgentId(agent)) : AgentIx{};
  }
  RequirementIx Translate(RequirementIx requirement, ChannelIx channel) {
    return to_.RequirementHandle(from_.Spec(requirement), channel,
                                 from_.requirement(requirement).units);
  }
  Inquiry Translate(Inquiry inquiry) {
    inquiry.channel = to_.ChannelHandle(from_.ChannelId(inquiry.channel));
    inquiry.queue = to_.QueueHandle(from_.QueueId(inquiry.queue));
    inquiry.own = Translate(inquiry.own, inquiry.channel);
    inquiry.asked = {};
    inquiry.agent = Translate(inquiry.agent);
    inquiry.offer_agent = Translate(inquiry.offer_agent);
    inquiry.reserved = Translate(inquiry.reserved);
    for (AgentIx& agent : inquiry.preferred) agent = Translate(agent);
    if (inquiry.also_asked.get() != nullptr) {
      for (AlsoAsked& other : inquiry.also_asked.Set()) other.agent = Translate(other.agent);
    }
    for (Exception& exception : inquiry.exceptions) exception.agent = Translate(exception.agent);
    return inquiry;
  }

  const Engine& from_;
  Engine& to_;
};

}  // namespace

void Restore(const Engine& from, Engine& to) { Copy(from, to).Run(); }

}  // namespace firstline::engine::proof
