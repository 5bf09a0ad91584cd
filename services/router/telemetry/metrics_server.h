// Serves /metrics over HTTP.
//
//   absl::StatusOr<std::unique_ptr<MetricsServer>> server = MetricsServer::Start("0.0.0.0:9464");
//   (*server)->Add(exposition);
//
// Threads: Start, Add and destruction by the owner; scrapes run on two threads of the server's own,
// which the destructor joins. What is added must not be destroyed while a scrape runs in it: it is
// held weakly and locked for the scrape.
#pragma once

#include <prometheus/collectable.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace prometheus {
class Exposer;
}

namespace firstline::telemetry {

class MetricsServer {
 public:
  // `address`: "host:port", IPv4 or [IPv6]; port 0 takes a free one. UNAVAILABLE when it cannot be
  // bound.
  static absl::StatusOr<std::unique_ptr<MetricsServer>> Start(const std::string& address);
  ~MetricsServer();
  MetricsServer(const MetricsServer&) = delete;
  MetricsServer& operator=(const MetricsServer&) = delete;

  void Add(const std::weak_ptr<prometheus::Collectable>& collectable);
  int port() const;

 private:
  explicit MetricsServer(const std::string& address);
  std::unique_ptr<prometheus::Exposer> exposer_;
};

}  // namespace firstline::telemetry
