#include "services/router/api/server.h"

#include <mutex>
#include <utility>

#include <grpcpp/ext/proto_server_reflection_plugin.h>

#include "absl/strings/str_cat.h"
#include "services/router/api/commands_stream.h"
#include "services/router/api/watch_agents.h"
#include "services/router/api/watch_events.h"
#include "services/router/api/watch_inquiries.h"
#include "services/router/api/watch_stats.h"

namespace firstline::api {
namespace {

std::vector<std::string> ServiceNames() {
  return {"firstline.v1.RoutingService", "firstline.v1.AgentService",
          "firstline.v1.ConfigService", "firstline.v1.StatsService", "firstline.v1.ClockService",
          "firstline.v1.StatusService", "firstline.v1.ExplainService",
          "grpc.health.v1.Health"};
}

int Milliseconds(std::chrono::milliseconds span) { return static_cast<int>(span.count()); }

// Every server built after this in the process has reflection: that is how gRPC offers it.
void EnableReflection() {
  static std::once_flag once;
  std::call_once(once, [] { grpc::reflection::InitProtoReflectionServerBuilderPlugin(); });
}

}  // namespace

Server::Server(const ServerOptions& options, Backend& backend, store::EventLog& log)
    : options_(options),
      gathering_(backend),
      backend_(gathering_, options.classifying),
      hub_(log, options.event_poll),
      health_(backend_, ServiceNames()) {}

Server::~Server() { Stop(std::chrono::milliseconds(0)); }

void Server::Configure(grpc::ServerBuilder& builder) {
  // Two servers on one port would share its calls without a word.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.SetMaxReceiveMessageSize(limits::kMessageBytesMax);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, limits::kMetadataBytesMax);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, limits::kStreamsPerConnectionMax);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS,
                             Milliseconds(options_.connection_age));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS,
                             Milliseconds(options_.connection_age_grace));
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS,
                             Milliseconds(options_.handshake_timeout));
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             Milliseconds(options_.ping_min));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, Milliseconds(options_.keepalive));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS,
                             Milliseconds(options_.keepalive_timeout));
  // Reflection is the only synchronous service.
  builder.SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MIN_POLLERS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, 1);
  for (grpc::Service* service :
       std::initializer_list<grpc::Service*>{&routing_, &agents_, &config_, &stats_, &clock_,
                                             &status_, &explain_, &health_, &forward_}) {
    builder.RegisterService(service);
  }
}

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerOptions& options,
                                                      Backend& backend, store::EventLog& log,
                                                      rpc::Observer& observer) {
  if (options.authenticator != nullptr && options.peer.name.empty()) {
    return absl::InvalidArgumentError(
        "callers are asked for tokens, but routers have no name: anybody could forward calls");
  }
  // Reflection is served by gRPC itself, which asks nobody.
  if (options.reflection && options.authenticator == nullptr) EnableReflection();
  std::unique_ptr<Server> server(new Server(options, backend, log));
  grpc::ServerBuilder builder;
  server->Configure(builder);
  builder.AddListeningPort(options.address,
                           options.credentials ? options.credentials
                                               : grpc::InsecureServerCredentials(),
                           &server->port_);
  server->calls_ = std::make_shared<RpcLoop>("fl-calls", builder.AddCompletionQueue(), observer,
                                             limits::kCommandStreamsMax);
  server->watch_ = std::make_shared<RpcLoop>("fl-watch", *server->calls_, options.watch_streams_max);
  if (options.caller_limits.rate > 0) server->limits_.emplace(options.caller_limits);
  server->door_.emplace(options.authenticator, options.peer.name,
                        server->limits_ ? &*server->limits_ : nullptr);
  server->calls_->Guard(*server->door_);
  server->watch_->Guard(*server->door_);
  server->gathering_.Attach(server->calls_);
  server->backend_.Attach(server->calls_);
  server->forwarder_ = std::make_unique<Forwarder>(
      ForwarderOptions{
          .self = options.advertise, .peer = options.peer, .observer = options.forwards},
      server->backend_, server->calls_);
  server->forwarding_.emplace(
      Forwarding{*server->forwarder_, server->methods_, server->backend_});
  server->owner_.emplace(server->calls_, *server->forwarding_);
  server->beats_.emplace(*server->watch_, *server->owner_);
  server->server_ = builder.BuildAndStart();
  server->Listen();
  if (server->server_ == nullptr || server->port_ == 0) {
    return absl::UnavailableError(absl::StrCat("cannot listen on ", options.address));
  }
  return server;
}

void Server::Listen() {
  watch_->OnEachTick([this] { beats_->Beat(); });
  calls_->Start();
  watch_->Start();
  if (server_ == nullptr) return;
  calls_->Post([this] {
    methods_.Add<internal::v1::LookRequest, internal::v1::LookResponse>(
        std::string(kLookMethod),
        [this](UnaryCall<internal::v1::LookRequest, internal::v1::LookResponse>& call) {
          backend_.Look(call.request().workspace());
          call.End(absl::OkStatus());
        });
    owner_->Serve();
    ServeRouting(calls_, routing_, *forwarding_);
    ServeAgents(calls_, agents_, *forwarding_);
    ServeConfig(calls_, config_, *forwarding_);
    ServeStats(calls_, stats_, *forwarding_);
    ServeClock(calls_, clock_, *forwarding_, options_.driven_clock);
    ServeStatus(calls_, status_, backend_);
    ServeExplain(calls_, explain_, *forwarding_);
  });
  ListenForCommands(calls_, routing_, *forwarding_);
  ListenForPeers(calls_, forward_, methods_, backend_);
  ListenForEvents(watch_, routing_, backend_, hub_);
  ListenForAgents(watch_, agents_, *owner_, hub_, {options_.watch_lease});
  ListenForInquiries(watch_, routing_, *owner_);
  ListenForStats(watch_, stats_, *owner_);
  ServeHealth(watch_, health_);
}

void Server::Drain() {
  health_.Drain();
  calls_->Drain();
  watch_->Drain();
}

void Server::Stop(std::chrono::milliseconds grace) {
  if (std::exchange(stopped_, true)) return;
  if (watch_ == nullptr) return;
  Drain();
  calls_->Finish();
  backend_.Stop();
  if (server_ != nullptr) server_->Shutdown(std::chrono::system_clock::now() + grace);
  hub_.Stop();
  forwarder_->Stop();
  watch_->Stop();
  calls_->Stop();
}

}  // namespace firstline::api
