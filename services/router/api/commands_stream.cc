#include "services/router/api/commands_stream.h"

#include <deque>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status/reason.h"
#include "common/sync/mutex.h"
#include "services/router/api/limits.h"
#include "services/router/api/rejection_status.h"

namespace firstline::api {
namespace {

// A command on its way. Answered when `result` says so.
struct Pending {
  v1::CommandResult result;
  bool answered = false;
};
using Slot = std::shared_ptr<Pending>;

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

}  // namespace

class CommandsStream final
    : public grpc::ServerBidiReactor<v1::CommandsRequest, v1::CommandsResponse> {
 public:
  CommandsStream(CommandsStreams& streams, const Deps& deps, rpc::MethodName name)
      : streams_(streams), backend_(deps.backend), timer_(deps.observer, name) {
    StartRead(&request_);
  }

  // Takes nothing more. If the stream ends now, returns how: then End() must follow.
  [[nodiscard]] std::optional<absl::Status> Leave() {
    sync::MutexLock lock(mutex_);
    leaving_ = reads_ended_ = true;
    final_ = ShuttingDown();
    return Advance();
  }
  // Tells gRPC, without the lock, because OnDone may come at once on another thread and take the
  // lock away with everything else.
  void End(const absl::Status& end) {
    timer_.Handled(static_cast<grpc::StatusCode>(end.code()));
    Finish(rpc::ToGrpc(end));
  }

 private:
  // ---- gRPC's side: one read and one write at a time ----
  void OnReadDone(bool ok) override {
    const int size = request_.commands_size();
    const bool fits = size >= 1 && size <= limits::kBatchCommandsMax;
    if (ok && fits && MayTake()) TakeBatch();
    Step([&]() FIRSTLINE_REQUIRES(mutex_) {
      reading_ = taking_ = false;
      if (reads_ended_ || (ok && fits)) return;
      reads_ended_ = true;
      if (ok) final_ = BadBatch(size);
    });
  }

  void OnWriteDone(bool ok) override {
    Step([&]() FIRSTLINE_REQUIRES(mutex_) {
      writing_ = false;
      unwritten_ -= static_cast<size_t>(response_.results_size());
      if (!ok) broken_ = true;
    });
  }

  void OnCancel() override {
    Step([&]() FIRSTLINE_REQUIRES(mutex_) { broken_ = true; });
  }

  void OnDone() override {
    streams_.Remove(this);
    delete this;
  }

  // ---- The backend's side ----
  bool MayTake() {
    sync::MutexLock lock(mutex_);
    return taking_ = !reads_ended_;
  }

  void TakeBatch() {
    std::vector<runtime::Submission> submissions;
    submissions.reserve(static_cast<size_t>(request_.commands_size()));
    for (const v1::Command& command : request_.commands()) {
      Parsed parsed = ParseCommand(command);
      auto slot = std::make_shared<Pending>();
      slot->result.set_id(command.id());
      {
        sync::MutexLock lock(mutex_);
        ++unwritten_;
        in_order_[parsed.workspace].push_back(slot);
      }
      if (!parsed.command.ok()) {
        Answer(parsed.workspace, *slot, parsed.command.status());
        continue;
      }
      submissions.push_back(SubmissionOf(std::move(parsed), std::move(slot)));
    }
    backend_.SubmitAll(std::move(submissions));
  }

  runtime::Submission SubmissionOf(Parsed parsed, Slot slot) {
    const CommandKind kind = parsed.command->body.index();
    runtime::Call call{.workspace = parsed.workspace, .body = *std::move(parsed.command)};
    auto answered = [this, kind, slot = std::move(slot), workspace = std::move(parsed.workspace),
                     inquiry_id = std::move(parsed.inquiry_id)](runtime::Answer answer) {
      const absl::Status status = ToStatus(answer, workspace, kind);
      if (status.ok()) {
        WriteReceipt(std::get<runtime::Done>(answer), inquiry_id, slot->result.mutable_receipt());
      }
      Answer(workspace, *slot, status);
    };
    return {std::move(call), std::move(answered)};
  }

  // Unless called from OnReadDone, nothing of the stream may be touched afterwards: this may have
  // been the last answer it awaited.
  void Answer(const std::string& workspace, Pending& slot, const absl::Status& status) {
    if (!status.ok()) *slot.result.mutable_error() = rpc::ToProto(status);
    Step([&]() FIRSTLINE_REQUIRES(mutex_) {
      slot.answered = true;
      const auto queue = in_order_.find(workspace);
      while (!queue->second.empty() && queue->second.front()->answered) {
        ready_.push_back(std::move(queue->second.front()->result));
        queue->second.pop_front();
      }
      if (queue->second.empty()) in_order_.erase(queue);
    });
  }

  // ---- What is next ----
  // Notes what happened and does what follows from it.
  template <class Note>
  void Step(Note note) {
    std::optional<absl::Status> end;
    {
      sync::MutexLock lock(mutex_);
      note();
      end = Advance();
    }
    if (end) End(*end);
  }

  // The stream's final status when nothing is left to wait for, once.
  std::optional<absl::Status> Advance() FIRSTLINE_REQUIRES(mutex_) {
    if (broken_) {
      unwritten_ -= ready_.size();
      ready_.clear();
      reads_ended_ = true;
    }
    if (!writing_ && !ready_.empty()) Write();
    if (!reading_ && !reads_ended_ && MayRead()) {
      reading_ = true;
      StartRead(&request_);
    }
    // A stream that leaves does not wait for its caller's next message.
    const bool reading = leaving_ ? taking_ : reading_;
    if (!reads_ended_ || reading || writing_ || unwritten_ > 0 || finished_) return std::nullopt;
    finished_ = true;
    return broken_ ? absl::CancelledError("the caller has gone") : final_;
  }

  // Pauses at the bound and goes on at half of it.
  bool MayRead() FIRSTLINE_REQUIRES(mutex_) {
    if (unwritten_ >= limits::kStreamCommandsMax) read_paused_ = true;
    if (unwritten_ <= limits::kStreamCommandsMax / 2) read_paused_ = false;
    return !read_paused_;
  }

  void Write() FIRSTLINE_REQUIRES(mutex_) {
    response_.clear_results();
    while (!ready_.empty() &&
           static_cast<size_t>(response_.results_size()) < limits::kResultsPerMessageMax) {
      *response_.add_results() = std::move(ready_.front());
      ready_.pop_front();
    }
    writing_ = true;
    StartWrite(&response_);
  }

  CommandsStreams& streams_;
  Backend& backend_;
  rpc::HandledTimer timer_;
  v1::CommandsRequest request_;  // while no read is open: OnReadDone's

  sync::Mutex mutex_;
  v1::CommandsResponse response_ FIRSTLINE_GUARDED_BY(mutex_);  // while writing: gRPC's
  // Unanswered, or answered behind one that is not; by workspace.
  std::unordered_map<std::string, std::deque<Slot>> in_order_ FIRSTLINE_GUARDED_BY(mutex_);
  std::deque<v1::CommandResult> ready_ FIRSTLINE_GUARDED_BY(mutex_);
  size_t unwritten_ FIRSTLINE_GUARDED_BY(mutex_) = 0;  // taken and not yet written
  bool reading_ FIRSTLINE_GUARDED_BY(mutex_) = true;  // asked of gRPC, or being taken
  bool taking_ FIRSTLINE_GUARDED_BY(mutex_) = false;  // a batch that was read
  bool leaving_ FIRSTLINE_GUARDED_BY(mutex_) = false;
  bool read_paused_ FIRSTLINE_GUARDED_BY(mutex_) = false;
  bool reads_ended_ FIRSTLINE_GUARDED_BY(mutex_) = false;
  bool writing_ FIRSTLINE_GUARDED_BY(mutex_) = false;
  bool broken_ FIRSTLINE_GUARDED_BY(mutex_) = false;
  bool finished_ FIRSTLINE_GUARDED_BY(mutex_) = false;
  absl::Status final_ FIRSTLINE_GUARDED_BY(mutex_);
};

grpc::ServerBidiReactor<v1::CommandsRequest, v1::CommandsResponse>* CommandsStreams::Start(
    rpc::MethodName name) {
  auto* stream = new CommandsStream(*this, deps_, name);
  std::optional<absl::Status> end;
  {
    sync::MutexLock lock(mutex_);
    open_.insert(stream);
    if (draining_) end = stream->Leave();
  }
  if (end) stream->End(*end);
  return stream;
}

void CommandsStreams::Remove(CommandsStream* stream) {
  sync::MutexLock lock(mutex_);
  open_.erase(stream);
}

void CommandsStreams::Drain() {
  // Those that end now are not deleted before End(); the others may be, and are not touched again.
  std::vector<std::pair<CommandsStream*, absl::Status>> ending;
  {
    sync::MutexLock lock(mutex_);
    draining_ = true;
    for (CommandsStream* stream : open_) {
      if (auto end = stream->Leave()) ending.emplace_back(stream, *end);
    }
  }
  for (const auto& [stream, end] : ending) stream->End(end);
}

}  // namespace firstline::api
