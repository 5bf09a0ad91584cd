// The router as one object: every part is made here and nowhere else.
//
//   absl::StatusOr<std::unique_ptr<App>> app = App::Start(options);
//   ... (*app)->grpc_port() ...
//   (*app)->Stop();
//
// The parts, in the order in which they depend on one another: clock, telemetry, stores, codec, loop
// (the pod), health server, gRPC server, metrics server.
//
// Threads: by its owner.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "common/redis/tls.h"
#include "common/tls/credentials.h"
#include "services/router/api/bad_tokens.h"
#include "services/router/classifier_setup.h"
#include "services/router/runtime/options.h"

namespace firstline::router {

// On when a certificate is named. Files: common/tls/credentials.h.
struct TlsOptions {
  tls::Files files;                                // all three; other routers use the same CA
  tls::Clients clients = tls::Clients::kMustProve;
  // DNS name in the certificate of every router: how they know one another, whatever their address.
  std::string pod_name = "firstline-router";

  bool on() const { return !files.certificate.empty(); }
};

// On when keys are named; needs TLS. See api/authenticator.h.
struct AuthOptions {
  std::string keys;  // file: JSON Web Key Set or public keys in PEM
  std::string issuer, audience;
  // Tokens of one address judged and refused a second; see api/bad_tokens.h. 0: no limit.
  double bad_token_rate = api::kBadTokenRate;

  bool on() const { return !keys.empty(); }
};

struct AppOptions {
  std::string listen = "127.0.0.1:7600";          // gRPC; port 0: any free one
  TlsOptions tls;
  AuthOptions auth;
  // Calls a second that are taken of each caller, and at once; see api/caller_limits.h. Rate 0: no
  // limit; burst 0: as many as in a second, at least 1.
  double caller_rate = 0;
  int64_t caller_burst = 0;
  bool insecure = false;                          // plaintext is served beyond loopback
  std::string health_listen;                      // health alone, in plaintext; empty: none
  std::string advertise;                          // what other pods and clients are told; empty:
                                                  // the address listened on
  std::string metrics_listen = "127.0.0.1:9464";  // /metrics; empty: none
  std::string store = "memory";                   // or where Redis is, see common/redis/target.h
  // Redis replicas that have to have a commit before it is answered, and how long they are waited
  // for; beyond that the answer is NOT_REPLICATED. 0: not waited for.
  int wait_replicas = 0;
  std::chrono::milliseconds wait{100};  // 1..1000
  // TLS to Redis, its Sentinels and nodes: where `store` is rediss://..., or where this is set.
  std::optional<redis::TlsOptions> redis_tls;
  ClassifierOptions classifiers;                  // whom workspaces may have asked
  bool driven_clock = false;                      // workspace time advances by AdvanceTime alone
  std::chrono::milliseconds lease{0};             // 0: the runtime's default
  std::chrono::milliseconds connection_age{0};    // 0: the server's default
  std::chrono::milliseconds stop_timeout{10'000};
  runtime::PlantedBugs bugs;                      // test seam; no flag sets it
};

class App {
 public:
  // INVALID_ARGUMENT for an option that cannot be meant; UNAVAILABLE when an address cannot be
  // listened on; FAILED_PRECONDITION when Redis is reachable but must not hold our state. A Redis
  // that cannot be reached is no error: the router starts, is not ready, and tries again.
  static absl::StatusOr<std::unique_ptr<App>> Start(const AppOptions& options);
  // Stop() if it was not called.
  ~App();
  App(const App&) = delete;
  App& operator=(const App&) = delete;

  int grpc_port() const;
  int metrics_port() const;  // 0: none
  int health_port() const;   // 0: none
  // Not ready, finish what is open, release every workspace, close. Bounded by stop_timeout.
  void Stop();

 private:
  struct Parts;
  explicit App(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace firstline::router
