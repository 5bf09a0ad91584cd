// What the reference holds against the rules: matches, steps, reservations, and what is given by hand.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tests/engine/reference_engine.h"

namespace firstline::engine::proof {

bool ReferenceEngine::BeginsConfig(const Engine& engine, const Event& event) const {
  const auto* offer = std::get_if<OfferEnded>(&event.body);
  const auto* enqueued = std::get_if<InquiryEnqueued>(&event.body);
  if (offer != nullptr) return offer->outcome == OfferOutcome::kAgentLost;
  if (enqueued != nullptr && enqueued->cause == EnqueueCause::kAgentLost) {
    // The agent is deleted; else its presence was lost before.
    const ModelInquiry& inquiry = model_.inquiries.at(engine.inquiry(enqueued->inquiry).id);
    return event.time == engine.now() && !engine.FindAgent(inquiry.agent).IsSet();
  }
  return std::holds_alternative<AgentUpserted>(event.body) ||
         std::holds_alternative<AgentDeleted>(event.body) ||
         std::holds_alternative<WorkspaceApplied>(event.body);
}

bool ReferenceEngine::IsDue(const ModelInquiry& inquiry, const StepConfig& step) const {
  if (model_.now < inquiry.enqueue_time + step.after) return false;
  if (!step.when) return true;
  const bool is_latest =
      step.at_latest.us > 0 && model_.now >= inquiry.enqueue_time + step.at_latest;
  return is_latest || NaiveHolds(model_, inquiry, *step.when);
}

// Nobody stays where a state would take it further.
std::string ReferenceEngine::CheckStates() const {
  for (const auto& [id, inquiry] : model_.inquiries) {
    if (inquiry.state != InquiryState::kWaiting) continue;
    const std::vector<StepConfig>& steps = model_.Queue(inquiry.queue).steps;
    if (static_cast<size_t>(inquiry.step) >= steps.size()) continue;
    const StepConfig& step = steps[static_cast<size_t>(inquiry.step)];
    if (step.when && inquiry.enqueue_time + step.after < model_.now && IsDue(inquiry, step)) {
      return id + " should have reached its next step: the condition holds";
    }
  }
  return "";
}

bool ReferenceEngine::IsUndecided() const {
  for (const auto& [id, inquiry] : model_.inquiries) {
    if (inquiry.state != InquiryState::kWaiting) continue;
    for (const auto& [agent, until] : inquiry.barred) {
      if (until == model_.now) return true;
    }
  }
  const RateLimitConfig& limit = model_.config.settings.rate_limit;
  for (const auto& [id, agent] : model_.agents) {
    for (const ModelHandled& entry : agent.handled) {
      if (limit.assignments > 0 && entry.at + limit.window == model_.now) return true;
    }
  }
  return false;
}

// Counts whom the match passes over; at the limit the agent must be reserved before anything else
// is matched.
void ReferenceEngine::Overtake(const Model& before, const Match& match) {
  const std::string overtaken = NextOvertaken(before, match);
  if (overtaken.empty() || !passed_over_.insert(overtaken).second) return;
  ModelInquiry& inquiry = model_.inquiries.at(overtaken);
  inquiry.overtakes = std::min(inquiry.overtakes + 1, limits::kOvertakesMax);
  if (inquiry.overtakes >= model_.Queue(inquiry.queue).max_overtakes) {
    due_.push_back({overtaken, match.agent});
  }
}

// An offer to several passes over what it does with everybody's room as it was before.
void ReferenceEngine::BeginRound(const ModelInquiry& inquiry) {
  passed_over_.clear();
  before_round_.reset();
  const auto& queues = model_.config.queues;
  const bool counts = std::any_of(queues.begin(), queues.end(), [](const QueueConfig& queue) {
    return queue.max_overtakes > 0;
  });
  if (counts && model_.Queue(inquiry.queue).offer_to > 1) before_round_ = model_;
}

// Judged when it enters a queue or reaches a step, and not later.
void ReferenceEngine::NoteAtOnce(const ModelInquiry& inquiry) {
  const std::vector<StepConfig>& steps = model_.Queue(inquiry.queue).steps;
  const auto next = static_cast<size_t>(inquiry.step);
  const bool asks = next < steps.size() && steps[next].at_once_if_nobody;
  at_once_ = asks && NobodyThere(model_, inquiry) ? inquiry.id : "";
}

std::string ReferenceEngine::CheckReservations() const {
  if (!at_once_.empty()) return at_once_ + " should reach its next step at once";
  if (!due_.empty()) {
    return absl::StrCat(due_[0].inquiry, " was overtaken too often: ", due_[0].agent,
                        " should be reserved");
  }
  for (const auto& [id, inquiry] : model_.inquiries) {
    if (inquiry.reserved.empty()) continue;
    if (inquiry.state != InquiryState::kWaiting ||
        !MayBeReserved(model_, inquiry, inquiry.reserved)) {
      return absl::StrCat(inquiry.reserved, " is reserved in vain for ", id);
    }
  }
  return "";
}

bool ReferenceEngine::TakeDirected(const Match& match) {
  if (directed_ != match) return false;
  directed_ = {};
  return true;
}

// What an agent took itself or was given.
std::string ReferenceEngine::CheckGiven(const ModelInquiry& inquiry, const std::string& agent,
                                        AssignCause cause) {
  if (inquiry.state != InquiryState::kWaiting) return inquiry.id + " is given while it does not wait";
  if (cause == AssignCause::kDirected) {
    return TakeDirected({inquiry.id, agent}) ? "" : "nobody gave " + inquiry.id + " to " + agent;
  }
  const QueueConfig& queue = model_.Queue(inquiry.queue);
  const bool may = queue.allow_claim && !queue.suspended && inquiry.excluded.count(agent) == 0 &&
                   (!inquiry.held || inquiry.preferred.front() == agent) &&
                   MayTake(model_, inquiry, agent, {Override::kExclusion});
  return may || IsUndecided() ? "" : agent + " may not claim " + inquiry.id;
}

std::string ReferenceEngine::CheckAsked(ModelInquiry& inquiry, const std::string& agent) {
  if (round_ != inquiry.id) return inquiry.id + " is offered although it is offered already";
  const auto asked_max = static_cast<size_t>(model_.Queue(inquiry.queue).offer_to);
  if (inquiry.asked.size() >= asked_max || round_held_) return inquiry.id + " is offered to too many";
  const std::optional<std::string> next = NextAsked(model_, inquiry);
  inquiry.asked.push_back(agent);
  if (IsUndecided() || next == agent) return "";
  return absl::StrCat(inquiry.id, " is offered to ", agent, " as well, the rule gives ",
                      next.value_or("nobody"));
}

std::string ReferenceEngine::CheckRound() {
  if (round_.empty()) return "";
  const ModelInquiry& inquiry = model_.inquiries.at(round_);
  round_.clear();
  const auto asked_max = static_cast<size_t>(model_.Queue(inquiry.queue).offer_to);
  if (inquiry.asked.size() >= asked_max || round_held_ || IsUndecided()) return "";
  const std::optional<std::string> next = NextAsked(model_, inquiry);
  return next ? absl::StrCat(inquiry.id, " should be offered to ", *next, " as well") : "";
}

std::string ReferenceEngine::CheckMatch(const Match& actual) {
  if (!due_.empty()) return CheckReservations();
  if (IsUndecided()) {
    ++undecided_;
    return "";
  }
  ++matches_;
  const std::optional<Match> expected = NextMatch(model_);
  if (expected && *expected == actual) return "";
  const std::string wanted =
      expected ? absl::StrCat(expected->inquiry, " -> ", expected->agent) : "nothing";
  return absl::StrCat("matched ", actual.inquiry, " -> ", actual.agent, ", the rule gives ",
                      wanted);
}

}  // namespace firstline::engine::proof
