// The history of a workspace and everything that happens from then on, across deploys and
// failovers.
//
//   Subscription events(client, {.workspace = "acme", .cursor = saved});
//   while (auto news = events.Next()) {
//     if (news->kind == News::Kind::kEvents) Handle(news->events);
//     Save(news->cursor);
//   }
//
// A broken stream is opened again from where it was, without a word. Events are passed on in order
// and once each, as far as this object can know: whoever saves the cursor after handling may see
// the last ones again after a crash of its own.
//
// Two breaks cannot be hidden and are told:
//  - kRewound: the store failed together with the owner, and what this object told after `cursor`
//    never happened, or is told again. Undo what was derived from later events. May come several
//    times in a row, with smaller cursors.
//  - kExpired: events between the cursor given and `cursor` are no longer retained. Read the
//    present state with ListInquiries and ListAgents.
// The next Next() goes on from `cursor`.
//
// How far to go back this object knows from what it has read (common/client/trail.h). Where it
// began at a cursor whose owner's epoch is gone, nobody knows: it goes back to the oldest retained
// event, with kRewound.
//
// Thread rule: Next() from one thread at a time; Cancel() from any. No thread of its own.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/client/client.h"
#include "common/client/trail.h"
#include "firstline/v1/event.pb.h"

namespace firstline::client {

struct News {
  enum class Kind {
    kEvents,   // `events`, maybe none: then everything up to `cursor` was filtered out
    kRewound,  // history after `cursor` was taken back
    kExpired,  // history before `cursor` is gone
    kFailed,   // `error` will not pass; Next() returns nothing from now on
  };
  Kind kind = Kind::kEvents;
  std::vector<v1::Event> events = {};
  // From here to resume.
  std::string cursor = {};
  Error error = {};
};

class Persistence;

class Subscription {
 public:
  struct Options {
    std::string workspace;
    // The last cursor seen; empty: from now on; "0-0": from the oldest retained. To miss nothing
    // after a mutation, start with its receipt's `event_cursor`.
    std::string cursor = {};
    // As in WatchEventsRequest.
    std::vector<v1::EventKind> kinds = {};
    std::string inquiry_id = {};
    std::string queue = {};
    // The router is silent for 5 s at most; after this long the stream is given up and resumed.
    std::chrono::milliseconds silence_max = std::chrono::seconds(20);
  };

  Subscription(const Client& client, Options options);
  // Next() must not be running.
  ~Subscription();
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;

  // Waits for news. Nothing once cancelled or failed.
  std::optional<News> Next();
  // Ends Next(), now and for ever. Idempotent.
  void Cancel();

  // Where the next stream would begin.
  const std::string& cursor() const { return cursor_; }
  // Streams opened so far.
  int streams_opened() const { return streams_opened_; }

 private:
  class Stream;

  // Opens a stream if there is none; false if cancelled.
  bool Open();
  // What one message brings; nothing if it holds only what was seen.
  std::optional<News> Take(v1::WatchEventsResponse& response);
  void Advance(const std::string& cursor);
  // What the end of a stream means; nothing if it is to be opened again.
  std::optional<News> End(const Error& error);

  const std::shared_ptr<Link> link_;
  Options options_;
  std::string cursor_;
  Trail trail_;
  const std::unique_ptr<Persistence> persistence_;
  std::unique_ptr<Stream> stream_;
  Stop cancelled_;
  bool failed_ = false;
  int streams_opened_ = 0;
  // Guards which stream Cancel() has to end.
  sync::Mutex mutex_;
  Stream* live_ FIRSTLINE_GUARDED_BY(mutex_) = nullptr;
};

}  // namespace firstline::client
