#include "services/router/api/commands_stream.h"

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status/reason.h"
#include "services/router/api/limits.h"
#include "services/router/api/rejection_status.h"
#include "services/router/api/rpc_stream.h"

namespace firstline::api {
namespace {

struct Parsed {
  std::string workspace;
  std::string inquiry_id;
  absl::StatusOr<engine::Command> command;
};

template <class Request>
Parsed Parse(const Request& request) {
  return {request.workspace(), std::string(InquiryOf(request)), ToCommand(request)};
}

Parsed ParseCommand(const v1::Command& command) {
  switch (command.command_case()) {
    case v1::Command::kSubmitInquiry: return Parse(command.submit_inquiry());
    case v1::Command::kUpdateInquiry: return Parse(command.update_inquiry());
    case v1::Command::kCancelInquiry: return Parse(command.cancel_inquiry());
    case v1::Command::kTransferInquiry: return Parse(command.transfer_inquiry());
    case v1::Command::kRecordMessage: return Parse(command.record_message());
    case v1::Command::kParkInquiry: return Parse(command.park_inquiry());
    case v1::Command::kResumeInquiry: return Parse(command.resume_inquiry());
    case v1::Command::kCloseInquiry: return Parse(command.close_inquiry());
    case v1::Command::kRecordFeedback: return Parse(command.record_feedback());
    case v1::Command::kSetPresence: return Parse(command.set_presence());
    case v1::Command::kAcceptOffer: return Parse(command.accept_offer());
    case v1::Command::kDeclineOffer: return Parse(command.decline_offer());
    case v1::Command::kFinishWrapUp: return Parse(command.finish_wrap_up());
    case v1::Command::COMMAND_NOT_SET: break;
  }
  Fields fields;
  fields.Fail(Path("command"), "is required");
  return {"", "", fields.Error()};
}

absl::Status BadBatch(int size) {
  return status::Error(
      absl::StatusCode::kInvalidArgument, "a batch has 1 to 64 commands",
      {.reason = "INVALID_FIELD",
       .violations = {{"commands", absl::StrCat(size, " is not in 1..",
                                                limits::kBatchCommandsMax)}}});
}

class CommandsStream;

// The commands of one workspace, in their order, that are unanswered or answered behind one that is
// not. Callbacks hold it and so may outlive the stream.
struct Lane {
  struct Slot {
    v1::CommandResult result;
    bool answered = false;
  };

  CommandsStream* stream = nullptr;  // none once the stream is closed
  std::string workspace;
  std::deque<Slot> slots;
  uint64_t first = 0;  // number of slots[0]
};

using CommandsIo = BidiStream<RoutingService, v1::CommandsRequest, v1::CommandsResponse>;

class CommandsStream final : public CommandsIo {
 public:
  CommandsStream(std::shared_ptr<RpcLoop> loop, RoutingService& service, Backend& backend)
      : CommandsIo(std::move(loop), {"firstline.v1.RoutingService", "Commands"}, service,
                   &RoutingService::RequestCommands),
        service_(service),
        backend_(backend) {}
  void Listen() { Accept(); }

 private:
  // ---- From gRPC ----
  void ListenAgain() override { (new CommandsStream(shared_loop(), service_, backend_))->Listen(); }
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
    for (auto& [workspace, lane] : lanes_) lane->stream = nullptr;
  }

  // ---- Commands ----
  void TakeBatch() {
    std::vector<runtime::Submission> submissions;
    submissions.reserve(static_cast<size_t>(request().commands_size()));
    for (const v1::Command& command : request().commands()) {
      Parsed parsed = ParseCommand(command);
      const std::shared_ptr<Lane> lane = LaneOf(parsed.workspace);
      const uint64_t number = lane->first + lane->slots.size();
      lane->slots.emplace_back().result.set_id(command.id());
      ++unwritten_;
      if (parsed.command.ok()) {
        submissions.push_back(SubmissionOf(std::move(parsed), lane, number));
      } else {
        Answer(*lane, number, parsed.command.status());
      }
    }
    backend_.SubmitAll(std::move(submissions));
  }

  const std::shared_ptr<Lane>& LaneOf(const std::string& workspace) {
    std::shared_ptr<Lane>& lane = lanes_[workspace];
    if (lane == nullptr) lane = std::make_shared<Lane>(Lane{this, workspace, {}, 0});
    return lane;
  }

  static runtime::Submission SubmissionOf(Parsed parsed, std::shared_ptr<Lane> lane,
                                          uint64_t number) {
    const CommandKind kind = parsed.command->body.index();
    runtime::Call call{.workspace = std::move(parsed.workspace),
                       .body = *std::move(parsed.command)};
    auto answered = [lane = std::move(lane), number, kind,
                     inquiry_id = std::move(parsed.inquiry_id)](const runtime::Answer& answer) {
      if (lane->stream == nullptr) return;
      const absl::Status status = ToStatus(answer, lane->workspace, kind);
      if (status.ok()) {
        WriteReceipt(std::get<runtime::Done>(answer), inquiry_id,
                     lane->slots[number - lane->first].result.mutable_receipt());
      }
      lane->stream->Answer(*lane, number, status);
    };
    return {std::move(call), std::move(answered)};
  }

  void Answer(Lane& lane, uint64_t number, const absl::Status& status) {
    Lane::Slot& slot = lane.slots[number - lane.first];
    if (!status.ok()) *slot.result.mutable_error() = rpc::ToProto(status);
    slot.answered = true;
    while (!lane.slots.empty() && lane.slots.front().answered) {
      ready_.push_back(std::move(lane.slots.front().result));
      lane.slots.pop_front();
      ++lane.first;
    }
    ProceedSoon();
  }

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
    std::erase_if(lanes_, [](const auto& lane) { return lane.second->slots.empty(); });
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
  Backend& backend_;
  std::map<std::string, std::shared_ptr<Lane>> lanes_;
  std::deque<v1::CommandResult> ready_;
  size_t unwritten_ = 0;  // taken, and not given to gRPC
  bool read_paused_ = false;
  bool reads_ended_ = false;
  bool proceeding_ = false;
  absl::Status final_;
};

}  // namespace

void ListenForCommands(const std::shared_ptr<RpcLoop>& loop, RoutingService& service,
                       Backend& backend) {
  loop->Post([loop, &service, &backend] { (new CommandsStream(loop, service, backend))->Listen(); });
}

}  // namespace firstline::api
