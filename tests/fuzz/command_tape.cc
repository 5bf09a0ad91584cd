#include "tests/fuzz/command_tape.h"

#include "tests/engine/choices.h"
#include "tests/engine/program_run.h"

namespace firstline::engine::proof {
namespace {

constexpr int kStepsMax = 400;

}  // namespace

std::string RunTape(const uint8_t* data, size_t size) {
  if (size == 0) return "";
  Choices choices(data, size);
  const RunResult result = RunProgram(choices, {kStepsMax, true, 3, Program::Size::kSmall});
  return result.failure.empty() ? "" : Explain(result);
}

}  // namespace firstline::engine::proof
