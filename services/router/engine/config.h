// A workspace's configuration as the engine understands it: plain data with names, no handles.
// Defaults stand here and nowhere else. `CheckConfig` (config_check.h) says what is wrong with one.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "services/router/engine/types.h"

namespace firstline::engine {

struct SkillLevel {
  std::string name;
  int level = 1;  // 1..10: held by an agent, or the minimum asked for
  int max = 0;    // the highest level asked for; 0: no bound. Only in required skills
  friend bool operator==(const SkillLevel&, const SkillLevel&) = default;
};

// One comparison: of an agent's labels of the form "<key>=<value>", or of an inquiry's attribute.
struct Condition {
  std::string key;
  Comparison comparison = Comparison::kEqual;
  std::vector<std::string> values;  // kNotEqual, kIn: one or more; else just one
  friend bool operator==(const Condition&, const Condition&) = default;
};

// What an inquiry asks of an agent: every skill, at least one of the languages (in order of
// preference; none: any), every label, one skill of every group, none of the excluded skills, and
// that every condition holds for its labels. An agent may have several labels of one key: then one
// of them has to compare (kNotEqual: none may equal).
struct RequirementSpec {
  std::vector<SkillLevel> skills;
  std::vector<SkillLevel> languages;
  std::vector<std::string> labels;
  std::vector<std::vector<SkillLevel>> any_skills = {};
  std::vector<std::string> excluded_skills = {};
  std::vector<Condition> label_conditions = {};
  friend bool operator==(const RequirementSpec&, const RequirementSpec&) = default;
};

struct ChannelConfig {
  std::string id;
  ChannelKind kind = ChannelKind::kMessaging;
  int units = 1;  // 1..1000: what one inquiry costs an agent
  bool exclusive = false;  // an inquiry of it has the agent to itself
  std::vector<std::string> interrupted_by = {};  // channels its work does not stand in the way of
  friend bool operator==(const ChannelConfig&, const ChannelConfig&) = default;
};

struct TeamConfig {
  std::string id;
  std::string vendor;  // empty: in-house
  friend bool operator==(const TeamConfig&, const TeamConfig&) = default;
};

// An offset of local time from UTC, from a time on.
struct ZoneOffset {
  Time from;
  int seconds = 0;  // east is positive
  friend bool operator==(const ZoneOffset&, const ZoneOffset&) = default;
};

// Open on these days from one minute of the day to another, which is no longer open.
struct HoursConfig {
  int days = 0;  // bits, Monday the lowest
  int from = 0;  // 0..1439
  int to = 0;    // from + 1..1440
  friend bool operator==(const HoursConfig&, const HoursConfig&) = default;
};

// Hours of business. See calendar.h.
struct CalendarConfig {
  std::string id;
  std::string time_zone;  // for people; `offsets` count
  std::vector<ZoneOffset> offsets = {};  // ascending; none: UTC
  std::vector<HoursConfig> hours = {};
  std::vector<int64_t> holidays = {};  // closed all day: local days since 1970-01-01, ascending
  friend bool operator==(const CalendarConfig&, const CalendarConfig&) = default;
};

// A state to wait for. Everything that is set must hold; something is set. Agents count who suit the
// inquiry before the step: logged in are those available or away, whatever they are busy with.
struct StepWhen {
  std::optional<int> available_below = {}, available_above = {};  // agents who are available
  std::optional<int> logged_in_below = {}, logged_in_above = {};  // ... or away
  std::optional<int> waiting_below = {}, waiting_above = {};      // inquiries in the queue
  std::string open = {}, closed = {};  // ids of calendars
  std::optional<Span> expected_wait_above = {}, expected_wait_below = {};  // of the last who waits
  bool JudgesWait() const { return expected_wait_above || expected_wait_below; }
  bool CountsAgents() const {
    return available_below || available_above || logged_in_below || logged_in_above;
  }
  friend bool operator==(const StepWhen&, const StepWhen&) = default;
};

// One step of a route. Relaxations accumulate over steps.
struct StepConfig {
  Span after;                          // since entering the queue; strictly ascending over steps, but
                                       // with `when` it may be 0 or that of the step before
  int lower_levels = 0;                // lower every skill's and language's minimum, not below 1
  std::vector<std::string> drop_skills;
  bool drop_languages = false;
  std::vector<std::string> drop_labels = {};  // labels, and keys of conditions
  int tier = 0;                        // admit memberships up to this tier; 0: unchanged
  Span credit;                         // extra waiting credit from this step on
  std::string overflow_to;             // move to this queue, keeping age; ends the route
  bool at_once_if_nobody = false;      // not after `after` when nobody logged in suits it before
  bool close = false;                  // cancel it (kRouteEnded); ends the route
  std::optional<StepWhen> when = {};   // not before this holds; not while the queue is suspended
  Span at_latest = {};                 // ... but then whatever holds; 0: no such time. Only with `when`
  friend bool operator==(const StepConfig&, const StepConfig&) = default;
};

// What Criterion::kScore adds up: each part is 0..1000, times its weight (0..100). Parts: skill_level
// the mean level over the skills and groups asked for, times 100; language_level the level of the
// earliest language that fits, times 100, less 250 for each place; load the free share of units;
// idle_time the share of an hour; handled 1000 / (1 + assignments within the fairness window); tier
// 1000 / tier of the membership (none: 1).
struct ScoreConfig {
  int skill_level = 0, language_level = 0, load = 0, idle_time = 0, handled = 0, tier = 0;
  friend bool operator==(const ScoreConfig&, const ScoreConfig&) = default;
};

// Preferred agents, then the least loaded, then the longest idle.
std::vector<Criterion> DefaultSelection();

// An agent who misses offers (expired, or accepted and never answered) takes nothing for a while:
// min(duration * 2^(n-1), max_duration) after the n-th run of `after_misses` misses in a row. The
// missed inquiry itself is not offered to that agent again for `duration`.
struct BackOffConfig {
  int after_misses = 3;  // 0: never
  Span duration = Seconds(30);
  Span max_duration = Seconds(600);
  bool probation = false;  // after a back-off one miss is a run, until the agent answers again
  friend bool operator==(const BackOffConfig&, const BackOffConfig&) = default;
};

struct QueueConfig {
  std::string id;
  QueueKind kind = QueueKind::kHuman;
  Serving serving = Serving::kFifo;
  int weight = 0;  // share of the offers among queues that wait for the same agents, 1..1000. 0: 1,
                   // but where all are 0 queues have no shares and their inquiries' keys decide
  int max_overtakes = 0;  // a large inquiry passed over that often for want of room gets capacity
                          // reserved, 1..1000; 0: never
  std::map<int, Span> credits;  // priority -> waiting credit (kCredit, kDeadline)
  std::vector<Criterion> selection = DefaultSelection();
  ScoreConfig score = {};  // of kScore
  RequirementSpec requirement;  // merged into every inquiry's: the higher minimum counts
  int first_tier = 0;           // memberships up to this tier before any step; 0: all
  std::vector<StepConfig> steps;
  Span preferred_hold;          // wait for the first preferred agent this long before others
  Span first_response_target = Seconds(60);
  Span answer_target = Seconds(20);  // service level
  Span short_abandon = Seconds(5);
  uint32_t max_length = 0;           // waiting inquiries; 0: kQueueLengthMax
  Span offer_timeout = Seconds(20);
  int offer_to = 1;  // agents asked at once, the best ones, 1..kOfferToMax; the first to accept has it
  bool auto_accept = false;
  bool refuse_if_nobody = false;  // submissions that nobody logged in suits at any step
  Span ask_decliners_after;  // who declined is asked again after this, but only while nobody else
                             // can take it, longest ago first; 0: a decline is final
  bool allow_claim = false;  // agents may take waiting inquiries themselves
  bool suspended = false;  // its inquiries wait and are offered to nobody
  Span wrap_up;
  bool wrap_up_queue_only = false;  // it closes this queue alone; the units are free at once
  Span wrap_up_extension_max;  // how much longer an agent may make its wrap-up; 0: not at all
  LostAgent lost_agent = LostAgent::kKeep;  // conversations of an agent whose presence was lost
  Span lost_agent_after;       // ... are left alone for so long
  Span reopen_within;          // a closed inquiry may be opened again this long; 0: not at all
  bool reopen_keeps_age = false;  // ... at its old place, else as of now
  Span max_expected_wait;      // submissions that would wait longer are refused; 0: none
  WaitQuantile expected_wait_quantile = WaitQuantile::kP50;  // what it and the steps go by
  std::optional<BackOffConfig> back_off;  // misses of its offers count apart and close it alone
  Span keep_place;         // who left while waiting and comes back within this has the old place
  Span last_agent_within;  // prefers who served the customer within this; 0: nobody
  Span first_reply_warning;  // 0: none; messaging channels only
  Span first_reply_timeout;  // 0: none; messaging channels only
  bool StepsJudgeWait() const {
    return std::any_of(steps.begin(), steps.end(), [](const StepConfig& step) {
      return step.when && step.when->JudgesWait();
    });
  }
  friend bool operator==(const QueueConfig&, const QueueConfig&) = default;
};

// An agent with that many assignments within the window, open offers counted, takes nothing until
// the oldest of them is out of it.
struct RateLimitConfig {
  int assignments = 0;  // 1..100; 0: no limit
  Span window = Seconds(3600);
  friend bool operator==(const RateLimitConfig&, const RateLimitConfig&) = default;
};

struct SettingsConfig {
  BackOffConfig back_off;
  Span presence_grace = Seconds(30);   // a session without a sign of life lapses after this
  Span closed_retention = Seconds(3600);
  uint32_t closed_max = 100'000;       // ended inquiries kept; the oldest go first
  Span request_window = Seconds(600);  // how long request ids are remembered
  uint32_t request_max = 100'000;
  uint64_t keep_events_max = 1'000'000;
  std::vector<std::string> away_reasons;  // empty: any
  Span fairness_window = Seconds(3600);   // of kFewestHandled, kLeastHandleTime and kScore
  uint64_t random_seed = 0;               // of kRandom
  RateLimitConfig rate_limit = {};
  friend bool operator==(const SettingsConfig&, const SettingsConfig&) = default;
};

struct MembershipConfig {
  std::string queue;
  int tier = 1;
  int position = 0;
  bool paused = false;
  std::optional<Span> wrap_up;  // instead of the queue's
  int weight = 1;               // 1..1000: share of kRandom
  friend bool operator==(const MembershipConfig&, const MembershipConfig&) = default;
};

struct AgentConfig {
  std::string id;
  AgentKind kind = AgentKind::kPerson;
  std::vector<SkillLevel> skills;
  std::vector<SkillLevel> languages;
  std::vector<std::string> labels;
  std::string team;
  int units = 1;                          // total capacity
  std::map<std::string, int> channel_units;  // at most this much by channel; absent: total
  std::vector<MembershipConfig> memberships;  // none: every queue whose requirement is met
  friend bool operator==(const AgentConfig&, const AgentConfig&) = default;
};

// Where an inquiry that names no queue goes. The first rule that fits decides.
struct RuleConfig {
  std::string id;
  std::vector<std::string> channels;  // fits these; none: all
  std::vector<Condition> conditions;  // fits where all hold for the inquiry's attributes
  std::string queue;
  RequirementSpec requirement;        // merged into the inquiry's own
  std::optional<int> priority;        // instead of the inquiry's
  friend bool operator==(const RuleConfig&, const RuleConfig&) = default;
};

// The business' own service that says where an inquiry goes that names no queue. Who asks it gives what
// it said to the engine with the command (advice.h).
struct ExternalConfig {
  std::string classifier;  // as the routers know it
  Span deadline = Milliseconds(200);  // 10 ms..2 s
  ClassifierTurn ask = ClassifierTurn::kBeforeRules;
  friend bool operator==(const ExternalConfig&, const ExternalConfig&) = default;
};

struct WorkspaceConfig {
  std::vector<ChannelConfig> channels;
  std::vector<TeamConfig> teams;
  std::vector<QueueConfig> queues;
  SettingsConfig settings;
  std::vector<RuleConfig> rules = {};
  std::vector<CalendarConfig> calendars = {};
  std::optional<ExternalConfig> external = {};
  friend bool operator==(const WorkspaceConfig&, const WorkspaceConfig&) = default;
};

}  // namespace firstline::engine
