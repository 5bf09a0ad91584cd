#include "tests/runtime/rig.h"

#include <algorithm>

namespace firstline::runtime {

std::vector<std::string> World::Events() {
  std::vector<std::string> texts;
  for (const auto& entry : backend.Read(kWorkspace, {}, 100'000, 0).events) {
    texts.push_back(entry.bytes.substr(0, entry.bytes.find('@')));
  }
  return texts;
}

Rig::Rig(World& world, std::string address, PodOptions options) : world_(world) {
  options.address = std::move(address);
  pod = std::make_unique<Pod>(std::move(options), world.codec, observer,
                              [&world] { return ++world.random; });
}

Ticket Rig::Call(CallBody body, bool create, BootTime deadline) {
  runtime::Call call{++last_ticket_, kWorkspace, deadline, std::move(body), create};
  pod->Submit(std::move(call), world_.now);
  Collect();
  return last_ticket_;
}

void Rig::Settle() {
  pod->Advance(world_.now);
  for (int i = 0; i < 1000 && (Deliver() || pod->NextWake() <= world_.now); ++i) {
    pod->Advance(world_.now);
  }
  Collect();
}

void Rig::Run(Span span, Span step) {
  Settle();
  const BootTime end = world_.now + span;
  while (world_.now < end) {
    world_.now = std::min(end, world_.now + step);
    Settle();
  }
}

void Rig::Configure() {
  Settle();
  Call(Configuration(), true);
  Call(Available());
  Settle();
}

bool Rig::Deliver() {
  std::vector<StoreRequest> requests = pod->TakeRequests();
  Collect();
  for (StoreRequest& request : requests) {
    log.push_back(request.request);
    if (hold && hold(request.request)) {
      late_.push_back({std::move(request), world_.now, std::nullopt});
      continue;
    }
    store::Reply reply = Execute(request.request);
    if (hold_reply && hold_reply(request.request)) {
      late_.push_back({std::move(request), world_.now, std::move(reply)});
      continue;
    }
    pod->OnReply(request.id, std::move(reply), world_.now, world_.now);
  }
  return !requests.empty();
}

void Rig::DeliverHeld() {
  for (Late& late : std::exchange(late_, {})) {
    if (!late.reply) late.reply = Execute(late.request.request);
    pod->OnReply(late.request.id, std::move(*late.reply), late.sent, world_.now);
  }
}

store::Reply Rig::Execute(const store::Request& request) {
  const auto failed = [](store::Result result) {
    store::Reply reply;
    reply.result = result;
    return reply;
  };
  if (cut && cut(request)) return failed(store::Result::kUnknown);
  if (refuse && refuse(request)) return failed(store::Result::kRefused);
  if (break_ && break_(request)) return failed(store::Result::kBroken);
  store::Reply reply = world_.backend.Run(request);
  if (lose_reply && lose_reply(request)) return failed(store::Result::kUnknown);
  if (unreplicated && unreplicated(request)) reply.replicated = false;
  return reply;
}

void Rig::Collect() {
  for (TicketAnswer& answer : pod->TakeAnswers(world_.now)) {
    answers.emplace(answer.ticket, std::move(answer.answer));
  }
}

Phase Rig::phase() const {
  const auto all = pod->Workspaces();
  return all.empty() ? Phase::kEnded : all.front().phase;
}

std::string Rig::state_of(const std::string& inquiry) const {
  static const char* const kStates[] = {"waiting", "offered", "assigned",
                                        "parked",  "closed",  "cancelled"};
  const engine::Engine* engine = pod->EngineOf(kWorkspace);
  if (engine == nullptr) return "";
  const engine::InquiryIx ix = engine->FindInquiry(inquiry);
  return ix.IsSet() ? kStates[static_cast<int>(engine->inquiry(ix).state)] : "";
}

engine::Command Configuration() {
  engine::ApplyConfig apply;
  apply.config.channels.push_back({.id = "chat"});
  apply.config.queues.push_back({.id = "q"});
  engine::AgentConfig agent;
  agent.id = "ann";
  agent.units = 2;
  apply.agents = {agent};
  return {apply, "", {}};
}

engine::Command SubmitInquiry(const std::string& id) {
  engine::Submit submit;
  submit.inquiry_id = id;
  submit.channel = "chat";
  submit.queue = "q";
  return {submit, "", {}};
}

engine::Command AcceptOffer(const std::string& inquiry, uint32_t number) {
  return {engine::Accept{inquiry, number, "ann"}, "", {}};
}

engine::Command Available(const std::string& session, uint64_t sequence) {
  engine::SetPresence set;
  set.agent_id = "ann";
  set.session_id = session;
  set.sequence = sequence;
  return {set, "", {}};
}

}  // namespace firstline::runtime
