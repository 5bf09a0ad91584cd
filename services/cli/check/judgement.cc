// The rules of stream_checker.h that compare what was decided with what was there.
#include <algorithm>
#include <utility>

#include "services/cli/check/stream_checker.h"

namespace firstline::check {
namespace {

int LimitOf(const v1::Agent& agent) { return std::max(agent.capacity().units(), 1); }

}  // namespace

std::string_view ToString(Rule rule) {
  switch (rule) {
    case Rule::kStream: return "stream";
    case Rule::kTime: return "time";
    case Rule::kPlace: return "place";
    case Rule::kAcceptance: return "acceptance";
    case Rule::kCapacity: return "capacity";
    case Rule::kGate: return "gate";
    case Rule::kQualified: return "qualified";
    case Rule::kOrder: return "order";
    case Rule::kIdle: return "idle";
    case Rule::kLost: return "lost";
  }
  return "";
}

std::string ToString(const Violation& violation) {
  std::string text = std::string(ToString(violation.rule)) + " at " + violation.event_id;
  if (!violation.inquiry_id.empty()) text += ": inquiry " + violation.inquiry_id;
  if (!violation.agent_id.empty()) {
    text += (violation.inquiry_id.empty() ? ": agent " : ", agent ") + violation.agent_id;
  }
  return text + ": " + violation.text;
}

void StreamChecker::Accuse(Rule rule, const std::string& inquiry, const std::string& agent,
                           std::string text) {
  ++totals_.violations;
  if (violations_.size() >= kViolationsMax) return;
  violations_.push_back({rule, at_, inquiry, agent, std::move(text)});
}

// ---- When an agent is given something -----------------------------------------------------------

void StreamChecker::JudgeTaking(const Case& inquiry, const std::string& agent) {
  JudgeAgent(inquiry, agent);
  const auto worker = workers_.find(agent);
  if (worker != workers_.end()) JudgeOrder(inquiry, worker->second);
}

void StreamChecker::JudgeAgent(const Case& inquiry, const std::string& agent) {
  const std::string& id = inquiry.spec.id();
  const auto found = workers_.find(agent);
  if (found == workers_.end()) {
    Accuse(Rule::kQualified, id, agent, "was given to an agent that is not there");
    return;
  }
  const Worker& worker = found->second;
  if (worker.presence != v1::PRESENCE_AVAILABLE) {
    Accuse(Rule::kGate, id, agent, "was given to an agent who is not available");
  }
  if (worker.backing_off) {
    Accuse(Rule::kGate, id, agent, "was given to an agent who is backing off");
  }
  if (IsClosed(worker, inquiry.queue)) {
    Accuse(Rule::kGate, id, agent, "was given to an agent to whom the queue is closed");
  }
  if (!worker.reserved_for.empty() && worker.reserved_for != id) {
    Accuse(Rule::kGate, id, agent,
           "was given to an agent who is reserved for " + worker.reserved_for);
  }
  JudgeRoom(inquiry, worker);
  if (const std::string reason = WhyNot(inquiry.ask, worker.agent); !reason.empty()) {
    Accuse(Rule::kQualified, id, agent, "was given to an agent who " + reason);
  }
  const auto& excluded = inquiry.spec.excluded_agents();
  if (std::find(excluded.begin(), excluded.end(), agent) != excluded.end()) {
    Accuse(Rule::kQualified, id, agent, "was given to an agent it excludes");
  }
  if (Reserved(inquiry, agent)) {
    Accuse(Rule::kQualified, id, agent, "was given away while it is held for its preferred agent");
  }
}

void StreamChecker::JudgeRoom(const Case& inquiry, const Worker& worker) {
  const std::string reason = WhyNoRoom(inquiry, worker);
  if (reason.empty()) return;
  Accuse(Rule::kCapacity, inquiry.spec.id(), worker.agent.id(), reason);
}

void StreamChecker::JudgeOrder(const Case& inquiry, const Worker& worker) {
  for (const auto& [key, earlier] : waiting_) {
    if (!(key < inquiry.key)) return;
    // With weights queues take turns; the order holds within each.
    if (has_weights_ && earlier->queue != inquiry.queue) continue;
    if (!MayServe(*earlier, worker)) continue;
    Accuse(Rule::kOrder, inquiry.spec.id(), worker.agent.id(),
           "was served before " + earlier->spec.id() + ", which comes first and suits the agent");
    return;
  }
}

// ---- When time moves on -------------------------------------------------------------------------

void StreamChecker::JudgeInstant() {
  for (const std::string& id : between_) {
    Case& inquiry = cases_.at(id);
    Accuse(Rule::kLost, id, inquiry.agent,
           "left its state and went nowhere (" + std::string(Name(inquiry.state)) + ")");
    GiveUnits(inquiry);
  }
  between_.clear();
  if (all_touched_) {
    for (const auto& [id, worker] : workers_) freed_.insert(id);
  }
  if (!waiting_.empty()) {
    for (const std::string& id : freed_) {
      if (const auto worker = workers_.find(id); worker != workers_.end()) {
        JudgeFree(worker->second);
      }
    }
    for (const std::string& id : touched_) {
      const auto inquiry = cases_.find(id);
      if (inquiry != cases_.end()) JudgeWaiting(inquiry->second);
    }
  }
  all_touched_ = false;
  freed_.clear();
  touched_.clear();
}

void StreamChecker::JudgeFree(const Worker& worker) {
  const bool open = worker.presence == v1::PRESENCE_AVAILABLE && !worker.backing_off;
  if (!open || worker.used >= LimitOf(worker.agent)) return;
  for (const auto& [key, inquiry] : waiting_) {
    if (!MayServe(*inquiry, worker)) continue;
    Accuse(Rule::kIdle, inquiry->spec.id(), worker.agent.id(), "waits although the agent is free");
    return;
  }
}

void StreamChecker::JudgeWaiting(const Case& inquiry) {
  if (inquiry.state != State::kWaiting) return;
  for (const auto& [id, worker] : workers_) {
    if (freed_.contains(id) || !MayServe(inquiry, worker)) continue;  // judged as freed
    Accuse(Rule::kIdle, inquiry.spec.id(), id, "waits although the agent is free");
    return;
  }
}

void StreamChecker::Finish(const std::vector<std::string>& acknowledged, Open open) {
  JudgeInstant();
  for (const std::string& id : acknowledged) {
    if (!seen_.contains(id)) Accuse(Rule::kLost, id, "", "was acknowledged and never appeared");
  }
  if (open == Open::kAllowed) return;
  std::set<std::string> left;
  for (const auto& [id, inquiry] : cases_) {
    if (inquiry.state != State::kEnded) left.insert(id);
  }
  for (const std::string& id : left) {
    const Case& inquiry = cases_.at(id);
    Accuse(Rule::kLost, id, inquiry.agent,
           "never ended; it is " + std::string(Name(inquiry.state)));
  }
}

// ---- Who may serve what -------------------------------------------------------------------------

void StreamChecker::OnReservation(const v1::Event& event) {
  const auto worker = workers_.find(event.agent_id());
  if (worker == workers_.end()) return;
  const bool reserved = event.reservation_changed().reserved();
  worker->second.reserved_for = reserved ? event.inquiry_id() : "";
  freed_.insert(event.agent_id());
}

bool StreamChecker::MayServe(const Case& inquiry, const Worker& worker) const {
  if (worker.presence != v1::PRESENCE_AVAILABLE || worker.backing_off || limits_rate_) return false;
  if (IsClosed(worker, inquiry.queue)) return false;
  if (!worker.reserved_for.empty() && worker.reserved_for != inquiry.spec.id()) return false;
  const std::string& agent = worker.agent.id();
  if (!WhyNoRoom(inquiry, worker).empty() || Reserved(inquiry, agent)) return false;
  if (inquiry.excused.contains(agent)) return false;
  const auto& excluded = inquiry.spec.excluded_agents();
  if (std::find(excluded.begin(), excluded.end(), agent) != excluded.end()) return false;
  return WhyNot(inquiry.ask, worker.agent).empty();
}

bool StreamChecker::Reserved(const Case& inquiry, const std::string& agent) const {
  if (!inquiry.held || inquiry.spec.preferred_agents().empty()) return false;
  return inquiry.spec.preferred_agents(0) != agent;
}

bool StreamChecker::IsClosed(const Worker& worker, const std::string& queue) {
  return worker.backing_off_from.contains(queue) ||
         std::any_of(worker.wrap_ups.begin(), worker.wrap_ups.end(), [&](const auto& entry) {
           return entry.second.units == 0 && entry.second.queue == queue;
         });
}

std::string StreamChecker::WhyNoRoom(const Case& inquiry, const Worker& worker) const {
  const int limit = LimitOf(worker.agent);
  const std::string& channel = inquiry.spec.channel();
  const auto interrupts = [&](const v1::Channel& other) {
    const auto& by = other.interrupted_by();
    return std::find(by.begin(), by.end(), channel) != by.end();
  };
  int in_the_way = worker.used;
  for (const v1::Channel& other : workspace_.channels()) {
    const auto there = worker.used_by_channel.find(other.id());
    if (there != worker.used_by_channel.end() && interrupts(other)) in_the_way -= there->second;
  }
  if (in_the_way + inquiry.units > limit) {
    return std::to_string(in_the_way) + " of " + std::to_string(limit) + " units are in use, " +
           std::to_string(inquiry.units) + " are needed";
  }
  for (const v1::Channel& other : workspace_.channels()) {
    if (!other.exclusive() || in_the_way == 0 || interrupts(other)) continue;
    const auto there = worker.used_by_channel.find(other.id());
    const bool has_it = there != worker.used_by_channel.end() && there->second > 0;
    if (other.id() == channel || has_it) return "channel " + other.id() + " is exclusive";
  }
  const auto& limits = worker.agent.capacity().per_channel();
  const auto own = limits.find(channel);
  if (own == limits.end()) return "";
  const auto used = worker.used_by_channel.find(channel);
  const int in_use = used == worker.used_by_channel.end() ? 0 : used->second;
  if (in_use + inquiry.units <= own->second) return "";
  return std::to_string(in_use) + " of " + std::to_string(own->second) + " units of channel " +
         channel + " are in use, " + std::to_string(inquiry.units) + " are needed";
}

}  // namespace firstline::check
