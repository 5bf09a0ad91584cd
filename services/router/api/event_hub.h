// The history of workspaces for everybody on this pod who follows it: one tail a workspace,
// whatever the number of watchers.
//
// Two kinds of subscribers. A reader follows all events from a cursor; what it has not taken stays
// in the store, so that a slow one costs nothing. A follower is told the events of some agents as
// they happen; it has a bounded backlog here, and when that is full, or history was rewound, it is
// told that it lost some and has to look at the present state again.
//
//   EventHub hub(log, interval);
//   hub.OpenReader(id, {.workspace = "acme", .cursor = ...}, [](EventHub::Batch batch) { ... });
//   hub.Next(id);     // one batch for each Next
//
// Threads: functions from any thread; callbacks on the hub's own, which is the only user of the
// log. They must not block. After Close returns a callback may still be under way.
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "absl/status/status.h"
#include "common/sync/bounded_inbox.h"
#include "common/sync/owned_thread.h"
#include "firstline/v1/event.pb.h"
#include "services/router/store/port.h"

namespace firstline::api {

class EventHub {
 public:
  using Id = uint64_t;  // chosen by the caller, unique among open subscribers
  struct Event {
    store::EventId id;
    v1::Event event;
  };
  using SharedEvent = std::shared_ptr<const Event>;
  // What answers one Next. Without events: nothing came for limits::kHeartbeat, and `cursor` is how
  // far history has been looked through.
  struct Batch {
    absl::Status status;  // not OK: the last one; CURSOR_REWOUND, CURSOR_EXPIRED
    std::vector<SharedEvent> events;
    store::EventId cursor;
    bool lost = false;  // followers: events are missing before these
  };
  using Deliver = std::function<void(Batch)>;
  using Filter = std::function<bool(const v1::Event&)>;  // on the hub's thread

  struct ReaderOptions {
    std::string workspace;
    std::optional<store::EventId> cursor;  // none: from now on; {0,0}: from the oldest retained
    Filter filter;                         // empty: everything
    // Not empty: of the events that `filter` lets pass, only those of this inquiry, and
    // OwnerChanged. Such a reader costs nothing while others have the events.
    std::string inquiry;
  };

  // `log` must outlive it. `interval`: how often the store is asked when nobody wakes the hub.
  EventHub(store::EventLog& log, std::chrono::milliseconds interval);
  ~EventHub();
  EventHub(const EventHub&) = delete;
  EventHub& operator=(const EventHub&) = delete;

  void OpenReader(Id id, ReaderOptions options, Deliver deliver);
  void OpenFollower(Id id, std::string workspace, Deliver deliver);
  // Every event about these agents that is committed after `done` was called will be delivered.
  void AddAgents(Id id, std::vector<std::string> agents, std::function<void()> done);
  void RemoveAgents(Id id, std::vector<std::string> agents);
  // Asks for one batch; a second Next before it came changes nothing.
  void Next(Id id);
  // For followers: a batch also comes, if need be without events, as soon as history was looked
  // through up to `cursor`, once.
  void Await(Id id, store::EventId cursor);
  void Close(Id id);

  // Something was committed somewhere: look at once.
  void Wake();
  // No callback runs afterwards. Idempotent.
  void Stop();

 private:
  struct Tail;
  struct Subscriber {
    Id id = 0;
    std::string workspace;
    Deliver deliver;
    bool wanted = false;
    std::chrono::steady_clock::time_point wanted_since;
    bool follower = false;
    // Readers.
    std::optional<store::EventId> cursor;
    bool checked = false;  // the cursor is known to be on the present lineage
    // Has looked through everything the tail has: the cursor is the tail's last event, whatever
    // stands in `cursor`.
    bool caught_up = false;
    Filter filter;
    std::string inquiry;
    // Followers.
    std::unordered_set<std::string> agents;
    std::deque<SharedEvent> backlog;
    bool lost = false;
    std::optional<store::EventId> awaited;
  };
  struct Tail {
    std::optional<store::EventId> last;  // none until the store said so
    store::EventId base;                 // the event before recent.front()
    std::deque<SharedEvent> recent;
    std::unordered_map<std::string, std::unordered_set<Subscriber*>> by_agent;
    std::unordered_map<std::string, std::unordered_set<Subscriber*>> by_inquiry;
    std::unordered_set<Subscriber*> of_everything;  // readers that every event may concern
    std::map<Id, Subscriber*> subscribers;
    // Those for whom there may be something, and who want it. Others are not looked at: they may be
    // thousands.
    std::map<Id, Subscriber*> awake;
  };
  using Task = std::function<void()>;

  void Post(Task task);
  void Run();
  void Open(Id id, std::unique_ptr<Subscriber> subscriber);
  void Forget(Id id);
  bool Follow(const std::string& workspace, Tail& tail);
  void NoteUnseen(Tail& tail);
  void Append(Tail& tail, std::vector<store::EventEntry> entries);
  void Spread(Tail& tail, const SharedEvent& event);
  void SpreadToFollowers(Tail& tail, const SharedEvent& event);
  static void Awaken(Tail& tail, Subscriber& subscriber);
  static bool Reached(const Subscriber& follower, const Tail& tail);
  static void AwakenReader(Tail& tail, Subscriber& reader);
  void AwakenForBeats();
  bool ServeAwake(Tail& tail);
  void Rewind(Tail& tail, const store::EventPage& page);
  bool Serve(Subscriber& subscriber, Tail& tail);
  bool ServeReader(Subscriber& reader, Tail& tail, Batch& batch);
  bool ReadHistory(Subscriber& reader, Batch& batch);
  void ServeFollower(Subscriber& follower, Tail& tail, Batch& batch);

  store::EventLog& log_;
  const std::chrono::milliseconds interval_;
  std::unordered_map<Id, std::unique_ptr<Subscriber>> subscribers_;  // hub thread
  std::map<std::string, Tail> tails_;                                // hub thread
  // When whom to look at because of a heartbeat, ascending; one for each Next. Hub thread.
  std::deque<std::pair<std::chrono::steady_clock::time_point, Id>> beats_;
  std::atomic<bool> woken_{true};  // Wake has nothing to do
  sync::BoundedInbox<Task> inbox_;
  sync::OwnedThread thread_;
};

}  // namespace firstline::api
