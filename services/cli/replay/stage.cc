#include "services/cli/replay/stage.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/client/cursor.h"
#include "common/sync/bounded_inbox.h"
#include "common/sync/owned_thread.h"
#include "services/cli/failure.h"

namespace firstline::replay {
namespace {

using google::protobuf::util::TimeUtil;
using std::chrono::steady_clock;

// How long the router's own deadlines are followed when no person acts any more, but calls wait.
constexpr std::int64_t kLingerUs = 3'600'000'000;
// Events on their way from the stream to the live loop. It empties this all the time.
constexpr std::size_t kEventsMax = 1 << 20;
constexpr auto kLiveStep = std::chrono::milliseconds(200);

client::Subscription::Options Everything(const std::string& workspace, const std::string& cursor) {
  return {.workspace = workspace, .cursor = cursor};
}

// The events of `news`; a history that broke off cannot be replayed or judged.
const std::vector<v1::Event>& EventsOf(const std::optional<client::News>& news) {
  if (!news) throw cli::Failure(cli::ExitCode::kUnavailable, "the event stream ended");
  if (news->kind == client::News::Kind::kFailed) throw cli::Failure(news->error);
  if (news->kind == client::News::Kind::kRewound) {
    throw cli::Failure(cli::ExitCode::kRefused,
                       absl::StrCat("history was taken back to ", news->cursor));
  }
  if (news->kind == client::News::Kind::kExpired) {
    throw cli::Failure(cli::ExitCode::kRefused, "the beginning of the history is not kept any more",
                       "raise settings.keep_events_max");
  }
  return news->events;
}

}  // namespace

Stage::Stage(client::Client& client, std::string workspace, std::string cursor)
    : client_(client),
      workspace_(std::move(workspace)),
      first_cursor_(std::move(cursor)),
      cursor_(first_cursor_),
      receipt_(first_cursor_),
      events_(client, Everything(workspace_, first_cursor_)),
      commands_(client, {}) {}

// ---- Commands and news --------------------------------------------------------------------------

void Stage::Send(const v1::Command& command) {
  commands_.Send(command, [this, command](const client::Result<v1::Receipt>& answer) {
    sync::MutexLock lock(mutex_);
    answers_.push_back({command, answer});
  });
}

void Stage::TakeAnswers(Play& play) {
  std::vector<Answered> answers;
  {
    sync::MutexLock lock(mutex_);
    answers.swap(answers_);
  }
  for (const Answered& it : answers) {
    if (it.answer.ok()) {
      const std::string& cursor = it.answer->event_cursor();
      if (!client::HasReached(receipt_, cursor)) receipt_ = cursor;
    } else if (!play.OnRefused(it.command, it.answer.error().reason)) {
      throw cli::Failure(it.answer.error());
    }
  }
}

void Stage::Act(Play& play, const std::vector<v1::Command>& commands) {
  for (const v1::Command& command : commands) Send(command);
  commands_.Drain();
  TakeAnswers(play);
}

void Stage::Hear(Play& play) {
  while (!client::HasReached(cursor_, receipt_)) {
    const std::optional<client::News> news = events_.Next();
    for (const v1::Event& event : EventsOf(news)) play.OnEvent(event);
    cursor_ = news->cursor;
  }
}

// ---- Driven time --------------------------------------------------------------------------------

// The router's next deadline; kNever without one.
std::int64_t Stage::Advance(std::int64_t to_us) {
  v1::AdvanceTimeRequest request;
  request.set_workspace(workspace_);
  *request.mutable_to() = TimeUtil::MicrosecondsToTimestamp(to_us);
  const v1::AdvanceTimeResponse response = cli::Unwrap(client_.AdvanceTime(request));
  if (!client::HasReached(receipt_, response.event_cursor())) receipt_ = response.event_cursor();
  if (!response.has_next_deadline_time()) return kNever;
  return TimeUtil::TimestampToMicroseconds(response.next_deadline_time());
}

void Stage::PlayDriven(Play& play, const Progress& progress) {
  std::int64_t now_us = 0, deadline_us = kNever, last_act_us = 0;
  for (;;) {
    const std::int64_t act_us = play.NextTime();
    if (act_us != kNever) last_act_us = act_us;
    std::int64_t next_us = act_us;
    if (play.anybody_waits() && deadline_us > now_us) next_us = std::min(act_us, deadline_us);
    if (next_us == kNever || next_us - last_act_us > kLingerUs) break;
    // What somebody does because of news is done at once, not in the past.
    now_us = std::max(now_us, next_us);
    deadline_us = Advance(now_us);
    Hear(play);
    for (auto due = play.TakeDue(now_us); !due.empty(); due = play.TakeDue(now_us)) {
      Act(play, due);
      Hear(play);
    }
    progress(play, now_us);
  }
  Act(play, play.GiveUp());
  Hear(play);
}

// ---- Real time ----------------------------------------------------------------------------------

void Stage::PlayLive(Play& play, const Progress& progress) {
  v1::GetTimeRequest request;
  request.set_workspace(workspace_);
  const v1::GetTimeResponse clock = cli::Unwrap(client_.GetTime(request));
  const auto started = steady_clock::now();
  const std::int64_t start_us = TimeUtil::TimestampToMicroseconds(clock.time());
  const auto now = [&] {
    const auto elapsed = steady_clock::now() - started;
    return start_us + std::chrono::duration_cast<std::chrono::microseconds>(elapsed).count();
  };

  sync::BoundedInbox<std::optional<client::News>> inbox(kEventsMax);
  sync::OwnedThread listener("fl-events", [&] {
    for (bool more = true; more;) {
      std::optional<client::News> news = events_.Next();
      more = news.has_value() && inbox.TryPush(news);
    }
  });
  // However this ends, the listener has to as well.
  struct Silence {
    client::Subscription& events;
    ~Silence() { events.Cancel(); }
  } silence{events_};

  std::vector<std::optional<client::News>> heard;
  const auto listen = [&](std::chrono::nanoseconds timeout) {
    heard.clear();
    inbox.PopAll(heard, timeout);
    for (const std::optional<client::News>& news : heard) {
      for (const v1::Event& event : EventsOf(news)) play.OnEvent(event);
      cursor_ = news->cursor;
    }
    TakeAnswers(play);
  };
  const auto catch_up = [&] {
    commands_.Drain();
    TakeAnswers(play);
    while (!client::HasReached(cursor_, receipt_)) listen(kLiveStep);
  };

  for (;;) {
    if (play.NextTime() == kNever) catch_up();
    if (play.NextTime() == kNever) break;
    const auto wait = std::chrono::microseconds(std::max<std::int64_t>(play.NextTime() - now(), 0));
    listen(std::min<std::chrono::nanoseconds>(wait, kLiveStep));
    for (const v1::Command& command : play.TakeDue(now())) Send(command);
    progress(play, now());
  }
  Act(play, play.GiveUp());
  catch_up();
}

// ---- The verdict --------------------------------------------------------------------------------

check::StreamChecker Stage::Judge(const std::vector<std::string>& acknowledged) const {
  client::Subscription history(client_, Everything(workspace_, "0-0"));
  check::StreamChecker checker;
  std::string cursor = "0-0";
  while (!client::HasReached(cursor, receipt_)) {
    const std::optional<client::News> news = history.Next();
    for (const v1::Event& event : EventsOf(news)) checker.Add(event);
    cursor = news->cursor;
  }
  checker.Finish(acknowledged, check::StreamChecker::Open::kForbidden);
  return checker;
}

}  // namespace firstline::replay
