// What happened to inquiries, by queue and channel.
#include "services/router/telemetry/families.h"

namespace firstline::telemetry {
namespace {

using prometheus::MetricType;

// In the order of engine::EnqueueCause.
constexpr std::array<const char*, kEnqueueCauses> kCauses = {
    "submitted",           "transferred", "overflowed", "declined", "expired",
    "first_reply_timeout", "agent_lost",  "resumed",    "updated",  "directed",
    "reopened"};
static_assert(static_cast<size_t>(engine::EnqueueCause::kReopened) + 1 == kEnqueueCauses);

Labels LabelsOf(const WorkspaceSnapshot& workspace, const Flow& flow) {
  return {{"workspace", workspace.workspace}, {"queue", flow.queue}, {"channel", flow.channel}};
}

Labels LabelsOf(const WorkspaceSnapshot& workspace, const Flow& flow, const char* name,
                std::string value) {
  Labels labels = LabelsOf(workspace, flow);
  labels.push_back({name, std::move(value)});
  return labels;
}

template <class Visit>
void ForEach(const Snapshot& snapshot, const Visit& visit) {
  for (const WorkspaceSnapshot& workspace : snapshot.workspaces) {
    for (const Flow& flow : workspace.flows) visit(workspace, flow);
  }
}

void RenderCounter(const Snapshot& snapshot, Families& out, const char* name, const char* help,
                   uint64_t Flow::*counter) {
  Family family(MetricType::Counter, name, help);
  ForEach(snapshot, [&](const auto& workspace, const Flow& flow) {
    family.Count(LabelsOf(workspace, flow), flow.*counter);
  });
  out.push_back(family.Take());
}

void RenderEnqueued(const Snapshot& snapshot, Families& out) {
  Family family(MetricType::Counter, "firstline_inquiries_enqueued_total",
                "Times an inquiry began to wait, by cause.");
  ForEach(snapshot, [&](const auto& workspace, const Flow& flow) {
    for (size_t i = 0; i < kCauses.size(); ++i) {
      family.Count(LabelsOf(workspace, flow, "cause", kCauses[i]), flow.enqueued[i]);
    }
  });
  out.push_back(family.Take());
}

void RenderRefused(const Snapshot& snapshot, Families& out) {
  Family family(MetricType::Counter, "firstline_submissions_refused_total",
                "Submissions that a queue's limits refused, by reason.");
  // In the order of Refusal.
  constexpr std::array<const char*, kRefusals> kReasons = {"queue_full", "nobody_logged_in",
                                                           "wait_too_long"};
  ForEach(snapshot, [&](const auto& workspace, const Flow& flow) {
    for (size_t i = 0; i < kReasons.size(); ++i) {
      family.Count(LabelsOf(workspace, flow, "reason", kReasons[i]), flow.refused[i]);
    }
  });
  out.push_back(family.Take());
}

// Most queues have few steps: those never reached are left out.
void RenderSteps(const Snapshot& snapshot, Families& out) {
  Family family(
      MetricType::Counter, "firstline_route_steps_reached_total",
      "Steps of a queue's route that waiting inquiries reached; \"hold\" is the end of the "
      "hold for preferred agents.");
  ForEach(snapshot, [&](const auto& workspace, const Flow& flow) {
    for (size_t i = 0; i < kRouteSteps; ++i) {
      if (flow.steps[i] == 0) continue;
      const std::string step = i == 0 ? "hold" : std::to_string(i);
      family.Count(LabelsOf(workspace, flow, "step", step), flow.steps[i]);
    }
  });
  out.push_back(family.Take());
}

void RenderAbandonedWait(const Snapshot& snapshot, Families& out) {
  Family family(MetricType::Histogram, "firstline_abandoned_wait_seconds",
                "Waits of customers who left before an answer, short abandonments included.");
  ForEach(snapshot, [&](const auto& workspace, const Flow& flow) {
    family.Observe(LabelsOf(workspace, flow), flow.abandoned_wait, kPerSecond);
  });
  out.push_back(family.Take());
}

void RenderWithin(const Snapshot& snapshot, Families& out) {
  Family family(MetricType::Counter, "firstline_wait_predictions_within_total",
                "Of the waits foretold, those that were no longer than the quantile said.");
  ForEach(snapshot, [&](const auto& workspace, const Flow& flow) {
    family.Count(LabelsOf(workspace, flow, "share", "0.5"), flow.wait_within_p50);
    family.Count(LabelsOf(workspace, flow, "share", "0.9"), flow.wait_within_p90);
  });
  out.push_back(family.Take());
}

}  // namespace

void RenderFlows(const Snapshot& snapshot, Families& out) {
  RenderCounter(snapshot, out, "firstline_inquiries_submitted_total", "Inquiries submitted.",
                &Flow::submitted);
  RenderRefused(snapshot, out);
  RenderEnqueued(snapshot, out);
  RenderCounter(snapshot, out, "firstline_inquiries_transferred_out_total",
                "Inquiries sent elsewhere by an agent or the platform.", &Flow::transferred_out);
  RenderCounter(snapshot, out, "firstline_inquiries_overflowed_out_total",
                "Inquiries sent elsewhere by a step of the queue's route.", &Flow::overflowed_out);
  RenderSteps(snapshot, out);
  RenderCounter(snapshot, out, "firstline_wait_predictions_total",
                "Waits foretold at submission that ended with an offer in the same queue.",
                &Flow::wait_predictions);
  RenderWithin(snapshot, out);
  RenderAbandonedWait(snapshot, out);
}

}  // namespace firstline::telemetry
