// What inquiries ask: checking specs, interning their canonical form, giving them back as text.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "services/router/engine/impl.h"

namespace firstline::engine {
namespace {

bool IsName(const std::string& name) {
  return !name.empty() && name.size() <= limits::kNameBytesMax;
}

bool IsLevel(const SkillLevel& l) {
  if (!IsName(l.name) || l.level < limits::kLevelMin || l.level > limits::kLevelMax) return false;
  return l.max == 0 || (l.max >= l.level && l.max <= limits::kLevelMax);
}

bool AreLevels(const std::vector<SkillLevel>& levels, size_t max) {
  return levels.size() <= max && std::all_of(levels.begin(), levels.end(), IsLevel);
}

bool AreNames(const std::vector<std::string>& names, size_t max) {
  return names.size() <= max && std::all_of(names.begin(), names.end(), IsName);
}

bool AreGroups(const std::vector<std::vector<SkillLevel>>& groups) {
  if (groups.size() > limits::kSkillGroupsMax) return false;
  return std::all_of(groups.begin(), groups.end(), [](const auto& group) {
    return !group.empty() && AreLevels(group, limits::kSkillGroupMax);
  });
}

}  // namespace

// "" when the condition is well formed, else what is wrong with it.
std::string ProblemOf(const Condition& condition) {
  if (!IsName(condition.key) || condition.key.find('=') != std::string::npos) {
    return "the key must have 1 to 64 bytes and no '='";
  }
  const bool many = condition.comparison == Comparison::kIn ||
                    condition.comparison == Comparison::kNotEqual;
  const size_t count = condition.values.size();
  if (count == 0 || count > (many ? limits::kConditionValuesMax : 1)) {
    return many ? absl::StrCat("needs 1 to ", limits::kConditionValuesMax, " values")
                : std::string("needs just one value");
  }
  for (const std::string& value : condition.values) {
    if (condition.key.size() + 1 + value.size() > limits::kNameBytesMax) {
      return absl::StrCat("key and value take more than ", limits::kNameBytesMax - 1, " bytes");
    }
    if (condition.comparison > Comparison::kIn && !ParseNumber(value)) {
      return absl::StrCat("\"", value, "\" is not a whole number");
    }
  }
  return "";
}

Rejection Engine::Impl::CheckSpec(const RequirementSpec& spec, std::string* subject) const {
  const auto& conditions = spec.label_conditions;
  const auto refuse = [subject](std::string_view field) {
    *subject = absl::StrCat("requirement.", absl::string_view(field.data(), field.size()));
    return Rejection::kInvalidField;
  };
  if (!AreLevels(spec.skills, limits::kRequiredSkillsMax)) return refuse("skills");
  if (!AreLevels(spec.languages, limits::kRequiredLanguagesMax)) return refuse("languages");
  if (!AreNames(spec.labels, limits::kRequiredLabelsMax)) return refuse("labels");
  if (!AreGroups(spec.any_skills)) return refuse("any_skills");
  if (!AreNames(spec.excluded_skills, limits::kExcludedSkillsMax)) return refuse("excluded_skills");
  const bool conditions_fit =
      conditions.size() <= limits::kConditionsMax &&
      std::all_of(conditions.begin(), conditions.end(),
                  [](const Condition& c) { return ProblemOf(c).empty(); });
  return conditions_fit ? Rejection::kNone : refuse("label_conditions");
}

Rejection Engine::Impl::CheckNewNames(const RequirementSpec& spec) const {
  if (world.names.size() + NamesIn(spec) > limits::kNamesMax) return Rejection::kTooManyNames;
  if (world.requirements.size() + 2 > limits::kRequirementsMax ||
      matcher.lines() >= limits::kLinesMax) {
    return Rejection::kTooManyRequirements;
  }
  return Rejection::kNone;
}

RequirementIx Engine::Impl::AcquireRequirement(const RequirementSpec& spec, ChannelIx channel,
                                               int units) {
  Requirement requirement =
      Canonical(spec, [this](std::string_view name) { return world.names.Intern(name); });
  requirement.channel = channel;
  requirement.units = static_cast<uint16_t>(units);
  return world.requirements.Acquire(std::move(requirement));
}

void Engine::Impl::SetAsked(InquiryIx ix) {
  Inquiry& inquiry = world.inquiry(ix);
  const QueueSlot& queue = world.queue(inquiry.queue);
  const RequirementIx before = inquiry.asked;
  if (!queue.asks) {
    inquiry.asked = inquiry.own;
    world.requirements.Share(inquiry.own);
  } else {
    Requirement merged = world.requirements[inquiry.own];
    MergeInto(merged, queue.requirement);
    inquiry.asked = world.requirements.Acquire(std::move(merged));
  }
  if (before.IsSet()) world.requirements.Release(before);
}

const Requirement& Engine::QueueRequirement(QueueIx ix) const {
  return impl_->world.queue(ix).requirement;
}

RequirementSpec Engine::Spec(RequirementIx ix) const {
  return SpecOf(impl_->world.requirements[ix], [this](NameIx name) { return NameText(name); });
}

}  // namespace firstline::engine
