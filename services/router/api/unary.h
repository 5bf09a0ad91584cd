// Unary calls served from an RpcLoop, here or by another pod.
//
//   UnaryServer<RoutingService> server(loop, service, "firstline.v1.RoutingService", &forwarding);
//   server.Serve("GetInquiry", &RoutingService::RequestGetInquiry, Order::kAny,
//                [](UnaryCall<v1::GetInquiryRequest, v1::GetInquiryResponse>& call) { ... });
//
// Threads: as unary_call.h; a server on the loop's thread.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/support/async_unary_call.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/rpc/error.h"
#include "common/rpc/observer.h"
#include "common/status/reason.h"
#include "services/router/api/audit.h"
#include "services/router/api/call_trace.h"
#include "services/router/api/forwarder.h"
#include "services/router/api/limits.h"
#include "services/router/api/method_table.h"
#include "services/router/api/rpc_loop.h"
#include "services/router/api/unary_call.h"

namespace firstline::api {

// Where calls go that may be another pod's, and where those of other pods find their handlers.
struct Forwarding {
  Forwarder& forwarder;
  MethodTable& methods;
  Backend& backend;
};

// Trailing metadata of a call that another pod served: its address, for clients that would rather go
// there themselves.
inline constexpr std::string_view kOwnerMetadata = "firstline-owner";

enum class Order : uint8_t {
  kCommand,  // commands of a workspace are applied in the order in which they came
  kAny,
};

// A repeat must be recognised: what may be sent twice gets an id unless its caller gave it one.
template <class Request>
void EnsureRequestId(const std::string& id, Request* request) {
  if constexpr (requires { request->set_request_id(id); }) {
    if (request->request_id().empty()) request->set_request_id(id);
  }
}

// One call, from waiting for a caller to its end; deletes itself when gRPC has taken the answer.
template <class Request, class Response>
class GrpcCall final : public Tag, public Forwardable, public UnaryCall<Request, Response> {
 public:
  using Writer = grpc::ServerAsyncResponseWriter<Response>;
  using Handler = typename UnaryCall<Request, Response>::Handler;
  // What all calls of a method share.
  struct Method {
    rpc::MethodName name;
    Roles roles;
    Allowance allowance = Allowance::kOther;
    Order order = Order::kAny;
    const Forwarding* forwarding = nullptr;  // null: served here
    std::function<void(GrpcCall&)> await;    // makes gRPC wait for a caller
    Handler handler;
  };

  // Waits for one caller; who comes is served, and the next one awaited.
  static void Listen(std::shared_ptr<RpcLoop> loop, std::shared_ptr<const Method> method) {
    auto* call = new GrpcCall(std::move(loop), std::move(method));
    call->method_->await(*call);
  }

  // For Method::await.
  grpc::ServerContext* context() { return &context_; }
  Request* mutable_request() { return &this->request_; }
  Writer* writer() { return &writer_; }
  RpcLoop& loop() { return *loop_; }

 private:
  GrpcCall(std::shared_ptr<RpcLoop> loop, std::shared_ptr<const Method> method)
      : loop_(std::move(loop)), method_(std::move(method)) {}

  // ---- From gRPC ----
  void OnEvent(bool ok) override {
    if (timer_ == std::nullopt && ok) return Begin();
    if (timer_ != std::nullopt) loop_->CallFinished();
    delete this;
  }

  void Begin() {
    if (!loop_->InThread()) {
      loop_->Post([this] { Begin(); });
      return;
    }
    timer_.emplace(loop_->observer(), method_->name);
    trace_ = CallTrace::Of(context_.client_metadata());
    loop_->CallBegan();
    Listen(loop_, method_);
    if (loop_->calls() > limits::kUnaryCallsMax) return Finish(TooManyCalls());
    if (const absl::Status allowed = AskCaller(); !allowed.ok()) return Finish(allowed);
    if (method_->forwarding == nullptr) return method_->handler(*this);
    SetDeadline(method_->forwarding->backend);
    method_->forwarding->forwarder.Submit(*this);
  }

  absl::Status AskCaller() {
    if (loop_->door() == nullptr) return absl::OkStatus();
    absl::Status allowed = Admitted(*loop_->door());
    if (!allowed.ok()) TellIfRefused(FullName(), workspace(), *this->caller_, allowed);
    return allowed;
  }
  absl::Status Admitted(const Door& door) {
    const Roles roles = method_->roles;
    if (absl::Status s = door.Admit(roles, context_, this->caller_); !s.ok()) return s;
    const std::string limited = door.LimitKey(roles, context_, *this->caller_);
    if (absl::Status s = door.Charge(limited, method_->allowance); !s.ok()) return s;
    return CheckRequest(*this->caller_, this->request_);
  }

  void SetDeadline(const Backend& backend) {
    const auto deadline = context_.deadline();
    if (deadline == std::chrono::system_clock::time_point::max()) return;
    const auto left = std::chrono::duration_cast<std::chrono::microseconds>(
        deadline - std::chrono::system_clock::now());
    this->deadline_ = backend.Now() + engine::Microseconds(left.count());
  }

  static absl::Status TooManyCalls() {
    return status::Error(absl::StatusCode::kResourceExhausted, "too many calls are open",
                         {.reason = "OVERLOADED", .retry_after = std::chrono::milliseconds(200)});
  }

  void Finish(const absl::Status& status) {
    const auto elapsed = timer_->Handled(static_cast<grpc::StatusCode>(status.code()));
    if (trace_.traced()) trace_.Ended(FullName(), workspace(), status, elapsed);
    Tag* const finished = this;
    if (status.ok()) {
      writer_.Finish(this->response_, grpc::Status::OK, finished);
    } else {
      writer_.FinishWithError(rpc::ToGrpc(status), finished);
    }
  }

  // ---- Served here ----
  void OnEnd(const absl::Status& status, uint64_t epoch) override {
    const Forwarding* forwarding = method_->forwarding;
    if (forwarding == nullptr || forwarding->forwarder.EndedHere(*this, status, epoch)) {
      Finish(status);
    }
  }

  // ---- Forwardable ----
  const std::string& workspace() const override { return WorkspaceOf(this->request_); }
  bool ordered() const override { return method_->order == Order::kCommand; }
  runtime::BootTime forward_deadline() const override { return this->deadline_; }
  void ServeHere(uint64_t epoch) override {
    this->epoch_ = epoch;
    this->response_.Clear();
    method_->handler(*this);
  }
  void WriteCall(internal::v1::ForwardedCall* call) override {
    EnsureRequestId(method_->forwarding->forwarder.NewRequestId(), &this->request_);
    call->set_method(FullName());
    WriteCaller(*this->caller_, call);
    if (trace_.traced()) call->set_traceparent(trace_.header());
    this->request_.SerializeToString(call->mutable_request());
  }
  void EndForwarded(const absl::Status& status, const std::string& response,
                    const std::string& owner) override {
    if (!owner.empty()) context_.AddTrailingMetadata(std::string(kOwnerMetadata), owner);
    if (status.ok() && !this->response_.ParseFromString(response)) {
      return Finish(UnreadableResponse());
    }
    Finish(status);
  }

  std::string FullName() const {
    return absl::StrCat("/", std::string(method_->name.service), "/",
                        std::string(method_->name.method));
  }

  const std::shared_ptr<RpcLoop> loop_;
  const std::shared_ptr<const Method> method_;
  grpc::ServerContext context_;
  Writer writer_{&context_};
  std::optional<rpc::HandledTimer> timer_;  // of a call that has begun
  CallTrace trace_;
};

// Serves methods of one service for as long as the server runs. `service` must outlive the loop.
template <class Service>
class UnaryServer {
 public:
  // `name` lives for ever, `forwarding` (null: every call is served here) longer than the loop.
  UnaryServer(std::shared_ptr<RpcLoop> loop, Service& service, std::string_view name,
              const Forwarding* forwarding)
      : loop_(std::move(loop)), service_(service), name_(name), forwarding_(forwarding) {}

  template <class Base, class Request, class Response>
  using Requester = void (Base::*)(grpc::ServerContext*, Request*,
                                   grpc::ServerAsyncResponseWriter<Response>*,
                                   grpc::CompletionQueue*, grpc::ServerCompletionQueue*, void*);

  template <class Base, class Request, class Response>
  void Serve(std::string_view method, Requester<Base, Request, Response> request, Order order,
             std::type_identity_t<typename UnaryCall<Request, Response>::Handler> handler) const {
    using Call = GrpcCall<Request, Response>;
    const auto await = [&service = service_, request](Call& call) {
      (service.*request)(call.context(), call.mutable_request(), call.writer(),
                         call.loop().queue(), call.loop().accept_queue(),
                         static_cast<Tag*>(&call));
    };
    const std::string path = absl::StrCat("/", std::string(name_), "/", std::string(method));
    if (forwarding_ != nullptr) {
      forwarding_->methods.template Add<Request, Response>(path, handler);
    }
    Call::Listen(loop_,
                 std::make_shared<const typename Call::Method>(typename Call::Method{
                     {name_, method}, RolesOf(path), AllowanceOf(path), order, forwarding_, await,
                     std::move(handler)}));
  }

 private:
  const std::shared_ptr<RpcLoop> loop_;
  Service& service_;
  const std::string_view name_;
  const Forwarding* const forwarding_;
};

}  // namespace firstline::api
