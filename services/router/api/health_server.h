// Health, and nothing else, in plaintext on a port of its own: for probes that speak no TLS, such as
// kubelet's.
//
// Threads: Start, destruction by the owner; what it says of `health` may change on any thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "absl/status/statusor.h"
#include "common/rpc/observer.h"
#include "services/router/api/health_service.h"
#include "services/router/api/rpc_loop.h"

namespace firstline::api {

class HealthServer {
 public:
  // Says what a server with these `services` over this backend would. `address` is as
  // ServerOptions::address. Everything must outlive it. UNAVAILABLE when the address cannot be
  // listened on.
  static absl::StatusOr<std::unique_ptr<HealthServer>> Start(const std::string& address,
                                                             std::vector<std::string> services,
                                                             Backend& backend,
                                                             rpc::Observer& observer);
  // Stops without waiting.
  ~HealthServer();
  HealthServer(const HealthServer&) = delete;
  HealthServer& operator=(const HealthServer&) = delete;

  int port() const { return port_; }
  // As HealthService::Drain.
  void Drain() { service_.Drain(); }

 private:
  HealthServer(Backend& backend, std::vector<std::string> services);

  HealthService service_;
  std::shared_ptr<RpcLoop> loop_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
};

}  // namespace firstline::api
