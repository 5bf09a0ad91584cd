// How good an agent is for an inquiry: the value of each criterion.
#include <algorithm>
#include <utility>

#include "services/router/engine/draw.h"
#include "services/router/engine/matcher.h"

namespace firstline::engine {
namespace {

constexpr int64_t kHourUs = int64_t{3600} * 1'000'000;

int64_t SkillSum(const Requirement& requirement, const Profile& profile) {
  int64_t sum = 0;
  for (const Level& asked : requirement.skills) sum += LevelOf(profile.skills, asked.name);
  if (requirement.more.get() == nullptr) return sum;
  for (const auto& group : requirement.more.get()->any_skills) {
    int best = 0;
    for (const Level& one : group) best = std::max(best, LevelOf(profile.skills, one.name));
    sum += best;
  }
  return sum;
}

}  // namespace

Handled HandledSince(const Agent& agent, Time begin) {
  Handled sum{.at = begin};
  for (const Handled& entry : agent.handled) {
    if (entry.at <= begin) continue;
    sum.assignments = static_cast<uint16_t>(sum.assignments + entry.assignments);
    sum.time = sum.time + entry.time;
  }
  return sum;
}

// Place in the order of preference and level of the earliest language that fits; (number of
// languages, 0) when none does.
std::pair<int64_t, int> Matcher::LanguageOf(const Ask& ask, const Profile& profile) {
  const auto& languages = ask.requirement.languages;
  for (size_t i = 0; i < languages.size(); ++i) {
    const int held = LevelOf(profile.languages, languages[i].name);
    if (held >= Lowered(languages[i].level, ask.audience.lowered)) {
      return {static_cast<int64_t>(i), held};
    }
  }
  return {static_cast<int64_t>(languages.size()), 0};
}

// kNotStatic: not a static criterion.
int64_t Matcher::StaticValue(Criterion criterion, const Ask& ask, const Profile& profile) {
  switch (criterion) {
    case Criterion::kLanguageLevel: {
      const auto [place, level] = LanguageOf(ask, profile);
      return place * 16 + (level == 0 ? 0 : limits::kLevelMax - level);
    }
    case Criterion::kSkillLevel: return -SkillSum(ask.requirement, profile);
    case Criterion::kFewestSkills: return static_cast<int64_t>(profile.skills.size());
    case Criterion::kTier: {
      const Membership* membership = FindMembership(profile, ask.queue());
      return membership == nullptr ? 0 : membership->tier;
    }
    case Criterion::kPosition: {
      const Membership* membership = FindMembership(profile, ask.queue());
      return membership == nullptr ? 0 : membership->position;
    }
    default: return kNotStatic;
  }
}

Matcher::Score Matcher::ScoreOf(const Ask& ask, const Inquiry& inquiry, AgentIx ix,
                                Time now) const {
  const Agent& agent = world_.agent(ix);
  const Profile& profile = world_.profiles[agent.profile];
  const Time window = now - world_.config.settings.fairness_window;
  Score score{};
  size_t at = 0;
  for (Criterion criterion : world_.queue(ask.queue()).selection.criteria) {
    int64_t& value = score[at++];
    switch (criterion) {
      case Criterion::kPreferred: {
        auto named = std::find(inquiry.preferred.begin(), inquiry.preferred.end(), ix);
        value = named - inquiry.preferred.begin();
        break;
      }
      case Criterion::kLoad: value = LoadOf(agent); break;
      case Criterion::kIdleTime: value = static_cast<int64_t>(agent.idle_sequence); break;
      case Criterion::kRoundRobin: value = static_cast<int64_t>(agent.offered_sequence); break;
      case Criterion::kFewestHandled: value = HandledSince(agent, window).assignments; break;
      case Criterion::kLeastHandleTime: value = HandledSince(agent, window).time.us; break;
      case Criterion::kRandom: {
        const Membership* membership = FindMembership(profile, ask.queue());
        value = Draw(world_.config.settings.random_seed, inquiry.sequence, agent.sequence,
                     membership == nullptr ? 1 : membership->weight);
        break;
      }
      case Criterion::kScore: value = -WeightedScore(ask, agent, now); break;
      default: value = StaticValue(criterion, ask, profile); break;
    }
  }
  score.back() = agent.sequence;
  return score;
}

// Higher is better.
int64_t Matcher::WeightedScore(const Ask& ask, const Agent& agent, Time now) const {
  const ScoreConfig& weights = world_.queue(ask.queue()).config.score;
  const Requirement& requirement = ask.requirement;
  const Profile& profile = world_.profiles[agent.profile];
  const MoreAsked* more = requirement.more.get();
  const auto asked = static_cast<int64_t>(requirement.skills.size() +
                                          (more == nullptr ? 0 : more->any_skills.size()));
  const auto [place, level] = LanguageOf(ask, profile);
  const Membership* membership = FindMembership(profile, ask.queue());
  const Time window = now - world_.config.settings.fairness_window;
  const int64_t skill = asked == 0 ? 0 : SkillSum(requirement, profile) * 100 / asked;
  const int64_t language = std::max<int64_t>(0, level * 100 - place * 250);
  const int64_t load = std::max<int64_t>(0, 1000 - 1000 * int64_t{agent.used} / agent.units);
  const int64_t idle = std::clamp<int64_t>((now - agent.idle_since).us, 0, kHourUs) * 1000 / kHourUs;
  const int64_t handled = 1000 / (1 + int64_t{HandledSince(agent, window).assignments});
  const int64_t tier = 1000 / (membership == nullptr ? 1 : std::max<int64_t>(1, membership->tier));
  return weights.skill_level * skill + weights.language_level * language + weights.load * load +
         weights.idle_time * idle + weights.handled * handled + weights.tier * tier;
}

}  // namespace firstline::engine
