#include "common/client/subscription.h"

#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>

#include <utility>

#include "common/client/cursor.h"
#include "common/client/link.h"
#include "firstline/v1/routing_service.grpc.pb.h"

namespace firstline::client {

// One stream on a completion queue of its own, because a synchronous read cannot give up: a peer
// that vanished without a word would hold Next() for as long as TCP does.
class Subscription::Stream {
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

  // If this fails, so will the first read.
  void Start(const v1::WatchEventsRequest& request) {
    reader_ = stub_.AsyncWatchEvents(&context_, request, &queue_, this);
    Wait(std::chrono::hours(1));
  }

  // False at the end of the stream or after `silence_max` without a message.
  bool Read(v1::WatchEventsResponse& response, std::chrono::milliseconds silence_max) {
    reader_->Read(&response, this);
    return Wait(silence_max);
  }

  // Why the stream ended; cancels it if it has not.
  Error Finish() {
    if (silent_) {
      context_.TryCancel();
      Drain();
      return {.code = grpc::StatusCode::UNAVAILABLE, .message = "the router fell silent"};
    }
    grpc::Status status;
    reader_->Finish(&status, this);
    Drain();
    if (!status.ok()) return Error::From(status);
    return {.code = grpc::StatusCode::UNAVAILABLE, .message = "the router ended the stream"};
  }

  // Any thread.
  void Cancel() { context_.TryCancel(); }
  const std::string& address() const { return endpoint_.address; }

 private:
  // Waits for the one operation that is out; false if it failed or took too long.
  bool Wait(std::chrono::nanoseconds longest) {
    void* tag = nullptr;
    bool ok = false;
    const auto deadline = std::chrono::system_clock::now() +
                          std::chrono::duration_cast<std::chrono::system_clock::duration>(longest);
    const auto status = queue_.AsyncNext(&tag, &ok, deadline);
    silent_ = status == grpc::CompletionQueue::TIMEOUT;
    return status == grpc::CompletionQueue::GOT_EVENT && ok;
  }
  void Drain() {
    void* tag = nullptr;
    bool ok = false;
    queue_.Next(&tag, &ok);
  }

  const Endpoint endpoint_;
  v1::RoutingService::Stub stub_;
  grpc::ClientContext context_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::ClientAsyncReader<v1::WatchEventsResponse>> reader_;
  bool silent_ = false;
};

Subscription::Subscription(const Client& client, Options options)
    : link_(client.link()),
      options_(std::move(options)),
      cursor_(options_.cursor),
      persistence_(std::make_unique<Persistence>(*link_)) {
  Advance(options_.cursor);
}

Subscription::~Subscription() = default;

std::optional<News> Subscription::Next() {
  while (!failed_ && Open()) {
    // Outlives a read that is given up.
    auto response = std::make_unique<v1::WatchEventsResponse>();
    if (stream_->Read(*response, options_.silence_max)) {
      if (auto news = Take(*response)) return news;
      continue;
    }
    const Error error = stream_->Finish();
    const std::string address = stream_->address();
    {
      sync::MutexLock lock(mutex_);
      live_ = nullptr;
    }
    stream_.reset();
    if (cancelled_.IsSet()) break;
    if (auto news = End(error)) return news;
    link_->timing->Wait(persistence_->Learn(error, options_.workspace, address), cancelled_);
  }
  return std::nullopt;
}

void Subscription::Cancel() {
  cancelled_.Set();
  sync::MutexLock lock(mutex_);
  if (live_ != nullptr) live_->Cancel();
}

bool Subscription::Open() {
  if (cancelled_.IsSet()) return false;
  if (stream_ != nullptr) return true;
  v1::WatchEventsRequest request;
  request.set_workspace(options_.workspace);
  request.set_cursor(cursor_);
  for (const v1::EventKind kind : options_.kinds) request.add_kinds(kind);
  request.set_inquiry_id(options_.inquiry_id);
  request.set_queue(options_.queue);
  stream_ = std::make_unique<Stream>(link_->endpoints.Pick(options_.workspace));
  {
    sync::MutexLock lock(mutex_);
    live_ = stream_.get();
  }
  // Cancel() may have come since the first look and found nothing to end.
  if (cancelled_.IsSet()) stream_->Cancel();
  stream_->Start(request);
  ++streams_opened_;
  return true;
}

std::optional<News> Subscription::Take(v1::WatchEventsResponse& response) {
  persistence_->Reset();
  News news;
  for (v1::Event& event : *response.mutable_events()) {
    if (HasReached(cursor_, event.id())) continue;
    Advance(event.id());
    news.events.push_back(std::move(event));
  }
  const bool moved = !response.cursor().empty() && !HasReached(cursor_, response.cursor());
  if (moved) Advance(response.cursor());
  if (news.events.empty() && !moved) return std::nullopt;
  news.cursor = cursor_;
  return news;
}

void Subscription::Advance(const std::string& cursor) {
  cursor_ = cursor;
  if (const auto reached = ParseCursor(cursor)) trail_.Reach(*reached);
}

std::optional<News> Subscription::End(const Error& error) {
  const bool rewound = error.reason == "CURSOR_REWOUND";
  if (rewound || error.reason == "CURSOR_EXPIRED") {
    Cursor resume = ParseCursor(error.MetadataValue("resume_cursor")).value_or(Cursor{});
    if (rewound) {
      resume = trail_.GoBack(resume);
    } else {
      trail_.Restart(resume);
    }
    cursor_ = ToString(resume);
    return News{.kind = rewound ? News::Kind::kRewound : News::Kind::kExpired,
                .cursor = cursor_,
                .error = error};
  }
  if (persistence_->MayResume(error)) return std::nullopt;
  failed_ = true;
  return News{.kind = News::Kind::kFailed, .cursor = cursor_, .error = error};
}

}  // namespace firstline::client
