// What a WatchAgents stream keeps of its agents.
//
// Threads: values, of their stream's thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "firstline/internal/v1/owner_call.pb.h"
#include "services/router/api/event_hub.h"
#include "services/router/api/limits.h"
#include "services/router/store/port.h"

namespace firstline::api {

// An agent on the stream.
struct Watched {
  // Events wait here until its snapshot is told.
  bool awaits_snapshot = true;
  // Of its last snapshot, which has everything up to here; none: it is new, and what happened before
  // its first snapshot is not told.
  std::optional<store::EventId> snapshot;
  std::vector<EventHub::SharedEvent> held;
  bool overflown = false;  // too many waited: a later snapshot is needed

  void Hold(const EventHub::SharedEvent& event) {
    if (held.size() < limits::kAgentBacklogMax) return held.push_back(event);
    held.clear();
    overflown = true;
  }
};

// Agents as the owner showed them, not told yet.
struct Looked {
  std::vector<std::string> ids;
  internal::v1::ReadAgentsResponse agents;

  store::EventId cursor() const {
    return store::ParseEventId(agents.cursor()).value_or(store::EventId{});
  }
};

}  // namespace firstline::api
