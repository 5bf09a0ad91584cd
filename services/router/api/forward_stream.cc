#include "services/router/api/forward_stream.h"

#include <deque>
#include <utility>

#include "common/rpc/error.h"
#include "services/router/api/limits.h"
#include "services/router/api/rejection_status.h"
#include "services/router/api/rpc_stream.h"

namespace firstline::api {
namespace {

using ForwardIo =
    BidiStream<ForwardService, internal::v1::ForwardRequest, internal::v1::ForwardResponse>;

class ForwardStream final : public ForwardIo {
 public:
  ForwardStream(std::shared_ptr<RpcLoop> loop, ForwardService& service,
                const MethodTable& methods, const Backend& backend)
      : ForwardIo(std::move(loop), {"firstline.internal.v1.ForwardService", "Forward"}, service,
                  &ForwardService::RequestForward),
        service_(service),
        methods_(methods),
        backend_(backend) {}
  void Listen() { Accept(); }

 private:
  void ListenAgain() override {
    (new ForwardStream(shared_loop(), service_, methods_, backend_))->Listen();
  }
  void OnOpen() override { Read(); }

  void OnRead(bool ok) override {
    if (!ok) {
      ended_ = true;
      return Proceed();
    }
    for (internal::v1::ForwardedCall& call : *mutable_request().mutable_calls()) {
      if (call.lane() != 0) call.set_lane(LaneHere(call.lane()));
      Take(call);
    }
    if (unwritten_ < limits::kForwardedCallsMax) return Read();
    paused_ = true;
  }

  void OnWritten() override { Proceed(); }

  // What is under way is still answered, what comes now is refused call by call: peers learn so
  // that none of it was applied.
  void OnDrain() override {}
  // Peers send what is still unanswered elsewhere.
  void OnFinish() override {
    ended_ = true;
    Proceed();
  }

  // Lanes of the same number of another peer are others. Should two be one after all, they wait for
  // one another, and no order is lost.
  uint64_t LaneHere(uint64_t lane) const {
    return (lane ^ (id() * 0x9e3779b97f4a7c15u)) | uint64_t{1} << 63;
  }

  void Take(const internal::v1::ForwardedCall& call) {
    ++unwritten_;
    methods_.Serve(call, backend_.Now(),
                   [loop = shared_loop(), id = this->id(), call_id = call.id()](
                       const absl::Status& status, std::string response, uint64_t epoch) {
                     RpcStream* stream = loop->Find(id);
                     if (stream == nullptr) return;
                     static_cast<ForwardStream&>(*stream).Answer(call_id, status,
                                                                 std::move(response), epoch);
                   });
  }

  void Answer(uint64_t call_id, const absl::Status& status, std::string response,
              uint64_t epoch) {
    internal::v1::ForwardedResult& result = *ready_.add_results();
    result.set_id(call_id);
    result.set_epoch(epoch);
    if (status.ok()) {
      result.set_response(std::move(response));
    } else {
      *result.mutable_error() = rpc::ToProto(status);
    }
    if (std::exchange(proceeding_, true)) return;
    loop().WhenIdle([loop = shared_loop(), id = this->id()] {
      if (RpcStream* stream = loop->Find(id)) static_cast<ForwardStream&>(*stream).Proceed();
    });
  }

  void Proceed() {
    proceeding_ = false;
    if (!writing() && !ready_.results().empty()) {
      unwritten_ -= static_cast<size_t>(ready_.results_size());
      Write(ready_);
      ready_.Clear();
    }
    if (paused_ && unwritten_ <= limits::kForwardedCallsMax / 2) {
      paused_ = false;
      Read();
    }
    if (ended_ && unwritten_ == 0) End(absl::OkStatus());
  }

  ForwardService& service_;
  const MethodTable& methods_;
  const Backend& backend_;
  internal::v1::ForwardResponse ready_;
  size_t unwritten_ = 0;  // taken, and not given to gRPC
  bool paused_ = false;
  bool proceeding_ = false;
  bool ended_ = false;
};

}  // namespace

void ListenForPeers(const std::shared_ptr<RpcLoop>& loop, ForwardService& service,
                    const MethodTable& methods, const Backend& backend) {
  loop->Post([loop, &service, &methods, &backend] {
    (new ForwardStream(loop, service, methods, backend))->Listen();
  });
}

}  // namespace firstline::api
