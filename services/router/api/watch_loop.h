// Watch streams on a completion queue of their own, with one thread: the packaged gRPC walks every
// outstanding tag of a queue at each completion, so that thousands of idle streams on the queue of
// the commands would cut their rate by a third and more. Everything about tags is in this file
// pair; the streams' logic (watch_events, watch_agents, health_service) knows four events and three
// actions.
//
//   auto loop = std::make_shared<WatchLoop>(builder.AddCompletionQueue(), observer, max);
//   server = builder.BuildAndStart();
//   loop->Start(); ListenForEvents(loop, ...);
//   loop->Drain(); server->Shutdown(deadline); loop->Stop();   // in this order
//
// Threads: Post, PostTo, Drain from any thread; streams and tasks live on the loop's thread alone.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <grpcpp/alarm.h>
#include <grpcpp/grpcpp.h>

#include "absl/status/status.h"
#include "common/rpc/error.h"
#include "common/rpc/observer.h"
#include "common/sync/mutex.h"
#include "common/sync/owned_thread.h"

namespace firstline::api {

class WatchLoop;

// What a completion queue hands back.
class Tag {
 public:
  virtual ~Tag() = default;
  virtual void OnEvent(bool ok) = 0;
};

// One stream, from waiting for a caller to its end; deletes itself when gRPC holds none of its
// tags.
class WatchStream {
 public:
  using Id = uint64_t;
  WatchStream(const WatchStream&) = delete;
  WatchStream& operator=(const WatchStream&) = delete;
  Id id() const { return id_; }

  // The caller is to be told `status` once what is being written is out; no event but OnClosed
  // follows. Later calls change nothing.
  void End(absl::Status status);

 protected:
  WatchStream(std::shared_ptr<WatchLoop> loop, rpc::MethodName name);
  virtual ~WatchStream() = default;

  // ---- Events for the logic ----
  virtual void OnOpen() = 0;               // a caller is there; for server streams with its request
  virtual void OnRead(bool /*ok*/) {}      // a message came, or none will any more
  virtual void OnWritten() {}              // the next Write may follow
  virtual void OnTick() {}                 // every WatchLoop::kTick
  virtual void OnClosed() {}               // no more events after this one

  // ---- For the typed stream below ----
  virtual void StartAccept() = 0;
  virtual void StartFinish(const grpc::Status& status) = 0;
  virtual void ListenAgain() = 0;  // makes the stream for the next caller and calls its Accept
  void Accept();
  bool BeginWrite();
  bool BeginRead();

  WatchLoop& loop() const { return *loop_; }
  std::shared_ptr<WatchLoop> shared_loop() const { return loop_; }
  bool writing() const { return writing_; }
  bool ended() const { return end_.has_value(); }

  grpc::ServerContext context_;

  class StreamTag final : public Tag {
   public:
    using Handler = void (WatchStream::*)(bool ok);
    StreamTag(WatchStream& stream, Handler handler) : stream_(stream), handler_(handler) {}
    void OnEvent(bool ok) override { (stream_.*handler_)(ok); }

   private:
    WatchStream& stream_;
    const Handler handler_;
  };
  StreamTag accept_tag_, read_tag_, write_tag_, finish_tag_, done_tag_;

 private:
  friend class WatchLoop;
  void OnAccepted(bool ok);
  void OnReadDone(bool ok);
  void OnWriteDone(bool ok);
  void OnFinished(bool ok);
  void OnDone(bool ok);
  void FinishIfDue();
  void DeleteIfDone();

  const std::shared_ptr<WatchLoop> loop_;
  const Id id_;
  const rpc::MethodName name_;
  std::optional<rpc::HandledTimer> timer_;
  std::optional<absl::Status> end_;
  bool open_ = false, reading_ = false, writing_ = false;
  bool finishing_ = false, finished_ = false, gone_ = false;
};

class WatchLoop : public std::enable_shared_from_this<WatchLoop> {
 public:
  static constexpr std::chrono::milliseconds kTick{500};

  // `observer` must outlive it. `streams_max`: further callers get TOO_MANY_STREAMS.
  WatchLoop(std::unique_ptr<grpc::ServerCompletionQueue> queue, rpc::Observer& observer,
            size_t streams_max);
  ~WatchLoop();

  // Once the server runs.
  void Start();
  // Runs `task` on the loop's thread; dropped when the loop has stopped.
  void Post(std::function<void()> task);
  // Runs `task` on the stream unless it has ended meanwhile.
  template <class Stream>
  void PostTo(WatchStream::Id id, std::function<void(Stream&)> task) {
    Post([this, id, task = std::move(task)] {
      if (WatchStream* stream = Find(id)) task(static_cast<Stream&>(*stream));
    });
  }
  // Called on the loop's thread every kTick, before the streams' OnTick. Before Start.
  void OnEachTick(std::function<void()> task) { tick_task_ = std::move(task); }
  // Ends every stream with UNAVAILABLE / SHUTTING_DOWN, also those that come later.
  void Drain();
  // After the server's Shutdown has returned. Idempotent.
  void Stop();

  // ---- On the loop's thread ----
  grpc::ServerCompletionQueue* queue() { return queue_.get(); }
  rpc::Observer& observer() { return observer_; }
  WatchStream* Find(WatchStream::Id id);
  void ForEach(const std::function<void(WatchStream&)>& visit);

 private:
  friend class WatchStream;
  struct TaskTag final : Tag {
    explicit TaskTag(WatchLoop& l) : loop(l) {}
    void OnEvent(bool) override { loop.RunTasks(); }
    WatchLoop& loop;
  };
  struct TickTag final : Tag {
    explicit TickTag(WatchLoop& l) : loop(l) {}
    void OnEvent(bool ok) override { loop.Tick(ok); }
    WatchLoop& loop;
  };

  // Why a new caller cannot stay; OK if it can.
  absl::Status Admit() const;
  void RunTasks();
  void Tick(bool ok);
  void ArmTick();

  const std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  rpc::Observer& observer_;
  const size_t streams_max_;
  TaskTag task_tag_{*this};
  TickTag tick_tag_{*this};
  std::function<void()> tick_task_;

  std::map<WatchStream::Id, WatchStream*> streams_;  // loop's thread
  bool draining_ = false;                            // loop's thread
  bool ticking_ = false;                             // loop's thread
  std::unique_ptr<grpc::Alarm> tick_alarm_;          // loop's thread

  sync::Mutex mutex_;
  std::vector<std::function<void()>> tasks_ FIRSTLINE_GUARDED_BY(mutex_);
  bool waking_ FIRSTLINE_GUARDED_BY(mutex_) = false;
  bool stopped_ FIRSTLINE_GUARDED_BY(mutex_) = false;
  std::unique_ptr<grpc::Alarm> wake_alarm_ FIRSTLINE_GUARDED_BY(mutex_);
  sync::OwnedThread thread_;
};

// A stream on which only the server writes.
template <class Service, class Request, class Response>
class ServerStream : public WatchStream {
 public:
  using Requester = void (Service::*)(grpc::ServerContext*, Request*,
                                      grpc::ServerAsyncWriter<Response>*, grpc::CompletionQueue*,
                                      grpc::ServerCompletionQueue*, void*);

 protected:
  ServerStream(std::shared_ptr<WatchLoop> loop, rpc::MethodName name, Service& service,
               Requester requester)
      : WatchStream(std::move(loop), name), service_(service), requester_(requester) {}

  const Request& request() const { return request_; }
  // Only when !writing(); dropped once the stream is ending.
  void Write(const Response& response) {
    if (BeginWrite()) writer_.Write(response, static_cast<Tag*>(&write_tag_));
  }

 private:
  void StartAccept() override {
    (service_.*requester_)(&context_, &request_, &writer_, loop().queue(), loop().queue(),
                           static_cast<Tag*>(&accept_tag_));
  }
  void StartFinish(const grpc::Status& status) override {
    writer_.Finish(status, static_cast<Tag*>(&finish_tag_));
  }

  Service& service_;
  const Requester requester_;
  Request request_;
  grpc::ServerAsyncWriter<Response> writer_{&context_};
};

// A stream on which both sides write.
template <class Service, class Request, class Response>
class BidiStream : public WatchStream {
 public:
  using Io = grpc::ServerAsyncReaderWriter<Response, Request>;
  using Requester = void (Service::*)(grpc::ServerContext*, Io*, grpc::CompletionQueue*,
                                      grpc::ServerCompletionQueue*, void*);

 protected:
  BidiStream(std::shared_ptr<WatchLoop> loop, rpc::MethodName name, Service& service,
             Requester requester)
      : WatchStream(std::move(loop), name), service_(service), requester_(requester) {}

  // What the last OnRead(true) is about.
  const Request& request() const { return request_; }
  // Asks for the next message: OnRead follows.
  void Read() {
    if (BeginRead()) io_.Read(&request_, static_cast<Tag*>(&read_tag_));
  }
  // Only when !writing(); dropped once the stream is ending.
  void Write(const Response& response) {
    if (BeginWrite()) io_.Write(response, static_cast<Tag*>(&write_tag_));
  }

 private:
  void StartAccept() override {
    (service_.*requester_)(&context_, &io_, loop().queue(), loop().queue(),
                           static_cast<Tag*>(&accept_tag_));
  }
  void StartFinish(const grpc::Status& status) override {
    io_.Finish(status, static_cast<Tag*>(&finish_tag_));
  }

  Service& service_;
  const Requester requester_;
  Request request_;
  Io io_{&context_};
};

}  // namespace firstline::api
