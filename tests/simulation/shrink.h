// Makes a failing simulation small: fewer faults, pods, people and commands, shorter, as long as
// the same rule is broken. Deterministic.
#pragma once

#include <string>

#include "tests/simulation/simulation.h"

namespace firstline::simulation {

struct Shrunk {
  SimulationOptions options;  // with a plan
  std::string violation;
  int runs = 0;  // simulations it took
};

// `options` must fail. At most `runs_max` simulations are run.
Shrunk Shrink(const SimulationOptions& options, int runs_max = 600);
// What is left, for people: the options that differ and the faults, one a line.
std::string Describe(const Shrunk& shrunk);

}  // namespace firstline::simulation
