#include "common/client/stats_watch.h"

#include <google/protobuf/util/time_util.h>
#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>

#include <algorithm>
#include <utility>

#include "common/client/link.h"
#include "firstline/v1/stats_service.grpc.pb.h"

namespace firstline::client {
namespace {

using google::protobuf::util::TimeUtil;

constexpr std::chrono::seconds kHeartbeat{5};  // of the router when nothing changes

}  // namespace

// One stream on a completion queue of its own, so that a read can give up on a peer that vanished
// without a word.
class StatsWatch::Stream {
 public:
  explicit Stream(Endpoint endpoint) : endpoint_(std::move(endpoint)), stub_(endpoint_.channel) {}

  ~Stream() {
    context_.TryCancel();
    queue_.Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (queue_.Next(&tag, &ok)) {
    }
  }

  // If this fails, so will the first read. `silence_max` bounds each wait for the router.
  void Start(const v1::WatchStatsRequest& request, std::chrono::milliseconds silence_max) {
    silence_max_ = silence_max;
    reader_ = stub_.AsyncWatchStats(&context_, request, &queue_, this);
    Wait();
  }

  // The next message, which stays here; nothing at the end of the stream, or when it fell silent.
  v1::WatchStatsResponse* Read() {
    if (silent_) return nullptr;
    reader_->Read(&response_, this);
    return Wait() ? &response_ : nullptr;
  }

  // Why the stream ended.
  Error Finish() {
    if (silent_) {
      return {.code = grpc::StatusCode::UNAVAILABLE, .message = "the router fell silent"};
    }
    grpc::Status status;
    reader_->Finish(&status, this);
    void* tag = nullptr;
    bool ok = false;
    queue_.Next(&tag, &ok);
    if (!status.ok()) return Error::From(status);
    return {.code = grpc::StatusCode::UNAVAILABLE, .message = "the router ended the stream"};
  }

  // Any thread.
  void Cancel() { context_.TryCancel(); }
  const std::string& address() const { return endpoint_.address; }

 private:
  // Waits for the one operation that is out; false if it failed or took too long.
  bool Wait() {
    void* tag = nullptr;
    bool ok = false;
    const auto status =
        queue_.AsyncNext(&tag, &ok, std::chrono::system_clock::now() + silence_max_);
    silent_ = status == grpc::CompletionQueue::TIMEOUT;
    return status == grpc::CompletionQueue::GOT_EVENT && ok;
  }

  const Endpoint endpoint_;
  v1::StatsService::Stub stub_;
  std::chrono::milliseconds silence_max_{0};
  v1::WatchStatsResponse response_;  // outlives a read that is given up
  bool silent_ = false;
  grpc::ClientContext context_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::ClientAsyncReader<v1::WatchStatsResponse>> reader_;
};

StatsWatch::StatsWatch(const Client& client, Options options)
    : link_(client.link()),
      options_(std::move(options)),
      persistence_(std::make_unique<Persistence>(*link_)) {}

StatsWatch::~StatsWatch() = default;

std::optional<StatsNews> StatsWatch::Next() {
  if (failed_ || !Open()) return std::nullopt;
  if (v1::WatchStatsResponse* response = stream_->Read()) return Take(*response);
  const StatsNews news = Break();
  if (cancelled_.IsSet()) return std::nullopt;
  return news;
}

void StatsWatch::Cancel() {
  cancelled_.Set();
  sync::MutexLock lock(mutex_);
  if (live_ != nullptr) live_->Cancel();
}

bool StatsWatch::Open() {
  if (stream_ != nullptr) return !cancelled_.IsSet();
  if (!link_->timing->Wait(std::exchange(wait_, {}), cancelled_)) return false;
  v1::WatchStatsRequest request;
  request.set_workspace(options_.workspace);
  request.set_queue(options_.queue);
  *request.mutable_interval() = TimeUtil::MillisecondsToDuration(options_.interval.count());
  stream_ = std::make_unique<Stream>(link_->endpoints.Pick(options_.workspace));
  fresh_ = true;
  {
    sync::MutexLock lock(mutex_);
    live_ = stream_.get();
  }
  // Cancel() may have come since the wait and found nothing to end.
  if (cancelled_.IsSet()) stream_->Cancel();
  stream_->Start(request, options_.silence_max +
                              std::max<std::chrono::milliseconds>(kHeartbeat, options_.interval));
  return true;
}

StatsNews StatsWatch::Take(v1::WatchStatsResponse& response) {
  persistence_->Reset();
  if (std::exchange(fresh_, false)) queues_.clear();
  for (v1::QueueStats& queue : *response.mutable_queues()) {
    const std::string name = queue.queue();
    queues_[name] = std::move(queue);
  }
  for (const std::string& name : response.removed_queues()) queues_.erase(name);
  return {.kind = StatsNews::Kind::kFigures, .time = response.time()};
}

StatsNews StatsWatch::Break() {
  const Error error = stream_->Finish();
  const std::string address = stream_->address();
  {
    sync::MutexLock lock(mutex_);
    live_ = nullptr;
  }
  stream_.reset();
  failed_ = !persistence_->MayResume(error);
  if (failed_) return {.kind = StatsNews::Kind::kFailed, .error = error};
  wait_ = persistence_->Learn(error, options_.workspace, address);
  return {.kind = StatsNews::Kind::kBroken, .error = error};
}

}  // namespace firstline::client
