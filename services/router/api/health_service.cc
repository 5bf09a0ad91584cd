#include "services/router/api/health_service.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "common/status/reason.h"

namespace firstline::api {
namespace {

constexpr std::string_view kHealthService = "grpc.health.v1.Health";
constexpr std::string_view kLiveness = "liveness";

using HealthStream =
    ServerStream<HealthService, health::HealthCheckRequest, health::HealthCheckResponse>;

class WatchHealth final : public HealthStream {
 public:
  WatchHealth(std::shared_ptr<RpcLoop> loop, HealthService& service)
      : HealthStream(std::move(loop), {kHealthService, "Watch"}, service,
                     &HealthService::RequestWatch),
        service_(service) {}
  void Listen() { Accept(); }

 private:
  void ListenAgain() override { (new WatchHealth(shared_loop(), service_))->Listen(); }
  void OnOpen() override { Tell(); }
  void OnTick() override { Tell(); }
  void OnWritten() override { Tell(); }

  void Tell() {
    const HealthService::ServingStatus present = service_.StatusOf(request().service());
    if (writing() || told_ == present) return;
    told_ = present;
    health::HealthCheckResponse response;
    response.set_status(present);
    Write(response);
  }

  HealthService& service_;
  std::optional<HealthService::ServingStatus> told_;
};

}  // namespace

HealthService::HealthService(Backend& backend, std::vector<std::string> services)
    : backend_(backend), names_(std::move(services)) {
  names_.insert(names_.end(), {"", std::string(kLiveness), "readiness"});
}

HealthService::ServingStatus HealthService::StatusOf(std::string_view service) const {
  if (std::find(names_.begin(), names_.end(), service) == names_.end()) {
    return health::HealthCheckResponse::SERVICE_UNKNOWN;
  }
  if (service == kLiveness) return health::HealthCheckResponse::SERVING;
  return !draining_ && backend_.Ready() ? health::HealthCheckResponse::SERVING
                                             : health::HealthCheckResponse::NOT_SERVING;
}

namespace {

using CheckCall = UnaryCall<health::HealthCheckRequest, health::HealthCheckResponse>;
using HealthListCall = UnaryCall<health::HealthListRequest, health::HealthListResponse>;

void Check(const HealthService& service, CheckCall& call) {
  const HealthService::ServingStatus status = service.StatusOf(call.request().service());
  if (status == health::HealthCheckResponse::SERVICE_UNKNOWN) {
    return call.End(status::Error(absl::StatusCode::kNotFound,
                                  "no health is kept under that name",
                                  {.reason = "UNKNOWN_SERVICE",
                                   .metadata = {{"service", call.request().service()}},
                                   .violations = {{"service", "is not served"}}}));
  }
  call.response().set_status(status);
  call.End(absl::OkStatus());
}

void List(const HealthService& service, HealthListCall& call) {
  for (const std::string& name : service.names()) {
    (*call.response().mutable_statuses())[name].set_status(service.StatusOf(name));
  }
  call.End(absl::OkStatus());
}

}  // namespace

void ServeHealth(const std::shared_ptr<RpcLoop>& loop, HealthService& service) {
  loop->Post([loop, &service] {
    (new WatchHealth(loop, service))->Listen();
    const UnaryServer<HealthService> server(loop, service, kHealthService, nullptr);
    server.Serve("Check", &HealthService::RequestCheck, Order::kAny,
                 [&service](CheckCall& call) { Check(service, call); });
    server.Serve("List", &HealthService::RequestList, Order::kAny,
                 [&service](HealthListCall& call) { List(service, call); });
  });
}

}  // namespace firstline::api
