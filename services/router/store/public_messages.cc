#include "services/router/store/public_messages.h"

#include "absl/strings/str_cat.h"
#include "services/router/store/policy_messages.h"
#include "services/router/store/public_enums.h"

namespace firstline::store {
namespace {

constexpr int64_t kUsPerSecond = 1'000'000;

void WriteSkill(const engine::SkillLevel& skill, v1::SkillRequirement* out) {
  out->set_skill(skill.name);
  out->set_min_level(skill.level);
  out->set_max_level(skill.max);
}

void WriteBackOff(const engine::BackOffConfig& back_off, v1::BackOff* out) {
  out->set_after_misses(back_off.after_misses);
  WriteMessage(back_off.duration, out->mutable_duration());
  WriteMessage(back_off.max_duration, out->mutable_max_duration());
  out->set_probation(back_off.probation);
}

void WriteQueue(const engine::QueueConfig& queue, v1::Queue* out) {
  out->set_id(queue.id);
  out->set_kind(ToProto(queue.kind));
  out->set_serving(ToProto(queue.serving));
  for (const auto& [priority, credit] : queue.credits) {
    WriteMessage(credit, &(*out->mutable_credits())[priority]);
  }
  for (engine::Criterion criterion : queue.selection) out->add_selection(ToProto(criterion));
  WriteMessage(queue.requirement, out->mutable_requirement());
  out->set_first_tier(queue.first_tier);
  for (const engine::StepConfig& step : queue.steps) WriteMessage(step, out->add_steps());
  WriteMessage(queue.preferred_hold, out->mutable_preferred_hold());
  WriteMessage(queue.first_response_target, out->mutable_first_response_target());
  WriteMessage(queue.answer_target, out->mutable_answer_target());
  WriteMessage(queue.short_abandon, out->mutable_short_abandon());
  out->set_max_length(static_cast<int32_t>(queue.max_length));
  WriteMessage(queue.offer_timeout, out->mutable_offer_timeout());
  out->set_auto_accept(queue.auto_accept);
  WriteMessage(queue.wrap_up, out->mutable_wrap_up());
  WriteMessage(queue.first_reply_warning, out->mutable_first_reply_warning());
  WriteMessage(queue.first_reply_timeout, out->mutable_first_reply_timeout());
  if (!(queue.score == engine::ScoreConfig{})) WriteMessage(queue.score, out->mutable_score());
  out->set_weight(queue.weight);
  out->set_suspended(queue.suspended);
  out->set_refuse_if_nobody(queue.refuse_if_nobody);
  out->set_max_overtakes(queue.max_overtakes);
  if (queue.back_off) WriteBackOff(*queue.back_off, out->mutable_back_off());
  out->set_wrap_up_queue_only(queue.wrap_up_queue_only);
  if (queue.offer_to != 1) out->set_offer_to(queue.offer_to);
  if (queue.keep_place.us != 0) WriteMessage(queue.keep_place, out->mutable_keep_place());
  if (queue.last_agent_within.us != 0) {
    WriteMessage(queue.last_agent_within, out->mutable_last_agent_within());
  }
  WritePeople(queue, out);
}

void WriteRule(const engine::RuleConfig& rule, v1::Rule* out) {
  out->set_id(rule.id);
  out->mutable_channels()->Assign(rule.channels.begin(), rule.channels.end());
  for (const engine::Condition& c : rule.conditions) WriteMessage(c, out->add_conditions());
  out->set_queue(rule.queue);
  WriteMessage(rule.requirement, out->mutable_requirement());
  if (rule.priority) out->set_priority(*rule.priority);
}

void WriteSettings(const engine::SettingsConfig& settings, v1::WorkspaceSettings* out) {
  WriteBackOff(settings.back_off, out->mutable_back_off());
  WriteMessage(settings.presence_grace, out->mutable_presence_grace());
  WriteMessage(settings.closed_retention, out->mutable_closed_retention());
  out->set_closed_max(static_cast<int32_t>(settings.closed_max));
  WriteMessage(settings.request_window, out->mutable_request_window());
  out->set_request_max(static_cast<int32_t>(settings.request_max));
  out->set_keep_events_max(static_cast<int32_t>(settings.keep_events_max));
  for (const std::string& reason : settings.away_reasons) out->add_away_reasons(reason);
  WriteMessage(settings.fairness_window, out->mutable_fairness_window());
  out->set_random_seed(settings.random_seed);
  if (settings.rate_limit.assignments > 0) {
    out->mutable_rate_limit()->set_assignments(settings.rate_limit.assignments);
    WriteMessage(settings.rate_limit.window, out->mutable_rate_limit()->mutable_window());
  }
}

}  // namespace

void WriteMessage(engine::Time time, google::protobuf::Timestamp* out) {
  // Floored: nanos are never negative.
  int64_t seconds = time.us / kUsPerSecond;
  int64_t rest_us = time.us % kUsPerSecond;
  if (rest_us < 0) {
    --seconds;
    rest_us += kUsPerSecond;
  }
  out->set_seconds(seconds);
  out->set_nanos(static_cast<int32_t>(rest_us * 1000));
}

void WriteMessage(engine::Span span, google::protobuf::Duration* out) {
  // Cut towards zero: both parts have the same sign.
  out->set_seconds(span.us / kUsPerSecond);
  out->set_nanos(static_cast<int32_t>(span.us % kUsPerSecond * 1000));
}

void WriteMessage(const engine::ScoreConfig& score, v1::Score* out) {
  out->set_skill_level(score.skill_level);
  out->set_language_level(score.language_level);
  out->set_load(score.load);
  out->set_idle_time(score.idle_time);
  out->set_handled(score.handled);
  out->set_tier(score.tier);
}

void WriteMessage(const engine::StepConfig& step, v1::Step* out) {
  WriteMessage(step.after, out->mutable_after());
  out->set_lower_levels(step.lower_levels);
  for (const std::string& skill : step.drop_skills) out->add_drop_skills(skill);
  out->set_drop_languages(step.drop_languages);
  out->set_tier(step.tier);
  if (step.credit.us != 0) WriteMessage(step.credit, out->mutable_credit());
  out->set_overflow_to(step.overflow_to);
  for (const std::string& label : step.drop_labels) out->add_drop_labels(label);
  out->set_close(step.close);
  out->set_at_once_if_nobody(step.at_once_if_nobody);
  if (step.when) WriteMessage(*step.when, out->mutable_when());
  if (step.at_latest.us != 0) WriteMessage(step.at_latest, out->mutable_at_latest());
}

void WriteMessage(const engine::Condition& condition, v1::Condition* out) {
  out->set_key(condition.key);
  out->set_comparison(ToProto(condition.comparison));
  out->mutable_values()->Assign(condition.values.begin(), condition.values.end());
}

void WriteMessage(const engine::RequirementSpec& spec, v1::Requirement* out) {
  for (const engine::SkillLevel& skill : spec.skills) WriteSkill(skill, out->add_skills());
  for (const engine::SkillLevel& language : spec.languages) {
    v1::LanguageRequirement* to = out->add_languages();
    to->set_language(language.name);
    to->set_min_level(language.level);
  }
  for (const std::string& label : spec.labels) out->add_labels(label);
  for (const auto& group : spec.any_skills) {
    v1::SkillGroup* to = out->add_any_skills();
    for (const engine::SkillLevel& skill : group) WriteSkill(skill, to->add_skills());
  }
  for (const std::string& skill : spec.excluded_skills) out->add_excluded_skills(skill);
  for (const engine::Condition& condition : spec.label_conditions) {
    WriteMessage(condition, out->add_label_conditions());
  }
}

void WriteMessage(const engine::AgentConfig& agent, v1::Agent* out) {
  out->set_id(agent.id);
  out->set_kind(ToProto(agent.kind));
  for (const engine::SkillLevel& skill : agent.skills) {
    v1::AgentSkill* to = out->add_skills();
    to->set_skill(skill.name);
    to->set_level(skill.level);
  }
  for (const engine::SkillLevel& language : agent.languages) {
    v1::AgentLanguage* to = out->add_languages();
    to->set_language(language.name);
    to->set_level(language.level);
  }
  for (const std::string& label : agent.labels) out->add_labels(label);
  out->set_team(agent.team);
  out->mutable_capacity()->set_units(agent.units);
  for (const auto& [channel, units] : agent.channel_units) {
    (*out->mutable_capacity()->mutable_per_channel())[channel] = units;
  }
  for (const engine::MembershipConfig& membership : agent.memberships) {
    v1::Membership* to = out->add_memberships();
    to->set_queue(membership.queue);
    to->set_tier(membership.tier);
    to->set_position(membership.position);
    if (membership.weight != 1) to->set_weight(membership.weight);
    to->set_paused(membership.paused);
    if (membership.wrap_up) WriteMessage(*membership.wrap_up, to->mutable_wrap_up());
  }
}

void WriteSpec(const engine::Engine& engine, const engine::Inquiry& inquiry, v1::InquirySpec* out) {
  out->set_id(inquiry.id);
  out->set_channel(engine.ChannelId(inquiry.channel));
  out->set_queue(engine.QueueId(inquiry.queue));
  WriteMessage(engine.Spec(inquiry.own), out->mutable_requirement());
  out->set_priority(inquiry.priority);
  out->set_units(inquiry.units);
  out->set_customer(inquiry.customer);
  for (auto& [key, value] : engine::UnpackAttributes(inquiry.attributes)) {
    (*out->mutable_attributes())[key] = std::move(value);
  }
  for (engine::AgentIx agent : inquiry.preferred) {
    out->add_preferred_agents(engine.AgentId(agent));
  }
  for (const engine::Exception& exception : inquiry.exceptions) {
    if (exception.named_by_caller) out->add_excluded_agents(engine.AgentId(exception.agent));
  }
}

void WriteWorkspace(const engine::Engine& engine, v1::Workspace* out) {
  const engine::WorkspaceConfig& config = engine.config();
  out->set_id(engine.workspace());
  out->set_etag(engine.etag());
  out->set_generation(engine.counters().config_version);
  WriteSettings(config.settings, out->mutable_settings());
  for (const engine::ChannelConfig& channel : config.channels) {
    v1::Channel* to = out->add_channels();
    to->set_id(channel.id);
    to->set_kind(ToProto(channel.kind));
    to->set_units(channel.units);
    to->set_exclusive(channel.exclusive);
    to->mutable_interrupted_by()->Assign(channel.interrupted_by.begin(),
                                         channel.interrupted_by.end());
  }
  for (const engine::TeamConfig& team : config.teams) {
    v1::Team* to = out->add_teams();
    to->set_id(team.id);
    to->set_vendor(team.vendor);
  }
  for (const engine::QueueConfig& queue : config.queues) WriteQueue(queue, out->add_queues());
  for (const engine::RuleConfig& rule : config.rules) {
    WriteRule(rule, out->mutable_classification()->add_rules());
  }
  if (config.external) {
    v1::ExternalClassifier* to = out->mutable_classification()->mutable_external();
    to->set_classifier(config.external->classifier);
    WriteMessage(config.external->deadline, to->mutable_deadline());
    to->set_ask(ToProto(config.external->ask));
  }
  for (const engine::CalendarConfig& calendar : config.calendars) {
    WriteMessage(calendar, out->add_calendars());
  }
}

std::string OfferId(std::string_view inquiry_id, uint32_t number) {
  return absl::StrCat(absl::string_view(inquiry_id.data(), inquiry_id.size()), "/", number);
}

}  // namespace firstline::store
