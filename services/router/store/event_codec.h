// The engine's events as firstline.v1.Event, which is what the stream holds and watchers get.
//
// Handles are resolved through the engine, so encode before its next Apply or Tick. What an event
// does not carry itself (the spec of an inquiry, a queue's targets) is taken from the engine as it
// stands after the command: where a command moved an inquiry twice, the earlier event shows the
// final step and times, and folding all of them gives the final state all the same.
//
// Threads: pure functions of an engine that does not change meanwhile.
#pragma once

#include <vector>

#include "firstline/v1/event.pb.h"
#include "services/router/engine/engine.h"
#include "services/router/store/port.h"

namespace firstline::store {

// Fills `out`, which is empty.
void WriteEvent(const engine::Engine& engine, const engine::Event& event, EventId id,
                v1::Event* out);

// All of engine.events(), with ids first, first + 1, ...
std::vector<EventEntry> EncodeEvents(const engine::Engine& engine, EventId first);

}  // namespace firstline::store
