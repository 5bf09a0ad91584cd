// The store in Redis.
//
//   RedisStore store({.servers = {.target = target}});
//   if (absl::Status status = store.CheckServer(); !status.ok()) ...   // at start-up
//   std::vector<Reply> replies = store.Execute(requests);
//
// Consecutive requests go out as one pipeline of script calls (redis_scripts.h), one round trip for
// all workspaces of a pod; Load, Rebuild and Drop need several and run alone. Connections are opened
// when needed (common/redis/servers.h): after a failure of the transport everything unanswered is
// kUnknown and the next Execute connects anew. A connection that answered READONLY is given up as
// well, because the primary is elsewhere by now. Scripts that the server forgot are loaded and
// called again inside.
//
// Observe, Acquire and Renew are what leases rest on. An Execute with one of them first has the
// server confirmed by those who know who is in charge (a majority of the Sentinels); where they do
// not, all of it is kUnknown and the server is given up.
//
// With wait_replicas every round trip that writes ends with WAIT on the same connection, which tells
// of everything written before it, by whomever: Reply::replicated.
//
// Time: an Execute is bounded by connect_timeout + command_timeout of silence for each round trip,
// and by the Sentinels' timeouts where they are asked.
//
// Threads: one at a time, as for every Store.
#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "common/redis/servers.h"
#include "services/router/store/port.h"

namespace firstline::store {

struct RedisStoreOptions {
  redis::ServersOptions servers;
  // Replicas that have to have what was written before it counts as replicated, and how long they
  // are waited for, on top of the command_timeout; 0: not waited for.
  int wait_replicas = 0;
  std::chrono::milliseconds wait = std::chrono::milliseconds(100);  // > 0
  size_t load_page = 4096;      // records read in one step of a Load
  size_t rebuild_chunk = 2000;  // records written in one script call of a Rebuild
};

class RedisStore final : public Store {
 public:
  explicit RedisStore(RedisStoreOptions options);
  ~RedisStore() override;

  std::vector<Reply> Execute(const std::vector<Request>& requests) override;

  // Whether this server may hold our state: version 7 or later, maxmemory-policy noeviction.
  // FAILED_PRECONDITION says what is wrong; UNAVAILABLE: it cannot be asked now.
  absl::Status CheckServer();

 private:
  void RunPipeline(std::span<const Request> requests, std::span<Reply> replies);
  std::vector<size_t> RunRound(std::span<const Request> requests, std::span<Reply> replies,
                               const std::vector<size_t>& due);
  void AppendWait(redis::Connection& connection) const;
  bool ReadWait(redis::Connection& connection);
  void UpdateRegistry(std::span<const Request> requests, std::span<Reply> replies);
  Reply RunAlone(const Request& request);
  Reply RunDrop(redis::Connection& connection, const Drop& request);

  const RedisStoreOptions options_;
  redis::Servers servers_;
};

}  // namespace firstline::store
