// What the answers were: for each operation how many, how long they took, which were refused and
// why; over all that was measured and in windows of a quarter of a second.
//
// Latency runs from the moment at which the operation was due, not from when it could be sent: a
// router (or a generator) that falls behind cannot hide it by being asked less.
//
// Thread rule: any thread.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "common/client/error.h"
#include "common/sync/mutex.h"
#include "services/cli/load/latency.h"

namespace firstline::load {

enum class Operation {
  kSubmit,  // due when the customer comes
  kOffer,   // from the same moment until an agent has heard of it on its session
  kAccept,  // due when the offer is heard
  kReply,
  kClose,
};
inline constexpr std::size_t kOperations = 5;
const char* NameOf(Operation operation);

inline constexpr std::chrono::milliseconds kWindow{250};

struct OperationTally {
  std::uint64_t done = 0;      // due while it was measured, and successful
  std::uint64_t finished = 0;  // answered with success while it was measured, whenever due
  std::uint64_t shed = 0;      // refused for now, with a time to come back
  std::uint64_t shed_without_time = 0;  // the same without RetryInfo: there must be none
  std::map<std::string, std::uint64_t> refusals = {};  // by reason, shed ones included
  Latencies latencies = {};
};
using OperationTallies = std::array<OperationTally, kOperations>;

// By when they were due.
struct Window {
  std::array<Latencies, kOperations> latencies;
  std::array<std::uint32_t, kOperations> shed = {};
};

class Tally {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // Measures from `begin` to `end`; windows count from `start`, warm-up included. Before any other
  // member is called.
  void Begin(Time start, Time begin, Time end) FIRSTLINE_EXCLUDES(mutex_);

  void Succeeded(Operation operation, Time due, Time now) FIRSTLINE_EXCLUDES(mutex_);
  void Refused(Operation operation, Time due, const client::Error& error)
      FIRSTLINE_EXCLUDES(mutex_);

  OperationTallies totals() const FIRSTLINE_EXCLUDES(mutex_);
  std::vector<Window> windows() const FIRSTLINE_EXCLUDES(mutex_);

 private:
  Window& WindowOf(Time due) FIRSTLINE_REQUIRES(mutex_);
  bool IsMeasured(Time time) const FIRSTLINE_REQUIRES(mutex_) {
    return begin_ <= time && time < end_;
  }

  mutable sync::Mutex mutex_;
  Time start_ FIRSTLINE_GUARDED_BY(mutex_), begin_ FIRSTLINE_GUARDED_BY(mutex_),
      end_ FIRSTLINE_GUARDED_BY(mutex_);
  OperationTallies totals_ FIRSTLINE_GUARDED_BY(mutex_);
  std::vector<Window> windows_ FIRSTLINE_GUARDED_BY(mutex_);
};

// RESOURCE_EXHAUSTED or UNAVAILABLE: not now.
bool IsShed(const client::Error& error);

}  // namespace firstline::load
