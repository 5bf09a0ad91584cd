// Runs made-up programs against an engine with every check there is.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "services/router/engine/engine.h"
#include "tests/engine/choices.h"
#include "tests/engine/program.h"
#include "tests/engine/reference_engine.h"

namespace firstline::engine::proof {

// One engine that executes steps and keeps what it answered as text.
class Subject {
 public:
  Subject() : engine_(std::make_unique<Engine>("random")) {}
  // The lines of the step: its outcome, then its events.
  // `outcome`, where it is not null, becomes that of the step's command.
  std::vector<std::string> Execute(const Step& step, Outcome* outcome = nullptr);
  Engine& engine() { return *engine_; }
  void ClearEvents() { engine_->ClearEvents(); }

 private:
  std::unique_ptr<Engine> engine_;
};

struct RunOptions {
  int steps = 1000;         // a tape may end earlier
  bool reference = true;    // hold every decision against the reference
  int restore_percent = 0;  // chance of a step that goes on with a restored copy as well
  Program::Size size = Program::Size::kSmall;
};

struct RunResult {
  std::string failure;             // "" when everything agreed
  int steps = 0;                   // executed
  std::vector<std::string> trace;  // the last steps and what they led to
  uint64_t digest = 0;             // of all outcomes, events and the final state
  uint64_t matches = 0;            // decisions held against the canonical rule
  uint64_t rejections = 0;
  uint64_t refused = 0;   // submissions, for their expected wait
  uint64_t foretold = 0;  // submissions whose dry run was held against what happened
};

// With `restore_percent`, a second engine runs beside the first; at random moments it is replaced
// by a copy restored from the first one's views, and must go on with identical outcomes and events.
RunResult RunProgram(Choices& choices, const RunOptions& options);

// The failure with its trace, for people.
std::string Explain(const RunResult& result);

}  // namespace firstline::engine::proof
