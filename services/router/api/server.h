// The gRPC server: services, options, start and stop, in one place.
//
//   auto server = Server::Start(options, backend, event_log, observer);
//   loop committed something:  (*server)->NotifyCommitted();
//   (*server)->Stop(std::chrono::seconds(10));
//
// Threads: NotifyCommitted from any thread; Start, Stop and destruction by the owner.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include <grpcpp/grpcpp.h>

#include "absl/status/statusor.h"
#include "common/rpc/observer.h"
#include "services/router/api/agent_service.h"
#include "services/router/api/backend.h"
#include "services/router/api/classifying_backend.h"
#include "services/router/api/config_service.h"
#include "services/router/api/door.h"
#include "services/router/api/event_hub.h"
#include "services/router/api/explain_service.h"
#include "services/router/api/health_service.h"
#include "services/router/api/limits.h"
#include "services/router/api/forward_observer.h"
#include "services/router/api/forward_stream.h"
#include "services/router/api/forwarder.h"
#include "services/router/api/gathering_backend.h"
#include "services/router/api/owner_calls.h"
#include "services/router/api/routing_service.h"
#include "services/router/api/stats_service.h"
#include "services/router/api/status_service.h"
#include "services/router/api/rpc_loop.h"
#include "services/router/api/watch_agents.h"
#include "services/router/store/port.h"

namespace firstline::api {

struct ServerOptions {
  // host:port; port 0: any free one, see Server::port(). A port that is in use is an error.
  std::string address = "[::]:7600";
  std::shared_ptr<grpc::ServerCredentials> credentials;  // null: insecure
  std::string advertise;  // as other pods know this one; empty: forwards nothing
  // Null: callers are not asked who they are. Needs peer.name: a token makes nobody a router.
  std::shared_ptr<Authenticator> authenticator;
  CallerLimitOptions caller_limits;  // rate 0: none
  // How other pods are dialled, and the name that they and this one show; empty: not asked for.
  Peer::Options peer;
  bool driven_clock = false;                             // told by GetTime
  bool reflection = true;
  // Connections are told to go after this long (spread by a tenth, by gRPC), so that clients look
  // the name up again and find new pods: gRPC looks at most every 30 s. What is open then may finish
  // within the grace: calls do at once, streams open that often anew.
  std::chrono::milliseconds connection_age{std::chrono::seconds(30)};
  std::chrono::milliseconds connection_age_grace{std::chrono::minutes(10)};
  // A connection that has not begun to speak HTTP/2 (TLS included) by then is closed.
  std::chrono::milliseconds handshake_timeout{std::chrono::seconds(10)};
  // Clients may ping this often, also without calls.
  std::chrono::milliseconds ping_min{std::chrono::seconds(10)};
  // A connection that does not answer a ping is dead.
  std::chrono::milliseconds keepalive{std::chrono::seconds(30)};
  std::chrono::milliseconds keepalive_timeout{std::chrono::seconds(10)};
  std::chrono::milliseconds watch_lease{limits::kWatchLease};
  // How often the store is asked for events when nobody says that something was committed.
  std::chrono::milliseconds event_poll{25};
  size_t watch_streams_max = limits::kWatchStreamsMax;
  ForwardObserver* forwards = nullptr;  // must outlive the server; null: nobody
  ClassifyingOptions classifying;       // what it points to must outlive the server
};

class Server {
 public:
  // Everything must outlive the server. `log` is used by the server's thread alone. UNAVAILABLE
  // when the address cannot be listened on, INVALID_ARGUMENT for an authenticator without peer.name.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options,
                                                       Backend& backend, store::EventLog& log,
                                                       rpc::Observer& observer);
  // Stops without waiting.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  int port() const { return port_; }
  // Something was committed: watchers are served at once instead of at the next poll.
  void NotifyCommitted() { hub_.Wake(); }
  // Lets the pod at `peer` look at the workspace's ownership, which was given up for it. Best effort.
  void TellToLook(const std::string& peer, const runtime::WorkspaceId& workspace) {
    forwarder_->TellToLook(peer, workspace);
  }
  // Health says NOT_SERVING; streams are asked to go elsewhere. Calls are still taken.
  void Drain();
  // Drains, then waits for open calls at most `grace`, then cancels them. The backend should have
  // stopped: it has to answer every call, or this never returns, and applies none. Idempotent.
  void Stop(std::chrono::milliseconds grace);

 private:
  Server(const ServerOptions& options, Backend& backend, store::EventLog& log);
  void Configure(grpc::ServerBuilder& builder);
  void Listen();

  const ServerOptions options_;
  std::optional<CallerLimits> limits_;
  std::optional<Door> door_;  // loops ask at it until they have stopped
  GatheringBackend gathering_;
  ClassifyingBackend backend_;
  MethodTable methods_;
  std::unique_ptr<Forwarder> forwarder_;
  std::optional<Forwarding> forwarding_;
  std::optional<OwnerCalls> owner_;
  std::optional<AgentBeats> beats_;
  EventHub hub_;
  RoutingService routing_;
  AgentService agents_;
  ConfigService config_;
  StatsService stats_;
  ClockService clock_;
  StatusService status_;
  ExplainService explain_;
  HealthService health_;
  ForwardService forward_;
  std::shared_ptr<RpcLoop> calls_;  // unary calls and Commands streams
  std::shared_ptr<RpcLoop> watch_;  // streams that are idle most of the time
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
  bool stopped_ = false;
};

}  // namespace firstline::api
