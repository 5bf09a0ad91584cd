// What is wrong with a configuration, what changes, and what is suspicious about it.
#pragma once

#include <string>
#include <vector>

#include "services/router/engine/command.h"
#include "services/router/engine/config.h"
#include "services/router/engine/engine.h"

namespace firstline::engine {

struct ConfigProblem {
  std::string path;     // e.g. "queues[3].steps[1].overflow_to"
  std::string message;  // what is wrong, and what would be right
};

struct ConfigReview {
  std::vector<ConfigProblem> problems;  // the command would be rejected
  std::vector<ConfigProblem> changes;   // one a thing added, changed, removed
  std::vector<ConfigProblem> warnings;  // legal but probably not meant: nobody qualifies, ...
};

// What is wrong with a condition by itself; "" when nothing is.
std::string ProblemOf(const Condition& condition);

// Whether the rule fits every inquiry.
inline bool IsDefault(const RuleConfig& rule) {
  return rule.channels.empty() && rule.conditions.empty();
}

// Ranges, duplicates and references of one configuration by itself.
std::vector<ConfigProblem> CheckConfig(const WorkspaceConfig& config);
void CheckExternal(const ExternalConfig& external, const std::string& path,
                   std::vector<ConfigProblem>& out);
std::vector<ConfigProblem> CheckAgent(const AgentConfig& agent, const WorkspaceConfig& config,
                                      const std::string& path);

// The configuration that `apply` would produce on top of `present`.
WorkspaceConfig Merge(const WorkspaceConfig& present, const ApplyConfig& apply);

// What applying would do, without doing it. O(queues * distinct profiles).
ConfigReview Review(const Engine& engine, const ApplyConfig& apply);

}  // namespace firstline::engine
