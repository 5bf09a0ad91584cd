// grpc.health.v1: "" and every service of the server (ready or not), `liveness` (the process works)
// and `readiness` (it can do its job; follows the store). Served from the watch loop: every channel may
// keep a Watch open, and a flood of commands must not look like ill health.
//
// Threads: Drain from any thread.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "grpc/health/v1/health.grpc.pb.h"
#include "services/router/api/unary.h"
#include "services/router/api/rpc_stream.h"

namespace firstline::api {

namespace health = ::grpc::health::v1;

class HealthService final : public health::Health::AsyncService {
 public:
  using ServingStatus = health::HealthCheckResponse::ServingStatus;

  // `services`: full names. `backend` must outlive it.
  HealthService(Backend& backend, std::vector<std::string> services);

  // From now on everything but `liveness` is NOT_SERVING.
  void Drain() { draining_ = true; }
  // SERVICE_UNKNOWN for a name that is not served.
  ServingStatus StatusOf(std::string_view service) const;

  const std::vector<std::string>& names() const { return names_; }

 private:
  Backend& backend_;
  std::vector<std::string> names_;
  std::atomic<bool> draining_{false};
};

// Serves for as long as the loop runs. Watchers are told of changes at the next tick. From any
// thread.
void ServeHealth(const std::shared_ptr<RpcLoop>& loop, HealthService& service);

}  // namespace firstline::api
