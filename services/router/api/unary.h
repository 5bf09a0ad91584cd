// Unary calls on gRPC's callback API: one small reactor each, deleted only in OnDone, finished
// exactly once, and the two things handlers do with it: submit a command, read the state.
//
// Threads: a handler runs on a gRPC thread and returns at once; the call is finished by the
// backend's callback on whatever thread that comes.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <grpcpp/grpcpp.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/rpc/error.h"
#include "common/rpc/observer.h"
#include "services/router/api/backend.h"
#include "services/router/api/convert_command.h"
#include "services/router/api/convert_view.h"
#include "services/router/api/fields.h"
#include "services/router/api/rejection_status.h"

namespace firstline::api {

// What every handler works with; both outlive the server.
struct Deps {
  Backend& backend;
  rpc::Observer& observer;
};

// On the clock of runtime::Call; never without a deadline.
inline runtime::BootTime DeadlineOf(const Backend& backend,
                                    const grpc::CallbackServerContext& context) {
  const auto deadline = context.deadline();
  if (deadline == std::chrono::system_clock::time_point::max()) return runtime::kNeverBoot;
  const auto left = std::chrono::duration_cast<std::chrono::microseconds>(
      deadline - std::chrono::system_clock::now());
  return backend.Now() + engine::Microseconds(left.count());
}

template <class Response>
class UnaryCall final : public grpc::ServerUnaryReactor {
 public:
  UnaryCall(const Deps& deps, rpc::MethodName name, Response* response)
      : timer_(deps.observer, name), response_(*response) {}

  Response& response() { return response_; }
  // Exactly once; the call must not be touched afterwards.
  void End(const absl::Status& status) {
    timer_.Handled(static_cast<grpc::StatusCode>(status.code()));
    Finish(rpc::ToGrpc(status));
  }

 private:
  void OnDone() override { delete this; }

  rpc::HandledTimer timer_;
  Response& response_;
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

// Submits the command that `request` is and answers with its receipt.
template <class Request, class Response>
grpc::ServerUnaryReactor* Mutate(const Deps& deps, rpc::MethodName name,
                                 const grpc::CallbackServerContext& context,
                                 const Request& request, Response* response) {
  auto* call = new UnaryCall<Response>(deps, name, response);
  absl::StatusOr<engine::Command> command = ToCommand(request);
  if (!command.ok()) {
    call->End(command.status());
    return call;
  }
  const CommandKind kind = command->body.index();
  runtime::Call submitted{.workspace = request.workspace(),
                          .deadline = DeadlineOf(deps.backend, context),
                          .body = *std::move(command)};
  // `request` lives until the call is finished.
  deps.backend.Submit(std::move(submitted), [call, &request, kind](runtime::Answer answer) {
    const absl::Status status = ToStatus(answer, request.workspace(), kind);
    if (status.ok()) {
      WriteReceipt(std::get<runtime::Done>(answer), InquiryOf(request),
                   call->response().mutable_receipt());
    }
    call->End(status);
  });
  return call;
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

// Checks the request by `check`, then answers with what `read` writes. `read` gets the state.
template <class Response>
grpc::ServerUnaryReactor* Read(const Deps& deps, rpc::MethodName name,
                               const grpc::CallbackServerContext& context,
                               const std::string& workspace, const Fields& fields,
                               Response* response,
                               std::function<absl::Status(const engine::Engine&, Response&)> read) {
  auto* call = new UnaryCall<Response>(deps, name, response);
  if (!fields.ok()) {
    call->End(fields.Error());
    return call;
  }
  ReadState(
      deps.backend, workspace, DeadlineOf(deps.backend, context),
      [call, read = std::move(read)](const engine::Engine& engine) {
        return read(engine, call->response());
      },
      [call](absl::Status status, store::EventId) { call->End(status); });
  return call;
}

}  // namespace firstline::api
