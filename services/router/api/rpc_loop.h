// A completion queue with one thread, from which RPCs are served: unary calls (unary.h) and streams
// (rpc_stream.h). A server has two, because the packaged gRPC walks every outstanding tag of a queue
// at each completion: thousands of idle watch streams on the queue of the commands would cut their
// rate by a third and more. Only the first, the main one, polls connections and takes new callers:
// gRPC has one set of connections, and a second thread that polls it takes work that the first must
// be woken for.
//
//   auto calls = std::make_shared<RpcLoop>("fl-calls", builder.AddCompletionQueue(), observer, max);
//   auto watch = std::make_shared<RpcLoop>("fl-watch", *calls, max);
//   server = builder.BuildAndStart();
//   calls->Start(); watch->Start(); ListenForEvents(watch, ...);
//   calls->Drain(); server->Shutdown(deadline); watch->Stop(); calls->Stop();   // in this order
//
// Threads: Post, PostTo, Drain, Finish, InThread from any thread; calls, streams and tasks live on the
// loop's thread alone, where everything about them is done without a lock.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <grpcpp/alarm.h>
#include <grpcpp/grpcpp.h>

#include "absl/status/status.h"
#include "common/rpc/observer.h"
#include "common/sync/mutex.h"
#include "common/sync/owned_thread.h"
#include "services/router/api/door.h"
#include "services/router/runtime/boot_time.h"

namespace firstline::api {

class RpcStream;
using StreamId = uint64_t;

// What a completion queue hands back.
class Tag {
 public:
  virtual ~Tag() = default;
  virtual void OnEvent(bool ok) = 0;
};

class RpcLoop : public std::enable_shared_from_this<RpcLoop> {
 public:
  using Task = std::function<void()>;
  static constexpr std::chrono::milliseconds kTick{500};

  // A main loop. `observer` must outlive it. `streams_max`: further callers of streams get
  // TOO_MANY_STREAMS.
  RpcLoop(std::string name, std::unique_ptr<grpc::ServerCompletionQueue> queue,
          rpc::Observer& observer, size_t streams_max);
  // One that leaves connections and new callers to `main`, which must outlive it.
  RpcLoop(std::string name, RpcLoop& main, size_t streams_max);
  ~RpcLoop();

  // Once the server runs.
  void Start();
  // Runs `task` on the loop's thread. False, and the task is dropped, when the loop has stopped.
  bool Post(Task task);
  // Runs `task` on the stream unless it has ended meanwhile.
  template <class Stream>
  void PostTo(StreamId id, std::function<void(Stream&)> task) {
    Post([this, id, task = std::move(task)] {
      if (RpcStream* stream = Find(id)) task(static_cast<Stream&>(*stream));
    });
  }
  // Callers are asked who they are at `door`, which must outlive the loop. Before Start.
  void Guard(const Door& door) { door_ = &door; }
  const Door* door() const { return door_; }  // null: nobody is asked
  // Called on the loop's thread every kTick, before the streams' OnTick. Before Start.
  void OnEachTick(Task task) { tick_task_ = std::move(task); }
  // OnDrain for every stream; who comes later gets UNAVAILABLE / SHUTTING_DOWN. Unary calls are
  // still taken.
  void Drain();
  // OnFinish for every stream: those that outlived the drain to answer what they had taken.
  void Finish();
  // After the server's Shutdown has returned: waits until every call and stream is finished. A call
  // is when the backend has answered it. Idempotent.
  void Stop();
  bool InThread() const { return std::this_thread::get_id() == thread_id_; }

  // ---- On the loop's thread ----
  // Runs `task` when no event is ready, kEventsAtOnce events later at the latest: what many events
  // ask for can be done once.
  void WhenIdle(Task task) { idle_tasks_.push_back(std::move(task)); }
  // One task for points of time that change: it runs once after the last `at` that was set; WakeAt
  // with kNeverBoot takes it back. OnWake before Start.
  using BootClock = std::function<runtime::BootTime()>;
  void OnWake(BootClock clock, Task task) {
    clock_ = std::move(clock);
    wake_task_ = std::move(task);
  }
  void WakeAt(runtime::BootTime at) { wake_at_ = at; }
  size_t calls() const { return calls_; }
  grpc::CompletionQueue* queue() { return queue_.get(); }
  // Where new callers are told of: their tags may come on the main loop's thread.
  grpc::ServerCompletionQueue* accept_queue() { return accept_queue_; }
  rpc::Observer& observer() { return observer_; }
  RpcStream* Find(StreamId id);
  void ForEach(const std::function<void(RpcStream&)>& visit);
  // A unary call began, or was finished.
  void CallBegan() { ++calls_; }
  void CallFinished();
  // The same of what is no caller's: it keeps the loop running, and does not count among calls().
  void HoldBegan() { ++holds_; }
  void HoldEnded();

 private:
  friend class RpcStream;
  static constexpr int kEventsAtOnce = 64;
  struct TaskTag final : Tag {
    explicit TaskTag(RpcLoop& l) : loop(l) {}
    void OnEvent(bool) override { loop.RunTasks(); }
    RpcLoop& loop;
  };
  struct TickTag final : Tag {
    explicit TickTag(RpcLoop& l) : loop(l) {}
    void OnEvent(bool ok) override { loop.Tick(ok); }
    RpcLoop& loop;
  };

  void Run();
  gpr_timespec NextDeadline() const;
  void RunIdleTasks();
  void RunWakeTask();
  void RunTasks();
  void Tick(bool ok);
  void ArmTick();
  // Why a new caller of a stream cannot stay; OK if it can.
  absl::Status Admit() const;
  void Add(StreamId id, RpcStream* stream) { streams_[id] = stream; }
  void Remove(StreamId id);
  void ShutdownIfDone();

  const std::string name_;
  grpc::ServerCompletionQueue* const accept_queue_;
  const std::unique_ptr<grpc::CompletionQueue> queue_;
  rpc::Observer& observer_;
  const size_t streams_max_;
  TaskTag task_tag_{*this};
  TickTag tick_tag_{*this};
  Task tick_task_;
  const Door* door_ = nullptr;

  // The loop's thread.
  std::map<StreamId, RpcStream*> streams_;
  size_t calls_ = 0, holds_ = 0;
  std::vector<Task> idle_tasks_;
  BootClock clock_;
  Task wake_task_;
  runtime::BootTime wake_at_ = runtime::kNeverBoot;
  bool draining_ = false;
  bool stopping_ = false;
  bool ticking_ = false;
  std::unique_ptr<grpc::Alarm> tick_alarm_;

  sync::Mutex mutex_;
  std::vector<Task> tasks_ FIRSTLINE_GUARDED_BY(mutex_);
  bool waking_ FIRSTLINE_GUARDED_BY(mutex_) = false;
  bool stopped_ FIRSTLINE_GUARDED_BY(mutex_) = false;
  std::unique_ptr<grpc::Alarm> wake_alarm_ FIRSTLINE_GUARDED_BY(mutex_);
  std::atomic<std::thread::id> thread_id_{};
  sync::OwnedThread thread_;
};

}  // namespace firstline::api
