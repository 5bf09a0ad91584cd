// What Prometheus reads: asks the loop for a snapshot at every scrape and renders it on the
// scraping thread.
//
//   auto exposition = std::make_shared<Exposition>(ExpositionOptions{
//       .telemetry = &telemetry,
//       .run_on_loop = [&](const std::function<void()>& body) {
//         return loop.Run([&](const Pod&) { body(); });
//       },
//       .read_pod = [&] { return PodNow{loop.inbox_depth(), loop.open_calls(), loop.store_ready()};
//       }});
//   exposer.RegisterCollectable(exposition);
//
// Threads: Collect from any.
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <cstddef>
#include <functional>
#include <vector>

#include "services/router/telemetry/telemetry.h"

namespace firstline::telemetry {

struct PodNow {
  size_t inbox_depth = 0;  // calls on their way to the loop
  size_t open_calls = 0;   // taken and not answered
  bool store_ready = false;
};

struct ExpositionOptions {
  Telemetry* telemetry = nullptr;  // not owned
  // Runs its argument on the loop thread, waits, and says whether it ran.
  std::function<bool(const std::function<void()>&)> run_on_loop;
  std::function<PodNow()> read_pod;  // from any thread
};

class Exposition final : public prometheus::Collectable {
 public:
  explicit Exposition(ExpositionOptions options) : options_(std::move(options)) {}

  // While the loop does not answer (it has stopped, or its inbox is full) only the pod's own
  // families are there, and firstline_snapshot_complete is 0.
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const ExpositionOptions options_;
};

// Every family of a snapshot, in a fixed order.
std::vector<prometheus::MetricFamily> Render(const Snapshot& snapshot);

}  // namespace firstline::telemetry
