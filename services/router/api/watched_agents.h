// What a WatchAgents stream keeps of its agents, and how far it has told all of them everything.
//
// Threads: values, of their stream's thread.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "services/router/api/event_tails.h"
#include "services/router/api/limits.h"
#include "services/router/store/port.h"

namespace firstline::api {

// An agent on the stream.
struct Watched {
  // Events wait here until its snapshot is told.
  bool awaits_snapshot = true;
  // Of its last snapshot, which has everything up to here; none: it is new, and what happened
  // before its first snapshot is not told.
  std::optional<store::EventId> snapshot;
  std::vector<EventTails::SharedEvent> held;
  bool overflown = false;  // too many waited: a later snapshot is needed

  void Hold(const EventTails::SharedEvent& event) {
    if (held.size() < limits::kAgentBacklogMax) return held.push_back(event);
    held.clear();
    overflown = true;
  }
};

class WatchedAgents {
 public:
  using Agents = std::map<std::string, Watched>;

  bool empty() const { return agents_.empty(); }
  size_t size() const { return agents_.size(); }
  const Agents& all() const { return agents_; }
  // Null if it is not on the stream.
  Watched* Find(const std::string& agent_id);

  // Puts it on the stream, if it is not, to be shown, or shown again. What waits behind a snapshot
  // that is under way stays: it is newer than that snapshot.
  void Await(const std::string& agent_id);
  // All are to be shown again. `forget`: nothing they were told of counts.
  void AwaitAll(bool forget);
  // Some of those who are to be shown, `max` at most.
  std::vector<std::string> Awaiting(size_t max) const;
  // Adds what it held to `before`, as far as it was promised, and to `after` a snapshot that has
  // everything up to `cursor`. Nothing for who is not on the stream.
  using Events = std::vector<EventTails::SharedEvent>;
  void Show(const std::string& agent_id, store::EventId cursor, Events& before, Events& after);
  // False if it was not on the stream.
  bool Remove(const std::string& agent_id);

  // An event that is passed on, not held; and up to where the hub has told everything.
  void Pass(store::EventId id);
  void Hear(store::EventId cursor);
  // Up to here everything about everybody is told, or on its way out; {0,0}: nothing is. It stays
  // where it is for as long as somebody is to be shown: that one's events are held.
  store::EventId told() const { return told_; }

 private:
  void SetAwaits(Watched& agent, bool awaits);
  void NoteAllShown();

  Agents agents_;
  size_t awaiting_ = 0;  // agents
  store::EventId heard_of_, told_;
};

}  // namespace firstline::api
