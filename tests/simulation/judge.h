// What must never happen, watched from outside: from what reached the store, what callers were told,
// and the event stream. Knows nothing of pods.
//
// The first violation is kept; the run stops there.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "services/router/store/memory_store.h"
#include "tests/simulation/history.h"

namespace firstline::simulation {

using store::EventId;
using store::WorkspaceId;

class Judge {
 public:
  const std::string& violation() const { return violation_; }
  void Fail(std::string what) {
    if (violation_.empty()) violation_ = std::move(what);
  }

  // ---- The store's side ----
  // A commit was taken: `held` is the token the store held before, `unix_us` the true time. Rules
  // 4.1, 4.5 and 4.9.
  void OnCommitTaken(const store::Commit& commit, const store::Token& held, int64_t unix_us);
  // A commit arrived, taken or not: a resend must be byte-identical.
  void OnCommitSeen(const store::Commit& commit);
  // Rule 4.1: an epoch is never issued twice.
  void OnAcquired(const WorkspaceId& workspace, const store::Token& token);
  void OnRebuilt(const store::Rebuild& rebuild);
  // The store lost events: after < id <= until. Without `excused` the living owner has to bring
  // everything back.
  void OnLost(const WorkspaceId& workspace, EventId after, EventId until, bool excused);
  // A store's clock is that fast, from now on.
  void OnStoreClock(int64_t fast_us) { fast_us_ = std::max(fast_us_, fast_us); }
  // The owner that would bring it back died or may have.
  void Excuse(const WorkspaceId& workspace);

  // An acquisition was rolled back: for up to a lease its owner and whoever takes the older record
  // both believe, and what one acknowledges the other does not see. Their commits stay fenced.
  void AllowTwoOwners(bool allow) {
    two_owners_ += allow ? 1 : -1;
    was_two_owners_ = true;
  }
  bool two_owners() const { return two_owners_ > 0; }
  // No state was lost so far, nor were there two owners: what clients saw is one order of events.
  bool IsWhole(const WorkspaceId& workspace) const;

  // ---- The callers' side ----
  // A call came from another pod, which was the `hops`th to send it on. Rule 4.12.
  void OnForwarded(int hops) {
    if (hops > 1) Fail("a forwarded call was forwarded again");
  }
  // A command that records this message was turned away for good: what was sent after it may be
  // applied before its repeat.
  void OnFailed(const std::string& message_id) {
    if (!message_id.empty()) failed_.insert(message_id);
  }
  // An answer left a pod. Rule 4.6: not before the commit of what it saw.
  void OnAnswer(const WorkspaceId& workspace, EventId cursor);
  // The caller heard it. `asked_after` is Heard() when the call began: whatever was known then must
  // be in what this answer saw.
  void OnHeard(const WorkspaceId& workspace, EventId cursor, EventId asked_after, bool is_mutation);
  EventId Heard(const WorkspaceId& workspace) const;
  // Only a client closes a session, and none lapses that gives signs of life.
  void OnSessionLeft(const std::string& agent, const std::string& session, int64_t unix_us) {
    sessions_.left[{agent, session}] = unix_us;
  }
  void OnCloseAsked(const std::string& agent, const std::string& session) {
    sessions_.closed.insert({agent, session});
  }
  // May the acknowledged inquiry be gone?
  bool IsExcused(const WorkspaceId& workspace, EventId cursor) const;

  // ---- The history ----
  // Everything acknowledged is in it, nothing twice, every transition is legal, and folding it
  // gives `state` (a decoded copy of the store's records).
  void CheckHistory(const WorkspaceId& workspace, const std::vector<store::EventEntry>& events,
                    const store::State& state);
  // Newest event before which the history says that some are missing; {0,0}: none.
  static EventId GapIn(const std::vector<store::EventEntry>& events);
  // Who went by cursor has what `events` says, byte by byte.
  void CheckFollowed(const WorkspaceId& workspace, const std::vector<store::EventEntry>& followed,
                     const std::vector<store::EventEntry>& events);
  // The history said itself that events are missing (the state is not).
  bool gap() const { return gap_; }

 private:
  struct Range {
    EventId after, until;  // lost: after < id <= until
  };
  void CheckTime(const store::Batch& batch, int64_t unix_us);
  // Commands that a client sent one after the other are in the history in that order.
  void CheckStreams(const WorkspaceId& name, const std::vector<store::EventEntry>& events);

  struct Workspace {
    EventId high;                    // newest event ever committed
    EventId heard;                   // newest cursor any caller was told
    std::set<uint64_t> epochs;       // issued
    std::set<EventId> acknowledged;  // cursors of acknowledged mutations
    std::vector<Range> pending;      // rolled back, to be restored
    std::vector<Range> excused;
    std::map<std::pair<uint64_t, uint64_t>, store::Batch> batches;  // by epoch and base sequence
  };
  std::string violation_;
  int64_t fast_us_ = 0;
  bool was_two_owners_ = false;
  bool gap_ = false;
  int two_owners_ = 0;
  std::map<WorkspaceId, Workspace> workspaces_;
  SessionsEnded sessions_;
  std::set<std::string> failed_;  // messages
};

}  // namespace firstline::simulation
