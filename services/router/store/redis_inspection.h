// What a Redis says of itself, for operators.
//
// Threads: the connection's.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/redis/connection.h"

namespace firstline::store {

struct RedisFacts {
  std::string version;
  std::string role;  // "master", "slave"
  std::string maxmemory_policy;
  int64_t maxmemory_bytes = 0;  // 0: none
  int64_t used_memory_bytes = 0;
  int64_t evicted_keys = 0;
  bool append_only = false;
  bool append_ok = true;
  bool snapshot_ok = true;
  bool loading = false;
  int replicas = 0;
  std::optional<int> good_replicas;  // only with min-replicas-to-write
  std::chrono::microseconds round_trip{0};
  std::chrono::microseconds clock_ahead{0};  // of the caller's wall clock
};

// Microseconds since 1970.
using WallClock = std::function<std::chrono::microseconds()>;

// Asks INFO and TIME. Fails as the connection does, or when the answer is none.
absl::StatusOr<RedisFacts> InspectRedis(redis::Connection& connection, const WallClock& clock);

// The facts in the text of INFO; times are not among them.
RedisFacts ReadInfo(std::string_view info);

// "noeviction" for "maxmemory_policy" among the lines of INFO; empty when it is not there.
std::string InfoValue(std::string_view info, std::string_view name);

}  // namespace firstline::store
