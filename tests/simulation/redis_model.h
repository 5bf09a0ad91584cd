// Redis as pods meet it: requests take time, get lost, are refused, arrive late; the server stalls,
// comes back with a state that is older than what it had acknowledged, or is replaced by a replica
// that lacks its last writes while some pods still write to it; its clock steps.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "services/router/store/memory_store.h"
#include "tests/simulation/judge.h"
#include "tests/simulation/random.h"
#include "tests/simulation/schedule.h"

namespace firstline::simulation {

// The store's Unix time when virtual time is 0.
inline constexpr int64_t kUnixUs = 1'700'000'000'000'000;
inline constexpr size_t kAllEvents = 10'000'000;
inline constexpr int64_t kRequestTimeoutUs = 1'000'000;
inline constexpr int64_t kTwoOwnersUs = 3'000'000;  // more than a lease of the simulated pods

class RedisModel {
 public:
  using Done = std::function<void(store::Reply)>;

  RedisModel(Schedule& schedule, Random random, Judge& judge, store::MemoryFlaws flaws);

  // Of which of a pod's two connections (runtime::Lane) and, within it, of which line of requests
  // that keep their order.
  struct Connection {
    int pod = 0;
    bool fast = false;
    uint64_t line = 0;
  };
  // Sends a request; `done` hears exactly one reply.
  void Send(const Connection& connection, store::Request request, Done done);
  // History as the pod's own connection for it shows it now: kUnavailable and nullopt where it does
  // not answer. See PodLog.
  store::EventPage ReadNow(int pod, const WorkspaceId& workspace, EventId cursor, size_t max);
  std::optional<EventId> LastNow(int pod, const WorkspaceId& workspace);
  // The primary whose history counts.
  store::MemoryBackend& backend() { return primary_->backend; }

  // ---- Faults ----
  void set_lossy(bool lossy) { lossy_ = lossy; }  // a part of requests and replies get lost
  bool lossy() const { return lossy_; }
  bool rewound() const { return rewound_; }       // history was ever taken back
  void StallFor(int64_t us);                      // nothing is executed, everything times out
  void RefuseFor(int64_t us);                     // writes are refused
  void BeAloneFor(int64_t us);                    // the same, because nobody follows the primary
  // Nothing passes between the pod and Redis; `replies_only`: requests still arrive.
  void Cut(int pod, int64_t us, bool replies_only);
  // The primary's clock, which stays within some seconds of the true time.
  void StepClock(int64_t us);
  // A state to come back to is remembered. Costs time: not oftener than needed.
  void Remember();
  // The state remembered at least `age_us` ago, or the oldest.
  void RollBack(int64_t age_us, const std::vector<WorkspaceId>& workspaces, bool excused);
  // A replica with that state and a clock `clock_us` off becomes the primary. The old one goes on
  // serving pods that have not noticed, each for up to `split_us`; what it took is then lost.
  void FailOver(int64_t age_us, int64_t split_us, int64_t clock_us,
                const std::vector<WorkspaceId>& workspaces, bool excused);
  // No rollback goes back before this moment.
  void ForgetPast();
  // The token of an earlier owner is back; the state stays.
  void RollBackOwnership(const WorkspaceId& workspace);
  // Its owner died or may have: nobody brings back what that one writes, or wrote, to a primary that
  // is none any more.
  void Forsake(const WorkspaceId& workspace);
  // All faults end; what the clock was stepped by stays.
  void Heal();

 private:
  struct Server {
    Server(Schedule& schedule, store::MemoryFlaws flaws, int64_t off_us)
        : clock_us(off_us),
          backend([this, &schedule] { return kUnixUs + schedule.now_us() + clock_us; }, flaws) {}
    int64_t clock_us;  // how fast its clock is
    bool demoted = false;
    store::MemoryBackend backend;
  };
  using ServerPtr = std::shared_ptr<Server>;
  // A pod's connections.
  struct Link {
    ServerPtr server;
    std::array<bool, 3> broken{};  // slow, fast, history: the next request finds out
    int64_t cut_until_us = 0;
    bool replies_only = false;
  };
  struct Past {
    int64_t time_us;
    store::MemoryImage image;
  };
  struct Sent {
    store::Request request;
    Done done;
    bool answer = true;
    int pod = 0;
    ServerPtr server;
  };

  Link& LinkOf(int pod);
  // The server a read of history reaches; null: none.
  Server* Reached(int pod);
  bool IsCut(const Link& link) const { return schedule_.now_us() < link.cut_until_us; }
  void Switch(Link& link);
  void Execute(const Sent& sent);
  store::Reply Run(Server& server, const store::Request& request);
  void OnAcquired(Server& server, const store::Acquire& acquire,
                  const store::OwnershipRecord& record);
  const Past& PastBefore(int64_t time_us) const;
  store::OwnershipRecord RecordOf(Server& server, const WorkspaceId& workspace);
  // Whoever held the state at `was` does not, or not by what `server` has: nobody can restore.
  bool IsOrphaned(const store::OwnershipRecord& was, Server& server, const WorkspaceId& workspace);
  void AllowTwoOwners(int64_t us);
  int64_t Delay();

  Schedule& schedule_;
  Random random_;
  Judge& judge_;
  const store::MemoryFlaws flaws_;
  ServerPtr primary_;
  std::map<int, Link> links_;  // by pod
  std::deque<Past> past_;
  std::map<WorkspaceId, std::deque<store::OwnershipRecord>> owners_;
  // Epochs that began at a primary that was none any more, and after which event.
  std::map<WorkspaceId, std::map<uint64_t, EventId>> strays_;
  std::set<WorkspaceId> forsaken_;  // since the last failover
  std::map<std::pair<int, uint64_t>, int64_t> arrival_us_;  // by pod and line: of its last request
  bool lossy_ = false;
  bool rewound_ = false;
  int64_t stalled_until_us_ = 0;
  int64_t refusing_until_us_ = 0;
  int64_t alone_until_us_ = -kTwoOwnersUs;
};

// A pod's view of history. A read may find less than there is, as if it had come a little earlier,
// so that histories grow between any two reads.
class PodLog final : public store::EventLog {
 public:
  PodLog(RedisModel& redis, int pod) : redis_(redis), pod_(pod) {}
  store::EventPage Read(const WorkspaceId& workspace, EventId cursor, size_t max,
                        int64_t wait_ms) override;
  std::optional<EventId> Last(const WorkspaceId& workspace) override;
  // A read since the last call was not answered.
  bool TakeUnreachable() { return std::exchange(unreachable_, false); }

 private:
  RedisModel& redis_;
  const int pod_;
  bool unreachable_ = false;
};

}  // namespace firstline::simulation
