// A workspace kept busy by a seed: every kind of command, config changes included, at random times,
// with timers firing in between. Commands that are rejected are part of it.
#pragma once

#include <map>
#include <random>
#include <string>
#include <vector>

#include "tests/telemetry/rig.h"

namespace firstline::testing {

class BusyWorkspace {
 public:
  BusyWorkspace(Rig& rig, uint64_t seed);

  // Configures queues of every kind and 12 agents in 3 teams.
  void Begin();
  // One random command, or time.
  void Step();
  // Commands applied, by name of their kind: shows that the run was worth something.
  const std::map<std::string, int>& applied() const { return applied_; }

 private:
  int Draw(int bound) { return static_cast<int>(random_() % static_cast<uint64_t>(bound)); }
  bool Chance(int percent) { return Draw(100) < percent; }
  std::string AnyInquiry();  // "none" when there is none
  std::string AnyInquiry(engine::InquiryState state);
  std::string AnyQueue();
  std::string AnyAgent() { return "a" + std::to_string(Draw(kAgents)); }
  void Try(const char* kind, engine::Body body);

  void SubmitOne();
  void AnswerOffer();
  void Talk();
  void Move();
  void End();
  void EndWrapUp();
  void ChangeAgent();
  void ChangeConfig();
  engine::WorkspaceConfig Config();
  engine::AgentConfig AgentNumber(int n);

  static constexpr int kAgents = 12;
  Rig& rig_;
  std::mt19937_64 random_;
  std::vector<std::string> open_, closed_;
  int submitted_ = 0, messages_ = 0;
  std::map<std::string, int> applied_;
};

}  // namespace firstline::testing
