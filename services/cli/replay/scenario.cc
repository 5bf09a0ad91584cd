#include "services/cli/replay/scenario.h"

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace firstline::replay {
namespace {

using google::protobuf::Duration;
using google::protobuf::util::TimeUtil;

// Everything that ended stays readable for the whole day: purging would only cost time.
constexpr int kRetentionHours = 48;
// What the router accepts at least for offers and presence grace.
constexpr std::int64_t kPatienceMinUs = 1'000'000;

v1::Queue QueueFor(const std::string& name, const CallLog& log, ServesBy serves_by) {
  v1::Queue queue;
  queue.set_id(name);
  queue.set_serving(log.credits.empty() ? v1::SERVING_FIFO : v1::SERVING_CREDIT);
  for (const Credit& credit : log.credits) {
    (*queue.mutable_credits())[credit.priority].set_seconds(credit.credit_s);
  }
  queue.add_selection(v1::CRITERION_IDLE_TIME);
  queue.set_auto_accept(true);
  queue.mutable_answer_target()->set_seconds(20);
  if (serves_by == ServesBy::kSkills) {
    v1::SkillRequirement& skill = *queue.mutable_requirement()->add_skills();
    skill.set_skill(name);
    skill.set_min_level(1);
  }
  return queue;
}

v1::Agent AgentFor(const Shift& shift, ServesBy serves_by) {
  v1::Agent agent;
  agent.set_id(shift.agent);
  agent.set_kind(v1::AGENT_KIND_PERSON);
  agent.mutable_capacity()->set_units(1);
  (*agent.mutable_capacity()->mutable_per_channel())["voice"] = 1;
  for (const std::string& queue : shift.queues) {
    if (serves_by == ServesBy::kMemberships) {
      agent.add_memberships()->set_queue(queue);
      continue;
    }
    v1::AgentSkill& skill = *agent.add_skills();
    skill.set_skill(queue);
    skill.set_level(1);
  }
  return agent;
}

// The defaults of workspace.proto, which would otherwise stay as they are while all else shrinks.
void SetDefaults(v1::WorkspaceSettings& settings) {
  if (!settings.has_back_off()) {
    settings.mutable_back_off()->set_after_misses(3);
    settings.mutable_back_off()->mutable_duration()->set_seconds(30);
    settings.mutable_back_off()->mutable_max_duration()->set_seconds(600);
  }
  if (!settings.has_presence_grace()) settings.mutable_presence_grace()->set_seconds(30);
  if (!settings.has_closed_retention()) settings.mutable_closed_retention()->set_seconds(3600);
  if (!settings.has_request_window()) settings.mutable_request_window()->set_seconds(600);
}

void SetDefaults(v1::Queue& queue) {
  if (!queue.has_first_response_target()) queue.mutable_first_response_target()->set_seconds(60);
  if (!queue.has_answer_target()) queue.mutable_answer_target()->set_seconds(20);
  if (!queue.has_short_abandon()) queue.mutable_short_abandon()->set_seconds(5);
  if (!queue.has_offer_timeout()) queue.mutable_offer_timeout()->set_seconds(20);
}

void Scale(double speed, google::protobuf::Message& message);

void ScaleField(double speed, const google::protobuf::FieldDescriptor& field,
                google::protobuf::Message& message) {
  if (field.cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) return;
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  if (!field.is_repeated()) {
    if (reflection.HasField(message, &field)) {
      Scale(speed, *reflection.MutableMessage(&message, &field));
    }
    return;
  }
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    Scale(speed, *reflection.MutableRepeatedMessage(&message, &field, i));
  }
}

void Scale(double speed, google::protobuf::Message& message) {
  if (message.GetDescriptor() == Duration::descriptor()) {
    Duration& span = static_cast<Duration&>(message);
    const double us = static_cast<double>(TimeUtil::DurationToMicroseconds(span)) / speed;
    span = TimeUtil::MicrosecondsToDuration(std::llround(us));
    return;
  }
  const google::protobuf::Descriptor& type = *message.GetDescriptor();
  for (int i = 0; i < type.field_count(); ++i) ScaleField(speed, *type.field(i), message);
}

void KeepAtLeast(std::int64_t least_us, Duration& span) {
  if (TimeUtil::DurationToMicroseconds(span) < least_us) {
    span = TimeUtil::MicrosecondsToDuration(least_us);
  }
}

}  // namespace

v1::Workspace WorkspaceFor(const CallLog& log, const std::string& id, ServesBy serves_by) {
  v1::Workspace workspace;
  workspace.set_id(id);
  workspace.mutable_settings()->mutable_closed_retention()->set_seconds(kRetentionHours * 3600);
  v1::Channel& channel = *workspace.add_channels();
  channel.set_id("voice");
  channel.set_kind(v1::CHANNEL_KIND_LIVE);
  channel.set_units(1);
  for (const std::string& name : log.Queues()) {
    *workspace.add_queues() = QueueFor(name, log, serves_by);
  }
  for (const Shift& shift : log.shifts) *workspace.add_agents() = AgentFor(shift, serves_by);
  return workspace;
}

void ScaleSpans(double speed, v1::Workspace& workspace) {
  SetDefaults(*workspace.mutable_settings());
  for (v1::Queue& queue : *workspace.mutable_queues()) SetDefaults(queue);
  Scale(speed, workspace);
  KeepAtLeast(kPatienceMinUs, *workspace.mutable_settings()->mutable_presence_grace());
  for (v1::Queue& queue : *workspace.mutable_queues()) {
    KeepAtLeast(kPatienceMinUs, *queue.mutable_offer_timeout());
  }
}

std::string ChannelOf(const v1::Workspace& workspace) {
  const auto& channels = workspace.channels();
  const auto live = std::find_if(channels.begin(), channels.end(), [](const v1::Channel& channel) {
    return channel.kind() == v1::CHANNEL_KIND_LIVE;
  });
  if (live != channels.end()) return live->id();
  return channels.empty() ? "" : channels[0].id();
}

}  // namespace firstline::replay
