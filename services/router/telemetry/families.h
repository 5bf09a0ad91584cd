// Building Prometheus metric families from figures.
//
//   Family family(kCounterType, "firstline_submitted_total", "Inquiries submitted.");
//   family.Count({{"workspace", "acme"}}, 7);
//   out.push_back(family.Take());
//
// Threads: one at a time.
#pragma once

#include <prometheus/client_metric.h>
#include <prometheus/metric_family.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "services/router/telemetry/figures.h"
#include "services/router/telemetry/snapshot.h"

namespace firstline::telemetry {

using Families = std::vector<prometheus::MetricFamily>;
using Labels = std::vector<prometheus::ClientMetric::Label>;

inline constexpr double kPerSecond = 1e6;
constexpr double SecondsOf(int64_t us) { return static_cast<double>(us) / kPerSecond; }

class Family {
 public:
  Family(prometheus::MetricType type, std::string_view name, std::string_view help);

  void Count(Labels labels, uint64_t value) {
    Count(std::move(labels), static_cast<double>(value));
  }
  void Count(Labels labels, double value);
  void Set(Labels labels, double value);
  // `per`: how many of the figure's units make one shown: kPerSecond for microseconds. Divided, not
  // multiplied, so that 0.1 s is shown as 0.1.
  void Summarise(Labels labels, const Sum& sum, double per);
  template <const auto& kBounds>
  void Observe(Labels labels, const Histogram<kBounds>& histogram, double per);

  // Leaves the family empty.
  prometheus::MetricFamily Take() { return std::move(family_); }

 private:
  prometheus::ClientMetric& Add(Labels labels);
  prometheus::MetricFamily family_;
};

// ---- The groups -------------------------------------------------------------------------------
// Each appends its families, also those that have no sample yet, so that the catalogue is fixed.
void RenderFlows(const Snapshot& snapshot, Families& out);       // families_flow.cc
void RenderWorks(const Snapshot& snapshot, Families& out);       // families_work.cc
void RenderGauges(const Snapshot& snapshot, Families& out);      // families_now.cc
void RenderWorkspaces(const Snapshot& snapshot, Families& out);  // families_workspace.cc

// ---- Implementation ---------------------------------------------------------------------------

template <const auto& kBounds>
void Family::Observe(Labels labels, const Histogram<kBounds>& histogram, double per) {
  auto& metric = Add(std::move(labels)).histogram;
  metric.sample_count = histogram.total.count;
  metric.sample_sum = static_cast<double>(histogram.total.sum) / per;
  uint64_t cumulative = 0;
  for (size_t i = 0; i < kBounds.size(); ++i) {
    cumulative += histogram.counts[i];
    metric.bucket.push_back({cumulative, static_cast<double>(kBounds[i]) / per});
  }
}

}  // namespace firstline::telemetry
