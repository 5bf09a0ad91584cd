// Made-up programs: sequences of commands over a small workspace, in which collisions (same agent,
// same skill, same id, same moment) are frequent. Most commands fit the state; some are wrong on
// purpose.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "services/router/engine/command.h"
#include "services/router/engine/engine.h"
#include "tests/engine/choices.h"

namespace firstline::engine::proof {

// First the timers due before `at` fire, then the command is applied; without a command the timers
// due at `at` fire as well.
struct Step {
  Time at;
  bool has_command = false;
  Command command;
};

class Program {
 public:
  static constexpr Time kStart{1'000'000'000'000};

  // A wide one has hundreds of agents, nearly all of them different: enough for every way in which
  // the engine looks for the best of many. `choices` must outlive this.
  enum class Size { kSmall, kWide };
  Program(Choices& choices, Size size);
  // The next step for an engine in this state. The first ones configure it.
  Step Next(const Engine& engine);

 private:
  Time NextTime(const Engine& engine);
  Body NextBody(const Engine& engine);
  Body Configure();

  // Inquiries.
  Body MakeSubmit(const Engine& engine);
  std::shared_ptr<const Advice> MakeAdvice();
  Body MakeUpdate(const Engine& engine);
  Body MakeTransfer(const Engine& engine);
  Body MakeMessage(const Engine& engine);
  Body MakeClose(const Engine& engine);
  Body MakeAccept(const Engine& engine);
  Body MakeAssign(const Engine& engine);
  void AddComingBack(QueueConfig& queue);
  Body MakeDecline(const Engine& engine);
  // Agents.
  Body MakePresence();
  Body MakeSession();
  Body MakeFinishWrapUp(const Engine& engine);
  // Configuration.
  Body MakeConfigChange();
  WorkspaceConfig MakeWorkspace();
  QueueConfig MakeQueue(int index);
  RuleConfig MakeRule(uint32_t number);
  StepConfig MakeStep(Span after, int queue_index, bool last);
  StepWhen MakeWhen();
  void AddWhen(StepConfig& step, Span before);
  std::vector<CalendarConfig> MakeCalendars();
  BackOffConfig MakeBackOff();
  SettingsConfig MakeSettings();
  AgentConfig MakeAgent(int index);
  RequirementSpec MakeRequirement(int skills_max);
  void AddPolicies(RequirementSpec& spec);
  Condition MakeCondition();

  Span Seconds0To(int high);  // often 0, else in tenths of a second
  std::string AnyInquiry(const Engine& engine, std::vector<InquiryState> states);
  std::string AnyAsked(const Engine& engine, const Inquiry& inquiry);
  std::string AnyAgent();
  std::string AnyQueue();

  Choices& choices_;
  int queues_ = 1, agents_ = 1, inquiries_ = 1;
  int configured_ = 0;
  bool shares_ = false;  // queues get weights
  uint64_t session_sequence_ = 0;
  std::deque<Command> recent_;  // to be repeated now and then
};

// A command as one line, for people who read a failing program.
std::string Text(const Step& step);

}  // namespace firstline::engine::proof
