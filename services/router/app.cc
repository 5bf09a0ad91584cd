#include "services/router/app.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <map>
#include <random>
#include <utility>

#include <google/protobuf/descriptor.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/clock/clock.h"
#include "common/log/log.h"
#include "common/redis/servers.h"
#include "common/redis/target.h"
#include "common/status/reason.h"
#include "common/version/version.h"
#include "services/router/api/server.h"
#include "services/router/api/health_server.h"
#include "services/router/classifier_setup.h"
#include "services/router/reach.h"
#include "services/router/rpc_counter.h"
#include "services/router/runtime/loop.h"
#include "services/router/store/codec.h"
#include "services/router/store/memory_store.h"
#include "services/router/store/redis_event_log.h"
#include "services/router/status_reporter.h"
#include "services/router/store/redis_inspection.h"
#include "services/router/store/redis_protocol.h"
#include "services/router/store/redis_store.h"
#include "services/router/telemetry/exposition.h"
#include "services/router/telemetry/metrics_server.h"
#include "services/router/telemetry/process_metrics.h"
#include "services/router/telemetry/status_book.h"
#include "services/router/telemetry/telemetry.h"

namespace firstline::router {
namespace {

// Tells telemetry everything and watchers that there is something to see.
class Announcer final : public runtime::Observer {
 public:
  Announcer(telemetry::Telemetry& telemetry, telemetry::StatusBook& book,
            api::UnaskedWorkspaces& unasked)
      : telemetry_(telemetry), book_(book), unasked_(unasked) {}
  // Before the first commit can happen, or never.
  void SetServer(api::Server* server) { server_.store(server, std::memory_order_release); }

  void Loaded(const runtime::WorkspaceId& workspace, const engine::Engine& engine) override {
    log::Info("workspace loaded", {{"workspace", workspace}, {"inquiries", engine.inquiries()},
                                   {"agents", engine.agents()}});
    telemetry_.Loaded(workspace, engine);
    book_.Loaded(workspace);
    unasked_.Loaded(workspace, engine);
  }
  void Applied(const runtime::WorkspaceId& workspace, const engine::Engine& engine) override {
    telemetry_.Applied(workspace, engine);
    unasked_.Applied(workspace, engine);
  }
  void Refused(const runtime::WorkspaceId& workspace, const engine::Engine& engine,
               const engine::Submit& submit, const engine::Outcome& outcome) override {
    telemetry_.Refused(workspace, engine, submit, outcome);
  }
  void Sealed(const runtime::WorkspaceId& workspace) override { telemetry_.Sealed(workspace); }
  void Committed(const runtime::WorkspaceId& workspace, const engine::Engine& engine,
                 const runtime::CommitFigures& figures) override {
    telemetry_.Committed(workspace, engine, figures);
    book_.Committed(workspace, figures);
    api::Server* server = server_.load(std::memory_order_acquire);
    if (server != nullptr && figures.events > 0) server->NotifyCommitted();
  }
  void Dropped(const runtime::WorkspaceId& workspace) override {
    log::Info("workspace given up", {{"workspace", workspace}});
    telemetry_.Dropped(workspace);
    book_.Dropped(workspace);
    unasked_.Dropped(workspace);
  }
  void HandedOver(const runtime::WorkspaceId& workspace, const std::string& successor) override {
    log::Info("workspace handed over", {{"workspace", workspace}, {"to", successor}});
    api::Server* server = server_.load(std::memory_order_acquire);
    if (server != nullptr) server->TellToLook(successor, workspace);
  }
  void Count(const runtime::WorkspaceId& workspace, runtime::Incident incident) override {
    telemetry_.Count(workspace, incident);
    if (!book_.Count(workspace, incident)) return;
    log::Warning("incident", {{"workspace", workspace},
                              {"kind", telemetry::IncidentName(incident)}});
  }

 private:
  telemetry::Telemetry& telemetry_;
  telemetry::StatusBook& book_;
  api::UnaskedWorkspaces& unasked_;
  std::atomic<api::Server*> server_{nullptr};
};

class LoopBackend final : public api::Backend {
 public:
  LoopBackend(runtime::Loop& loop, const clock::Clock& clock, telemetry::Telemetry& telemetry,
              StatusReporter& reporter)
      : loop_(loop), clock_(clock), telemetry_(telemetry), reporter_(reporter) {}

  void Submit(runtime::Call call, Callback done) override {
    loop_.Submit(std::move(call), std::move(done));
  }
  void SubmitAll(std::vector<runtime::Submission> submissions) override {
    loop_.SubmitAll(std::move(submissions));
  }
  void Beat(const runtime::WorkspaceId& workspace,
            std::vector<runtime::SessionRef> sessions) override {
    loop_.Beat(workspace, std::move(sessions));
  }
  void Look(const runtime::WorkspaceId& workspace) override { loop_.Look(workspace); }
  void ListWorkspaces(Listed done) override {
    struct List {
      std::vector<runtime::WorkspaceId> names;
      bool whole = false;
    };
    auto list = std::make_shared<List>();
    loop_.RunLater(
        [list](const runtime::Pod& pod) {
          list->whole = pod.listed();
          for (const runtime::WorkspaceStatus& status : pod.Workspaces()) {
            if (!status.owner.empty()) list->names.push_back(status.workspace);
          }
        },
        [list, done = std::move(done)](bool ran) {
          if (ran && list->whole) return done(std::move(list->names));
          done(status::Error(absl::StatusCode::kUnavailable,
                             "the list of workspaces could not be read yet",
                             {.reason = "STORE_UNAVAILABLE"}));
        });
  }
  runtime::BootTime Now() const override {
    using std::chrono::duration_cast, std::chrono::microseconds;
    return {duration_cast<microseconds>(clock_.BootTime()).count()};
  }
  bool Ready() const override { return loop_.store_ready(); }
  telemetry::Telemetry& telemetry() override { return telemetry_; }
  void ReadStatus(StatusRead done) override { reporter_.ReadLater(std::move(done)); }

 private:
  runtime::Loop& loop_;
  const clock::Clock& clock_;
  telemetry::Telemetry& telemetry_;
  StatusReporter& reporter_;
};

struct Stores {
  runtime::LoopStores loop;
  std::unique_ptr<store::EventLog> events;
  std::string address;  // "" for memory
  std::function<absl::StatusOr<store::RedisFacts>()> inspect;
};

// With connections of its own: whoever asks how things are must not hold up commits. Of several
// servers the one that keeps the registry.
absl::StatusOr<store::RedisFacts> Inspect(redis::Servers& servers) {
  const auto connection = servers.For(store::kRegistryKey);
  if (!connection.ok()) {
    servers.EndRound();
    return connection.status();
  }
  auto facts = store::InspectRedis(**connection, [] {
    using std::chrono::duration_cast, std::chrono::microseconds;
    return duration_cast<microseconds>(std::chrono::system_clock::now().time_since_epoch());
  });
  if (!facts.ok()) servers.Note(**connection, std::string(facts.status().message()));
  servers.EndRound();
  return facts;
}

absl::StatusOr<Stores> OpenStores(const AppOptions& options) {
  if (options.store == "memory") {
    if (options.wait_replicas > 0) {
      return absl::InvalidArgumentError("--wait-replicas needs a store in Redis");
    }
    auto backend = std::make_shared<store::MemoryBackend>();
    log::Warning("state is kept in memory only: nothing survives this process");
    return Stores{{std::make_unique<store::MemoryStore>(backend),
                   std::make_unique<store::MemoryStore>(backend)},
                  std::make_unique<store::MemoryStore>(backend),
                  "",
                  nullptr};
  }
  absl::StatusOr<redis::Target> target = redis::Target::Parse(options.store);
  if (!target.ok()) return target.status();
  redis::ServersOptions servers{.target = *target};
  if (target->server.tls || options.redis_tls) {
    auto tls = redis::Tls::Load(options.redis_tls.value_or(redis::TlsOptions{}));
    if (!tls.ok()) return tls.status();
    servers.tls = *std::move(tls);
  }
  const store::RedisStoreOptions store_options{
      .servers = servers, .wait_replicas = options.wait_replicas, .wait = options.wait};
  auto fast = std::make_unique<store::RedisStore>(store_options);
  const absl::Status checked = fast->CheckServer();
  if (absl::IsUnavailable(checked)) {
    log::Warning("Redis cannot be reached yet", {{"redis", target->ToString()},
                                                 {"problem", std::string(checked.message())}});
  } else if (!checked.ok()) {
    return checked;
  }
  return Stores{
      {std::move(fast),
       std::make_unique<store::RedisStore>(store_options)},
      std::make_unique<store::RedisEventLog>(servers),
      target->ToString(),
      [inspected = std::make_shared<redis::Servers>(servers)] { return Inspect(*inspected); }};
}

// Ownership nonces must never repeat over all pods.
runtime::RandomSource SystemRandom() {
  return [device = std::make_shared<std::random_device>()] {
    return (uint64_t{(*device)()} << 32) | (*device)();
  };
}

// A port that was free a moment ago. Whoever takes it first makes the start fail, not go wrong.
absl::StatusOr<int> FreePort(const std::string& host) {
  addrinfo hints{}, *found = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  std::string name = host;
  if (name.size() > 2 && name.front() == '[') name = name.substr(1, name.size() - 2);
  if (getaddrinfo(name.c_str(), "0", &hints, &found) != 0) {
    return absl::InvalidArgumentError(absl::StrCat("no such host: ", host));
  }
  const int fd = socket(found->ai_family, SOCK_STREAM, 0);
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  const bool ok = fd >= 0 && bind(fd, found->ai_addr, found->ai_addrlen) == 0 &&
                  getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size) == 0;
  freeaddrinfo(found);
  if (fd >= 0) close(fd);
  if (!ok) return absl::UnavailableError(absl::StrCat("cannot listen on ", host));
  // The port stands at the same place in both families.
  return ntohs(reinterpret_cast<const sockaddr_in*>(&bound)->sin_port);
}

// Plaintext beyond this machine has to be meant.
absl::Status CheckReach(const AppOptions& options) {
  if (options.tls.on() || options.insecure || IsLoopback(options.listen)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("--listen=", options.listen,
                   " would serve plaintext beyond this machine: give --tls-cert, --tls-key and"
                   " --tls-ca, or --insecure if something else protects it"));
}

// Credentials of the server and of its calls to other pods.
absl::Status Secure(const TlsOptions& options, api::ServerOptions& server) {
  if (!options.on()) {
    if (options.files.key.empty() && options.files.ca.empty()) return absl::OkStatus();
    return absl::InvalidArgumentError("--tls-key and --tls-ca need --tls-cert");
  }
  auto own = tls::ServerCredentials(options.files, options.clients);
  if (!own.ok()) return own.status();
  auto peers = tls::ChannelCredentials(options.files);
  if (!peers.ok()) return peers.status();
  if (options.pod_name.empty()) return absl::InvalidArgumentError("--tls-pod-name is empty");
  server.credentials = *std::move(own);
  server.peer = {.credentials = *std::move(peers), .name = options.pod_name};
  return absl::OkStatus();
}

absl::Status AskCallers(const AppOptions& options, api::BadTokenObserver& observer,
                        api::ServerOptions& server) {
  const AuthOptions& auth = options.auth;
  if (!auth.on()) {
    if (auth.issuer.empty() && auth.audience.empty()) return absl::OkStatus();
    return absl::InvalidArgumentError("--auth-issuer and --auth-audience need --auth-keys");
  }
  if (!options.tls.on()) {
    return absl::InvalidArgumentError("--auth-keys needs --tls-cert: tokens are not for plaintext");
  }
  auto opened = api::Authenticator::Open(
      {.keys_path = auth.keys,
       .expected = {.issuer = auth.issuer, .audience = auth.audience},
       .now = nullptr,
       .bad_tokens = {.rate = auth.bad_token_rate, .now = nullptr, .observer = &observer}});
  if (!opened.ok()) return opened.status();
  server.authenticator = *std::move(opened);
  return absl::OkStatus();
}

absl::Status LimitCallers(const AppOptions& options, api::LimitObserver& observer,
                          api::ServerOptions& server) {
  if (options.caller_rate == 0) {
    if (options.caller_burst == 0) return absl::OkStatus();
    return absl::InvalidArgumentError("--caller-burst needs --caller-rate");
  }
  const auto burst = static_cast<int64_t>(std::max(std::ceil(options.caller_rate), 1.0));
  server.caller_limits = {.rate = options.caller_rate,
                          .burst = options.caller_burst == 0 ? burst : options.caller_burst,
                          .now = nullptr,
                          .observer = &observer};
  return absl::OkStatus();
}

}  // namespace

struct App::Parts {
  AppOptions options;
  clock::SystemClock clock;
  telemetry::ProcessMetrics process{version::kVersion};
  RpcCounter rpcs{process};
  ForwardCounter forwards{process.forwarding()};
  LimitCounter limits{process.limits()};
  BadTokenCounter bad_tokens{process.bad_tokens()};
  telemetry::Telemetry telemetry;
  telemetry::StatusBook book{clock};
  api::UnaskedWorkspaces unasked;
  Announcer announcer{telemetry, book, unasked};
  store::RecordCodec codec;
  std::unique_ptr<store::EventLog> events;
  std::unique_ptr<runtime::Loop> loop;
  std::unique_ptr<StatusReporter> reporter;
  std::unique_ptr<LoopBackend> backend;
  std::unique_ptr<ClassifierCounter> asked;
  std::unique_ptr<api::ClassifierClient> classifiers;
  std::unique_ptr<api::HealthServer> health;
  std::unique_ptr<api::Server> server;
  std::shared_ptr<telemetry::Exposition> exposition;
  std::unique_ptr<telemetry::MetricsServer> metrics;

  explicit Parts(const AppOptions& given)
      : options(given), telemetry(given.driven_clock ? nullptr : &clock) {}

  absl::Status StartLoop(const std::string& advertise);
  absl::Status OpenClassifiers(api::ServerOptions& to);
  absl::Status StartHealth();
  absl::Status StartMetrics();
  telemetry::MetricsServer::Page StatusPage(bool html);
};

absl::Status App::Parts::StartLoop(const std::string& advertise) {
  absl::StatusOr<Stores> stores = OpenStores(options);
  if (!stores.ok()) return stores.status();
  events = std::move(stores->events);
  runtime::LoopOptions loop_options;
  loop_options.pod.address = advertise;
  loop_options.pod.driven_clock = options.driven_clock;
  loop_options.pod.spread = !options.driven_clock && options.store != "memory";
  loop_options.pod.bugs = options.bugs;
  if (options.lease.count() > 0) {
    loop_options.pod.lease = engine::Milliseconds(options.lease.count());
  }
  loop = std::make_unique<runtime::Loop>(loop_options, codec, announcer, SystemRandom(), clock,
                                         std::move(stores->loop));
  reporter = std::make_unique<StatusReporter>(StatusReporter::Sources{
      .loop = *loop,
      .book = book,
      .clock = clock,
      .version = version::kVersion,
      .address = advertise,
      .driven_clock = options.driven_clock,
      .store_address = stores->address,
      .inspect = std::move(stores->inspect)});
  backend = std::make_unique<LoopBackend>(*loop, clock, telemetry, *reporter);
  return absl::OkStatus();
}

telemetry::MetricsServer::Page App::Parts::StatusPage(bool html) {
  v1::GetStatusResponse status;
  api::WriteStatus(reporter->Read(), status);
  if (html) return {"text/html; charset=utf-8", api::ToHtml(status)};
  return {"application/json", api::ToJson(status)};
}

absl::Status App::Parts::StartMetrics() {
  if (options.metrics_listen.empty()) return absl::OkStatus();
  auto started = telemetry::MetricsServer::Start(
      options.metrics_listen, {{"/statusz", [this](bool html) { return StatusPage(html); }}});
  if (!started.ok()) return started.status();
  metrics = *std::move(started);
  exposition = std::make_shared<telemetry::Exposition>(telemetry::ExpositionOptions{
      .telemetry = &telemetry,
      .run_on_loop =
          [this](const std::function<void()>& body) {
            return loop->Run([&](const runtime::Pod&) { body(); });
          },
      .read_pod =
          [this] {
            return telemetry::PodNow{loop->inbox_depth(), loop->open_calls(),
                                     loop->store_ready()};
          }});
  metrics->Add(exposition);
  metrics->Add(process.registry());
  return absl::OkStatus();
}

absl::Status App::Parts::OpenClassifiers(api::ServerOptions& to) {
  auto known = ReadClassifiers(options.classifiers, options.tls.files);
  if (!known.ok()) return known.status();
  asked = std::make_unique<ClassifierCounter>(*known, process);
  classifiers = std::make_unique<api::ClassifierClient>(*known);
  to.classifying = {
      .classifiers = classifiers.get(), .unasked = &unasked, .observer = asked.get()};
  return absl::OkStatus();
}

absl::Status App::Parts::StartHealth() {
  if (options.health_listen.empty()) return absl::OkStatus();
  auto started = api::HealthServer::Start(
      options.health_listen, {std::begin(kServices), std::end(kServices)}, *backend, rpcs);
  if (!started.ok()) return started.status();
  health = *std::move(started);
  return absl::OkStatus();
}

App::App(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
App::~App() { Stop(); }

absl::StatusOr<std::unique_ptr<App>> App::Start(const AppOptions& options) {
  if (absl::Status s = CheckReach(options); !s.ok()) return s;
  api::ServerOptions server_options;
  if (absl::Status s = Secure(options.tls, server_options); !s.ok()) return s;
  auto parts = std::make_unique<Parts>(options);
  // The advertised address must be known before the first ownership record is written, the port only
  // once the server listens: with port 0 and nothing to advertise, take a free port first.
  server_options.address = options.listen;
  server_options.driven_clock = options.driven_clock;
  if (absl::EndsWith(options.listen, ":0")) {
    absl::StatusOr<int> port = FreePort(HostOf(options.listen));
    if (!port.ok()) return port.status();
    server_options.address = absl::StrCat(HostOf(options.listen), ":", *port);
  }
  const std::string advertise =
      options.advertise.empty() ? server_options.address : options.advertise;
  server_options.advertise = advertise;
  server_options.forwards = &parts->forwards;
  if (absl::Status s = AskCallers(options, parts->bad_tokens, server_options); !s.ok()) return s;
  if (absl::Status s = LimitCallers(options, parts->limits, server_options); !s.ok()) return s;
  if (options.connection_age.count() > 0) server_options.connection_age = options.connection_age;
  if (absl::Status s = parts->OpenClassifiers(server_options); !s.ok()) return s;
  if (absl::Status s = parts->StartLoop(advertise); !s.ok()) return s;
  if (absl::Status s = parts->StartHealth(); !s.ok()) return s;
  auto server = api::Server::Start(server_options, *parts->backend, *parts->events, parts->rpcs);
  if (!server.ok()) return server.status();
  parts->server = *std::move(server);
  parts->announcer.SetServer(parts->server.get());
  std::unique_ptr<App> app(new App(std::move(parts)));  // from here on stopped in order
  if (absl::Status s = app->parts_->StartMetrics(); !s.ok()) return s;
  return app;
}

int App::grpc_port() const { return parts_->server->port(); }
int App::metrics_port() const { return parts_->metrics == nullptr ? 0 : parts_->metrics->port(); }
int App::health_port() const { return parts_->health == nullptr ? 0 : parts_->health->port(); }

void App::Stop() {
  if (parts_ == nullptr || parts_->loop == nullptr) return;
  const std::chrono::milliseconds timeout = parts_->options.stop_timeout;
  if (parts_->health != nullptr) parts_->health->Drain();
  if (parts_->server != nullptr) parts_->server->Drain();
  parts_->loop->Stop(timeout / 2);
  if (parts_->server != nullptr) parts_->server->Stop(timeout / 2);
  parts_->announcer.SetServer(nullptr);
  parts_->metrics.reset();
  parts_->server.reset();
  parts_->classifiers.reset();
  parts_->health.reset();
  parts_->backend.reset();
  parts_->reporter.reset();
  parts_->loop.reset();
}

}  // namespace firstline::router
