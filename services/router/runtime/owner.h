// One workspace as this pod sees it: watching its owner, or being it.
//
//   kObserving -> kAcquiring -> kLoading -> kActive <-> kRestoring
//       ^------------ lapsed, fenced, released -----------'
//
// While observing, calls are referred to the owner. An owner applies calls in memory at once, gathers
// what they changed, and commits it batch by batch; an answer leaves when the batch that holds the
// state it saw is confirmed. kRestoring: the store is behind this owner's memory and is being put
// right; calls go on, their answers wait.
//
// Threads: one. Deterministic. Used by Pod only.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "services/router/engine/engine.h"
#include "services/router/runtime/admission.h"
#include "services/router/runtime/boot_time.h"
#include "services/router/runtime/call.h"
#include "services/router/runtime/codec_port.h"
#include "services/router/runtime/committer.h"
#include "services/router/runtime/lease.h"
#include "services/router/runtime/observer.h"
#include "services/router/runtime/options.h"
#include "services/router/runtime/restore.h"
#include "services/router/runtime/sessions.h"
#include "services/router/runtime/workspace_time.h"
#include "services/router/store/port.h"

namespace firstline::runtime {

enum class Phase : uint8_t {
  kObserving,
  kAcquiring,
  kLoading,
  kActive,
  kRestoring,
  kDropping,  // the workspace is being removed
  kEnded,     // given up for good, or gone
};
std::string_view ToString(Phase phase);  // "kActive" -> "ACTIVE"

// Where an owner's outputs go.
class Outbox {
 public:
  virtual ~Outbox() = default;
  // Sends a request; the reply comes to OnReply under the id returned, which is never 0.
  virtual uint64_t Send(const WorkspaceId& workspace, store::Request request) = 0;
  // `valid_until`: an answer not given by then turns into Unavailable{kLapsed}.
  virtual void Give(Ticket ticket, Answer answer, BootTime valid_until) = 0;
  virtual uint64_t Random() = 0;
};

class Owner {
 public:
  // Begins to observe at the first Advance. The references must outlive the owner.
  Owner(WorkspaceId workspace, const PodOptions& options, const Codec& codec, Observer& observer,
        Outbox& outbox);

  void Submit(Call call, BootTime now);
  void Beat(const std::vector<SessionRef>& sessions, BootTime now);
  void OnReply(uint64_t id, store::Reply reply, BootTime sent, BootTime received);
  void Advance(BootTime now);
  // Finishes what is open, releases, ends.
  void Shutdown(BootTime now);

  BootTime NextWake() const;
  Phase phase() const { return phase_; }
  // Nobody is known to own it, no call waits: the pod may forget it.
  bool Idle() const;
  size_t open_calls() const { return open_calls_; }
  std::string owner_address() const;
  const engine::Engine* engine() const { return engine_.get(); }

 private:
  struct Queued {
    Call call;
    engine::Time stamp;  // unset until there is a workspace time
    BootTime arrival;
  };
  // Requests under way; 0: none. A reply to any other id is out of date.
  struct Asked {
    uint64_t observe = 0;
    uint64_t acquire = 0;
    uint64_t load = 0;
    uint64_t renew = 0;
    uint64_t commit = 0;  // or rebuild
    uint64_t drop = 0;
    uint64_t release = 0;
    std::set<uint64_t> replays;
  };

  // ---- Becoming an owner (owner_ownership.cc) ----
  void Observe(BootTime now);
  void OnObserved(const store::Reply& reply, BootTime sent, BootTime received);
  void ConsiderAcquiring(BootTime now);
  void Acquire(BootTime now);
  void OnAcquired(const store::Reply& reply, BootTime sent, BootTime received);
  void Own(const store::OwnershipRecord& record, BootTime received);
  void Load(BootTime now);
  void OnLoaded(store::Reply& reply, BootTime now);
  void Activate(const store::State& state, BootTime now);
  void DecodeState(const store::State& state, Decoded& decoded);
  void BeginTerm(const store::EventId& previous, BootTime now);
  Span Outage(BootTime now);
  void RefuseState(UnavailableReason reason, BootTime now);
  void Renew(BootTime now);
  void OnRenewed(const store::Reply& reply, BootTime sent, BootTime received);
  void OnFenced(const std::optional<store::OwnershipRecord>& record, BootTime sent,
                BootTime now);
  void DropMemory(const Answer& answer, BootTime now);
  void Release(BootTime now);
  void OnReleased(const store::Reply& reply, BootTime now);
  Span ObserverWait() const;

  // ---- Calls (owner.cc) ----
  std::optional<Answer> Refusal(const Call& call, BootTime now);
  std::optional<Answer> RefusalWhileObserving(const Call& call, BootTime now) const;
  void Enqueue(Call call, BootTime now);
  void Pump(BootTime now);
  bool ApplyHead(BootTime now);
  bool ApplyAdvanceTime(const AdvanceTime& advance, Ticket ticket);
  void ApplyCommand(engine::Command& command, Ticket ticket, BootTime now);
  void ApplyDrop(const DropWorkspace& drop, Ticket ticket);
  void ApplyOwn(engine::Body body);
  void NoteSessions(const engine::Command& command, const engine::Outcome& outcome, BootTime now);
  void LapseSessions(BootTime now);
  bool TickBefore(engine::Time time);
  void TakeEvents();
  void AnswerAfterCommit(Ticket ticket, Answer answer);
  void Give(Ticket ticket, Answer answer);
  void GiveAll(std::vector<TicketAnswer>& answers);
  void Reply(Ticket ticket, Answer answer);  // needs no state
  void FlushQueue(const Answer& answer);
  void FlushOverdue(BootTime now);
  bool Owning() const;
  bool Stalled(BootTime now) const;
  bool Full() const;
  engine::Time WorkspaceNow(BootTime now);

  // ---- Batches (owner_commit.cc) ----
  void Close(BootTime now);
  void SendClosed(BootTime now);
  void OnCommitted(const store::Reply& reply, BootTime sent, BootTime now);
  void Confirm(BootTime now);
  void EndStall(BootTime now);
  void Retry(BootTime now);
  void Reload(BootTime now);
  void Restore(Standing standing, const store::OwnershipRecord& record, BootTime now);
  void Replay(BootTime now);
  void OnReplayed(uint64_t id, const store::Reply& reply, BootTime sent, BootTime now);
  void Rebuild(uint64_t stored_sequence, uint64_t stored_generation, BootTime now);
  void FinishRestore(BootTime now);
  void StartDrop(BootTime now);
  void OnDropped(const store::Reply& reply, BootTime now);

  const WorkspaceId workspace_;
  const PodOptions& options_;
  const Codec& codec_;
  Observer& observer_;
  Outbox& outbox_;

  Phase phase_ = Phase::kObserving;
  bool shutdown_ = false;
  Asked asked_;
  size_t open_calls_ = 0;
  std::deque<Queued> queue_;

  // Observing.
  Sighting sighting_;
  bool store_failed_ = false;         // the last observation did not get through
  bool wanted_ = false;               // a call waits that may begin the workspace
  BootTime next_observe_{};
  uint64_t highest_sequence_ = 0;     // ever seen stored: a lower one means that a tail was lost
  BootTime refused_until_{};          // the state was refused: not opened again before
  UnavailableReason refused_reason_ = UnavailableReason::kBroken;

  // Acquiring and owning.
  Lease lease_;
  std::optional<store::OwnershipRecord> taking_;  // what the acquisition expects to find
  uint64_t taking_nonce_ = 0;
  BootTime taking_since_{};           // first sent: the lease counts from here
  BootTime next_try_{};               // of the acquisition, load, commit or replay that failed
  store::Token token_;
  bool began_here_ = false;           // there was no record: this owner made the workspace
  BootTime next_renew_{};
  uint64_t renew_sequence_ = 0;       // confirmed when the renewal was sent
  uint64_t renew_generation_ = 0;
  StoreClock store_clock_;
  WorkspaceTime time_;

  // Owning.
  std::unique_ptr<engine::Engine> engine_;
  SessionLeases sessions_;
  std::vector<store::Put> put_aside_;
  uint64_t generation_ = 0;
  store::EventId last_event_;         // given to an event, committed or not
  Gathering gathering_;
  std::optional<Closed> closed_;
  Ring ring_;
  int failures_ = 0;                  // in a row, of what next_try_ is for
  BootTime blocked_since_ = kNeverBoot;  // something waits for the store since then
  uint64_t replay_next_ = 0;          // sequence that the next replayed batch follows
  bool reacquire_ = false;            // the ownership record was rolled back
  std::optional<std::pair<Ticket, Answer>> dropping_;
};

}  // namespace firstline::runtime
