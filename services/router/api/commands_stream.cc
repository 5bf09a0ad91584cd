#include "services/router/api/commands_stream.h"

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status/reason.h"
#include "services/router/api/audit.h"
#include "services/router/api/limits.h"
#include "services/router/api/rejection_status.h"
#include "services/router/api/rpc_stream.h"

namespace firstline::api {
namespace {

constexpr std::string_view kMethod = "/firstline.v1.RoutingService/Commands";

using CommandCall = UnaryCall<v1::Command, v1::CommandResult>;

// Calls `visit` with the request that the command is; false when it is none.
template <class Command, class Visit>
bool VisitRequest(Command& command, Visit visit) {
  constexpr bool kWrites = !std::is_const_v<Command>;
  const auto hand = [&](auto read, auto write) {
    if constexpr (kWrites) {
      visit(*write());
    } else {
      visit(read());
    }
    return true;
  };
#define FIRSTLINE_CASE(Case, name)                                           \
  case v1::Command::Case:                                                    \
    return hand([&]() -> const auto& { return command.name(); }, [&] {       \
      if constexpr (kWrites) return command.mutable_##name();                \
    })
  switch (command.command_case()) {
    FIRSTLINE_CASE(kSubmitInquiry, submit_inquiry);
    FIRSTLINE_CASE(kUpdateInquiry, update_inquiry);
    FIRSTLINE_CASE(kCancelInquiry, cancel_inquiry);
    FIRSTLINE_CASE(kTransferInquiry, transfer_inquiry);
    FIRSTLINE_CASE(kRecordMessage, record_message);
    FIRSTLINE_CASE(kParkInquiry, park_inquiry);
    FIRSTLINE_CASE(kResumeInquiry, resume_inquiry);
    FIRSTLINE_CASE(kCloseInquiry, close_inquiry);
    FIRSTLINE_CASE(kRecordFeedback, record_feedback);
    FIRSTLINE_CASE(kSetPresence, set_presence);
    FIRSTLINE_CASE(kAcceptOffer, accept_offer);
    FIRSTLINE_CASE(kDeclineOffer, decline_offer);
    FIRSTLINE_CASE(kFinishWrapUp, finish_wrap_up);
    FIRSTLINE_CASE(kClaimInquiry, claim_inquiry);
    FIRSTLINE_CASE(kAssignInquiry, assign_inquiry);
    FIRSTLINE_CASE(kReopenInquiry, reopen_inquiry);
    FIRSTLINE_CASE(kExtendWrapUp, extend_wrap_up);
    case v1::Command::COMMAND_NOT_SET: break;
  }
#undef FIRSTLINE_CASE
  return false;
}

// Submits the command and answers with its receipt.
void RunCommand(Backend& backend, CommandCall& call) {
  absl::StatusOr<engine::Command> parsed = absl::UnknownError("");
  std::string workspace;
  std::string_view inquiry;
  const bool some = VisitRequest(call.request(), [&](const auto& request) {
    parsed = ToCommand(request);
    workspace = request.workspace();
    inquiry = InquiryOf(request);
  });
  if (!some) {
    Fields fields;
    fields.Fail(Path("command"), "is required");
    return call.End(fields.Error());
  }
  if (!parsed.ok()) return call.End(parsed.status());
  parsed->caller = call.caller()->told;
  const CommandKind kind = parsed->body.index();
  runtime::Call submitted{.workspace = workspace,
                          .deadline = call.deadline(),
                          .body = *std::move(parsed),
                          .epoch = call.epoch(),
                          .lane = call.lane()};
  // `inquiry` points into the request, which lives until the call ends.
  backend.Submit(std::move(submitted), [&call, kind, inquiry, workspace = std::move(workspace)](
                                           const runtime::Answer& answer) {
    const absl::Status status = ToStatus(answer, workspace, kind);
    if (status.ok()) {
      WriteReceipt(std::get<runtime::Done>(answer), inquiry, call.response().mutable_receipt());
    }
    call.End(status, EpochOf(answer));
  });
}

// As the call of its name would be.
absl::Status CheckCommand(const Caller& caller, const v1::Command& command) {
  absl::Status allowed;
  if (caller.token.empty()) return allowed;
  VisitRequest(command, [&](const auto& request) {
    allowed = RolesOf(request.GetDescriptor()).Has(caller.role) ? CheckRequest(caller, request)
                                                                : RoleNotAllowed(caller.role);
  });
  return allowed;
}

absl::Status BadBatch(int size) {
  return status::Error(
      absl::StatusCode::kInvalidArgument, "a batch has 1 to 64 commands",
      {.reason = "INVALID_FIELD",
       .violations = {{"commands", absl::StrCat(size, " is not in 1..",
                                                limits::kBatchCommandsMax)}}});
}

class CommandsStream;

// One command on its way; held by itself, so that it may outlive its stream.
class PendingCommand final : public CommandCall,
                             public Forwardable,
                             public std::enable_shared_from_this<PendingCommand> {
 public:
  PendingCommand(CommandsStream& stream, const Forwarding& forwarding, const Door* door,
                 CallerRef caller, v1::Command command)
      : stream_(&stream), forwarding_(forwarding), door_(door) {
    caller_ = std::move(caller);
    request_ = std::move(command);
    VisitRequest(std::as_const(request_),
                 [&](const auto& request) { workspace_ = &request.workspace(); });
    response_.set_id(request_.id());
    if (!request_.traceparent().empty()) Trace();
  }

  const std::string& workspace() const override { return *workspace_; }
  void Submit() {
    self_ = shared_from_this();
    if (const absl::Status allowed = Admitted(); !allowed.ok()) return Answer(allowed);
    forwarding_.forwarder.Submit(*this);
  }
  // As the number of its stream.
  void SetLane(StreamId stream) { lane_ = stream; }
  // The stream is gone: nobody is to be told.
  void Leave() { stream_ = nullptr; }
  bool answered() const { return answered_; }
  v1::CommandResult TakeResult() { return std::move(response_); }

 private:
  void OnEnd(const absl::Status& status, uint64_t epoch) override {
    if (forwarding_.forwarder.EndedHere(*this, status, epoch)) Answer(status);
  }
  bool ordered() const override { return true; }
  runtime::BootTime forward_deadline() const override { return runtime::kNeverBoot; }
  void ServeHere(uint64_t epoch) override {
    epoch_ = epoch;
    RunCommand(forwarding_.backend, *this);
  }
  void WriteCall(internal::v1::ForwardedCall* call) override {
    VisitRequest(request_, [&](auto& request) {
      EnsureRequestId(forwarding_.forwarder.NewRequestId(), &request);
    });
    call->set_method(std::string(kMethod));
    call->set_lane(lane_);
    if (trace_.traced()) call->set_traceparent(trace_.header());
    WriteCaller(*caller_, call);
    request_.SerializeToString(call->mutable_request());
  }
  void EndForwarded(const absl::Status& status, const std::string& response,
                    const std::string& owner) override {
    response_.set_owner(owner);
    v1::CommandResult result;
    if (status.ok() && !result.ParseFromString(response)) {
      return Answer(UnreadableResponse());
    }
    if (status.ok()) *response_.mutable_receipt() = std::move(*result.mutable_receipt());
    Answer(status);
  }
  void Answer(const absl::Status& status);
  absl::Status Admitted();
  absl::Status Charge(const Door& door) const;
  void Trace() {
    trace_ = CallTrace(request_.traceparent());
    start_ = std::chrono::steady_clock::now();
  }

  CommandsStream* stream_;
  const Forwarding& forwarding_;
  const Door* const door_;  // null: nobody is asked
  const std::string* workspace_ = &WorkspaceOf(0);
  CallTrace trace_;
  std::chrono::steady_clock::time_point start_;  // of a trace
  bool answered_ = false;
  std::shared_ptr<PendingCommand> self_;  // until it is answered
};

// The commands of one workspace, in their order, that are unanswered or answered behind one that is
// not.
using Lane = std::deque<std::shared_ptr<PendingCommand>>;

using CommandsIo = BidiStream<RoutingService, v1::CommandsRequest, v1::CommandsResponse>;

class CommandsStream final : public CommandsIo {
 public:
  CommandsStream(std::shared_ptr<RpcLoop> loop, RoutingService& service, const Forwarding& forwarding)
      : CommandsIo(std::move(loop), {"firstline.v1.RoutingService", "Commands"}, service,
                   &RoutingService::RequestCommands),
        service_(service),
        forwarding_(forwarding) {}
  void Listen() { Accept(); }

 private:
  // ---- From gRPC ----
  void ListenAgain() override { (new CommandsStream(shared_loop(), service_, forwarding_))->Listen(); }
  void OnOpen() override { Read(); }

  void OnRead(bool ok) override {
    if (reads_ended_) return;
    const int size = request().commands_size();
    if (!ok) return EndReads(absl::OkStatus());
    if (size < 1 || size > limits::kBatchCommandsMax) return EndReads(BadBatch(size));
    TakeBatch();
    if (unwritten_ >= limits::kStreamCommandsMax) {
      read_paused_ = true;
    } else {
      Read();
    }
  }

  void OnWritten() override { Proceed(); }
  void OnDrain() override { EndReads(ShuttingDown()); }

  void OnClosed() override {
    for (auto& [workspace, lane] : lanes_) {
      for (const std::shared_ptr<PendingCommand>& command : lane) command->Leave();
    }
  }

  // ---- Commands ----
  void TakeBatch() {
    for (v1::Command& command : *mutable_request().mutable_commands()) {
      auto pending = std::make_shared<PendingCommand>(*this, forwarding_, loop().door(), caller(),
                                                      std::move(command));
      pending->SetLane(id());
      lanes_[pending->workspace()].push_back(pending);
      ++unwritten_;
      pending->Submit();
    }
  }

 public:
  const std::string& limits() const { return limit_key(); }
  // The command is answered.
  void OnAnswer(const std::string& workspace) {
    Lane& lane = lanes_[workspace];
    while (!lane.empty() && lane.front()->answered()) {
      ready_.push_back(lane.front()->TakeResult());
      lane.pop_front();
    }
    ProceedSoon();
  }

 private:
  // ---- What is next ----
  // Once for all answers that come together.
  void ProceedSoon() {
    if (std::exchange(proceeding_, true)) return;
    loop().WhenIdle([loop = shared_loop(), id = id()] {
      if (RpcStream* stream = loop->Find(id)) static_cast<CommandsStream&>(*stream).Proceed();
    });
  }

  void Proceed() {
    proceeding_ = false;
    std::erase_if(lanes_, [](const auto& lane) { return lane.second.empty(); });
    WriteReady();
    if (read_paused_ && !reads_ended_ && unwritten_ <= limits::kStreamCommandsMax / 2) {
      read_paused_ = false;
      Read();
    }
    if (reads_ended_ && unwritten_ == 0) End(final_);
  }

  void WriteReady() {
    if (writing() || ready_.empty()) return;
    v1::CommandsResponse response;
    while (!ready_.empty() &&
           static_cast<size_t>(response.results_size()) < limits::kResultsPerMessageMax) {
      *response.add_results() = std::move(ready_.front());
      ready_.pop_front();
    }
    unwritten_ -= static_cast<size_t>(response.results_size());
    Write(response);
  }

  // The stream ends with `status` once what was taken is answered.
  void EndReads(absl::Status status) {
    if (std::exchange(reads_ended_, true)) return;
    final_ = std::move(status);
    Proceed();
  }

  RoutingService& service_;
  const Forwarding& forwarding_;
  std::map<std::string, Lane> lanes_;
  std::deque<v1::CommandResult> ready_;
  size_t unwritten_ = 0;  // taken, and not given to gRPC
  bool read_paused_ = false;
  bool reads_ended_ = false;
  bool proceeding_ = false;
  absl::Status final_;
};

absl::Status PendingCommand::Charge(const Door& door) const {
  if (stream_->limits().empty()) return absl::OkStatus();
  Allowance allowance = Allowance::kOther;
  VisitRequest(request_, [&](const auto& request) {
    allowance = AllowanceOf(request.GetDescriptor());
  });
  return door.Charge(stream_->limits(), allowance);
}

absl::Status PendingCommand::Admitted() {
  if (door_ == nullptr) return absl::OkStatus();
  if (absl::Status s = Charge(*door_); !s.ok()) return s;
  absl::Status allowed = ActOnBehalf(request_.on_behalf_of(), caller_);
  if (allowed.ok()) allowed = CheckCommand(*caller_, request_);
  if (allowed.ok()) return allowed;
  std::string_view rpc = kMethod;
  VisitRequest(request_, [&](const auto& request) { rpc = RpcOf(request.GetDescriptor()); });
  TellIfRefused(rpc, workspace(), *caller_, allowed);
  return allowed;
}

void PendingCommand::Answer(const absl::Status& status) {
  const std::shared_ptr<PendingCommand> self = std::move(self_);
  if (!status.ok()) *response_.mutable_error() = rpc::ToProto(status);
  if (trace_.traced()) {
    trace_.Ended(kMethod, workspace(), status, std::chrono::steady_clock::now() - start_);
  }
  answered_ = true;
  if (stream_ != nullptr) stream_->OnAnswer(workspace());
}

}  // namespace

void ListenForCommands(const std::shared_ptr<RpcLoop>& loop, RoutingService& service,
                       const Forwarding& forwarding) {
  loop->Post([loop, &service, &forwarding] {
    forwarding.methods.Add<v1::Command, v1::CommandResult>(
        std::string(kMethod),
        [&backend = forwarding.backend](CommandCall& call) { RunCommand(backend, call); });
    (new CommandsStream(loop, service, forwarding))->Listen();
  });
}

}  // namespace firstline::api
