#include "common/client/agent_work.h"

#include <iterator>

namespace firstline::client {
namespace {

using Changes = std::vector<WorkChange>;

WorkChange::Kind KindOf(const v1::AgentWork& work) {
  switch (work.kind()) {
    case v1::AgentWork::KIND_OFFER:
      return WorkChange::Kind::kOffered;
    case v1::AgentWork::KIND_PARKED:
      return WorkChange::Kind::kParked;
    case v1::AgentWork::KIND_WRAP_UP:
      return WorkChange::Kind::kWrapUp;
    default:
      return WorkChange::Kind::kAssigned;
  }
}

void Append(Changes more, Changes& changes) {
  changes.insert(changes.end(), std::make_move_iterator(more.begin()),
                 std::make_move_iterator(more.end()));
}

}  // namespace

AgentWorkBook::Key AgentWorkBook::KeyOf(const v1::AgentWork& work) {
  return {work.inquiry_id(), work.kind() == v1::AgentWork::KIND_WRAP_UP};
}

Changes AgentWorkBook::Apply(const v1::AgentStatus& status) {
  const std::string& agent_id = status.agent().id();
  Held before = std::move(agents_[agent_id]);
  agents_[agent_id].clear();
  Changes changes;
  Changes begun;
  for (const v1::AgentWork& work : status.work()) {
    const auto known = before.find(KeyOf(work));
    const bool same = known != before.end() && known->second.kind() == work.kind() &&
                      known->second.offer_id() == work.offer_id();
    WorkChange change = Put(agent_id, work);
    if (!same) begun.push_back(std::move(change));
    if (known != before.end()) before.erase(known);
  }
  for (auto& [key, work] : before) {
    Disown(agent_id, key);
    changes.push_back({WorkChange::Kind::kEnded, agent_id, std::move(work)});
  }
  Append(std::move(begun), changes);  // Room is made before it is taken.
  return changes;
}

Changes AgentWorkBook::Apply(const v1::Event& event, const v1::AgentWork* detail) {
  switch (event.kind_case()) {
    case v1::Event::kOfferCreated:
      return Change(event, v1::AgentWork::KIND_OFFER, detail);
    case v1::Event::kInquiryAssigned:
      return Change(event, v1::AgentWork::KIND_ASSIGNMENT, detail);
    case v1::Event::kInquiryResumed:
      // Otherwise it waits again, which is told apart.
      if (!event.inquiry_resumed().to_agent()) return {};
      return Change(event, v1::AgentWork::KIND_ASSIGNMENT, detail);
    case v1::Event::kInquiryParked:
      return Change(event, v1::AgentWork::KIND_PARKED, detail);
    case v1::Event::kWrapUpStarted:
      return Change(event, v1::AgentWork::KIND_WRAP_UP, detail);
    case v1::Event::kOfferEnded:
      // An accepted offer goes on as an assignment, which is announced by itself.
      if (event.offer_ended().outcome() == v1::OFFER_OUTCOME_ACCEPTED) return {};
      return Drop(event.agent_id(), {event.inquiry_id(), false});
    case v1::Event::kWrapUpFinished:
      return Drop(event.agent_id(), {event.inquiry_id(), true});
    case v1::Event::kInquiryEnqueued:
    case v1::Event::kInquiryTransferred:
    case v1::Event::kFirstReplyTimedOut:
    case v1::Event::kInquiryClosed:
    case v1::Event::kInquiryCancelled:
      return DropInquiry(event.inquiry_id());
    default:
      return {};
  }
}

void AgentWorkBook::Forget(const std::string& agent_id) {
  const auto agent = agents_.find(agent_id);
  if (agent == agents_.end()) return;
  for (const auto& [key, work] : agent->second) Disown(agent_id, key);
  agents_.erase(agent);
}

WorkChange AgentWorkBook::Put(const std::string& agent_id, v1::AgentWork work) {
  const Key key = KeyOf(work);
  if (!key.second) holders_[key.first] = agent_id;
  v1::AgentWork& held = agents_[agent_id][key];
  held = std::move(work);
  return {KindOf(held), agent_id, held};
}

Changes AgentWorkBook::Drop(const std::string& agent_id, const Key& key) {
  const auto agent = agents_.find(agent_id);
  if (agent == agents_.end()) return {};
  const auto held = agent->second.find(key);
  if (held == agent->second.end()) return {};
  Changes changes{{WorkChange::Kind::kEnded, agent_id, std::move(held->second)}};
  agent->second.erase(held);
  Disown(agent_id, key);
  return changes;
}

Changes AgentWorkBook::DropInquiry(const std::string& inquiry_id) {
  const auto holder = holders_.find(inquiry_id);
  if (holder == holders_.end()) return {};
  return Drop(std::string(holder->second), {inquiry_id, false});
}

void AgentWorkBook::Disown(const std::string& agent_id, const Key& key) {
  const auto holder = holders_.find(key.first);
  if (!key.second && holder != holders_.end() && holder->second == agent_id) {
    holders_.erase(holder);
  }
}

Changes AgentWorkBook::Change(const v1::Event& event, v1::AgentWork::Kind kind,
                              const v1::AgentWork* detail) {
  const auto agent = agents_.find(event.agent_id());
  if (agent == agents_.end()) return {};  // Not, or no longer, one of ours.
  v1::AgentWork work;
  const auto known = agent->second.find({event.inquiry_id(), false});
  if (known != agent->second.end()) work = known->second;
  if (detail != nullptr) work = *detail;
  work.set_kind(kind);
  work.set_inquiry_id(event.inquiry_id());
  work.set_queue(event.queue_id());
  work.clear_expire_time();
  if (event.has_offer_created()) {
    work.set_offer_id(event.offer_created().offer_id());
    work.set_channel(event.offer_created().channel());
    work.set_units(event.offer_created().units());
    *work.mutable_expire_time() = event.offer_created().expire_time();
  } else if (event.has_inquiry_assigned()) {
    work.set_offer_id(event.inquiry_assigned().offer_id());
    work.set_channel(event.inquiry_assigned().channel());
    work.set_units(event.inquiry_assigned().units());
  } else if (event.has_wrap_up_started()) {
    work.clear_offer_id();
    work.set_units(event.wrap_up_started().units());
    *work.mutable_expire_time() = event.wrap_up_started().until_time();
  }
  return {Put(event.agent_id(), std::move(work))};
}

}  // namespace firstline::client
