// One simulated life of a small installation: pods, Redis, agents, customers and faults, in virtual
// time, one thread, one seed.
#pragma once

#include <cstdint>
#include <string>

#include "services/router/runtime/options.h"
#include "services/router/store/memory_store.h"

namespace firstline::simulation {

struct SimulationOptions {
  uint64_t seed = 1;
  int pods = 2;
  int64_t faults_until_us = 25'000'000;  // then everything heals
  int64_t served_by_us = 150'000'000;    // and by then everybody is served
  runtime::PlantedBugs bugs;
  store::MemoryFlaws flaws;
  bool trace = false;  // tell every fault and event on standard error
};

struct SimulationReport {
  std::string violation;  // "": none
  uint64_t digest = 0;    // of the whole history: the same seed gives the same
  int64_t answers = 0;
  int64_t events = 0;
  int rollbacks = 0;
  bool gap = false;  // the history says that events are missing in it
};

SimulationReport Simulate(const SimulationOptions& options);

}  // namespace firstline::simulation
