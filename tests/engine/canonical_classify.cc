// Who says where an inquiry goes that names no queue, by full scans.
#include <algorithm>

#include "tests/engine/canonical_rule.h"

namespace firstline::engine::proof {
namespace {

bool IsWhole(const std::string& text) {
  const size_t sign = text.rfind('-', 0) == 0 ? 1 : 0;
  const std::string digits = text.substr(sign);
  return !digits.empty() && digits.size() <= 18 &&
         digits.find_first_not_of("0123456789") == std::string::npos;
}

bool Fits(const RuleConfig& rule, const Submit& submit) {
  const auto& channels = rule.channels;
  bool fits = channels.empty() ||
              std::find(channels.begin(), channels.end(), submit.channel) != channels.end();
  for (const Condition& condition : rule.conditions) {
    std::vector<std::string> there;
    for (const auto& [key, value] : submit.attributes) {
      if (key == condition.key) there.push_back(value);
    }
    fits = fits && Compares(there, condition);
  }
  return fits;
}

bool IsBetween(int low, int value, int high) { return low <= value && value <= high; }

bool LevelsFit(const std::vector<SkillLevel>& levels) {
  return std::all_of(levels.begin(), levels.end(), [](const SkillLevel& level) {
    return IsBetween(1, level.level, 10) && (level.max == 0 || IsBetween(level.level, level.max, 10));
  });
}

bool IsWithinBounds(const Verdict& verdict, const Submit& submit) {
  return verdict.queue.size() <= 64 && IsBetween(0, verdict.priority.value_or(0), 9) &&
         LevelsFit(verdict.requirement.skills) && LevelsFit(verdict.requirement.languages) &&
         LevelsFit(Together(submit.requirement, verdict.requirement).skills);
}

bool SomebodyHas(const Model& model, const std::vector<SkillLevel>& asked,
                 std::vector<SkillLevel> AgentConfig::*levels) {
  return std::all_of(asked.begin(), asked.end(), [&](const SkillLevel& one) {
    return std::any_of(model.agents.begin(), model.agents.end(), [&](const auto& agent) {
      const auto& held = agent.second.config.*levels;
      return std::any_of(held.begin(), held.end(),
                         [&](const SkillLevel& level) { return level.name == one.name; });
    });
  });
}

bool IsKnown(const Model& model, const RequirementSpec& spec) {
  if (!SomebodyHas(model, spec.skills, &AgentConfig::skills)) return false;
  if (!SomebodyHas(model, spec.languages, &AgentConfig::languages)) return false;
  return std::all_of(spec.any_skills.begin(), spec.any_skills.end(), [&](const auto& group) {
    return SomebodyHas(model, group, &AgentConfig::skills);
  });
}

ClassifierOutcome Judged(const Model& model, const Submit& submit, const Advice* advice) {
  if (advice == nullptr || advice->classifier != model.config.external->classifier) {
    return ClassifierOutcome::kNotAsked;
  }
  if (advice->label.size() > 128) return ClassifierOutcome::kOutOfBounds;
  if (advice->outcome != ClassifierOutcome::kVerdict) return advice->outcome;
  const Verdict& verdict = advice->verdict;
  if (!IsWithinBounds(verdict, submit)) return ClassifierOutcome::kOutOfBounds;
  const auto& queues = model.config.queues;
  if (std::none_of(queues.begin(), queues.end(),
                   [&](const QueueConfig& queue) { return queue.id == verdict.queue; })) {
    return ClassifierOutcome::kUnknownQueue;
  }
  return IsKnown(model, verdict.requirement) ? ClassifierOutcome::kVerdict
                                             : ClassifierOutcome::kUnknownSkill;
}

}  // namespace

bool Compares(const std::vector<std::string>& there, const Condition& condition) {
  const auto& wanted = condition.values;
  const auto one_of = [&](const std::string& value) {
    return std::find(wanted.begin(), wanted.end(), value) != wanted.end();
  };
  const bool equal = std::any_of(there.begin(), there.end(), one_of);
  if (condition.comparison == Comparison::kNotEqual) return !equal;
  if (condition.comparison == Comparison::kEqual || condition.comparison == Comparison::kIn) {
    return equal;
  }
  const int64_t bound = std::stoll(wanted.at(0));
  return std::any_of(there.begin(), there.end(), [&](const std::string& value) {
    if (!IsWhole(value)) return false;
    const int64_t number = std::stoll(value);
    switch (condition.comparison) {
      case Comparison::kLess: return number < bound;
      case Comparison::kLessOrEqual: return number <= bound;
      case Comparison::kGreater: return number > bound;
      default: return number >= bound;
    }
  });
}

NaiveDecision NaiveClassify(const Model& model, const Submit& submit, const Advice* advice) {
  NaiveDecision decision;
  if (!submit.queue.empty()) return decision;
  for (const RuleConfig& rule : model.config.rules) {
    if (decision.rule == nullptr && Fits(rule, submit)) decision.rule = &rule;
  }
  if (!model.config.external) return decision;
  const bool fits_one = decision.rule != nullptr && !(decision.rule->channels.empty() &&
                                                      decision.rule->conditions.empty());
  if (fits_one && model.config.external->ask == ClassifierTurn::kAfterRules) return decision;
  decision.outcome = Judged(model, submit, advice);
  if (decision.outcome == ClassifierOutcome::kVerdict) {
    decision.rule = nullptr;
    decision.verdict = &advice->verdict;
  }
  return decision;
}

}  // namespace firstline::engine::proof
