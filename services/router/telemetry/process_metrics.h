// Metrics of the process that do not come from a workspace: the build, RPCs as the usual gRPC
// dashboards expect them, and what other pods do for this one.
//
//   ProcessMetrics metrics("0.1.0");
//   RpcMetrics& submit = metrics.Rpc("firstline.v1.RoutingService", "SubmitInquiry");  // once
//   submit.Finished(0, std::chrono::microseconds(800));
//   exposer.RegisterCollectable(metrics.registry());
//
// Threads: Rpc by one, at start; Finished and scrapes from any.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "services/router/engine/types.h"

namespace firstline::telemetry {

inline constexpr int kGrpcCodes = 17;
// "OK", "Canceled", ... for 0 to 16; "Unknown" for anything else.
const char* GrpcCodeName(int code);

// One method. Its children are made once, all codes, so that a rate sees the first failure.
class RpcMetrics {
 public:
  // `latency`: of unary calls; streams live as long as their clients and would drown it.
  void Finished(int grpc_code, std::optional<std::chrono::nanoseconds> latency);

 private:
  friend class ProcessMetrics;
  std::array<prometheus::Counter*, kGrpcCodes> handled_{};
  prometheus::Histogram* seconds_ = nullptr;
};

// Work that belongs to a workspace of another pod, or moves. Threads: any.
struct ForwardMetrics {
  prometheus::Counter& ok;
  prometheus::Counter& error;
  prometheus::Counter& given_up;
  prometheus::Counter& moved;
  prometheus::Counter& loading;
  prometheus::Counter& unanswered;
  prometheus::Histogram& wait_seconds;
  prometheus::Gauge& peer_streams;
};

// Calls refused because their caller makes too many. Threads: any.
struct LimitMetrics {
  prometheus::Counter& agents_work;
  prometheus::Counter& other;
  prometheus::Gauge& callers;
};

// Bearer tokens that were refused. Threads: any.
struct BadTokenMetrics {
  prometheus::Counter& judged;
  prometheus::Counter& remembered;
  prometheus::Counter& limited;
};

// One classifier. `answers` by engine::ClassifierOutcome; null for those that no answer is. Threads: any.
struct ClassifierMetrics {
  std::array<prometheus::Counter*, engine::kClassifierOutcomes> answers{};
  prometheus::Histogram* seconds = nullptr;
  prometheus::Gauge* asking = nullptr;
  prometheus::Gauge* breakers_open = nullptr;
};

class ProcessMetrics {
 public:
  explicit ProcessMetrics(const std::string& version);

  // Not for the hot path: resolve once a method and keep the reference, which is valid for as long
  // as this lives. Services and methods must be those of the API, never what a client sent.
  RpcMetrics& Rpc(const std::string& service, const std::string& method);
  // Made at once, so that a rate sees the first.
  ForwardMetrics& forwarding() { return forwarding_; }
  LimitMetrics& limits() { return limits_; }
  BadTokenMetrics& bad_tokens() { return bad_tokens_; }
  // As Rpc: `name` is one that the router was given.
  ClassifierMetrics Classifier(const std::string& name);
  const std::shared_ptr<prometheus::Registry>& registry() const { return registry_; }

 private:
  const std::shared_ptr<prometheus::Registry> registry_ = std::make_shared<prometheus::Registry>();
  prometheus::Family<prometheus::Counter>& handled_;
  prometheus::Family<prometheus::Histogram>& seconds_;
  ForwardMetrics forwarding_;
  LimitMetrics limits_;
  BadTokenMetrics bad_tokens_;
  prometheus::Family<prometheus::Counter>& classifier_answers_;
  prometheus::Family<prometheus::Histogram>& classifier_seconds_;
  prometheus::Family<prometheus::Gauge>& classifier_asking_;
  prometheus::Family<prometheus::Gauge>& classifier_breakers_;
  std::vector<std::unique_ptr<RpcMetrics>> methods_;
};

}  // namespace firstline::telemetry
