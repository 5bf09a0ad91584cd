#include "services/router/api/health_service.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "common/status/reason.h"

namespace firstline::api {
namespace {

constexpr std::string_view kService = "grpc.health.v1.Health";
constexpr std::string_view kLiveness = "liveness";

using HealthStream =
    ServerStream<HealthService, health::HealthCheckRequest, health::HealthCheckResponse>;

class WatchHealth final : public HealthStream {
 public:
  WatchHealth(std::shared_ptr<WatchLoop> loop, HealthService& service)
      : HealthStream(std::move(loop), {kService, "Watch"}, service, &HealthService::RequestWatch),
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

HealthService::HealthService(const Deps& deps, std::vector<std::string> services)
    : deps_(deps), names_(std::move(services)) {
  names_.insert(names_.end(), {"", std::string(kLiveness), "readiness"});
}

HealthService::ServingStatus HealthService::StatusOf(std::string_view service) const {
  if (std::find(names_.begin(), names_.end(), service) == names_.end()) {
    return health::HealthCheckResponse::SERVICE_UNKNOWN;
  }
  if (service == kLiveness) return health::HealthCheckResponse::SERVING;
  return !draining_ && deps_.backend.Ready() ? health::HealthCheckResponse::SERVING
                                             : health::HealthCheckResponse::NOT_SERVING;
}

grpc::ServerUnaryReactor* HealthService::Check(grpc::CallbackServerContext*,
                                               const health::HealthCheckRequest* request,
                                               health::HealthCheckResponse* response) {
  auto* call = new UnaryCall<health::HealthCheckResponse>(deps_, {kService, "Check"}, response);
  const ServingStatus status = StatusOf(request->service());
  if (status == health::HealthCheckResponse::SERVICE_UNKNOWN) {
    call->End(status::Error(absl::StatusCode::kNotFound, "no health is kept under that name",
                            {.reason = "UNKNOWN_SERVICE",
                             .metadata = {{"service", request->service()}},
                             .violations = {{"service", "is not served"}}}));
    return call;
  }
  response->set_status(status);
  call->End(absl::OkStatus());
  return call;
}

grpc::ServerUnaryReactor* HealthService::List(grpc::CallbackServerContext*,
                                              const health::HealthListRequest*,
                                              health::HealthListResponse* response) {
  auto* call = new UnaryCall<health::HealthListResponse>(deps_, {kService, "List"}, response);
  for (const std::string& name : names_) {
    (*response->mutable_statuses())[name].set_status(StatusOf(name));
  }
  call->End(absl::OkStatus());
  return call;
}

void ListenForHealth(const std::shared_ptr<WatchLoop>& loop, HealthService& service) {
  loop->Post([loop, &service] { (new WatchHealth(loop, service))->Listen(); });
}

}  // namespace firstline::api
