// How owned workspaces stand now. A workspace that is not owned here has no such series.
#include "services/router/telemetry/families.h"

namespace firstline::telemetry {
namespace {

using prometheus::MetricType;

// In the order of engine::Presence.
constexpr std::array<const char*, kPresences> kPresenceNames = {"offline", "available", "away",
                                                                "draining"};
static_assert(static_cast<size_t>(engine::Presence::kDraining) + 1 == kPresences);

Labels LabelsOf(const WorkspaceSnapshot& workspace, const QueueNow& queue) {
  return {{"workspace", workspace.workspace}, {"queue", queue.queue}};
}

Labels LabelsOf(const WorkspaceSnapshot& workspace, const TeamNow& team) {
  return {{"workspace", workspace.workspace}, {"team", team.team}};
}

template <class Labelled>
Labels With(const WorkspaceSnapshot& workspace, const Labelled& of, const char* name,
            std::string value) {
  Labels labels = LabelsOf(workspace, of);
  labels.push_back({name, std::move(value)});
  return labels;
}

template <class Value>
void RenderQueueGauge(const Snapshot& snapshot, Families& out, const char* name, const char* help,
                      const Value& value) {
  Family family(MetricType::Gauge, name, help);
  for (const WorkspaceSnapshot& workspace : snapshot.workspaces) {
    for (const QueueNow& queue : workspace.queues) {
      family.Set(LabelsOf(workspace, queue), static_cast<double>(value(queue)));
    }
  }
  out.push_back(family.Take());
}

void RenderAgentsAvailable(const Snapshot& snapshot, Families& out) {
  Family family(MetricType::Gauge, "firstline_agents_available",
                "Agents with room who qualify for the queue's own requirement. Absent where "
                "profiles and queues are too many to compare.");
  for (const WorkspaceSnapshot& workspace : snapshot.workspaces) {
    for (const QueueNow& queue : workspace.queues) {
      if (!queue.agents_available.has_value()) continue;
      family.Set(LabelsOf(workspace, queue), *queue.agents_available);
    }
  }
  out.push_back(family.Take());
}

void RenderExpectedWait(const Snapshot& snapshot, Families& out) {
  Family family(MetricType::Gauge, "firstline_expected_wait_seconds",
                "What one that came now and had to wait would wait until an offer. Absent where too "
                "few were served lately to tell.");
  for (const WorkspaceSnapshot& workspace : snapshot.workspaces) {
    for (const QueueNow& queue : workspace.queues) {
      if (!queue.expected_wait) continue;
      family.Set(With(workspace, queue, "share", "0.5"), SecondsOf(queue.expected_wait->p50.us));
      family.Set(With(workspace, queue, "share", "0.9"), SecondsOf(queue.expected_wait->p90.us));
    }
  }
  out.push_back(family.Take());
}

void RenderTargets(const Snapshot& snapshot, Families& out) {
  Family family(MetricType::Gauge, "firstline_queue_target_seconds",
                "Targets of the queue; 0: none, everything is within.");
  for (const WorkspaceSnapshot& workspace : snapshot.workspaces) {
    for (const QueueNow& queue : workspace.queues) {
      family.Set(With(workspace, queue, "target", "first_response"),
                 SecondsOf(queue.first_response_target_us));
      family.Set(With(workspace, queue, "target", "answer"), SecondsOf(queue.answer_target_us));
    }
  }
  out.push_back(family.Take());
}

void RenderQueues(const Snapshot& snapshot, Families& out) {
  RenderQueueGauge(snapshot, out, "firstline_inquiries_waiting", "Inquiries that wait.",
                   [](const QueueNow& queue) { return queue.waiting; });
  RenderQueueGauge(snapshot, out, "firstline_oldest_waiting_seconds",
                   "Age of the inquiry that waits longest; 0 when none waits.",
                   [](const QueueNow& queue) { return SecondsOf(queue.oldest_waiting_us); });
  RenderQueueGauge(snapshot, out, "firstline_inquiries_offered", "Inquiries offered to an agent.",
                   [](const QueueNow& queue) { return queue.offered; });
  RenderQueueGauge(snapshot, out, "firstline_inquiries_assigned", "Inquiries an agent works on.",
                   [](const QueueNow& queue) { return queue.assigned; });
  RenderQueueGauge(snapshot, out, "firstline_inquiries_parked",
                   "Inquiries whose customer is silent.",
                   [](const QueueNow& queue) { return queue.parked; });
  RenderAgentsAvailable(snapshot, out);
  RenderExpectedWait(snapshot, out);
  RenderTargets(snapshot, out);
}

template <class Value>
void RenderTeamGauge(const Snapshot& snapshot, Families& out, const char* name, const char* help,
                     const Value& value) {
  Family family(MetricType::Gauge, name, help);
  for (const WorkspaceSnapshot& workspace : snapshot.workspaces) {
    for (const auto& [id, team] : workspace.teams) {
      family.Set(LabelsOf(workspace, team), static_cast<double>(value(team)));
    }
  }
  out.push_back(family.Take());
}

void RenderPresence(const Snapshot& snapshot, Families& out) {
  Family family(MetricType::Gauge, "firstline_agents", "Agents by presence.");
  for (const WorkspaceSnapshot& workspace : snapshot.workspaces) {
    for (const auto& [id, team] : workspace.teams) {
      for (size_t i = 0; i < kPresences; ++i) {
        family.Set(With(workspace, team, "presence", kPresenceNames[i]), team.agents[i]);
      }
    }
  }
  out.push_back(family.Take());
}

void RenderTeamInfo(const Snapshot& snapshot, Families& out) {
  Family family(MetricType::Gauge, "firstline_team_info",
                "Always 1; join it to see figures of teams by vendor.");
  for (const WorkspaceSnapshot& workspace : snapshot.workspaces) {
    for (const auto& [id, team] : workspace.teams) {
      family.Set(With(workspace, team, "vendor", team.vendor), 1);
    }
  }
  out.push_back(family.Take());
}

}  // namespace

void RenderGauges(const Snapshot& snapshot, Families& out) {
  RenderQueues(snapshot, out);
  RenderPresence(snapshot, out);
  RenderTeamGauge(snapshot, out, "firstline_busy_units",
                  "Capacity units in use, offers and wrap-up included.",
                  [](const TeamNow& team) { return team.busy_units; });
  RenderTeamGauge(snapshot, out, "firstline_capacity_units",
                  "Capacity units of agents who are not offline.",
                  [](const TeamNow& team) { return team.capacity_units; });
  RenderTeamInfo(snapshot, out);
}

}  // namespace firstline::telemetry
