// Mutations in volume: batched on one stream a router, answered in the background.
//
//   CommandStream commands(client, {});
//   v1::Command command;
//   *command.mutable_submit_inquiry() = request;
//   commands.Send(command, [](const Result<v1::Receipt>& answer) { ... });
//   commands.Drain();
//
// Commands of one workspace are applied in the order of Send. When a stream breaks, or the
// workspace moves to another router, everything unanswered is sent again in that order with the
// request ids it had: applied once, answered once. One exception to the order is the router's own:
// a command that it refuses for now (RESOURCE_EXHAUSTED, UNAVAILABLE) is repeated, and those behind
// it that were on their way may have been taken. Where one must not pass the other, await the first
// answer.
//
// An answer is a receipt, a refusal that will not pass, or DEADLINE_EXCEEDED (`deadline` over, may
// or may not have been applied). Every command is answered exactly once.
//
// Threads: one that looks after time, and two for each router in use; answers are given on one of
// them. All members may be called from any thread; inside an answer TrySend only.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/client/client.h"
#include "common/client/command_book.h"
#include "common/sync/owned_thread.h"

namespace firstline::client {

class CommandStream {
 public:
  struct Options {
    // How long a command may take, repetitions included.
    std::chrono::milliseconds deadline = std::chrono::seconds(15);
    // Commands that may be unanswered; the router stops reading at 4096.
    std::size_t unanswered_max = 2048;
    // Commands in one message, 1 to 64.
    std::size_t batch_max = 64;
    // False: RESOURCE_EXHAUSTED and UNAVAILABLE with a time to come back are answers, and the caller
    // decides what becomes of the command. Another owner is followed all the same.
    bool repeat_refused = true;
  };

  CommandStream(const Client& client, const Options& options);
  // What is unanswered is answered with CANCELLED; it may have been applied.
  ~CommandStream();
  CommandStream(const CommandStream&) = delete;
  CommandStream& operator=(const CommandStream&) = delete;

  // Waits while too many are unanswered. `answer` may be empty.
  void Send(v1::Command command, CommandAnswer answer);
  // False, and no effect, when too many are unanswered.
  bool TrySend(v1::Command command, CommandAnswer answer);
  // Waits until everything sent so far, and meanwhile, is answered.
  void Drain();
  std::size_t unanswered() const;

 private:
  class Connection;

  void Run();
  void Add(v1::Command command, CommandAnswer answer) FIRSTLINE_REQUIRES(mutex_);
  void ConnectReady() FIRSTLINE_REQUIRES(mutex_);
  // Takes connections that have ended out of the map; the caller destroys them without the lock.
  std::vector<std::unique_ptr<Connection>> TakeEnded() FIRSTLINE_REQUIRES(mutex_);
  void CancelSilent() FIRSTLINE_REQUIRES(mutex_);
  // Both for Connection. The next batch to `address`, waiting for one; empty: write no more.
  v1::CommandsRequest NextBatch(Connection& connection);
  void Settle(std::vector<CommandBook::Outcome> outcomes);

  const std::shared_ptr<Link> link_;
  const Options options_;

  mutable sync::Mutex mutex_;
  sync::CondVar work_;       // for writers
  sync::CondVar attention_;  // for the thread that looks after time and connections
  sync::CondVar room_;       // for Send and Drain
  CommandBook book_ FIRSTLINE_GUARDED_BY(mutex_);
  std::map<std::string, std::unique_ptr<Connection>> connections_ FIRSTLINE_GUARDED_BY(mutex_);
  std::size_t telling_ FIRSTLINE_GUARDED_BY(mutex_) = 0;  // answers being given
  bool stopping_ FIRSTLINE_GUARDED_BY(mutex_) = false;

  sync::OwnedThread thread_;
};

}  // namespace firstline::client
