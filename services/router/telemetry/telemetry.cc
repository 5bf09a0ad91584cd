#include "services/router/telemetry/telemetry.h"

#include <algorithm>
#include <chrono>
#include <unordered_map>
#include <utility>

namespace firstline::telemetry {

using engine::Engine;
using engine::Time;

// ---- runtime::Observer ------------------------------------------------------------------------

void Telemetry::Loaded(const std::string& name, const Engine& engine) {
  Workspace& workspace = Find(name);
  workspace.engine = &engine;
  workspace.gatherer = std::make_unique<Gatherer>(workspace.figures);
  workspace.gathering = {};
  workspace.in_flight.clear();
  Hear(workspace);
  if (!workspace.figures.since.IsSet()) workspace.figures.since = engine.now();
  // What was read from the store is committed.
  Additions loads;
  workspace.gatherer->Begin(engine, loads);
  loads.Make();
}

void Telemetry::Applied(const std::string& name, const Engine& engine) {
  Workspace& workspace = Find(name);
  if (workspace.engine != &engine) Loaded(name, engine);
  Hear(workspace);
  if (!workspace.figures.since.IsSet()) workspace.figures.since = engine.now();
  workspace.gatherer->Gather(engine, workspace.gathering);
}

void Telemetry::Refused(const std::string& name, const Engine& engine,
                        const engine::Submit& submit, const engine::Outcome& outcome) {
  Workspace& workspace = Find(name);
  if (workspace.engine != &engine) Loaded(name, engine);
  workspace.gatherer->CountRefusal(engine, submit, outcome);
}

void Telemetry::Sealed(const std::string& name) {
  Workspace& workspace = Find(name);
  workspace.in_flight.push_back(std::exchange(workspace.gathering, {}));
}

void Telemetry::Committed(const std::string& name, const Engine&,
                          const runtime::CommitFigures& commit) {
  Workspace& workspace = Find(name);
  ++workspace.commits;
  commits_.latency.Add(commit.latency.us);
  commits_.commands.Add(static_cast<int64_t>(commit.commands));
  commits_.events.Add(static_cast<int64_t>(commit.events));
  commits_.bytes.Add(static_cast<int64_t>(commit.bytes));
  if (workspace.in_flight.empty()) return;
  workspace.in_flight.front().Make();
  workspace.in_flight.pop_front();
}

void Telemetry::Dropped(const std::string& name) {
  const auto known = workspaces_.find(name);
  if (known == workspaces_.end()) return;
  Workspace& workspace = known->second;
  workspace.used = ++uses_;
  workspace.engine = nullptr;
  workspace.gatherer = nullptr;
  workspace.gathering = {};
  workspace.in_flight.clear();
  workspace.figures.ForgetLoads();
}

void Telemetry::Count(const std::string& name, runtime::Incident incident) {
  ++Find(name).incidents[static_cast<size_t>(incident)];
}

Telemetry::Workspace& Telemetry::Find(const std::string& name) {
  const auto known = workspaces_.find(name);
  if (known != workspaces_.end()) return known->second;
  if (workspaces_.size() >= kWorkspacesKept) ForgetOldest();
  Workspace& workspace = workspaces_[name];
  workspace.used = ++uses_;
  return workspace;
}

void Telemetry::ForgetOldest() {
  auto oldest = workspaces_.end();
  for (auto it = workspaces_.begin(); it != workspaces_.end(); ++it) {
    if (it->second.engine != nullptr) continue;
    if (oldest == workspaces_.end() || it->second.used < oldest->second.used) oldest = it;
  }
  if (oldest != workspaces_.end()) workspaces_.erase(oldest);
}

// ---- Views ------------------------------------------------------------------------------------

Snapshot Telemetry::Take() {
  Snapshot snapshot;
  snapshot.commits = commits_;
  for (auto& [name, workspace] : workspaces_) {
    SettleLoads(workspace);
    WorkspaceSnapshot& copy = snapshot.workspaces.emplace_back();
    copy.workspace = name;
    copy.owned = workspace.engine != nullptr;
    copy.incidents = workspace.incidents;
    copy.commits = workspace.commits;
    for (const auto& flow : workspace.figures.flows()) copy.flows.push_back(*flow);
    for (const auto& work : workspace.figures.works()) copy.works.push_back(*work);
    for (const auto& [team, load] : workspace.figures.loads()) copy.loads.push_back(load);
    copy.capacity_violations = workspace.figures.capacity_violations;
    copy.classified = workspace.figures.classified;
    if (!copy.owned) continue;
    copy.queues = ReadQueues(*workspace.engine, NowOf(workspace));
    copy.teams = ReadTeams(*workspace.engine);
  }
  return snapshot;
}

std::vector<QueueFigures> Telemetry::Queues(std::string_view name, std::string_view queue) {
  std::vector<QueueFigures> list;
  Workspace* workspace = FindOwned(name);
  if (workspace == nullptr) return list;
  const engine::QueueIx only =
      queue.empty() ? engine::QueueIx{} : workspace->engine->FindQueue(queue);
  if (!queue.empty() && !only.IsSet()) return list;
  std::unordered_map<std::string, QueueFigures*> by_name;  // looked up, never iterated
  for (QueueNow& now : ReadQueues(*workspace->engine, NowOf(*workspace), only)) {
    list.emplace_back().now = std::move(now);
    list.back().since = workspace->figures.since;
  }
  for (QueueFigures& figures : list) by_name[figures.now.queue] = &figures;
  for (const auto& flow : workspace->figures.flows()) {
    if (const auto it = by_name.find(flow->queue); it != by_name.end()) AddTo(*it->second, *flow);
  }
  for (const auto& work : workspace->figures.works()) {
    if (const auto it = by_name.find(work->queue); it != by_name.end()) AddTo(*it->second, *work);
  }
  return list;
}

std::vector<AgentFigures> Telemetry::Agents(std::string_view name, std::string_view after,
                                            size_t max) {
  std::vector<AgentFigures> list;
  Workspace* workspace = FindOwned(name);
  if (workspace == nullptr) return list;
  SettleLoads(*workspace);
  const auto& agents = workspace->figures.agents();
  for (auto it = agents.upper_bound(after); it != agents.end() && list.size() < max; ++it) {
    list.push_back(*it->second);
  }
  return list;
}

std::optional<AgentFigures> Telemetry::Agent(std::string_view name, std::string_view agent_id) {
  Workspace* workspace = FindOwned(name);
  if (workspace == nullptr) return std::nullopt;
  SettleLoads(*workspace);
  const AgentFigures* known = workspace->figures.FindAgent(agent_id);
  if (known != nullptr) return *known;
  AgentFigures none;
  none.agent_id = agent_id;
  none.since = workspace->figures.since;
  return none;
}

// ---- Time -------------------------------------------------------------------------------------

int64_t Telemetry::BootUs() const {
  if (clock_ == nullptr) return 0;
  return std::chrono::duration_cast<std::chrono::microseconds>(clock_->BootTime()).count();
}

void Telemetry::Hear(Workspace& workspace) const {
  workspace.heard = workspace.engine->now();
  workspace.heard_boot_us = BootUs();
}

Time Telemetry::NowOf(const Workspace& workspace) const {
  // The engine may have been ticked since, without events.
  return std::max(workspace.engine->now(),
                  workspace.heard + engine::Microseconds(BootUs() - workspace.heard_boot_us));
}

void Telemetry::SettleLoads(Workspace& workspace) const {
  if (workspace.engine == nullptr) return;
  Time until = NowOf(workspace);
  for (const Additions& batch : workspace.in_flight) {
    if (batch.first().IsSet()) until = std::min(until, batch.first());
  }
  if (workspace.gathering.first().IsSet()) until = std::min(until, workspace.gathering.first());
  workspace.figures.SettleLoads(until);
}

Telemetry::Workspace* Telemetry::FindOwned(std::string_view name) {
  const auto known = workspaces_.find(name);
  if (known == workspaces_.end() || known->second.engine == nullptr) return nullptr;
  return &known->second;
}

}  // namespace firstline::telemetry
