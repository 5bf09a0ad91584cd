// Who is told what the runtime does: telemetry, and the simulator's checks.
//
// Threads: every function is called on the thread that drives the pod (the loop's). They must not
// call back into the pod and must not block.
#pragma once

#include <cstddef>
#include <cstdint>

#include "services/router/engine/engine.h"
#include "services/router/runtime/boot_time.h"
#include "services/router/runtime/call.h"

namespace firstline::runtime {

// One batch, as committed.
struct CommitFigures {
  size_t commands = 0;  // calls applied in it, rejected ones and reads included
  size_t events = 0;
  size_t bytes = 0;     // keys and values of the batch
  Span latency;         // from the first sending to the confirmation
};

enum class Incident : uint8_t {
  kFenced,           // another pod's token, or none, was found: memory dropped or ownership retaken
  kRefused,          // the store would not take a batch now
  kDoubted,          // no reply to a batch: it was resent
  kReplayed,         // the store was behind; recent batches were replayed
  kRebuilt,          // the store was too far behind; the whole state was written anew
  kReloaded,         // a batch could never be stored: memory was thrown away and read back
  kLapsed,           // the lease ran out before a renewal was confirmed
  kAcquired,         // ownership taken
  kReleased,         // ownership given up in order
  kQuarantined,      // a stored record could not be read
  kStateRefused,     // the state is of a newer format, or has no readable configuration
  kShed,             // a call was turned away for overload
  kNotReplicated,    // a batch is stored on fewer replicas than was asked for; its answers say so
};
inline constexpr int kIncidentCount = 13;

class Observer {
 public:
  virtual ~Observer() = default;
  // A state was read from the store, or begun empty; before its first Applied.
  virtual void Loaded(const WorkspaceId&, const engine::Engine&) {}
  // Right after each Apply or Tick that made events; engine.events() holds just those. They belong
  // to the batch that is sealed next.
  virtual void Applied(const WorkspaceId&, const engine::Engine&) {}
  // Everything applied so far is now in a batch that was sent, or waits to be.
  virtual void Sealed(const WorkspaceId&) {}
  // The oldest sealed batch that was not yet committed is confirmed. A rebuild confirms everything
  // applied before it was sealed: one call for each Sealed all the same.
  virtual void Committed(const WorkspaceId&, const engine::Engine&, const CommitFigures&) {}
  // The memory is dropped: what was applied and not committed is void, gauges of the workspace go.
  virtual void Dropped(const WorkspaceId&) {}
  // A submission was refused: applied to this state it would have changed nothing. At once, not with a
  // commit: it leaves nothing to be committed.
  virtual void Refused(const WorkspaceId&, const engine::Engine&, const engine::Submit&,
                       const engine::Outcome&) {}
  // Ownership was released for the pod at `successor` to take it.
  virtual void HandedOver(const WorkspaceId& /*workspace*/, const std::string& /*successor*/) {}
  virtual void Count(const WorkspaceId&, Incident) {}
};

}  // namespace firstline::runtime
