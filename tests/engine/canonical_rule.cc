#include "tests/engine/canonical_rule.h"

#include <algorithm>
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
  std::set<std::string> dropped_labels;
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
    sum.dropped_labels.insert(reached.drop_labels.begin(), reached.drop_labels.end());
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
  for (const auto& group : asked.any_skills) {
    int best = 0;
    for (const SkillLevel& skill : group) best = std::max(best, LevelIn(agent.skills, skill.name));
    sum += best;
  }
  return -sum;
}

bool Suits(const SkillLevel& asked, const Relaxation& relaxed, const AgentConfig& agent) {
  const int level = LevelIn(agent.skills, asked.name);
  return level >= AtLeast(asked.level, relaxed) && (asked.max == 0 || level <= asked.max);
}

// The values of the agent's labels "<key>=<value>".
std::vector<std::string> ValuesOf(const AgentConfig& agent, const std::string& key) {
  std::vector<std::string> values;
  for (const std::string& label : agent.labels) {
    if (label.rfind(key + "=", 0) == 0) values.push_back(label.substr(key.size() + 1));
  }
  return values;
}

// Units in use, added up once for a scan.
struct Usage {
  std::map<std::string, int> total;
  std::map<std::pair<std::string, std::string>, int> by_channel;  // (agent, channel)

  explicit Usage(const Model& model) {
    for (const auto& [id, inquiry] : model.inquiries) {
      if (inquiry.state == InquiryState::kAssigned) {
        Add(inquiry.agent, inquiry.channel, inquiry.units);
      }
      if (inquiry.state != InquiryState::kOffered) continue;
      for (const std::string& agent : inquiry.asked) Add(agent, inquiry.channel, inquiry.units);
    }
    for (const auto& [id, agent] : model.agents) {
      for (const auto& [inquiry, wrap_up] : agent.wrap_ups) Add(id, wrap_up.channel, wrap_up.units);
    }
  }
  void Add(const std::string& agent, const std::string& channel, int units) {
    total[agent] += units;
    by_channel[{agent, channel}] += units;
  }
  int Of(const std::string& agent) const {
    const auto it = total.find(agent);
    return it == total.end() ? 0 : it->second;
  }
  int Of(const std::string& agent, const std::string& channel) const {
    const auto it = by_channel.find({agent, channel});
    return it == by_channel.end() ? 0 : it->second;
  }
};

bool IsDecliner(const ModelInquiry& inquiry, const std::string& agent) {
  const auto& decliners = inquiry.decliners;
  return std::find(decliners.begin(), decliners.end(), agent) != decliners.end();
}

// One waiting inquiry as its line sees it.
struct Look {
  const Model& model;
  const ModelInquiry& inquiry;
  const Usage& usage;
  RequirementSpec asked = Asked(model, inquiry);
  Relaxation relaxed = RelaxationOf(model.Queue(inquiry.queue), inquiry.step);

  Mismatch Qualify(const AgentConfig& agent) const;
  bool IsOpen(const ModelAgent& agent) const;
  bool IsClosedHere(const ModelAgent& agent) const;
  bool HasRoom(const ModelAgent& agent) const;
  bool IsRateLimited(const ModelAgent& agent) const;
  bool IsBetter(Criterion criterion, const ModelAgent& a, const ModelAgent& b) const;
  bool IsFree(const ModelAgent& agent) const;  // it may be offered the inquiry
  std::optional<std::string> Best() const;
  ModelHandled Within(const ModelAgent& agent) const;  // the fairness window
  int64_t Score(const ModelAgent& agent) const;
};

ModelHandled Look::Within(const ModelAgent& agent) const {
  ModelHandled sum;
  for (const ModelHandled& entry : agent.handled) {
    if (model.now - entry.at >= model.config.settings.fairness_window) continue;
    sum.assignments += entry.assignments;
    sum.time_us += entry.time_us;
  }
  return sum;
}

int64_t Look::Score(const ModelAgent& agent) const {
  const ScoreConfig& weights = model.Queue(inquiry.queue).score;
  const auto parts = static_cast<int64_t>(asked.skills.size() + asked.any_skills.size());
  int64_t language = 0, place = 0;
  for (const SkillLevel& wanted : asked.languages) {
    const int level = LevelIn(agent.config.languages, wanted.name);
    if (level >= AtLeast(wanted.level, relaxed)) {
      language = std::max<int64_t>(0, 100 * level - 250 * place);
      break;
    }
    ++place;
  }
  const MembershipConfig* membership = MembershipOf(agent.config, inquiry.queue);
  const int64_t used = usage.Of(agent.config.id);
  const int64_t idle_us = std::min<int64_t>((model.now - agent.idle_from).us, 3'600'000'000);
  int64_t score = 0;
  if (parts > 0) score += weights.skill_level * (-SkillScore(asked, agent.config) * 100 / parts);
  score += weights.language_level * language;
  score += weights.load * std::max<int64_t>(0, 1000 - 1000 * used / agent.config.units);
  score += weights.idle_time * (idle_us * 1000 / 3'600'000'000);
  score += weights.handled * (1000 / (1 + Within(agent).assignments));
  return score + weights.tier * (1000 / (membership == nullptr ? 1 : membership->tier));
}

bool Look::IsBetter(Criterion criterion, const ModelAgent& a, const ModelAgent& b) const {
  const auto place = [&](const ModelAgent& agent) {
    return std::find(inquiry.preferred.begin(), inquiry.preferred.end(), agent.config.id);
  };
  const auto tier = [&](const ModelAgent& agent) {
    const MembershipConfig* membership = MembershipOf(agent.config, inquiry.queue);
    return membership == nullptr ? 0 : membership->tier;
  };
  const auto position = [&](const ModelAgent& agent) {
    const MembershipConfig* membership = MembershipOf(agent.config, inquiry.queue);
    return membership == nullptr ? 0 : membership->position;
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
      return usage.Of(a.config.id) * b.config.units < usage.Of(b.config.id) * a.config.units;
    case Criterion::kIdleTime:
      return a.idle_since < b.idle_since;
    case Criterion::kRoundRobin:
      return a.last_offered < b.last_offered;
    case Criterion::kPosition:
      return position(a) < position(b);
    case Criterion::kFewestHandled:
      return Within(a).assignments < Within(b).assignments;
    case Criterion::kLeastHandleTime:
      return Within(a).time_us < Within(b).time_us;
    case Criterion::kRandom:
      return Lot(model, inquiry, a) < Lot(model, inquiry, b);
    case Criterion::kScore:
      return Score(a) > Score(b);
  }
  return false;
}

Mismatch Look::Qualify(const AgentConfig& agent) const {
  if (model.Queue(inquiry.queue).suspended) return Mismatch::kSuspended;
  if (!agent.memberships.empty()) {
    const MembershipConfig* membership = MembershipOf(agent, inquiry.queue);
    if (membership == nullptr) return Mismatch::kNotMember;
    if (membership->paused) return Mismatch::kPaused;
    if (relaxed.tier_max != 0 && membership->tier > relaxed.tier_max) return Mismatch::kTier;
  }
  for (const SkillLevel& skill : asked.skills) {
    if (relaxed.dropped.count(skill.name) != 0) continue;
    if (LevelIn(agent.skills, skill.name) == 0) return Mismatch::kSkillMissing;
    if (!Suits(skill, relaxed, agent)) return Mismatch::kSkillLevel;
  }
  for (const auto& group : asked.any_skills) {
    const bool met = std::any_of(group.begin(), group.end(), [&](const SkillLevel& skill) {
      return relaxed.dropped.count(skill.name) != 0 || Suits(skill, relaxed, agent);
    });
    if (!met) return Mismatch::kSkillGroup;
  }
  for (const std::string& skill : asked.excluded_skills) {
    if (LevelIn(agent.skills, skill) > 0) return Mismatch::kSkillExcluded;
  }
  if (!SpeaksOne(asked, relaxed, agent)) return Mismatch::kLanguage;
  for (const std::string& label : asked.labels) {
    const auto& labels = agent.labels;
    if (relaxed.dropped_labels.count(label) != 0) continue;
    if (std::find(labels.begin(), labels.end(), label) == labels.end()) return Mismatch::kLabel;
  }
  for (const Condition& condition : asked.label_conditions) {
    if (relaxed.dropped_labels.count(condition.key) != 0) continue;
    if (!Compares(ValuesOf(agent, condition.key), condition)) return Mismatch::kLabelCondition;
  }
  return Mismatch::kNone;
}

// Present, rested and with room for the inquiry.
bool Look::IsOpen(const ModelAgent& agent) const {
  const AgentConfig& config = agent.config;
  if (agent.presence != Presence::kAvailable || agent.back_off) return false;
  if (IsRateLimited(agent) || IsClosedHere(agent)) return false;
  for (const auto& [id, other] : model.inquiries) {
    if (other.reserved == config.id && id != inquiry.id) return false;
  }
  return HasRoom(agent);
}

bool Look::IsClosedHere(const ModelAgent& agent) const {
  if (agent.backs_off_from.count(inquiry.queue) != 0) return true;
  return std::any_of(agent.wrap_ups.begin(), agent.wrap_ups.end(), [&](const auto& entry) {
    return entry.second.units == 0 && entry.second.queue == inquiry.queue;
  });
}

bool Look::HasRoom(const ModelAgent& agent) const {
  const AgentConfig& config = agent.config;
  int in_the_way = usage.Of(config.id);  // all but what the inquiry's channel interrupts
  bool is_alone = false, meets_exclusive = false;
  for (const ChannelConfig& channel : model.config.channels) {
    const auto& by = channel.interrupted_by;
    const bool passes = std::count(by.begin(), by.end(), inquiry.channel) > 0;
    is_alone |= channel.exclusive && channel.id == inquiry.channel;
    const int used = passes || channel.exclusive ? usage.Of(config.id, channel.id) : 0;
    if (passes) in_the_way -= used;
    meets_exclusive |= !passes && used > 0;
  }
  if (meets_exclusive || (is_alone && in_the_way > 0)) return false;
  if (in_the_way + inquiry.units > config.units) return false;
  const auto limit = config.channel_units.find(inquiry.channel);
  if (limit == config.channel_units.end()) return true;
  return usage.Of(config.id, inquiry.channel) + inquiry.units <= limit->second;
}

bool Look::IsRateLimited(const ModelAgent& agent) const {
  const RateLimitConfig& limit = model.config.settings.rate_limit;
  if (limit.assignments == 0) return false;
  int lately = 0;
  for (const ModelHandled& entry : agent.handled) {
    if (model.now - entry.at < limit.window) lately += entry.assignments;
  }
  for (const auto& [id, other] : model.inquiries) {
    if (other.state != InquiryState::kOffered) continue;
    for (const std::string& one : other.asked) lately += one == agent.config.id ? 1 : 0;
  }
  return lately >= limit.assignments;
}

// The best of those who may be offered it now.
std::optional<std::string> Look::Best() const {
  const ModelAgent* best = nullptr;
  const std::vector<Criterion>& selection = model.Queue(inquiry.queue).selection;
  const auto comes_before = [&](const ModelAgent& a, const ModelAgent& b) {
    for (Criterion criterion : selection) {
      if (IsBetter(criterion, a, b)) return true;
      if (IsBetter(criterion, b, a)) return false;
    }
    return a.sequence < b.sequence;
  };
  for (const auto& [id, agent] : model.agents) {
    if (inquiry.held && id != inquiry.preferred.front()) continue;
    if (IsDecliner(inquiry, id) || !IsFree(agent)) continue;
    if (best == nullptr || comes_before(agent, *best)) best = &agent;
  }
  if (best != nullptr) return best->config.id;
  for (const std::string& id : inquiry.decliners) {
    const auto agent = model.agents.find(id);
    if (agent != model.agents.end() && !inquiry.held && IsFree(agent->second)) return id;
  }
  return std::nullopt;
}

bool Look::IsFree(const ModelAgent& agent) const {
  const auto barred = inquiry.barred.find(agent.config.id);
  if (barred != inquiry.barred.end() && barred->second > model.now) return false;
  return IsOpen(agent) && Qualify(agent.config) == Mismatch::kNone;
}

// The queue that had least of its share first.
using Order =
    std::map<std::pair<int64_t, std::tuple<int64_t, int64_t, uint64_t>>, const ModelInquiry*>;

Order InServingOrder(const Model& model) {
  Order order;
  for (const auto& [id, inquiry] : model.inquiries) {
    if (inquiry.state != InquiryState::kWaiting) continue;
    const auto pass = model.passes.find(inquiry.queue);
    const int64_t had = pass == model.passes.end() ? 0 : pass->second;
    order[{had, ServingKey(model, inquiry)}] = &inquiry;
  }
  return order;
}

}  // namespace

std::map<std::string, int> UnitsInUse(const Model& model) { return Usage(model).total; }

std::map<std::string, Mismatch> NaiveQualifies(const Model& model, const ModelInquiry& inquiry) {
  const Usage none{Model{}};
  const Look look{model, inquiry, none};
  std::map<std::string, Mismatch> verdicts;
  for (const auto& [id, agent] : model.agents) verdicts[id] = look.Qualify(agent.config);
  return verdicts;
}

std::tuple<int64_t, int64_t, uint64_t> ServingKey(const Model& model, const ModelInquiry& inquiry) {
  const QueueConfig& queue = model.Queue(inquiry.queue);
  int64_t rank = 0;
  int64_t due = inquiry.arrival_time.us - RelaxationOf(queue, inquiry.step).credit_us;
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
    case Serving::kLifo:
      due = -inquiry.arrival_time.us - RelaxationOf(queue, inquiry.step).credit_us;
      return {rank, due, UINT64_MAX - inquiry.sequence};
    case Serving::kDeadline:
      due += queue.first_response_target.us - credit_us;
      break;
  }
  return {rank, due, inquiry.sequence};
}

bool MayBeReserved(const Model& model, const ModelInquiry& inquiry, const std::string& agent_id) {
  const auto agent = model.agents.find(agent_id);
  if (agent == model.agents.end() || agent->second.presence != Presence::kAvailable) return false;
  if (model.Queue(inquiry.queue).max_overtakes == 0) return false;
  const auto barred = inquiry.barred.find(agent_id);
  if (barred != inquiry.barred.end() && barred->second > model.now) return false;
  if (IsDecliner(inquiry, agent_id)) return false;
  const Usage nothing{Model{}};
  const Look look{model, inquiry, nothing};
  if (look.IsClosedHere(agent->second)) return false;
  return look.HasRoom(agent->second) && look.Qualify(agent->second.config) == Mismatch::kNone;
}

bool HasRoom(const Model& model, const ModelInquiry& inquiry, const std::string& agent) {
  const Usage usage(model);
  return Look{model, inquiry, usage}.HasRoom(model.agents.at(agent));
}

bool IsAtRateLimit(const Model& model, const std::string& agent) {
  const Usage usage(model);
  const ModelInquiry any;
  return Look{model, any, usage, {}, {}}.IsRateLimited(model.agents.at(agent));
}

std::string NextOvertaken(const Model& model, const Match& match) {
  const Usage usage(model);
  for (const auto& [key, inquiry] : InServingOrder(model)) {
    if (inquiry->id == match.inquiry) return "";
    if (inquiry->held || !inquiry->reserved.empty()) continue;
    if (!MayBeReserved(model, *inquiry, match.agent)) continue;
    if (!Look{model, *inquiry, usage}.HasRoom(model.agents.at(match.agent))) return inquiry->id;
  }
  return "";
}

std::optional<std::string> NextAsked(const Model& model, const ModelInquiry& inquiry) {
  ModelInquiry waits = inquiry;
  for (const std::string& agent : inquiry.asked) waits.barred[agent] = kNever;
  if (!IsDecliner(inquiry, inquiry.asked.front())) waits.decliners.clear();
  for (const std::string& agent : inquiry.decliners) {
    if (waits.decliners.empty()) waits.barred[agent] = kNever;
  }
  const Usage usage(model);
  return Look{model, waits, usage}.Best();
}

std::optional<Match> NextMatch(const Model& model) {
  const Usage usage(model);
  for (const auto& [key, inquiry] : InServingOrder(model)) {
    const std::optional<std::string> best = Look{model, *inquiry, usage}.Best();
    if (best) return Match{inquiry->id, *best};
  }
  return std::nullopt;
}

}  // namespace firstline::engine::proof
