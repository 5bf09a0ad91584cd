#include "services/router/engine/classify.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "services/router/engine/config_check.h"
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

Submit Placed(const std::string& queue, const RequirementSpec& more,
              const std::optional<int>& priority, const Submit& submit) {
  Submit classified = submit;
  classified.queue = queue;
  if (priority) classified.priority = *priority;
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

}  // namespace

Classification Classify(const WorkspaceConfig& config, const Submit& submit) {
  Classification classification;
  std::string failed;
  for (const RuleConfig& rule : config.rules) {
    if (Fits(rule, submit, failed)) {
      classification.rule = &rule;
      break;
    }
    if (classification.passed_over.size() < limits::kRuleTraceMax) {
      classification.passed_over.push_back({rule.id, failed});
    }
  }
  const bool by_rule = classification.rule != nullptr && !IsDefault(*classification.rule);
  classification.asks = config.external && (config.external->ask == ClassifierTurn::kBeforeRules ||
                                            !by_rule);
  return classification;
}

Submit Apply(const RuleConfig& rule, const Submit& submit) {
  return Placed(rule.queue, rule.requirement, rule.priority, submit);
}

Submit Apply(const Verdict& verdict, const Submit& submit) {
  return Placed(verdict.queue, verdict.requirement, verdict.priority, submit);
}

void CheckExternal(const ExternalConfig& external, const std::string& path,
                   std::vector<ConfigProblem>& out) {
  const std::string& name = external.classifier;
  if (name.empty() || name.size() > limits::kNameBytesMax) {
    out.push_back({path + ".classifier",
                   absl::StrCat("must name a classifier that the routers were given (--classifier), "
                                "1 to ", limits::kNameBytesMax, " bytes")});
  }
  if (external.deadline.us < limits::kClassifierDeadlineUsMin ||
      external.deadline.us > limits::kClassifierDeadlineUsMax) {
    out.push_back({path + ".deadline", "must be 10 ms to 2 s: the customer waits for it"});
  }
}

}  // namespace firstline::engine
