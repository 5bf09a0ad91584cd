// Hears of every finished RPC, for metrics.
#pragma once

#include <chrono>
#include <string_view>

#include <grpcpp/support/status_code_enum.h>

namespace firstline::rpc {

// Thread rule: called from any thread, at the same time; must not block.
class Observer {
 public:
  virtual ~Observer() = default;
  // `service` is a full name such as "firstline.v1.RoutingService"; both names live for ever and come
  // from a closed set. A stream is handled when it ends.
  virtual void OnHandled(std::string_view service, std::string_view method, grpc::StatusCode code,
                         std::chrono::nanoseconds elapsed) = 0;
};

}  // namespace firstline::rpc
