// What callers ask of a workspace and what they are told, as plain data. A call gets exactly one
// answer, under the ticket it came with.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "services/router/engine/command.h"
#include "services/router/engine/engine.h"
#include "services/router/engine/rejection.h"
#include "services/router/engine/types.h"
#include "services/router/runtime/boot_time.h"
#include "services/router/store/port.h"

namespace firstline::runtime {

using store::WorkspaceId;
using Ticket = uint64_t;  // chosen by the caller, unique among its open calls

// Reads the state after every command before it. Must not keep references. Runs on the loop thread:
// keep it short.
using Query = std::function<void(const engine::Engine&)>;
// Driven clock only: workspace time becomes `to`. Answered when everything due by then was applied
// and committed. Earlier than the present: rejected (kInvalidField "to").
struct AdvanceTime {
  engine::Time to;
};
// Removes the workspace with all it holds. `etag` as in ApplyConfig. Without `force` a workspace
// with open inquiries is rejected (kQueueInUse).
struct DropWorkspace {
  std::string etag;
  bool force = false;
};
using CallBody = std::variant<engine::Command, Query, AdvanceTime, DropWorkspace>;

struct Call {
  Ticket ticket = 0;
  WorkspaceId workspace;
  BootTime deadline = kNeverBoot;  // not begun after this: the caller has gone
  CallBody body;
  bool create_if_missing = false;  // ApplyConfig that may begin a workspace
  uint64_t epoch = 0;  // a command that only an owner of this epoch may apply; 0: any. See Done::epoch
  // Commands of one workspace with the same number keep their order wherever one of them has to wait on
  // its way here (api/classifying_backend.h); 0: needs no such order. The runtime keeps that of Submit.
  uint64_t lane = 0;
};

// The commit that contains what was seen is confirmed. For queries `outcome` is ok and empty.
// `cursor`: the command's last event, or the last event of the state seen when it made none;
// {0,0} without any.
struct Done {
  engine::Outcome outcome;  // applied or rejected
  store::EventId cursor;
  engine::Time time = {};  // of a query: workspace time; the state's own may be older
  // Of a command: the owner's that applied it. Whoever sends the commands that follow it with this
  // epoch can be sure that none of them is applied by an owner that turned an earlier one away.
  uint64_t epoch = 0;
};
// Another pod owns the workspace, or this one does under another epoch than the call asks for.
struct NotOwner {
  std::string address;  // "" when it is not known
};
// There is none, or it was never configured.
struct UnknownWorkspace {};
enum class UnavailableReason : uint8_t {
  kStarting,      // who owns it is not known yet, or its owner is gone and its lease runs out
  kStore,         // the store cannot be reached or does not take writes
  kLapsed,        // the lease ran out before the commit was confirmed: it may have been applied
  kNewerFormat,   // the state was written by a newer version: this one will not open it
  kBroken,        // the state cannot be opened or committed
  kShuttingDown,  // nothing was done
  kNotReplicated, // applied and committed, on fewer replicas than was asked for: a repeat tells the
                  // outcome
};
std::string_view ToString(UnavailableReason reason);  // "kStarting" -> "STARTING"
// A retry is right: commands are idempotent by their ids. After kLapsed, kBroken and NotOwner the
// command may have been applied, after kNotReplicated it was, after the others it was not.
struct Unavailable {
  UnavailableReason reason = UnavailableReason::kStarting;
  Span retry_after;
};
// A bound of this pod was reached; nothing was done.
struct Overloaded {
  Span retry_after;
};
struct ClockNotDriven {};    // AdvanceTime on a pod whose workspaces follow real time
struct DeadlinePassed {};    // nothing was done

using Answer = std::variant<Done, NotOwner, UnknownWorkspace, Unavailable, Overloaded,
                            ClockNotDriven, DeadlinePassed>;

// A call on its way and who is told the answer, once.
struct Submission {
  Call call;
  std::function<void(Answer)> done;
};

struct TicketAnswer {
  Ticket ticket = 0;
  Answer answer;
};

// An agent's session somebody vouches for.
struct SessionRef {
  std::string agent_id;
  std::string session_id;
};

}  // namespace firstline::runtime
