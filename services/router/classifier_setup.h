// The classifiers that a router was given: what the options mean, and what is counted of them.
//
// Threads: construction by the owner; the counter as api::ClassifierObserver.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/tls/credentials.h"
#include "services/router/api/classifier_client.h"
#include "services/router/telemetry/process_metrics.h"

namespace firstline::router {

struct ClassifierOptions {
  std::vector<std::string> named;  // NAME=ADDRESS, each name once, at most api::limits::kClassifiersMax
  std::string ca;         // file: who signs their certificates; empty: plaintext
  bool insecure = false;  // plaintext beyond loopback
};

// INVALID_ARGUMENT for a name that is no name or there twice, for an address without a port, and for
// plaintext that would leave this machine without `insecure`; for a file that cannot be used. `own`
// is the router's own certificate and key, which are shown to classifiers where there are any.
absl::StatusOr<api::ClassifierClientOptions> ReadClassifiers(const ClassifierOptions& options,
                                                             const tls::Files& own);

class ClassifierCounter final : public api::ClassifierObserver {
 public:
  ClassifierCounter(const api::ClassifierClientOptions& known, telemetry::ProcessMetrics& metrics);
  void OnAnswered(const std::string& classifier, engine::ClassifierOutcome outcome,
                  std::chrono::microseconds took) override;
  void OnAsking(const std::string& classifier, int change) override;
  void OnBreaker(const std::string& classifier, int change) override;

 private:
  std::map<std::string, telemetry::ClassifierMetrics> metrics_;
};

}  // namespace firstline::router
