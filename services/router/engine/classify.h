// Which rule says where an inquiry goes that names no queue.
//
// Threads: pure functions.
#pragma once

#include <vector>

#include "services/router/engine/command.h"
#include "services/router/engine/config.h"
#include "services/router/engine/event.h"

namespace firstline::engine {

struct Classification {
  const RuleConfig* rule = nullptr;   // of the rules given; null: none fits
  std::vector<RuleMiss> passed_over;  // those before it, at most kRuleTraceMax
};
// The first rule that fits the inquiry's channel and attributes. O(rules * conditions).
Classification Classify(const std::vector<RuleConfig>& rules, const Submit& submit);

// The inquiry as the rule wants it: its queue, its requirement merged in, its priority. What comes of
// it may be out of bounds.
Submit Apply(const RuleConfig& rule, const Submit& submit);

}  // namespace firstline::engine
