// Streams served from an RpcLoop. Everything about tags is here; the streams' logic (commands_stream,
// watch_*, health_service) knows a few events and three actions.
//
// Threads: the loop's.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <grpcpp/grpcpp.h>

#include "absl/status/status.h"
#include "common/rpc/error.h"
#include "common/rpc/observer.h"
#include "services/router/api/access.h"
#include "services/router/api/call_trace.h"
#include "services/router/api/rpc_loop.h"

namespace firstline::api {

// One stream, from waiting for a caller to its end; deletes itself when gRPC holds none of its
// tags.
class RpcStream {
 public:
  using Id = StreamId;
  RpcStream(const RpcStream&) = delete;
  RpcStream& operator=(const RpcStream&) = delete;
  Id id() const { return id_; }

  // The caller is to be told `status` once what is being written is out; no event but OnClosed
  // follows. Later calls change nothing.
  void End(absl::Status status);

 protected:
  RpcStream(std::shared_ptr<RpcLoop> loop, rpc::MethodName name);
  virtual ~RpcStream() = default;

  // ---- Events for the logic ----
  virtual void OnOpen() = 0;               // a caller is there; for server streams with its request
  virtual void OnRead(bool /*ok*/) {}      // a message came, or none will any more
  virtual void OnWritten() {}              // the next Write may follow
  virtual void OnTick() {}                 // every RpcLoop::kTick
  virtual void OnDrain();                  // ends with UNAVAILABLE / SHUTTING_DOWN if not overridden
  virtual void OnFinish() {}               // the backend has stopped: nothing more is applied
  virtual void OnClosed() {}               // no more events after this one

  // ---- For the typed stream below ----
  virtual void StartAccept() = 0;
  virtual void StartFinish(const grpc::Status& status) = 0;
  virtual void ListenAgain() = 0;  // makes the stream for the next caller and calls its Accept
  void Accept();
  bool BeginWrite();
  bool BeginRead();

  RpcLoop& loop() const { return *loop_; }
  std::shared_ptr<RpcLoop> shared_loop() const { return loop_; }
  bool writing() const { return writing_; }
  bool ended() const { return end_.has_value(); }
  // Since OnOpen.
  const CallerRef& caller() const { return caller_; }
  // For Door::Charge, of what is asked on the stream.
  const std::string& limit_key() const { return limit_key_; }

  grpc::ServerContext context_;

  class StreamTag final : public Tag {
   public:
    using Handler = void (RpcStream::*)(bool ok);
    StreamTag(RpcStream& stream, Handler handler) : stream_(stream), handler_(handler) {}
    void OnEvent(bool ok) override { (stream_.*handler_)(ok); }

   private:
    RpcStream& stream_;
    const Handler handler_;
  };
  StreamTag accept_tag_, read_tag_, write_tag_, finish_tag_, done_tag_;

 private:
  friend class RpcLoop;
  void OnAccepted(bool ok);
  void OnReadDone(bool ok);
  void OnWriteDone(bool ok);
  void OnFinished(bool ok);
  void OnDone(bool ok);
  std::string FullName() const;
  absl::Status AskCaller();
  void EndUnlessGood();
  void FinishIfDue();
  void DeleteIfDone();

  const std::shared_ptr<RpcLoop> loop_;
  const Id id_;
  const rpc::MethodName name_;
  CallerRef caller_ = Everybody();
  std::string limit_key_;
  std::optional<rpc::HandledTimer> timer_;
  CallTrace trace_;
  std::optional<absl::Status> end_;
  bool open_ = false, reading_ = false, writing_ = false;
  bool finishing_ = false, finished_ = false, gone_ = false;
};

// A stream on which only the server writes.
template <class Service, class Request, class Response>
class ServerStream : public RpcStream {
 public:
  using Requester = void (Service::*)(grpc::ServerContext*, Request*,
                                      grpc::ServerAsyncWriter<Response>*, grpc::CompletionQueue*,
                                      grpc::ServerCompletionQueue*, void*);

 protected:
  ServerStream(std::shared_ptr<RpcLoop> loop, rpc::MethodName name, Service& service,
               Requester requester)
      : RpcStream(std::move(loop), name), service_(service), requester_(requester) {}

  const Request& request() const { return request_; }
  // Only when !writing(); dropped once the stream is ending.
  void Write(const Response& response) {
    if (BeginWrite()) writer_.Write(response, static_cast<Tag*>(&write_tag_));
  }

 private:
  void StartAccept() override {
    (service_.*requester_)(&context_, &request_, &writer_, loop().queue(), loop().accept_queue(),
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
class BidiStream : public RpcStream {
 public:
  using Io = grpc::ServerAsyncReaderWriter<Response, Request>;
  using Requester = void (Service::*)(grpc::ServerContext*, Io*, grpc::CompletionQueue*,
                                      grpc::ServerCompletionQueue*, void*);

 protected:
  BidiStream(std::shared_ptr<RpcLoop> loop, rpc::MethodName name, Service& service,
             Requester requester)
      : RpcStream(std::move(loop), name), service_(service), requester_(requester) {}

  // What the last OnRead(true) is about.
  const Request& request() const { return request_; }
  Request& mutable_request() { return request_; }
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
    (service_.*requester_)(&context_, &io_, loop().queue(), loop().accept_queue(),
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
