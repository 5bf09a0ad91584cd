// What the workspace's classifier said of an inquiry, or why it said nothing. It comes with the command
// and is no part of what the caller asked for: a repeat is the same whatever was said the second time.
//
// Threads: values.
#pragma once

#include <optional>
#include <string>

#include "services/router/engine/config.h"
#include "services/router/engine/types.h"

namespace firstline::engine {

// As a rule that fits: where it goes, what is merged into its requirement, its priority instead.
struct Verdict {
  std::string queue;
  RequirementSpec requirement = {};
  std::optional<int> priority = {};
  friend bool operator==(const Verdict&, const Verdict&) = default;
};

struct Advice {
  std::string classifier;  // who was asked; counts only where it is still the workspace's
  ClassifierOutcome outcome = ClassifierOutcome::kVerdict;
  Verdict verdict = {};    // kVerdict only; the engine checks it
  std::string label = {};  // free text of the classifier, at most kClassifierLabelBytesMax bytes
  std::string subject = {};  // kOutOfBounds: the field; at most kNameBytesMax bytes
  friend bool operator==(const Advice&, const Advice&) = default;
};

// What the InquirySubmitted event tells of it.
struct ClassifierTrace {
  std::string classifier;
  ClassifierOutcome outcome = ClassifierOutcome::kNotAsked;
  std::string label = {};
  std::string subject = {};  // kUnknownQueue, kUnknownSkill: the name; kOutOfBounds: the field
};

}  // namespace firstline::engine
