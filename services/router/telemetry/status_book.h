// What operators ask about and Prometheus does not keep: when each workspace committed last, and
// what went wrong lately.
//
// Threads: one, the loop's.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>

#include "common/clock/clock.h"
#include "services/router/runtime/observer.h"

namespace firstline::telemetry {

inline constexpr size_t kIncidentsKept = 50;

// As metrics name it: "in_doubt" for kDoubted.
std::string_view IncidentName(runtime::Incident incident);

class StatusBook {
 public:
  struct Commits {
    uint64_t count = 0;  // since the state was loaded
    std::chrono::nanoseconds last_time{0};  // wall clock
    runtime::Span last_latency;
  };
  struct Entry {
    std::string workspace;
    runtime::Incident incident = runtime::Incident::kFenced;
    std::chrono::nanoseconds time{0};  // wall clock, of the last
    uint64_t count = 0;                // in a row
  };

  // `clock` must outlive it.
  explicit StatusBook(const clock::Clock& clock) : clock_(clock) {}

  void Loaded(const runtime::WorkspaceId& workspace) { commits_[workspace] = {}; }
  void Committed(const runtime::WorkspaceId& workspace, const runtime::CommitFigures& figures);
  void Dropped(const runtime::WorkspaceId& workspace) { commits_.erase(workspace); }
  // True when it is worth a line in the log: the first of a row, and then one in a minute. Taking
  // and releasing ownership in order are no incidents.
  bool Count(const runtime::WorkspaceId& workspace, runtime::Incident incident);

  Commits CommitsOf(const runtime::WorkspaceId& workspace) const;
  // Oldest first, at most kIncidentsKept.
  const std::deque<Entry>& entries() const { return entries_; }

 private:
  const clock::Clock& clock_;
  std::map<runtime::WorkspaceId, Commits> commits_;  // of workspaces in memory
  std::deque<Entry> entries_;
  std::chrono::nanoseconds told_{0};  // of the last entry
};

}  // namespace firstline::telemetry
