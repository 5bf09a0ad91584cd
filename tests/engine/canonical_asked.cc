// What an inquiry and its queue ask together.
#include <algorithm>
#include <set>

#include "tests/engine/canonical_rule.h"

namespace firstline::engine::proof {
namespace {

// Whatever the order.
bool SameGroup(const std::vector<SkillLevel>& a, const std::vector<SkillLevel>& b) {
  return std::is_permutation(a.begin(), a.end(), b.begin(), b.end());
}

}  // namespace

RequirementSpec Together(const RequirementSpec& first, const RequirementSpec& second) {
  RequirementSpec sum;
  std::set<std::string> skills, labels(first.labels.begin(), first.labels.end());
  for (const SkillLevel& s : first.skills) skills.insert(s.name);
  for (const SkillLevel& s : second.skills) skills.insert(s.name);
  for (const std::string& name : skills) {
    SkillLevel narrow{name, 1, 0};
    for (const auto* skills_of : {&first.skills, &second.skills}) {
      for (const SkillLevel& s : *skills_of) {
        if (s.name != name) continue;
        narrow.level = std::max(narrow.level, s.level);
        if (s.max != 0) narrow.max = narrow.max == 0 ? s.max : std::min(narrow.max, s.max);
      }
    }
    sum.skills.push_back(narrow);
  }
  sum.languages = first.languages.empty() ? second.languages : first.languages;
  labels.insert(second.labels.begin(), second.labels.end());
  sum.labels.assign(labels.begin(), labels.end());
  for (const RequirementSpec* spec : {&first, &second}) {
    for (const auto& group : spec->any_skills) {
      const auto same = [&](const auto& known) { return SameGroup(known, group); };
      if (std::none_of(sum.any_skills.begin(), sum.any_skills.end(), same)) {
        sum.any_skills.push_back(group);
      }
    }
    const auto& excluded = spec->excluded_skills;
    sum.excluded_skills.insert(sum.excluded_skills.end(), excluded.begin(), excluded.end());
    const auto& conditions = spec->label_conditions;
    sum.label_conditions.insert(sum.label_conditions.end(), conditions.begin(), conditions.end());
  }
  return sum;
}

RequirementSpec Asked(const Model& model, const ModelInquiry& inquiry) {
  return Together(inquiry.own, model.Queue(inquiry.queue).requirement);
}

}  // namespace firstline::engine::proof
