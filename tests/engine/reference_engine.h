// An independent account of a workspace: folds the engine's events into a model of plain data,
// holds each offer and automatic assignment against the canonical rule on the model as it was at
// that moment, and compares the model with the engine's views.
//
//   ReferenceEngine reference;
//   Outcome outcome = engine.Apply(now, command);
//   std::string wrong = reference.Observe(engine, &command);   // "" when all is well
//   engine.ClearEvents();
//
// What the model takes on trust from the engine: that an event happened and when. What follows from
// it (who is available, who qualifies, what is next, who is idle longest, how much is used) it
// works out by itself.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "services/router/engine/command.h"
#include "services/router/engine/engine.h"
#include "tests/engine/canonical_rule.h"

namespace firstline::engine::proof {

// Empty when both are the same, else what is wrong with `what`.
std::string Differs(const std::string& what, const std::string& actual,
                    const std::string& expected);

class ReferenceEngine {
 public:
  // Folds and checks the events of one Apply (with its command) or Tick (null). Call once for each,
  // before the events are cleared. Returns the first disagreement; after one the model is unusable.
  std::string Observe(const Engine& engine, const Command* command);

  // "" when an inquiry that was just refused for its expected wait had to be.
  std::string CheckRefused(const Submit& submit) const;

  const Model& model() const { return model_; }
  uint64_t matches() const { return matches_; }      // decisions held against the rule
  uint64_t undecided() const { return undecided_; }  // left out, see IsUndecided

 private:
  struct Fold;  // one overload per event

  std::string CheckMatch(const Match& actual);
  void Overtake(const Model& before, const Match& match);
  // Whether an event of ApplyConfig is the command's own; timers may have fired before it.
  bool BeginsConfig(const Engine& engine, const Event& event) const;
  void BeginRound(const ModelInquiry& inquiry);
  void NoteAtOnce(const ModelInquiry& inquiry);
  std::string CheckReservations() const;
  bool IsDue(const ModelInquiry& inquiry, const StepConfig& step) const;
  std::string CheckStates() const;
  // An exception that ends at this very microsecond holds or not depending on whether its timer
  // came first; the headers leave that open, so nothing is concluded from it.
  bool IsUndecided() const;
  BackOffConfig BackOffOf(const ModelInquiry& inquiry) const {
    return model_.Queue(inquiry.queue).back_off.value_or(model_.config.settings.back_off);
  }
  void ComeBack(ModelInquiry& inquiry) const;  // a customer who was there before
  void TakeConfig(const WorkspaceConfig& config);
  void Charge(const std::string& queue);
  ModelInquiry Draft(const Submit& submit) const;  // as it is before it enters its queue
  bool IsTooSlowFor(const ModelInquiry& inquiry) const;  // its queue, so that it is refused
  // For expected waits: it is taken from its place, waits again, or is gone from it.
  WaitHistory* WaitsOf(const std::string& queue);  // null: nothing goes by it
  void NoteTaken(ModelInquiry& inquiry);
  void NoteWaits(ModelInquiry& inquiry, EnqueueCause cause);
  void NoteGone(ModelInquiry& inquiry, bool gave_up);
  void SetState(ModelInquiry& inquiry, InquiryState state);
  void NoteEnd(const ModelInquiry& inquiry, InquiryState next);
  void NoteHandled(const std::string& agent, const ModelHandled& entry);
  bool KeepsHandled() const;
  void NoteIdle(const std::string& agent);
  void Bar(ModelInquiry& inquiry, const std::string& agent, Time until);
  bool MayHold(const ModelInquiry& inquiry) const;
  void Enqueue(ModelInquiry& inquiry, const std::string& queue, EnqueueCause cause);

  std::string CompareInquiries(const Engine& engine) const;
  std::string CompareInquiry(const Engine& engine, const Inquiry& actual) const;
  std::string CompareAgents(const Engine& engine) const;
  std::string CompareWaits(const Engine& engine) const;
  std::string CompareQualification(const Engine& engine) const;

  Model model_;
  // Holds one more agent who is asked with the offer of `round_` against the rule.
  std::string CheckAsked(ModelInquiry& inquiry, const std::string& agent);
  bool TakeDirected(const Match& match);
  std::string CheckGiven(const ModelInquiry& inquiry, const std::string& agent, AssignCause cause);
  std::string CheckRound();  // the offer went to as many as it should

  std::string round_;        // the inquiry whose offer was the last event
  bool round_held_ = false;  // it was held for its first preferred agent alone
  // Inquiries overtaken too often, and who has to be reserved for them, in that order.
  std::vector<Match> due_;
  std::optional<Model> before_round_;     // as it was when the first of several was asked
  std::set<std::string> passed_over_;     // inquiries that the present round has overtaken
  Match directed_;  // who is being given what; empty: nobody
  const Command* command_ = nullptr;
  std::string at_once_;  // the inquiry whose next event is a step
  int configurations_ = 0;  // taken so far
  uint64_t arrivals_ = 0, order_ = 0, matches_ = 0, undecided_ = 0;
};

}  // namespace firstline::engine::proof
