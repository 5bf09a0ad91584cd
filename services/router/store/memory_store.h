// The store in memory: for trying the router without Redis (nothing is durable), for tests, and
// under the simulator, which plays Redis' faults on it.
//
//   auto backend = std::make_shared<MemoryBackend>();
//   MemoryStore pod_a(backend), pod_b(backend);  // two pods that share one "Redis"
//
// Threads: MemoryBackend may be used by any number of threads, and so may MemoryStore, which only
// points to it. Requests of one Execute are atomic each, not together.
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
#include <vector>

#include "absl/container/btree_map.h"
#include "common/sync/mutex.h"
#include "services/router/store/port.h"

namespace firstline::store {

// Everything stored for one workspace.
struct MemoryWorkspace {
  std::optional<OwnershipRecord> ownership;  // nullopt only after RestoreOwnership
  std::array<absl::btree_map<std::string, std::string>, kTableCount> tables;
  std::deque<EventEntry> events;  // ascending
};

// A moment of the whole store. Cheap: workspaces are shared until they change.
struct MemoryImage {
  std::map<WorkspaceId, std::shared_ptr<const MemoryWorkspace>> workspaces;
  std::set<WorkspaceId> registry;
  std::map<std::string, int64_t> pods;  // Unix time until which they live, by address
};

// Bugs a test plants to show that the simulator sees them. All off in a correct store.
struct MemoryFlaws {
  bool skip_token_check = false;     // commits of anybody are taken
  bool epoch_ignores_clock = false;  // epoch = stored + 1, so a rolled-back counter reissues one
  bool skip_sequence_check = false;  // a resend is applied again
  bool ignore_lineage = false;       // readers go on behind a cursor that history has lost
};

class MemoryBackend {
 public:
  using ClockUs = std::function<int64_t()>;  // the store's Unix time

  // `now_us` defaults to the system clock.
  explicit MemoryBackend(ClockUs now_us = {}, MemoryFlaws flaws = {});

  Reply Run(const Request& request);
  // As EventLog. Waiting uses the real clock; the simulator passes wait_ms 0.
  EventPage Read(const WorkspaceId& workspace, EventId cursor, size_t max, int64_t wait_ms);
  EventId Last(const WorkspaceId& workspace);

  // ---- Faults: what a failover or a restart from an older file does ----

  MemoryImage Copy();
  // The whole store becomes `image`; waiting readers look again.
  void Restore(const MemoryImage& image);
  // One workspace becomes what it was in `image`, absent included. The registry stays.
  void RestoreWorkspace(const WorkspaceId& workspace, const MemoryImage& image);
  // The ownership record alone is replaced, the state stays. nullopt removes it, and with it the
  // workspace as far as any request can tell: its keys stay and return with a record.
  void RestoreOwnership(const WorkspaceId& workspace, std::optional<OwnershipRecord> ownership);

 private:
  Reply Do(const Observe& request) FIRSTLINE_REQUIRES(mutex_);
  Reply Do(const Acquire& request) FIRSTLINE_REQUIRES(mutex_);
  Reply Do(const Renew& request) FIRSTLINE_REQUIRES(mutex_);
  Reply Do(const Release& request) FIRSTLINE_REQUIRES(mutex_);
  Reply Do(const Commit& request) FIRSTLINE_REQUIRES(mutex_);
  Reply Do(const Load& request) FIRSTLINE_REQUIRES(mutex_);
  Reply Do(const Rebuild& request) FIRSTLINE_REQUIRES(mutex_);
  Reply Do(const Drop& request) FIRSTLINE_REQUIRES(mutex_);
  Reply Do(const ListWorkspaces& request) FIRSTLINE_REQUIRES(mutex_);
  Reply Do(const Announce& request) FIRSTLINE_REQUIRES(mutex_);

  // Null when the workspace is absent.
  const MemoryWorkspace* Find(const WorkspaceId& workspace) const FIRSTLINE_REQUIRES(mutex_);
  // The record, or null when there is none.
  const OwnershipRecord* Ownership(const WorkspaceId& workspace) const FIRSTLINE_REQUIRES(mutex_);
  // A reply when `token` is not ours; nullopt when it is.
  std::optional<Reply> Fence(const WorkspaceId& workspace, const Token& token) const
      FIRSTLINE_REQUIRES(mutex_);
  Reply WithRecord(Result result, const WorkspaceId& workspace) const FIRSTLINE_REQUIRES(mutex_);
  // For writing; un-shares it from images first. Creates it when absent.
  MemoryWorkspace& Mutable(const WorkspaceId& workspace) FIRSTLINE_REQUIRES(mutex_);
  EventPage ReadNow(const WorkspaceId& workspace, EventId cursor, size_t max) const
      FIRSTLINE_REQUIRES(mutex_);

  const ClockUs now_us_;
  const MemoryFlaws flaws_;
  mutable sync::Mutex mutex_;
  sync::CondVar changed_;
  MemoryImage now_ FIRSTLINE_GUARDED_BY(mutex_);
};

class MemoryStore final : public Store, public EventLog {
 public:
  explicit MemoryStore(std::shared_ptr<MemoryBackend> backend) : backend_(std::move(backend)) {}

  std::vector<Reply> Execute(const std::vector<Request>& requests) override;
  EventPage Read(const WorkspaceId& workspace, EventId cursor, size_t max,
                 int64_t wait_ms) override;
  std::optional<EventId> Last(const WorkspaceId& workspace) override;

 private:
  std::shared_ptr<MemoryBackend> backend_;
};

}  // namespace firstline::store
