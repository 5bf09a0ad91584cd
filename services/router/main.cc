// firstline-router: see --help.
#include <csignal>

#include <fstream>
#include <iostream>

#include <CLI/CLI.hpp>

#include "absl/synchronization/mutex.h"
#include "common/log/log.h"
#include "common/rpc/library_log.h"
#include "services/router/app.h"

namespace {

using firstline::router::App;
using firstline::router::AppOptions;

constexpr char kFooter[] =
    "Example:\n"
    "  firstline-router --store=redis://127.0.0.1:6379 --listen=127.0.0.1:7600\n"
    "Standard error has one JSON object a line.\n"
    "Exit codes: 0 stopped by a signal, 1 could not start, 2 wrong usage.";

void WritePorts(const std::string& path, const App& app) {
  // Complete or absent: a reader that waits for the file must not see half of it.
  const std::string fresh = path + ".new";
  std::ofstream file(fresh);
  file << app.grpc_port() << "\n" << app.metrics_port() << "\n";
  if (app.health_port() != 0) file << app.health_port() << "\n";
  file.close();
  std::rename(fresh.c_str(), path.c_str());
}

void AddTlsOptions(CLI::App& cli, firstline::router::TlsOptions& tls) {
  using firstline::tls::Clients;
  cli.add_option("--tls-cert", tls.files.certificate,
                 "certificate, PEM: serve TLS; replaced files are read again");
  cli.add_option("--tls-key", tls.files.key, "its key, PEM");
  cli.add_option("--tls-ca", tls.files.ca,
                 "CA of clients and of other routers, PEM");
  cli.add_option_function<std::string>(
         "--tls-clients",
         [&tls](const std::string& text) {
           tls.clients = text == "may-prove" ? Clients::kMayProve : Clients::kMustProve;
         },
         "whether clients need a certificate")
      ->check(CLI::IsMember({"must-prove", "may-prove"}))
      ->default_str("must-prove");
  cli.add_option("--tls-pod-name", tls.pod_name,
                 "DNS name in every router's certificate, by which they know one another")
      ->capture_default_str();
}

}  // namespace

int main(int argc, char** argv) {
  // Debian builds abseil with its checks for deadlocks, which gRPC would pay for at every lock.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  AppOptions options;
  std::string clock = "system", port_file, level = "info";
  int64_t lease_ms = 0, wait_ms = 100, connection_age_ms = 0;
  CLI::App cli("Routes inquiries to agents: the Firstline router.", "firstline-router");
  cli.footer(kFooter);
  cli.add_option("--listen", options.listen, "gRPC address; port 0 takes a free one")
      ->capture_default_str();
  cli.add_option("--advertise", options.advertise,
                 "address other pods and clients are told (default: --listen)");
  cli.add_option("--health-listen", options.health_listen,
                 "address of a port with gRPC health alone, in plaintext, for probes; the third"
                 " line of --port-file");
  cli.add_flag("--insecure", options.insecure, "serve plaintext beyond loopback");
  AddTlsOptions(cli, options.tls);
  cli.add_option("--auth-keys", options.auth.keys,
                 "public keys of bearer tokens, JWKS or PEM: callers are asked who they are");
  cli.add_option("--auth-issuer", options.auth.issuer, "who issues the tokens, their iss");
  cli.add_option("--auth-audience", options.auth.audience, "what they are for, their aud");
  cli.add_option("--bad-token-rate", options.auth.bad_token_rate,
                 "bad tokens a second that are judged of each address, and at once; beyond them"
                 " none that is new; 0: no limit")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
  auto* caller_rate =
      cli.add_option("--caller-rate", options.caller_rate,
                     "calls a second taken of each caller, and as many of agents' work beside"
                     " them (default: no limit)")
          ->check(CLI::Range(0.01, 1e6));
  cli.add_option("--caller-burst", options.caller_burst,
                 "calls of one caller at once (default: those of a second)")
      ->check(CLI::Range(1, 1'000'000))
      ->needs(caller_rate);
  cli.add_option("--metrics-listen", options.metrics_listen,
                 "address of /metrics, or none")
      ->capture_default_str();
  cli.add_option("--store", options.store,
                 "memory (nothing is durable), HOST:PORT, redis://[USER:PASSWORD@]HOST:PORT, "
                 "unix:/PATH, sentinel://[USER:PASSWORD@]HOST:PORT,HOST:PORT,.../PRIMARY"
                 "[?auth=[USER]:PASSWORD] with all Sentinels, or "
                 "cluster://[USER:PASSWORD@]HOST:PORT,HOST:PORT,...; with a password better"
                 " $FIRSTLINE_STORE")
      ->envname("FIRSTLINE_STORE")
      ->capture_default_str();
  auto* wait_replicas =
      cli.add_option("--wait-replicas", options.wait_replicas,
                     "Redis replicas that must have a commit before it is answered")
          ->check(CLI::Range(1, 16));
  cli.add_option("--wait-ms", wait_ms,
                 "how long they are waited for; then the answer is NOT_REPLICATED")
      ->check(CLI::Range(1, 1000))
      ->needs(wait_replicas)
      ->capture_default_str();
  firstline::redis::TlsOptions tls;
  bool use_tls = false;
  auto* redis_tls = cli.add_flag("--redis-tls", use_tls,
                                 "TLS to Redis, its Sentinels or nodes; as rediss:// does");
  cli.add_option("--redis-tls-ca", tls.ca_file,
                 "PEM file of the authorities (default: the system's)")
      ->needs(redis_tls);
  auto* certificate = cli.add_option("--redis-tls-cert", tls.certificate_file,
                                     "PEM file of the certificate that is shown to Redis")
                          ->needs(redis_tls);
  auto* key = cli.add_option("--redis-tls-key", tls.key_file, "PEM file of its key")
                  ->needs(certificate);
  certificate->needs(key);
  cli.add_option("--classifier", options.classifiers.named,
                 "NAME=HOST:PORT of a classifier that workspaces may name; repeatable, at most 16")
      ->allow_extra_args(false);
  cli.add_option("--classifier-ca", options.classifiers.ca,
                 "CA of the classifiers' certificates, PEM: they are asked over TLS, and shown"
                 " --tls-cert if there is one");
  cli.add_flag("--classifier-insecure", options.classifiers.insecure,
               "ask classifiers in plaintext beyond loopback");
  cli.add_option("--clock", clock,
                 "system, or driven: workspace time advances only by ClockService.AdvanceTime")
      ->check(CLI::IsMember({"system", "driven"}))
      ->capture_default_str();
  cli.add_option("--lease-ms", lease_ms, "ownership lease; the same on every pod")
      ->check(CLI::Range(200, 600'000));
  cli.add_option("--connection-age-ms", connection_age_ms,
                 "clients are told to connect anew after this long, and so find new pods")
      ->check(CLI::Range(100, 86'400'000));
  cli.add_option("--port-file", port_file, "write the gRPC and the metrics port here, a line each");
  cli.add_option("--log-level", level, "debug, info, warning, error or off")->capture_default_str();
  try {
    cli.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return cli.exit(error) == 0 ? 0 : 2;
  }
  options.driven_clock = clock == "driven";
  if (options.metrics_listen == "none") options.metrics_listen.clear();
  options.lease = std::chrono::milliseconds(lease_ms);
  if (use_tls) options.redis_tls = tls;
  options.wait = std::chrono::milliseconds(wait_ms);
  options.connection_age = std::chrono::milliseconds(connection_age_ms);
  const auto parsed = firstline::log::ParseLevel(level);
  if (!parsed) {
    std::cerr << "--log-level: '" << level << "' is none of debug, info, warning, error, off\n";
    return 2;
  }
  firstline::log::SetLevel(*parsed);
  firstline::rpc::LogLibraries();

  // Before any thread: signals are waited for here and delivered nowhere else.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);

  auto app = App::Start(options);
  if (!app.ok()) {
    firstline::log::Error("cannot start", {{"error", app.status().message()}});
    return 1;
  }
  firstline::log::Info("serving", {{"grpc_port", (*app)->grpc_port()},
                                   {"metrics_port", (*app)->metrics_port()}});
  if (!port_file.empty()) WritePorts(port_file, **app);
  int received = 0;
  sigwait(&signals, &received);
  firstline::log::Info("stopping", {{"signal", received}});
  (*app)->Stop();
  return 0;
}
