// Calls by name, for those that come from other pods.
//
// Threads: the loop's.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "firstline/internal/v1/forward_service.pb.h"
#include "services/router/api/call_trace.h"
#include "services/router/api/unary_call.h"
#include "services/router/store/caller_codec.h"

namespace firstline::api {

// Told how a call ended, once: its response, serialised, and a command's epoch.
using Sink = std::function<void(const absl::Status&, std::string response, uint64_t epoch)>;

// What the owner has to know of a caller; ForwardedCaller reads it.
inline void WriteCaller(const Caller& caller, internal::v1::ForwardedCall* call) {
  if (!caller.agent_id.empty()) call->set_caller_agent_id(caller.agent_id);
  if (!caller.vendor.empty()) call->set_caller_vendor(caller.vendor);
  if (caller.told != nullptr) store::WriteCaller(*caller.told, call->mutable_caller());
}

class MethodTable {
 public:
  // `name`: "/package.Service/Method".
  template <class Request, class Response>
  void Add(std::string name, typename UnaryCall<Request, Response>::Handler handler) {
    auto shared = std::make_shared<const decltype(handler)>(std::move(handler));
    entries_[std::move(name)] = [shared](const internal::v1::ForwardedCall& call,
                                         runtime::BootTime now, Sink sink) {
      ForwardedCall<Request, Response>::Serve(call, now, *shared, std::move(sink));
    };
  }

  // UNIMPLEMENTED for a name that is not there; INVALID_ARGUMENT for a request that cannot be read.
  // The call's lane is one of its sender's: it is to be unlike those of others.
  void Serve(const internal::v1::ForwardedCall& call, runtime::BootTime now, Sink sink) const {
    const auto entry = entries_.find(call.method());
    if (entry == entries_.end()) {
      return sink(absl::UnimplementedError("no such call: " + call.method()), "", 0);
    }
    entry->second(call, now, std::move(sink));
  }

 private:
  template <class Request, class Response>
  class ForwardedCall final : public UnaryCall<Request, Response> {
   public:
    static void Serve(const internal::v1::ForwardedCall& in, runtime::BootTime now,
                      const typename UnaryCall<Request, Response>::Handler& handler, Sink sink) {
      auto* call = new ForwardedCall(std::move(sink));
      if (!in.traceparent().empty()) call->Trace(in);
      if (!call->request_.ParseFromString(in.request())) {
        return call->End(absl::InvalidArgumentError("the request cannot be read"));
      }
      call->epoch_ = in.epoch();
      call->lane_ = in.lane();
      call->caller_ = ForwardedCaller(in.caller_agent_id(), in.caller_vendor(),
                                      store::ReadCaller(in.caller()));
      if (in.timeout_us() > 0) call->deadline_ = now + engine::Microseconds(in.timeout_us());
      handler(*call);
    }

   private:
    explicit ForwardedCall(Sink sink) : sink_(std::move(sink)) {}
    void Trace(const internal::v1::ForwardedCall& in) {
      trace_ = CallTrace(in.traceparent());
      method_ = in.method();
      start_ = std::chrono::steady_clock::now();
    }
    void OnEnd(const absl::Status& status, uint64_t epoch) override {
      if (trace_.traced()) {
        trace_.Ended(method_, WorkspaceOf(this->request_), status,
                     std::chrono::steady_clock::now() - start_);
      }
      std::string response;
      if (status.ok()) this->response_.SerializeToString(&response);
      sink_(status, std::move(response), epoch);
      delete this;
    }

    const Sink sink_;
    CallTrace trace_;
    std::string method_;  // of a trace
    std::chrono::steady_clock::time_point start_;
  };

  using Entry =
      std::function<void(const internal::v1::ForwardedCall&, runtime::BootTime now, Sink)>;
  std::map<std::string, Entry> entries_;
};

}  // namespace firstline::api
