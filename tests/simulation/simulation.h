// One simulated life of a small installation: pods with their gateways, Redis, agents, customers,
// platforms, watchers and faults, in virtual time, one thread, one seed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "services/router/api/event_tails.h"
#include "services/router/gateway/gateway.h"
#include "services/router/runtime/options.h"
#include "services/router/store/memory_store.h"
#include "tests/simulation/plan.h"

namespace firstline::simulation {

struct SimulationOptions {
  uint64_t seed = 1;
  int pods = 3;
  int workspaces = 2;
  int agents = 3;                        // of a workspace
  int inquiries = 20;
  int writers = 1;                       // Writer
  int commands = 100;                    // of each writer
  int64_t faults_until_us = 20'000'000;  // then everything heals
  int64_t served_within_us = 125'000'000;  // after that everybody is served
  int64_t pause_max_us = 1'500'000;      // between faults
  int64_t retention_us = 3'600'000'000;  // of ended inquiries
  int pace = 1;                          // how slowly people look and act
  bool plain = false;                    // workspaces choose no policies
  bool lossless = false;                 // no fault that may lose what was acknowledged
  std::optional<std::vector<Fault>> plan;  // instead of the seed's own
  // Planted.
  runtime::PlantedBugs bugs;
  runtime::Span fast_clock{};  // of one pod
  gateway::PlantedBugs gateway_bugs;
  bool forwards_again = false;
  api::EventTails::PlantedBugs tail_bugs;
  store::MemoryFlaws flaws;
  bool trace = false;  // tell everything on standard error
};

struct SimulationReport {
  std::string violation;  // "": none
  int64_t answers = 0;
  int64_t events = 0;
  int64_t judged = 0;     // calls whose order was explained, see linearizability.h
  int64_t inquiries = 0;  // served
  int64_t virtual_us = 0;
  int rollbacks = 0;      // of Redis, in all ways
  int rewinds = 0;        // watchers were told of
  int expired = 0;        // the same: of events that are no longer retained
  int64_t told = 0;       // events that watch streams brought
  int snapshots = 0;      // of agents, that watch streams brought
  bool gap = false;       // a history says that events are missing in it
  std::string history;    // every event of every workspace, and a digest of what clients heard
};

SimulationReport Simulate(const SimulationOptions& options);
// The faults of the options: their own or the seed's.
std::vector<Fault> PlanOf(const SimulationOptions& options);

}  // namespace firstline::simulation
