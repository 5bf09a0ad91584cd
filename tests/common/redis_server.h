// A real redis-server of one's own, for tests: in a temporary folder, on a unix socket and, where
// asked for, on a free TCP port. It is gone when the object is.
//
//   test::RedisServer redis({.append_only = true});
//   auto connection = redis.Connect();
//   redis.Kill();      // power cut
//   redis.Restart();   // the same folder, hence the data that reached the disk
//
// Everything that fails here fails the test and throws, because there is nothing to go on with.
//
// Thread rule: one thread at a time, and the one that starts the server must outlive it: the kernel
// kills the server when that thread ends, so that a crashed test leaves nothing behind.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "common/redis/address.h"
#include "common/redis/connection.h"

namespace firstline::test {

struct RedisServerOptions {
  // Appends every write to a file: what was acknowledged is there after Kill and Restart, within
  // what `append_fsync` ("always", "everysec", "no") says. Off: a restart finds nothing.
  bool append_only = false;
  std::string append_fsync = "everysec";
  // Memory at which writes are refused with OOM (policy noeviction); 0: none. At least 1 MiB, or
  // the empty server is already above it.
  std::int64_t max_memory_bytes = 0;
  // Listens on 127.0.0.1 as well, on a port chosen while starting; it stays across restarts.
  bool tcp = false;
  // A node of a cluster that has to be made; with tcp.
  bool cluster = false;
  std::string password = {};
  // A folder with ca.crt, server.crt and server.key: the TCP port speaks TLS and wants certificates
  // of clients. Empty: in clear.
  std::string tls_folder = {};
  // Lines of a configuration file, which the server may rewrite; options go before it. Empty: none.
  std::string config = {};
  // Further options, such as {"--repl-diskless-sync", "no"}.
  std::vector<std::string> extra_arguments = {};
};

class RedisServer {
 public:
  // Starts the server and returns when it answers PING.
  explicit RedisServer(RedisServerOptions options = {});
  // Kills it and removes its folder. Its log is kept in the folder that $FIRSTLINE_TEST_LOGS
  // names, if any.
  ~RedisServer();
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  // The unix socket, with the password.
  redis::Address address() const;
  // The TCP port; only with RedisServerOptions::tcp.
  redis::Address tcp_address() const;
  // Where the socket, the data and the log are. It outlives restarts, and files may be exchanged
  // while the server is down.
  const std::filesystem::path& folder() const { return folder_; }
  bool running() const { return pid_ > 0; }
  bool paused() const { return paused_; }
  // Where nodes of a cluster speak to one another; only with RedisServerOptions::cluster.
  std::uint16_t bus_port() const { return bus_port_; }

  // A new connection to the unix socket. The timeout is the longest silence it bears.
  std::unique_ptr<redis::Connection> Connect(
      std::chrono::milliseconds command_timeout = std::chrono::seconds(10)) const;

  // SIGKILL; returns when the process is gone. No effect when it is down.
  void Kill();
  // SHUTDOWN: ends in order, saving nothing but the append-only file.
  void Shutdown();
  // SIGSTOP and SIGCONT: the server hangs, its sockets stay open. Returns when it is stopped.
  void Pause();
  void Resume();
  // Starts again on the same folder and addresses; the server is down. With `options` from now on
  // as given, otherwise as before.
  void Restart();
  void Restart(RedisServerOptions options);

 private:
  void Start();
  // False when the port was taken by somebody else meanwhile.
  bool TryStart();
  std::vector<std::string> CommandLine() const;
  void Reap();
  std::string LogTail() const;

  RedisServerOptions options_;
  std::filesystem::path folder_;
  std::uint16_t port_ = 0;
  std::uint16_t bus_port_ = 0;
  bool paused_ = false;
  pid_t pid_ = -1;
};

}  // namespace firstline::test
