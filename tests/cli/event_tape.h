// Writes histories of a workspace by hand: ids and times are kept, the rest is what the test says.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "firstline/v1/event.pb.h"

namespace firstline::test {

class EventTape {
 public:
  explicit EventTape(std::uint64_t epoch = 7) { Owner(epoch); }

  // A new epoch begins.
  void Owner(std::uint64_t epoch, bool lost = false) {
    const std::string previous = events_.empty() ? "" : events_.back().id();
    epoch_ = epoch;
    number_ = 0;
    v1::Event& event = Next();
    event.mutable_owner_changed()->set_epoch(epoch);
    event.mutable_owner_changed()->set_previous_event(previous);
    event.mutable_owner_changed()->set_lost(lost);
  }

  void At(std::int64_t second) { second_ = second; }

  // The next event, to be filled in. Valid until the next call.
  v1::Event& Next(const std::string& inquiry = "", const std::string& agent = "") {
    v1::Event& event = events_.emplace_back();
    event.set_id(std::to_string(epoch_) + "-" + std::to_string(++number_));
    event.mutable_time()->set_seconds(second_);
    event.set_workspace("w");
    event.set_inquiry_id(inquiry);
    event.set_agent_id(agent);
    return event;
  }

  // Queues as given; one live channel "voice".
  void Workspace(const std::vector<v1::Queue>& queues) {
    v1::Workspace& workspace = *Next().mutable_workspace_applied()->mutable_workspace();
    workspace.add_channels()->set_id("voice");
    for (const v1::Queue& queue : queues) *workspace.add_queues() = queue;
  }

  // An agent with one unit and the skills named; available.
  void Agent(const std::string& id, const std::vector<std::string>& skills, int units = 1) {
    v1::Agent agent;
    agent.set_id(id);
    for (const std::string& skill : skills) {
      v1::AgentSkill& entry = *agent.add_skills();
      entry.set_skill(skill);
      entry.set_level(5);
    }
    agent.mutable_capacity()->set_units(units);
    Agent(agent);
  }
  void Agent(const v1::Agent& agent) {
    *Next("", agent.id()).mutable_agent_upserted()->mutable_agent() = agent;
    Presence(agent.id(), v1::PRESENCE_AVAILABLE);
  }
  void Presence(const std::string& id, v1::Presence presence) {
    Next("", id).mutable_presence_changed()->set_presence(presence);
  }

  void Submit(const v1::InquirySpec& spec) {
    v1::Inquiry& inquiry = *Next(spec.id()).mutable_inquiry_submitted()->mutable_inquiry();
    *inquiry.mutable_spec() = spec;
    inquiry.mutable_create_time()->set_seconds(second_);
    inquiry.set_units(1);
    Enqueue(spec.id(), spec.queue(), v1::ENQUEUE_CAUSE_SUBMITTED);
  }
  void Submit(const std::string& id, const std::string& queue) {
    v1::InquirySpec spec;
    spec.set_id(id);
    spec.set_channel("voice");
    spec.set_queue(queue);
    Submit(spec);
  }
  void Enqueue(const std::string& id, const std::string& queue, v1::EnqueueCause cause) {
    v1::InquiryEnqueued& enqueued = *Next(id).mutable_inquiry_enqueued();
    enqueued.set_queue(queue);
    enqueued.set_cause(cause);
  }
  void Assign(const std::string& id, const std::string& agent) {
    v1::InquiryAssigned& assigned = *Next(id, agent).mutable_inquiry_assigned();
    assigned.set_offer_id(id + "/1");
    assigned.set_automatic(true);
    assigned.set_units(1);
  }
  void Offer(const std::string& id, const std::string& agent, int number = 1) {
    v1::OfferCreated& offer = *Next(id, agent).mutable_offer_created();
    offer.set_offer_id(id + "/" + std::to_string(number));
    offer.set_units(1);
  }
  void EndOffer(const std::string& id, const std::string& agent, v1::OfferOutcome outcome,
                int number = 1) {
    v1::OfferEnded& ended = *Next(id, agent).mutable_offer_ended();
    ended.set_offer_id(id + "/" + std::to_string(number));
    ended.set_outcome(outcome);
  }
  void Close(const std::string& id, const std::string& agent) {
    Next(id, agent).mutable_inquiry_closed()->set_resolution(v1::RESOLUTION_RESOLVED);
  }
  void Cancel(const std::string& id) {
    Next(id).mutable_inquiry_cancelled()->set_reason(v1::CANCEL_REASON_ABANDONED);
  }

  // The events so far; tests change them to plant mistakes.
  std::vector<v1::Event>& events() { return events_; }

  // Takes the events out for which `wanted` is true and numbers the rest anew.
  void Remove(const std::function<bool(const v1::Event&)>& wanted) {
    std::erase_if(events_, wanted);
    for (std::size_t i = 0; i < events_.size(); ++i) {
      events_[i].set_id(std::to_string(epoch_) + "-" + std::to_string(i + 1));
    }
  }

 private:
  std::vector<v1::Event> events_;
  std::uint64_t epoch_ = 0, number_ = 0;
  std::int64_t second_ = 1000;
};

}  // namespace firstline::test
