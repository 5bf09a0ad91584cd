// Holds explanations against what happens and against the reference model.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "services/router/engine/engine.h"
#include "tests/engine/canonical_rule.h"
#include "tests/engine/choices.h"
#include "tests/engine/program.h"

namespace firstline::engine::proof {

// The explanation of a waiting inquiry (chosen at random) against the model: everybody who lacks
// something lacks the first thing the naive rule finds, and who lacks nothing is barred by a gate or
// an exception of the model. Of an engine at rest nobody may take it. "" when all agree.
std::string CheckExplanation(const Engine& engine, const Model& model, Choices& choices);

// A dry run of the step's Submit, which must foretell what the step then does.
class Foretold {
 public:
  // Before the step. Nothing is foretold of what is no new submission, or comes after a timer.
  void Ask(const Engine& engine, const Step& step);
  // After it, before its events are cleared.
  std::string Compare(const Engine& engine, const Outcome& outcome) const;
  bool asked() const { return run_.has_value(); }

 private:
  std::optional<DryRun> run_;
  std::string inquiry_, problem_;
  int asked_ = 0;
};

// What an explanation said of a waiting inquiry before a step: an agent that was barred may be offered
// it only after an event that takes the bar away.
class Barred {
 public:
  // Before the step.
  void Remember(const Engine& engine, Choices& choices);
  // After it, before its events are cleared.
  std::string Compare(const Engine& engine) const;

 private:
  std::string inquiry_;
  std::map<std::string, Obstacle> first_;  // by agent
};

}  // namespace firstline::engine::proof
