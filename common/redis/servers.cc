#include "common/redis/servers.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/redis/error.h"

namespace firstline::redis {

Servers::Servers(ServersOptions options, Prepare prepare)
    : options_(std::move(options)),
      prepare_(std::move(prepare)),
      locator_(Locator::Make(options_.target, options_.connect_timeout, options_.tls)) {}

Servers::~Servers() = default;

absl::StatusOr<Connection*> Servers::For(std::string_view key) {
  if (!lost_.ok()) return lost_;
  const auto address = locator_->Locate(key);
  if (address.ok()) return At(*address);
  lost_ = address.status();
  return lost_;
}

absl::StatusOr<std::vector<Connection*>> Servers::All() {
  const auto addresses = locator_->LocateAll();
  if (!addresses.ok()) return addresses.status();
  std::vector<Connection*> connections;
  for (const Address& address : *addresses) {
    const auto connection = At(address);
    if (!connection.ok()) return connection.status();
    connections.push_back(*connection);
  }
  return connections;
}

absl::StatusOr<Connection*> Servers::Asked(const Connection& from, std::string_view message) {
  const auto redirection = RedirectionOf(message);
  const Server* server = Find(from);
  if (!redirection || !redirection->ask || server == nullptr) {
    return MakeError(ErrorKind::kMoved, "Redis: sends nobody anywhere");
  }
  Address address = server->address;
  if (!redirection->host.empty()) address.host = redirection->host;
  address.port = redirection->port;
  return At(address);
}

absl::StatusOr<Connection*> Servers::At(const Address& address) {
  Server& server = Find(address);
  if (!server.failure.ok()) return server.failure;
  if (server.connection != nullptr) return server.connection.get();
  const Time before = std::chrono::steady_clock::now();
  if (before < server.retry_at) {
    server.failure = MakeError(ErrorKind::kDisconnected,
                               absl::StrCat("Redis ", address.ToString(), ": failed a moment ago"));
    return server.failure;
  }
  if (absl::Status status = Open(server); !status.ok()) {
    GiveUp(server, status, std::chrono::steady_clock::now() - before);
    return status;
  }
  return server.connection.get();
}

void Servers::Confirm(std::chrono::milliseconds max_age) {
  const Time now = std::chrono::steady_clock::now();
  if (now - confirmed_at_ < max_age) return;
  confirmed_at_ = now;
  for (const auto& server : servers_) {
    if (server->connection == nullptr) continue;
    const absl::Status confirmed = locator_->Confirm(server->address);
    if (confirmed.ok()) continue;
    GiveUp(*server, confirmed, {});
    lost_ = confirmed;
  }
}

void Servers::Note(const Connection& connection, std::string_view message) {
  Server* server = Find(connection);
  if (server == nullptr) return;
  if (const auto redirection = RedirectionOf(message)) {
    if (!redirection->ask) locator_->Doubt(server->address, message);
    return;
  }
  // Its other replies may still be due, so it is given up at the end of the round only.
  if (IsDemotion(message)) {
    server->failure = MakeError(ErrorKind::kRefused, std::string(message));
  }
}

void Servers::EndRound() {
  lost_ = absl::OkStatus();
  const Time now = std::chrono::steady_clock::now();
  for (const auto& server : servers_) {
    if (server->connection != nullptr && server->connection->broken()) {
      GiveUp(*server, server->connection->failure(), options_.command_timeout);
    }
    if (server->failure.ok()) continue;
    const absl::string_view message = server->failure.message();
    locator_->Doubt(server->address, {message.data(), message.size()});
    server->connection.reset();
    server->failure = absl::OkStatus();
  }
  std::erase_if(servers_, [now](const auto& server) {
    return server->connection == nullptr && server->retry_at <= now;
  });
}

void Servers::Disconnect() {
  for (const auto& server : servers_) server->connection.reset();
}

Servers::Server* Servers::Find(const Connection& connection) {
  for (const auto& server : servers_) {
    if (server->connection.get() == &connection) return server.get();
  }
  return nullptr;
}

Servers::Server& Servers::Find(const Address& address) {
  for (const auto& server : servers_) {
    if (server->address == address) return *server;
  }
  servers_.push_back(std::make_unique<Server>());
  servers_.back()->address = address;
  return *servers_.back();
}

absl::Status Servers::Open(Server& server) {
  auto opened = Connection::Open({.address = server.address,
                                  .connect_timeout = options_.connect_timeout,
                                  .command_timeout = options_.command_timeout,
                                  .tls = options_.tls});
  if (!opened.ok()) return opened.status();
  Connection& connection = **opened;
  if (absl::Status status = locator_->Admit(connection); !status.ok()) return status;
  if (prepare_) prepare_(connection);
  if (connection.broken()) {
    return MakeError(ErrorKind::kDisconnected, "Redis: lost while it was prepared");
  }
  server.connection = *std::move(opened);
  return absl::OkStatus();
}

void Servers::GiveUp(Server& server, const absl::Status& status, std::chrono::nanoseconds took) {
  server.failure = status;
  server.connection.reset();
  if (options_.target.kind != Target::Kind::kCluster) return;
  server.retry_at = std::chrono::steady_clock::now() +
                    std::min<std::chrono::nanoseconds>(2 * took, kPauseMax);
}

}  // namespace firstline::redis
