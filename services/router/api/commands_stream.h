// RoutingService.Commands: batches of mutations on one stream.
#pragma once

#include <unordered_set>

#include <grpcpp/grpcpp.h>

#include "common/sync/mutex.h"
#include "firstline/v1/routing_service.pb.h"
#include "services/router/api/unary.h"

namespace firstline::api {

class CommandsStream;

// The streams of a server. They delete themselves; a drained one must be left by its streams before
// it is destroyed, which the server's shutdown waits for.
//
// Threads: any.
class CommandsStreams {
 public:
  // `deps` must outlive it.
  explicit CommandsStreams(const Deps& deps) : deps_(deps) {}

  // Reads batches, submits each command, and writes answers as they come, in order within each
  // workspace, as many as are ready in one message. At limits::kStreamCommandsMax unanswered
  // commands it stops reading until half of them are answered.
  grpc::ServerBidiReactor<v1::CommandsRequest, v1::CommandsResponse>* Start(rpc::MethodName name);
  // Every stream, also one that comes later, takes nothing more and ends with UNAVAILABLE /
  // SHUTTING_DOWN once what it has taken is answered.
  void Drain();

 private:
  friend class CommandsStream;
  void Remove(CommandsStream* stream);

  const Deps& deps_;
  sync::Mutex mutex_;
  std::unordered_set<CommandsStream*> open_ FIRSTLINE_GUARDED_BY(mutex_);
  bool draining_ FIRSTLINE_GUARDED_BY(mutex_) = false;
};

}  // namespace firstline::api
