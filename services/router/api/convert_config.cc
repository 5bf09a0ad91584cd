#include "services/router/api/convert_config.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "services/router/api/convert_calendar.h"
#include "services/router/api/convert_common.h"
#include "services/router/api/limits.h"
#include "services/router/store/policy_messages.h"

namespace firstline::api {
namespace {

constexpr int64_t kCountMax = 2'000'000;
constexpr int64_t kEventsMax = 100'000'000;

// A span that keeps its default when it is not set.
void ReadOptional(bool has, const google::protobuf::Duration& span, const Path& path,
                  Fields& fields, engine::Span& out) {
  if (has) out = ReadSpan(span, path, fields);
}

engine::ChannelConfig ReadChannel(const v1::Channel& proto, const Path& path, Fields& fields) {
  fields.Name(path / "id", proto.id());
  fields.Range(path / "units", proto.units(), 0, engine::limits::kUnitsMax);
  const Path interrupted(path, "interrupted_by");
  fields.AtMost(interrupted, static_cast<size_t>(proto.interrupted_by_size()),
                engine::limits::kChannelsMax);
  for (int i = 0; i < proto.interrupted_by_size(); ++i) {
    fields.Name(Path(interrupted, i), proto.interrupted_by(i));
  }
  return {.id = proto.id(),
          .kind = ReadEnum(proto.kind(), path / "kind", fields),
          .units = proto.units() == 0 ? 1 : proto.units(),
          .exclusive = proto.exclusive(),
          .interrupted_by = {proto.interrupted_by().begin(), proto.interrupted_by().end()}};
}

engine::TeamConfig ReadTeam(const v1::Team& proto, const Path& path, Fields& fields) {
  fields.Name(path / "id", proto.id());
  fields.OptionalName(path / "vendor", proto.vendor());
  return {.id = proto.id(), .vendor = proto.vendor()};
}

engine::StepWhen ReadWhen(const v1::StepCondition& proto, const Path& path, Fields& fields) {
  fields.OptionalName(path / "when.open", proto.open());
  fields.OptionalName(path / "when.closed", proto.closed());
  engine::StepWhen when = store::ReadMessage(proto);
  if (proto.has_expected_wait_above()) {
    when.expected_wait_above =
        ReadSpan(proto.expected_wait_above(), path / "when.expected_wait_above", fields);
  }
  if (proto.has_expected_wait_below()) {
    when.expected_wait_below =
        ReadSpan(proto.expected_wait_below(), path / "when.expected_wait_below", fields);
  }
  return when;
}

engine::StepConfig ReadStep(const v1::Step& proto, const Path& path, Fields& fields) {
  engine::StepConfig step;
  const Path drop(path, "drop_skills");
  step.after = ReadSpan(proto.after(), path / "after", fields);
  fields.Range(path / "lower_levels", proto.lower_levels(), 0, engine::limits::kLevelMax);
  fields.AtMost(drop, static_cast<size_t>(proto.drop_skills_size()),
                engine::limits::kRequiredSkillsMax);
  for (int i = 0; i < proto.drop_skills_size(); ++i) {
    fields.Name(Path(drop, i), proto.drop_skills(i));
  }
  fields.Range(path / "tier", proto.tier(), 0, engine::limits::kTierMax);
  fields.OptionalName(path / "overflow_to", proto.overflow_to());
  step.lower_levels = proto.lower_levels();
  step.drop_skills = {proto.drop_skills().begin(), proto.drop_skills().end()};
  step.drop_languages = proto.drop_languages();
  step.tier = proto.tier();
  step.credit = ReadSpan(proto.credit(), path / "credit", fields);
  step.overflow_to = proto.overflow_to();
  const Path labels(path, "drop_labels");
  fields.AtMost(labels, static_cast<size_t>(proto.drop_labels_size()),
                engine::limits::kRequiredLabelsMax);
  for (int i = 0; i < proto.drop_labels_size(); ++i) {
    fields.Name(Path(labels, i), proto.drop_labels(i));
  }
  step.close = proto.close();
  step.at_once_if_nobody = proto.at_once_if_nobody();
  if (proto.has_when()) step.when = ReadWhen(proto.when(), path, fields);
  ReadOptional(proto.has_at_latest(), proto.at_latest(), path / "at_latest", fields,
               step.at_latest);
  step.drop_labels = {proto.drop_labels().begin(), proto.drop_labels().end()};
  return step;
}

void ReadQueueSpans(const v1::Queue& proto, const Path& path, Fields& fields,
                    engine::QueueConfig& queue) {
  const auto read = [&](bool has, const google::protobuf::Duration& span, std::string_view name,
                        engine::Span& out) { ReadOptional(has, span, path / name, fields, out); };
  read(proto.has_preferred_hold(), proto.preferred_hold(), "preferred_hold",
       queue.preferred_hold);
  read(proto.has_first_response_target(), proto.first_response_target(), "first_response_target",
       queue.first_response_target);
  read(proto.has_answer_target(), proto.answer_target(), "answer_target", queue.answer_target);
  read(proto.has_short_abandon(), proto.short_abandon(), "short_abandon", queue.short_abandon);
  read(proto.has_offer_timeout(), proto.offer_timeout(), "offer_timeout", queue.offer_timeout);
  read(proto.has_wrap_up(), proto.wrap_up(), "wrap_up", queue.wrap_up);
  read(proto.has_keep_place(), proto.keep_place(), "keep_place", queue.keep_place);
  read(proto.has_last_agent_within(), proto.last_agent_within(), "last_agent_within",
       queue.last_agent_within);
  read(proto.has_first_reply_warning(), proto.first_reply_warning(), "first_reply_warning",
       queue.first_reply_warning);
  read(proto.has_first_reply_timeout(), proto.first_reply_timeout(), "first_reply_timeout",
       queue.first_reply_timeout);
  read(proto.has_ask_decliners_after(), proto.ask_decliners_after(), "ask_decliners_after",
       queue.ask_decliners_after);
  read(proto.has_wrap_up_extension_max(), proto.wrap_up_extension_max(), "wrap_up_extension_max",
       queue.wrap_up_extension_max);
  read(proto.has_lost_agent_after(), proto.lost_agent_after(), "lost_agent_after",
       queue.lost_agent_after);
  read(proto.has_reopen_within(), proto.reopen_within(), "reopen_within", queue.reopen_within);
  read(proto.has_max_expected_wait(), proto.max_expected_wait(), "max_expected_wait",
       queue.max_expected_wait);
}

void ReadQueueOrder(const v1::Queue& proto, const Path& path, Fields& fields,
                    engine::QueueConfig& queue) {
  const Path credits(path, "credits"), selection(path, "selection");
  queue.serving = ReadEnumOr(proto.serving(), engine::Serving::kFifo, path / "serving", fields);
  for (const auto& [priority, credit] : proto.credits()) {
    const Path at(credits, priority);
    fields.Range(at, priority, 0, engine::limits::kPriorityMax);
    queue.credits[priority] = ReadSpan(credit, at, fields);
  }
  if (!proto.selection().empty()) queue.selection.clear();
  std::set<engine::Criterion> seen;
  for (int i = 0; i < proto.selection_size(); ++i) {
    const Path at(selection, i);
    queue.selection.push_back(ReadEnum(static_cast<v1::Criterion>(proto.selection(i)), at, fields));
    if (!seen.insert(queue.selection.back()).second) fields.Fail(at, "is named twice");
    if (i > static_cast<int>(engine::limits::kCriteriaMax)) break;  // More than there are: one of them is named twice.
  }
}

engine::ScoreConfig ReadScore(const v1::Score& proto, const Path& path, Fields& fields) {
  const auto read = [&](std::string_view name, int32_t weight) {
    fields.Range(path / name, weight, 0, engine::limits::kScoreWeightMax);
    return weight;
  };
  return {.skill_level = read("skill_level", proto.skill_level()),
          .language_level = read("language_level", proto.language_level()),
          .load = read("load", proto.load()),
          .idle_time = read("idle_time", proto.idle_time()),
          .handled = read("handled", proto.handled()),
          .tier = read("tier", proto.tier())};
}

void ReadBackOff(const v1::BackOff& proto, const Path& path, Fields& fields,
                 engine::BackOffConfig& back_off) {
  fields.Range(path / "after_misses", proto.after_misses(), 0, 100);
  back_off.after_misses = proto.after_misses();
  ReadOptional(proto.has_duration(), proto.duration(), path / "duration", fields,
               back_off.duration);
  back_off.max_duration = back_off.duration;
  ReadOptional(proto.has_max_duration(), proto.max_duration(), path / "max_duration", fields,
               back_off.max_duration);
  back_off.probation = proto.probation();
}

engine::QueueConfig ReadQueue(const v1::Queue& proto, const Path& path, Fields& fields) {
  engine::QueueConfig queue;
  const Path steps(path, "steps");
  fields.Name(path / "id", proto.id());
  queue.id = proto.id();
  queue.kind = ReadEnumOr(proto.kind(), engine::QueueKind::kHuman, path / "kind", fields);
  ReadQueueOrder(proto, path, fields, queue);
  queue.requirement = ReadRequirement(proto.requirement(), path / "requirement", fields);
  fields.Range(path / "first_tier", proto.first_tier(), 0, engine::limits::kTierMax);
  queue.first_tier = proto.first_tier();
  if (fields.AtMost(steps, static_cast<size_t>(proto.steps_size()), engine::limits::kStepsMax)) {
    for (int i = 0; i < proto.steps_size(); ++i) {
      queue.steps.push_back(ReadStep(proto.steps(i), Path(steps, i), fields));
    }
  }
  ReadQueueSpans(proto, path, fields, queue);
  if (fields.Range(path / "max_length", proto.max_length(), 0, kCountMax)) {
    queue.max_length = static_cast<uint32_t>(proto.max_length());
  }
  queue.auto_accept = proto.auto_accept();
  fields.Range(path / "weight", proto.weight(), 0, engine::limits::kWeightMax);
  queue.weight = proto.weight();
  queue.suspended = proto.suspended();
  queue.refuse_if_nobody = proto.refuse_if_nobody();
  fields.Range(path / "max_overtakes", proto.max_overtakes(), 0, engine::limits::kOvertakesMax);
  queue.max_overtakes = proto.max_overtakes();
  queue.score = ReadScore(proto.score(), path / "score", fields);
  if (proto.has_back_off()) {
    queue.back_off.emplace();
    ReadBackOff(proto.back_off(), path / "back_off", fields, *queue.back_off);
  }
  queue.wrap_up_queue_only = proto.wrap_up_queue_only();
  fields.Range(path / "offer_to", proto.offer_to(), 0, engine::limits::kOfferToMax);
  queue.offer_to = std::max(1, proto.offer_to());
  queue.allow_claim = proto.allow_claim();
  queue.lost_agent = ReadEnumOr(proto.lost_agent(), engine::LostAgent::kKeep,
                                path / "lost_agent", fields);
  queue.reopen_keeps_age = proto.reopen_keeps_age();
  queue.expected_wait_quantile =
      ReadEnumOr(proto.expected_wait_quantile(), engine::WaitQuantile::kP50,
                 path / "expected_wait_quantile", fields);
  return queue;
}

engine::RuleConfig ReadRule(const v1::Rule& proto, const Path& path, Fields& fields) {
  engine::RuleConfig rule;
  const Path channels(path, "channels"), conditions(path, "conditions");
  fields.Name(path / "id", proto.id());
  rule.id = proto.id();
  if (fields.AtMost(channels, static_cast<size_t>(proto.channels_size()),
                    engine::limits::kChannelsMax)) {
    rule.channels = {proto.channels().begin(), proto.channels().end()};
  }
  if (fields.AtMost(conditions, static_cast<size_t>(proto.conditions_size()),
                    engine::limits::kConditionsMax)) {
    for (int i = 0; i < proto.conditions_size(); ++i) {
      rule.conditions.push_back(ReadCondition(proto.conditions(i), Path(conditions, i), fields));
    }
  }
  fields.Name(path / "queue", proto.queue());
  rule.queue = proto.queue();
  rule.requirement = ReadRequirement(proto.requirement(), path / "requirement", fields);
  if (proto.has_priority()) {
    fields.Range(path / "priority", proto.priority(), 0, engine::limits::kPriorityMax);
    rule.priority = proto.priority();
  }
  return rule;
}

engine::ExternalConfig ReadExternal(const v1::ExternalClassifier& proto, const Path& path,
                                    Fields& fields) {
  engine::ExternalConfig external;
  fields.Name(path / "classifier", proto.classifier());
  external.classifier = proto.classifier();
  ReadOptional(proto.has_deadline(), proto.deadline(), path / "deadline", fields,
               external.deadline);
  external.ask = ReadEnumOr(proto.ask(), engine::ClassifierTurn::kBeforeRules, path / "ask", fields);
  return external;
}

engine::SettingsConfig ReadSettings(const v1::WorkspaceSettings& proto, const Path& path,
                                    Fields& fields) {
  engine::SettingsConfig settings;
  const Path reasons(path, "away_reasons");
  if (proto.has_back_off()) {
    ReadBackOff(proto.back_off(), path / "back_off", fields, settings.back_off);
  }
  ReadOptional(proto.has_presence_grace(), proto.presence_grace(), path / "presence_grace", fields,
               settings.presence_grace);
  ReadOptional(proto.has_closed_retention(), proto.closed_retention(), path / "closed_retention",
               fields, settings.closed_retention);
  ReadOptional(proto.has_request_window(), proto.request_window(), path / "request_window", fields,
               settings.request_window);
  if (proto.has_closed_max() &&
      fields.Range(path / "closed_max", proto.closed_max(), 0, kCountMax)) {
    settings.closed_max = static_cast<uint32_t>(proto.closed_max());
  }
  if (proto.has_request_max() &&
      fields.Range(path / "request_max", proto.request_max(), 0,
                   static_cast<int64_t>(engine::limits::kRequestsMax))) {
    settings.request_max = static_cast<uint32_t>(proto.request_max());
  }
  if (proto.has_keep_events_max() &&
      fields.Range(path / "keep_events_max", proto.keep_events_max(), 1000, kEventsMax)) {
    settings.keep_events_max = static_cast<uint64_t>(proto.keep_events_max());
  }
  fields.AtMost(reasons, static_cast<size_t>(proto.away_reasons_size()), limits::kAwayReasonsMax);
  for (int i = 0; i < proto.away_reasons_size(); ++i) {
    fields.Name(Path(reasons, i), proto.away_reasons(i));
  }
  ReadOptional(proto.has_fairness_window(), proto.fairness_window(), path / "fairness_window",
               fields, settings.fairness_window);
  settings.random_seed = proto.random_seed();
  const Path rate(path, "rate_limit");
  fields.Range(rate / "assignments", proto.rate_limit().assignments(), 0,
               engine::limits::kRateLimitMax);
  settings.rate_limit.assignments = proto.rate_limit().assignments();
  if (settings.rate_limit.assignments > 0) {
    ReadOptional(proto.rate_limit().has_window(), proto.rate_limit().window(), rate / "window",
                 fields, settings.rate_limit.window);
  }
  settings.away_reasons = {proto.away_reasons().begin(), proto.away_reasons().end()};
  return settings;
}

std::vector<engine::SkillLevel> ReadSkills(const v1::Agent& proto, const Path& path,
                                           Fields& fields) {
  std::vector<engine::SkillLevel> skills;
  if (!fields.AtMost(path, static_cast<size_t>(proto.skills_size()),
                     engine::limits::kAgentSkillsMax)) {
    return skills;
  }
  for (int i = 0; i < proto.skills_size(); ++i) {
    const Path at(path, i);
    fields.Name(at / "skill", proto.skills(i).skill());
    fields.Range(at / "level", proto.skills(i).level(), engine::limits::kLevelMin,
                 engine::limits::kLevelMax);
    skills.push_back({proto.skills(i).skill(), proto.skills(i).level()});
  }
  return skills;
}

std::vector<engine::SkillLevel> ReadLanguages(const v1::Agent& proto, const Path& path,
                                              Fields& fields) {
  std::vector<engine::SkillLevel> languages;
  if (!fields.AtMost(path, static_cast<size_t>(proto.languages_size()),
                     engine::limits::kAgentLanguagesMax)) {
    return languages;
  }
  for (int i = 0; i < proto.languages_size(); ++i) {
    const Path at(path, i);
    fields.Name(at / "language", proto.languages(i).language());
    fields.Range(at / "level", proto.languages(i).level(), engine::limits::kLevelMin,
                 engine::limits::kLevelMax);
    languages.push_back({proto.languages(i).language(), proto.languages(i).level()});
  }
  return languages;
}

engine::MembershipConfig ReadMembership(const v1::Membership& proto, const Path& path,
                                        Fields& fields) {
  engine::MembershipConfig membership;
  fields.Name(path / "queue", proto.queue());
  fields.Range(path / "tier", proto.tier(), 0, engine::limits::kTierMax);
  fields.Range(path / "position", proto.position(), 0, std::numeric_limits<uint16_t>::max());
  membership.queue = proto.queue();
  membership.tier = proto.tier() == 0 ? 1 : proto.tier();
  membership.position = proto.position();
  membership.paused = proto.paused();
  fields.Range(path / "weight", proto.weight(), 0, engine::limits::kWeightMax);
  if (proto.weight() != 0) membership.weight = proto.weight();
  if (proto.has_wrap_up()) membership.wrap_up = ReadSpan(proto.wrap_up(), path / "wrap_up", fields);
  return membership;
}

void ReadCapacity(const v1::Capacity& proto, const Path& path, Fields& fields,
                  engine::AgentConfig& agent) {
  const Path channels(path, "per_channel");
  fields.Range(path / "units", proto.units(), 0, engine::limits::kUnitsMax);
  if (proto.units() != 0) agent.units = proto.units();
  if (!fields.AtMost(channels, proto.per_channel().size(), engine::limits::kChannelsMax)) return;
  for (const auto& [channel, units] : proto.per_channel()) {
    fields.Name(channels, channel);
    fields.Range(channels / channel, units, 0, engine::limits::kUnitsMax);
    agent.channel_units[channel] = units;
  }
}

engine::AgentConfig ReadAgent(const v1::Agent& proto, const Path& path, Fields& fields) {
  engine::AgentConfig agent;
  const Path labels(path, "labels"), memberships(path, "memberships");
  fields.Id(path / "id", proto.id());
  fields.OptionalName(path / "team", proto.team());
  agent.id = proto.id();
  agent.kind = ReadEnumOr(proto.kind(), engine::AgentKind::kPerson, path / "kind", fields);
  agent.skills = ReadSkills(proto, path / "skills", fields);
  agent.languages = ReadLanguages(proto, path / "languages", fields);
  agent.team = proto.team();
  ReadCapacity(proto.capacity(), path / "capacity", fields, agent);
  if (fields.AtMost(labels, static_cast<size_t>(proto.labels_size()),
                    engine::limits::kAgentLabelsMax)) {
    for (int i = 0; i < proto.labels_size(); ++i) fields.Name(Path(labels, i), proto.labels(i));
    agent.labels = {proto.labels().begin(), proto.labels().end()};
  }
  if (fields.AtMost(memberships, static_cast<size_t>(proto.memberships_size()),
                    engine::limits::kAgentMembershipsMax)) {
    for (int i = 0; i < proto.memberships_size(); ++i) {
      agent.memberships.push_back(
          ReadMembership(proto.memberships(i), Path(memberships, i), fields));
    }
  }
  return agent;
}

// Reads a list whose entries are named by `id` and each unlike the others.
template <class To, class Protos, class ReadOne>
std::vector<To> ReadList(const Protos& protos, size_t max, const Path& path, Fields& fields,
                         ReadOne read) {
  std::vector<To> list;
  if (!fields.AtMost(path, static_cast<size_t>(protos.size()), max)) return list;
  std::set<std::string_view> seen;
  for (int i = 0; i < protos.size(); ++i) {
    const Path at(path, i);
    if (!seen.insert(protos[i].id()).second) fields.Fail(at / "id", "is named twice");
    list.push_back(read(protos[i], at, fields));
  }
  return list;
}

}  // namespace

engine::WorkspaceConfig ReadWorkspace(const v1::Workspace& proto, const Path& path,
                                      Fields& fields) {
  engine::WorkspaceConfig config;
  config.channels = ReadList<engine::ChannelConfig>(
      proto.channels(), engine::limits::kChannelsMax, path / "channels", fields, ReadChannel);
  config.teams = ReadList<engine::TeamConfig>(proto.teams(), engine::limits::kTeamsMax,
                                              path / "teams", fields, ReadTeam);
  config.queues = ReadList<engine::QueueConfig>(proto.queues(), engine::limits::kQueuesMax,
                                                path / "queues", fields, ReadQueue);
  const Path classification(path, "classification");
  config.rules = ReadList<engine::RuleConfig>(proto.classification().rules(),
                                              engine::limits::kRulesMax, classification / "rules",
                                              fields, ReadRule);
  if (proto.classification().has_external()) {
    config.external = ReadExternal(proto.classification().external(), classification / "external",
                                   fields);
  }
  config.calendars = ReadList<engine::CalendarConfig>(
      proto.calendars(), engine::limits::kCalendarsMax, path / "calendars", fields, ReadCalendar);
  config.settings = ReadSettings(proto.settings(), path / "settings", fields);
  return config;
}

std::vector<engine::AgentConfig> ReadAgents(
    const google::protobuf::RepeatedPtrField<v1::Agent>& agents, const Path& path,
    Fields& fields) {
  return ReadList<engine::AgentConfig>(agents, engine::limits::kAgentsPerUpsertMax, path, fields,
                                       ReadAgent);
}

}  // namespace firstline::api
