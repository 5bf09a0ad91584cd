// Counts every RPC of the API (what is not of it is not counted), what is forwarded to other pods, and
// what is refused because its caller calls too often.
//
// Threads: construction by the owner, OnHandled from any.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <google/protobuf/descriptor.h>

#include "common/rpc/observer.h"
#include "services/router/api/bad_tokens.h"
#include "services/router/api/caller_limits.h"
#include "services/router/api/forwarder.h"
#include "services/router/telemetry/process_metrics.h"

namespace firstline::router {

inline constexpr const char* kServices[] = {
    "firstline.v1.RoutingService", "firstline.v1.AgentService", "firstline.v1.ConfigService",
    "firstline.v1.StatsService",   "firstline.v1.ClockService",
    "firstline.v1.StatusService",  "firstline.v1.ExplainService", "grpc.health.v1.Health"};

class RpcCounter final : public rpc::Observer {
 public:
  explicit RpcCounter(telemetry::ProcessMetrics& metrics) {
    const auto* pool = google::protobuf::DescriptorPool::generated_pool();
    for (const char* name : kServices) {
      const auto* service = pool->FindServiceByName(name);
      for (int m = 0; service != nullptr && m < service->method_count(); ++m) {
        const auto* method = service->method(m);
        const bool unary = !method->client_streaming() && !method->server_streaming();
        methods_[{name, method->name()}] = {&metrics.Rpc(name, method->name()), unary};
      }
    }
  }
  void OnHandled(rpc::MethodName name, grpc::StatusCode code,
                 std::chrono::nanoseconds elapsed) override {
    auto method = methods_.find(std::pair(name.service, name.method));
    if (method == methods_.end()) return;
    const auto& [counter, unary] = method->second;
    counter->Finished(code, unary ? std::optional(elapsed) : std::nullopt);
  }

 private:
  struct Method {
    telemetry::RpcMetrics* metrics;
    bool unary;
  };
  using Name = std::pair<std::string, std::string>;
  struct Less {
    using is_transparent = void;
    template <class A, class B>
    bool operator()(const A& a, const B& b) const {
      const std::string_view a1 = a.first, a2 = a.second, b1 = b.first, b2 = b.second;
      return std::pair(a1, a2) < std::pair(b1, b2);
    }
  };
  std::map<Name, Method, Less> methods_;
};

class ForwardCounter final : public api::ForwardObserver {
 public:
  explicit ForwardCounter(telemetry::ForwardMetrics& metrics) : metrics_(metrics) {}
  void OnForwarded(api::ForwardOutcome outcome) override {
    switch (outcome) {
      case api::ForwardOutcome::kOk: return metrics_.ok.Increment();
      case api::ForwardOutcome::kError: return metrics_.error.Increment();
      case api::ForwardOutcome::kGivenUp: return metrics_.given_up.Increment();
    }
  }
  void OnRetry(api::ForwardRetry retry) override {
    switch (retry) {
      case api::ForwardRetry::kMoved: return metrics_.moved.Increment();
      case api::ForwardRetry::kLoading: return metrics_.loading.Increment();
      case api::ForwardRetry::kUnanswered: return metrics_.unanswered.Increment();
    }
  }
  void OnWaited(std::chrono::microseconds span) override {
    metrics_.wait_seconds.Observe(std::chrono::duration<double>(span).count());
  }
  void OnPeerStreams(int change) override { metrics_.peer_streams.Increment(change); }

 private:
  telemetry::ForwardMetrics& metrics_;
};

class LimitCounter final : public api::LimitObserver {
 public:
  explicit LimitCounter(telemetry::LimitMetrics& metrics) : metrics_(metrics) {}
  void OnLimited(api::Allowance allowance) override {
    (allowance == api::Allowance::kAgentsWork ? metrics_.agents_work : metrics_.other).Increment();
  }
  void OnCallers(size_t remembered) override {
    metrics_.callers.Set(static_cast<double>(remembered));
  }

 private:
  telemetry::LimitMetrics& metrics_;
};

class BadTokenCounter final : public api::BadTokenObserver {
 public:
  explicit BadTokenCounter(telemetry::BadTokenMetrics& metrics) : metrics_(metrics) {}
  void OnBadToken(api::BadToken what) override {
    switch (what) {
      case api::BadToken::kJudged: return metrics_.judged.Increment();
      case api::BadToken::kRemembered: return metrics_.remembered.Increment();
      case api::BadToken::kLimited: return metrics_.limited.Increment();
    }
  }

 private:
  telemetry::BadTokenMetrics& metrics_;
};

}  // namespace firstline::router
