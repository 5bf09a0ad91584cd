// How a router is, as plain data: what StatusService tells.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "services/router/runtime/owner.h"
#include "services/router/store/redis_inspection.h"

namespace firstline::api {

struct WorkspaceReport {
  std::string workspace;
  runtime::Phase phase = runtime::Phase::kObserving;
  std::string owner;  // "" for none
  size_t open_calls = 0;
  // Of one whose state is here.
  struct Held {
    runtime::Span lease_left;
    uint64_t epoch = 0;
    std::string config_etag;
    size_t inquiries = 0, open_inquiries = 0, agents = 0;
    uint64_t commits = 0;
    std::chrono::nanoseconds last_commit_time{0};  // 0: none yet
    runtime::Span last_commit_latency;
  };
  std::optional<Held> held;
};

struct IncidentReport {
  std::string workspace;
  std::string kind;
  std::chrono::nanoseconds time{0};
  uint64_t count = 0;
};

struct StatusReport {
  std::string version;
  std::string address;
  std::chrono::nanoseconds start_time{0};  // wall clock, as all times here
  std::chrono::nanoseconds time{0};
  bool ready = false;
  bool driven_clock = false;
  std::string store_address;  // "" for memory
  // Of Redis.
  absl::StatusOr<store::RedisFacts> redis = absl::UnknownError("not asked");
  size_t open_calls = 0;
  size_t inbox_depth = 0;
  bool complete = false;
  size_t workspace_count = 0;
  std::vector<WorkspaceReport> workspaces;
  std::vector<IncidentReport> incidents;
};

}  // namespace firstline::api
