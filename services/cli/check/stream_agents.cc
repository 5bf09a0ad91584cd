// What events tell about agents.
#include <string>

#include "services/cli/check/stream_checker.h"

namespace firstline::check {

void StreamChecker::OnAgent(const v1::Agent& agent) {
  workers_[agent.id()].agent = agent;
  freed_.insert(agent.id());
}

void StreamChecker::OnAgentDeleted(const std::string& id) {
  for (const auto& [name, inquiry] : cases_) {
    if (inquiry.agent != id || inquiry.state == State::kEnded) continue;
    if (!inquiry.has_units && inquiry.state != State::kParked) continue;
    Accuse(Rule::kPlace, name, id, "its agent was deleted and it did not return to waiting");
  }
  workers_.erase(id);
  freed_.erase(id);
}

void StreamChecker::OnAgentEvent(const v1::Event& event) {
  const auto found = workers_.find(event.agent_id());
  if (found == workers_.end()) {
    Accuse(Rule::kPlace, event.inquiry_id(), event.agent_id(),
           "an event of an agent that is not there");
    return;
  }
  Worker& worker = found->second;
  if (event.has_presence_changed()) worker.presence = event.presence_changed().presence();
  if (event.has_back_off_started() || event.has_back_off_ended()) OnBackOff(event, worker);
  if (event.has_wrap_up_started() || event.has_wrap_up_finished()) OnWrapUp(event, worker);
  freed_.insert(event.agent_id());
}

void StreamChecker::OnBackOff(const v1::Event& event, Worker& worker) {
  const bool begins = event.has_back_off_started();
  if (event.queue_id().empty()) {
    worker.backing_off = begins;
  } else if (begins) {
    worker.backing_off_from.insert(event.queue_id());
  } else {
    worker.backing_off_from.erase(event.queue_id());
  }
}

void StreamChecker::OnWrapUp(const v1::Event& event, Worker& worker) {
  if (event.has_wrap_up_started()) {
    const auto inquiry = cases_.find(event.inquiry_id());
    const std::string channel = inquiry == cases_.end() ? "" : inquiry->second.spec.channel();
    const int units = event.wrap_up_started().units();
    worker.wrap_ups.insert({event.inquiry_id(), {channel, event.queue_id(), units}});
    worker.used += units;
    worker.used_by_channel[channel] += units;
    return;
  }
  const auto held = worker.wrap_ups.find(event.inquiry_id());
  if (held == worker.wrap_ups.end()) {
    Accuse(Rule::kPlace, event.inquiry_id(), event.agent_id(), "a wrap-up ended that never began");
    return;
  }
  worker.used -= held->second.units;
  worker.used_by_channel[held->second.channel] -= held->second.units;
  worker.wrap_ups.erase(held);
}

}  // namespace firstline::check
