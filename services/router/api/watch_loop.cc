#include "services/router/api/watch_loop.h"

#include <cassert>

#include "common/status/reason.h"
#include "services/router/api/rejection_status.h"

namespace firstline::api {
namespace {

WatchStream::Id NextId() {
  static std::atomic<WatchStream::Id> last{0};
  return ++last;
}

}  // namespace

// ---- WatchStream
// ----------------------------------------------------------------------------------

WatchStream::WatchStream(std::shared_ptr<WatchLoop> loop, rpc::MethodName name)
    : accept_tag_(*this, &WatchStream::OnAccepted),
      read_tag_(*this, &WatchStream::OnReadDone),
      write_tag_(*this, &WatchStream::OnWriteDone),
      finish_tag_(*this, &WatchStream::OnFinished),
      done_tag_(*this, &WatchStream::OnDone),
      loop_(std::move(loop)),
      id_(NextId()),
      name_(name) {}

void WatchStream::Accept() {
  context_.AsyncNotifyWhenDone(static_cast<Tag*>(&done_tag_));
  StartAccept();
}

bool WatchStream::BeginWrite() {
  assert(!writing_);
  if (end_ || writing_) return false;
  writing_ = true;
  return true;
}

bool WatchStream::BeginRead() {
  if (end_ || reading_) return false;
  reading_ = true;
  return true;
}

void WatchStream::End(absl::Status status) {
  if (end_) return;
  end_ = std::move(status);
  FinishIfDue();
}

void WatchStream::OnAccepted(bool ok) {
  if (!ok) {  // The server shuts down; gRPC holds no other tag of a call that never began.
    delete this;
    return;
  }
  timer_.emplace(loop_->observer(), name_);
  const absl::Status admitted = loop_->Admit();
  loop_->streams_[id_] = this;
  ListenAgain();
  if (!admitted.ok()) return End(admitted);
  open_ = true;
  OnOpen();
}

void WatchStream::OnReadDone(bool ok) {
  reading_ = false;
  if (!end_) OnRead(ok);
  DeleteIfDone();
}

void WatchStream::OnWriteDone(bool ok) {
  writing_ = false;
  FinishIfDue();
  if (!end_ && ok) OnWritten();
  DeleteIfDone();
}

void WatchStream::OnFinished(bool) {
  finished_ = true;
  DeleteIfDone();
}

void WatchStream::OnDone(bool) {
  gone_ = true;
  End(absl::CancelledError("the caller has gone"));
  DeleteIfDone();
}

// One write or finish at a time is what gRPC allows.
void WatchStream::FinishIfDue() {
  if (!end_ || finishing_ || writing_) return;
  finishing_ = true;
  if (open_) OnClosed();
  timer_->Handled(static_cast<grpc::StatusCode>(end_->code()));
  StartFinish(rpc::ToGrpc(*end_));
}

void WatchStream::DeleteIfDone() {
  if (!finished_ || !gone_ || reading_ || writing_) return;
  loop_->streams_.erase(id_);
  delete this;
}

// ---- WatchLoop
// ------------------------------------------------------------------------------------

WatchLoop::WatchLoop(std::unique_ptr<grpc::ServerCompletionQueue> queue, rpc::Observer& observer,
                     size_t streams_max)
    : queue_(std::move(queue)),
      observer_(observer),
      streams_max_(streams_max),
      tick_alarm_(std::make_unique<grpc::Alarm>()),
      wake_alarm_(std::make_unique<grpc::Alarm>()) {}

WatchLoop::~WatchLoop() { assert(!thread_.joinable()); }

void WatchLoop::Start() {
  thread_ = sync::OwnedThread("fl-watch", [this] {
    void* tag = nullptr;
    bool ok = false;
    while (queue_->Next(&tag, &ok)) static_cast<Tag*>(tag)->OnEvent(ok);
  });
  Post([this] {
    ticking_ = true;
    ArmTick();
  });
}

void WatchLoop::Post(std::function<void()> task) {
  sync::MutexLock lock(mutex_);
  if (stopped_) return;
  tasks_.push_back(std::move(task));
  if (std::exchange(waking_, true)) return;
  wake_alarm_->Set(queue_.get(), std::chrono::system_clock::now(),
                   static_cast<Tag*>(&task_tag_));
}

void WatchLoop::RunTasks() {
  std::vector<std::function<void()>> tasks;
  {
    sync::MutexLock lock(mutex_);
    tasks.swap(tasks_);
    waking_ = false;
  }
  for (std::function<void()>& task : tasks) task();
}

void WatchLoop::ArmTick() {
  tick_alarm_->Set(queue_.get(), std::chrono::system_clock::now() + kTick,
                   static_cast<Tag*>(&tick_tag_));
}

void WatchLoop::Tick(bool ok) {
  if (!ok || !ticking_) return;
  if (tick_task_) tick_task_();
  ForEach([](WatchStream& stream) {
    if (stream.open_ && !stream.ended()) stream.OnTick();
  });
  ArmTick();
}

absl::Status WatchLoop::Admit() const {
  if (draining_) return ShuttingDown();
  if (streams_.size() < streams_max_) return absl::OkStatus();
  return status::Error(absl::StatusCode::kResourceExhausted, "too many open streams",
                       {.reason = "TOO_MANY_STREAMS", .retry_after = std::chrono::seconds(1)});
}

WatchStream* WatchLoop::Find(WatchStream::Id id) {
  const auto it = streams_.find(id);
  return it == streams_.end() || it->second->ended() ? nullptr : it->second;
}

// Streams leave the map only when a tag of their own is handled, never within `visit`.
void WatchLoop::ForEach(const std::function<void(WatchStream&)>& visit) {
  for (auto& [id, stream] : streams_) visit(*stream);
}

void WatchLoop::Drain() {
  Post([this] {
    draining_ = true;
    ForEach([](WatchStream& stream) { stream.End(ShuttingDown()); });
  });
}

void WatchLoop::Stop() {
  // The queue may be shut down only when nothing is put on it any more: neither by a task nor by an
  // alarm.
  Post([this] {
    ticking_ = false;
    tick_alarm_->Cancel();
    {
      sync::MutexLock lock(mutex_);
      stopped_ = true;
    }
    queue_->Shutdown();
  });
  thread_.Join();
}

}  // namespace firstline::api
