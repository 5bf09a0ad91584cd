// grpc.health.v1: "" and every service of the server (ready or not), `liveness` (the process works)
// and `readiness` (it can do its job; follows the store). Check and List are callback calls; Watch
// is served from the watch loop, because every channel may keep one open.
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
#include "services/router/api/watch_loop.h"

namespace firstline::api {

namespace health = ::grpc::health::v1;

using HealthBase = health::Health::WithAsyncMethod_Watch<
    health::Health::WithCallbackMethod_Check<
        health::Health::WithCallbackMethod_List<health::Health::Service>>>;

class HealthService final : public HealthBase {
 public:
  using ServingStatus = health::HealthCheckResponse::ServingStatus;

  // `services`: full names. `deps` must outlive it.
  HealthService(const Deps& deps, std::vector<std::string> services);

  // From now on everything but `liveness` is NOT_SERVING.
  void Drain() { draining_ = true; }
  // SERVICE_UNKNOWN for a name that is not served.
  ServingStatus StatusOf(std::string_view service) const;

  grpc::ServerUnaryReactor* Check(grpc::CallbackServerContext* context,
                                  const health::HealthCheckRequest* request,
                                  health::HealthCheckResponse* response) override;
  grpc::ServerUnaryReactor* List(grpc::CallbackServerContext* context,
                                 const health::HealthListRequest* request,
                                 health::HealthListResponse* response) override;

 private:
  const Deps& deps_;
  std::vector<std::string> names_;
  std::atomic<bool> draining_{false};
};

// Waits for callers of Watch for as long as the loop runs. Changes are told at the next tick.
void ListenForHealth(const std::shared_ptr<WatchLoop>& loop, HealthService& service);

}  // namespace firstline::api
