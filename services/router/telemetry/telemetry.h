// The figures of every workspace of this pod: gathered when events happen, counted when their batch
// is committed, shown to Prometheus and by StatsService from one source.
//
//   Telemetry telemetry(&clock);
//   Loop loop(..., telemetry, ...);               // observes
//   loop.Run([&](const Pod&) { snapshot = telemetry.Take(); });
//
// What a workspace's owner did before it lost the workspace stays counted here; its gauges go. The
// next owner begins at zero, as Prometheus expects of another process.
//
// Threads: one, the loop's, for everything but construction and destruction.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock/clock.h"
#include "services/router/runtime/observer.h"
#include "services/router/telemetry/figures.h"
#include "services/router/telemetry/gatherer.h"
#include "services/router/telemetry/snapshot.h"
#include "services/router/telemetry/stats.h"

namespace firstline::telemetry {

// Workspaces whose counters are kept. When another comes, the one given up longest ago is
// forgotten; those owned always stay.
inline constexpr size_t kWorkspacesKept = 1000;

class Telemetry final : public runtime::Observer {
 public:
  // Ages of gauges grow with `clock` while nothing happens in a workspace. Null: they stand still,
  // which is right where workspace time is driven. Must outlive this.
  explicit Telemetry(const clock::Clock* clock) : clock_(clock) {}

  // ---- runtime::Observer ----
  void Loaded(const std::string& workspace, const engine::Engine& engine) override;
  void Applied(const std::string& workspace, const engine::Engine& engine) override;
  void Refused(const std::string& workspace, const engine::Engine& engine,
               const engine::Submit& submit, const engine::Outcome& outcome) override;
  void Sealed(const std::string& workspace) override;
  void Committed(const std::string& workspace, const engine::Engine& engine,
                 const runtime::CommitFigures& commit) override;
  void Dropped(const std::string& workspace) override;
  void Count(const std::string& workspace, runtime::Incident incident) override;

  // ---- Views ----
  // O(places + agents).
  Snapshot Take();
  // By queue in ascending handle order; `queue` empty: all. Empty when the workspace is not owned
  // here or has no such queue.
  std::vector<QueueFigures> Queues(std::string_view workspace, std::string_view queue);
  // Copies of at most `max` agents' figures, ascending by id, after `after`. Agents that exist but
  // have done nothing yet are not listed. Empty when the workspace is not owned here.
  std::vector<AgentFigures> Agents(std::string_view workspace, std::string_view after, size_t max);
  // One agent's; all zero from the workspace's `since` for an agent that has done nothing yet, none
  // when the workspace is not owned here.
  std::optional<AgentFigures> Agent(std::string_view workspace, std::string_view agent_id);

 private:
  struct Workspace {
    Figures figures;
    std::unique_ptr<Gatherer> gatherer;      // null: not owned
    const engine::Engine* engine = nullptr;  // null: not owned
    Additions gathering;
    std::deque<Additions> in_flight;  // sealed, oldest first
    int64_t heard_boot_us = 0;        // when engine->now() was last known to be the time
    engine::Time heard;
    uint64_t used = 0;  // when it was last heard of, for kWorkspacesKept
    uint64_t commits = 0;
    std::array<uint64_t, runtime::kIncidentCount> incidents{};
  };

  Workspace& Find(const std::string& workspace);
  void ForgetOldest();
  int64_t BootUs() const;
  void Hear(Workspace& workspace) const;
  engine::Time NowOf(const Workspace& workspace) const;
  // Integrates loads as far as no uncommitted event can change them.
  void SettleLoads(Workspace& workspace) const;
  Workspace* FindOwned(std::string_view workspace);

  const clock::Clock* clock_;
  std::map<std::string, Workspace, std::less<>> workspaces_;
  uint64_t uses_ = 0;
  CommitTotals commits_;
};

}  // namespace firstline::telemetry
