#include "tests/simulation/watcher.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/reason.h"

namespace firstline::simulation {

// ---- By cursor ----------------------------------------------------------------------------------

uint64_t Watcher::OpenAt(Streams& streams, Streams::Tell tell) {
  return streams.WatchEvents(
      {.workspace = options_.workspace, .cursor = cursor_, .filter = {}, .inquiry = options_.of},
      std::move(tell));
}

bool Watcher::Concerns(const v1::Event& event) const {
  return options_.of.empty() || event.has_owner_changed() || event.inquiry_id() == options_.of;
}

void Watcher::Take(const Streams::Message& message) {
  const std::string reason = status::ReasonOf(message.status);
  if (reason == "CURSOR_REWOUND" || reason == "CURSOR_EXPIRED") {
    const auto info = status::GetErrorInfo(message.status);
    const auto resume = store::ParseEventId(info->metadata.at("resume_cursor"));
    if (!resume) return judge_.Fail(absl::StrCat(reason, " without a cursor to resume from"));
    return GoBack(*resume, reason == "CURSOR_REWOUND");
  }
  if (!message.status.ok()) return;
  for (const api::EventTails::SharedEvent& event : message.events) {
    if (!(cursor_ < event->id)) {
      return judge_.Fail(absl::StrCat("a stream goes back to ", ToString(event->id), " from ",
                                      ToString(cursor_)));
    }
    followed_.push_back({event->id, event->event.SerializeAsString()});
    Advance(event->id);
  }
  if (message.cursor < cursor_) {
    return judge_.Fail(absl::StrCat("a stream's cursor goes back to ", ToString(message.cursor),
                                    " from ", ToString(cursor_)));
  }
  Advance(message.cursor);
}

void Watcher::Advance(EventId cursor) {
  cursor_ = cursor;
  trail_.Reach({cursor.epoch, cursor.n});
}

void Watcher::GoBack(EventId resume, bool rewound) {
  ++(rewound ? rewinds_ : expired_);
  if (!rewound) {
    trail_.Restart({resume.epoch, resume.n});
    from_ = cursor_ = resume;
    followed_.clear();
    return;
  }
  cursor_ = resume;
  if (options_.remembers) {
    const client::Cursor back = trail_.GoBack({resume.epoch, resume.n});
    cursor_ = {back.epoch, back.n};
  }
  from_ = std::min(from_, cursor_);
  std::erase_if(followed_, [&](const store::EventEntry& entry) { return cursor_ < entry.id; });
}

void Watcher::Finish() {
  for (;;) {
    const store::EventPage page = redis_.backend().Read(options_.workspace, cursor_, kAllEvents, 0);
    if (page.state == store::CursorState::kOk) {
      for (const store::EventEntry& entry : page.events) {
        const v1::Event event = Parsed(entry);
        if (Concerns(event)) followed_.push_back({entry.id, event.SerializeAsString()});
      }
      return;
    }
    GoBack(page.last_common, page.state == store::CursorState::kRewound);
  }
}

// ---- Agents -------------------------------------------------------------------------------------

uint64_t AgentWatcher::OpenAt(Streams& streams, Streams::Tell tell) {
  return streams.WatchAgent(options_.workspace, options_.of, std::move(tell));
}

std::optional<EventId> AgentWatcher::ToldUntil() const {
  if (!now_) return std::nullopt;
  return now_->until;
}

void AgentWatcher::OnReopen() {
  CheckTold();
  now_.reset();
}

void AgentWatcher::Take(const Streams::Message& message) {
  if (!message.status.ok()) return;
  if (message.snapshot) {
    ++snapshots_;
    if (message.anew) now_.reset();
    if (!now_) now_ = Told{message.cursor, message.cursor, {}};
  }
  if (!now_) return judge_.Fail(absl::StrCat(options_.of, " was told events before a snapshot"));
  for (const api::EventTails::SharedEvent& event : message.events) {
    if (event->id <= now_->from || (!now_->events.empty() && event->id <= now_->events.back())) {
      return judge_.Fail(absl::StrCat(options_.of, " was told ", ToString(event->id), " again"));
    }
    now_->events.push_back(event->id);
    now_->until = std::max(now_->until, event->id);  // all about it came in order
  }
  now_->until = std::max(now_->until, message.cursor);
  if (message.snapshot) CheckTold();
}

// Where history was ever taken back, what streams told meanwhile is not in it: see Finish.
void AgentWatcher::CheckTold() {
  if (now_ && !redis_.rewound()) Finish({});
}

void AgentWatcher::Finish(EventId gap) {
  if (!now_ || now_->from < gap) return;
  const store::EventPage page = redis_.backend().Read(options_.workspace, now_->from, kAllEvents, 0);
  if (page.state == store::CursorState::kExpired) return;
  if (page.state != store::CursorState::kOk) {
    return judge_.Fail(absl::StrCat(options_.of, " was not told that history was taken back"));
  }
  std::vector<EventId> happened;
  for (const store::EventEntry& entry : page.events) {
    if (entry.id <= now_->until && Concerns(Parsed(entry))) happened.push_back(entry.id);
  }
  if (happened == now_->events) return;
  const auto [mine, theirs] = std::mismatch(now_->events.begin(), now_->events.end(),
                                            happened.begin(), happened.end());
  judge_.Fail(absl::StrCat(
      options_.workspace, ": from ", ToString(now_->from), " to ", ToString(now_->until), " ",
      options_.of, " was told ", mine == now_->events.end() ? "nothing" : ToString(*mine), " where ",
      theirs == happened.end() ? "nothing" : ToString(*theirs), " happened"));
}

}  // namespace firstline::simulation
