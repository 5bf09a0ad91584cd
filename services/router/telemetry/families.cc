#include "services/router/telemetry/families.h"

namespace firstline::telemetry {

Family::Family(prometheus::MetricType type, std::string_view name, std::string_view help) {
  family_.type = type;
  family_.name = name;
  family_.help = help;
}

prometheus::ClientMetric& Family::Add(Labels labels) {
  auto& metric = family_.metric.emplace_back();
  metric.label = std::move(labels);
  return metric;
}

void Family::Count(Labels labels, double value) { Add(std::move(labels)).counter.value = value; }

void Family::Set(Labels labels, double value) { Add(std::move(labels)).gauge.value = value; }

void Family::Summarise(Labels labels, const Sum& sum, double per) {
  auto& summary = Add(std::move(labels)).summary;
  summary.sample_count = sum.count;
  summary.sample_sum = static_cast<double>(sum.sum) / per;
}

}  // namespace firstline::telemetry
