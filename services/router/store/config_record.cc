#include "services/router/store/config_record.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "services/router/engine/config_check.h"
#include "services/router/store/policy_messages.h"
#include "services/router/store/public_enums.h"
#include "services/router/store/public_messages.h"
#include "services/router/store/record_format.h"

namespace firstline::store {
namespace {

namespace records = internal::v1;
using store::HasPolicies;

// Numbers of the engine are int, those of records unsigned: what does not fit becomes -1, which no
// check of a range lets pass.
int ToInt(uint32_t value) {
  return value <= uint32_t{std::numeric_limits<int>::max()} ? static_cast<int>(value) : -1;
}

bool IsName(std::string_view name) {
  return !name.empty() && name.size() <= engine::limits::kNameBytesMax;
}

bool AreLevels(const std::vector<engine::SkillLevel>& levels, size_t max) {
  if (levels.size() > max) return false;
  for (const engine::SkillLevel& level : levels) {
    if (!IsName(level.name)) return false;
    if (level.level < engine::limits::kLevelMin || level.level > engine::limits::kLevelMax) {
      return false;
    }
    if (level.max != 0 && (level.max < level.level || level.max > engine::limits::kLevelMax)) {
      return false;
    }
  }
  return true;
}

bool AreNames(const std::vector<std::string>& names, size_t max) {
  return names.size() <= max && std::all_of(names.begin(), names.end(), IsName);
}

bool AreGroups(const std::vector<std::vector<engine::SkillLevel>>& groups) {
  if (groups.size() > engine::limits::kSkillGroupsMax) return false;
  return std::all_of(groups.begin(), groups.end(), [](const auto& group) {
    return !group.empty() && AreLevels(group, engine::limits::kSkillGroupMax);
  });
}

void WriteStep(const engine::StepConfig& step, records::StepRecord* out) {
  out->set_after_us(step.after.us);
  out->set_lower_levels(static_cast<uint32_t>(step.lower_levels));
  out->mutable_drop_skills()->Assign(step.drop_skills.begin(), step.drop_skills.end());
  out->set_drop_languages(step.drop_languages);
  out->set_tier(static_cast<uint32_t>(step.tier));
  out->set_credit_us(step.credit.us);
  out->set_overflow_to(step.overflow_to);
  out->mutable_drop_labels()->Assign(step.drop_labels.begin(), step.drop_labels.end());
  out->set_close(step.close);
  out->set_at_once_if_nobody(step.at_once_if_nobody);
  if (step.when) WriteMessage(*step.when, out->mutable_when());
  out->set_at_latest_us(step.at_latest.us);
}

engine::StepConfig ReadStep(const records::StepRecord& record) {
  std::optional<engine::StepWhen> when;
  if (record.has_when()) when = ReadMessage(record.when());
  return {.after = {record.after_us()},
          .lower_levels = ToInt(record.lower_levels()),
          .drop_skills = {record.drop_skills().begin(), record.drop_skills().end()},
          .drop_languages = record.drop_languages(),
          .drop_labels = {record.drop_labels().begin(), record.drop_labels().end()},
          .tier = ToInt(record.tier()),
          .credit = {record.credit_us()},
          .overflow_to = record.overflow_to(),
          .at_once_if_nobody = record.at_once_if_nobody(),
          .close = record.close(),
          .when = std::move(when),
          .at_latest = {record.at_latest_us()}};
}

engine::ScoreConfig ReadScore(const v1::Score& score) {
  return {.skill_level = score.skill_level(),
          .language_level = score.language_level(),
          .load = score.load(),
          .idle_time = score.idle_time(),
          .handled = score.handled(),
          .tier = score.tier()};
}

void WriteBackOff(const engine::BackOffConfig& back_off, records::BackOffRecord* out) {
  out->set_after_misses(static_cast<uint32_t>(back_off.after_misses));
  out->set_duration_us(back_off.duration.us);
  out->set_max_duration_us(back_off.max_duration.us);
  out->set_probation(back_off.probation);
}

void WriteQueue(const engine::QueueConfig& queue, records::QueueRecord* out) {
  out->set_id(queue.id);
  out->set_kind(ToProto(queue.kind));
  out->set_serving(ToProto(queue.serving));
  for (const auto& [priority, credit] : queue.credits) {
    records::CreditRecord* to = out->add_credits();
    to->set_priority(static_cast<uint32_t>(priority));
    to->set_credit_us(credit.us);
  }
  for (engine::Criterion criterion : queue.selection) out->add_selection(ToProto(criterion));
  WriteRecord(queue.requirement, out->mutable_requirement());
  out->set_first_tier(static_cast<uint32_t>(queue.first_tier));
  for (const engine::StepConfig& step : queue.steps) WriteStep(step, out->add_steps());
  out->set_preferred_hold_us(queue.preferred_hold.us);
  out->set_first_response_target_us(queue.first_response_target.us);
  out->set_answer_target_us(queue.answer_target.us);
  out->set_short_abandon_us(queue.short_abandon.us);
  out->set_max_length(queue.max_length);
  out->set_offer_timeout_us(queue.offer_timeout.us);
  out->set_auto_accept(queue.auto_accept);
  out->set_wrap_up_us(queue.wrap_up.us);
  out->set_first_reply_warning_us(queue.first_reply_warning.us);
  out->set_first_reply_timeout_us(queue.first_reply_timeout.us);
  if (!(queue.score == engine::ScoreConfig{})) WriteMessage(queue.score, out->mutable_score());
  out->set_weight(static_cast<uint32_t>(queue.weight));
  out->set_suspended(queue.suspended);
  out->set_refuse_if_nobody(queue.refuse_if_nobody);
  out->set_max_overtakes(static_cast<uint32_t>(queue.max_overtakes));
  if (queue.back_off) WriteBackOff(*queue.back_off, out->mutable_back_off());
  out->set_wrap_up_queue_only(queue.wrap_up_queue_only);
  out->set_keep_place_us(queue.keep_place.us);
  out->set_last_agent_within_us(queue.last_agent_within.us);
  if (queue.offer_to != 1) out->set_offer_to(static_cast<uint32_t>(queue.offer_to));
  WritePeople(queue, out);
}

engine::BackOffConfig ReadBackOff(const records::BackOffRecord& record) {
  return {.after_misses = ToInt(record.after_misses()),
          .duration = {record.duration_us()},
          .max_duration = {record.max_duration_us()},
          .probation = record.probation()};
}

absl::Status ReadQueuePolicies(const records::QueueRecord& record, engine::QueueConfig& queue) {
  const auto kind = FromProto(record.kind());
  const auto serving = FromProto(record.serving());
  if (!kind || !serving) return Unreadable("queue: unknown kind or serving order");
  queue.kind = *kind;
  queue.serving = *serving;
  queue.selection.clear();
  for (const int number : record.selection()) {
    const auto criterion = FromProto(static_cast<v1::Criterion>(number));
    if (!criterion) return Unreadable("queue: unknown criterion");
    queue.selection.push_back(*criterion);
  }
  auto requirement = ReadRecord(record.requirement());
  if (!requirement.ok()) return requirement.status();
  queue.requirement = *std::move(requirement);
  return absl::OkStatus();
}

absl::StatusOr<engine::QueueConfig> ReadQueue(const records::QueueRecord& record) {
  engine::QueueConfig queue;
  queue.id = record.id();
  if (absl::Status status = ReadQueuePolicies(record, queue); !status.ok()) return status;
  for (const records::CreditRecord& credit : record.credits()) {
    queue.credits[ToInt(credit.priority())] = {credit.credit_us()};
  }
  queue.first_tier = ToInt(record.first_tier());
  for (const records::StepRecord& step : record.steps()) queue.steps.push_back(ReadStep(step));
  queue.preferred_hold = {record.preferred_hold_us()};
  queue.first_response_target = {record.first_response_target_us()};
  queue.answer_target = {record.answer_target_us()};
  queue.short_abandon = {record.short_abandon_us()};
  queue.max_length = record.max_length();
  queue.offer_timeout = {record.offer_timeout_us()};
  queue.auto_accept = record.auto_accept();
  queue.wrap_up = {record.wrap_up_us()};
  queue.first_reply_warning = {record.first_reply_warning_us()};
  queue.first_reply_timeout = {record.first_reply_timeout_us()};
  queue.score = ReadScore(record.score());
  queue.weight = ToInt(record.weight());
  queue.suspended = record.suspended();
  queue.refuse_if_nobody = record.refuse_if_nobody();
  queue.max_overtakes = ToInt(record.max_overtakes());
  if (record.has_back_off()) queue.back_off = ReadBackOff(record.back_off());
  queue.wrap_up_queue_only = record.wrap_up_queue_only();
  queue.keep_place = {record.keep_place_us()};
  queue.last_agent_within = {record.last_agent_within_us()};
  queue.offer_to = record.offer_to() == 0 ? 1 : ToInt(record.offer_to());
  if (!ReadPeople(record, queue)) return Unreadable("queue: unknown policy for lost agents or expected wait");
  return queue;
}

void WriteSettings(const engine::SettingsConfig& settings, records::SettingsRecord* out) {
  out->set_back_off_after_misses(static_cast<uint32_t>(settings.back_off.after_misses));
  out->set_back_off_us(settings.back_off.duration.us);
  out->set_back_off_max_us(settings.back_off.max_duration.us);
  out->set_presence_grace_us(settings.presence_grace.us);
  out->set_closed_retention_us(settings.closed_retention.us);
  out->set_closed_max(settings.closed_max);
  out->set_request_window_us(settings.request_window.us);
  out->set_request_max(settings.request_max);
  out->set_keep_events_max(settings.keep_events_max);
  out->mutable_away_reasons()->Assign(settings.away_reasons.begin(), settings.away_reasons.end());
  if (settings.fairness_window != engine::SettingsConfig{}.fairness_window) {
    out->set_fairness_window_us(settings.fairness_window.us);
  }
  out->set_random_seed(settings.random_seed);
  out->set_back_off_probation(settings.back_off.probation);
  if (settings.rate_limit.assignments == 0) return;
  out->set_rate_limit(static_cast<uint32_t>(settings.rate_limit.assignments));
  out->set_rate_limit_window_us(settings.rate_limit.window.us);
}

engine::RateLimitConfig ReadRateLimit(const records::SettingsRecord& record) {
  if (record.rate_limit() == 0) return {};
  return {.assignments = ToInt(record.rate_limit()), .window = {record.rate_limit_window_us()}};
}

engine::SettingsConfig ReadSettings(const records::SettingsRecord& record) {
  return {.back_off = {.after_misses = ToInt(record.back_off_after_misses()),
                       .duration = {record.back_off_us()},
                       .max_duration = {record.back_off_max_us()},
                       .probation = record.back_off_probation()},
          .presence_grace = {record.presence_grace_us()},
          .closed_retention = {record.closed_retention_us()},
          .closed_max = record.closed_max(),
          .request_window = {record.request_window_us()},
          .request_max = record.request_max(),
          .keep_events_max = record.keep_events_max(),
          .away_reasons = {record.away_reasons().begin(), record.away_reasons().end()},
          .fairness_window = record.has_fairness_window_us()
                                 ? engine::Span{record.fairness_window_us()}
                                 : engine::SettingsConfig{}.fairness_window,
          .random_seed = record.random_seed(),
          .rate_limit = ReadRateLimit(record)};
}

absl::Status ReadLists(const records::ConfigRecord& record, engine::WorkspaceConfig& config) {
  for (const records::ChannelRecord& channel : record.channels()) {
    const auto kind = FromProto(channel.kind());
    if (!kind) return Unreadable("channel: unknown kind");
    config.channels.push_back({.id = channel.id(),
                               .kind = *kind,
                               .units = ToInt(channel.units()),
                               .exclusive = channel.exclusive(),
                               .interrupted_by = {channel.interrupted_by().begin(),
                                                  channel.interrupted_by().end()}});
  }
  for (const records::TeamRecord& team : record.teams()) {
    config.teams.push_back({.id = team.id(), .vendor = team.vendor()});
  }
  for (const records::QueueRecord& queue : record.queues()) {
    auto read = ReadQueue(queue);
    if (!read.ok()) return read.status();
    config.queues.push_back(*std::move(read));
  }
  return absl::OkStatus();
}

}  // namespace

bool HasPolicies(const engine::RequirementSpec& spec) {
  const bool bounded = std::any_of(spec.skills.begin(), spec.skills.end(),
                                   [](const engine::SkillLevel& s) { return s.max != 0; });
  return bounded || !spec.any_skills.empty() || !spec.excluded_skills.empty() ||
         !spec.label_conditions.empty();
}

void WriteLevels(const std::vector<engine::SkillLevel>& levels, LevelRecords* out) {
  for (const engine::SkillLevel& level : levels) {
    records::Level* to = out->Add();
    to->set_name(level.name);
    to->set_level(static_cast<uint32_t>(level.level));
    to->set_max(static_cast<uint32_t>(level.max));
  }
}

std::vector<engine::SkillLevel> ReadLevels(const LevelRecords& records) {
  std::vector<engine::SkillLevel> levels;
  levels.reserve(static_cast<size_t>(records.size()));
  for (const records::Level& level : records) {
    levels.push_back({level.name(), ToInt(level.level()), ToInt(level.max())});
  }
  return levels;
}

void WriteRecord(const engine::RequirementSpec& spec, records::RequirementRecord* out) {
  WriteLevels(spec.skills, out->mutable_skills());
  WriteLevels(spec.languages, out->mutable_languages());
  for (const std::string& label : spec.labels) out->add_labels(label);
  for (const auto& group : spec.any_skills) {
    WriteLevels(group, out->add_any_skills()->mutable_skills());
  }
  for (const std::string& skill : spec.excluded_skills) out->add_excluded_skills(skill);
  for (const engine::Condition& condition : spec.label_conditions) {
    WriteRecord(condition, out->add_label_conditions());
  }
}

void WriteRecord(const engine::Condition& condition, records::ConditionRecord* out) {
  out->set_key(condition.key);
  out->set_comparison(ToProto(condition.comparison));
  out->mutable_values()->Assign(condition.values.begin(), condition.values.end());
}

absl::StatusOr<engine::Condition> ReadRecord(const records::ConditionRecord& record) {
  const auto comparison = FromProto(record.comparison());
  if (!comparison) return Unreadable("condition: unknown comparison");
  engine::Condition condition{.key = record.key(),
                              .comparison = *comparison,
                              .values = {record.values().begin(), record.values().end()}};
  if (!engine::ProblemOf(condition).empty()) return Unreadable("condition: out of bounds");
  return condition;
}

absl::StatusOr<engine::RequirementSpec> ReadRecord(const records::RequirementRecord& record) {
  engine::RequirementSpec spec;
  spec.skills = ReadLevels(record.skills());
  spec.languages = ReadLevels(record.languages());
  spec.labels = {record.labels().begin(), record.labels().end()};
  for (const records::LevelGroup& group : record.any_skills()) {
    spec.any_skills.push_back(ReadLevels(group.skills()));
  }
  spec.excluded_skills = {record.excluded_skills().begin(), record.excluded_skills().end()};
  const bool fits =
      AreLevels(spec.skills, engine::limits::kRequiredSkillsMax) &&
      AreLevels(spec.languages, engine::limits::kRequiredLanguagesMax) &&
      AreNames(spec.labels, engine::limits::kRequiredLabelsMax) && AreGroups(spec.any_skills) &&
      AreNames(spec.excluded_skills, engine::limits::kExcludedSkillsMax) &&
      static_cast<size_t>(record.label_conditions_size()) <= engine::limits::kConditionsMax;
  if (!fits) return Unreadable("requirement: out of bounds");
  for (const records::ConditionRecord& condition : record.label_conditions()) {
    auto read = ReadRecord(condition);
    if (!read.ok()) return read.status();
    spec.label_conditions.push_back(*std::move(read));
  }
  return spec;
}

namespace {

void WriteRule(const engine::RuleConfig& rule, records::RuleRecord* out) {
  out->set_id(rule.id);
  out->mutable_channels()->Assign(rule.channels.begin(), rule.channels.end());
  for (const engine::Condition& c : rule.conditions) WriteRecord(c, out->add_conditions());
  out->set_queue(rule.queue);
  WriteRecord(rule.requirement, out->mutable_requirement());
  if (rule.priority) out->set_priority(static_cast<uint32_t>(*rule.priority));
}

void WriteExternal(const engine::ExternalConfig& external, records::ExternalRecord* out) {
  out->set_classifier(external.classifier);
  out->set_deadline_us(external.deadline.us);
  out->set_ask(ToProto(external.ask));
}

absl::StatusOr<engine::RuleConfig> ReadRule(const records::RuleRecord& record) {
  engine::RuleConfig rule;
  rule.id = record.id();
  rule.channels = {record.channels().begin(), record.channels().end()};
  for (const records::ConditionRecord& condition : record.conditions()) {
    auto read = ReadRecord(condition);
    if (!read.ok()) return read.status();
    rule.conditions.push_back(*std::move(read));
  }
  rule.queue = record.queue();
  auto requirement = ReadRecord(record.requirement());
  if (!requirement.ok()) return requirement.status();
  rule.requirement = *std::move(requirement);
  if (record.has_priority()) rule.priority = ToInt(record.priority());
  return rule;
}

}  // namespace

std::string EncodeConfig(const engine::WorkspaceConfig& config) {
  records::ConfigRecord record;
  for (const engine::ChannelConfig& channel : config.channels) {
    records::ChannelRecord* to = record.add_channels();
    to->set_id(channel.id);
    to->set_kind(ToProto(channel.kind));
    to->set_units(static_cast<uint32_t>(channel.units));
    to->set_exclusive(channel.exclusive);
    to->mutable_interrupted_by()->Assign(channel.interrupted_by.begin(),
                                         channel.interrupted_by.end());
  }
  for (const engine::TeamConfig& team : config.teams) {
    records::TeamRecord* to = record.add_teams();
    to->set_id(team.id);
    to->set_vendor(team.vendor);
  }
  for (const engine::QueueConfig& queue : config.queues) WriteQueue(queue, record.add_queues());
  WriteSettings(config.settings, record.mutable_settings());
  for (const engine::RuleConfig& rule : config.rules) WriteRule(rule, record.add_rules());
  if (config.external) WriteExternal(*config.external, record.mutable_external());
  for (const engine::CalendarConfig& calendar : config.calendars) {
    WriteRecord(calendar, record.add_calendars());
  }
  return Pack(record, VersionFor(HasPolicies(config)));
}

absl::StatusOr<engine::WorkspaceConfig> DecodeConfig(std::string_view bytes) {
  records::ConfigRecord record;
  if (absl::Status status = Unpack(bytes, record); !status.ok()) return status;
  engine::WorkspaceConfig config;
  if (absl::Status status = ReadLists(record, config); !status.ok()) return status;
  config.settings = ReadSettings(record.settings());
  for (const records::RuleRecord& rule : record.rules()) {
    auto read = ReadRule(rule);
    if (!read.ok()) return read.status();
    config.rules.push_back(*std::move(read));
  }
  if (record.has_external()) {
    const auto turn = FromProto(record.external().ask());
    if (!turn) return Unreadable("unknown turn of the classifier");
    config.external = {record.external().classifier(), {record.external().deadline_us()}, *turn};
  }
  for (const records::CalendarRecord& calendar : record.calendars()) {
    config.calendars.push_back(ReadRecord(calendar));
  }
  const std::vector<engine::ConfigProblem> problems = engine::CheckConfig(config);
  if (problems.empty()) return config;
  return Unreadable(absl::StrCat(problems[0].path, ": ", problems[0].message));
}

std::string EncodeCounters(const engine::Counters& counters) {
  records::CountersRecord record;
  record.set_config_version(counters.config_version);
  record.set_inquiry_sequence(counters.inquiry_sequence);
  record.set_agent_sequence(counters.agent_sequence);
  record.set_now_us(counters.now.us);
  record.set_virtual_pass(counters.virtual_pass);
  for (const engine::QueuePass& pass : counters.passes) {
    records::PassRecord* to = record.add_passes();
    to->set_queue(pass.queue);
    to->set_pass(pass.pass);
  }
  return Pack(record);
}

absl::StatusOr<engine::Counters> DecodeCounters(std::string_view bytes) {
  records::CountersRecord record;
  if (absl::Status status = Unpack(bytes, record); !status.ok()) return status;
  if (record.now_us() < 0) return Unreadable("time out of range");
  engine::Counters counters{.config_version = record.config_version(),
                            .inquiry_sequence = record.inquiry_sequence(),
                            .agent_sequence = record.agent_sequence(),
                            .now = {record.now_us()},
                            .virtual_pass = record.virtual_pass()};
  if (static_cast<size_t>(record.passes_size()) > engine::limits::kQueuesMax) {
    return Unreadable("more passes than queues");
  }
  for (const records::PassRecord& pass : record.passes()) {
    counters.passes.push_back({pass.queue(), pass.pass()});
  }
  return counters;
}

std::string EncodeRequest(const engine::RememberedRequest& request) {
  records::RequestRecord record;
  record.set_digest(request.digest);
  record.set_expire_us(request.expire.us);
  record.set_apply_time_us(request.receipt.apply_time.us);
  record.set_inquiry_state(ToProto(request.receipt.state));
  record.set_agent(request.receipt.agent_id);
  record.set_offer_number(request.receipt.offer_number);
  record.set_replayed(request.receipt.replayed);
  return Pack(record);
}

absl::StatusOr<engine::RememberedRequest> DecodeRequest(std::string_view id,
                                                        std::string_view bytes) {
  records::RequestRecord record;
  if (absl::Status status = Unpack(bytes, record); !status.ok()) return status;
  const auto state = FromProto(record.inquiry_state());
  if (!state) return Unreadable("unknown inquiry state");
  engine::RememberedRequest request;
  request.id = std::string(id);
  request.digest = record.digest();
  request.expire = {record.expire_us()};
  request.receipt.apply_time = {record.apply_time_us()};
  request.receipt.state = *state;
  request.receipt.agent_id = record.agent();
  request.receipt.offer_number = record.offer_number();
  request.receipt.replayed = record.replayed();
  return request;
}

}  // namespace firstline::store
