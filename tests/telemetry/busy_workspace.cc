#include "tests/telemetry/busy_workspace.h"

#include <array>
#include <utility>

namespace firstline::testing {

using engine::Seconds;

BusyWorkspace::BusyWorkspace(Rig& rig, uint64_t seed) : rig_(rig), random_(seed) {}

void BusyWorkspace::Try(const char* kind, engine::Body body) {
  if (rig_.Try(std::move(body)).ok()) ++applied_[kind];
}

std::string BusyWorkspace::AnyInquiry() {
  return open_.empty() ? "none" : open_[static_cast<size_t>(Draw(static_cast<int>(open_.size())))];
}

std::string BusyWorkspace::AnyQueue() {
  constexpr std::array<const char*, 4> kQueues = {"sales", "support", "calls", "welcome"};
  return kQueues[static_cast<size_t>(Draw(4))];
}

// ---- Configuration ----------------------------------------------------------------------------

engine::WorkspaceConfig BusyWorkspace::Config() {
  engine::WorkspaceConfig config = SmallConfig();
  config.teams.push_back({"weekend", "bpo"});
  config.settings.back_off = {2, Seconds(20), Seconds(60)};
  for (const char* id : {"support", "calls"}) {
    config.queues.push_back(config.queues[0]);
    config.queues.back().id = id;
  }
  engine::QueueConfig& sales = config.queues[0];
  sales.wrap_up = Seconds(Draw(20));
  sales.preferred_hold = Seconds(8);
  sales.offer_to = 2;
  sales.first_response_target = Seconds(10 + Draw(60));
  sales.first_reply_warning = Seconds(15);
  sales.first_reply_timeout = Seconds(30);
  engine::QueueConfig& support = config.queues[2];
  support.requirement.skills = {{"billing", 3}};
  support.requirement.languages = {{"de", 2}, {"en", 5}};
  support.answer_target = Seconds(10 + Draw(20));
  support.offer_to = 2;
  engine::StepConfig relax, overflow;
  relax.after = Seconds(20);
  relax.lower_levels = 2;
  overflow.after = Seconds(45);
  overflow.overflow_to = "sales";
  support.steps = {relax, overflow};
  engine::QueueConfig& calls = config.queues[3];
  calls.auto_accept = Chance(50);
  calls.wrap_up = Seconds(5);
  calls.short_abandon = Seconds(10);
  return config;
}

engine::AgentConfig BusyWorkspace::AgentNumber(int n) {
  constexpr std::array<const char*, 4> kTeams = {"day", "night", "weekend", ""};
  engine::AgentConfig agent =
      MakeAgent("a" + std::to_string(n), kTeams[static_cast<size_t>(n % 4)], 1 + Draw(4));
  if (n == kAgents - 1) agent.kind = engine::AgentKind::kBot;
  if (Chance(60)) agent.skills = {{"billing", 1 + Draw(10)}};
  agent.languages = {{Chance(50) ? "de" : "en", 1 + Draw(10)}};
  if (Chance(20)) agent.channel_units["chat"] = 1;
  if (Chance(20)) agent.memberships = {{"sales", 1, 0, Chance(20), Seconds(3)}};
  return agent;
}

void BusyWorkspace::Begin() {
  std::vector<engine::AgentConfig> agents;
  for (int n = 0; n < kAgents; ++n) agents.push_back(AgentNumber(n));
  rig_.Configure(Config(), std::move(agents));
  for (int n = 0; n < kAgents; ++n) rig_.Come("a" + std::to_string(n));
}

void BusyWorkspace::ChangeConfig() {
  engine::ApplyConfig apply;
  apply.config = Config();
  Try("config", std::move(apply));
}

// ---- Life -------------------------------------------------------------------------------------

void BusyWorkspace::Step() {
  const int kind = Draw(100);
  if (kind < 22) return SubmitOne();
  if (kind < 45) return AnswerOffer();
  if (kind < 62) return Talk();
  if (kind < 70) return Move();
  if (kind < 80) return End();
  if (kind < 86) return ChangeAgent();
  if (kind < 87) return ChangeConfig();
  rig_.Pass(engine::Milliseconds(Draw(9000)));
}

void BusyWorkspace::SubmitOne() {
  engine::Submit submit;
  submit.inquiry_id = "i" + std::to_string(++submitted_);
  submit.queue = AnyQueue();
  submit.channel = submit.queue == "calls" ? "voice" : "chat";
  if (Chance(20)) submit.preferred_agents = {AnyAgent()};
  open_.push_back(submit.inquiry_id);
  Try("submit", std::move(submit));
}

std::string BusyWorkspace::AnyInquiry(engine::InquiryState state) {
  std::vector<std::string> found;
  for (const std::string& id : open_) {
    const engine::InquiryIx ix = rig_.engine().FindInquiry(id);
    if (ix.IsSet() && rig_.engine().inquiry(ix).state == state) found.push_back(id);
  }
  return found.empty() ? "none" : found[static_cast<size_t>(Draw(static_cast<int>(found.size())))];
}

void BusyWorkspace::AnswerOffer() {
  const std::string id = AnyInquiry(engine::InquiryState::kOffered);
  if (id == "none") return;
  const engine::Inquiry& inquiry = rig_.InquiryOf(id);
  const std::string agent = rig_.engine().AgentId(inquiry.agent);
  if (Chance(75)) return Try("accept", engine::Accept{id, inquiry.offer_number, agent});
  Try("decline", engine::Decline{id, inquiry.offer_number, agent, Seconds(Draw(30))});
}

void BusyWorkspace::Talk() {
  const std::string id = Chance(50) ? AnyInquiry() : AnyInquiry(engine::InquiryState::kAssigned);
  const engine::InquiryIx ix = rig_.engine().FindInquiry(id);
  if (!ix.IsSet()) return;
  engine::RecordMessage message{id, "m" + std::to_string(++messages_), engine::Author::kCustomer,
                                ""};
  if (Chance(60)) {
    message.author = engine::Author::kAgent;
    message.agent_id = rig_.engine().AgentId(rig_.engine().inquiry(ix).agent);
  } else if (Chance(20)) {
    message.author = engine::Author::kBot;
  }
  Try("message", std::move(message));
}

void BusyWorkspace::Move() {
  const std::string id = AnyInquiry();
  switch (Draw(4)) {
    case 0:
      return Try("transfer", engine::Transfer{id, AnyQueue(), {}, ""});
    case 1:
      return Try("park", engine::Park{AnyInquiry(engine::InquiryState::kAssigned)});
    case 2:
      return Try("resume", engine::Resume{AnyInquiry(engine::InquiryState::kParked)});
    default:
      break;
  }
  engine::Update update;
  update.inquiry_id = id;
  update.priority = Draw(10);
  Try("update", std::move(update));
}

void BusyWorkspace::End() {
  if (!closed_.empty() && Chance(30)) {
    const std::string id = closed_[static_cast<size_t>(Draw(static_cast<int>(closed_.size())))];
    engine::RecordFeedback feedback{id, 1 + Draw(5), {}};
    if (Chance(50)) feedback.resolved = Chance(70);
    return Try("feedback", std::move(feedback));
  }
  if (Chance(30)) return EndWrapUp();
  if (open_.empty()) return;
  const size_t at = static_cast<size_t>(Draw(static_cast<int>(open_.size())));
  const std::string id = open_[at];
  open_.erase(open_.begin() + static_cast<int64_t>(at));
  if (Chance(65)) {
    closed_.push_back(id);
    return Try("close", engine::Close{id, engine::Resolution::kResolved, ""});
  }
  constexpr std::array<engine::CancelReason, 3> kReasons = {engine::CancelReason::kAbandoned,
                                                            engine::CancelReason::kAbandoned,
                                                            engine::CancelReason::kWithdrawn};
  Try("cancel", engine::Cancel{id, kReasons[static_cast<size_t>(Draw(3))]});
}

void BusyWorkspace::EndWrapUp() {
  for (int n = 0; n < kAgents; ++n) {
    const engine::AgentIx ix = rig_.engine().FindAgent("a" + std::to_string(n));
    if (!ix.IsSet() || rig_.engine().agent(ix).wrap_ups.empty()) continue;
    const engine::Agent& agent = rig_.engine().agent(ix);
    return Try("finish_wrap_up", engine::FinishWrapUp{agent.id, agent.wrap_ups[0].inquiry_id});
  }
}

void BusyWorkspace::ChangeAgent() {
  const int n = Draw(kAgents);
  const std::string id = "a" + std::to_string(n);
  if (Chance(15)) return Try("delete_agent", engine::DeleteAgents{{id}, Chance(50)});
  if (Chance(25)) return Try("upsert_agent", engine::UpsertAgents{{AgentNumber(n)}});
  engine::SetPresence set;
  set.agent_id = id;
  set.presence = Chance(65) ? engine::Presence::kAvailable : static_cast<engine::Presence>(Draw(4));
  Try("presence", std::move(set));
}

}  // namespace firstline::testing
