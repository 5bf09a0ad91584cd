#include "services/router/engine/classify.h"

#include <algorithm>

#include "services/router/engine/limits.h"
#include "services/router/engine/requirement.h"

namespace firstline::engine {
namespace {

// Null when there is no such attribute.
const std::string* Find(const Attributes& attributes, const std::string& key) {
  auto it = std::lower_bound(attributes.begin(), attributes.end(), key,
                             [](const auto& a, const std::string& k) { return a.first < k; });
  return it != attributes.end() && it->first == key ? &it->second : nullptr;
}

bool Holds(const Condition& condition, const std::string* value) {
  const auto& values = condition.values;
  const bool equal = value != nullptr &&
                     std::find(values.begin(), values.end(), *value) != values.end();
  if (condition.comparison == Comparison::kNotEqual) return !equal;
  if (condition.comparison <= Comparison::kIn) return equal;
  const auto number = value == nullptr ? std::nullopt : ParseNumber(*value);
  return number && Compares(condition.comparison, *number, ParseNumber(values[0]).value_or(0));
}

bool Fits(const RuleConfig& rule, const Submit& submit, std::string& failed) {
  failed.clear();
  const auto& channels = rule.channels;
  if (!channels.empty() &&
      std::find(channels.begin(), channels.end(), submit.channel) == channels.end()) {
    return false;
  }
  for (const Condition& condition : rule.conditions) {
    if (Holds(condition, Find(submit.attributes, condition.key))) continue;
    failed = condition.key;
    return false;
  }
  return true;
}

template <class T>
void Append(std::vector<T>& to, const std::vector<T>& from) {
  for (const T& value : from) {
    if (std::find(to.begin(), to.end(), value) == to.end()) to.push_back(value);
  }
}

}  // namespace

Classification Classify(const std::vector<RuleConfig>& rules, const Submit& submit) {
  Classification classification;
  std::string failed;
  for (const RuleConfig& rule : rules) {
    if (Fits(rule, submit, failed)) {
      classification.rule = &rule;
      break;
    }
    if (classification.passed_over.size() < limits::kRuleTraceMax) {
      classification.passed_over.push_back({rule.id, failed});
    }
  }
  return classification;
}

Submit Apply(const RuleConfig& rule, const Submit& submit) {
  Submit classified = submit;
  classified.queue = rule.queue;
  if (rule.priority) classified.priority = *rule.priority;
  const RequirementSpec& more = rule.requirement;
  RequirementSpec& own = classified.requirement;
  // One entry a skill: the narrower range of both.
  for (const SkillLevel& skill : more.skills) {
    auto known = std::find_if(own.skills.begin(), own.skills.end(),
                              [&](const SkillLevel& s) { return s.name == skill.name; });
    if (known == own.skills.end()) {
      own.skills.push_back(skill);
      continue;
    }
    known->level = std::max(known->level, skill.level);
    if (known->max == 0 || (skill.max != 0 && skill.max < known->max)) known->max = skill.max;
  }
  if (own.languages.empty()) own.languages = more.languages;
  Append(own.labels, more.labels);
  Append(own.any_skills, more.any_skills);
  Append(own.excluded_skills, more.excluded_skills);
  Append(own.label_conditions, more.label_conditions);
  return classified;
}

}  // namespace firstline::engine
