// Everything telemetry knows at one moment, copied, so that it can be rendered on another thread.
// Counters are copies of the figures; gauges are read from the engine of each owned workspace.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "services/router/engine/engine.h"
#include "services/router/runtime/observer.h"
#include "services/router/telemetry/figures.h"

namespace firstline::telemetry {

// A queue as it stands. Spans in microseconds.
struct QueueNow {
  std::string queue;
  uint32_t waiting = 0, offered = 0, assigned = 0, parked = 0;
  int64_t oldest_waiting_us = 0;  // age; 0 when none waits
  // Agents who are available, not backing off, have units left and qualify for the queue's own
  // requirement at its first step. Absent when it would cost too much (kQualifyChecksMax).
  std::optional<uint32_t> agents_available;
  // Of one that came now and had to wait; absent: too little is known.
  std::optional<engine::WaitQuantiles> expected_wait;
  int64_t first_response_target_us = 0, answer_target_us = 0;  // 0: none
};

// A team's agents as they stand. Capacity is that of agents who are not offline.
struct TeamNow {
  std::string team, vendor;
  std::array<uint32_t, kPresences> agents{};  // by engine::Presence
  uint64_t busy_units = 0, capacity_units = 0;
};

// Reading gauges of a workspace whose profiles and queues are both many would hold up the loop:
// beyond this many comparisons (about 20 ms) agents_available is left out.
inline constexpr size_t kQualifyChecksMax = 1'000'000;

// `now`: workspace time, not before engine.now(). In ascending handle order of queues. `only`: that
// queue alone; unset: all.
std::vector<QueueNow> ReadQueues(const engine::Engine& engine, engine::Time now,
                                 engine::QueueIx only = {});
// By team id; agents without a team come under "". Configured teams without agents are there too.
std::map<std::string, TeamNow> ReadTeams(const engine::Engine& engine);

// Commits take microseconds to seconds; batches one to a few hundred commands, and a megabyte.
inline constexpr std::array<int64_t, 14> kCommitLadder = {  // microseconds
    100,    250,    500,     1'000,   2'500,     5'000,     10'000,
    25'000, 50'000, 100'000, 250'000, 1'000'000, 5'000'000, 10'000'000};
inline constexpr std::array<int64_t, 10> kSizeLadder = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512};
inline constexpr std::array<int64_t, 8> kBytesLadder = {256,    1024,    4096,      16'384,
                                                        65'536, 262'144, 1'048'576, 4'194'304};

// Commits of all workspaces of this pod.
struct CommitTotals {
  Histogram<kCommitLadder> latency;
  Histogram<kSizeLadder> commands, events;
  Histogram<kBytesLadder> bytes;
};

struct WorkspaceSnapshot {
  std::string workspace;
  bool owned = false;
  std::array<uint64_t, runtime::kIncidentCount> incidents{};  // by runtime::Incident
  uint64_t commits = 0;
  std::vector<Flow> flows;
  std::vector<Work> works;
  std::vector<TeamLoad> loads;
  uint64_t capacity_violations = 0;
  std::array<uint64_t, engine::kClassifierOutcomes> classified{};
  std::vector<QueueNow> queues;          // empty unless owned
  std::map<std::string, TeamNow> teams;  // empty unless owned
};

struct Snapshot {
  std::vector<WorkspaceSnapshot> workspaces;  // ascending by name
  CommitTotals commits;
};

}  // namespace firstline::telemetry
