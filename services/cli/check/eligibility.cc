#include "services/cli/check/eligibility.h"

#include <algorithm>

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

void Merge(const v1::Requirement& requirement, Ask& ask) {
  for (const v1::SkillRequirement& skill : requirement.skills()) {
    int& level = ask.skills[skill.skill()];
    level = std::max(level, AtLeastOne(skill.min_level()));
  }
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
  Ask ask{.queue = queue.id(), .tier_max = queue.first_tier()};
  Merge(spec.requirement(), ask);
  Merge(queue.requirement(), ask);
  for (int i = 0; i < StepsInForce(queue, step); ++i) {
    const v1::Step& relaxed = queue.steps(i);
    for (auto& [skill, level] : ask.skills) level = AtLeastOne(level - relaxed.lower_levels());
    for (auto& [language, level] : ask.languages) {
      level = AtLeastOne(level - relaxed.lower_levels());
    }
    for (const std::string& skill : relaxed.drop_skills()) ask.skills.erase(skill);
    if (relaxed.drop_languages()) ask.languages.clear();
    if (relaxed.tier() != 0) ask.tier_max = relaxed.tier();
  }
  return ask;
}

std::string WhyNot(const Ask& ask, const v1::Agent& agent) {
  if (std::string reason = WhyNotMember(ask, agent); !reason.empty()) return reason;
  for (const auto& [skill, level] : ask.skills) {
    const auto name = [](const v1::AgentSkill& s) -> const std::string& { return s.skill(); };
    const int held = LevelIn(agent.skills(), skill, name);
    if (held == 0) return "lacks skill " + skill;
    if (held < level) return "has too low a level in skill " + skill;
  }
  if (std::string reason = WhyNotSpeaking(ask, agent); !reason.empty()) return reason;
  for (const std::string& label : ask.labels) {
    if (std::find(agent.labels().begin(), agent.labels().end(), label) == agent.labels().end()) {
      return "lacks label " + label;
    }
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
