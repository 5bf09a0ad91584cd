// Unary calls served from an RpcLoop, and the two things handlers do with them: submit a command,
// read the state.
//
//   UnaryServer<RoutingService> server(loop, service, "firstline.v1.RoutingService");
//   server.Serve("GetInquiry", &RoutingService::RequestGetInquiry,
//                [](UnaryCall<v1::GetInquiryRequest, v1::GetInquiryResponse>& call) { ... });
//
// Threads: a handler runs on the loop's thread and returns at once; the call is finished by the
// backend's callback on whatever thread that comes.
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
#include "absl/status/statusor.h"
#include "common/rpc/error.h"
#include "common/rpc/observer.h"
#include "services/router/api/backend.h"
#include "services/router/api/convert_command.h"
#include "services/router/api/convert_view.h"
#include "services/router/api/fields.h"
#include "services/router/api/rejection_status.h"
#include "services/router/api/rpc_loop.h"

namespace firstline::api {

// One call, from waiting for a caller to its end; deletes itself when gRPC has taken the answer.
template <class Request, class Response>
class UnaryCall final : public Tag {
 public:
  using Handler = std::function<void(UnaryCall&)>;
  using Writer = grpc::ServerAsyncResponseWriter<Response>;
  // What all calls of a method share.
  struct Method {
    rpc::MethodName name;
    std::function<void(UnaryCall&)> await;  // makes gRPC wait for a caller
    Handler handler;
  };

  // Waits for one caller; who comes is served, and the next one awaited.
  static void Listen(std::shared_ptr<RpcLoop> loop, std::shared_ptr<const Method> method) {
    auto* call = new UnaryCall(std::move(loop), std::move(method));
    call->method_->await(*call);
  }

  const Request& request() const { return request_; }
  Response& response() { return response_; }
  // On the clock of runtime::Call.
  runtime::BootTime DeadlineOn(const Backend& backend) const {
    const auto deadline = context_.deadline();
    if (deadline == std::chrono::system_clock::time_point::max()) return runtime::kNeverBoot;
    const auto left = std::chrono::duration_cast<std::chrono::microseconds>(
        deadline - std::chrono::system_clock::now());
    return backend.Now() + engine::Microseconds(left.count());
  }
  // Exactly once, from any thread; the call must not be touched afterwards.
  void End(const absl::Status& status) {
    timer_->Handled(static_cast<grpc::StatusCode>(status.code()));
    Tag* const finished = this;
    if (status.ok()) {
      writer_.Finish(response_, grpc::Status::OK, finished);
    } else {
      writer_.FinishWithError(rpc::ToGrpc(status), finished);
    }
  }

  // For Method::await.
  grpc::ServerContext* context() { return &context_; }
  Request* mutable_request() { return &request_; }
  Writer* writer() { return &writer_; }
  RpcLoop& loop() { return *loop_; }

 private:
  UnaryCall(std::shared_ptr<RpcLoop> loop, std::shared_ptr<const Method> method)
      : loop_(std::move(loop)), method_(std::move(method)) {}

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
    loop_->CallBegan();
    Listen(loop_, method_);
    method_->handler(*this);
  }

  const std::shared_ptr<RpcLoop> loop_;
  const std::shared_ptr<const Method> method_;
  grpc::ServerContext context_;
  Request request_;
  Response response_;
  Writer writer_{&context_};
  std::optional<rpc::HandledTimer> timer_;  // of a call that has begun
};

// Serves methods of one service for as long as the server runs. `service` must outlive the loop. On
// the loop's thread.
template <class Service>
class UnaryServer {
 public:
  // `name` lives for ever.
  UnaryServer(std::shared_ptr<RpcLoop> loop, Service& service, std::string_view name)
      : loop_(std::move(loop)), service_(service), name_(name) {}

  template <class Base, class Request, class Response>
  using Requester = void (Base::*)(grpc::ServerContext*, Request*,
                                   grpc::ServerAsyncResponseWriter<Response>*,
                                   grpc::CompletionQueue*, grpc::ServerCompletionQueue*, void*);

  template <class Base, class Request, class Response>
  void Serve(std::string_view method, Requester<Base, Request, Response> request,
             std::type_identity_t<typename UnaryCall<Request, Response>::Handler> handler) const {
    using Call = UnaryCall<Request, Response>;
    const auto await = [&service = service_, request](Call& call) {
      (service.*request)(call.context(), call.mutable_request(), call.writer(),
                         call.loop().queue(), call.loop().accept_queue(),
                         static_cast<Tag*>(&call));
    };
    Call::Listen(loop_, std::make_shared<const typename Call::Method>(
                            typename Call::Method{{name_, method}, await, std::move(handler)}));
  }

 private:
  const std::shared_ptr<RpcLoop> loop_;
  Service& service_;
  const std::string_view name_;
};

// The inquiry a request is about; empty for none.
template <class Request>
std::string_view InquiryOf(const Request& request) {
  if constexpr (requires { request.inquiry().id(); }) {
    return request.inquiry().id();
  } else if constexpr (requires { request.offer_id(); }) {
    const std::string_view offer = request.offer_id();
    return offer.substr(0, offer.rfind('/'));
  } else if constexpr (requires { request.inquiry_id(); }) {
    return request.inquiry_id();
  } else {
    return {};
  }
}

// Submits the command that the request is and answers with its receipt.
template <class Request, class Response>
void Mutate(Backend& backend, UnaryCall<Request, Response>& call) {
  absl::StatusOr<engine::Command> command = ToCommand(call.request());
  if (!command.ok()) return call.End(command.status());
  const CommandKind kind = command->body.index();
  runtime::Call submitted{.workspace = call.request().workspace(),
                          .deadline = call.DeadlineOn(backend),
                          .body = *std::move(command)};
  backend.Submit(std::move(submitted), [&call, kind](runtime::Answer answer) {
    const absl::Status status = ToStatus(answer, call.request().workspace(), kind);
    if (status.ok()) {
      WriteReceipt(std::get<runtime::Done>(answer), InquiryOf(call.request()),
                   call.response().mutable_receipt());
    }
    call.End(status);
  });
}

// Runs `read` on the workspace's state and hands `then` its status, or why it could not be read,
// with the cursor of the state.
inline void ReadState(Backend& backend, const std::string& workspace, runtime::BootTime deadline,
                      std::function<absl::Status(const engine::Engine&)> read,
                      std::function<void(absl::Status, store::EventId)> then) {
  auto result = std::make_shared<absl::Status>();
  runtime::Call call{.workspace = workspace,
                     .deadline = deadline,
                     .body = [result, read = std::move(read)](const engine::Engine& engine) {
                       *result = read(engine);
                     }};
  backend.Submit(std::move(call), [result, workspace, then = std::move(then)](
                                      runtime::Answer answer) {
    absl::Status status = ToStatus(answer, workspace);
    if (!status.ok()) return then(std::move(status), {});
    then(*std::move(result), std::get<runtime::Done>(answer).cursor);
  });
}

// Answers with what `read` writes; INVALID_ARGUMENT when `fields` found something.
template <class Request, class Response>
void Read(Backend& backend, UnaryCall<Request, Response>& call, const Fields& fields,
          std::type_identity_t<std::function<absl::Status(const engine::Engine&, Response&)>>
              read) {
  if (!fields.ok()) return call.End(fields.Error());
  ReadState(
      backend, call.request().workspace(), call.DeadlineOn(backend),
      [&call, read = std::move(read)](const engine::Engine& engine) {
        return read(engine, call.response());
      },
      [&call](const absl::Status& status, store::EventId) { call.End(status); });
}

}  // namespace firstline::api
