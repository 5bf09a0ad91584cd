// FNV-1a (Fowler, Noll, Vo) over a command's fields in declaration order, each length-delimited.
#include "services/router/engine/engine.h"

namespace firstline::engine {
namespace {

class Hasher {
 public:
  void Add(std::string_view text) {
    Add(static_cast<int64_t>(text.size()));
    for (char c : text) Byte(static_cast<uint8_t>(c));
  }
  void Add(const std::string& text) { Add(std::string_view(text)); }
  void Add(int64_t value) {
    for (int i = 0; i < 64; i += 8) Byte(static_cast<uint8_t>(static_cast<uint64_t>(value) >> i));
  }
  void Add(uint64_t value) { Add(static_cast<int64_t>(value)); }
  void Add(int value) { Add(int64_t{value}); }
  void Add(uint32_t value) { Add(int64_t{value}); }
  void Add(bool value) { Byte(value ? 1 : 0); }
  void Add(Span span) { Add(span.us); }
  template <class E>
    requires std::is_enum_v<E>
  void Add(E value) {
    Add(static_cast<int64_t>(value));
  }
  template <class T>
  void Add(const std::vector<T>& values) {
    Add(static_cast<int64_t>(values.size()));
    for (const T& value : values) Add(value);
  }
  template <class K, class V>
  void Add(const std::map<K, V>& values) {
    Add(static_cast<int64_t>(values.size()));
    for (const auto& value : values) Add(value);
  }
  template <class A, class B>
  void Add(const std::pair<A, B>& value) {
    Add(value.first);
    Add(value.second);
  }
  template <class T>
  void Add(const std::optional<T>& value) {
    Add(value.has_value());
    if (value) Add(*value);
  }
  // A field that came later is added only where it is used: the digest of what could be said before
  // stays as it was, so that a repeat is known across an upgrade.
  template <class T>
  void AddLater(int tag, const T& value) {
    if constexpr (requires { value.empty(); }) {
      if (value.empty()) return;
    } else {
      if (value == T{}) return;
    }
    Add(tag);
    Add(value);
  }
  void Add(const SkillLevel& v) {
    All(v.name, v.level);
    AddLater(1, v.max);
  }
  void Add(const Condition& v) { All(v.key, v.comparison, v.values); }
  void Add(const RequirementSpec& v) {
    All(v.skills, v.languages, v.labels);
    AddLater(1, v.any_skills);
    AddLater(2, v.excluded_skills);
    AddLater(3, v.label_conditions);
  }
  void Add(const ChannelConfig& v) {
    All(v.id, v.kind, v.units);
    AddLater(1, v.exclusive);
    AddLater(2, v.interrupted_by);
  }
  void Add(const TeamConfig& v) { All(v.id, v.vendor); }
  void Add(const StepConfig& v) {
    All(v.after, v.lower_levels, v.drop_skills, v.drop_languages, v.tier, v.credit, v.overflow_to);
    AddLater(1, v.drop_labels);
    AddLater(2, v.close);
    AddLater(3, v.at_once_if_nobody);
    AddLater(4, v.when);
    AddLater(5, v.at_latest);
  }
  void Add(const StepWhen& v) {
    All(v.available_below, v.available_above, v.logged_in_below, v.logged_in_above,
        v.waiting_below, v.waiting_above, v.open, v.closed);
    AddLater(1, v.expected_wait_above);
    AddLater(2, v.expected_wait_below);
  }
  void Add(const ZoneOffset& v) { All(v.from.us, v.seconds); }
  void Add(const HoursConfig& v) { All(v.days, v.from, v.to); }
  void Add(const CalendarConfig& v) { All(v.id, v.time_zone, v.offsets, v.hours, v.holidays); }
  void Add(const QueueConfig& v) {
    All(v.id, v.kind, v.serving, v.credits, v.selection, v.requirement, v.first_tier, v.steps,
        v.preferred_hold, v.first_response_target, v.answer_target, v.short_abandon, v.max_length,
        v.offer_timeout, v.auto_accept, v.wrap_up, v.first_reply_warning, v.first_reply_timeout);
    AddLater(1, v.score);
    AddLater(2, v.weight);
    AddLater(3, v.suspended);
    AddLater(4, v.max_overtakes);
    AddLater(5, v.refuse_if_nobody);
    AddLater(6, v.wrap_up_queue_only);
    AddLater(7, v.back_off);
    AddLater(8, v.keep_place);
    AddLater(9, v.last_agent_within);
    if (v.offer_to != 1) All(int64_t{10}, v.offer_to);
    AddLater(11, v.ask_decliners_after);
    AddLater(12, v.allow_claim);
    AddLater(13, v.wrap_up_extension_max);
    if (v.lost_agent != LostAgent::kKeep) All(int64_t{14}, v.lost_agent, v.lost_agent_after);
    AddLater(15, v.reopen_within);
    AddLater(16, v.reopen_keeps_age);
    AddLater(17, v.max_expected_wait);
    if (v.expected_wait_quantile != WaitQuantile::kP50) All(int64_t{18}, v.expected_wait_quantile);
  }
  void Add(const SettingsConfig& v) {
    All(v.back_off.after_misses, v.back_off.duration, v.back_off.max_duration, v.presence_grace,
        v.closed_retention, v.closed_max, v.request_window, v.request_max, v.keep_events_max,
        v.away_reasons);
    if (v.fairness_window != SettingsConfig{}.fairness_window) Add(v.fairness_window);
    AddLater(1, v.random_seed);
    if (v.rate_limit.assignments != 0) All(v.rate_limit.assignments, v.rate_limit.window);
    AddLater(2, v.back_off.probation);
  }
  void Add(const BackOffConfig& v) {
    All(v.after_misses, v.duration, v.max_duration, v.probation);
  }
  void Add(const ScoreConfig& v) {
    All(v.skill_level, v.language_level, v.load, v.idle_time, v.handled, v.tier);
  }
  void Add(const MembershipConfig& v) {
    All(v.queue, v.tier, v.position, v.paused, v.wrap_up);
    if (v.weight != 1) Add(v.weight);
  }
  void Add(const AgentConfig& v) {
    All(v.id, v.kind, v.skills, v.languages, v.labels, v.team, v.units, v.channel_units,
        v.memberships);
  }
  void Add(const RuleConfig& v) {
    All(v.id, v.channels, v.conditions, v.queue, v.requirement, v.priority);
  }
  void Add(const ExternalConfig& v) { All(v.classifier, v.deadline, v.ask); }
  void Add(const WorkspaceConfig& v) {
    All(v.channels, v.teams, v.queues, v.settings);
    AddLater(1, v.rules);
    AddLater(2, v.calendars);
    AddLater(3, v.external);
  }
  template <class... T>
  void All(const T&... values) {
    (Add(values), ...);
  }
  uint64_t value() const { return hash_; }

 private:
  void Byte(uint8_t byte) { hash_ = (hash_ ^ byte) * 1099511628211u; }
  uint64_t hash_ = 14695981039346656037u;
};

void Add(Hasher& h, const Submit& c) {
  h.All(c.inquiry_id, c.channel, c.queue, c.requirement, c.priority, c.units, c.customer,
        c.attributes, c.preferred_agents, c.excluded_agents);
}
void Add(Hasher& h, const Update& c) {
  h.All(c.inquiry_id, c.priority, c.requirement, c.customer, c.attributes, c.preferred_agents);
}
void Add(Hasher& h, const Cancel& c) { h.All(c.inquiry_id, c.reason); }
void Add(Hasher& h, const Transfer& c) {
  h.All(c.inquiry_id, c.queue, c.requirement, c.preferred_agent);
  h.AddLater(1, c.agent_id);
}
void Add(Hasher& h, const RecordMessage& c) {
  h.All(c.inquiry_id, c.message_id, c.author, c.agent_id);
}
void Add(Hasher& h, const Park& c) {
  h.Add(c.inquiry_id);
  h.AddLater(1, c.agent_id);
}
void Add(Hasher& h, const Resume& c) {
  h.Add(c.inquiry_id);
  h.AddLater(1, c.agent_id);
}
void Add(Hasher& h, const Close& c) { h.All(c.inquiry_id, c.resolution, c.agent_id); }
void Add(Hasher& h, const RecordFeedback& c) { h.All(c.inquiry_id, c.csat, c.resolved); }
void Add(Hasher& h, const SetPresence& c) {
  h.All(c.agent_id, c.presence, c.reason, c.session_id, c.sequence);
}
void Add(Hasher& h, const OpenSession& c) { h.All(c.agent_id, c.session_id); }
void Add(Hasher& h, const CloseSession& c) { h.All(c.agent_id, c.session_id); }
void Add(Hasher& h, const LapseSessions& c) { h.Add(c.sessions); }
void Add(Hasher& h, const Accept& c) { h.All(c.inquiry_id, c.offer_number, c.agent_id); }
void Add(Hasher& h, const Decline& c) {
  h.All(c.inquiry_id, c.offer_number, c.agent_id, c.retry_after);
}
void Add(Hasher& h, const FinishWrapUp& c) { h.All(c.agent_id, c.inquiry_id); }
void Add(Hasher& h, const Claim& c) { h.All(c.inquiry_id, c.agent_id); }
void Add(Hasher& h, const AssignTo& c) {
  h.All(c.inquiry_id, c.agent_id, c.with_offer, c.overrides, c.reason);
}
void Add(Hasher& h, const Reopen& c) { h.All(c.inquiry_id, c.agent_id); }
void Add(Hasher& h, const ExtendWrapUp& c) { h.All(c.agent_id, c.inquiry_id, c.by); }
void Add(Hasher& h, const ApplyConfig& c) {
  h.All(c.whole, c.config, c.patch_settings, c.agents, c.remove_queues, c.remove_channels,
        c.remove_teams, c.etag);
  h.AddLater(1, c.patch_rules);
  h.AddLater(2, c.remove_calendars);
}
void Add(Hasher& h, const UpsertAgents& c) { h.Add(c.agents); }
void Add(Hasher& h, const DeleteAgents& c) { h.All(c.agent_ids, c.force); }
void Add(Hasher& h, const TakeOver& c) {
  h.All(c.epoch, c.address, c.previous_event, c.lost_tail);
}
void Add(Hasher& h, const Extend& c) { h.Add(c.span); }
void Add(Hasher& h, const NoteQuarantine& c) { h.All(c.table, c.key, c.problem); }

}  // namespace

uint64_t Digest(const Body& body) {
  Hasher hasher;
  hasher.Add(static_cast<int64_t>(body.index()));
  std::visit([&](const auto& command) { Add(hasher, command); }, body);
  return hasher.value();
}

}  // namespace firstline::engine
