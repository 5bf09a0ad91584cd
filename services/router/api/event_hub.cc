#include "services/router/api/event_hub.h"

#include <algorithm>
#include <utility>

#include "common/status/reason.h"
#include "services/router/api/limits.h"

namespace firstline::api {
namespace {

// A few tasks a stream; never reached before the streams' own bound.
constexpr size_t kInboxMax = 1 << 20;
constexpr size_t kTailPage = 512;

EventHub::SharedEvent Parse(const store::EventEntry& entry) {
  auto event = std::make_shared<EventHub::Event>();
  event->id = entry.id;
  // What cannot be read is shown by its id alone: a hole would be taken for the end.
  if (!event->event.ParseFromString(entry.bytes)) event->event.Clear();
  if (event->event.id().empty()) event->event.set_id(store::ToString(entry.id));
  return event;
}

absl::Status CursorLost(store::CursorState state, store::EventId resume) {
  const bool rewound = state == store::CursorState::kRewound;
  return status::Error(
      absl::StatusCode::kOutOfRange,
      rewound ? "the cursor is not on the present history"
              : "events after the cursor are no longer retained",
      {.reason = rewound ? "CURSOR_REWOUND" : "CURSOR_EXPIRED",
       .metadata = {{"resume_cursor", store::ToString(resume)}},
       .violations = {{"cursor", rewound ? "is not on the present history" : "is too old"}}});
}

}  // namespace

EventHub::EventHub(store::EventLog& log, std::chrono::milliseconds interval)
    : log_(log), interval_(interval), inbox_(kInboxMax) {
  thread_ = sync::OwnedThread("fl-events", [this] { Run(); });
}

EventHub::~EventHub() { Stop(); }

void EventHub::Stop() {
  inbox_.Close();
  thread_.Join();
}

void EventHub::Post(Task task) { inbox_.TryPush(std::move(task)); }

void EventHub::Wake() {
  if (!woken_.exchange(true)) Post([] {});
}

void EventHub::OpenReader(Id id, ReaderOptions options, Deliver deliver) {
  auto reader = std::make_shared<Subscriber>();
  reader->workspace = std::move(options.workspace);
  reader->cursor = options.cursor;
  reader->filter = std::move(options.filter);
  reader->inquiry = std::move(options.inquiry);
  reader->deliver = std::move(deliver);
  Post([this, id, reader] { Open(id, std::make_unique<Subscriber>(std::move(*reader))); });
}

void EventHub::OpenFollower(Id id, std::string workspace, Deliver deliver) {
  auto follower = std::make_shared<Subscriber>();
  follower->workspace = std::move(workspace);
  follower->follower = true;
  follower->deliver = std::move(deliver);
  Post([this, id, follower] { Open(id, std::make_unique<Subscriber>(std::move(*follower))); });
}

void EventHub::AddAgents(Id id, std::vector<std::string> agents, std::function<void()> done) {
  Post([this, id, agents = std::move(agents), done = std::move(done)] {
    const auto it = subscribers_.find(id);
    if (it == subscribers_.end()) return;
    Tail& tail = tails_[it->second->workspace];
    for (const std::string& agent : agents) {
      it->second->agents.insert(agent);
      tail.by_agent[agent].insert(it->second.get());
    }
    done();
  });
}

void EventHub::RemoveAgents(Id id, std::vector<std::string> agents) {
  Post([this, id, agents = std::move(agents)] {
    const auto it = subscribers_.find(id);
    if (it == subscribers_.end()) return;
    Tail& tail = tails_[it->second->workspace];
    for (const std::string& agent : agents) {
      it->second->agents.erase(agent);
      tail.by_agent[agent].erase(it->second.get());
      if (tail.by_agent[agent].empty()) tail.by_agent.erase(agent);
    }
  });
}

void EventHub::Next(Id id) {
  Post([this, id] {
    const auto it = subscribers_.find(id);
    if (it == subscribers_.end() || it->second->wanted) return;
    it->second->wanted = true;
    it->second->wanted_since = std::chrono::steady_clock::now();
    beats_.emplace_back(it->second->wanted_since + limits::kHeartbeat, id);
    Awaken(tails_[it->second->workspace], *it->second);
  });
}

void EventHub::Await(Id id, store::EventId cursor) {
  Post([this, id, cursor] {
    const auto it = subscribers_.find(id);
    if (it == subscribers_.end()) return;
    it->second->awaited = cursor;
    Awaken(tails_[it->second->workspace], *it->second);
  });
}

void EventHub::Close(Id id) {
  Post([this, id] { Forget(id); });
}

void EventHub::Open(Id id, std::unique_ptr<Subscriber> subscriber) {
  subscriber->id = id;
  Tail& tail = tails_[subscriber->workspace];
  tail.subscribers[id] = subscriber.get();
  if (!subscriber->inquiry.empty()) {
    tail.by_inquiry[subscriber->inquiry].insert(subscriber.get());
  } else if (!subscriber->follower) {
    tail.of_everything.insert(subscriber.get());
  }
  subscribers_[id] = std::move(subscriber);
}

void EventHub::Forget(Id id) {
  const auto it = subscribers_.find(id);
  if (it == subscribers_.end()) return;
  const auto tail = tails_.find(it->second->workspace);
  for (const std::string& agent : it->second->agents) {
    const auto followers = tail->second.by_agent.find(agent);
    followers->second.erase(it->second.get());
    if (followers->second.empty()) tail->second.by_agent.erase(followers);
  }
  if (const auto readers = tail->second.by_inquiry.find(it->second->inquiry);
      readers != tail->second.by_inquiry.end()) {
    readers->second.erase(it->second.get());
    if (readers->second.empty()) tail->second.by_inquiry.erase(readers);
  }
  tail->second.of_everything.erase(it->second.get());
  tail->second.awake.erase(id);
  tail->second.subscribers.erase(id);
  if (tail->second.subscribers.empty()) tails_.erase(tail);
  subscribers_.erase(it);
}

void EventHub::Run() {
  std::vector<Task> tasks;
  bool busy = false;
  for (;;) {
    const auto idle = tails_.empty() ? std::chrono::hours(1) : std::chrono::nanoseconds(interval_);
    tasks.clear();
    if (!inbox_.PopAll(tasks, busy ? std::chrono::nanoseconds(0) : idle)) return;
    for (Task& task : tasks) task();
    // Commits wake nobody as long as nobody watches.
    woken_ = tails_.empty();
    busy = false;
    AwakenForBeats();
    for (auto& [workspace, tail] : tails_) {
      busy = Follow(workspace, tail) || busy;
      busy = ServeAwake(tail) || busy;
    }
  }
}

void EventHub::Awaken(Tail& tail, Subscriber& subscriber) {
  if (subscriber.wanted) tail.awake[subscriber.id] = &subscriber;
}

bool EventHub::Reached(const Subscriber& follower, const Tail& tail) {
  return follower.awaited && follower.backlog.empty() && tail.last &&
         !(*tail.last < *follower.awaited);
}

// An event comes after `tail.last`, up to where this reader may have looked already.
void EventHub::AwakenReader(Tail& tail, Subscriber& reader) {
  if (reader.caught_up) reader.cursor = tail.last;
  reader.caught_up = false;
  Awaken(tail, reader);
}

void EventHub::AwakenForBeats() {
  const auto now = std::chrono::steady_clock::now();
  for (; !beats_.empty() && beats_.front().first <= now; beats_.pop_front()) {
    const auto it = subscribers_.find(beats_.front().second);
    if (it != subscribers_.end()) Awaken(tails_[it->second->workspace], *it->second);
  }
}

// Whoever has nothing more to look at sleeps until there is something, or a heartbeat is due.
bool EventHub::ServeAwake(Tail& tail) {
  bool busy = false;
  for (auto next = tail.awake.begin(); next != tail.awake.end();) {
    Subscriber& subscriber = *(next++)->second;
    busy = Serve(subscriber, tail) || busy;
    const bool looked = subscriber.follower
                            ? subscriber.backlog.empty() && !subscriber.awaited
                            : subscriber.caught_up;
    if (looked || !subscriber.wanted) tail.awake.erase(subscriber.id);
  }
  return busy;
}

// Takes what is new. True when there may be more at once.
bool EventHub::Follow(const std::string& workspace, Tail& tail) {
  if (!tail.last) {
    tail.last = log_.Last(workspace);
    if (!tail.last) return false;
    tail.base = *tail.last;
    NoteUnseen(tail);
  }
  store::EventPage page = log_.Read(workspace, *tail.last, kTailPage, 0);
  switch (page.state) {
    case store::CursorState::kUnavailable:
      return false;
    case store::CursorState::kRewound:
    case store::CursorState::kExpired:
      Rewind(tail, page);
      return true;
    case store::CursorState::kOk:
      break;
  }
  const bool full = page.events.size() == kTailPage;
  Append(tail, std::move(page.events));
  return full;
}

// Events may have passed before the tail began, which followers were promised.
void EventHub::NoteUnseen(Tail& tail) {
  for (auto& [id, subscriber] : tail.subscribers) {
    if (!subscriber->follower || subscriber->agents.empty()) continue;
    subscriber->lost = true;
    Awaken(tail, *subscriber);
  }
}

void EventHub::Append(Tail& tail, std::vector<store::EventEntry> entries) {
  if (entries.empty()) return;
  for (Subscriber* reader : tail.of_everything) AwakenReader(tail, *reader);
  for (const store::EventEntry& entry : entries) {
    SharedEvent event = Parse(entry);
    Spread(tail, event);
    tail.recent.push_back(std::move(event));
    tail.last = entry.id;
  }
  while (tail.recent.size() > limits::kRecentEventsMax) {
    tail.base = tail.recent.front()->id;
    tail.recent.pop_front();
  }
}

// Called before `event` becomes the tail's last.
void EventHub::Spread(Tail& tail, const SharedEvent& event) {
  SpreadToFollowers(tail, event);
  if (event->event.kind_case() == v1::Event::kOwnerChanged) {
    for (auto& [inquiry, readers] : tail.by_inquiry) {
      for (Subscriber* reader : readers) AwakenReader(tail, *reader);
    }
    return;
  }
  const auto readers = tail.by_inquiry.find(event->event.inquiry_id());
  if (readers == tail.by_inquiry.end()) return;
  for (Subscriber* reader : readers->second) AwakenReader(tail, *reader);
}

void EventHub::SpreadToFollowers(Tail& tail, const SharedEvent& event) {
  const auto give = [&](Subscriber& follower) {
    Awaken(tail, follower);
    if (follower.backlog.size() < limits::kAgentBacklogMax) {
      follower.backlog.push_back(event);
      return;
    }
    follower.backlog.clear();
    follower.lost = true;
  };
  if (event->event.kind_case() == v1::Event::kOwnerChanged) {
    for (auto& [id, subscriber] : tail.subscribers) {
      if (subscriber->follower) give(*subscriber);
    }
    return;
  }
  if (event->event.agent_id().empty()) return;
  const auto followers = tail.by_agent.find(event->event.agent_id());
  if (followers == tail.by_agent.end()) return;
  for (Subscriber* follower : followers->second) give(*follower);
}

void EventHub::Rewind(Tail& tail, const store::EventPage& page) {
  for (auto& [id, subscriber] : tail.subscribers) {
    AwakenReader(tail, *subscriber);  // Where it stood in the history that is gone...
    subscriber->checked = false;      // ...from which readers find out for themselves.
    subscriber->backlog.clear();
    subscriber->lost = true;
    subscriber->awaited.reset();
  }
  tail.last = page.last_common;
  tail.base = page.last_common;
  tail.recent.clear();
}

// True when the subscriber has to be looked at again at once.
bool EventHub::Serve(Subscriber& subscriber, Tail& tail) {
  Batch batch;
  bool more = false;
  if (subscriber.follower) {
    ServeFollower(subscriber, tail, batch);
  } else {
    more = ServeReader(subscriber, tail, batch);
  }
  const bool beat =
      std::chrono::steady_clock::now() - subscriber.wanted_since >= limits::kHeartbeat;
  const bool reached = subscriber.follower && Reached(subscriber, tail);
  if (reached) subscriber.awaited.reset();
  if (batch.status.ok() && batch.events.empty() && !batch.lost && !beat && !reached) return more;
  subscriber.wanted = false;
  subscriber.deliver(std::move(batch));
  return more;
}

void EventHub::ServeFollower(Subscriber& follower, Tail& tail, Batch& batch) {
  const size_t count = std::min(follower.backlog.size(), limits::kEventsPerMessageMax);
  batch.events.assign(follower.backlog.begin(),
                      follower.backlog.begin() + static_cast<std::ptrdiff_t>(count));
  follower.backlog.erase(follower.backlog.begin(),
                         follower.backlog.begin() + static_cast<std::ptrdiff_t>(count));
  batch.lost = std::exchange(follower.lost, false);
  if (follower.backlog.empty()) {
    batch.cursor = tail.last.value_or(store::EventId{});
  } else {
    batch.cursor = batch.events.back()->id;
  }
}

bool EventHub::ServeReader(Subscriber& reader, Tail& tail, Batch& batch) {
  if (!tail.last) return false;
  if (reader.caught_up) {
    reader.cursor = tail.last;
    batch.cursor = *reader.cursor;
    return false;
  }
  if (!reader.cursor) {
    reader.cursor = tail.last;
    reader.checked = true;
  }
  if (!reader.checked || *reader.cursor < tail.base) return ReadHistory(reader, batch);
  auto next = std::upper_bound(
      tail.recent.begin(), tail.recent.end(), *reader.cursor,
      [](store::EventId cursor, const SharedEvent& event) { return cursor < event->id; });
  while (next != tail.recent.end() && batch.events.size() < limits::kEventsPerMessageMax) {
    reader.cursor = (*next)->id;
    if (!reader.filter || reader.filter((*next)->event)) batch.events.push_back(*next);
    ++next;
  }
  // One that begins at an event which the tail has yet to read is ahead of it.
  reader.caught_up = next == tail.recent.end() && !(*tail.last < *reader.cursor);
  batch.cursor = *reader.cursor;
  return false;
}

// Reads one page of what is not in memory, or finds out whether the cursor is good at all.
bool EventHub::ReadHistory(Subscriber& reader, Batch& batch) {
  const store::EventPage page =
      log_.Read(reader.workspace, *reader.cursor, limits::kEventsPerMessageMax, 0);
  if (page.state == store::CursorState::kUnavailable) {
    batch.cursor = *reader.cursor;
    return false;
  }
  if (page.state != store::CursorState::kOk) {
    batch.status = CursorLost(page.state, page.last_common);
    return false;
  }
  for (const store::EventEntry& entry : page.events) {
    reader.cursor = entry.id;
    SharedEvent event = Parse(entry);
    if (!reader.filter || reader.filter(event->event)) batch.events.push_back(std::move(event));
  }
  reader.checked = true;
  batch.cursor = *reader.cursor;
  return !page.events.empty();
}

}  // namespace firstline::api
