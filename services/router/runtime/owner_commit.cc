// Batches: closing, sending, confirming, and putting right a store that is behind.
#include <algorithm>
#include <set>
#include <utility>

#include "services/router/runtime/owner.h"

namespace firstline::runtime {

using store::Result;

namespace {

void Append(std::vector<TicketAnswer>& to, std::vector<TicketAnswer>& from) {
  std::move(from.begin(), from.end(), std::back_inserter(to));
  from.clear();
}

void Append(std::vector<store::EventEntry>& to, const std::vector<store::EventEntry>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

// A record that was put aside and written anew in the same batch stays: erases are applied last.
std::vector<store::Erase> WithoutWritten(std::vector<store::Erase> erases,
                                         const std::vector<store::Put>& puts) {
  std::set<std::pair<store::Table, std::string>> written;
  if (!erases.empty()) {
    for (const store::Put& put : puts) written.insert({put.table, put.key});
  }
  std::erase_if(erases, [&](const store::Erase& erase) {
    return !written.insert({erase.table, erase.key}).second;
  });
  return erases;
}

}  // namespace

// ---- Closing and sending ----------------------------------------------------------------------

// Sends what was gathered. False when there was nothing to commit; then its answers have left.
bool Owner::Close(BootTime now) {
  const engine::Changes changes =
      gathering_.dirty ? engine_->TakeChanges() : engine::Changes{};
  if (changes.empty() && gathering_.events.empty() && gathering_.puts.empty()) {
    GiveAll(gathering_.answers);
    gathering_ = Gathering{};
    return false;
  }
  closed_.emplace();
  store::Batch& batch = closed_->batch;
  batch.base_sequence = ring_.sequence();
  batch.batch_id = outbox_.Random();
  batch.keep_events_max = engine_->config().settings.keep_events_max;
  batch.puts = std::move(gathering_.puts);
  codec_.EncodeChanges(*engine_, changes, batch);
  batch.erases.insert(batch.erases.end(), gathering_.erases.begin(), gathering_.erases.end());
  batch.erases = WithoutWritten(std::move(batch.erases), batch.puts);
  batch.events = std::move(gathering_.events);
  closed_->answers = std::move(gathering_.answers);
  closed_->commands = gathering_.commands;
  closed_->bytes = BytesOf(batch);
  gathering_ = Gathering{};
  observer_.Sealed(workspace_);
  SendClosed(now);
  return true;
}

void Owner::SendClosed(BootTime now) {
  next_try_ = kNeverBoot;
  if (closed_->attempts++ == 0) closed_->first_sent = now;
  Block(now);
  if (closed_->rebuild) {
    asked_.commit = outbox_.Send(
        workspace_, store::Rebuild{workspace_, token_, rebuild_generation_, closed_->batch});
  } else {
    asked_.commit = outbox_.Send(
        workspace_, store::Commit{workspace_, token_, generation_, closed_->batch});
  }
}

// The bug of an owner that thinks a resend may as well carry the newest state.
void Owner::ChangeClosed() {
  if (closed_->rebuild || !gathering_.dirty) return;
  store::Batch& batch = closed_->batch;
  Append(batch.events, gathering_.events);
  store::Batch more;
  codec_.EncodeChanges(*engine_, engine_->TakeChanges(), more);
  std::erase_if(batch.erases, [&](const store::Erase& old) {
    return std::any_of(more.puts.begin(), more.puts.end(), [&](const store::Put& put) {
      return put.table == old.table && put.key == old.key;
    });
  });
  for (store::Put& put : more.puts) {
    std::erase_if(batch.puts, [&](const store::Put& old) {
      return old.table == put.table && old.key == put.key;
    });
    batch.puts.push_back(std::move(put));
  }
  batch.erases.insert(batch.erases.end(), more.erases.begin(), more.erases.end());
  Append(closed_->answers, gathering_.answers);
  closed_->commands += gathering_.commands;
  closed_->batches += 1;
  observer_.Sealed(workspace_);
  gathering_ = Gathering{};
}

// ---- The reply --------------------------------------------------------------------------------

// A reply tells of everything that was written before it as well.
void Owner::NoteReplication(const store::Reply& reply, BootTime now) {
  const bool tells = reply.result == Result::kOk || reply.result == Result::kOutOfOrder;
  if (!tells) return;
  replicated_ = reply.replicated;
  if (replicated_) return;
  observer_.Count(workspace_, Incident::kNotReplicated);
  RenewSoon(now);  // Its reply tells when they have caught up.
}

void Owner::OnCommitted(const store::Reply& reply, BootTime sent, BootTime now) {
  NoteReplication(reply, now);
  switch (reply.result) {
    case Result::kOk: return Confirm(now);
    case Result::kFenced: return OnFenced(reply.ownership, sent, now);
    case Result::kOutOfOrder: return OnOutOfOrder(reply, now);
    case Result::kBroken: return Reload(now);
    case Result::kRefused: observer_.Count(workspace_, Incident::kRefused); break;
    case Result::kUnknown: observer_.Count(workspace_, Incident::kDoubted); break;
  }
  ScheduleRetry(now);
}

void Owner::OnOutOfOrder(const store::Reply& reply, BootTime now) {
  if (!reply.ownership) return ScheduleRetry(now);  // Try it again to see how the store stands.
  const store::OwnershipRecord& record = *reply.ownership;
  const Confirmed confirmed{ring_, generation_, &*closed_, ring_.sequence()};
  const Standing standing = closed_->rebuild ? Standing::kLost : Compare(record, confirmed);
  if (standing == Standing::kSynced) return ScheduleRetry(now);  // In order again meanwhile.
  Restore(standing, record, now);
}

void Owner::Confirm(BootTime now) {
  Closed done = std::move(*closed_);
  closed_.reset();
  failures_ = 0;
  next_try_ = kNeverBoot;
  CommitFigures figures{done.commands, done.batch.events.size(), done.bytes,
                        now - done.first_sent};
  if (done.rebuild) {
    generation_ = rebuild_generation_;
    ring_.Begin(done.batch.base_sequence + 1, done.batch.batch_id);
  } else {
    ring_.Add(std::move(done.batch), now);
  }
  highest_sequence_ = std::max(highest_sequence_, ring_.sequence());
  phase_ = Phase::kActive;
  // One call for each batch that was sealed; the figures belong to what was written.
  for (size_t i = 0; i < done.batches; ++i) {
    observer_.Committed(workspace_, *engine_, figures);
    figures = CommitFigures{};
  }
  GiveAll(done.answers);
  EndStall(now);
}

void Owner::Block(BootTime now) {
  if (blocked_since_ != kNeverBoot) return;
  blocked_since_ = now;
  extended_until_ = now;
}

void Owner::EndStall(BootTime now) {
  const BootTime since = std::exchange(blocked_since_, kNeverBoot);
  if (since == kNeverBoot || now - since <= options_.stall_threshold) return;
  sessions_.Extend(now - since);
  if (!options_.driven_clock) ExtendDeadlines(now - extended_until_);
}

// A command is about to be applied while nothing can be committed: the deadlines it would let pass
// are moved first. Seldom, because moving them is work.
void Owner::ExtendStalled(BootTime now) {
  const Span unextended = now - extended_until_;
  if (unextended <= options_.stall_threshold) return;
  if (engine_->NextDeadline() > WorkspaceNow(now)) return;
  ExtendDeadlines(unextended);
  extended_until_ = now;
}

// What people could not do must not count against them. Applied at the time the state has seen, so
// that no deadline passes before it is moved.
void Owner::ExtendDeadlines(Span span) {
  ApplyOwn(engine::Extend{span}, engine_->now());
}

// The batch can never be stored, so what it did in memory never was: read the state back.
void Owner::Reload(BootTime now) {
  if (phase_ == Phase::kRestoring && !closed_->rebuild) {
    return Rebuild(0, generation_, now);
  }
  observer_.Count(workspace_, Incident::kReloaded);
  if (releasing_) return DropMemory(Farewell(), now);
  ForgetState(Unavailable{UnavailableReason::kBroken, limits::kRetryMax});
  ring_.Begin(ring_.sequence(), ring_.batch_id());
  phase_ = Phase::kLoading;
  next_try_ = now + limits::kRetryMax;
}

// ---- A store that is behind -------------------------------------------------------------------

void Owner::Restore(Standing standing, const store::OwnershipRecord& record, BootTime now) {
  if (options_.bugs.forget_restore) return AcceptStored(record, now);
  switch (standing) {
    case Standing::kSynced: return FinishRestore(now);
    case Standing::kApplied: return Confirm(now);
    case Standing::kLost:
      // The state is whole, but events between the store's and the ring's may be gone for good.
      TellGap();
      return Rebuild(record.sequence, record.generation, now);
    case Standing::kBehind: break;
  }
  observer_.Count(workspace_, Incident::kReplayed);
  phase_ = Phase::kRestoring;
  Block(now);
  StartReplaying(record.sequence, now);
}

void Owner::StartReplaying(uint64_t stored_sequence, BootTime now) {
  replaying_ = true;
  replay_next_ = stored_sequence;
  replay_done_ = stored_sequence;
  Replay(now);
}

void Owner::StopReplaying() {
  replaying_ = false;
  replay_trouble_.reset();
  asked_.replays.clear();
}

// To whoever folds the events: read the state anew.
void Owner::TellGap() {
  const std::string previous = last_event_.n == 0 ? std::string() : store::ToString(last_event_);
  ApplyOwn(engine::TakeOver{token_.epoch, options_.address, previous, true}, engine_->now());
}

// The bug of an owner that goes on from whatever the store holds.
void Owner::AcceptStored(const store::OwnershipRecord& record, BootTime now) {
  ring_.Begin(record.sequence, record.batch_id);
  generation_ = record.generation;
  if (closed_) closed_->batch.base_sequence = record.sequence;
  FinishRestore(now);
}

// The very batches that were confirmed before, several under way at once: they arrive in order, and
// each is refused unless the one before it was applied.
void Owner::Replay(BootTime now) {
  next_try_ = kNeverBoot;
  while (asked_.replays.size() < limits::kReplayWindow) {
    const store::Batch* batch = ring_.After(replay_next_);
    if (batch == nullptr) break;
    ++replay_next_;
    asked_.replays.insert(outbox_.Send(
        workspace_, store::Commit{workspace_, token_, generation_, *batch}));
  }
  if (!asked_.replays.empty()) return;
  replaying_ = false;
  if (!Serving()) {
    next_observe_ = now;  // See BringBack.
    return;
  }
  FinishRestore(now);
}

void Owner::OnReplayed(const store::Reply& reply, BootTime sent, BootTime now) {
  if (!Serving()) return OnBroughtBack(reply, now);
  NoteReplication(reply, now);
  if (reply.result == Result::kOk) {
    ++replay_done_;
  } else if (!replay_trouble_ || reply.result != Result::kUnknown) {
    replay_trouble_ = reply;
  }
  if (!replay_trouble_) return Replay(now);
  if (!asked_.replays.empty()) return;  // The others follow it into the same trouble.
  const store::Reply trouble = std::move(*replay_trouble_);
  replay_trouble_.reset();
  replay_next_ = replay_done_;
  switch (trouble.result) {
    case Result::kFenced: return OnFenced(trouble.ownership, sent, now);
    case Result::kBroken: return Rebuild(replay_done_, generation_, now);
    case Result::kOutOfOrder: break;
    case Result::kOk:
    case Result::kRefused:
    case Result::kUnknown: return ScheduleRetry(now);
  }
  if (!trouble.ownership) return ScheduleRetry(now);
  replaying_ = false;
  const Confirmed confirmed{ring_, generation_, closed_ ? &*closed_ : nullptr, ring_.sequence()};
  Restore(Compare(*trouble.ownership, confirmed), *trouble.ownership, now);
}

// Writes the whole state as a new generation. It takes along every event still at hand, and the
// answers that wait for any batch before it.
void Owner::Rebuild(uint64_t stored_sequence, uint64_t stored_generation, BootTime now) {
  phase_ = Phase::kRestoring;
  replaying_ = false;
  Block(now);
  rebuild_generation_ = std::max({rebuild_generation_, stored_generation, generation_}) + 1;
  if (closed_ && closed_->rebuild) return SendClosed(now);
  observer_.Count(workspace_, Incident::kRebuilt);
  Closed whole;
  whole.rebuild = true;
  whole.batch.base_sequence = std::max(stored_sequence, ring_.sequence()) + 1;
  whole.batch.batch_id = outbox_.Random();
  whole.batch.keep_events_max = engine_->config().settings.keep_events_max;
  engine_->TakeChanges();
  whole.batch.puts = codec_.EncodeAll(*engine_);
  whole.batch.puts.insert(whole.batch.puts.end(), put_aside_.begin(), put_aside_.end());
  for (const store::Batch& recent : ring_.batches()) Append(whole.batch.events, recent.events);
  if (closed_) {
    Append(whole.batch.events, closed_->batch.events);
    Append(whole.answers, closed_->answers);
    whole.commands += closed_->commands;
    whole.batches += closed_->batches;
  }
  Append(whole.batch.events, gathering_.events);
  Append(whole.answers, gathering_.answers);
  whole.commands += gathering_.commands;
  whole.bytes = BytesOf(whole.batch);
  gathering_ = Gathering{};
  observer_.Sealed(workspace_);
  closed_ = std::move(whole);
  SendClosed(now);
}

void Owner::FinishRestore(BootTime now) {
  phase_ = Phase::kActive;
  failures_ = 0;
  next_try_ = kNeverBoot;
  if (!closed_) return EndStall(now);
  if (asked_.commit == 0) SendClosed(now);
}

void Owner::RetryCommitting(BootTime now) {
  if (retaking_) return asked_.acquire == 0 ? SendAcquire() : void();
  if (replaying_) return Replay(now);
  if (!closed_) return FinishRestore(now);
  if (asked_.commit != 0) return;
  if (options_.bugs.resend_changed_batch) ChangeClosed();
  SendClosed(now);
}

// ---- Removing the workspace -------------------------------------------------------------------

void Owner::StartDrop(BootTime now) {
  phase_ = Phase::kDropping;
  failures_ = 0;
  Block(now);
  SendDrop();
}

void Owner::SendDrop() {
  next_try_ = kNeverBoot;
  asked_.drop = outbox_.Send(workspace_, store::Drop{workspace_, token_});
}

void Owner::OnDropped(const store::Reply& reply, BootTime sent, BootTime now) {
  switch (reply.result) {
    case Result::kOk: return FinishDrop(now);
    case Result::kFenced: return OnFenced(reply.ownership, sent, now);
    case Result::kBroken:
      phase_ = Phase::kActive;
      blocked_since_ = kNeverBoot;
      if (dropping_) {
        Reply(dropping_->ticket, Unavailable{UnavailableReason::kBroken, limits::kRetryMax});
        dropping_.reset();
      }
      began_here_ = false;
      return;
    case Result::kOutOfOrder:
    case Result::kRefused:
    case Result::kUnknown: return ScheduleRetry(now);
  }
}

void Owner::FinishDrop(BootTime now) {
  if (dropping_) {
    TicketAnswer answer = std::move(*dropping_);
    dropping_.reset();
    replicated_ = true;  // A removal is not waited for.
    GiveNow(std::move(answer));
  }
  DropMemory(UnknownWorkspace{}, now);
  phase_ = Phase::kEnded;
}

}  // namespace firstline::runtime
