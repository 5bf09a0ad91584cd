// Customers and agents: every inquiry's way from submission to end.
//
// A customer comes (Come), an agent's session tells of the offer, the agent accepts, replies after
// half of the handle time and closes after the other half. What is refused for now is done again
// when the router said; a submission is not: that customer is gone.
//
// Thread rule: any thread; a thread of its own sends what is due. The callers must have answered
// everything, and the sessions must be gone, before a Desk is destroyed.
#pragma once

#include <chrono>
#include <cstdint>
#include <queue>
#include <random>
#include <string>
#include <vector>

#include "common/client/agent_session.h"
#include "common/sync/mutex.h"
#include "common/sync/owned_thread.h"
#include "services/cli/load/caller.h"
#include "services/cli/load/ledger.h"
#include "services/cli/load/options.h"
#include "services/cli/load/tally.h"

namespace firstline::load {

class Desk : public client::AgentListener {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // All must outlive it. `workspace` names queues and channel.
  struct Parts {
    Caller& submissions;
    Caller& service;  // what agents do
    Ledger& ledger;
    Tally& tally;
    const v1::Workspace& workspace;
  };
  Desk(const LoadOptions& options, Parts parts);
  ~Desk() override { Stop(); }

  // Open loop: a customer comes, due at `due`. May wait while too much is unanswered.
  void Come(Time due) FIRSTLINE_EXCLUDES(mutex_);
  // Closed loop: so many customers, each of whom comes back when served, until EndOfCustomers.
  void ComeAgainAndAgain(std::size_t customers) FIRSTLINE_EXCLUDES(mutex_);
  void EndOfCustomers() FIRSTLINE_EXCLUDES(mutex_);
  // As many have come as `options.count` allows.
  bool enough() const FIRSTLINE_EXCLUDES(mutex_);
  // How late submissions were sent, which is the generator's fault or that of full streams.
  Latencies lateness() const FIRSTLINE_EXCLUDES(mutex_);
  // Sends nothing more. Idempotent.
  void Stop() FIRSTLINE_EXCLUDES(mutex_);

  void OnWork(const client::WorkChange& change) override FIRSTLINE_EXCLUDES(mutex_);

 private:
  // One step of one inquiry, to be sent at `at`; `due` is what its latency counts from.
  struct Task {
    Time at, due;
    Operation operation = Operation::kSubmit;
    Number number = 0;
    std::string agent_id = {}, offer_id = {};
    // The earliest first; equals in any order.
    friend bool operator<(const Task& a, const Task& b) { return a.at > b.at; }
  };

  void Run();
  void Schedule(Task task) FIRSTLINE_EXCLUDES(mutex_);
  void Do(const Task& task) FIRSTLINE_EXCLUDES(mutex_);
  void Submit(Time due) FIRSTLINE_EXCLUDES(mutex_);
  v1::Command SubmissionOf(Number number) FIRSTLINE_EXCLUDES(mutex_);
  v1::Command CommandOf(const Task& task) const;
  void OnSubmitted(Number number, Time due, const client::Result<v1::Receipt>& answer);
  void OnAnswer(const Task& task, const client::Result<v1::Receipt>& answer);
  // The step after `task`, whose answer came at `now`.
  void GoOn(const Task& task, Time now) FIRSTLINE_EXCLUDES(mutex_);
  // The life of an inquiry is over: in a closed loop its customer comes again at `at`.
  void ComeBack(Time at) FIRSTLINE_EXCLUDES(mutex_);
  std::chrono::nanoseconds HalfHandle() FIRSTLINE_REQUIRES(mutex_);

  const LoadOptions options_;
  Parts parts_;
  std::string attribute_;

  mutable sync::Mutex mutex_;
  sync::CondVar changed_;
  std::mt19937_64 random_ FIRSTLINE_GUARDED_BY(mutex_);
  std::priority_queue<Task> tasks_ FIRSTLINE_GUARDED_BY(mutex_);
  Latencies lateness_ FIRSTLINE_GUARDED_BY(mutex_);
  std::uint64_t come_ FIRSTLINE_GUARDED_BY(mutex_) = 0;
  bool closed_loop_ FIRSTLINE_GUARDED_BY(mutex_) = false;
  bool stopping_ FIRSTLINE_GUARDED_BY(mutex_) = false;

  sync::OwnedThread thread_;
};

}  // namespace firstline::load
