#include "services/router/api/convert_explain.h"

#include <map>

#include "services/router/api/obstacle_text.h"
#include "services/router/store/public_enums.h"
#include "services/router/store/public_messages.h"

namespace firstline::api {
namespace {

bool IsOfficial(const Caller& caller) { return caller.role != Role::kVendor; }

void WriteTold(const engine::Engine& engine, const Caller& caller, engine::AgentIx agent,
               std::string* out) {
  if (agent.IsSet() && Sees(caller, engine, engine.agent(agent))) *out = engine.AgentId(agent);
}

void WriteLater(const engine::LaterFit& later, auto* out) {
  if (later.step == 0) return;
  out->set_fits_at_step(static_cast<int>(later.step));
  if (later.time != engine::kNever) store::WriteMessage(later.time, out->mutable_fits_at_time());
}

void WriteCandidate(const engine::Candidate& candidate, const engine::Inquiry& inquiry,
                    Between between, v1::Candidate* out) {
  const engine::Engine& engine = between.engine;
  const engine::Agent& agent = engine.agent(candidate.agent);
  between.agent = &agent;
  out->set_agent_id(agent.id);
  out->set_team(engine.NameText(agent.team));
  out->set_presence(store::ToProto(agent.presence));
  out->set_presence_reason(agent.reason);
  out->set_has_it(AnyAgentOf(inquiry, [&](engine::AgentIx ix) { return ix == candidate.agent; }));
  out->set_rank(static_cast<int>(candidate.rank));
  for (const engine::Obstacle& obstacle : candidate.obstacles) {
    WriteObstacle(obstacle, between, out->add_obstacles());
  }
  for (const engine::CriterionValue& value : candidate.score) {
    v1::CriterionScore* score = out->add_scores();
    score->set_criterion(store::ToProto(value.criterion));
    score->set_value(value.value);
  }
  WriteLater(candidate.later, out);
  out->set_asked_last(candidate.asked_last);
}

void WriteCounts(const std::vector<engine::ObstacleCount>& counts, const Between& between,
                 google::protobuf::RepeatedPtrField<v1::ObstacleCount>* out) {
  for (const engine::ObstacleCount& count : counts) {
    v1::ObstacleCount* written = out->Add();
    WriteObstacle(count.first, between, written->mutable_obstacle());
    written->set_count(static_cast<int>(count.agents));
  }
}

// Lines ask for different things: only the kinds are common.
void WriteKinds(const std::vector<engine::ObstacleCount>& counts, v1::ExplainAgentResponse* out) {
  std::map<v1::ObstacleKind, int> kinds;
  for (const engine::ObstacleCount& count : counts) {
    kinds[KindOf(count.first)] += static_cast<int>(count.agents);
  }
  for (const auto& [kind, lines] : kinds) {
    v1::ObstacleCount* written = out->add_counts();
    written->mutable_obstacle()->set_kind(kind);
    written->set_count(lines);
  }
}

}  // namespace

void WriteExplanation(const engine::Engine& engine, const engine::InquiryExplanation& explanation,
                      const Caller& caller, v1::InquiryExplanation* out) {
  const engine::Inquiry& inquiry = explanation.inquiry;
  const engine::QueueConfig& queue = engine.queue(inquiry.queue);
  store::WriteMessage(explanation.asked, out->mutable_requirement());
  if (inquiry.state == engine::InquiryState::kWaiting && inquiry.step < queue.steps.size()) {
    store::WriteMessage(queue.steps[inquiry.step], out->mutable_next_step());
  }
  if (explanation.next_step_time != engine::kNever) {
    store::WriteMessage(explanation.next_step_time, out->mutable_next_step_time());
  }
  if (explanation.hold_until.IsSet()) {
    WriteTold(engine, caller, inquiry.preferred[0], out->mutable_held_for_agent_id());
    store::WriteMessage(explanation.hold_until, out->mutable_hold_until_time());
  }
  WriteTold(engine, caller, inquiry.reserved, out->mutable_reserved_agent_id());
  out->set_overtakes(inquiry.overtakes);
  out->set_max_overtakes(queue.max_overtakes);
  out->set_suspended(queue.suspended);
  out->set_agents(static_cast<int>(explanation.agents));
  out->set_matching(static_cast<int>(explanation.matching));
  const Between between{.engine = engine,
                        .asked = &explanation.asked,
                        .queue = inquiry.queue,
                        .channel = inquiry.channel,
                        .names = &explanation,
                        .tells_inquiries = IsOfficial(caller)};
  for (const engine::Candidate& candidate : explanation.candidates) {
    WriteCandidate(candidate, inquiry, between, out->add_candidates());
  }
  WriteCounts(explanation.counts, between, out->mutable_counts());
}

void WriteExplanation(const engine::Engine& engine, engine::AgentIx ix,
                      const engine::AgentExplanation& explanation, const Caller& caller,
                      v1::ExplainAgentResponse* out) {
  const engine::Agent& agent = engine.agent(ix);
  const bool tells = IsOfficial(caller);
  out->set_agent_id(agent.id);
  out->set_presence(store::ToProto(agent.presence));
  out->set_presence_reason(agent.reason);
  Between between{.engine = engine, .agent = &agent, .tells_inquiries = tells};
  for (const engine::ClosedGate& gate : explanation.gates) {
    WriteObstacle({.kind = engine::Obstacle::Kind::kGate, .gate = gate}, between,
                  out->add_gates());
  }
  out->set_lines(static_cast<int>(explanation.lines));
  out->set_more_lines(explanation.more_lines);
  out->set_suiting(static_cast<int>(explanation.suiting));
  if (explanation.next.IsSet() && tells) {
    out->set_next_inquiry_id(engine.inquiry(explanation.next).id);
  }
  for (const engine::Head& head : explanation.heads) {
    const engine::Inquiry& inquiry = engine.inquiry(head.inquiry);
    const engine::RequirementSpec asked = engine.Spec(inquiry.asked);
    between.asked = &asked;
    between.queue = inquiry.queue;
    between.channel = inquiry.channel;
    v1::WaitingInquiry* waiting = out->add_inquiries();
    if (tells) waiting->set_inquiry_id(inquiry.id);
    waiting->set_queue(engine.QueueId(inquiry.queue));
    waiting->set_channel(engine.ChannelId(inquiry.channel));
    store::WriteMessage(inquiry.enqueue_time, waiting->mutable_enqueue_time());
    waiting->set_waiting(static_cast<int>(head.waiting));
    for (const engine::Obstacle& obstacle : head.obstacles) {
      WriteObstacle(obstacle, between, waiting->add_obstacles());
    }
    WriteLater(head.later, waiting);
  }
  WriteKinds(explanation.counts, out);
}

}  // namespace firstline::api
