#include "services/cli/ask_text.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace firstline::cli {
namespace {

std::string SkillText(const v1::SkillRequirement& skill) {
  const std::string text = absl::StrCat(skill.skill(), ":", std::max(skill.min_level(), 1));
  return skill.max_level() == 0 ? text : absl::StrCat(text, "-", skill.max_level());
}

const char* Sign(v1::Comparison comparison) {
  switch (comparison) {
    case v1::COMPARISON_EQUAL: return "=";
    case v1::COMPARISON_NOT_EQUAL: return "is not";
    case v1::COMPARISON_IN: return "in";
    case v1::COMPARISON_LESS: return "<";
    case v1::COMPARISON_LESS_OR_EQUAL: return "<=";
    case v1::COMPARISON_GREATER: return ">";
    case v1::COMPARISON_GREATER_OR_EQUAL: return ">=";
    default: return "?";
  }
}

}  // namespace

std::string AskText(const v1::Requirement& requirement) {
  std::vector<std::string> parts;
  for (const auto& skill : requirement.skills()) parts.push_back(SkillText(skill));
  std::vector<std::string> languages;
  for (const auto& language : requirement.languages()) {
    languages.push_back(absl::StrCat(language.language(), ":", std::max(language.min_level(), 1)));
  }
  if (!languages.empty()) parts.push_back(absl::StrJoin(languages, " or "));
  for (const std::string& label : requirement.labels()) parts.push_back(label);
  for (const v1::SkillGroup& group : requirement.any_skills()) {
    std::vector<std::string> skills;
    for (const auto& skill : group.skills()) skills.push_back(SkillText(skill));
    parts.push_back(absl::StrCat("(", absl::StrJoin(skills, " or "), ")"));
  }
  for (const std::string& skill : requirement.excluded_skills()) {
    parts.push_back(absl::StrCat("not ", skill));
  }
  for (const v1::Condition& condition : requirement.label_conditions()) {
    parts.push_back(absl::StrCat(condition.key(), " ", Sign(condition.comparison()), " ",
                                 absl::StrJoin(condition.values(), ", ")));
  }
  return absl::StrJoin(parts, " + ");
}

}  // namespace firstline::cli
