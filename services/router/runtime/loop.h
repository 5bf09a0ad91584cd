// The only part of the runtime with threads and a clock: runs a Pod on a thread of its own and its
// store requests on two more, or, while there is nothing else to do, on its own.
//
//   Loop loop(options, codec, observer, random, clock, {.fast = ..., .slow = ...});
//   loop.Submit(std::move(call), [](Answer answer) { ... });   // any thread
//   loop.Stop(deadline);                                       // drain, release, join
//
// The loop thread sleeps until a call, a reply or a deadline comes; nobody polls. Callbacks run on
// the loop thread (or, when a call is turned away, on the caller's): they must be short, must not
// block and must not wait for this loop.
//
// Threads: Submit, Beat, Run and the figures from any thread; construction, Stop and destruction by
// the owner.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <variant>
#include <vector>

#include "common/clock/clock.h"
#include "common/sync/bounded_inbox.h"
#include "common/sync/mutex.h"
#include "common/sync/owned_thread.h"
#include "services/router/runtime/pod.h"

namespace firstline::runtime {

// Two connections of their own to the same store: commits and renewals of all workspaces go out
// together on the fast one; reading and rebuilding states must not hold them up.
struct LoopStores {
  std::unique_ptr<store::Store> fast;
  std::unique_ptr<store::Store> slow;
};

struct LoopOptions {
  PodOptions pod;
  size_t inbox_max = 65'536;  // calls and beats on their way to the loop thread
};

class Loop {
 public:
  using Callback = std::function<void(Answer)>;

  // Starts the threads. `codec`, `observer`, `clock` must outlive the loop.
  Loop(LoopOptions options, const Codec& codec, Observer& observer, RandomSource random,
       const clock::Clock& clock, LoopStores stores);
  // Stop(0) if Stop was not called.
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Hands a call to the pod; `call.ticket` is set here. `done` is called exactly once.
  void Submit(Call call, Callback done);
  // The same for many, in order, with one wake-up of the loop.
  void SubmitAll(std::vector<Submission> submissions);
  // As Pod::Beat. Dropped when the inbox is full: the next beat follows soon.
  void Beat(WorkspaceId workspace, std::vector<SessionRef> sessions);
  // As Pod::Look. Dropped when the inbox is full.
  void Look(WorkspaceId workspace);
  // Runs `body` on the loop thread, then calls `done` there. When the loop has stopped or its inbox is
  // full, `body` is not run and done(false) is called at once, here.
  void RunLater(std::function<void(const Pod&)> body, std::function<void(bool ran)> done);
  // Runs `body` on the loop thread and waits until it has run. False when the loop has stopped or
  // its inbox is full: then it is not run. Not from the loop thread.
  bool Run(const std::function<void(const Pod&)>& body);
  // Finishes open calls and releases every workspace, for at most `timeout`, then joins all threads
  // (a store that hangs holds this up for its own timeout). Calls begun after this get
  // Unavailable{kShuttingDown}, what is open at the end Unavailable{kLapsed}. Idempotent.
  void Stop(std::chrono::nanoseconds timeout);

  // Figures, at most one step of the loop old.
  size_t inbox_depth() const { return inbox_.size(); }
  size_t open_calls() const { return open_calls_.load(std::memory_order_relaxed); }
  // The store answered within the last lease.
  bool store_ready() const;

 private:
  struct Beating {
    WorkspaceId workspace;
    std::vector<SessionRef> sessions;
  };
  struct Looking {
    WorkspaceId workspace;
  };
  struct Running {
    std::function<void(const Pod&)> body;
    std::function<void(bool)> done;
  };
  struct Replied {
    uint64_t id = 0;
    Lane lane = Lane::kSlow;
    store::Reply reply;
    BootTime sent;
    BootTime received;
  };
  struct Stopping {
    BootTime deadline;
  };
  using Item = std::variant<Submission, Beating, Looking, Running, Replied, Stopping>;

  BootTime Now() const;
  void RunLoop();
  bool Finished() const;
  void Handle(Submission& submission, BootTime now);
  void Handle(Beating& beating, BootTime now);
  void Handle(Looking& looking, BootTime now);
  void Handle(Running& running, BootTime now);
  void Handle(Replied& replied, BootTime now);
  void Handle(Stopping& stopping, BootTime now);
  void SendRequests();
  bool MayExecuteHere(const std::vector<StoreRequest>& requests) const;
  void ExecuteHere(std::vector<StoreRequest> requests);
  void GiveAnswers();
  void TurnAway(Item& item);
  void Close();
  std::vector<Replied> Execute(store::Store& store, std::vector<StoreRequest> requests);
  void RunStore(store::Store& store, sync::BoundedInbox<StoreRequest>& work);

  const LoopOptions options_;
  const clock::Clock& clock_;
  LoopStores stores_;
  Pod pod_;                                             // loop thread
  std::unordered_map<Ticket, Callback> callbacks_;      // loop thread
  Ticket last_ticket_ = 0;                              // loop thread
  std::optional<BootTime> stop_at_;                     // loop thread
  size_t fast_under_way_ = 0;                           // loop thread: requests
  bool store_is_prompt_ = false;                        // loop thread

  sync::BoundedInbox<Item> inbox_;
  sync::BoundedInbox<StoreRequest> fast_work_;
  sync::BoundedInbox<StoreRequest> slow_work_;
  std::atomic<size_t> open_calls_{0};
  std::atomic<int64_t> last_success_us_{-1};
  std::atomic<bool> stopping_{false};

  sync::OwnedThread loop_thread_;
  sync::OwnedThread fast_thread_;
  sync::OwnedThread slow_thread_;
};

}  // namespace firstline::runtime
