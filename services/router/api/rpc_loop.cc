#include "services/router/api/rpc_loop.h"

#include <algorithm>
#include <cassert>

#include <grpc/grpc.h>

#include "common/status/reason.h"
#include "services/router/api/rejection_status.h"
#include "services/router/api/rpc_stream.h"

namespace firstline::api {

namespace {

// Events on it are waited for without looking at connections.
std::unique_ptr<grpc::CompletionQueue> PassiveQueue() {
  const grpc_completion_queue_attributes attributes = {GRPC_CQ_CURRENT_VERSION, GRPC_CQ_NEXT,
                                                       GRPC_CQ_NON_POLLING, nullptr};
  return std::make_unique<grpc::CompletionQueue>(grpc_completion_queue_create(
      grpc_completion_queue_factory_lookup(&attributes), &attributes, nullptr));
}

}  // namespace

RpcLoop::RpcLoop(std::string name, std::unique_ptr<grpc::ServerCompletionQueue> queue,
                 rpc::Observer& observer, size_t streams_max)
    : name_(std::move(name)),
      accept_queue_(queue.get()),
      queue_(std::move(queue)),
      observer_(observer),
      streams_max_(streams_max),
      tick_alarm_(std::make_unique<grpc::Alarm>()),
      wake_alarm_(std::make_unique<grpc::Alarm>()) {}

RpcLoop::RpcLoop(std::string name, RpcLoop& main, size_t streams_max)
    : name_(std::move(name)),
      accept_queue_(main.accept_queue_),
      queue_(PassiveQueue()),
      observer_(main.observer_),
      streams_max_(streams_max),
      tick_alarm_(std::make_unique<grpc::Alarm>()),
      wake_alarm_(std::make_unique<grpc::Alarm>()) {}

RpcLoop::~RpcLoop() { assert(!thread_.joinable()); }

void RpcLoop::Start() {
  thread_ = sync::OwnedThread(name_, [this] { Run(); });
  Post([this] {
    ticking_ = true;
    ArmTick();
  });
}

bool RpcLoop::Post(Task task) {
  sync::MutexLock lock(mutex_);
  if (stopped_) return false;
  tasks_.push_back(std::move(task));
  if (std::exchange(waking_, true)) return true;
  // In the past: gRPC rounds up to whole milliseconds.
  wake_alarm_->Set(queue_.get(), gpr_inf_past(GPR_CLOCK_REALTIME), static_cast<Tag*>(&task_tag_));
  return true;
}

void RpcLoop::Drain() {
  Post([this] {
    draining_ = true;
    ForEach([](RpcStream& stream) {
      if (!stream.ended()) stream.OnDrain();
    });
  });
}

void RpcLoop::Finish() {
  Post([this] {
    ForEach([](RpcStream& stream) {
      if (!stream.ended()) stream.OnFinish();
    });
  });
}

void RpcLoop::Stop() {
  Post([this] {
    stopping_ = true;
    ShutdownIfDone();
  });
  thread_.Join();
}

// ---- The loop's thread ------------------------------------------------------------------------

void RpcLoop::Run() {
  thread_id_ = std::this_thread::get_id();
  void* tag = nullptr;
  bool ok = false;
  for (int events = 0;;) {
    switch (queue_->AsyncNext(&tag, &ok, NextDeadline())) {
      case grpc::CompletionQueue::SHUTDOWN:
        thread_id_ = std::thread::id();
        return RunIdleTasks();
      case grpc::CompletionQueue::GOT_EVENT:
        static_cast<Tag*>(tag)->OnEvent(ok);
        if (++events < kEventsAtOnce) break;
        [[fallthrough]];
      case grpc::CompletionQueue::TIMEOUT:
        RunWakeTask();
        RunIdleTasks();
        events = 0;
    }
  }
}

// How long to wait for an event.
gpr_timespec RpcLoop::NextDeadline() const {
  if (!idle_tasks_.empty()) return gpr_inf_past(GPR_CLOCK_REALTIME);
  if (wake_at_ == runtime::kNeverBoot) return gpr_inf_future(GPR_CLOCK_REALTIME);
  const int64_t left_us = std::max<int64_t>((wake_at_ - clock_()).us, 0);
  return gpr_time_add(gpr_now(GPR_CLOCK_REALTIME), gpr_time_from_micros(left_us, GPR_TIMESPAN));
}

void RpcLoop::RunWakeTask() {
  if (wake_at_ == runtime::kNeverBoot || clock_() < wake_at_) return;
  wake_at_ = runtime::kNeverBoot;
  wake_task_();
}

void RpcLoop::RunIdleTasks() {
  for (const Task& task : std::exchange(idle_tasks_, {})) task();
}

void RpcLoop::RunTasks() {
  std::vector<Task> tasks;
  {
    sync::MutexLock lock(mutex_);
    tasks.swap(tasks_);
    waking_ = false;
  }
  for (const Task& task : tasks) task();
}

void RpcLoop::ArmTick() {
  tick_alarm_->Set(queue_.get(), std::chrono::system_clock::now() + kTick,
                   static_cast<Tag*>(&tick_tag_));
}

void RpcLoop::Tick(bool ok) {
  if (!ok || !ticking_) return;
  if (tick_task_) tick_task_();
  ForEach([](RpcStream& stream) {
    if (!stream.open_ || stream.ended()) return;
    stream.EndUnlessGood();
    if (!stream.ended()) stream.OnTick();
  });
  ArmTick();
}

absl::Status RpcLoop::Admit() const {
  if (draining_) return ShuttingDown();
  if (streams_.size() < streams_max_) return absl::OkStatus();
  return status::Error(absl::StatusCode::kResourceExhausted, "too many open streams",
                       {.reason = "TOO_MANY_STREAMS", .retry_after = std::chrono::seconds(1)});
}

RpcStream* RpcLoop::Find(StreamId id) {
  const auto it = streams_.find(id);
  return it == streams_.end() || it->second->ended() ? nullptr : it->second;
}

// Streams leave the map only when a tag of their own is handled, never within `visit`.
void RpcLoop::ForEach(const std::function<void(RpcStream&)>& visit) {
  for (auto& [id, stream] : streams_) visit(*stream);
}

void RpcLoop::Remove(StreamId id) {
  streams_.erase(id);
  ShutdownIfDone();
}

void RpcLoop::CallFinished() {
  --calls_;
  ShutdownIfDone();
}

void RpcLoop::HoldEnded() {
  --holds_;
  ShutdownIfDone();
}

// The queue may be shut down only when nothing is put on it any more: neither by a call, nor by a
// stream, a task or an alarm.
void RpcLoop::ShutdownIfDone() {
  if (!stopping_ || calls_ > 0 || holds_ > 0 || !streams_.empty()) return;
  {
    sync::MutexLock lock(mutex_);
    if (std::exchange(stopped_, true)) return;
  }
  ticking_ = false;
  tick_alarm_->Cancel();
  queue_->Shutdown();
}

}  // namespace firstline::api
