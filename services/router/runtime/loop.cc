#include "services/router/runtime/loop.h"

#include <algorithm>
#include <utility>

namespace firstline::runtime {
namespace {

// Replies and the order to stop must always get in: few for each workspace, and never bounded by
// what callers send.
constexpr size_t kReplyRoom = size_t{1} << 24;
constexpr size_t kStoreWorkMax = size_t{1} << 24;

constexpr std::chrono::nanoseconds kLongWait = std::chrono::hours(1);

// Redis answers it in about a round trip.
bool IsShort(const store::Request& request) {
  const auto* commit = std::get_if<store::Commit>(&request);
  return commit == nullptr || commit->batch.events.size() <= limits::kCommitHereEventsMax;
}

// How Run waits for the loop thread.
struct Gate {
  sync::Mutex mutex;
  sync::CondVar opened;
  std::optional<bool> result FIRSTLINE_GUARDED_BY(mutex);

  void Open(bool value) FIRSTLINE_EXCLUDES(mutex) {
    sync::MutexLock lock(mutex);
    result = value;
    opened.NotifyOne();  // Under the lock: the waiter owns the gate and may destroy it at once.
  }
  bool Wait() FIRSTLINE_EXCLUDES(mutex) {
    sync::MutexLock lock(mutex);
    while (!result) opened.Wait(mutex);
    return *result;
  }
};

}  // namespace

Loop::Loop(LoopOptions options, const Codec& codec, Observer& observer, RandomSource random,
           const clock::Clock& clock, LoopStores stores)
    : options_(std::move(options)),
      clock_(clock),
      stores_(std::move(stores)),
      pod_(options_.pod, codec, observer, std::move(random)),
      inbox_(options_.inbox_max + kReplyRoom),
      fast_work_(kStoreWorkMax),
      slow_work_(kStoreWorkMax),
      loop_thread_("fl-loop", [this] { RunLoop(); }),
      fast_thread_("fl-store-fast", [this] { RunStore(*stores_.fast, fast_work_); }),
      slow_thread_("fl-store-slow", [this] { RunStore(*stores_.slow, slow_work_); }) {}

Loop::~Loop() { Stop(std::chrono::nanoseconds(0)); }

// ---- Any thread -------------------------------------------------------------------------------

void Loop::Submit(Call call, Callback done) {
  Item item = Submission{std::move(call), std::move(done)};
  if (!inbox_.TryPushBelow(options_.inbox_max, item)) TurnAway(item);
}

void Loop::SubmitAll(std::vector<Submission> submissions) {
  std::vector<Item> items;
  items.reserve(submissions.size());
  for (Submission& submission : submissions) items.emplace_back(std::move(submission));
  const size_t taken = inbox_.TryPushAllBelow(options_.inbox_max, items);
  for (size_t i = taken; i < items.size(); ++i) TurnAway(items[i]);
}

void Loop::Beat(WorkspaceId workspace, std::vector<SessionRef> sessions) {
  Item item = Beating{std::move(workspace), std::move(sessions)};
  inbox_.TryPushBelow(options_.inbox_max, item);
}

void Loop::Look(WorkspaceId workspace) {
  Item item = Looking{std::move(workspace)};
  inbox_.TryPushBelow(options_.inbox_max, item);
}

void Loop::RunLater(std::function<void(const Pod&)> body, std::function<void(bool)> done) {
  Item item = Running{std::move(body), std::move(done)};
  if (!inbox_.TryPushBelow(options_.inbox_max, item)) TurnAway(item);
}

bool Loop::Run(const std::function<void(const Pod&)>& body) {
  Gate gate;
  RunLater(body, [&gate](bool ran) { gate.Open(ran); });
  return gate.Wait();
}

void Loop::Stop(std::chrono::nanoseconds timeout) {
  const int64_t timeout_us = std::min<std::chrono::nanoseconds>(timeout, kLongWait).count() / 1000;
  stopping_ = true;
  inbox_.TryPush(Stopping{Now() + Span{timeout_us}});
  loop_thread_.Join();
  fast_thread_.Join();
  slow_thread_.Join();
}

bool Loop::store_ready() const {
  const int64_t last_us = last_success_us_.load(std::memory_order_relaxed);
  return last_us >= 0 && Now().us - last_us < options_.pod.lease.us;
}

BootTime Loop::Now() const {
  return {std::chrono::duration_cast<std::chrono::microseconds>(clock_.BootTime()).count()};
}

// A call that does not get into the pod.
void Loop::TurnAway(Item& item) {
  if (auto* submission = std::get_if<Submission>(&item)) {
    if (stopping_) {
      submission->done(Unavailable{UnavailableReason::kShuttingDown, limits::kRetryMax});
    } else {
      submission->done(Overloaded{limits::kOverloadRetry});
    }
  } else if (auto* running = std::get_if<Running>(&item)) {
    running->done(false);
  }
}

// ---- The loop thread --------------------------------------------------------------------------

void Loop::RunLoop() {
  std::vector<Item> items;
  while (!Finished()) {
    const BootTime wake = std::min(pod_.NextWake(), stop_at_.value_or(kNeverBoot));
    const auto wait = wake == kNeverBoot ? kLongWait : std::chrono::microseconds((wake - Now()).us);
    inbox_.PopAll(items, wait);
    const BootTime now = Now();
    for (Item& item : items) {
      std::visit([this, now](auto& taken) { Handle(taken, now); }, item);
    }
    items.clear();
    pod_.Advance(now);
    SendRequests();
    GiveAnswers();
  }
  Close();
}

bool Loop::Finished() const {
  if (!stop_at_) return false;
  return Now() >= *stop_at_ || (pod_.drained() && callbacks_.empty());
}

void Loop::Handle(Submission& submission, BootTime now) {
  submission.call.ticket = ++last_ticket_;
  callbacks_.emplace(last_ticket_, std::move(submission.done));
  pod_.Submit(std::move(submission.call), now);
}

void Loop::Handle(Beating& beating, BootTime now) {
  pod_.Beat(beating.workspace, beating.sessions, now);
}

void Loop::Handle(Looking& looking, BootTime now) { pod_.Look(looking.workspace, now); }

void Loop::Handle(Running& running, BootTime) {
  running.body(pod_);
  running.done(true);
}

// `now` and not the arrival: it is a little later, which errs on the safe side everywhere.
void Loop::Handle(Replied& replied, BootTime now) {
  if (replied.lane == Lane::kFast) {
    --fast_under_way_;
    store_is_prompt_ = replied.received - replied.sent <= limits::kPromptReply;
  }
  pod_.OnReply(replied.id, std::move(replied.reply), replied.sent, now);
}

void Loop::Handle(Stopping& stopping, BootTime now) {
  stop_at_ = std::min(stop_at_.value_or(kNeverBoot), stopping.deadline);
  pod_.Shutdown(now);
}

// A short request while there is nothing else to do is executed here, if the store is prompt: otherwise
// two threads would have to be woken for it, one after the other, which takes longer than Redis.
void Loop::SendRequests() {
  std::vector<StoreRequest> requests = pod_.TakeRequests();
  if (MayExecuteHere(requests)) {
    ExecuteHere(std::move(requests));
    requests = pod_.TakeRequests();
  }
  for (StoreRequest& request : requests) {
    if (request.lane == Lane::kFast) ++fast_under_way_;
    auto& work = request.lane == Lane::kFast ? fast_work_ : slow_work_;
    work.TryPush(std::move(request));
  }
  open_calls_.store(pod_.open_calls(), std::memory_order_relaxed);
  const BootTime success = pod_.last_store_success();
  if (success != kNeverBoot) last_success_us_.store(success.us, std::memory_order_relaxed);
}

// Only one thread at a time may use the store: the fast one has nothing left.
bool Loop::MayExecuteHere(const std::vector<StoreRequest>& requests) const {
  return store_is_prompt_ && requests.size() == 1 && requests.front().lane == Lane::kFast &&
         fast_under_way_ == 0 && inbox_.size() == 0 && IsShort(requests.front().request);
}

void Loop::ExecuteHere(std::vector<StoreRequest> requests) {
  ++fast_under_way_;
  for (Replied& replied : Execute(*stores_.fast, std::move(requests))) {
    Handle(replied, Now());
  }
  pod_.Advance(Now());
}

// The clock is read after the answers were computed: a thread that slept through its lease must not
// give them.
void Loop::GiveAnswers() {
  for (TicketAnswer& answer : pod_.TakeAnswers(Now())) {
    const auto it = callbacks_.find(answer.ticket);
    if (it == callbacks_.end()) continue;
    Callback done = std::move(it->second);
    callbacks_.erase(it);
    done(std::move(answer.answer));
  }
}

void Loop::Close() {
  inbox_.Close();
  fast_work_.Close();
  slow_work_.Close();
  for (auto& [ticket, done] : callbacks_) {
    done(Unavailable{UnavailableReason::kLapsed, limits::kRetryMax});
  }
  callbacks_.clear();
  std::vector<Item> rest;
  inbox_.PopAll(rest, std::chrono::nanoseconds(0));
  for (Item& item : rest) TurnAway(item);
}

// ---- The store threads ------------------------------------------------------------------------

// Whatever has come together while the last round trip was under way goes out as one.
void Loop::RunStore(store::Store& store, sync::BoundedInbox<StoreRequest>& work) {
  std::vector<StoreRequest> taken;
  while (work.PopAll(taken, kLongWait)) {
    for (Replied& replied : Execute(store, std::exchange(taken, {}))) {
      inbox_.TryPush(std::move(replied));
    }
  }
}

std::vector<Loop::Replied> Loop::Execute(store::Store& store, std::vector<StoreRequest> sent) {
  std::vector<store::Request> requests;
  requests.reserve(sent.size());
  for (StoreRequest& one : sent) requests.push_back(std::move(one.request));
  if (requests.empty()) return {};
  const BootTime begin = Now();
  std::vector<store::Reply> replies = store.Execute(requests);
  const BootTime end = Now();
  std::vector<Replied> replied(sent.size());
  for (size_t i = 0; i < sent.size(); ++i) {
    replied[i] = {sent[i].id, sent[i].lane, {}, begin, end};
    if (i < replies.size()) replied[i].reply = std::move(replies[i]);
  }
  return replied;
}

}  // namespace firstline::runtime
