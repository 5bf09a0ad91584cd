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
#include <functional>
#include <string>
#include <vector>

#include "common/sync/bounded_inbox.h"
#include "common/sync/owned_thread.h"
#include "services/router/api/event_tails.h"
#include "services/router/store/port.h"

namespace firstline::api {

class EventHub {
 public:
  using Id = EventTails::Id;
  using Event = EventTails::Event;
  using SharedEvent = EventTails::SharedEvent;
  using Batch = EventTails::Batch;
  using Deliver = EventTails::Deliver;
  using Filter = EventTails::Filter;  // on the hub's thread
  using ReaderOptions = EventTails::ReaderOptions;

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
  // As EventTails::Await.
  void Await(Id id, store::EventId cursor);
  void Close(Id id);

  // Something was committed somewhere: look at once.
  void Wake();
  // No callback runs afterwards. Idempotent.
  void Stop();

 private:
  using Task = std::function<void()>;

  void Post(Task task);
  void Run();

  const std::chrono::milliseconds interval_;
  EventTails tails_;                // hub thread
  std::atomic<bool> woken_{true};  // Wake has nothing to do
  sync::BoundedInbox<Task> inbox_;
  sync::OwnedThread thread_;
};

}  // namespace firstline::api
