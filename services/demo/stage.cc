#include "services/demo/stage.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/client/cursor.h"

namespace firstline::demo {
namespace {

using client::Result;
using std::chrono::nanoseconds;

nanoseconds ToTime(const google::protobuf::Timestamp& time) {
  return std::chrono::seconds(time.seconds()) + nanoseconds(time.nanos());
}

absl::Status Failed(const client::Error& error, const std::string& what) {
  return absl::Status(static_cast<absl::StatusCode>(error.code),
                      absl::StrCat(what, ": ", error.ToString()));
}

// People are late: what they do may be overtaken by what the router has decided meanwhile. A real
// platform hears the same and goes on.
bool IsOvertaken(const client::Error& error) {
  return error.code == grpc::StatusCode::FAILED_PRECONDITION;
}

}  // namespace

Stage::Stage(client::Client& client, std::string workspace, Player& player)
    : client_(client),
      workspace_(std::move(workspace)),
      player_(player),
      commands_(client, {.deadline = std::chrono::seconds(30)}) {}

absl::Status Stage::Begin() {
  v1::GetTimeRequest request;
  request.set_workspace(workspace_);
  const auto time = client_.GetTime(request);
  if (!time.ok()) return Failed(time.error(), "GetTime");
  if (!time->driven()) {
    return absl::FailedPreconditionError(
        "the router's clock is not driven; start it with --clock=driven");
  }
  start_ = ToTime(time->time());
  if (absl::Status status = Advance(Offset(0)); !status.ok()) return status;
  cursor_ = reached_;
  events_ = std::make_unique<client::Subscription>(
      client_, client::Subscription::Options{.workspace = workspace_, .cursor = cursor_});
  return Perform(Offset(0));
}

absl::Status Stage::Step(Offset now) {
  // Nothing is due here and nothing there.
  if (player_.Next() > now && next_deadline_ > now) return absl::OkStatus();
  if (absl::Status status = Advance(now); !status.ok()) return status;
  if (absl::Status status = ReadTo(reached_, now); !status.ok()) return status;
  return Perform(now);
}

absl::Status Stage::Advance(Offset now) {
  const nanoseconds to = start_ + now;
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(to);
  v1::AdvanceTimeRequest request;
  request.set_workspace(workspace_);
  request.mutable_to()->set_seconds(seconds.count());
  request.mutable_to()->set_nanos(static_cast<std::int32_t>((to - seconds).count()));
  const auto answer = client_.AdvanceTime(request);
  if (!answer.ok()) return Failed(answer.error(), "AdvanceTime");
  reached_ = answer->event_cursor();
  next_deadline_ = Offset::max();
  if (answer->has_next_deadline_time()) {
    next_deadline_ =
        std::chrono::duration_cast<Offset>(ToTime(answer->next_deadline_time()) - start_);
  }
  return absl::OkStatus();
}

// What is heard may call for more at once; that is done within the same step.
absl::Status Stage::Perform(Offset now) {
  while (true) {
    std::vector<v1::Command> due = player_.Due(now);
    if (due.empty()) return absl::OkStatus();
    next_deadline_ = now;  // These commands may set a nearer one.
    commands_sent_ += due.size();
    for (v1::Command& command : due) Send(std::move(command));
    commands_.Drain();
    {
      sync::MutexLock lock(mutex_);
      if (!failure_.ok()) return failure_;
      if (client::HasReached(furthest_, reached_)) reached_ = furthest_;
    }
    if (absl::Status status = ReadTo(reached_, now); !status.ok()) return status;
  }
}

void Stage::Send(v1::Command command) {
  commands_.Send(std::move(command), [this](const Result<v1::Receipt>& answer) {
    sync::MutexLock lock(mutex_);
    if (answer.ok()) {
      const std::string& cursor = answer->event_cursor();
      if (furthest_.empty() || client::HasReached(cursor, furthest_)) furthest_ = cursor;
    } else if (IsOvertaken(answer.error())) {
      ++refusals_[answer.error().reason];
    } else if (failure_.ok()) {
      failure_ = Failed(answer.error(), "command");
    }
  });
}

absl::Status Stage::ReadTo(const std::string& cursor, Offset now) {
  while (!cursor.empty() && !client::HasReached(cursor_, cursor)) {
    const auto news = events_->Next();
    if (!news) return absl::CancelledError("the subscription ended");
    if (news->kind == client::News::Kind::kFailed) return Failed(news->error, "WatchEvents");
    if (news->kind != client::News::Kind::kEvents) {
      return absl::DataLossError(absl::StrCat("the history broke: ", news->error.ToString()));
    }
    for (const v1::Event& event : news->events) player_.Take(event, now);
    events_read_ += news->events.size();
    cursor_ = news->cursor;
  }
  return absl::OkStatus();
}

}  // namespace firstline::demo
