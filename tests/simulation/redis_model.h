// Redis as pods meet it: requests take time, get lost, are refused, arrive late; the server stalls,
// or comes back with a state that is older than what it had acknowledged.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "services/router/store/memory_store.h"
#include "tests/simulation/judge.h"
#include "tests/simulation/random.h"
#include "tests/simulation/schedule.h"

namespace firstline::simulation {

// The store's Unix time when virtual time is 0.
inline constexpr int64_t kUnixUs = 1'700'000'000'000'000;
inline constexpr int64_t kRequestTimeoutUs = 1'000'000;
inline constexpr int64_t kTwoOwnersUs = 3'000'000;  // more than a lease of the simulated pods

class RedisModel {
 public:
  using Done = std::function<void(store::Reply)>;

  RedisModel(Schedule& schedule, Random& random, Judge& judge, store::MemoryFlaws flaws);

  // Sends a request; `done` hears exactly one reply. Requests of one `connection` keep their order.
  void Send(uint64_t connection, store::Request request, Done done);
  store::MemoryBackend& backend() { return backend_; }

  // ---- Faults ----
  void set_lossy(bool lossy) { lossy_ = lossy; }  // a part of requests and replies get lost
  void StallFor(int64_t us);                      // nothing is executed, everything times out
  void RefuseFor(int64_t us);                     // writes are refused
  // The state of a moment at least `age_us` ago, or the oldest remembered.
  void RollBack(int64_t age_us, const std::vector<WorkspaceId>& workspaces, bool excused);
  // No rollback goes back before this moment.
  void ForgetPast();
  // The token of an earlier owner is back; the state stays.
  void RollBackOwnership(const WorkspaceId& workspace);
  // All faults end.
  void Heal();

 private:
  struct Past {
    int64_t time_us;
    store::MemoryImage image;
  };

  void Execute(const store::Request& request, const Done& done, bool answer);
  store::Reply Run(const store::Request& request);
  void Remember();
  void AllowTwoOwners();
  int64_t Delay();

  Schedule& schedule_;
  Random& random_;
  Judge& judge_;
  store::MemoryBackend backend_;
  std::deque<Past> past_;
  std::map<WorkspaceId, std::vector<store::OwnershipRecord>> owners_;
  std::map<uint64_t, int64_t> arrival_us_;  // by connection: of its last request
  bool lossy_ = false;
  int64_t stalled_until_us_ = 0;
  int64_t refusing_until_us_ = 0;
};

}  // namespace firstline::simulation
