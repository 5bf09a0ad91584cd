// Hears of every finished RPC, for metrics.
//
//   HandledTimer timer(observer, {"firstline.v1.RoutingService", "GetInquiry"});  // at its begin
//   timer.Handled(grpc::StatusCode::OK);                                          // at its end
#pragma once

#include <chrono>
#include <string_view>

#include <grpcpp/support/status_code_enum.h>

namespace firstline::rpc {

// Both live for ever and come from a closed set. `service` is a full name.
struct MethodName {
  std::string_view service;
  std::string_view method;
};

// Thread rule: called from any thread, at the same time; must not block.
class Observer {
 public:
  virtual ~Observer() = default;
  // A stream is handled when it ends.
  virtual void OnHandled(MethodName name, grpc::StatusCode code,
                         std::chrono::nanoseconds elapsed) = 0;
};

// Starts when it is made. `observer` must outlive it.
class HandledTimer {
 public:
  HandledTimer(Observer& observer, MethodName name)
      : observer_(observer), name_(name), start_(std::chrono::steady_clock::now()) {}
  // How long it took.
  std::chrono::nanoseconds Handled(grpc::StatusCode code) {
    const std::chrono::nanoseconds elapsed = std::chrono::steady_clock::now() - start_;
    observer_.OnHandled(name_, code, elapsed);
    return elapsed;
  }

 private:
  Observer& observer_;
  const MethodName name_;
  const std::chrono::steady_clock::time_point start_;
};

}  // namespace firstline::rpc
