#include "services/router/api/peer.h"

#include <cassert>
#include <utility>
#include <vector>

#include "services/router/api/limits.h"

namespace firstline::api {

// One stream from its beginning to its end. Holds the loop, so that its queue outlives it.
class Peer::Stream {
 public:
  explicit Stream(Peer& peer) : peer_(peer) {
    peer_.loop_->HoldBegan();
    io_ = peer_.stub_->PrepareAsyncForward(&context_, peer_.loop_->queue());
    Begin();
    io_->StartCall(&started_);
  }

  bool Ready() const { return open_ && !writing_ && !ending_; }
  void Write(const internal::v1::ForwardRequest& request) {
    writing_ = true;
    Begin();
    io_->Write(request, &written_);
  }
  void Cancel() { context_.TryCancel(); }

 private:
  struct StreamTag final : Tag {
    using Handler = void (Stream::*)(bool ok);
    StreamTag(Stream& s, Handler h) : stream(s), handler(h) {}
    void OnEvent(bool ok) override { stream.Handle(handler, ok); }
    Stream& stream;
    const Handler handler;
  };

  void Begin() { ++outstanding_; }
  void Handle(StreamTag::Handler handler, bool ok) {
    --outstanding_;
    (this->*handler)(ok);
    if (outstanding_ > 0) return;
    // Finish was the last.
    Peer& peer = peer_;
    const std::shared_ptr<RpcLoop> loop = peer.loop_;
    if (open_) peer.observer_.OnPeerStreams(-1);
    delete this;
    peer.OnEnded();
    loop->HoldEnded();
  }
  void OnStarted(bool ok) {
    if (!ok) return End();
    open_ = true;
    peer_.observer_.OnPeerStreams(1);
    Read();
    peer_.Flush();
  }
  void Read() {
    Begin();
    io_->Read(&response_, &read_);
  }
  void OnRead(bool ok) {
    if (!ok) return End();
    for (const internal::v1::ForwardedResult& result : response_.results()) {
      peer_.on_result_(result);
    }
    Read();
  }
  void OnWritten(bool ok) {
    writing_ = false;
    if (!ok) return End();
    peer_.Flush();
  }
  void End() {
    if (std::exchange(ending_, true)) return;
    context_.TryCancel();
    Begin();
    io_->Finish(&status_, &finished_);
  }
  void OnFinished(bool) {}

  Peer& peer_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientAsyncReaderWriter<internal::v1::ForwardRequest,
                                                internal::v1::ForwardResponse>> io_;
  internal::v1::ForwardResponse response_;
  grpc::Status status_;
  StreamTag started_{*this, &Stream::OnStarted}, read_{*this, &Stream::OnRead},
      written_{*this, &Stream::OnWritten}, finished_{*this, &Stream::OnFinished};
  int outstanding_ = 0;
  bool open_ = false, writing_ = false, ending_ = false;
};

Peer::Peer(const Options& options, std::string address, std::shared_ptr<RpcLoop> loop,
           ForwardObserver& observer, OnResult on_result, OnLost on_lost)
    : address_(std::move(address)),
      loop_(std::move(loop)),
      observer_(observer),
      on_result_(std::move(on_result)),
      on_lost_(std::move(on_lost)) {
  grpc::ChannelArguments arguments;
  // A pod that comes back is found soon; a channel of its own, or its back-off would be shared.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 50);
  // Despite its name how long connecting may take, handshakes included.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 2000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(-1);
  // A pod behind a partition is noticed even where nothing ends the connection; servers allow a ping
  // every ten seconds.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 12'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 5'000);
  if (!options.name.empty()) arguments.SetSslTargetNameOverride(options.name);
  stub_ = internal::v1::ForwardService::NewStub(grpc::CreateCustomChannel(
      address_, options.credentials ? options.credentials : grpc::InsecureChannelCredentials(),
      arguments));
}

Peer::~Peer() { assert(stream_ == nullptr); }

void Peer::Send(internal::v1::ForwardedCall call) {
  *pending_.add_calls() = std::move(call);
  if (std::exchange(flushing_, true)) return;
  loop_->WhenIdle([this] {
    flushing_ = false;
    Flush();
  });
}

void Peer::Flush() {
  if (pending_.calls().empty()) return;
  if (closed_) {
    pending_.Clear();
    return on_lost_(address_);
  }
  if (stream_ == nullptr) {
    stream_ = new Stream(*this);
    return;
  }
  if (stream_->Ready()) stream_->Write(TakePending());
}

// As many as one message may carry, the first in any case.
internal::v1::ForwardRequest Peer::TakePending() {
  size_t bytes = 0;
  int count = 0;
  while (count < pending_.calls_size()) {
    bytes += pending_.calls(count).ByteSizeLong();
    if (count > 0 && bytes > limits::kForwardBytesMax) break;
    ++count;
  }
  std::vector<internal::v1::ForwardedCall*> taken(static_cast<size_t>(count));
  pending_.mutable_calls()->ExtractSubrange(0, count, taken.data());
  internal::v1::ForwardRequest part;
  for (internal::v1::ForwardedCall* call : taken) part.mutable_calls()->AddAllocated(call);
  return part;
}

void Peer::OnEnded() {
  stream_ = nullptr;
  pending_.Clear();
  on_lost_(address_);
}

void Peer::Close() {
  closed_ = true;
  if (stream_ != nullptr) stream_->Cancel();
}

}  // namespace firstline::api
