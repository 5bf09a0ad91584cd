#include "services/router/store/policy_messages.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_format.h"
#include "absl/time/civil_time.h"
#include "services/router/store/config_record.h"
#include "services/router/store/public_enums.h"
#include "services/router/store/public_messages.h"

namespace firstline::store {
namespace {

using store::HasPolicies;

std::string ClockText(int minute) { return absl::StrFormat("%02d:%02d", minute / 60, minute % 60); }

// What does not fit becomes -1, which no check lets pass.
int ToInt(uint32_t value) {
  return value <= uint32_t{std::numeric_limits<int>::max()} ? static_cast<int>(value) : -1;
}

// Checked when it came in; what a damaged record may say does not overflow.
engine::Span ReadSpan(const google::protobuf::Duration& span) {
  const int64_t seconds = std::clamp<int64_t>(span.seconds(), -1, int64_t{1} << 40);
  return engine::Microseconds(seconds * 1'000'000 + span.nanos() / 1000);
}

bool HasPolicies(const engine::StepConfig& step) {
  return step.close || step.at_once_if_nobody || step.when || !step.drop_labels.empty();
}

bool HasPolicies(const engine::QueueConfig& queue) {
  const auto& steps = queue.steps;
  const auto& selection = queue.selection;
  return queue.suspended || queue.refuse_if_nobody || queue.max_overtakes != 0 ||
         queue.back_off || queue.wrap_up_queue_only || queue.keep_place.us != 0 ||
         queue.last_agent_within.us != 0 || queue.offer_to != 1 ||
         queue.weight != 0 || queue.serving == engine::Serving::kLifo ||
         HasPolicies(queue.requirement) || UsesPeople(queue) ||
         std::any_of(selection.begin(), selection.end(),
                     [](engine::Criterion c) { return c > engine::Criterion::kRoundRobin; }) ||
         std::any_of(steps.begin(), steps.end(), [](const auto& s) { return HasPolicies(s); });
}

}  // namespace

void WriteMessage(const engine::StepWhen& when, v1::StepCondition* out) {
  if (when.available_below) out->set_available_below(*when.available_below);
  if (when.available_above) out->set_available_above(*when.available_above);
  if (when.logged_in_below) out->set_logged_in_below(*when.logged_in_below);
  if (when.logged_in_above) out->set_logged_in_above(*when.logged_in_above);
  if (when.waiting_below) out->set_waiting_below(*when.waiting_below);
  if (when.waiting_above) out->set_waiting_above(*when.waiting_above);
  out->set_open(when.open);
  out->set_closed(when.closed);
  if (when.expected_wait_above) {
    WriteMessage(*when.expected_wait_above, out->mutable_expected_wait_above());
  }
  if (when.expected_wait_below) {
    WriteMessage(*when.expected_wait_below, out->mutable_expected_wait_below());
  }
}

engine::StepWhen ReadMessage(const v1::StepCondition& when) {
  engine::StepWhen to;
  if (when.has_available_below()) to.available_below = when.available_below();
  if (when.has_available_above()) to.available_above = when.available_above();
  if (when.has_logged_in_below()) to.logged_in_below = when.logged_in_below();
  if (when.has_logged_in_above()) to.logged_in_above = when.logged_in_above();
  if (when.has_waiting_below()) to.waiting_below = when.waiting_below();
  if (when.has_waiting_above()) to.waiting_above = when.waiting_above();
  to.open = when.open();
  to.closed = when.closed();
  if (when.has_expected_wait_above()) to.expected_wait_above = ReadSpan(when.expected_wait_above());
  if (when.has_expected_wait_below()) to.expected_wait_below = ReadSpan(when.expected_wait_below());
  return to;
}

// ---- Calendars ----

void WriteMessage(const engine::CalendarConfig& calendar, v1::Calendar* out) {
  out->set_id(calendar.id);
  out->set_time_zone(calendar.time_zone);
  for (const engine::HoursConfig& hours : calendar.hours) {
    v1::Hours* to = out->add_hours();
    for (int day = 0; day < 7; ++day) {
      if ((hours.days >> day & 1) != 0) to->add_days(static_cast<v1::Weekday>(day + 1));
    }
    to->set_from(ClockText(hours.from));
    to->set_to(ClockText(hours.to));
  }
  for (const int64_t day : calendar.holidays) {
    out->add_holidays(absl::FormatCivilTime(absl::CivilDay(1970, 1, 1) + day));
  }
}

void WriteRecord(const engine::CalendarConfig& calendar, internal::v1::CalendarRecord* out) {
  out->set_id(calendar.id);
  out->set_time_zone(calendar.time_zone);
  for (const engine::ZoneOffset& offset : calendar.offsets) {
    internal::v1::ZoneOffsetRecord* to = out->add_offsets();
    to->set_from_us(offset.from.us);
    to->set_seconds(offset.seconds);
  }
  for (const engine::HoursConfig& hours : calendar.hours) {
    internal::v1::HoursRecord* to = out->add_hours();
    to->set_days(static_cast<uint32_t>(hours.days));
    to->set_from(static_cast<uint32_t>(hours.from));
    to->set_to(static_cast<uint32_t>(hours.to));
  }
  out->mutable_holidays()->Assign(calendar.holidays.begin(), calendar.holidays.end());
}

engine::CalendarConfig ReadRecord(const internal::v1::CalendarRecord& record) {
  engine::CalendarConfig calendar{.id = record.id(), .time_zone = record.time_zone()};
  for (const internal::v1::ZoneOffsetRecord& offset : record.offsets()) {
    calendar.offsets.push_back({{offset.from_us()}, offset.seconds()});
  }
  for (const internal::v1::HoursRecord& hours : record.hours()) {
    calendar.hours.push_back({ToInt(hours.days()), ToInt(hours.from()), ToInt(hours.to())});
  }
  calendar.holidays.assign(record.holidays().begin(), record.holidays().end());
  return calendar;
}

// ---- Queues ----

void WritePeople(const engine::QueueConfig& queue, v1::Queue* out) {
  const auto write = [](engine::Span span, auto mutable_field) {
    if (span.us != 0) WriteMessage(span, mutable_field());
  };
  write(queue.ask_decliners_after, [&] { return out->mutable_ask_decliners_after(); });
  write(queue.wrap_up_extension_max, [&] { return out->mutable_wrap_up_extension_max(); });
  write(queue.lost_agent_after, [&] { return out->mutable_lost_agent_after(); });
  write(queue.reopen_within, [&] { return out->mutable_reopen_within(); });
  write(queue.max_expected_wait, [&] { return out->mutable_max_expected_wait(); });
  if (queue.expected_wait_quantile != engine::WaitQuantile::kP50) {
    out->set_expected_wait_quantile(ToProto(queue.expected_wait_quantile));
  }
  out->set_allow_claim(queue.allow_claim);
  if (queue.lost_agent != engine::LostAgent::kKeep) out->set_lost_agent(ToProto(queue.lost_agent));
  out->set_reopen_keeps_age(queue.reopen_keeps_age);
}

void WritePeople(const engine::QueueConfig& queue, internal::v1::QueueRecord* out) {
  out->set_ask_decliners_after_us(queue.ask_decliners_after.us);
  out->set_allow_claim(queue.allow_claim);
  out->set_wrap_up_extension_max_us(queue.wrap_up_extension_max.us);
  if (queue.lost_agent != engine::LostAgent::kKeep) out->set_lost_agent(ToProto(queue.lost_agent));
  out->set_lost_agent_after_us(queue.lost_agent_after.us);
  out->set_reopen_within_us(queue.reopen_within.us);
  out->set_max_expected_wait_us(queue.max_expected_wait.us);
  if (queue.expected_wait_quantile != engine::WaitQuantile::kP50) {
    out->set_expected_wait_quantile(ToProto(queue.expected_wait_quantile));
  }
  out->set_reopen_keeps_age(queue.reopen_keeps_age);
}

bool ReadPeople(const internal::v1::QueueRecord& record, engine::QueueConfig& queue) {
  queue.ask_decliners_after = {record.ask_decliners_after_us()};
  queue.allow_claim = record.allow_claim();
  queue.wrap_up_extension_max = {record.wrap_up_extension_max_us()};
  queue.lost_agent_after = {record.lost_agent_after_us()};
  queue.reopen_within = {record.reopen_within_us()};
  queue.reopen_keeps_age = record.reopen_keeps_age();
  queue.max_expected_wait = {record.max_expected_wait_us()};
  if (record.expected_wait_quantile() != v1::WAIT_QUANTILE_UNSPECIFIED) {
    const auto quantile = FromProto(record.expected_wait_quantile());
    if (!quantile) return false;
    queue.expected_wait_quantile = *quantile;
  }
  if (record.lost_agent() == v1::LOST_AGENT_POLICY_UNSPECIFIED) return true;
  const auto policy = FromProto(record.lost_agent());
  if (policy) queue.lost_agent = *policy;
  return policy.has_value();
}

bool UsesPeople(const engine::QueueConfig& queue) {
  return queue.ask_decliners_after.us != 0 || queue.allow_claim ||
         queue.wrap_up_extension_max.us != 0 || queue.lost_agent != engine::LostAgent::kKeep ||
         queue.lost_agent_after.us != 0 || queue.reopen_within.us != 0 || queue.reopen_keeps_age ||
         queue.max_expected_wait.us != 0 ||
         queue.expected_wait_quantile != engine::WaitQuantile::kP50;
}

bool HasPolicies(const engine::WorkspaceConfig& config) {
  const auto& queues = config.queues;
  const auto has_policies = [](const engine::ChannelConfig& c) {
    return c.exclusive || !c.interrupted_by.empty();
  };
  return !config.rules.empty() || config.external || !config.calendars.empty() ||
         std::any_of(config.channels.begin(), config.channels.end(), has_policies) ||
         config.settings.rate_limit.assignments != 0 ||
         config.settings.back_off.probation ||
         std::any_of(queues.begin(), queues.end(), [](const auto& q) { return HasPolicies(q); });
}

}  // namespace firstline::store
