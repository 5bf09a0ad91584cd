#include "services/router/store/agent_record.h"

#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "firstline/internal/v1/record.pb.h"
#include "services/router/engine/config_check.h"
#include "services/router/store/config_record.h"
#include "services/router/store/public_enums.h"
#include "services/router/store/record_format.h"

namespace firstline::store {
namespace {

namespace records = internal::v1;

constexpr uint32_t kMax16 = std::numeric_limits<uint16_t>::max();
constexpr int kWrapUpsMax = static_cast<int>(engine::limits::kWrapUpsMax);
constexpr int kBackOffsMax = static_cast<int>(engine::limits::kQueuesMax);

void WriteConfig(const engine::AgentConfig& config, records::AgentConfigRecord* out) {
  out->set_kind(ToProto(config.kind));
  WriteLevels(config.skills, out->mutable_skills());
  WriteLevels(config.languages, out->mutable_languages());
  for (const std::string& label : config.labels) out->add_labels(label);
  out->set_team(config.team);
  out->set_units(static_cast<uint32_t>(config.units));
  for (const auto& [channel, units] : config.channel_units) {
    records::ChannelUnits* to = out->add_channel_units();
    to->set_channel(channel);
    to->set_units(static_cast<uint32_t>(units));
  }
  for (const engine::MembershipConfig& membership : config.memberships) {
    records::MembershipRecord* to = out->add_memberships();
    to->set_queue(membership.queue);
    to->set_tier(static_cast<uint32_t>(membership.tier));
    to->set_position(static_cast<uint32_t>(membership.position));
    to->set_paused(membership.paused);
    if (membership.wrap_up) to->set_wrap_up_us(membership.wrap_up->us);
    if (membership.weight != 1) to->set_weight(static_cast<uint32_t>(membership.weight));
  }
}

absl::StatusOr<engine::AgentConfig> ReadConfig(std::string_view id,
                                               const records::AgentConfigRecord& record) {
  engine::AgentConfig config;
  config.id = std::string(id);
  const auto kind = FromProto(record.kind());
  if (!kind) return Unreadable("unknown kind");
  config.kind = *kind;
  config.skills = ReadLevels(record.skills());
  config.languages = ReadLevels(record.languages());
  config.labels = {record.labels().begin(), record.labels().end()};
  config.team = record.team();
  if (record.units() > kMax16) return Unreadable("units out of range");
  config.units = static_cast<int>(record.units());
  for (const records::ChannelUnits& channel : record.channel_units()) {
    if (channel.units() > kMax16) return Unreadable("units out of range");
    config.channel_units[channel.channel()] = static_cast<int>(channel.units());
  }
  for (const records::MembershipRecord& membership : record.memberships()) {
    if (membership.tier() > kMax16 || membership.position() > kMax16 ||
        membership.weight() > kMax16) {
      return Unreadable("membership out of range");
    }
    engine::MembershipConfig to;
    to.queue = membership.queue();
    to.tier = static_cast<int>(membership.tier());
    to.position = static_cast<int>(membership.position());
    to.paused = membership.paused();
    if (membership.weight() != 0) to.weight = static_cast<int>(membership.weight());
    if (membership.has_wrap_up_us()) to.wrap_up = engine::Span{membership.wrap_up_us()};
    config.memberships.push_back(std::move(to));
  }
  return config;
}

void WriteState(const engine::Engine& engine, const engine::Agent& agent,
                records::AgentRecord* out) {
  out->set_presence(ToProto(agent.presence));
  out->set_reason(agent.reason);
  out->set_presence_since_us(agent.presence_since.us);
  for (const engine::Session& session : agent.sessions) {
    records::SessionRecord* to = out->add_sessions();
    to->set_id(session.id);
    to->set_sequence(session.sequence);
  }
  out->set_presence_leased(agent.presence_leased);
  out->set_misses(agent.misses);
  out->set_back_off_count(agent.back_off_count);
  out->set_back_off_until_us(agent.back_off_until.us);
  out->set_idle_since_us(agent.idle_since.us);
  out->set_idle_sequence(agent.idle_sequence);
  out->set_offered_sequence(agent.offered_sequence);
  for (const engine::WrapUp& wrap_up : agent.wrap_ups) {
    records::WrapUpRecord* to = out->add_wrap_ups();
    to->set_inquiry(wrap_up.inquiry_id);
    to->set_channel(engine.ChannelId(wrap_up.channel));
    to->set_queue(engine.QueueId(wrap_up.queue));
    to->set_units(wrap_up.units);
    to->set_start_us(wrap_up.start.us);
    to->set_until_us(wrap_up.until.us);
    to->set_extended_us(wrap_up.extended.us);
  }
  out->set_lost_since_us(agent.lost_since.us);
  out->set_sequence(agent.sequence);
  out->set_rate_limited_until_us(agent.rate_limited_until.us);
  for (const engine::Handled& handled : agent.handled) {
    records::HandledRecord* to = out->add_handled();
    to->set_at_us(handled.at.us);
    to->set_assignments(handled.assignments);
    to->set_time_us(handled.time.us);
  }
  for (const engine::QueueBackOff& back_off : agent.queue_back_offs) {
    records::QueueBackOffRecord* to = out->add_queue_back_offs();
    to->set_queue(engine.QueueId(back_off.queue));
    to->set_misses(back_off.misses);
    to->set_count(back_off.count);
    to->set_until_us(back_off.until.us);
  }
}

absl::Status ReadWrapUps(const records::AgentRecord& record, engine::Engine& engine,
                         engine::Agent& agent) {
  if (record.wrap_ups_size() > kWrapUpsMax) return Unreadable("too many wrap-ups");
  for (const records::WrapUpRecord& wrap_up : record.wrap_ups()) {
    const bool fits = wrap_up.units() <= uint32_t{engine::limits::kUnitsMax} &&
                      !wrap_up.channel().empty() && !wrap_up.queue().empty();
    if (!fits) return Unreadable("wrap-up out of range");
    agent.wrap_ups.push_back({.inquiry_id = wrap_up.inquiry(),
                              .channel = engine.ChannelHandle(wrap_up.channel()),
                              .queue = engine.QueueHandle(wrap_up.queue()),
                              .units = static_cast<uint16_t>(wrap_up.units()),
                              .start = {wrap_up.start_us()},
                              .until = {wrap_up.until_us()},
                              .extended = {wrap_up.extended_us()}});
  }
  return absl::OkStatus();
}

absl::Status ReadQueueBackOffs(const records::AgentRecord& record, engine::Engine& engine,
                               engine::Agent& agent) {
  if (record.queue_back_offs_size() > kBackOffsMax) return Unreadable("too many back-offs");
  for (const records::QueueBackOffRecord& back_off : record.queue_back_offs()) {
    const bool fits =
        back_off.misses() <= kMax16 && back_off.count() <= kMax16 && !back_off.queue().empty();
    if (!fits) return Unreadable("back-off out of range");
    agent.queue_back_offs.push_back({.queue = engine.QueueHandle(back_off.queue()),
                                     .misses = static_cast<uint16_t>(back_off.misses()),
                                     .count = static_cast<uint16_t>(back_off.count()),
                                     .until = {back_off.until_us()}});
  }
  return absl::OkStatus();
}

absl::Status ReadHandled(const records::AgentRecord& record, engine::Agent& agent) {
  if (static_cast<size_t>(record.handled_size()) > engine::limits::kHandledMax) {
    return Unreadable("too long a history");
  }
  for (const records::HandledRecord& handled : record.handled()) {
    if (handled.assignments() > kMax16) return Unreadable("count out of range");
    agent.handled.push_back({.at = {handled.at_us()},
                             .assignments = static_cast<uint16_t>(handled.assignments()),
                             .time = {handled.time_us()}});
  }
  return absl::OkStatus();
}

absl::Status ReadState(const records::AgentRecord& record, engine::Engine& engine,
                       engine::Agent& agent) {
  const auto presence = FromProto(record.presence());
  if (!presence) return Unreadable("unknown presence");
  if (record.misses() > kMax16 || record.back_off_count() > kMax16) {
    return Unreadable("count out of range");
  }
  if (static_cast<size_t>(record.sessions_size()) > engine::limits::kAgentSessionsMax) {
    return Unreadable("too many sessions");
  }
  agent.presence = *presence;
  agent.reason = record.reason();
  agent.presence_since = {record.presence_since_us()};
  agent.lost_since = {record.lost_since_us()};
  for (const records::SessionRecord& session : record.sessions()) {
    agent.sessions.push_back({session.id(), session.sequence()});
  }
  agent.presence_leased = record.presence_leased();
  agent.misses = static_cast<uint16_t>(record.misses());
  agent.back_off_count = static_cast<uint16_t>(record.back_off_count());
  agent.back_off_until = {record.back_off_until_us()};
  agent.idle_since = {record.idle_since_us()};
  agent.idle_sequence = record.idle_sequence();
  agent.offered_sequence = record.offered_sequence();
  agent.sequence = record.sequence();
  agent.rate_limited_until = {record.rate_limited_until_us()};
  if (absl::Status status = ReadHandled(record, agent); !status.ok()) return status;
  if (absl::Status status = ReadQueueBackOffs(record, engine, agent); !status.ok()) return status;
  return ReadWrapUps(record, engine, agent);
}

}  // namespace

std::string EncodeAgent(const engine::Engine& engine, engine::AgentIx agent) {
  // Kept from one call to the next: cleared, a message keeps what it has allocated.
  thread_local records::AgentRecord record;
  record.Clear();
  WriteConfig(engine.ConfigOf(agent), record.mutable_config());
  WriteState(engine, engine.agent(agent), &record);
  return Pack(record);
}

absl::StatusOr<StoredAgent> DecodeAgent(std::string_view id, std::string_view bytes,
                                        engine::Engine& engine) {
  if (id.empty() || id.size() > engine::limits::kIdBytesMax) return Unreadable("id out of bounds");
  thread_local records::AgentRecord record;
  if (absl::Status status = Unpack(bytes, record); !status.ok()) return status;
  auto config = ReadConfig(id, record.config());
  if (!config.ok()) return config.status();
  const auto problems = engine::CheckAgent(*config, engine.config(), "agent");
  if (!problems.empty()) {
    return Unreadable(absl::StrCat(problems[0].path, ": ", problems[0].message));
  }
  StoredAgent agent{.config = *std::move(config), .state = {}};
  if (absl::Status status = ReadState(record, engine, agent.state); !status.ok()) return status;
  agent.state.id = std::string(id);
  return agent;
}

}  // namespace firstline::store
