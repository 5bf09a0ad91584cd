// Serves /metrics over HTTP, and pages for people beside it.
//
//   absl::StatusOr<std::unique_ptr<MetricsServer>> server = MetricsServer::Start("0.0.0.0:9464");
//   (*server)->Add(exposition);
//
// Threads: Start, Add and destruction by the owner; scrapes and pages run on two threads of the
// server's own, which the destructor joins. What is added must not be destroyed while a scrape runs
// in it: it is held weakly and locked for the scrape.
#pragma once

#include <prometheus/collectable.h>

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace prometheus {
class Exposer;
}

namespace firstline::telemetry {

class MetricsServer {
 public:
  struct Page {
    std::string content_type;
    std::string body;
  };
  // Makes a page for each GET, on a thread of the server's. `html`: whoever asks is a browser, or
  // says ?format=html; else a program, or ?format=json. Must not throw.
  using Handler = std::function<Page(bool html)>;

  // `address`: "host:port", IPv4 or [IPv6]; port 0 takes a free one. `pages`: by path, such as
  // "/statusz". UNAVAILABLE when it cannot be bound.
  static absl::StatusOr<std::unique_ptr<MetricsServer>> Start(
      const std::string& address, std::map<std::string, Handler> pages = {});
  ~MetricsServer();
  MetricsServer(const MetricsServer&) = delete;
  MetricsServer& operator=(const MetricsServer&) = delete;

  void Add(const std::weak_ptr<prometheus::Collectable>& collectable);
  int port() const;

 private:
  class Pages;

  MetricsServer(const std::string& address, std::map<std::string, Handler> pages);

  const std::map<std::string, Handler> pages_;
  std::unique_ptr<Pages> routes_;
  std::unique_ptr<prometheus::Exposer> exposer_;
};

}  // namespace firstline::telemetry
