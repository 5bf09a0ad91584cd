// A unary call as handlers see it, wherever it came from: a caller's connection (unary.h), another
// pod (forward_stream.h) or a batch of commands (commands_stream.h). And the two things handlers do
// with it: submit a command, read the state.
//
// Threads: a handler runs on the loop's thread and returns at once; the call is ended by the
// backend's callback.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/router/api/access.h"
#include "services/router/api/backend.h"
#include "services/router/api/convert_command.h"
#include "services/router/api/convert_view.h"
#include "services/router/api/fields.h"
#include "services/router/api/rejection_status.h"

namespace firstline::api {

template <class Request, class Response>
class UnaryCall {
 public:
  using Handler = std::function<void(UnaryCall&)>;

  UnaryCall() = default;
  virtual ~UnaryCall() = default;
  UnaryCall(const UnaryCall&) = delete;
  UnaryCall& operator=(const UnaryCall&) = delete;

  const Request& request() const { return request_; }
  Response& response() { return response_; }
  runtime::BootTime deadline() const { return deadline_; }
  // For runtime::Call::epoch.
  uint64_t epoch() const { return epoch_; }
  // For runtime::Call::lane.
  uint64_t lane() const { return lane_; }
  // Who calls; RPC, workspace and agent of the request are allowed, what is found has to be judged.
  const CallerRef& caller() const { return caller_; }
  // Exactly once for each time a handler is given it; it must not be touched afterwards. `epoch`: of
  // a command, runtime::Done::epoch.
  void End(const absl::Status& status, uint64_t epoch = 0) { OnEnd(status, epoch); }

 protected:
  virtual void OnEnd(const absl::Status& status, uint64_t epoch) = 0;

  Request request_;
  Response response_;
  runtime::BootTime deadline_ = runtime::kNeverBoot;
  uint64_t epoch_ = 0;
  uint64_t lane_ = 0;
  CallerRef caller_ = Everybody();
};

// The workspace a request is about; empty for none.
template <class Request>
const std::string& WorkspaceOf(const Request& request) {
  static const std::string none;
  if constexpr (requires { request.workspace().id(); }) {
    return request.workspace().id();
  } else if constexpr (requires { request.workspace(); }) {
    return request.workspace();
  } else {
    return none;
  }
}

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

inline uint64_t EpochOf(const runtime::Answer& answer) {
  const auto* done = std::get_if<runtime::Done>(&answer);
  return done == nullptr ? 0 : done->epoch;
}

// Submits the command that the request is and answers with its receipt.
template <class Request, class Response>
void Mutate(Backend& backend, UnaryCall<Request, Response>& call) {
  absl::StatusOr<engine::Command> command = ToCommand(call.request());
  if (!command.ok()) return call.End(command.status());
  command->caller = call.caller()->told;
  const CommandKind kind = command->body.index();
  runtime::Call submitted{.workspace = call.request().workspace(),
                          .deadline = call.deadline(),
                          .body = *std::move(command),
                          .epoch = call.epoch(),
                          .lane = call.lane()};
  backend.Submit(std::move(submitted), [&call, kind](runtime::Answer answer) {
    const absl::Status status = ToStatus(answer, call.request().workspace(), kind);
    if (status.ok()) {
      WriteReceipt(std::get<runtime::Done>(answer), InquiryOf(call.request()),
                   call.response().mutable_receipt());
    }
    call.End(status, EpochOf(answer));
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
      backend, call.request().workspace(), call.deadline(),
      [&call, read = std::move(read)](const engine::Engine& engine) {
        return read(engine, call.response());
      },
      [&call](const absl::Status& status, store::EventId) { call.End(status); });
}

}  // namespace firstline::api
