// The history of workspaces for everybody on this pod who follows it, without its I/O: one tail a
// workspace, whatever the number of watchers. EventHub runs it on a thread.
//
//   EventTails tails(log);
//   tails.OpenReader(id, {.workspace = "acme", .cursor = ...}, [](EventTails::Batch batch) { ... });
//   tails.Next(id, now);         // one batch for each Next
//   while (tails.Look(now)) {}   // when something was committed, and now and then
//
// The same inputs and pages give the same batches in the same order. Threads: one. Callbacks run
// inside Look, and must not call back.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "firstline/v1/event.pb.h"
#include "services/router/api/limits.h"
#include "services/router/store/port.h"

namespace firstline::api {

class EventTails {
 public:
  static constexpr std::chrono::milliseconds kGoneAgain{200};
  using Id = uint64_t;  // chosen by the caller, unique among open subscribers
  using Time = std::chrono::steady_clock::time_point;
  struct Event {
    store::EventId id;
    v1::Event event;
  };
  using SharedEvent = std::shared_ptr<const Event>;
  // What answers one Next. Without events: nothing came for limits::kHeartbeat, and `cursor` is how
  // far history has been looked through; none where the store could not tell yet where "from now
  // on" is.
  struct Batch {
    absl::Status status;  // not OK: the last one; CURSOR_REWOUND, CURSOR_EXPIRED
    std::vector<SharedEvent> events;
    std::optional<store::EventId> cursor;
    bool lost = false;  // followers: events are missing before these
    std::optional<store::EventId> reached;  // followers: what was awaited, which is there
  };
  using Deliver = std::function<void(Batch)>;
  using Filter = std::function<bool(const v1::Event&)>;

  struct ReaderOptions {
    std::string workspace;
    std::optional<store::EventId> cursor;  // none: from now on; {0,0}: from the oldest retained
    Filter filter;                         // empty: everything
    // Not empty: of the events that `filter` lets pass, only those of this inquiry, and
    // OwnerChanged. Such a reader costs nothing while others have the events.
    std::string inquiry;
  };

  // Test seams: each breaks one rule at the one place that keeps it, so that the simulator can be
  // shown to find it. All false in anything that runs.
  struct PlantedBugs {
    bool skip_at_switch = false;   // who has read history goes on at the tail's end, not where it is
    bool ignore_rewind = false;    // readers are not made to look whether history was taken back
    bool conceal_lost = false;     // followers are not told that events are missing
    bool forget_owner_changed = false;  // readers of one inquiry sleep through it
  };
  // The defaults are what is run.
  struct Options {
    size_t page = 512;  // events, of one look at the store for a tail
    size_t message = limits::kEventsPerMessageMax;
    size_t recent = limits::kRecentEventsMax;
    size_t backlog = limits::kAgentBacklogMax;
    PlantedBugs bugs = {};
  };

  // `log` must outlive it.
  explicit EventTails(store::EventLog& log) : EventTails(log, Options()) {}
  EventTails(store::EventLog& log, Options options) : log_(log), options_(options) {}
  EventTails(const EventTails&) = delete;
  EventTails& operator=(const EventTails&) = delete;

  void OpenReader(Id id, ReaderOptions options, Deliver deliver);
  void OpenFollower(Id id, std::string workspace, Deliver deliver);
  // Every event about these agents that is committed from now on will be delivered. False when
  // there is no such follower any more.
  bool AddAgents(Id id, const std::vector<std::string>& agents);
  void RemoveAgents(Id id, const std::vector<std::string>& agents);
  // Asks for one batch; a second Next before it came changes nothing.
  void Next(Id id, Time now);
  // For followers: a batch also comes, if need be without events, as soon as history was looked
  // through up to `cursor`, an event that was committed; once. Where that event is not on the history
  // that is read here, the batch is `lost`, at most each kGoneAgain: whoever named it is the owner on
  // another one, or it was taken back.
  void Await(Id id, store::EventId cursor);
  void Close(Id id);

  // Reads what is new and delivers it. True when there may be more at once.
  bool Look(Time now);
  bool empty() const { return tails_.empty(); }  // nobody watches

 private:
  struct Subscriber {
    Id id = 0;
    std::string workspace;
    Deliver deliver;
    bool wanted = false;
    Time wanted_since;
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
    Time gone_until;  // until then it is not asked again whether `awaited` is there
  };
  enum class Place : uint8_t { kThere, kNotYet, kGone };
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

  Subscriber* Find(Id id);
  void Open(Id id, std::unique_ptr<Subscriber> subscriber);
  bool Follow(const std::string& workspace, Tail& tail);
  bool Begin(const std::string& workspace, Tail& tail);
  void NoteUnseen(Tail& tail);
  void Append(Tail& tail, std::vector<store::EventEntry> entries);
  void Spread(Tail& tail, const SharedEvent& event);
  void SpreadToFollowers(Tail& tail, const SharedEvent& event);
  static void Awaken(Tail& tail, Subscriber& subscriber);
  Place PlaceOf(const std::string& workspace, store::EventId cursor, const Tail& tail);
  // Tells in `batch` what became of what is awaited. False where nothing is to be told yet.
  bool LookForAwaited(Subscriber& follower, const Tail& tail, Time now, Batch& batch);
  static void AwakenReader(Tail& tail, Subscriber& reader);
  void AwakenForBeats(Time now);
  bool ServeAwake(Tail& tail, Time now);
  void Rewind(Tail& tail);
  bool Serve(Subscriber& subscriber, Tail& tail, Time now);
  bool ServeReader(Subscriber& reader, Tail& tail, Batch& batch);
  bool ReadHistory(Subscriber& reader, const Tail& tail, Batch& batch);
  void ServeFollower(Subscriber& follower, Tail& tail, Batch& batch);

  store::EventLog& log_;
  const Options options_;
  std::unordered_map<Id, std::unique_ptr<Subscriber>> subscribers_;
  std::map<std::string, Tail> tails_;
  // When whom to look at because of a heartbeat, ascending; one for each Next.
  std::deque<std::pair<Time, Id>> beats_;
};

}  // namespace firstline::api
