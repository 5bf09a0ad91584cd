// Connections to whoever holds the data now, be that one server or one that changes.
//
//   Servers servers({.target = target});
//   absl::StatusOr<Connection*> connection = servers.For("fl:workspaces");
//   ...append, read; every failed reply: servers.Note(**connection, reply.status().message());
//   servers.EndRound();
//
// A round is what its user does between two EndRounds: in it a connection stays the same, and what
// could not be reached is not tried a second time. After it whatever broke, or is not in charge any
// more, is given up, and the next round asks who is. In a cluster a server that failed is left alone
// for twice as long as that took, kPauseMax at most: what is on the others must not wait for it all
// the time.
//
// Time: a call of For that has to connect is bounded by connect_timeout and a command_timeout a
// round trip, where Sentinels are asked by the timeouts of those on top.
//
// Thread rule: one thread at a time.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/redis/connection.h"
#include "common/redis/locator.h"
#include "common/redis/target.h"

namespace firstline::redis {

struct ServersOptions {
  Target target;
  // As in ConnectionOptions.
  std::chrono::milliseconds connect_timeout = std::chrono::milliseconds(1000);
  std::chrono::milliseconds command_timeout = std::chrono::milliseconds(1000);
  std::shared_ptr<const Tls> tls = nullptr;
};

class Servers {
 public:
  // `prepare`: what a new connection is put through before it is used; a failure of the connection
  // alone counts against it.
  using Prepare = std::function<void(Connection&)>;
  explicit Servers(ServersOptions options, Prepare prepare = {});
  ~Servers();
  Servers(const Servers&) = delete;
  Servers& operator=(const Servers&) = delete;

  // The connection to the server that takes writes of `key`, opened if need be; valid until the end
  // of the round.
  absl::StatusOr<Connection*> For(std::string_view key);

  // Before something that must not be believed of a server that has been replaced: everybody who is
  // connected to is confirmed by those who know (Locator::Confirm). Who is not is given up at once,
  // and For fails until the end of the round. At its beginning, before For. Not done where it was
  // less than `max_age` ago.
  void Confirm(std::chrono::milliseconds max_age = std::chrono::milliseconds(0));

  // Connections to all servers that take writes.
  absl::StatusOr<std::vector<Connection*>> All();
  // Where an error message sends its reader for once (Redirection::ask), or nobody. What is sent there
  // has to follow ASKING.
  absl::StatusOr<Connection*> Asked(const Connection& from, std::string_view message);

  // A reply on `connection` was an error with this message; of another server in charge it is
  // learned at once. Broken connections are found without it.
  void Note(const Connection& connection, std::string_view message);

  void EndRound();

  // Closes every connection, also those with replies due. Who is in charge stays known.
  void Disconnect();

  const ServersOptions& options() const { return options_; }

 private:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::seconds kPauseMax{2};

  struct Server {
    Address address;
    std::unique_ptr<Connection> connection;
    absl::Status failure;  // of this round
    Time retry_at;         // after a failure
  };
  Server* Find(const Connection& connection);
  absl::StatusOr<Connection*> At(const Address& address);

  Server& Find(const Address& address);
  absl::Status Open(Server& server);
  void GiveUp(Server& server, const absl::Status& status, std::chrono::nanoseconds took);

  const ServersOptions options_;
  const Prepare prepare_;
  const std::unique_ptr<Locator> locator_;
  std::vector<std::unique_ptr<Server>> servers_;
  absl::Status lost_;  // of this round: nobody says who is in charge
  Time confirmed_at_;
};

}  // namespace firstline::redis
