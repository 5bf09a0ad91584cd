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
// In a cluster every workspace is on the server that has its slot, the registry and the list of pods
// each on theirs; what goes to several servers is sent to all before any reply is read. MOVED is
// followed inside. ASK and TRYAGAIN, while a slot is being moved, are followed as far as one key
// goes, so that leases live on; what needs several keys is kRefused until they are together again.
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

  // Whether the servers may hold our state: version 7 or later, maxmemory-policy noeviction.
  // FAILED_PRECONDITION says what is wrong; UNAVAILABLE: it cannot be asked now.
  absl::Status CheckServer();

 private:
  // A request that a server sent away for once.
  struct Asking {
    size_t request = 0;
    redis::Connection* from = nullptr;
  };

  void RunPipeline(std::span<const Request> requests, std::span<Reply> replies);
  std::vector<size_t> RunRound(std::span<const Request> requests, std::span<Reply> replies,
                               const std::vector<size_t>& due);
  Reply Ask(redis::Connection& from, const Request& request, Reply sent_away);
  void Note(const redis::Connection& connection, const absl::Status& status);
  void AppendWait(redis::Connection& connection) const;
  bool ReadWait(redis::Connection& connection);
  void UpdateRegistry(std::span<const Request> requests, std::span<Reply> replies);
  Reply RunAlone(const Request& request);
  Reply RunDrop(redis::Connection& connection, const Drop& request);

  const RedisStoreOptions options_;
  redis::Servers servers_;
};

}  // namespace firstline::store
