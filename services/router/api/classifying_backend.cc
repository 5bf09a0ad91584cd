#include "services/router/api/classifying_backend.h"

#include <algorithm>
#include <utility>

#include "common/log/log.h"
#include "services/router/api/convert_classifier.h"
#include "services/router/api/limits.h"
#include "services/router/engine/classify.h"
#include "services/router/engine/engine.h"

namespace firstline::api {
namespace {

using engine::ClassifierOutcome;
using Turn = ClassifierBreaker::Turn;

const engine::Submit& SubmitOf(const runtime::Call& call) {
  return std::get<engine::Submit>(std::get<engine::Command>(call.body).body);
}

// What the state says of a submission.
struct Seen {
  bool read = false;
  std::optional<engine::ExternalConfig> asks;  // this one is to be asked
};

runtime::Query LookInto(std::shared_ptr<Seen> seen, const engine::Submit& submit) {
  return [seen = std::move(seen), &submit](const engine::Engine& engine) {
    seen->read = true;
    const bool asks = engine.config().external && !engine.FindInquiry(submit.inquiry_id).IsSet() &&
                      engine::Classify(engine.config(), submit).asks;
    if (asks) seen->asks = engine.config().external;
  };
}

}  // namespace

ClassifyingBackend::ClassifyingBackend(Backend& backend, const ClassifyingOptions& options)
    : PassingBackend(backend),
      classifiers_(options.classifiers),
      unasked_(options.unasked),
      held_max_(options.held_max),
      observer_(options.observer == nullptr ? nobody_ : *options.observer) {}

void ClassifyingBackend::Stop() {
  if (classifiers_ != nullptr) classifiers_->Stop();
}

bool ClassifyingBackend::MayHaveToAsk(const runtime::Call& call) const {
  const auto* command = std::get_if<engine::Command>(&call.body);
  const auto* submit = command == nullptr ? nullptr : std::get_if<engine::Submit>(&command->body);
  if (submit == nullptr || !submit->queue.empty()) return false;
  return unasked_ == nullptr || !unasked_->Has(call.workspace);
}

void ClassifyingBackend::Submit(runtime::Call call, Callback done) {
  const bool is_command = std::holds_alternative<engine::Command>(call.body);
  if (!is_command || !loop_->InThread()) return backend_.Submit(std::move(call), std::move(done));
  const bool asks = MayHaveToAsk(call);
  const bool waits = call.lane != 0 && !lanes_.empty() &&
                     lanes_.count({call.lane, call.workspace}) != 0;
  if (!asks && !waits) return backend_.Submit(std::move(call), std::move(done));
  if (held_ >= held_max_) {
    return done(runtime::Overloaded{engine::Milliseconds(200)});
  }
  Hold(std::move(call), std::move(done), asks);
}

void ClassifyingBackend::SubmitAll(std::vector<runtime::Submission> submissions) {
  for (runtime::Submission& one : submissions) Submit(std::move(one.call), std::move(one.done));
}

void ClassifyingBackend::Hold(runtime::Call call, Callback done, bool asks) {
  const auto held = std::make_shared<Held>(Held{std::move(call), std::move(done), !asks, {}});
  ++held_;
  loop_->HoldBegan();
  if (held->call.lane != 0) lanes_[{held->call.lane, held->call.workspace}].push_back(held);
  if (asks) LookAt(held);
}

// ---- Asking -----------------------------------------------------------------------------------

void ClassifyingBackend::LookAt(const HeldPtr& held) {
  auto seen = std::make_shared<Seen>();
  // The submission is not touched before the look is over.
  runtime::Call look{.workspace = held->call.workspace,
                     .deadline = held->call.deadline,
                     .body = LookInto(seen, SubmitOf(held->call))};
  backend_.Submit(std::move(look), [this, held, seen](runtime::Answer answer) {
    if (!seen->read) held->refused = std::move(answer);
    if (!seen->asks) return MarkReady(held);
    Ask(held, *seen->asks);
  });
}

// kVerdict: it may be asked.
ClassifierOutcome ClassifyingBackend::Permit(const SourceKey& key, Turn* turn) {
  if (classifiers_ == nullptr || !classifiers_->Knows(key.first)) {
    WarnOfUnknown(key);
    return ClassifierOutcome::kUnknownClassifier;
  }
  if (sources_.size() >= limits::kBreakersMax) ForgetSources();
  Source& source = sources_[key];
  if (source.asked >= limits::kAskedPerWorkspaceMax || asked_ >= limits::kAskedMax) {
    return ClassifierOutcome::kBusy;
  }
  const auto may = source.breaker.MayAsk(backend_.Now());
  if (!may) return ClassifierOutcome::kBreakerOpen;
  *turn = *may;
  ++source.asked;
  ++asked_;
  return ClassifierOutcome::kVerdict;
}

void ClassifyingBackend::Ask(const HeldPtr& held, const engine::ExternalConfig& external) {
  const SourceKey key{external.classifier, held->call.workspace};
  Turn turn = Turn::kOrdinary;
  const ClassifierOutcome permit = Permit(key, &turn);
  if (permit != ClassifierOutcome::kVerdict) return Advise(held, {key.first, permit});
  // Without an answer there must be time left for the rules to decide.
  engine::Span deadline = external.deadline;
  const bool endless = held->call.deadline == runtime::kNeverBoot;
  const engine::Span left{endless ? deadline.us
                                  : (held->call.deadline - backend_.Now()).us / 2};
  const bool hurried = left < deadline;
  deadline.us = std::max<int64_t>(std::min(deadline.us, left.us), 1);
  observer_.OnAsking(key.first, 1);
  classifiers_->Ask(key.first, ToClassifyRequest(key.second, SubmitOf(held->call)),
                    std::chrono::microseconds(deadline.us),
                    [this, loop = loop_, held, key, turn, hurried](ClassifierAnswer answer) {
                      // The loop runs for as long as something is held.
                      loop->Post([=, this, answer = std::move(answer)] {
                        OnAnswer(held, key, turn, hurried, answer);
                      });
                    });
}

void ClassifyingBackend::OnAnswer(const HeldPtr& held, const SourceKey& key, Turn turn,
                                  bool hurried, const ClassifierAnswer& answer) {
  Note(key, turn, hurried, answer.how);
  engine::Advice advice{.classifier = key.first, .outcome = ClassifierOutcome::kUnavailable};
  if (answer.how == ClassifierAnswer::How::kDeadline) advice.outcome = ClassifierOutcome::kDeadline;
  if (answer.how == ClassifierAnswer::How::kAnswered) advice = ToAdvice(key.first, answer.response);
  observer_.OnAsking(key.first, -1);
  observer_.OnAnswered(key.first, advice.outcome, answer.took);
  Advise(held, std::move(advice));
}

// That a caller in a hurry got no answer is not the classifier's failure.
void ClassifyingBackend::Note(const SourceKey& key, Turn turn, bool hurried,
                              ClassifierAnswer::How how) {
  const auto at = sources_.find(key);
  Source& source = at->second;
  --source.asked;
  --asked_;
  ClassifierBreaker& breaker = source.breaker;
  const bool was_open = breaker.open();
  if (how == ClassifierAnswer::How::kAnswered) {
    breaker.Succeeded();
  } else if (hurried && how == ClassifierAnswer::How::kDeadline) {
    breaker.Forget(turn);
  } else {
    breaker.Failed(turn, backend_.Now());
  }
  if (breaker.open() != was_open) observer_.OnBreaker(key.first, breaker.open() ? 1 : -1);
  if (!breaker.open() && source.asked == 0 && breaker.MayGo(backend_.Now())) sources_.erase(at);
}

void ClassifyingBackend::ForgetSources() {
  std::erase_if(sources_, [&](const auto& entry) {
    const Source& source = entry.second;
    if (source.asked > 0 || !source.breaker.MayGo(backend_.Now())) return false;
    if (source.breaker.open()) observer_.OnBreaker(entry.first.first, -1);
    return true;
  });
}

// Once each.
void ClassifyingBackend::WarnOfUnknown(const SourceKey& key) {
  if (warned_.size() >= limits::kBreakersMax || !warned_.insert(key).second) return;
  log::Warning("a workspace names a classifier that this router was not given",
               {{"workspace", key.second}, {"classifier", key.first}});
}

// ---- Going on ---------------------------------------------------------------------------------

void ClassifyingBackend::Advise(const HeldPtr& held, engine::Advice advice) {
  std::get<engine::Command>(held->call.body).advice =
      std::make_shared<const engine::Advice>(std::move(advice));
  MarkReady(held);
}

void ClassifyingBackend::MarkReady(const HeldPtr& held) {
  held->ready = true;
  if (held->call.lane == 0) return Forward(*held);
  Proceed({held->call.lane, held->call.workspace});
}

// An answer may lead to further commands of the lane, which then come last.
void ClassifyingBackend::Proceed(const LaneKey& key) {
  for (auto lane = lanes_.find(key); lane != lanes_.end(); lane = lanes_.find(key)) {
    if (lane->second.empty()) {
      lanes_.erase(lane);
      return;
    }
    if (!lane->second.front()->ready) return;
    const HeldPtr held = std::move(lane->second.front());
    lane->second.pop_front();
    Forward(*held);
  }
}

void ClassifyingBackend::Forward(Held& held) {
  --held_;
  if (held.refused) {
    held.done(*std::move(held.refused));
  } else {
    backend_.Submit(std::move(held.call), std::move(held.done));
  }
  loop_->HoldEnded();
}

}  // namespace firstline::api
