// Reading /metrics: enough of the text format to add up samples.
//
// Thread rule: a value; Scrape blocks.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace firstline::demo {

using MetricLabels = std::map<std::string, std::string>;

class MetricsText {
 public:
  // Lines that are no samples are skipped.
  explicit MetricsText(const std::string& text);

  // Sum over the samples of `name` that have all of `labels`; zero if there is none.
  double Sum(const std::string& name, const MetricLabels& labels) const;
  bool Has(const std::string& name) const { return samples_.contains(name); }

 private:
  struct Sample {
    MetricLabels labels;
    double value;
  };
  std::map<std::string, std::vector<Sample>> samples_;
};

// GET http://`address`/metrics; `address` is host:port.
absl::StatusOr<std::string> Scrape(const std::string& address);

}  // namespace firstline::demo
