#include "services/router/telemetry/metrics_server.h"

#include <prometheus/exposer.h>

#include <exception>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace firstline::telemetry {

absl::StatusOr<std::unique_ptr<MetricsServer>> MetricsServer::Start(const std::string& address) {
  try {
    return std::unique_ptr<MetricsServer>(new MetricsServer(address));
  } catch (const std::exception& error) {  // the only way the library says that it cannot bind
    return absl::UnavailableError(
        absl::StrCat("cannot serve metrics on ", address, ": ", error.what()));
  }
}

MetricsServer::MetricsServer(const std::string& address)
    : exposer_(std::make_unique<prometheus::Exposer>(address)) {}

MetricsServer::~MetricsServer() = default;

void MetricsServer::Add(const std::weak_ptr<prometheus::Collectable>& collectable) {
  exposer_->RegisterCollectable(collectable);
}

int MetricsServer::port() const { return exposer_->GetListeningPorts().front(); }

}  // namespace firstline::telemetry
