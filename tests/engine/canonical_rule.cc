#include "tests/engine/canonical_rule.h"

#include <algorithm>
#include <stdexcept>
#include <tuple>

namespace firstline::engine::proof {
namespace {

int LevelIn(const std::vector<SkillLevel>& levels, const std::string& name) {
  int level = 0;
  for (const SkillLevel& l : levels) {
    if (l.name == name) level = std::max(level, l.level);
  }
  return level;
}

// What the steps reached so far add up to.
struct Relaxation {
  int lowered = 0;
  std::set<std::string> dropped;
  bool any_language = false;
  int tier_max = 0;
  int64_t credit_us = 0;
};

Relaxation RelaxationOf(const QueueConfig& queue, int step) {
  Relaxation sum;
  sum.tier_max = queue.first_tier;
  for (int s = 0; s < step && s < static_cast<int>(queue.steps.size()); ++s) {
    const StepConfig& reached = queue.steps[static_cast<size_t>(s)];
    sum.lowered += reached.lower_levels;
    sum.dropped.insert(reached.drop_skills.begin(), reached.drop_skills.end());
    sum.any_language |= reached.drop_languages;
    if (reached.tier != 0) sum.tier_max = reached.tier;
    sum.credit_us += reached.credit.us;
  }
  return sum;
}

const MembershipConfig* MembershipOf(const AgentConfig& agent, const std::string& queue) {
  for (const MembershipConfig& m : agent.memberships) {
    if (m.queue == queue) return &m;
  }
  return nullptr;
}

int AtLeast(int asked, const Relaxation& relaxed) { return std::max(1, asked - relaxed.lowered); }

bool SpeaksOne(const RequirementSpec& asked, const Relaxation& relaxed, const AgentConfig& agent) {
  if (asked.languages.empty() || relaxed.any_language) return true;
  for (const SkillLevel& language : asked.languages) {
    if (LevelIn(agent.languages, language.name) >= AtLeast(language.level, relaxed)) return true;
  }
  return false;
}

// Smaller is better.
int64_t LanguageScore(const RequirementSpec& asked, const Relaxation& relaxed,
                      const AgentConfig& agent) {
  int64_t place = 0;
  for (const SkillLevel& language : asked.languages) {
    const int level = LevelIn(agent.languages, language.name);
    if (level >= AtLeast(language.level, relaxed)) return place * 100 - level;
    ++place;
  }
  return place * 100;
}

int64_t SkillScore(const RequirementSpec& asked, const AgentConfig& agent) {
  int64_t sum = 0;
  for (const SkillLevel& skill : asked.skills) sum += LevelIn(agent.skills, skill.name);
  return -sum;
}

bool IsBetter(Criterion criterion, const Model& model, const ModelInquiry& inquiry,
              const ModelAgent& a, const ModelAgent& b) {
  const RequirementSpec asked = Asked(model, inquiry);
  const Relaxation relaxed = RelaxationOf(model.Queue(inquiry.queue), inquiry.step);
  const auto place = [&](const ModelAgent& agent) {
    return std::find(inquiry.preferred.begin(), inquiry.preferred.end(), agent.config.id);
  };
  const auto tier = [&](const ModelAgent& agent) {
    const MembershipConfig* membership = MembershipOf(agent.config, inquiry.queue);
    return membership == nullptr ? 0 : membership->tier;
  };
  switch (criterion) {
    case Criterion::kPreferred:
      return place(a) < place(b);
    case Criterion::kLanguageLevel:
      return LanguageScore(asked, relaxed, a.config) < LanguageScore(asked, relaxed, b.config);
    case Criterion::kSkillLevel:
      return SkillScore(asked, a.config) < SkillScore(asked, b.config);
    case Criterion::kFewestSkills:
      return a.config.skills.size() < b.config.skills.size();
    case Criterion::kTier:
      return tier(a) < tier(b);
    case Criterion::kLoad:  // used / units as fractions
      return model.Used(a.config.id, "") * b.config.units <
             model.Used(b.config.id, "") * a.config.units;
    case Criterion::kIdleTime:
      return a.idle_since < b.idle_since;
    case Criterion::kRoundRobin:
      return a.last_offered < b.last_offered;
  }
  return false;
}

}  // namespace

const QueueConfig& Model::Queue(const std::string& id) const {
  for (const QueueConfig& queue : config.queues) {
    if (queue.id == id) return queue;
  }
  throw std::logic_error("the model knows no queue " + id);
}

int Model::Used(const std::string& agent, const std::string& channel) const {
  int used = 0;
  for (const auto& [id, inquiry] : inquiries) {
    const bool holds =
        inquiry.state == InquiryState::kOffered || inquiry.state == InquiryState::kAssigned;
    if (!holds || inquiry.agent != agent) continue;
    if (channel.empty() || inquiry.channel == channel) used += inquiry.units;
  }
  for (const auto& [id, wrap_up] : agents.at(agent).wrap_ups) {
    if (channel.empty() || wrap_up.channel == channel) used += wrap_up.units;
  }
  return used;
}

RequirementSpec Asked(const Model& model, const ModelInquiry& inquiry) {
  const RequirementSpec& queue = model.Queue(inquiry.queue).requirement;
  RequirementSpec asked;
  std::set<std::string> skills, labels(queue.labels.begin(), queue.labels.end());
  for (const SkillLevel& s : queue.skills) skills.insert(s.name);
  for (const SkillLevel& s : inquiry.own.skills) skills.insert(s.name);
  for (const std::string& name : skills) {
    asked.skills.push_back(
        {name, std::max(LevelIn(queue.skills, name), LevelIn(inquiry.own.skills, name))});
  }
  asked.languages = inquiry.own.languages.empty() ? queue.languages : inquiry.own.languages;
  labels.insert(inquiry.own.labels.begin(), inquiry.own.labels.end());
  asked.labels.assign(labels.begin(), labels.end());
  return asked;
}

Mismatch NaiveQualifies(const Model& model, const ModelInquiry& inquiry, const AgentConfig& agent) {
  const RequirementSpec asked = Asked(model, inquiry);
  const Relaxation relaxed = RelaxationOf(model.Queue(inquiry.queue), inquiry.step);
  if (!agent.memberships.empty()) {
    const MembershipConfig* membership = MembershipOf(agent, inquiry.queue);
    if (membership == nullptr) return Mismatch::kNotMember;
    if (membership->paused) return Mismatch::kPaused;
    if (relaxed.tier_max != 0 && membership->tier > relaxed.tier_max) return Mismatch::kTier;
  }
  for (const SkillLevel& skill : asked.skills) {
    if (relaxed.dropped.count(skill.name) != 0) continue;
    const int level = LevelIn(agent.skills, skill.name);
    if (level == 0) return Mismatch::kSkillMissing;
    if (level < AtLeast(skill.level, relaxed)) return Mismatch::kSkillLevel;
  }
  if (!SpeaksOne(asked, relaxed, agent)) return Mismatch::kLanguage;
  for (const std::string& label : asked.labels) {
    const auto& labels = agent.labels;
    if (std::find(labels.begin(), labels.end(), label) == labels.end()) return Mismatch::kLabel;
  }
  return Mismatch::kNone;
}

bool IsOpen(const Model& model, const ModelInquiry& inquiry, const ModelAgent& agent) {
  const AgentConfig& config = agent.config;
  if (agent.presence != Presence::kAvailable || agent.back_off) return false;
  if (model.Used(config.id, "") + inquiry.units > config.units) return false;
  const auto limit = config.channel_units.find(inquiry.channel);
  if (limit == config.channel_units.end()) return true;
  return model.Used(config.id, inquiry.channel) + inquiry.units <= limit->second;
}

std::tuple<int64_t, int64_t, uint64_t> ServingKey(const Model& model, const ModelInquiry& inquiry) {
  const QueueConfig& queue = model.Queue(inquiry.queue);
  int64_t rank = 0;
  int64_t due = inquiry.create_time.us - RelaxationOf(queue, inquiry.step).credit_us;
  const auto credit = queue.credits.find(inquiry.priority);
  const int64_t credit_us = credit == queue.credits.end() ? 0 : credit->second.us;
  switch (queue.serving) {
    case Serving::kFifo:
      break;
    case Serving::kCredit:
      due -= credit_us;
      break;
    case Serving::kStrict:
      rank = -inquiry.priority;
      break;
    case Serving::kDeadline:
      due += queue.first_response_target.us - credit_us;
      break;
  }
  return {rank, due, inquiry.sequence};
}

std::vector<std::string> Candidates(const Model& model, const ModelInquiry& inquiry) {
  std::vector<const ModelAgent*> fitting;
  for (const auto& [id, agent] : model.agents) {
    if (inquiry.held && id != inquiry.preferred.front()) continue;
    const auto barred = inquiry.barred.find(id);
    if (barred != inquiry.barred.end() && barred->second > model.now) continue;
    if (!IsOpen(model, inquiry, agent)) continue;
    if (NaiveQualifies(model, inquiry, agent.config) != Mismatch::kNone) continue;
    fitting.push_back(&agent);
  }
  const auto& selection = model.Queue(inquiry.queue).selection;
  std::sort(fitting.begin(), fitting.end(), [&](const ModelAgent* a, const ModelAgent* b) {
    for (Criterion criterion : selection) {
      if (IsBetter(criterion, model, inquiry, *a, *b)) return true;
      if (IsBetter(criterion, model, inquiry, *b, *a)) return false;
    }
    return a->sequence < b->sequence;
  });
  std::vector<std::string> ids;
  for (const ModelAgent* agent : fitting) ids.push_back(agent->config.id);
  return ids;
}

std::optional<Match> NextMatch(const Model& model) {
  std::map<std::tuple<int64_t, int64_t, uint64_t>, const ModelInquiry*> order;
  for (const auto& [id, inquiry] : model.inquiries) {
    if (inquiry.state == InquiryState::kWaiting) order[ServingKey(model, inquiry)] = &inquiry;
  }
  for (const auto& [key, inquiry] : order) {
    const std::vector<std::string> candidates = Candidates(model, *inquiry);
    if (!candidates.empty()) return Match{inquiry->id, candidates.front()};
  }
  return std::nullopt;
}

}  // namespace firstline::engine::proof
