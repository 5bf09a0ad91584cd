// Calls: what is taken, what is turned away, what is applied, and when answers leave.
#include "services/router/runtime/owner.h"

#include <algorithm>
#include <utility>

namespace firstline::runtime {

std::string_view ToString(Phase phase) {
  switch (phase) {
    case Phase::kObserving: return "OBSERVING";
    case Phase::kAcquiring: return "ACQUIRING";
    case Phase::kLoading: return "LOADING";
    case Phase::kActive: return "ACTIVE";
    case Phase::kRestoring: return "RESTORING";
    case Phase::kDropping: return "DROPPING";
    case Phase::kEnded: return "ENDED";
  }
  return "UNKNOWN";
}

Owner::Owner(WorkspaceId workspace, const PodOptions& options, const Codec& codec,
             Observer& observer, Outbox& outbox)
    : workspace_(std::move(workspace)),
      options_(options),
      codec_(codec),
      observer_(observer),
      outbox_(outbox),
      lease_(options.lease),
      ring_({options.ring_batches_max, options.ring_bytes_max, options.ring_age_max}) {}

// ---- Inputs -----------------------------------------------------------------------------------

void Owner::Submit(Call call, BootTime now) {
  CheckLease(now);
  const bool room = open_calls_ < Allowance(UrgencyOf(call.body), options_.workspace_calls_max);
  ++open_calls_;
  if (!room) {
    observer_.Count(workspace_, Incident::kShed);
    return Reply(call.ticket, Overloaded{limits::kOverloadRetry});
  }
  if (std::optional<Answer> refusal = Refusal(call, now)) {
    return Reply(call.ticket, std::move(*refusal));
  }
  wanted_ = wanted_ || call.create_if_missing;
  // Stamped on arrival, so that waiting for the store does not let timers go first. A driven clock
  // moves by calls that may still wait in front.
  const bool stamp_now = Serving() && !options_.driven_clock;
  const engine::Time stamp = stamp_now ? WorkspaceNow(now) : engine::Time{};
  queue_.push_back({std::move(call), stamp});
  if (phase_ == Phase::kObserving) ConsiderAcquiring(now);
  Pump(now);
}

void Owner::Beat(const std::vector<SessionRef>& sessions, BootTime now) {
  CheckLease(now);
  if (!Serving()) return;
  const Span grace = engine_->config().settings.presence_grace;
  for (const SessionRef& session : sessions) sessions_.Beat(session, grace, now);
}

void Owner::Look(BootTime now) {
  if (phase_ == Phase::kObserving) next_observe_ = std::min(next_observe_, now);
}

void Owner::Advance(BootTime now) {
  CheckLease(now);
  if (phase_ == Phase::kObserving) {
    if (asked_.observe == 0 && now >= next_observe_) Observe(now);
    ConsiderAcquiring(now);
  }
  if (now >= next_try_) Retry(now);
  if (MayRenew() && now >= next_renew_) Renew(now);
  FlushOverdue(now);
  Pump(now);
}

void Owner::Flush(BootTime now) {
  while (phase_ == Phase::kActive && !closed_) {
    Close(now);
    if (queue_.empty() || dropping_) break;
    Pump(now);  // What did not fit goes into the next batch, at once.
  }
  if (phase_ != Phase::kActive || closed_) return;
  if (dropping_) return StartDrop(now);
  if (!queue_.empty()) return;
  // A workspace whose first configuration was rejected is not left behind.
  if (began_here_ && engine_->etag().empty()) return StartDrop(now);
  const bool under_way = asked_.release != 0 || next_try_ != kNeverBoot;
  if ((shutdown_ || leaving_) && !under_way) Release();
}

void Owner::HandOver(const std::string& successor, BootTime now) {
  CheckLease(now);
  if (!Serving() || shutdown_) return;
  leaving_ = true;
  successor_ = successor;
}

void Owner::Shutdown(BootTime now) {
  if (shutdown_) return;
  shutdown_ = true;
  CheckLease(now);
  if (phase_ == Phase::kObserving) {
    FlushQueue(Farewell());
    if (!tail_kept_) return EndObserving();
    next_observe_ = now;  // The last look.
  }
  if (phase_ == Phase::kAcquiring) RefuseQueued(now);
  if (phase_ == Phase::kLoading && !releasing_) Release();
}

// ---- What is turned away ----------------------------------------------------------------------

std::optional<Answer> Owner::Refusal(const Call& call, BootTime now) const {
  if (shutdown_ || leaving_ || releasing_) return Farewell();
  if (std::holds_alternative<AdvanceTime>(call.body) && !options_.driven_clock) {
    return ClockNotDriven{};
  }
  if (phase_ == Phase::kEnded) return UnknownWorkspace{};
  if (phase_ == Phase::kObserving) return RefusalWhileObserving(call, now);
  if (!Serving()) {
    if (store_failed_) return Unavailable{UnavailableReason::kStore, limits::kRetryMax};
    return std::nullopt;  // Soon: it waits.
  }
  const bool doubtful = failures_ > 0 && open_calls_ > options_.doubt_calls_max;
  if (Overdue(now) || doubtful) {
    return Unavailable{UnavailableReason::kStore, limits::kRetryMax};
  }
  return std::nullopt;
}

std::optional<Answer> Owner::RefusalWhileObserving(const Call& call, BootTime now) const {
  if (now < refused_until_) return Unavailable{refused_reason_, refused_until_ - now};
  if (tail_missing_) return Unavailable{UnavailableReason::kStore, limits::kRetryMax};
  if (!sighting_.known()) {
    if (store_failed_) return Unavailable{UnavailableReason::kStore, limits::kRetryMax};
    return std::nullopt;  // The first observation is under way.
  }
  const auto& record = sighting_.record();
  const BootTime free_at = sighting_.FreeAt(ObserverWait());
  if (now < yield_until_ && (!record || record->released || record->address == options_.address)) {
    return Unavailable{UnavailableReason::kStarting, limits::kRetryMin};
  }
  if (record && record->released) return std::nullopt;  // About to be taken.
  if (record && record->address != options_.address) return NotOwner{record->address};
  // Ours from before, or the record of a workspace that was here is gone: maybe its owner lives and
  // puts that right. It has a full lease to do so.
  if ((record || record_seen_) && now < free_at) {
    return Unavailable{UnavailableReason::kStarting,
                       std::min(free_at - now, limits::kRetryMax)};
  }
  if (record || call.create_if_missing) return std::nullopt;
  return UnknownWorkspace{};
}

void Owner::FlushQueue(const Answer& answer) {
  while (!queue_.empty()) {
    const Ticket ticket = queue_.front().call.ticket;
    queue_.pop_front();
    Reply(ticket, answer);
  }
  wanted_ = false;
}

void Owner::RefuseQueued(BootTime now) {
  std::deque<Queued> kept;
  for (Queued& queued : queue_) {
    std::optional<Answer> refusal = Refusal(queued.call, now);
    if (refusal) {
      Reply(queued.call.ticket, std::move(*refusal));
    } else {
      kept.push_back(std::move(queued));
    }
  }
  queue_ = std::move(kept);
  wanted_ = std::any_of(queue_.begin(), queue_.end(),
                        [](const Queued& queued) { return queued.call.create_if_missing; });
}

// What was not applied yet need not wait for a store that does not answer.
void Owner::FlushOverdue(BootTime now) {
  if (!Overdue(now)) return;
  FlushQueue(Unavailable{UnavailableReason::kStore, limits::kRetryMax});
}

// ---- What is applied --------------------------------------------------------------------------

void Owner::Pump(BootTime now) {
  if (!Serving() || releasing_) return;
  while (!queue_.empty() && !dropping_) {
    if (!ApplyHead(now)) return;
  }
  if (Stalled(now) || dropping_) return;
  LapseSessions(now);
  if (options_.driven_clock) return;
  TickBefore(WorkspaceNow(now) + engine::Microseconds(1));
}

// False when the batch is full: the call stays.
bool Owner::ApplyHead(BootTime now) {
  if (Full()) return false;
  Queued& head = queue_.front();
  if (now > head.call.deadline) {
    Reply(head.call.ticket, DeadlinePassed{});
    queue_.pop_front();
    return true;
  }
  if (!head.stamp.IsSet()) head.stamp = WorkspaceNow(now);
  // Timers due before the stamp go first; at the stamp or after, later.
  if (Stalled(now)) {
    ExtendStalled(now);
  } else if (!TickBefore(head.stamp)) {
    return false;
  }
  if (const auto* advance = std::get_if<AdvanceTime>(&head.call.body)) {
    if (!ApplyAdvanceTime(*advance, head.call.ticket)) return false;
    queue_.pop_front();
    return true;
  }
  Queued queued = std::move(queue_.front());
  queue_.pop_front();
  Apply(queued, now);
  return true;
}

void Owner::Apply(Queued& queued, BootTime now) {
  const Ticket ticket = queued.call.ticket;
  auto* command = std::get_if<engine::Command>(&queued.call.body);
  const bool configures =
      command != nullptr && std::holds_alternative<engine::ApplyConfig>(command->body);
  if (engine_->etag().empty() && !(configures && queued.call.create_if_missing)) {
    return AnswerAfterCommit(ticket, UnknownWorkspace{});
  }
  if (command != nullptr) {
    if (queued.call.epoch != 0 && queued.call.epoch != token_.epoch) {
      return Reply(ticket, NotOwner{options_.address});
    }
    return ApplyCommand(*command, queued, now);
  }
  if (const auto* drop = std::get_if<DropWorkspace>(&queued.call.body)) {
    return ApplyDrop(*drop, ticket);
  }
  std::get<Query>(queued.call.body)(*engine_);
  // The state has the time of what last happened.
  const engine::Time time = std::max(engine_->now(), queued.stamp);
  AnswerAfterCommit(ticket, Done{{}, last_event_, time});
}

void Owner::ApplyCommand(const engine::Command& command, const Queued& queued, BootTime now) {
  engine::Outcome outcome = engine_->Apply(queued.stamp, command);
  if (outcome.ok() && !outcome.receipt.replayed) gathering_.dirty = true;
  TakeEvents();
  if (outcome.ok()) NoteSessions(command, now);
  const auto* submit = std::get_if<engine::Submit>(&command.body);
  if (submit != nullptr && !outcome.ok()) {
    observer_.Refused(workspace_, *engine_, *submit, outcome);
  }
  AnswerAfterCommit(queued.call.ticket,
                    Done{std::move(outcome), last_event_, {}, token_.epoch});
}

// False when the batch is full before `to` is reached.
bool Owner::ApplyAdvanceTime(const AdvanceTime& advance, Ticket ticket) {
  if (advance.to < engine_->now()) {
    AnswerAfterCommit(ticket, Done{{engine::Rejection::kInvalidField, "to", {}}, last_event_});
    return true;
  }
  if (!TickBefore(advance.to + engine::Microseconds(1))) return false;
  engine_->Tick(advance.to);
  gathering_.dirty = true;
  TakeEvents();
  AnswerAfterCommit(ticket, Done{{}, last_event_});
  return true;
}

void Owner::ApplyDrop(const DropWorkspace& drop, Ticket ticket) {
  engine::Outcome outcome;
  if (!drop.etag.empty() && drop.etag != engine_->etag()) {
    outcome.rejection = engine::Rejection::kEtagMismatch;
    outcome.subject = engine_->etag();
  } else if (!drop.force && engine_->open_inquiries() > 0) {
    outcome.rejection = engine::Rejection::kQueueInUse;
    outcome.subject = "open inquiries";
  }
  const bool ok = outcome.ok();
  Done done{std::move(outcome), last_event_};
  if (!ok) return AnswerAfterCommit(ticket, std::move(done));
  dropping_ = TicketAnswer{ticket, std::move(done)};  // When everything before it is committed.
}

void Owner::ApplyOwn(engine::Body body, engine::Time time) {
  engine_->Apply(time, engine::Command{std::move(body), {}, {}});
  gathering_.dirty = true;
  TakeEvents();
}

bool Owner::TickBefore(engine::Time time) {
  while (engine_->NextDeadline() < time) {
    if (Full()) return false;
    engine_->Tick(std::max(engine_->NextDeadline(), engine_->now()));
    gathering_.dirty = true;
    TakeEvents();
  }
  return true;
}

void Owner::TakeEvents() {
  if (engine_->events().empty()) return;
  observer_.Applied(workspace_, *engine_);
  const bool same_term = last_event_.epoch == token_.epoch;
  const store::EventId first{token_.epoch, same_term ? last_event_.n + 1 : 1};
  for (store::EventEntry& entry : codec_.EncodeEvents(*engine_, first)) {
    last_event_ = entry.id;
    gathering_.event_bytes += entry.bytes.size();
    gathering_.events.push_back(std::move(entry));
  }
  gathering_.dirty = true;
  engine_->ClearEvents();
}

// ---- Sessions ---------------------------------------------------------------------------------

// A command that names a session is a sign of its life.
void Owner::NoteSessions(const engine::Command& command, BootTime now) {
  const Span grace = engine_->config().settings.presence_grace;
  if (const auto* set = std::get_if<engine::SetPresence>(&command.body)) {
    if (!set->session_id.empty()) sessions_.Open(set->agent_id, set->session_id, grace, now);
  } else if (const auto* open = std::get_if<engine::OpenSession>(&command.body)) {
    sessions_.Open(open->agent_id, open->session_id, grace, now);
  } else if (const auto* close = std::get_if<engine::CloseSession>(&command.body)) {
    sessions_.Close(close->agent_id, close->session_id);
    if (options_.bugs.old_session_closes_presence) CloseEverySession(close->agent_id, now);
  }
}

void Owner::CloseEverySession(const std::string& agent_id, BootTime now) {
  const engine::AgentIx ix = engine_->FindAgent(agent_id);
  if (!ix.IsSet()) return;
  engine::LapseSessions lapse;
  for (const engine::Session& session : engine_->agent(ix).sessions) {
    lapse.sessions.emplace_back(agent_id, session.id);
  }
  if (!lapse.sessions.empty()) ApplyOwn(std::move(lapse), WorkspaceNow(now));
}

void Owner::LapseSessions(BootTime now) {
  while (!Full()) {
    auto lapsed = sessions_.TakeLapsed(now, limits::kLapsesPerCommand);
    if (lapsed.empty()) return;
    ApplyOwn(engine::LapseSessions{std::move(lapsed)}, WorkspaceNow(now));
  }
}

// ---- When answers leave -----------------------------------------------------------------------

void Owner::AnswerAfterCommit(Ticket ticket, Answer answer) {
  if (options_.bugs.answer_before_commit) return GiveNow({ticket, std::move(answer)});
  TicketAnswer held{ticket, std::move(answer)};
  // While restoring, what was seen is committed, but the store has lost it for the moment.
  const bool restoring = phase_ == Phase::kRestoring && !closed_;
  if (gathering_.dirty || !gathering_.answers.empty() || restoring) {
    ++gathering_.commands;
    gathering_.answers.push_back(std::move(held));
  } else if (closed_) {
    ++closed_->commands;
    closed_->answers.push_back(std::move(held));
  } else {
    GiveNow(std::move(held));
  }
}

// Nobody is told of what a failover may undo, be it the outcome of a command or a read.
void Owner::GiveNow(TicketAnswer answer) {
  --open_calls_;
  if (!replicated_) {
    answer.answer = Unavailable{UnavailableReason::kNotReplicated, limits::kRetryMax};
  }
  outbox_.Give(answer.ticket, std::move(answer.answer), lease_.expiry());
}

void Owner::GiveAll(std::vector<TicketAnswer>& answers) {
  for (TicketAnswer& answer : answers) GiveNow(std::move(answer));
  answers.clear();
}

void Owner::Reply(Ticket ticket, Answer answer) {
  --open_calls_;
  outbox_.Give(ticket, std::move(answer), kNeverBoot);
}

// ---- Views ------------------------------------------------------------------------------------

bool Owner::Serving() const { return phase_ == Phase::kActive || phase_ == Phase::kRestoring; }

bool Owner::HoldsToken() const {
  return Serving() || phase_ == Phase::kLoading || phase_ == Phase::kDropping;
}

// What is given up may live as long as its lease, unless it has still to be put right.
bool Owner::MayRenew() const {
  return HoldsToken() && asked_.renew == 0 && (!releasing_ || phase_ == Phase::kRestoring);
}

bool Owner::Full() const {
  return gathering_.commands >= options_.batch_commands_max ||
         gathering_.event_bytes >= options_.batch_bytes_max;
}

bool Owner::Stalled(BootTime now) const {
  return !options_.driven_clock && blocked_since_ != kNeverBoot &&
         now - blocked_since_ > options_.stall_threshold;
}

bool Owner::Overdue(BootTime now) const {
  return blocked_since_ != kNeverBoot && now - blocked_since_ > options_.doubt_wait;
}

engine::Time Owner::WorkspaceNow(BootTime now) {
  if (options_.driven_clock) return std::max(engine_->now(), engine::Time{1});
  return time_.At(now);
}

bool Owner::Idle() const {
  if (phase_ == Phase::kEnded) return !shutdown_ && open_calls_ == 0;
  return phase_ == Phase::kObserving && sighting_.known() && !sighting_.record() &&
         !record_seen_ && open_calls_ == 0;
}

std::string Owner::owner_address() const {
  if (HoldsToken()) return options_.address;
  return sighting_.record() ? sighting_.record()->address : std::string();
}

void Owner::ScheduleRetry(BootTime now) {
  const int doublings = std::min(failures_, 10);
  next_try_ = now + std::min(limits::kRetryMax, Span{limits::kRetryMin.us << doublings});
  ++failures_;
}

BootTime Owner::NextWake() const {
  BootTime wake = kNeverBoot;
  const auto at = [&wake](BootTime time) { wake = std::min(wake, time); };
  if (phase_ == Phase::kObserving) {
    if (asked_.observe == 0) at(next_observe_);
    if (MayAcquire()) at(AcquireAt());
  }
  if (next_try_ != kNeverBoot) at(next_try_);
  if (!HoldsToken()) return wake;
  if (lease_.Valid(last_now_)) at(lease_.expiry());
  if (MayRenew()) at(next_renew_);
  if (!Serving() || releasing_) return wake;
  if (blocked_since_ != kNeverBoot && !queue_.empty()) {
    at(blocked_since_ + options_.doubt_wait + engine::Microseconds(1));
  }
  // Timers and sessions wait while nothing can be added or committed.
  if (Full() || dropping_ || Stalled(last_now_)) return wake;
  at(sessions_.NextExpiry());
  if (!options_.driven_clock) at(time_.BootOf(engine_->NextDeadline()));
  return wake;
}

}  // namespace firstline::runtime
