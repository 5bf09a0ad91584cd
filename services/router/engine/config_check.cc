#include "services/router/engine/config_check.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "services/router/engine/limits.h"
#include "services/router/engine/requirement.h"

namespace firstline::engine {
namespace {

using Problems = std::vector<ConfigProblem>;

bool IsSpan(Span span) { return span.us >= 0 && span.us <= limits::kSpanMaxUs; }

void CheckId(const std::string& id, const std::string& path, Problems& out) {
  if (id.empty()) out.push_back({path + ".id", "must not be empty"});
  if (id.size() > limits::kIdBytesMax) {
    out.push_back({path + ".id", absl::StrCat("at most ", limits::kIdBytesMax, " bytes")});
  }
}

void CheckSpan(Span span, const std::string& path, Problems& out) {
  if (!IsSpan(span)) out.push_back({path, "must be between 0 and 30 days"});
}

void CheckRange(int64_t value, int64_t low, int64_t high, const std::string& path, Problems& out) {
  if (value >= low && value <= high) return;
  out.push_back({path, absl::StrCat("is ", value, ", must be between ", low, " and ", high)});
}

void CheckLevels(const std::vector<SkillLevel>& levels, size_t max, const std::string& path,
                 Problems& out) {
  if (levels.size() > max) out.push_back({path, absl::StrCat("at most ", max, " entries")});
  std::set<std::string_view> seen;
  for (size_t i = 0; i < levels.size(); ++i) {
    const std::string at = absl::StrCat(path, "[", i, "]");
    if (levels[i].name.empty() || levels[i].name.size() > limits::kNameBytesMax) {
      out.push_back({at, absl::StrCat("name must have 1 to ", limits::kNameBytesMax, " bytes")});
    }
    CheckRange(levels[i].level, limits::kLevelMin, limits::kLevelMax, at + ".level", out);
    if (!seen.insert(levels[i].name).second) {
      out.push_back({at, absl::StrCat("\"", levels[i].name, "\" is given twice")});
    }
  }
}

void CheckMaxLevels(const std::vector<SkillLevel>& levels, const std::string& path, Problems& out) {
  for (size_t i = 0; i < levels.size(); ++i) {
    if (levels[i].max == 0) continue;
    CheckRange(levels[i].max, levels[i].level, limits::kLevelMax,
               absl::StrCat(path, "[", i, "].max_level"), out);
  }
}

void CheckLabels(const std::vector<std::string>& labels, size_t max, const std::string& path,
                 Problems& out) {
  if (labels.size() > max) out.push_back({path, absl::StrCat("at most ", max, " entries")});
  for (size_t i = 0; i < labels.size(); ++i) {
    if (labels[i].empty() || labels[i].size() > limits::kNameBytesMax) {
      out.push_back({absl::StrCat(path, "[", i, "]"),
                     absl::StrCat("must have 1 to ", limits::kNameBytesMax, " bytes")});
    }
  }
}

void CheckConditions(const std::vector<Condition>& conditions, const std::string& path,
                     Problems& out) {
  if (conditions.size() > limits::kConditionsMax) {
    out.push_back({path, absl::StrCat("at most ", limits::kConditionsMax, " entries")});
  }
  for (size_t i = 0; i < conditions.size(); ++i) {
    const std::string problem = ProblemOf(conditions[i]);
    if (!problem.empty()) out.push_back({absl::StrCat(path, "[", i, "]"), problem});
  }
}

void CheckRequirement(const RequirementSpec& spec, const std::string& path, Problems& out) {
  CheckLevels(spec.skills, limits::kRequiredSkillsMax, path + ".skills", out);
  CheckMaxLevels(spec.skills, path + ".skills", out);
  CheckLevels(spec.languages, limits::kRequiredLanguagesMax, path + ".languages", out);
  CheckLabels(spec.labels, limits::kRequiredLabelsMax, path + ".labels", out);
  if (spec.any_skills.size() > limits::kSkillGroupsMax) {
    out.push_back({path + ".any_skills", absl::StrCat("at most ", limits::kSkillGroupsMax,
                                                      " groups")});
  }
  for (size_t i = 0; i < spec.any_skills.size(); ++i) {
    const std::string at = absl::StrCat(path, ".any_skills[", i, "].skills");
    if (spec.any_skills[i].empty()) {
      out.push_back({at, "must not be empty: nobody could ever qualify"});
    }
    CheckLevels(spec.any_skills[i], limits::kSkillGroupMax, at, out);
    CheckMaxLevels(spec.any_skills[i], at, out);
  }
  CheckLabels(spec.excluded_skills, limits::kExcludedSkillsMax, path + ".excluded_skills", out);
  for (const SkillLevel& skill : spec.skills) {
    if (std::find(spec.excluded_skills.begin(), spec.excluded_skills.end(), skill.name) ==
        spec.excluded_skills.end()) {
      continue;
    }
    out.push_back({path + ".excluded_skills",
                   absl::StrCat("\"", skill.name, "\" is asked for as well: nobody can qualify")});
  }
  CheckConditions(spec.label_conditions, path + ".label_conditions", out);
}

template <class Config>
void CheckUnique(const std::vector<Config>& configs, const std::string& path, size_t max,
                 Problems& out) {
  if (configs.size() > max) out.push_back({path, absl::StrCat("at most ", max, " entries")});
  std::map<std::string_view, size_t> seen;
  for (size_t i = 0; i < configs.size(); ++i) {
    const std::string at = absl::StrCat(path, "[", i, "]");
    CheckId(configs[i].id, at, out);
    auto [known, fresh] = seen.try_emplace(configs[i].id, i);
    if (!fresh) {
      out.push_back({at + ".id", absl::StrCat("\"", configs[i].id, "\" is also ", path, "[",
                                              known->second, "]")});
    }
  }
}

bool HasQueue(const WorkspaceConfig& config, std::string_view id) {
  return std::any_of(config.queues.begin(), config.queues.end(),
                     [&](const QueueConfig& queue) { return queue.id == id; });
}

bool HasCalendar(const WorkspaceConfig& config, std::string_view id) {
  return std::any_of(config.calendars.begin(), config.calendars.end(),
                     [&](const CalendarConfig& calendar) { return calendar.id == id; });
}

void CheckWaits(const StepWhen& when, const std::string& path, Problems& out) {
  const auto& above = when.expected_wait_above;
  const auto& below = when.expected_wait_below;
  if (above) CheckSpan(*above, path + ".expected_wait_above", out);
  if (below) CheckSpan(*below, path + ".expected_wait_below", out);
  if (below && below->us == 0) {
    out.push_back({path + ".expected_wait_below", "must be more than 0: no wait is less"});
  }
  if (above && below && *above >= *below) {
    out.push_back({path + ".expected_wait_below", "must be more than expected_wait_above"});
  }
}

// What a step waits for.
void CheckWhen(const StepConfig& step, const WorkspaceConfig& config, const std::string& at,
               Problems& out) {
  const StepWhen& when = *step.when;
  const std::string path = at + ".when";
  if (when == StepWhen{}) out.push_back({path, "says nothing: set a bound or a calendar"});
  const auto check = [&](const char* name, const std::optional<int>& below,
                         const std::optional<int>& above) {
    if (below) CheckRange(*below, 1, limits::kCountMax, absl::StrCat(path, ".", name, "_below"), out);
    if (above) CheckRange(*above, 0, limits::kCountMax, absl::StrCat(path, ".", name, "_above"), out);
    if (below && above && *above + 1 >= *below) {
      out.push_back({absl::StrCat(path, ".", name, "_below"),
                     absl::StrCat("no number is above ", *above, " and below ", *below)});
    }
  };
  check("available", when.available_below, when.available_above);
  check("logged_in", when.logged_in_below, when.logged_in_above);
  check("waiting", when.waiting_below, when.waiting_above);
  CheckWaits(when, path, out);
  for (const auto& [name, id] : {std::pair("open", &when.open), std::pair("closed", &when.closed)}) {
    if (id->empty() || HasCalendar(config, *id)) continue;
    out.push_back({absl::StrCat(path, ".", name), absl::StrCat("there is no calendar \"", *id, "\"")});
  }
  CheckSpan(step.at_latest, at + ".at_latest", out);
  if (step.at_latest.us != 0 && step.at_latest <= step.after) {
    out.push_back({at + ".at_latest", "must be later than `after`"});
  }
  if (step.at_once_if_nobody) {
    out.push_back({at + ".at_once_if_nobody",
                   "does not go with `when`: say logged_in_below: 1 there instead"});
  }
}

void CheckCalendar(const CalendarConfig& calendar, const std::string& path, Problems& out) {
  const auto check_size = [&](size_t size, size_t max, const char* name) {
    if (size > max) out.push_back({absl::StrCat(path, ".", name), absl::StrCat("at most ", max, " entries")});
  };
  check_size(calendar.hours.size(), limits::kCalendarHoursMax, "hours");
  check_size(calendar.holidays.size(), limits::kCalendarHolidaysMax, "holidays");
  check_size(calendar.offsets.size(), limits::kCalendarOffsetsMax, "offsets");
  if (calendar.hours.empty()) out.push_back({path + ".hours", "must not be empty"});
  for (size_t i = 0; i < calendar.hours.size(); ++i) {
    const HoursConfig& hours = calendar.hours[i];
    const std::string at = absl::StrCat(path, ".hours[", i, "]");
    CheckRange(hours.days, 1, 127, at + ".days", out);
    CheckRange(hours.from, 0, 1439, at + ".from", out);
    CheckRange(hours.to, 1, 1440, at + ".to", out);
    if (hours.to <= hours.from) {
      out.push_back({at + ".to", "must be later than `from`: split hours that pass midnight in two"});
    }
  }
  if (!std::is_sorted(calendar.holidays.begin(), calendar.holidays.end())) {
    out.push_back({path + ".holidays", "must be ascending"});
  }
  for (size_t i = 0; i < calendar.offsets.size(); ++i) {
    const std::string at = absl::StrCat(path, ".offsets[", i, "]");
    CheckRange(calendar.offsets[i].seconds, -86'400, 86'400, at, out);
    if (i > 0 && calendar.offsets[i].from <= calendar.offsets[i - 1].from) {
      out.push_back({at, "must be ascending by time"});
    }
  }
}

void CheckSteps(const QueueConfig& queue, const WorkspaceConfig& config, const std::string& path,
                Problems& out) {
  if (queue.steps.size() > limits::kStepsMax) {
    out.push_back({path + ".steps", absl::StrCat("at most ", limits::kStepsMax, " entries")});
  }
  for (size_t k = 0; k < queue.steps.size(); ++k) {
    const StepConfig& step = queue.steps[k];
    const std::string at = absl::StrCat(path, ".steps[", k, "]");
    CheckSpan(step.after, at + ".after", out);
    const Span before = k == 0 ? Span{} : queue.steps[k - 1].after;
    if (step.when) CheckWhen(step, config, at, out);
    if (!step.when && step.at_latest.us != 0) {
      out.push_back({at + ".at_latest", "is for a step with a condition: give `when` as well"});
    }
    if (step.after < before || (step.after == before && !step.when)) {
      out.push_back({at + ".after", k == 0 ? "must be more than 0"
                                           : "must be later than the step before"});
    }
    CheckRange(step.lower_levels, 0, limits::kLevelMax, at + ".lower_levels", out);
    CheckRange(step.tier, 0, limits::kTierMax, at + ".tier", out);
    CheckSpan(step.credit, at + ".credit", out);
    CheckLabels(step.drop_skills, limits::kRequiredSkillsMax, at + ".drop_skills", out);
    CheckLabels(step.drop_labels, limits::kRequiredLabelsMax, at + ".drop_labels", out);
    if (step.close && k + 1 < queue.steps.size()) {
      out.push_back({at + ".close", "no step after it is ever reached: make it the last"});
    }
    if (step.close && !step.overflow_to.empty()) {
      out.push_back({at + ".close", "cannot close what overflows: choose one"});
    }
    if (step.overflow_to.empty()) continue;
    if (step.overflow_to == queue.id) {
      out.push_back({at + ".overflow_to", "must be another queue"});
    } else if (!HasQueue(config, step.overflow_to)) {
      out.push_back({at + ".overflow_to",
                     absl::StrCat("there is no queue \"", step.overflow_to, "\"")});
    }
  }
}

void CheckScore(const QueueConfig& queue, const std::string& path, Problems& out) {
  const ScoreConfig& s = queue.score;
  for (const auto& [name, weight] :
       {std::pair{"skill_level", s.skill_level}, std::pair{"language_level", s.language_level},
        std::pair{"load", s.load}, std::pair{"idle_time", s.idle_time},
        std::pair{"handled", s.handled}, std::pair{"tier", s.tier}}) {
    CheckRange(weight, 0, limits::kScoreWeightMax, absl::StrCat(path, ".score.", name), out);
  }
  const bool used = std::find(queue.selection.begin(), queue.selection.end(),
                              Criterion::kScore) != queue.selection.end();
  if (used && s == ScoreConfig{}) {
    out.push_back({path + ".score", "the selection has the criterion SCORE: give a part a weight"});
  }
}

void CheckBackOff(const BackOffConfig& back_off, const std::string& path, Problems& out) {
  CheckRange(back_off.after_misses, 0, 1000, path + ".after_misses", out);
  CheckSpan(back_off.duration, path + ".duration", out);
  CheckSpan(back_off.max_duration, path + ".max_duration", out);
  if (back_off.max_duration < back_off.duration) {
    out.push_back({path + ".max_duration", "must not be less than back_off.duration"});
  }
}

void CheckQueue(const QueueConfig& queue, const WorkspaceConfig& config, const std::string& path,
                Problems& out) {
  for (const auto& [priority, credit] : queue.credits) {
    CheckRange(priority, 0, limits::kPriorityMax, path + ".credits", out);
    CheckSpan(credit, absl::StrCat(path, ".credits[", priority, "]"), out);
  }
  std::set<Criterion> seen;
  for (Criterion criterion : queue.selection) {
    if (!seen.insert(criterion).second) {
      out.push_back({path + ".selection", "a criterion is given twice"});
    }
  }
  CheckRange(queue.weight, 0, limits::kWeightMax, path + ".weight", out);
  CheckRange(queue.max_overtakes, 0, limits::kOvertakesMax, path + ".max_overtakes", out);
  CheckScore(queue, path, out);
  CheckRange(queue.offer_to, 1, limits::kOfferToMax, path + ".offer_to", out);
  if (queue.auto_accept && queue.offer_to > 1) {
    out.push_back({path + ".offer_to", "nobody is asked with auto_accept: leave one out"});
  }
  CheckSpan(queue.ask_decliners_after, path + ".ask_decliners_after", out);
  CheckSpan(queue.wrap_up_extension_max, path + ".wrap_up_extension_max", out);
  CheckSpan(queue.lost_agent_after, path + ".lost_agent_after", out);
  CheckSpan(queue.reopen_within, path + ".reopen_within", out);
  CheckSpan(queue.max_expected_wait, path + ".max_expected_wait", out);
  if (queue.back_off) CheckBackOff(*queue.back_off, path + ".back_off", out);
  CheckSpan(queue.keep_place, path + ".keep_place", out);
  CheckSpan(queue.last_agent_within, path + ".last_agent_within", out);
  CheckRequirement(queue.requirement, path + ".requirement", out);
  CheckRange(queue.first_tier, 0, limits::kTierMax, path + ".first_tier", out);
  CheckSteps(queue, config, path, out);
  CheckSpan(queue.preferred_hold, path + ".preferred_hold", out);
  CheckSpan(queue.first_response_target, path + ".first_response_target", out);
  CheckSpan(queue.answer_target, path + ".answer_target", out);
  CheckSpan(queue.short_abandon, path + ".short_abandon", out);
  CheckSpan(queue.offer_timeout, path + ".offer_timeout", out);
  if (queue.offer_timeout.us <= 0 && !queue.auto_accept) {
    out.push_back({path + ".offer_timeout", "must be more than 0 unless auto_accept is set"});
  }
  CheckSpan(queue.wrap_up, path + ".wrap_up", out);
  CheckSpan(queue.first_reply_warning, path + ".first_reply_warning", out);
  CheckSpan(queue.first_reply_timeout, path + ".first_reply_timeout", out);
  CheckRange(queue.max_length, 0, static_cast<int64_t>(limits::kQueueLengthMax),
             path + ".max_length", out);
}

void CheckRule(const RuleConfig& rule, bool is_last, const WorkspaceConfig& config,
               const std::string& path, Problems& out) {
  for (size_t i = 0; i < rule.channels.size(); ++i) {
    const auto is_it = [&](const ChannelConfig& c) { return c.id == rule.channels[i]; };
    if (std::any_of(config.channels.begin(), config.channels.end(), is_it)) continue;
    out.push_back({absl::StrCat(path, ".channels[", i, "]"),
                   absl::StrCat("there is no channel \"", rule.channels[i], "\"")});
  }
  CheckConditions(rule.conditions, path + ".conditions", out);
  if (IsDefault(rule) && !is_last) {
    out.push_back({path, "fits every inquiry, so no rule after it is ever reached: put it last"});
  }
  if (!HasQueue(config, rule.queue)) {
    out.push_back({path + ".queue", absl::StrCat("there is no queue \"", rule.queue, "\"")});
  }
  CheckRequirement(rule.requirement, path + ".requirement", out);
  if (rule.priority) CheckRange(*rule.priority, 0, limits::kPriorityMax, path + ".priority", out);
}

// Queues that hand an inquiry round without a wait when nobody is there would never end. A circle is
// named once.
void CheckCircles(const std::vector<QueueConfig>& queues, Problems& out) {
  std::map<std::string_view, size_t> index;
  for (size_t i = 0; i < queues.size(); ++i) index[queues[i].id] = i;
  std::vector<size_t> walked_from(queues.size(), queues.size());
  for (size_t i = 0; i < queues.size(); ++i) {
    for (size_t at = i; !queues[at].steps.empty();) {
      if (walked_from[at] == i) {
        const char* field = queues[at].steps.back().when ? "after" : "at_once_if_nobody";
        out.push_back({absl::StrCat("queues[", at, "].steps[", queues[at].steps.size() - 1, "].",
                                    field),
                       "leads back to this queue without a wait"});
      }
      if (walked_from[at] != queues.size()) break;
      walked_from[at] = i;
      const StepConfig& last = queues[at].steps.back();
      const auto next = index.find(last.overflow_to);
      const bool waits = !last.at_once_if_nobody && !(last.when && last.after.us == 0);
      if (waits || next == index.end()) break;
      at = next->second;
    }
  }
}

// Interruption has a direction: a circle would let each of its channels pass over the others.
void CheckInterruptions(const std::vector<ChannelConfig>& channels, Problems& out) {
  std::map<std::string_view, std::set<std::string_view>> by;  // who interrupts it, over others as well
  for (const ChannelConfig& channel : channels) by[channel.id];
  for (size_t i = 0; i < channels.size(); ++i) {
    const ChannelConfig& channel = channels[i];
    for (size_t k = 0; k < channel.interrupted_by.size(); ++k) {
      const std::string& other = channel.interrupted_by[k];
      const std::string at = absl::StrCat("channels[", i, "].interrupted_by[", k, "]");
      if (by.count(other) == 0) out.push_back({at, absl::StrCat("there is no channel \"", other, "\"")});
      if (other == channel.id) out.push_back({at, "must be another channel"});
      if (!by[channel.id].insert(other).second) out.push_back({at, "is given twice"});
    }
  }
  if (!out.empty()) return;
  for (size_t round = 0; round < channels.size(); ++round) {
    for (auto& [id, others] : by) {
      for (const std::string_view other : std::set(others)) others.insert(by[other].begin(), by[other].end());
    }
  }
  for (size_t i = 0; i < channels.size(); ++i) {
    if (by[channels[i].id].count(channels[i].id) == 0) continue;
    out.push_back({absl::StrCat("channels[", i, "].interrupted_by"),
                   "leads in a circle back to this channel: give the channels units of their own "
                   "where neither is to wait for the other"});
    return;  // a circle is named once
  }
}

void CheckSettings(const SettingsConfig& settings, Problems& out) {
  CheckBackOff(settings.back_off, "back_off", out);
  CheckSpan(settings.presence_grace, "presence_grace", out);
  CheckSpan(settings.closed_retention, "closed_retention", out);
  CheckRange(settings.closed_max, 0, static_cast<int64_t>(limits::kOpenInquiriesMax),
             "closed_max", out);
  CheckSpan(settings.request_window, "request_window", out);
  CheckRange(settings.request_max, 0, static_cast<int64_t>(limits::kRequestsMax), "request_max",
             out);
  CheckRange(settings.rate_limit.assignments, 0, limits::kRateLimitMax, "rate_limit.assignments",
             out);
  CheckSpan(settings.rate_limit.window, "rate_limit.window", out);
  if (settings.rate_limit.assignments > 0 && settings.rate_limit.window.us <= 0) {
    out.push_back({"rate_limit.window", "must be more than 0"});
  }
  CheckSpan(settings.fairness_window, "fairness_window", out);
  CheckLabels(settings.away_reasons, limits::kAgentLabelsMax, "away_reasons", out);
}

}  // namespace

std::vector<Criterion> DefaultSelection() {
  return {Criterion::kPreferred, Criterion::kLoad, Criterion::kIdleTime};
}

std::vector<ConfigProblem> CheckConfig(const WorkspaceConfig& config) {
  Problems out;
  CheckUnique(config.channels, "channels", limits::kChannelsMax, out);
  CheckUnique(config.teams, "teams", limits::kTeamsMax, out);
  CheckUnique(config.queues, "queues", limits::kQueuesMax, out);
  for (size_t i = 0; i < config.channels.size(); ++i) {
    CheckRange(config.channels[i].units, 1, limits::kUnitsMax,
               absl::StrCat("channels[", i, "].units"), out);
  }
  CheckInterruptions(config.channels, out);
  for (size_t i = 0; i < config.teams.size(); ++i) {
    if (config.teams[i].vendor.size() > limits::kNameBytesMax) {
      out.push_back({absl::StrCat("teams[", i, "].vendor"),
                     absl::StrCat("at most ", limits::kNameBytesMax, " bytes")});
    }
  }
  for (size_t i = 0; i < config.queues.size(); ++i) {
    CheckQueue(config.queues[i], config, absl::StrCat("queues[", i, "]"), out);
  }
  CheckCircles(config.queues, out);
  CheckUnique(config.calendars, "calendars", limits::kCalendarsMax, out);
  for (size_t i = 0; i < config.calendars.size(); ++i) {
    CheckCalendar(config.calendars[i], absl::StrCat("calendars[", i, "]"), out);
  }
  CheckUnique(config.rules, "rules", limits::kRulesMax, out);
  for (size_t i = 0; i < config.rules.size(); ++i) {
    CheckRule(config.rules[i], i + 1 == config.rules.size(), config,
              absl::StrCat("rules[", i, "]"), out);
  }
  if (config.external) CheckExternal(*config.external, "classification.external", out);
  CheckSettings(config.settings, out);
  return out;
}

std::vector<ConfigProblem> CheckAgent(const AgentConfig& agent, const WorkspaceConfig& config,
                                      const std::string& path) {
  Problems out;
  CheckId(agent.id, path, out);
  CheckLevels(agent.skills, limits::kAgentSkillsMax, path + ".skills", out);
  CheckLevels(agent.languages, limits::kAgentLanguagesMax, path + ".languages", out);
  CheckLabels(agent.labels, limits::kAgentLabelsMax, path + ".labels", out);
  CheckRange(agent.units, 1, limits::kUnitsMax, path + ".units", out);
  const auto has = [](const auto& configs, const std::string& id) {
    return std::any_of(configs.begin(), configs.end(), [&](const auto& c) { return c.id == id; });
  };
  if (!agent.team.empty() && !has(config.teams, agent.team)) {
    out.push_back({path + ".team", absl::StrCat("there is no team \"", agent.team, "\"")});
  }
  for (const auto& [channel, units] : agent.channel_units) {
    const std::string at = absl::StrCat(path, ".channel_units[", channel, "]");
    if (!has(config.channels, channel)) {
      out.push_back({at, absl::StrCat("there is no channel \"", channel, "\"")});
    }
    CheckRange(units, 0, limits::kUnitsMax, at, out);
  }
  if (agent.memberships.size() > limits::kAgentMembershipsMax) {
    out.push_back({path + ".memberships",
                   absl::StrCat("at most ", limits::kAgentMembershipsMax, " entries")});
  }
  std::set<std::string_view> seen;
  for (size_t i = 0; i < agent.memberships.size(); ++i) {
    const MembershipConfig& m = agent.memberships[i];
    const std::string at = absl::StrCat(path, ".memberships[", i, "]");
    if (!HasQueue(config, m.queue)) {
      out.push_back({at + ".queue", absl::StrCat("there is no queue \"", m.queue, "\"")});
    }
    if (!seen.insert(m.queue).second) out.push_back({at + ".queue", "is given twice"});
    CheckRange(m.tier, 1, limits::kTierMax, at + ".tier", out);
    CheckRange(m.position, 0, 65535, at + ".position", out);
    CheckRange(m.weight, 1, limits::kWeightMax, at + ".weight", out);
    if (m.wrap_up) CheckSpan(*m.wrap_up, at + ".wrap_up", out);
  }
  return out;
}

}  // namespace firstline::engine
