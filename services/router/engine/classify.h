// Who says where an inquiry goes that names no queue: a rule, or the workspace's classifier.
//
// Threads: pure functions.
#pragma once

#include <optional>
#include <vector>

#include "services/router/engine/advice.h"
#include "services/router/engine/command.h"
#include "services/router/engine/config.h"
#include "services/router/engine/event.h"

namespace firstline::engine {

struct Classification {
  const RuleConfig* rule = nullptr;   // of the configuration given; null: none fits
  std::vector<RuleMiss> passed_over;  // those before it, at most kRuleTraceMax
  bool asks = false;                  // it is the classifier's turn; without a verdict `rule` decides
  std::optional<ClassifierTrace> classifier;  // what came of that, once it was judged
};
// The first rule that fits the inquiry's channel and attributes. O(rules * conditions).
Classification Classify(const WorkspaceConfig& config, const Submit& submit);

// The inquiry as the rule or verdict wants it: its queue, its requirement merged in, its priority.
// What comes of it may be out of bounds.
Submit Apply(const RuleConfig& rule, const Submit& submit);
Submit Apply(const Verdict& verdict, const Submit& submit);

}  // namespace firstline::engine
