// Random programs against the reference. Every case prints its seed when it fails;
//   FIRSTLINE_SEED=<n> engine_random_program_test
// replays that one alone, with a trace. FIRSTLINE_STEPS=<n> sets how many steps the big case makes
// in total (default: a quick share; the long test makes a million).
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "tests/engine/choices.h"
#include "tests/engine/program_run.h"

namespace firstline::engine::proof {
namespace {

constexpr int kStepsEach = 500;

int64_t FromEnvironment(const char* name, int64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::atoll(text);
}

RunResult RunSeed(uint64_t seed, RunOptions options) {
  Choices choices(seed);
  return RunProgram(choices, options);
}

void Report(uint64_t seed, const RunResult& failed) {
  ADD_FAILURE() << "seed " << seed << " (replay: FIRSTLINE_SEED=" << seed << ")\n"
                << Explain(failed);
}

TEST(RandomProgramTest, AgreesWithTheReference) {
  if (const int64_t seed = FromEnvironment("FIRSTLINE_SEED", -1); seed >= 0) {
    const RunResult result =
        RunSeed(static_cast<uint64_t>(seed), {kStepsEach, true, 3, Program::Size::kSmall});
    if (!result.failure.empty()) Report(static_cast<uint64_t>(seed), result);
    return;
  }
  const int64_t total = FromEnvironment("FIRSTLINE_STEPS", 250'000);
  uint64_t matches = 0, rejections = 0, refused = 0, foretold = 0;
  int64_t steps = 0;
  for (uint64_t seed = 1; steps < total; ++seed) {
    const RunResult result = RunSeed(seed, {kStepsEach, true, 3, Program::Size::kSmall});
    if (!result.failure.empty()) return Report(seed, result);
    steps += result.steps;
    matches += result.matches;
    rejections += result.rejections;
    refused += result.refused;
    foretold += result.foretold;
  }
  std::printf("%lld steps, %llu decisions held against the rule, %llu rejections, %llu for the wait\n",
              static_cast<long long>(steps), static_cast<unsigned long long>(matches),
              static_cast<unsigned long long>(rejections), static_cast<unsigned long long>(refused));
  // Programs in which nothing happens would prove nothing.
  EXPECT_GT(matches, static_cast<uint64_t>(steps) / 20);
  EXPECT_LT(rejections, static_cast<uint64_t>(steps) / 2);
  EXPECT_GT(foretold, static_cast<uint64_t>(steps) / 50);
  EXPECT_GT(refused, 10u);
}

// Found beyond the default share: a configuration ended back-offs in the order of slots.
TEST(RandomProgramTest, WhatFailedBeforeHolds) {
  const RunResult result = RunSeed(1452, {kStepsEach, true, 3, Program::Size::kSmall});
  if (!result.failure.empty()) Report(1452, result);
}

// Beyond a hundred different profiles the engine looks for the best agent in other ways. Long
// programs of this kind cost the reference much, hence short ones and a 200th of the steps.
TEST(RandomProgramTest, WideWorkspacesAgreeWithTheReference) {
  const int64_t total = FromEnvironment("FIRSTLINE_STEPS", 500'000) / 200;
  uint64_t matches = 0;
  int64_t steps = 0;
  for (uint64_t seed = 9000; steps < total; ++seed) {
    const RunResult result = RunSeed(seed, {500, true, 0, Program::Size::kWide});
    if (!result.failure.empty()) return Report(seed, result);
    steps += result.steps;
    matches += result.matches;
  }
  EXPECT_GT(matches, static_cast<uint64_t>(steps) / 4);
}

TEST(RandomProgramTest, TheSameProgramGivesTheSameEventsAndState) {
  for (uint64_t seed = 5000; seed < 5020; ++seed) {
    const RunResult first = RunSeed(seed, {kStepsEach, false, 0, Program::Size::kSmall});
    const RunResult second = RunSeed(seed, {kStepsEach, false, 0, Program::Size::kSmall});
    if (!first.failure.empty()) return Report(seed, first);
    EXPECT_EQ(first.digest, second.digest) << "seed " << seed;
    EXPECT_NE(first.digest,
              RunSeed(seed + 1, {kStepsEach, false, 0, Program::Size::kSmall}).digest);
  }
}

TEST(RandomProgramTest, ARestoredEngineGoesOnAlike) {
  for (uint64_t seed = 6000; seed < 6020; ++seed) {
    const RunResult result = RunSeed(seed, {kStepsEach, false, 20, Program::Size::kSmall});
    if (!result.failure.empty()) return Report(seed, result);
  }
}

}  // namespace
}  // namespace firstline::engine::proof
