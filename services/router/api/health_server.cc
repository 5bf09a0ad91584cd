#include "services/router/api/health_server.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "services/router/api/limits.h"

namespace firstline::api {
namespace {

// Of probes.
constexpr size_t kWatchersMax = 100;
constexpr int kMessageBytesMax = 4096;
constexpr int kHandshakeMs = 10'000;

}  // namespace

HealthServer::HealthServer(Backend& backend, std::vector<std::string> services)
    : service_(backend, std::move(services)) {}

absl::StatusOr<std::unique_ptr<HealthServer>> HealthServer::Start(
    const std::string& address, std::vector<std::string> services, Backend& backend,
    rpc::Observer& observer) {
  std::unique_ptr<HealthServer> health(new HealthServer(backend, std::move(services)));
  grpc::ServerBuilder builder;
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, limits::kMetadataBytesMax);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, static_cast<int>(kWatchersMax));
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, kHandshakeMs);
  builder.SetMaxReceiveMessageSize(kMessageBytesMax);
  builder.AddListeningPort(address, grpc::InsecureServerCredentials(), &health->port_);
  builder.RegisterService(&health->service_);
  health->loop_ = std::make_shared<RpcLoop>("fl-health", builder.AddCompletionQueue(), observer,
                                            kWatchersMax);
  health->server_ = builder.BuildAndStart();
  health->loop_->Start();
  if (health->server_ == nullptr || health->port_ == 0) {
    return absl::UnavailableError(absl::StrCat("cannot listen on ", address));
  }
  ServeHealth(health->loop_, health->service_);
  return health;
}

HealthServer::~HealthServer() {
  if (loop_ == nullptr) return;
  loop_->Drain();
  if (server_ != nullptr) server_->Shutdown(std::chrono::system_clock::now());
  loop_->Stop();
}

}  // namespace firstline::api
