#include "tests/simulation/writer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/simulation/people.h"

namespace firstline::simulation {
namespace {

constexpr size_t kUnansweredMax = 24;
constexpr int64_t kPatienceUs = 3'000'000;

}  // namespace

Writer::Writer(Schedule& schedule, Random random, const Trace& trace, Judge& judge,
               Cluster& cluster, WorkspaceId workspace, std::string name, int commands,
               int64_t until_us)
    : schedule_(schedule),
      random_(random),
      trace_(trace),
      judge_(judge),
      cluster_(cluster),
      workspace_(std::move(workspace)),
      name_(std::move(name)),
      commands_(commands),
      until_us_(until_us),
      pause_us_(commands == 0 ? 1 : 1 + until_us / commands) {}

// Number 0 makes the inquiry.
Question Writer::Command(int number) const {
  engine::Command command;
  command.request_id = absl::StrCat(name_, "-", number);
  if (number == 0) {
    engine::Submit submit;
    submit.inquiry_id = name_;
    submit.channel = kChannel;
    submit.queue = kQueue;
    submit.requirement.skills = {{.name = "nobody-has-it", .level = 1}};
    command.body = submit;
  } else {
    command.body = engine::RecordMessage{name_, absl::StrCat(name_, "/", number),
                                         engine::Author::kCustomer, ""};
  }
  return {.workspace = workspace_, .body = std::move(command)};
}

void Writer::Start() {
  unanswered_.push_back({0, {}});
  Reopen();
  Watchdog();
  schedule_.After(random_.Below(2 * pause_us_), [this] { Next(); });
}

void Writer::Next() {
  if (last_ == commands_) return;
  // Now and then many at once; in the end all that are left.
  const int64_t left_us = std::max<int64_t>(until_us_ - schedule_.now_us(), 0);
  const int64_t pause = random_.Chance(8) ? random_.Below(pause_us_ * 24) : random_.Below(500);
  schedule_.After(std::min(pause, 500 + left_us), [this] { Next(); });
  if (unanswered_.size() >= kUnansweredMax) return;
  unanswered_.push_back({++last_, {}});
  Send(unanswered_.back());
}

void Writer::Reopen() {
  ++stream_;
  heard_us_ = schedule_.now_us();
  calls_ = cluster_.OpenStream(cluster_.Pick(random_, random_.Chance(30) ? calls_.pod : -1));
  trace_("%s opens stream %d at pod %d", name_, stream_, calls_.pod);
  for (Sent& command : unanswered_) Send(command);
}

void Writer::Send(Sent& command) {
  command.asked_after = judge_.Heard(workspace_);
  cluster_.AskInOrder(calls_, Command(command.number),
                      [this, number = command.number, stream = stream_,
                       asked_after = command.asked_after](const Heard& heard) {
                        OnAnswer(number, stream, asked_after, heard);
                      });
}

void Writer::OnAnswer(int number, uint64_t stream, EventId asked_after, const Heard& heard) {
  const auto* done = std::get_if<runtime::Done>(&heard.answer);
  if (done != nullptr) {
    const bool applied = done->outcome.ok() && !done->outcome.receipt.replayed;
    judge_.OnHeard(workspace_, done->cursor, asked_after, applied);
  }
  if (stream != stream_) return;
  if (done == nullptr) return Reopen();  // as after an error of the stream
  heard_us_ = schedule_.now_us();
  const auto at = std::find_if(unanswered_.begin(), unanswered_.end(),
                               [&](const Sent& sent) { return sent.number == number; });
  if (at == unanswered_.end()) return;
  // The inquiry could not be made before it was written to.
  if (!done->outcome.ok() && unanswered_.front().number == 0) return Reopen();
  if (number > 0 && !done->outcome.ok() && judge_.IsWhole(workspace_)) {
    judge_.Fail(absl::StrCat("command ", number, " of ", name_, " was rejected: ",
                             std::string(ToString(done->outcome.rejection))));
  }
  if (number > 0) ++answered_;
  unanswered_.erase(at);
}

void Writer::Watchdog() {
  schedule_.After(500'000, [this] { Watchdog(); });
  const bool broken = calls_.pod < 0 || cluster_.host(calls_.pod).life() != calls_.life ||
                      !cluster_.host(calls_.pod).takes_calls();
  const bool silent = schedule_.now_us() > heard_us_ + kPatienceUs;
  if (!unanswered_.empty() && (broken || silent || random_.Chance(1))) Reopen();
}

}  // namespace firstline::simulation
