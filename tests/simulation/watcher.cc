#include "tests/simulation/watcher.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace firstline::simulation {

Watcher::Watcher(Schedule& schedule, Random random, Judge& judge, RedisModel& redis,
                 Cluster& cluster, WorkspaceId workspace, int pace)
    : schedule_(schedule),
      random_(random),
      judge_(judge),
      redis_(redis),
      cluster_(cluster),
      workspace_(std::move(workspace)),
      pace_(pace) {}

void Watcher::Start() { Ask(); }

void Watcher::Ask() {
  const int pod = cluster_.Pick(random_, -1);
  if (pod < 0) return schedule_.After(100'000, [this] { Ask(); });
  redis_.Read(pod, workspace_, cursor_, [this](const store::EventPage& page) {
    const bool more = Take(page);
    schedule_.After(more ? 1'000 : random_.Between(20'000, 200'000) * pace_,
                    [this] { Ask(); });
  });
}

bool Watcher::Take(const store::EventPage& page) {
  switch (page.state) {
    case store::CursorState::kUnavailable: return false;
    case store::CursorState::kExpired:
      judge_.Fail(absl::StrCat("cursor ", ToString(cursor_), " expired"));
      return false;
    case store::CursorState::kRewound:
      ++rewinds_;
      cursor_ = page.last_common;
      std::erase_if(followed_, [&](const store::EventEntry& entry) { return cursor_ < entry.id; });
      return true;
    case store::CursorState::kOk: break;
  }
  for (const store::EventEntry& entry : page.events) {
    if (!(cursor_ < entry.id)) judge_.Fail("a page of history does not ascend");
    followed_.push_back(entry);
    cursor_ = entry.id;
  }
  return !page.events.empty();
}

const std::vector<store::EventEntry>& Watcher::Finish() {
  constexpr size_t kAll = 10'000'000;
  while (Take(redis_.backend().Read(workspace_, cursor_, kAll, 0))) {
  }
  return followed_;
}

}  // namespace firstline::simulation
