// Figures of queues as they change, across deploys and failovers.
//
//   StatsWatch watch(client, {.workspace = "acme"});
//   while (auto news = watch.Next()) {
//     if (news->kind == StatsNews::Kind::kFigures) Show(news->time, watch.queues());
//     if (news->kind == StatsNews::Kind::kBroken) Say(news->error);
//   }
//
// The router tells what changed; this object keeps the whole. Unlike a history, figures go stale
// while nobody tells them, so that a broken stream is told; the next Next() opens another one, after
// a wait that grows. Its first message replaces everything, counters that began anew with another
// owner included.
//
// Thread rule: Next() and queues() from one thread at a time; Cancel() from any. No thread of its
// own.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "common/client/client.h"
#include "firstline/v1/stats_service.pb.h"
#include "google/protobuf/timestamp.pb.h"

namespace firstline::client {

struct StatsNews {
  enum class Kind {
    kFigures,  // queues() is as of `time`, and stays so until more is told
    kBroken,   // for `error`, which will pass; queues() is as it was
    kFailed,   // for `error`, which will not pass; Next() returns nothing from now on
  };
  Kind kind = Kind::kFigures;
  google::protobuf::Timestamp time = {};  // workspace time
  Error error = {};
};

class Persistence;

class StatsWatch {
 public:
  struct Options {
    std::string workspace;
    // Empty: all.
    std::string queue = {};
    // Between two messages at least; 500 ms to 60 s.
    std::chrono::milliseconds interval = std::chrono::seconds(1);
    // A router with nothing to tell says so every 5 s or `interval`, whichever is longer. One that is
    // silent for this long beyond that has vanished: the stream is given up and counts as broken.
    std::chrono::milliseconds silence_max = std::chrono::seconds(15);
  };

  StatsWatch(const Client& client, Options options);
  // Next() must not be running.
  ~StatsWatch();
  StatsWatch(const StatsWatch&) = delete;
  StatsWatch& operator=(const StatsWatch&) = delete;

  // Waits for news. Nothing once cancelled or failed.
  std::optional<StatsNews> Next();
  // Ends Next(), now and for ever. Idempotent.
  void Cancel();

  // What was told so far, by name of queue.
  const std::map<std::string, v1::QueueStats>& queues() const { return queues_; }

 private:
  class Stream;

  // Opens a stream if there is none; false if cancelled.
  bool Open();
  StatsNews Take(v1::WatchStatsResponse& response);
  // Closes the stream and says why it ended.
  StatsNews Break();

  const std::shared_ptr<Link> link_;
  const Options options_;
  const std::unique_ptr<Persistence> persistence_;
  std::map<std::string, v1::QueueStats> queues_;
  std::unique_ptr<Stream> stream_;
  bool fresh_ = false;  // nothing was read from the stream yet
  bool failed_ = false;
  std::chrono::nanoseconds wait_{0};  // before the next stream
  Stop cancelled_;
  // Guards which stream Cancel() has to end.
  sync::Mutex mutex_;
  Stream* live_ FIRSTLINE_GUARDED_BY(mutex_) = nullptr;
};

}  // namespace firstline::client
