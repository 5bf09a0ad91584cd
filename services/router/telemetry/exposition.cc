#include "services/router/telemetry/exposition.h"

#include <utility>

#include "services/router/telemetry/families.h"

namespace firstline::telemetry {
namespace {

void RenderGauge(Families& out, const char* name, const char* help, double value) {
  Family family(prometheus::MetricType::Gauge, name, help);
  family.Set({}, value);
  out.push_back(family.Take());
}

void RenderPod(const PodNow& pod, bool complete, Families& out) {
  RenderGauge(out, "firstline_inbox_depth", "Calls on their way to the thread that decides.",
              static_cast<double>(pod.inbox_depth));
  RenderGauge(out, "firstline_open_calls", "Calls taken and not answered.",
              static_cast<double>(pod.open_calls));
  RenderGauge(out, "firstline_store_ready", "1 while the store answers, else 0.",
              pod.store_ready ? 1 : 0);
  RenderGauge(out, "firstline_snapshot_complete",
              "1 if this scrape holds every family; 0 while the pod is too busy or stopping.",
              complete ? 1 : 0);
}

}  // namespace

std::vector<prometheus::MetricFamily> Render(const Snapshot& snapshot) {
  Families out;
  RenderFlows(snapshot, out);
  RenderWorks(snapshot, out);
  RenderGauges(snapshot, out);
  RenderWorkspaces(snapshot, out);
  return out;
}

std::vector<prometheus::MetricFamily> Exposition::Collect() const {
  Snapshot snapshot;
  const bool complete = options_.run_on_loop([&] { snapshot = options_.telemetry->Take(); });
  Families out = complete ? Render(snapshot) : Families{};
  RenderPod(options_.read_pod(), complete, out);
  return out;
}

}  // namespace firstline::telemetry
