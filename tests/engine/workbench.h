// A small workspace to try one rule at a time on.
#pragma once

#include <string>
#include <vector>

#include "services/router/engine/engine.h"
#include "tests/engine/engine_text.h"

namespace firstline::engine::proof {

class Workbench {
 public:
  static constexpr Time kStart{1'000'000'000'000};

  // Channels chat and mail (messaging), voice (live, 2 units); queues q and other with
  // default settings; no agents.
  static WorkspaceConfig SmallWorkspace() {
    WorkspaceConfig config;
    config.channels = {{"chat", ChannelKind::kMessaging, 1},
                       {"mail", ChannelKind::kMessaging, 1},
                       {"voice", ChannelKind::kLive, 2}};
    config.teams = {{"t1", "vendor"}};
    config.queues.resize(2);
    config.queues[0].id = "q";
    config.queues[1].id = "other";
    return config;
  }

  explicit Workbench(const WorkspaceConfig& config = SmallWorkspace()) {
    Do(ApplyConfig{.config = config});
    Forget();
  }

  // Applies at the present time; events stay until the next Do or Advance.
  Outcome Do(Body body, const std::string& request_id = "", Time when = {}) {
    engine_.ClearEvents();
    lines_.clear();
    return engine_.Apply(now_, {std::move(body), request_id, when});
  }
  Rejection Reject(Body body) { return Do(std::move(body)).rejection; }

  void AddAgent(const AgentConfig& agent) { Do(UpsertAgents{{agent}}); }
  // Agent `id` with one unit, or as many as told, available.
  void Online(const std::string& id, int units = 1) {
    AddAgent({.id = id, .units = units});
    Do(SetPresence{.agent_id = id});
  }
  Outcome Submit(const std::string& id, const std::string& channel = "chat",
                 const std::string& queue = "q") {
    return Do(engine::Submit{.inquiry_id = id, .channel = channel, .queue = queue});
  }
  Outcome Accept(const std::string& id) {
    const Inquiry& inquiry = Get(id);
    return Do(engine::Accept{id, inquiry.offer_number, engine_.AgentId(inquiry.offer_agent)});
  }
  Outcome Message(const std::string& id, const std::string& message, Author author) {
    const std::string agent = author == Author::kAgent ? AgentOf(id) : "";
    return Do(RecordMessage{id, message, author, agent});
  }

  // Fires every timer on the way, each at its own time, those due at the end included. All events
  // of the way are kept until the next Do or Advance.
  void Advance(Span span) {
    engine_.ClearEvents();
    lines_.clear();
    now_ = now_ + span;
    while (engine_.NextDeadline() <= now_) {
      engine_.Tick(engine_.NextDeadline());
      Keep();
    }
    engine_.Tick(now_);
    Keep();
  }

  // Events since the last Do or Advance as text, with times since the start.
  std::vector<std::string> Lines() const {
    std::vector<std::string> lines = lines_;
    for (std::string& line : EventLines(engine_, kStart)) lines.push_back(std::move(line));
    return lines;
  }
  // The event of this kind among those of the last Do; null when there is none.
  template <class E>
  const E* Find() const {
    for (const Event& event : engine_.events()) {
      if (const E* found = std::get_if<E>(&event.body)) return found;
    }
    return nullptr;
  }
  // Drops events and changes.
  void Forget() {
    engine_.ClearEvents();
    engine_.TakeChanges();
  }

  const Inquiry& Get(const std::string& id) const {
    return engine_.inquiry(engine_.FindInquiry(id));
  }
  const Agent& GetAgent(const std::string& id) const {
    return engine_.agent(engine_.FindAgent(id));
  }
  std::string AgentOf(const std::string& id) const { return engine_.AgentId(Get(id).agent); }
  InquiryState StateOf(const std::string& id) const { return Get(id).state; }
  Gate GateOf(const std::string& agent, const std::string& channel = "chat", int units = 1) const {
    return engine_.GateOf(GetAgent(agent), engine_.FindChannel(channel), units);
  }
  // The first violated invariant, "" when all hold.
  std::string Broken() const { return engine_.CheckInvariants(true); }

  Engine& engine() { return engine_; }
  Time now() const { return now_; }

 private:
  void Keep() {
    for (std::string& line : EventLines(engine_, kStart)) lines_.push_back(std::move(line));
    engine_.ClearEvents();
  }

  Engine engine_{"bench"};
  Time now_ = kStart;
  std::vector<std::string> lines_;
};

}  // namespace firstline::engine::proof
