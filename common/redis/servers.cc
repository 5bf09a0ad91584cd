#include "common/redis/servers.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "common/redis/error.h"

namespace firstline::redis {
namespace {

// The server says itself that it is not, or not any more, the one that takes writes.
bool IsDemoted(const absl::Status& status) {
  return KindOf(status) == ErrorKind::kRefused && absl::StrContains(status.message(), "READONLY");
}

}  // namespace

Servers::Servers(ServersOptions options, Prepare prepare)
    : options_(std::move(options)),
      prepare_(std::move(prepare)),
      locator_(Locator::Make(options_.target, options_.connect_timeout)) {}

Servers::~Servers() = default;

absl::StatusOr<Connection*> Servers::For(std::string_view key) {
  if (!lost_.ok()) return lost_;
  const auto address = locator_->Locate(key);
  if (!address.ok()) {
    lost_ = address.status();
    return lost_;
  }
  Server& server = Find(*address);
  if (!server.failure.ok()) return server.failure;
  if (server.connection != nullptr) return server.connection.get();
  if (absl::Status status = Open(server); !status.ok()) {
    GiveUp(server, status);
    return status;
  }
  return server.connection.get();
}

void Servers::Confirm(std::chrono::milliseconds max_age) {
  const auto now = std::chrono::steady_clock::now();
  if (now - confirmed_at_ < max_age) return;
  confirmed_at_ = now;
  for (const auto& server : servers_) {
    if (server->connection == nullptr) continue;
    const absl::Status confirmed = locator_->Confirm(server->address);
    if (confirmed.ok()) continue;
    GiveUp(*server, confirmed);
    lost_ = confirmed;
  }
}

void Servers::Note(const Connection& connection, const absl::Status& status) {
  if (status.ok()) return;
  const auto at = std::find_if(servers_.begin(), servers_.end(), [&](const auto& server) {
    return server->connection.get() == &connection;
  });
  if (at == servers_.end()) return;
  // Its other replies may still be due, so it is given up at the end of the round only.
  if (IsDemoted(status)) (*at)->failure = status;
}

void Servers::EndRound() {
  lost_ = absl::OkStatus();
  for (const auto& server : servers_) {
    const bool broken = server->connection != nullptr && server->connection->broken();
    if (broken || !server->failure.ok()) GiveUp(*server, server->failure);
    server->failure = absl::OkStatus();
  }
  std::erase_if(servers_, [](const auto& server) { return server->connection == nullptr; });
}

void Servers::Reset() {
  for (const auto& server : servers_) locator_->Doubt(server->address, absl::OkStatus());
  servers_.clear();
  lost_ = absl::OkStatus();
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
                                  .command_timeout = options_.command_timeout});
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

void Servers::GiveUp(Server& server, const absl::Status& status) {
  server.failure = status;
  server.connection.reset();
  locator_->Doubt(server.address, status);
}

}  // namespace firstline::redis
