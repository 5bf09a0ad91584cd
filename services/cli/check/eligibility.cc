#include "services/cli/check/eligibility.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

#include "google/protobuf/duration.pb.h"

namespace firstline::check {
namespace {

constexpr std::int64_t kDefaultTargetUs = 60'000'000;  // of Queue.first_response_target

std::int64_t Microseconds(const google::protobuf::Duration& span) {
  return span.seconds() * 1'000'000 + span.nanos() / 1000;
}

int StepsInForce(const v1::Queue& queue, int step) {
  return std::clamp(step, 0, queue.steps_size());
}

int AtLeastOne(int level) { return std::max(level, 1); }

Range RangeOf(const v1::SkillRequirement& skill) {
  return {.least = AtLeastOne(skill.min_level()), .most = skill.max_level()};
}

void Merge(const v1::Requirement& requirement, Ask& ask) {
  for (const v1::SkillRequirement& skill : requirement.skills()) {
    Range& range = ask.skills[skill.skill()];
    const Range other = RangeOf(skill);
    range.least = std::max(range.least, other.least);
    if (range.most == 0 || (other.most != 0 && other.most < range.most)) range.most = other.most;
  }
  for (const v1::SkillGroup& group : requirement.any_skills()) {
    auto& to = ask.groups.emplace_back();
    for (const v1::SkillRequirement& skill : group.skills()) {
      to.emplace_back(skill.skill(), RangeOf(skill));
    }
  }
  ask.excluded_skills.insert(requirement.excluded_skills().begin(),
                             requirement.excluded_skills().end());
  ask.conditions.insert(ask.conditions.end(), requirement.label_conditions().begin(),
                        requirement.label_conditions().end());
  for (const std::string& label : requirement.labels()) ask.labels.insert(label);
  // The inquiry's own languages come first and stand alone; a queue's apply where it names none.
  if (!ask.languages.empty()) return;
  for (const v1::LanguageRequirement& language : requirement.languages()) {
    ask.languages.emplace_back(language.language(), AtLeastOne(language.min_level()));
  }
}

template <class Entries, class Name>
int LevelIn(const Entries& entries, const std::string& wanted, const Name& name) {
  const auto found = std::find_if(entries.begin(), entries.end(),
                                  [&](const auto& entry) { return name(entry) == wanted; });
  return found == entries.end() ? 0 : found->level();
}

std::string WhyNotMember(const Ask& ask, const v1::Agent& agent) {
  if (agent.memberships().empty()) return "";
  for (const v1::Membership& membership : agent.memberships()) {
    if (membership.queue() != ask.queue) continue;
    if (membership.paused()) return "is paused in queue " + ask.queue;
    if (ask.tier_max != 0 && AtLeastOne(membership.tier()) > ask.tier_max) {
      return "is of a tier that is not asked yet";
    }
    return "";
  }
  return "is no member of queue " + ask.queue;
}

std::string WhyNotSkilled(const Ask& ask, const v1::Agent& agent) {
  const auto held = [&](const std::string& skill) {
    const auto name = [](const v1::AgentSkill& s) -> const std::string& { return s.skill(); };
    return LevelIn(agent.skills(), skill, name);
  };
  for (const auto& [skill, range] : ask.skills) {
    const int level = held(skill);
    if (level == 0) return "lacks skill " + skill;
    if (level < range.least) return "has too low a level in skill " + skill;
    if (!range.Has(level)) return "has too high a level in skill " + skill;
  }
  for (const auto& group : ask.groups) {
    const bool met = std::any_of(group.begin(), group.end(),
                                 [&](const auto& one) { return one.second.Has(held(one.first)); });
    if (!met) return "has none of a group of skills";
  }
  for (const std::string& skill : ask.excluded_skills) {
    if (held(skill) != 0) return "has the excluded skill " + skill;
  }
  return "";
}

// Texts of up to 18 digits with an optional minus sign.
std::optional<std::int64_t> NumberOf(std::string_view text) {
  std::int64_t value = 0;
  const char* begin = text.data();
  const char* end = begin + text.size();
  const std::size_t digits = text.size() - (text.starts_with('-') ? 1 : 0);
  const auto [at, error] = std::from_chars(begin, end, value);
  if (error != std::errc() || at != end || digits > 18) return std::nullopt;
  return value;
}

bool Fits(const v1::Condition& condition, const std::string& value) {
  const auto& values = condition.values();
  const bool named = std::find(values.begin(), values.end(), value) != values.end();
  const auto left = NumberOf(value), right = NumberOf(values.empty() ? "" : values[0]);
  const bool numbers = left && right;
  switch (condition.comparison()) {
    case v1::COMPARISON_LESS: return numbers && *left < *right;
    case v1::COMPARISON_LESS_OR_EQUAL: return numbers && *left <= *right;
    case v1::COMPARISON_GREATER: return numbers && *left > *right;
    case v1::COMPARISON_GREATER_OR_EQUAL: return numbers && *left >= *right;
    default: return named;
  }
}

bool Holds(const v1::Condition& condition, const v1::Agent& agent) {
  const bool found = std::any_of(
      agent.labels().begin(), agent.labels().end(), [&](const std::string& label) {
        const std::string prefix = condition.key() + "=";
        return label.starts_with(prefix) && Fits(condition, label.substr(prefix.size()));
      });
  return found != (condition.comparison() == v1::COMPARISON_NOT_EQUAL);
}

std::string WhyNotSpeaking(const Ask& ask, const v1::Agent& agent) {
  if (ask.languages.empty()) return "";
  for (const auto& [language, level] : ask.languages) {
    const auto name = [](const v1::AgentLanguage& l) -> const std::string& { return l.language(); };
    if (LevelIn(agent.languages(), language, name) >= level) return "";
  }
  return "speaks none of the languages well enough";
}

}  // namespace

Ask AskOf(const v1::Queue& queue, const v1::InquirySpec& spec, int step) {
  Ask ask{.queue = queue.id(), .suspended = queue.suspended(), .tier_max = queue.first_tier()};
  Merge(spec.requirement(), ask);
  Merge(queue.requirement(), ask);
  for (int i = 0; i < StepsInForce(queue, step); ++i) {
    const v1::Step& relaxed = queue.steps(i);
    const auto lower = [&](Range& range) {
      range.least = AtLeastOne(range.least - relaxed.lower_levels());
    };
    for (auto& [skill, range] : ask.skills) lower(range);
    for (auto& group : ask.groups) {
      for (auto& [skill, range] : group) lower(range);
    }
    for (auto& [language, level] : ask.languages) {
      level = AtLeastOne(level - relaxed.lower_levels());
    }
    for (const std::string& skill : relaxed.drop_skills()) {
      ask.skills.erase(skill);
      std::erase_if(ask.groups, [&](const auto& group) {
        return std::any_of(group.begin(), group.end(),
                           [&](const auto& one) { return one.first == skill; });
      });
    }
    for (const std::string& label : relaxed.drop_labels()) {
      ask.labels.erase(label);
      std::erase_if(ask.conditions, [&](const v1::Condition& c) { return c.key() == label; });
    }
    if (relaxed.drop_languages()) ask.languages.clear();
    if (relaxed.tier() != 0) ask.tier_max = relaxed.tier();
  }
  return ask;
}

std::string WhyNot(const Ask& ask, const v1::Agent& agent) {
  if (ask.suspended) return "is not asked: queue " + ask.queue + " is suspended";
  if (std::string reason = WhyNotMember(ask, agent); !reason.empty()) return reason;
  if (std::string reason = WhyNotSkilled(ask, agent); !reason.empty()) return reason;
  if (std::string reason = WhyNotSpeaking(ask, agent); !reason.empty()) return reason;
  for (const std::string& label : ask.labels) {
    if (std::find(agent.labels().begin(), agent.labels().end(), label) == agent.labels().end()) {
      return "lacks label " + label;
    }
  }
  for (const v1::Condition& condition : ask.conditions) {
    if (!Holds(condition, agent)) return "has no label that fits the condition on " + condition.key();
  }
  return "";
}

ServingKey KeyOf(const v1::Queue& queue, int priority, int step, std::int64_t arrival_us,
                 std::uint64_t sequence) {
  ServingKey key{.rank = 0, .due_us = arrival_us, .sequence = sequence};
  for (int i = 0; i < StepsInForce(queue, step); ++i) {
    key.due_us -= Microseconds(queue.steps(i).credit());
  }
  const v1::Serving serving = queue.serving();
  if (serving == v1::SERVING_LIFO) {
    key.due_us -= 2 * arrival_us;
    key.sequence = ~sequence;
  }
  if (serving == v1::SERVING_STRICT) key.rank = -priority;
  if (serving == v1::SERVING_CREDIT || serving == v1::SERVING_DEADLINE) {
    const auto credit = queue.credits().find(priority);
    if (credit != queue.credits().end()) key.due_us -= Microseconds(credit->second);
  }
  if (serving == v1::SERVING_DEADLINE) {
    key.due_us += queue.has_first_response_target()
                      ? Microseconds(queue.first_response_target())
                      : kDefaultTargetUs;
  }
  return key;
}

}  // namespace firstline::check
