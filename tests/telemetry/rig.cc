#include "tests/telemetry/rig.h"

#include <prometheus/text_serializer.h>

#include <sstream>
#include <utility>

#include "services/router/telemetry/exposition.h"

namespace firstline::testing {

using engine::Seconds;

Rig::Rig(std::string workspace) : workspace_(std::move(workspace)) {
  telemetry_.Loaded(workspace_, engine_);
}

engine::Outcome Rig::Try(engine::Body body, std::shared_ptr<const engine::Advice> advice) {
  engine::Command command{std::move(body), "", {}};
  command.advice = std::move(advice);
  const engine::Outcome outcome = engine_.Apply(now_, command);
  TellEvents();
  const auto* submit = std::get_if<engine::Submit>(&command.body);
  if (submit != nullptr && !outcome.ok()) {
    telemetry_.Refused(workspace_, engine_, *submit, outcome);
  }
  return outcome;
}

engine::Outcome Rig::Do(engine::Body body) {
  const engine::Outcome outcome = Try(std::move(body));
  EXPECT_TRUE(outcome.ok()) << engine::ToString(outcome.rejection) << " " << outcome.subject;
  return outcome;
}

void Rig::Pass(engine::Span span) {
  const engine::Time until = now_ + span;
  while (engine_.NextDeadline() <= until) {
    now_ = std::max(now_, engine_.NextDeadline());
    engine_.Tick(now_);
    TellEvents();
  }
  now_ = until;
  engine_.Tick(now_);
  TellEvents();
}

void Rig::TellEvents() {
  if (engine_.events().empty()) return;
  telemetry_.Applied(workspace_, engine_);
  if (on_events) on_events(engine_);
  engine_.ClearEvents();
}

void Rig::Seal() { telemetry_.Sealed(workspace_); }
void Rig::CommitSealed() { telemetry_.Committed(workspace_, engine_, {}); }
void Rig::Commit() {
  Seal();
  CommitSealed();
}

// ---- Commands in short ------------------------------------------------------------------------

void Rig::Configure(engine::WorkspaceConfig config, std::vector<engine::AgentConfig> agents) {
  engine::ApplyConfig apply;
  apply.config = std::move(config);
  apply.agents = std::move(agents);
  Do(std::move(apply));
}

void Rig::Submit(const std::string& id, const std::string& queue, const std::string& channel) {
  engine::Submit submit;
  submit.inquiry_id = id;
  submit.queue = queue;
  submit.channel = channel;
  Do(std::move(submit));
}

const engine::Inquiry& Rig::InquiryOf(const std::string& id) const {
  return engine_.inquiry(engine_.FindInquiry(id));
}

void Rig::Accept(const std::string& id) {
  const engine::Inquiry& inquiry = InquiryOf(id);
  Do(engine::Accept{id, inquiry.offer_number, engine_.AgentId(inquiry.agent)});
}

void Rig::Decline(const std::string& id) {
  const engine::Inquiry& inquiry = InquiryOf(id);
  Do(engine::Decline{id, inquiry.offer_number, engine_.AgentId(inquiry.agent), {}});
}

void Rig::Reply(const std::string& id) {
  const std::string agent = engine_.AgentId(InquiryOf(id).agent);
  Do(engine::RecordMessage{id, "m" + std::to_string(++messages_), engine::Author::kAgent, agent});
}

void Rig::Say(const std::string& id, engine::Author author) {
  Do(engine::RecordMessage{id, "m" + std::to_string(++messages_), author, ""});
}

void Rig::Close(const std::string& id) { Do(engine::Close{id, engine::Resolution::kResolved, ""}); }

void Rig::Cancel(const std::string& id, engine::CancelReason reason) {
  Do(engine::Cancel{id, reason});
}

void Rig::Come(const std::string& agent, engine::Presence presence) {
  engine::SetPresence set;
  set.agent_id = agent;
  set.presence = presence;
  Do(std::move(set));
}

// ---- Views ------------------------------------------------------------------------------------

telemetry::WorkspaceSnapshot Rig::Snapshot() { return telemetry_.Take().workspaces.at(0); }

telemetry::Work Rig::WorkOf(const std::string& queue, const std::string& channel,
                            const std::string& team) {
  for (const telemetry::Work& work : Snapshot().works) {
    if (work.queue == queue && work.channel == channel && work.team == team) return work;
  }
  return {};
}

telemetry::Flow Rig::FlowOf(const std::string& queue, const std::string& channel) {
  for (const telemetry::Flow& flow : Snapshot().flows) {
    if (flow.queue == queue && flow.channel == channel) return flow;
  }
  return {};
}

telemetry::QueueFigures Rig::Queue(const std::string& queue) {
  const auto figures = telemetry_.Queues(workspace_, queue);
  EXPECT_EQ(figures.size(), 1u);
  return figures.empty() ? telemetry::QueueFigures{} : figures.front();
}

telemetry::AgentFigures Rig::Agent(const std::string& agent) {
  return telemetry_.Agent(workspace_, agent).value();
}

std::string Rig::Text() {
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, telemetry::Render(telemetry_.Take()));
  return out.str();
}

// ---- A small workspace ------------------------------------------------------------------------

engine::WorkspaceConfig SmallConfig() {
  engine::WorkspaceConfig config;
  config.channels = {{"chat", engine::ChannelKind::kMessaging, 1},
                     {"voice", engine::ChannelKind::kLive, 2}};
  config.teams = {{"day", ""}, {"night", "bpo"}};
  engine::QueueConfig sales;
  sales.id = "sales";
  sales.first_response_target = Seconds(60);
  sales.answer_target = Seconds(20);
  sales.short_abandon = Seconds(5);
  engine::QueueConfig welcome;
  welcome.id = "welcome";
  welcome.kind = engine::QueueKind::kBot;
  config.queues = {sales, welcome};
  return config;
}

engine::AgentConfig MakeAgent(const std::string& id, const std::string& team, int units) {
  engine::AgentConfig agent;
  agent.id = id;
  agent.team = team;
  agent.units = units;
  return agent;
}

}  // namespace firstline::testing
