// One blocking connection to Redis.
//
//   absl::StatusOr<std::unique_ptr<Connection>> connection = Connection::Open({.address = a});
//   absl::StatusOr<Reply> reply = (*connection)->Call({"SET", key, value});
//
// Pipelining: Append as many commands as wanted, then read as many replies, in the same order.
//
//   c.Append({"WATCH", k});  c.Append({"GET", k});
//   c.Flush();               // optional: ReadReply does it too
//   c.ReadReply();  c.ReadReply();
//
// Commands are lists of arguments, each sent as it is; there is no format string to be injected
// into. After a failure of the transport the connection is broken for good: every call returns that
// failure, and the owner opens another one, because nobody can tell which replies are still due.
//
// Thread rule: a connection belongs to one thread at a time. Opening the first one sets SIGPIPE to
// be ignored, unless the program has a handler: hiredis writes with plain write().
#pragma once

#include <chrono>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/redis/address.h"
#include "common/redis/error.h"
#include "common/redis/reply.h"
#include "common/redis/tls.h"

struct redisContext;

namespace firstline::redis {

struct ConnectionOptions {
  Address address;
  // To reach the server; > 0. Name resolution comes on top.
  std::chrono::milliseconds connect_timeout = std::chrono::milliseconds(1000);
  // Longest silence while a reply is due or a write is stuck; > 0. Not a bound on a long reply that
  // keeps coming.
  std::chrono::milliseconds command_timeout = std::chrono::milliseconds(1000);
  // Set: TCP connections speak TLS, whatever the address says. Not set: an address that wants TLS
  // (rediss://) is refused.
  std::shared_ptr<const Tls> tls = nullptr;
};

using Arguments = std::span<const std::string_view>;

class Connection {
 public:
  // Connects, then TLS, AUTH and SELECT as it is asked for. Fails with kDisconnected when there is no
  // server, kOther when it does not let us in, kRefused while it loads its data set and a log-on
  // was needed.
  static absl::StatusOr<std::unique_ptr<Connection>> Open(const ConnectionOptions& options);

  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Sends one command and waits for its reply. An error reply is returned as its status. Nothing
  // may be pending. kDisconnected: the command may have been executed.
  absl::StatusOr<Reply> Call(Arguments arguments);
  absl::StatusOr<Reply> Call(std::initializer_list<std::string_view> arguments) {
    return Call(Arguments(arguments.begin(), arguments.size()));
  }

  // PING; OK when the server answers commands.
  absl::Status Ping();

  // Adds a command to the output buffer; copies the arguments, of which there is at least one. No
  // effect on a broken connection, where the next read says why.
  void Append(Arguments arguments);
  void Append(std::initializer_list<std::string_view> arguments) {
    Append(Arguments(arguments.begin(), arguments.size()));
  }

  // Sends what was appended, without waiting for replies.
  absl::Status Flush();

  // The reply to the oldest command without one; sends what was appended first. An error reply is
  // returned as its status. One of these per Append.
  absl::StatusOr<Reply> ReadReply();

  // Commands appended whose replies were not read. Those of a broken connection never arrive.
  std::size_t pending() const { return pending_; }

  bool broken() const { return !failure_.ok(); }
  // Why it is broken; OK while it is not.
  const absl::Status& failure() const { return failure_; }

  // Changes ConnectionOptions::command_timeout from now on, for a command known to be slow.
  absl::Status SetCommandTimeout(std::chrono::milliseconds timeout);

 private:
  struct Free {
    void operator()(redisContext* context) const;
  };
  using Context = std::unique_ptr<redisContext, Free>;

  Connection(Context context, std::string name);

  absl::Status LogOn(const Address& address);
  absl::Status Break(std::string_view doing);

  Context context_;
  const std::string name_;
  absl::Status failure_;
  std::size_t pending_ = 0;
  // What hiredis wants arguments to look like; kept to spare an allocation a command.
  std::vector<const char*> argument_starts_;
  std::vector<std::size_t> argument_sizes_;
};

}  // namespace firstline::redis
