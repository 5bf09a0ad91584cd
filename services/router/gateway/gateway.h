// Where a pod sends the work it is given for workspaces that may be owned here, by another pod, or
// by nobody for the moment. Pure: no thread, clock or connection.
//
//   Gateway gateway(options);
//   const WorkId id = gateway.Submit(work, now);       // inputs, as many as there are
//   gateway.OnEnded(attempt, ended, now);
//   gateway.Advance(now);                              // at gateway.NextWake() at the latest
//   for (const Attempt& a : gateway.TakeAttempts()) ...make it, here or at a peer...
//   for (const WorkId id : gateway.TakeGivenUp()) ...tell the caller how the last attempt ended...
//   for (const WorkspaceId& w : gateway.TakeLooks()) ...let the pod look who owns it...
//
// What is refused because ownership moved is tried again elsewhere until its deadline. Ordered work
// of a workspace is applied in the order of Submit: one attempt finds out the owner's epoch, the
// rest follow with it and without waiting; after a refusal nothing is sent before everything in
// flight has ended, because an owner of that epoch refuses all of it (runtime::Call::epoch).
// Work that came from another pod does not enter here: it is never forwarded again.
//
// Threads: one.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "services/router/runtime/boot_time.h"
#include "services/router/runtime/call.h"

namespace firstline::gateway {

using runtime::BootTime;
using runtime::Span;
using runtime::WorkspaceId;
using WorkId = uint64_t;

// Test seams, as runtime::PlantedBugs. All false in anything that runs.
struct PlantedBugs {
  bool forget_order = false;  // ordered work follows without waiting for what was sent before it
};

struct Options {
  std::string self;                                    // this pod's address, as peers know it
  Span patience = engine::Seconds(30);                 // for work without a deadline
  Span pause_min = engine::Milliseconds(2);            // before another try where nobody is known
  Span pause_max = engine::Milliseconds(200);
  Span stale_after = engine::Milliseconds(1000);       // unanswered by a peer: is it still the owner?
  PlantedBugs bugs = {};
};

struct Work {
  WorkspaceId workspace;
  bool ordered = false;  // a command; reads need no order
  BootTime deadline = runtime::kNeverBoot;
};

struct Attempt {
  WorkId id = 0;
  uint64_t number = 0;   // of the attempts of this gateway: an answer to an older one is out of date
  std::string where;     // a peer's address; "" for this pod
  uint64_t epoch = 0;    // for runtime::Call::epoch
};

struct Ended {
  enum class How : uint8_t {
    kFinal,     // answered, for good or ill: the caller may be told
    kNotThere,  // not applied: another owns the workspace, or nobody
    kLater,     // not applied: it is being taken over
  };
  How how = How::kFinal;
  uint64_t epoch = 0;       // kFinal of a command: its owner's; 0 when not told
  std::string owner;        // kNotThere: whose it is; "" when not known
  Span retry_after{};       // kLater
};

class Gateway {
 public:
  explicit Gateway(Options options) : options_(std::move(options)) {}

  // ---- Inputs ----
  WorkId Submit(const Work& work, BootTime now);
  // Once for each attempt, in any order; true when the work is over and forgotten. Attempts that are
  // out of date are ignored (false).
  bool OnEnded(WorkId id, uint64_t number, const Ended& ended, BootTime now);
  // Attempts there will not be answered; they may have been applied, which repeats recognise.
  void OnPeerLost(const std::string& address, BootTime now);
  // Who owns the workspace as this pod sees it now, the answer to a look; "" for this pod or nobody.
  void OnSeen(const WorkspaceId& workspace, const std::string& owner, BootTime now);
  void Advance(BootTime now);

  // ---- Outputs ----
  std::vector<Attempt> TakeAttempts() { return std::exchange(attempts_, {}); }
  std::vector<WorkId> TakeGivenUp() { return std::exchange(given_up_, {}); }
  // Workspaces whose ownership should be looked at, here, at once.
  std::vector<WorkspaceId> TakeLooks() { return std::exchange(looks_, {}); }
  bool has_output() const { return !attempts_.empty() || !given_up_.empty() || !looks_.empty(); }
  BootTime NextWake() const;

  // Work that is neither over nor given up.
  size_t open() const { return routes_of_.size(); }

 private:
  struct Item {
    bool ordered = false;
    BootTime deadline{};
    uint64_t attempt = 0;    // 0: waits
    std::string where;       // of the attempt
    BootTime sent{};
  };
  using Items = std::map<WorkId, Item>;
  // What is known about a workspace, and its work in the order of Submit.
  struct Route {
    std::string where;               // "" for this pod
    uint64_t epoch = 0;              // 0: not known, so that ordered work goes one by one
    Items waiting, sent;
    size_t ordered_sent = 0;
    bool settling = false;           // refused: until ordered_sent is 0
    BootTime paused_until{};
    int failures = 0;                // in a row
    int hops = 0;                    // hints followed in a row
    BootTime next_look{};
    BootTime next_deadline = runtime::kNeverBoot;  // of those waiting; may be too early
  };

  void Wait(Route& route, Items::node_type item);
  void Note(const WorkspaceId& workspace, const Route& route);
  void Refuse(const WorkspaceId& workspace, Route& route, Items::iterator item, const Ended& ended,
              BootTime now);
  void Redirect(const WorkspaceId& workspace, Route& route, const Ended& ended, BootTime now);
  void Recall(const WorkspaceId& workspace, Route& route, BootTime now);
  void Pump(Route& route, BootTime now);
  void Send(Route& route, Items::iterator item, BootTime now);
  void GiveUpOverdue(Route& route, BootTime now);
  void LookIfStale(const WorkspaceId& workspace, Route& route, BootTime now);
  bool Blocked(const Route& route, const Item& item, BootTime now) const;

  const Options options_;
  std::map<WorkspaceId, Route> routes_;
  std::set<WorkspaceId> unsettled_;                           // routes that time may change
  std::unordered_map<WorkId, WorkspaceId> routes_of_;         // looked up only
  WorkId last_id_ = 0;
  uint64_t last_attempt_ = 0;
  std::vector<Attempt> attempts_;
  std::vector<WorkId> given_up_;
  std::vector<WorkspaceId> looks_;
};

}  // namespace firstline::gateway
