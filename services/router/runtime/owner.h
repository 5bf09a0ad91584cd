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
// A lease that ran out ends the term and its memory, but not what was confirmed in it: should the
// store lack some of that, and the ring still hold it, this pod brings it back for as long as nobody
// has owned since.
//
// Giving it up: when nothing is open any more, a release is sent that the store takes only where it
// holds everything this owner knows to be confirmed. From then on no call and no timer is applied,
// because it may have been taken; the memory stays until that is known, to put right a store that is
// behind.
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
  // Somebody has reason to believe that ownership moved: looks at once instead of at the next turn.
  void Look(BootTime now);
  void OnReply(uint64_t id, store::Reply reply, BootTime sent, BootTime received);
  void Advance(BootTime now);
  // Closes and sends the batch that was gathered, if none is under way. After the inputs of one
  // moment, so that what came together goes together.
  void Flush(BootTime now);
  // Finishes what is open, releases for the pod at `successor`, and lets others take it for a lease.
  // No effect on a workspace that is not served here. A release that does not get through is tried
  // until the lease is over.
  void HandOver(const std::string& successor, BootTime now);
  // Finishes what is open, releases, ends.
  void Shutdown(BootTime now);

  BootTime NextWake() const;
  const WorkspaceId& workspace() const { return workspace_; }
  // Who owns the workspace was read from the store, be it nobody.
  bool sighted() const { return HoldsToken() || sighting_.known() || sighting_.record(); }
  Phase phase() const { return phase_; }
  // Ended by Shutdown, and nothing to wait for.
  bool Drained() const {
    return phase_ == Phase::kEnded && open_calls_ == 0;
  }
  // Nobody is known to own it, no call waits: the pod may forget it.
  bool Idle() const;
  size_t open_calls() const { return open_calls_; }
  std::string owner_address() const;
  // Of the token that is held; zero without one.
  BootTime lease_until() const { return HoldsToken() ? lease_.expiry() : BootTime{}; }
  uint64_t epoch() const { return HoldsToken() ? token_.epoch : 0; }
  bool keeps_tail() const { return tail_kept_; }
  const engine::Engine* engine() const { return engine_.get(); }

 private:
  struct Queued {
    Call call;
    engine::Time stamp;  // unset until there is a workspace time
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

  // ---- Calls (owner.cc) ----
  std::optional<Answer> Refusal(const Call& call, BootTime now) const;
  std::optional<Answer> RefusalWhileObserving(const Call& call, BootTime now) const;
  void FlushQueue(const Answer& answer);
  void RefuseQueued(BootTime now);
  void FlushOverdue(BootTime now);
  void Pump(BootTime now);
  bool ApplyHead(BootTime now);
  void Apply(Queued& queued, BootTime now);
  void ApplyCommand(const engine::Command& command, const Queued& queued, BootTime now);
  bool ApplyAdvanceTime(const AdvanceTime& advance, Ticket ticket);
  void ApplyDrop(const DropWorkspace& drop, Ticket ticket);
  void ApplyOwn(engine::Body body, engine::Time time);
  bool TickBefore(engine::Time time);
  void TakeEvents();
  void NoteSessions(const engine::Command& command, BootTime now);
  void CloseEverySession(const std::string& agent_id, BootTime now);
  void LapseSessions(BootTime now);
  void AnswerAfterCommit(Ticket ticket, Answer answer);
  void GiveNow(TicketAnswer answer);
  void GiveAll(std::vector<TicketAnswer>& answers);
  void Reply(Ticket ticket, Answer answer);  // needs no state
  bool Serving() const;     // has a state in memory and applies calls to it
  bool HoldsToken() const;  // may act while its lease is valid
  bool MayRenew() const;
  bool Full() const;
  bool Stalled(BootTime now) const;
  bool Overdue(BootTime now) const;
  engine::Time WorkspaceNow(BootTime now);

  // ---- Ownership (owner_ownership.cc) ----
  void CheckLease(BootTime now);
  Span ObserverWait() const;
  void Observe(BootTime now);
  void OnObserved(const store::Reply& reply, BootTime sent, BootTime received);
  void See(const std::optional<store::OwnershipRecord>& record, BootTime sent, BootTime received);
  bool MayAcquire() const;
  BootTime AcquireAt() const;
  void ConsiderAcquiring(BootTime now);
  void StartAcquiring(const std::optional<store::OwnershipRecord>& seen, BootTime now);
  void SendAcquire();
  void OnAcquired(const store::Reply& reply, BootTime sent, BootTime received);
  void FailAttempt(BootTime now);
  void AdoptToken(const store::OwnershipRecord& record, BootTime now);
  void OnAcquireLost(const std::optional<store::OwnershipRecord>& record, BootTime sent,
                     BootTime now);
  void BackToObserving(BootTime now);
  void Own(const store::OwnershipRecord& record, BootTime now);
  void Load();
  void OnLoaded(store::Reply& reply, BootTime now);
  void Activate(const store::State& state, BootTime now);
  Decoded DecodeWithoutOffers(const store::State& state);
  void BeginTerm(BootTime now);
  Span Outage(BootTime now);
  void PutAside(Quarantined record);
  void RefuseState(UnavailableReason reason, BootTime now);
  void Renew(BootTime now);
  void RenewSoon(BootTime now);
  void OnRenewed(const store::Reply& reply, BootTime sent, BootTime received);
  void OnFenced(const std::optional<store::OwnershipRecord>& record, BootTime sent, BootTime now);
  void StartRetaking(const std::optional<store::OwnershipRecord>& record, BootTime now);
  void Retake(const store::OwnershipRecord& record, BootTime sent, BootTime now);
  void DropMemory(const Answer& answer, BootTime now);
  void ForgetState(const Answer& answer);
  void ScheduleRetry(BootTime now);
  void Retry(BootTime now);
  void RetryAcquiring(BootTime now);
  void RetryAcquiringLater(BootTime now);

  // ---- What outlives the lease (owner_tail.cc) ----
  void KeepTail();
  void ForgetTail();
  void EndObserving();
  bool BringBack(BootTime now);
  void OnBroughtBack(const store::Reply& reply, BootTime now);

  // ---- Giving it up (owner_release.cc) ----
  Answer Farewell() const;
  void Release();
  void SendRelease();
  void OnReleased(const store::Reply& reply, BootTime sent, BootTime now);
  void FinishRelease(BootTime now);

  // ---- Batches (owner_commit.cc) ----
  bool Close(BootTime now);
  void SendClosed(BootTime now);
  void ChangeClosed();
  void OnCommitted(const store::Reply& reply, BootTime sent, BootTime now);
  void OnOutOfOrder(const store::Reply& reply, BootTime now);
  void NoteReplication(const store::Reply& reply, BootTime now);
  void Confirm(BootTime now);
  void Block(BootTime now);
  void EndStall(BootTime now);
  void ExtendStalled(BootTime now);
  void ExtendDeadlines(Span span);
  void Reload(BootTime now);
  void Restore(Standing standing, const store::OwnershipRecord& record, BootTime now);
  void TellGap();
  void AcceptStored(const store::OwnershipRecord& record, BootTime now);
  void StartReplaying(uint64_t stored_sequence, BootTime now);
  void StopReplaying();
  void Replay(BootTime now);
  void OnReplayed(const store::Reply& reply, BootTime sent, BootTime now);
  void Rebuild(uint64_t stored_sequence, uint64_t stored_generation, BootTime now);
  void FinishRestore(BootTime now);
  void RetryCommitting(BootTime now);
  void StartDrop(BootTime now);
  void SendDrop();
  void OnDropped(const store::Reply& reply, BootTime sent, BootTime now);
  void FinishDrop(BootTime now);

  const WorkspaceId workspace_;
  const PodOptions& options_;
  const Codec& codec_;
  Observer& observer_;
  Outbox& outbox_;

  Phase phase_ = Phase::kObserving;
  bool shutdown_ = false;
  bool leaving_ = false;              // handed over as soon as nothing is open
  std::string successor_;             // to whom
  bool releasing_ = false;            // a release was sent: nothing is applied any more
  bool release_doubted_ = false;      // it may have been taken, and another may own it
  BootTime yield_until_{};            // left to others
  Asked asked_;
  BootTime last_now_{};
  BootTime next_try_ = kNeverBoot;    // of the request that failed last
  int failures_ = 0;                  // of it, in a row
  bool store_failed_ = false;         // the last attempt to observe, acquire or load did not pass

  // Calls. Open ones wait in the queue, or their answers wait in a batch.
  size_t open_calls_ = 0;
  std::deque<Queued> queue_;
  std::optional<TicketAnswer> dropping_;  // a DropWorkspace that was found right

  // Observing.
  Sighting sighting_;
  bool record_seen_ = false;          // there was a record: its absence is suspicious
  bool wanted_ = false;               // a call waits that may begin the workspace
  BootTime next_observe_{};
  uint64_t highest_sequence_ = 0;     // ever seen stored: a lower one means that a tail was lost
  BootTime refused_until_{};          // the state could not be opened: not tried before
  UnavailableReason refused_reason_ = UnavailableReason::kBroken;

  // Acquiring.
  std::optional<store::OwnershipRecord> taking_;  // what the acquisition expects to find
  uint64_t taking_nonce_ = 0;
  BootTime taking_since_{};
  bool retaking_ = false;             // the living owner: its record was rolled back
  bool began_here_ = false;           // there was no record before this owner's
  bool lost_tail_ = false;

  // Holding the token.
  store::Token token_;
  Lease lease_;
  BootTime next_renew_{};
  uint64_t renew_sequence_ = 0;       // confirmed when the renewal was sent
  uint64_t renew_generation_ = 0;
  store::Token renew_token_;
  StoreClock store_clock_;
  WorkspaceTime time_;

  // Serving.
  std::unique_ptr<engine::Engine> engine_;
  SessionLeases sessions_;
  std::vector<store::Put> put_aside_;
  store::EventId last_event_;         // committed or not
  Gathering gathering_;
  std::optional<Closed> closed_;
  Ring ring_;
  bool replicated_ = true;            // what is committed is on as many replicas as was asked for
  uint64_t generation_ = 0;
  uint64_t rebuild_generation_ = 0;   // of a rebuild under way
  BootTime blocked_since_ = kNeverBoot;  // something waits for the store since then
  BootTime extended_until_{};         // of that, what deadlines were already moved for

  // After a lease that ran out.
  bool tail_kept_ = false;     // ring_ holds what was confirmed under token_
  bool tail_missing_ = false;  // the store lacks some of it: not acquired here before it is back

  // Replaying.
  bool replaying_ = false;
  uint64_t replay_next_ = 0;          // the next batch to send follows this sequence
  uint64_t replay_done_ = 0;          // confirmed up to here
  std::optional<store::Reply> replay_trouble_;
};

}  // namespace firstline::runtime
