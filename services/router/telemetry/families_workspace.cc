// Occupancy, ownership, commits: per workspace and for the pod.
#include "services/router/telemetry/families.h"

namespace firstline::telemetry {
namespace {

using prometheus::MetricType;
using runtime::Incident;

struct Named {
  Incident incident;
  const char* name;
};
// Every incident is shown in exactly one family.
constexpr Named kOwnershipChanges[] = {{Incident::kAcquired, "acquired"},
                                       {Incident::kReleased, "released"},
                                       {Incident::kLapsed, "lapsed"},
                                       {Incident::kFenced, "fenced"}};
constexpr Named kRestores[] = {{Incident::kReplayed, "replayed"}, {Incident::kRebuilt, "rebuilt"}};
constexpr Named kTroubles[] = {{Incident::kRefused, "refused"},
                               {Incident::kDoubted, "in_doubt"},
                               {Incident::kReloaded, "broken"},
                               {Incident::kNotReplicated, "not_replicated"}};

uint64_t CountOf(const WorkspaceSnapshot& workspace, Incident incident) {
  return workspace.incidents[static_cast<size_t>(incident)];
}

template <size_t n>
void CountIncidents(Family& family, const WorkspaceSnapshot& workspace, const char* label,
                    const Named (&list)[n]) {
  for (const auto& [incident, name] : list) {
    family.Count({{"workspace", workspace.workspace}, {label, name}}, CountOf(workspace, incident));
  }
}

template <class Value>
void RenderCounter(const Snapshot& snapshot, Families& out, const char* name, const char* help,
                   const Value& value) {
  Family family(MetricType::Counter, name, help);
  for (const WorkspaceSnapshot& workspace : snapshot.workspaces) {
    family.Count({{"workspace", workspace.workspace}}, value(workspace));
  }
  out.push_back(family.Take());
}

void RenderLoads(const Snapshot& snapshot, Families& out, const char* name, const char* help,
                 int64_t TeamLoad::*load) {
  Family family(MetricType::Counter, name, help);
  for (const WorkspaceSnapshot& workspace : snapshot.workspaces) {
    for (const TeamLoad& team : workspace.loads) {
      family.Count({{"workspace", workspace.workspace}, {"team", team.team}},
                   SecondsOf(team.*load));
    }
  }
  out.push_back(family.Take());
}

// Only outcomes that were seen: most workspaces have no classifier.
void RenderClassified(const Snapshot& snapshot, Families& out) {
  Family family(MetricType::Counter, "firstline_inquiries_classified_total",
                "Inquiries about which it was the classifier's turn, by what came of it; without a "
                "verdict the rules decided.");
  // In the order of engine::ClassifierOutcome.
  constexpr std::array<const char*, engine::kClassifierOutcomes> kOutcomeNames = {
      "verdict",     "no_verdict",   "out_of_bounds", "unknown_queue",      "unknown_skill", "deadline",
      "unavailable", "breaker_open", "busy",          "unknown_classifier", "not_asked"};
  for (const WorkspaceSnapshot& workspace : snapshot.workspaces) {
    for (size_t i = 0; i < kOutcomeNames.size(); ++i) {
      if (workspace.classified[i] == 0) continue;
      family.Count({{"workspace", workspace.workspace}, {"outcome", kOutcomeNames[i]}},
                   workspace.classified[i]);
    }
  }
  out.push_back(family.Take());
}

void RenderOwnership(const Snapshot& snapshot, Families& out) {
  Family owned(MetricType::Gauge, "firstline_workspace_owned",
               "1 where this pod owns the workspace, 0 where it did.");
  Family changes(MetricType::Counter, "firstline_ownership_changes_total",
                 "Ownership taken and lost, by how.");
  Family restores(MetricType::Counter, "firstline_restores_total",
                  "Times the store was behind the owner and was put right, by how.");
  for (const WorkspaceSnapshot& workspace : snapshot.workspaces) {
    owned.Set({{"workspace", workspace.workspace}}, workspace.owned ? 1 : 0);
    CountIncidents(changes, workspace, "change", kOwnershipChanges);
    CountIncidents(restores, workspace, "how", kRestores);
  }
  out.push_back(owned.Take());
  out.push_back(changes.Take());
  out.push_back(restores.Take());
}

void RenderCommits(const Snapshot& snapshot, Families& out) {
  Family commits(
      MetricType::Counter, "firstline_commits_total",
      "Attempts to commit a batch, by result: in_doubt ones were sent again, broken ones "
      "made the workspace reload.");
  for (const WorkspaceSnapshot& workspace : snapshot.workspaces) {
    commits.Count({{"workspace", workspace.workspace}, {"result", "committed"}}, workspace.commits);
    CountIncidents(commits, workspace, "result", kTroubles);
  }
  out.push_back(commits.Take());

  Family latency(MetricType::Histogram, "firstline_commit_seconds",
                 "From sending a batch to its confirmation, over all workspaces of the pod.");
  latency.Observe({}, snapshot.commits.latency, kPerSecond);
  out.push_back(latency.Take());
  Family commands(MetricType::Histogram, "firstline_commit_commands",
                  "Calls a batch, reads included.");
  commands.Observe({}, snapshot.commits.commands, 1);
  out.push_back(commands.Take());
  Family events(MetricType::Histogram, "firstline_commit_events", "Events a batch.");
  events.Observe({}, snapshot.commits.events, 1);
  out.push_back(events.Take());
  Family bytes(MetricType::Histogram, "firstline_commit_bytes", "Bytes written a batch.");
  bytes.Observe({}, snapshot.commits.bytes, 1);
  out.push_back(bytes.Take());
}

}  // namespace

void RenderWorkspaces(const Snapshot& snapshot, Families& out) {
  RenderLoads(snapshot, out, "firstline_busy_unit_seconds_total",
              "Capacity units in use, integrated over the time agents were not offline.",
              &TeamLoad::busy_unit_us);
  RenderLoads(
      snapshot, out, "firstline_capacity_unit_seconds_total",
      "Capacity units, integrated over the time agents were not offline. Busy over capacity "
      "is occupancy.",
      &TeamLoad::capacity_unit_us);
  RenderCounter(snapshot, out, "firstline_capacity_violations_total",
                "Agents given more than they can carry. Always 0, or there is a defect.",
                [](const auto& workspace) { return workspace.capacity_violations; });
  RenderClassified(snapshot, out);
  RenderOwnership(snapshot, out);
  RenderCommits(snapshot, out);
  RenderCounter(snapshot, out, "firstline_records_quarantined_total",
                "Stored records that could not be read and were put aside.",
                [](const auto& w) { return CountOf(w, Incident::kQuarantined); });
  RenderCounter(snapshot, out, "firstline_states_refused_total",
                "Times a state was not opened: newer format or no readable configuration.",
                [](const auto& w) { return CountOf(w, Incident::kStateRefused); });
  RenderCounter(snapshot, out, "firstline_calls_shed_total", "Calls turned away for overload.",
                [](const auto& w) { return CountOf(w, Incident::kShed); });
}

}  // namespace firstline::telemetry
