// An engine and telemetry as the runtime connects them, under a clock that tests move.
//
//   Rig rig;
//   rig.Do(engine::Submit{...});
//   rig.Pass(engine::Seconds(5));   // timers fire at their own times
//   rig.Commit();
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "services/router/engine/engine.h"
#include "services/router/telemetry/telemetry.h"

namespace firstline::testing {

class Rig {
 public:
  explicit Rig(std::string workspace = "acme");

  // Applies and expects success, or not.
  engine::Outcome Do(engine::Body body);
  engine::Outcome Try(engine::Body body, std::shared_ptr<const engine::Advice> advice = nullptr);
  void Pass(engine::Span span);
  // Seals and commits everything applied so far.
  void Commit();
  void Seal();
  void CommitSealed();

  // ---- Commands in short ----
  void Configure(engine::WorkspaceConfig config, std::vector<engine::AgentConfig> agents);
  void Submit(const std::string& id, const std::string& queue, const std::string& channel);
  void Accept(const std::string& id);  // the open offer, by whom it was made to
  void Decline(const std::string& id);
  void Reply(const std::string& id);  // by its agent
  void Say(const std::string& id, engine::Author author);
  void Close(const std::string& id);
  void Cancel(const std::string& id, engine::CancelReason reason);
  void Come(const std::string& agent, engine::Presence presence = engine::Presence::kAvailable);
  const engine::Inquiry& InquiryOf(const std::string& id) const;

  // ---- Views ----
  telemetry::WorkspaceSnapshot Snapshot();
  telemetry::Work WorkOf(const std::string& queue, const std::string& channel,
                         const std::string& team);
  telemetry::Flow FlowOf(const std::string& queue, const std::string& channel);
  telemetry::QueueFigures Queue(const std::string& queue);
  telemetry::AgentFigures Agent(const std::string& agent);
  std::string Text();  // as Prometheus is shown it

  engine::Engine& engine() { return engine_; }
  telemetry::Telemetry& telemetry() { return telemetry_; }
  engine::Time now() const { return now_; }
  // Sees the engine right after each Apply and Tick that made events.
  std::function<void(const engine::Engine&)> on_events;

 private:
  void TellEvents();

  const std::string workspace_;
  engine::Time now_{1'700'000'000'000'000};
  engine::Engine engine_{workspace_};
  telemetry::Telemetry telemetry_{nullptr};
  int messages_ = 0;
};

// Channels chat (messaging) and voice (live, 2 units); teams day and night (vendor "bpo"); a human
// queue "sales", a bot queue "welcome".
engine::WorkspaceConfig SmallConfig();
engine::AgentConfig MakeAgent(const std::string& id, const std::string& team, int units = 2);

}  // namespace firstline::testing
