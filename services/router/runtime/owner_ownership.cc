// Becoming an owner, staying one, and ceasing to be one.
#include <algorithm>
#include <set>
#include <utility>

#include "services/router/runtime/owner.h"

namespace firstline::runtime {

using store::Result;

namespace {

// Failed attempts to acquire or load after which waiting calls are told: about a third of a second.
constexpr int kFailuresTold = 4;

}  // namespace

// ---- Inputs -----------------------------------------------------------------------------------

void Owner::CheckLease(BootTime now) {
  last_now_ = std::max(last_now_, now);
  if (!HoldsToken() || lease_.Valid(now) || options_.bugs.restore_when_lapsed) return;
  observer_.Count(workspace_, Incident::kLapsed);
  if (Serving()) KeepTail();
  DropMemory(Unavailable{UnavailableReason::kLapsed, limits::kRetryMax}, now);
}

void Owner::OnReply(uint64_t id, store::Reply reply, BootTime sent, BootTime received) {
  CheckLease(received);
  const auto is = [id](uint64_t& asked) {
    if (asked != id) return false;
    asked = 0;
    return true;
  };
  if (is(asked_.observe)) {
    OnObserved(reply, sent, received);
  } else if (is(asked_.acquire)) {
    OnAcquired(reply, sent, received);
  } else if (is(asked_.load)) {
    OnLoaded(reply, received);
  } else if (is(asked_.renew)) {
    OnRenewed(reply, sent, received);
  } else if (is(asked_.commit)) {
    OnCommitted(reply, sent, received);
  } else if (is(asked_.drop)) {
    OnDropped(reply, sent, received);
  } else if (is(asked_.release)) {
    OnReleased(reply, sent, received);
  } else if (asked_.replays.erase(id) > 0) {
    OnReplayed(reply, sent, received);
  }  // Else it is out of date: what it was for was given up.
  Pump(received);
}

// ---- Observing --------------------------------------------------------------------------------

Span Owner::ObserverWait() const {
  if (options_.bugs.trust_redis_expiry) return engine::Span{options_.lease.us / 4};
  return engine::Span{options_.lease.us + options_.lease.us / limits::kDriftShare};
}

void Owner::Observe(BootTime now) {
  asked_.observe = outbox_.Send(workspace_, store::Observe{workspace_});
  next_observe_ = now + engine::Span{options_.lease.us / limits::kRenewalsPerLease};
}

void Owner::OnObserved(const store::Reply& reply, BootTime sent, BootTime received) {
  if (phase_ != Phase::kObserving) return;
  store_failed_ = reply.result != Result::kOk;
  if (reply.result == Result::kBroken) return RefuseState(UnavailableReason::kBroken, received);
  if (store_failed_) {
    sighting_.Interrupt();
    next_observe_ = received + (tail_missing_ ? limits::kTailRetry : limits::kRetryMax);
    return RefuseQueued(received);
  }
  See(reply.ownership, sent, received);
  if (BringBack(received)) return RefuseQueued(received);
  if (shutdown_) return EndObserving();
  ConsiderAcquiring(received);
  RefuseQueued(received);
}

void Owner::See(const std::optional<store::OwnershipRecord>& record, BootTime sent,
                BootTime received) {
  sighting_.See(record, sent, received);
  if (record) {
    record_seen_ = true;
    highest_sequence_ = std::max(highest_sequence_, record->sequence);
  } else if (received >= sighting_.FreeAt(ObserverWait())) {
    record_seen_ = false;  // It is gone for good.
    highest_sequence_ = 0;
  }
}

// Somebody should own it: there is a state, or a call that begins one.
bool Owner::MayAcquire() const {
  return phase_ == Phase::kObserving && !shutdown_ && !tail_missing_ && sighting_.known() &&
         (sighting_.record() || wanted_);
}

BootTime Owner::AcquireAt() const {
  const bool new_here = !sighting_.record() && !record_seen_;
  const BootTime free_at = new_here ? BootTime{} : sighting_.FreeAt(ObserverWait());
  return std::max({free_at, refused_until_, yield_until_});
}

void Owner::ConsiderAcquiring(BootTime now) {
  if (!MayAcquire() || now < AcquireAt()) return;
  phase_ = Phase::kAcquiring;
  store_failed_ = false;
  began_here_ = !sighting_.record();
  StartAcquiring(sighting_.record(), now);
}

// ---- Acquiring --------------------------------------------------------------------------------

void Owner::StartAcquiring(const std::optional<store::OwnershipRecord>& seen, BootTime now) {
  taking_ = seen;
  taking_nonce_ = outbox_.Random();
  taking_since_ = now;
  failures_ = 0;
  SendAcquire();
}

// Also again, the same, when it is not known whether it arrived.
void Owner::SendAcquire() {
  next_try_ = kNeverBoot;
  asked_.acquire = outbox_.Send(
      workspace_, store::Acquire{workspace_, taking_, taking_nonce_, options_.address,
                                 retaking_ ? token_.epoch + 1 : 0});
}

void Owner::OnAcquired(const store::Reply& reply, BootTime sent, BootTime received) {
  const auto& record = reply.ownership;
  const bool ours = record && record->token.nonce == taking_nonce_ &&
                    record->address == options_.address && !record->released;
  if (retaking_) NoteReplication(reply, received);
  if (reply.result == Result::kOk && ours) {
    if (retaking_) return Retake(*record, sent, received);
    lease_.Confirm(sent);
    store_clock_ = {reply.store_time_us, sent, received};
    return Own(*record, received);
  }
  if (reply.result == Result::kFenced && ours) return AdoptToken(*record, received);
  if (reply.result == Result::kFenced) return OnAcquireLost(record, sent, received);
  if (reply.result == Result::kBroken && !retaking_) {
    return RefuseState(UnavailableReason::kBroken, received);
  }
  // Where the store takes no writes a living owner cannot renew either: it gets a full lease again.
  const bool owned = taking_ && !taking_->released;
  if (reply.result == Result::kRefused && !retaking_ && owned) return RetryAcquiringLater(received);
  FailAttempt(received);
}

// One lost reply need not be told to anybody; a store that stays away is.
void Owner::FailAttempt(BootTime now) {
  ScheduleRetry(now);
  if (retaking_ || failures_ < kFailuresTold) return;
  store_failed_ = true;
  RefuseQueued(now);
}

// An earlier try arrived and its reply did not. When it arrived is not known: a renewal begins the
// lease.
void Owner::AdoptToken(const store::OwnershipRecord& record, BootTime now) {
  if (retaking_) return Retake(record, BootTime{}, now);
  ForgetTail();
  token_ = record.token;
  Renew(now);
}

void Owner::OnAcquireLost(const std::optional<store::OwnershipRecord>& record, BootTime sent,
                          BootTime now) {
  if (retaking_) {
    retaking_ = false;
    return OnFenced(record, sent, now);
  }
  BackToObserving(now);
  See(record, sent, now);
  RefuseQueued(now);
}

void Owner::BackToObserving(BootTime now) {
  phase_ = shutdown_ && !tail_kept_ ? Phase::kEnded : Phase::kObserving;
  next_try_ = kNeverBoot;
  next_observe_ = now;
}

void Owner::Own(const store::OwnershipRecord& record, BootTime now) {
  ForgetTail();
  token_ = record.token;
  generation_ = record.generation;
  replicated_ = true;  // Nothing is answered before the first batch of this term.
  lost_tail_ = record.sequence < highest_sequence_;
  ring_.Begin(record.sequence, record.batch_id);
  next_renew_ = now + engine::Span{options_.lease.us / limits::kRenewalsPerLease};
  failures_ = 0;
  store_failed_ = false;
  phase_ = Phase::kLoading;
  observer_.Count(workspace_, Incident::kAcquired);
  if (shutdown_) return Release();
  Load();
}

// ---- Loading ----------------------------------------------------------------------------------

void Owner::Load() {
  next_try_ = kNeverBoot;
  asked_.load = outbox_.Send(workspace_, store::Load{workspace_, token_});
}

void Owner::OnLoaded(store::Reply& reply, BootTime now) {
  store_failed_ = false;
  switch (reply.result) {
    case Result::kOk:
      if (reply.state) return Activate(*reply.state, now);
      return RefuseState(UnavailableReason::kBroken, now);
    case Result::kFenced: return OnFenced(reply.ownership, now, now);
    case Result::kBroken: return RefuseState(UnavailableReason::kBroken, now);
    case Result::kOutOfOrder:
    case Result::kRefused:
    case Result::kUnknown: break;
  }
  FailAttempt(now);
}

void Owner::Activate(const store::State& state, BootTime now) {
  engine_ = std::make_unique<engine::Engine>(workspace_);
  Decoded decoded = codec_.Decode(state, *engine_);
  if (options_.bugs.forget_offers_on_takeover) decoded = DecodeWithoutOffers(state);
  if (decoded.refusal) {
    observer_.Count(workspace_, Incident::kStateRefused);
    engine_.reset();
    return RefuseState(UnavailableReason::kNewerFormat, now);
  }
  phase_ = Phase::kActive;
  failures_ = 0;
  last_event_ = state.last_event;
  store_clock_.store_us += options_.bugs.own_clock_fast.us;
  time_.Begin(store_clock_, engine_->now(), now);
  sessions_.Begin(*engine_, now);
  if (options_.bugs.no_grace_after_takeover) {
    sessions_.Begin(*engine_, now - engine_->config().settings.presence_grace);
  }
  observer_.Loaded(workspace_, *engine_);
  const Span outage = Outage(now);
  BeginTerm(now);
  if (outage > options_.stall_threshold) ExtendDeadlines(outage);
  put_aside_ = std::move(decoded.put_aside);
  for (Quarantined& record : decoded.quarantined) PutAside(std::move(record));
}

// The bug of an acquirer that reads waiting and assigned inquiries but not those just offered.
Decoded Owner::DecodeWithoutOffers(const store::State& state) {
  std::set<std::string> offered;
  engine_->ForEachInquiry([&](engine::InquiryIx, const engine::Inquiry& inquiry) {
    if (inquiry.state == engine::InquiryState::kOffered) offered.insert(inquiry.id);
    return true;
  });
  store::State rest;
  rest.last_event = state.last_event;
  for (const store::Record& record : state.records) {
    if (record.table == store::Table::kInquiry && offered.count(record.key) > 0) continue;
    rest.records.push_back(record);
  }
  engine_ = std::make_unique<engine::Engine>(workspace_);
  return codec_.Decode(rest, *engine_);
}

// At the time the state has seen: no deadline may pass before the outage is known to the engine.
void Owner::BeginTerm(BootTime now) {
  const engine::Time time = engine_->now().IsSet() ? engine_->now() : WorkspaceNow(now);
  const std::string previous = last_event_.n == 0 ? std::string() : store::ToString(last_event_);
  ApplyOwn(engine::TakeOver{token_.epoch, options_.address, previous, lost_tail_}, time);
  lost_tail_ = false;
}

// How long nobody could commit before this term. Where no sign of life of the last owner was seen,
// that is since the last change: people's deadlines move too far rather than not far enough.
Span Owner::Outage(BootTime now) {
  if (options_.driven_clock || !engine_->now().IsSet()) return {};
  const Span since_change = WorkspaceNow(now) - engine_->now();
  const std::optional<BootTime> alive_at = sighting_.alive_at();
  return alive_at ? std::min(since_change, now - *alive_at) : since_change;
}

void Owner::PutAside(Quarantined record) {
  static constexpr const char* kTables[store::kTableCount] = {"meta", "inquiry", "agent",
                                                              "request"};
  observer_.Count(workspace_, Incident::kQuarantined);
  gathering_.puts.push_back(record.put_aside);
  gathering_.erases.push_back({record.table, record.key});
  put_aside_.push_back(std::move(record.put_aside));
  ApplyOwn(engine::NoteQuarantine{kTables[static_cast<size_t>(record.table)],
                                  std::move(record.key), std::move(record.problem)},
           engine_->now());
}

// The state cannot be opened here. Another pod, or a newer version, may be able to.
void Owner::RefuseState(UnavailableReason reason, BootTime now) {
  refused_reason_ = reason;
  refused_until_ = now + options_.lease;
  if (HoldsToken()) return Release();
  BackToObserving(now);
  FlushQueue(Unavailable{reason, options_.lease});
}

// ---- Renewing ---------------------------------------------------------------------------------

void Owner::Renew(BootTime now) {
  asked_.renew = outbox_.Send(workspace_, store::Renew{workspace_, token_});
  renew_sequence_ = ring_.sequence();
  renew_generation_ = generation_;
  renew_token_ = token_;
  next_renew_ = now + engine::Span{options_.lease.us / limits::kRenewalsPerLease};
}

void Owner::RenewSoon(BootTime now) {
  const Span pause{std::min(options_.lease.us / 20, limits::kRetryMax.us)};
  next_renew_ = std::min(next_renew_, now + pause);
}

void Owner::OnRenewed(const store::Reply& reply, BootTime sent, BootTime received) {
  if (!(renew_token_ == token_)) return;  // Of the term before the record was rolled back.
  if (reply.result == Result::kFenced) return OnFenced(reply.ownership, sent, received);
  if (reply.result != Result::kOk) {
    if (phase_ == Phase::kAcquiring) return FailAttempt(received);
    return RenewSoon(received);
  }
  lease_.Confirm(sent);
  store_clock_ = {reply.store_time_us, sent, received};
  time_.Anchor(store_clock_);
  if (phase_ == Phase::kAcquiring && reply.ownership) return Own(*reply.ownership, received);
  // A batch confirmed since it was sent has told for itself.
  if (!replicated_ && reply.replicated) replicated_ = renew_sequence_ == ring_.sequence();
  if (!replicated_) RenewSoon(received);
  // With a batch or a release under way its own reply says how the store stands.
  const bool comparable = phase_ == Phase::kActive && !closed_ && asked_.release == 0 &&
                          reply.ownership && renew_generation_ == generation_;
  if (!comparable) return;
  const Standing standing =
      Compare(*reply.ownership, {ring_, generation_, nullptr, renew_sequence_});
  if (standing != Standing::kSynced) return Restore(standing, *reply.ownership, received);
  ring_.Trim(received);
}

// ---- Losing it --------------------------------------------------------------------------------

void Owner::OnFenced(const std::optional<store::OwnershipRecord>& record, BootTime sent,
                     BootTime now) {
  // Sent under the token before this one.
  if (record && record->token == token_ && !record->released) return ScheduleRetry(now);
  if (retaking_) return;  // The acquisition's own reply decides.
  if (releasing_ && record && record->token == token_) return FinishRelease(now);  // It was taken.
  observer_.Count(workspace_, Incident::kFenced);
  // An older record than ours, or none: the store was rolled back and this owner is the living one.
  // A later owner would have a higher epoch.
  const bool rolled_back = !record || record->token.epoch < token_.epoch ||
                           record->token == token_;
  const bool living = lease_.Valid(now) && !release_doubted_;
  const bool may_retake = living ? rolled_back : options_.bugs.restore_when_lapsed;
  if (may_retake && Serving()) return StartRetaking(record, now);
  if (phase_ == Phase::kDropping && !record) return FinishDrop(now);
  DropMemory(NotOwner{record ? record->address : std::string()}, now);
  See(record, sent, now);
}

// Nobody else may own it while this owner's lease is valid, so its memory is what counts.
void Owner::StartRetaking(const std::optional<store::OwnershipRecord>& record, BootTime now) {
  phase_ = Phase::kRestoring;
  retaking_ = true;
  StopReplaying();
  Block(now);
  StartAcquiring(record, now);
}

// The workspace is this owner's again, under a new token.
void Owner::Retake(const store::OwnershipRecord& record, BootTime sent, BootTime now) {
  retaking_ = false;
  token_ = record.token;
  failures_ = 0;
  if (sent > BootTime{}) lease_.Confirm(sent);
  asked_.renew = 0;
  next_renew_ = now;
  observer_.Count(workspace_, Incident::kAcquired);
  BeginTerm(now);
  if (asked_.commit != 0) return;  // Its reply will show how the store stands.
  Restore(Compare(record, {ring_, generation_, closed_ ? &*closed_ : nullptr, ring_.sequence()}),
          record, now);
}

void Owner::DropMemory(const Answer& answer, BootTime now) {
  sighting_ = Sighting();
  sighting_.NoteAlive(lease_.expiry() - lease_.length());
  highest_sequence_ = std::max(highest_sequence_, ring_.sequence());
  lease_.Drop();
  asked_ = Asked{};
  BackToObserving(now);
  ForgetState(answer);
  FlushQueue(answer);
}

// Whoever waits for what was applied in memory learns that it is void, or in doubt.
void Owner::ForgetState(const Answer& answer) {
  std::vector<TicketAnswer> waiting;
  if (closed_) waiting = std::move(closed_->answers);
  for (TicketAnswer& held : gathering_.answers) waiting.push_back(std::move(held));
  if (dropping_) waiting.push_back(std::move(*dropping_));
  closed_.reset();
  gathering_ = Gathering{};
  dropping_.reset();
  put_aside_.clear();
  blocked_since_ = kNeverBoot;
  retaking_ = false;
  StopReplaying();
  asked_.commit = 0;
  failures_ = 0;
  leaving_ = false;
  successor_.clear();
  releasing_ = false;
  release_doubted_ = false;
  for (const TicketAnswer& held : waiting) Reply(held.ticket, answer);
  if (!engine_) return;
  engine_.reset();
  observer_.Dropped(workspace_);
}

// ---- Trying again -----------------------------------------------------------------------------

void Owner::Retry(BootTime now) {
  next_try_ = kNeverBoot;
  if (releasing_ && !closed_ && phase_ != Phase::kRestoring) {
    return asked_.release == 0 ? SendRelease() : void();
  }
  switch (phase_) {
    case Phase::kAcquiring: return RetryAcquiring(now);
    case Phase::kLoading: return asked_.load == 0 ? Load() : void();
    case Phase::kActive:
    case Phase::kRestoring: return RetryCommitting(now);
    case Phase::kDropping: return asked_.drop == 0 ? SendDrop() : void();
    case Phase::kObserving:
    case Phase::kEnded: return;
  }
}

void Owner::RetryAcquiring(BootTime now) {
  if (now - taking_since_ <= options_.lease) return SendAcquire();
  RetryAcquiringLater(now);  // Too long ago to know who lives.
}

// Looks for a full lease again.
void Owner::RetryAcquiringLater(BootTime now) {
  BackToObserving(now);
  sighting_.Interrupt();
  store_failed_ = true;
  RefuseQueued(now);
}

}  // namespace firstline::runtime
