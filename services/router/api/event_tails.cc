#include "services/router/api/event_tails.h"

#include <algorithm>
#include <utility>

#include "common/status/reason.h"

namespace firstline::api {
namespace {

EventTails::SharedEvent Parse(const store::EventEntry& entry) {
  auto event = std::make_shared<EventTails::Event>();
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

EventTails::Subscriber* EventTails::Find(Id id) {
  const auto it = subscribers_.find(id);
  return it == subscribers_.end() ? nullptr : it->second.get();
}

// ---- Subscribers --------------------------------------------------------------------------------

void EventTails::OpenReader(Id id, ReaderOptions options, Deliver deliver) {
  auto reader = std::make_unique<Subscriber>();
  reader->workspace = std::move(options.workspace);
  reader->cursor = options.cursor;
  reader->filter = std::move(options.filter);
  reader->inquiry = std::move(options.inquiry);
  reader->deliver = std::move(deliver);
  Open(id, std::move(reader));
}

void EventTails::OpenFollower(Id id, std::string workspace, Deliver deliver) {
  auto follower = std::make_unique<Subscriber>();
  follower->workspace = std::move(workspace);
  follower->follower = true;
  follower->deliver = std::move(deliver);
  Open(id, std::move(follower));
}

bool EventTails::AddAgents(Id id, const std::vector<std::string>& agents) {
  Subscriber* follower = Find(id);
  if (follower == nullptr) return false;
  Tail& tail = tails_[follower->workspace];
  for (const std::string& agent : agents) {
    follower->agents.insert(agent);
    tail.by_agent[agent].insert(follower);
  }
  return true;
}

void EventTails::RemoveAgents(Id id, const std::vector<std::string>& agents) {
  Subscriber* follower = Find(id);
  if (follower == nullptr) return;
  Tail& tail = tails_[follower->workspace];
  for (const std::string& agent : agents) {
    follower->agents.erase(agent);
    tail.by_agent[agent].erase(follower);
    if (tail.by_agent[agent].empty()) tail.by_agent.erase(agent);
  }
}

void EventTails::Next(Id id, Time now) {
  Subscriber* subscriber = Find(id);
  if (subscriber == nullptr || subscriber->wanted) return;
  subscriber->wanted = true;
  subscriber->wanted_since = now;
  beats_.emplace_back(now + limits::kHeartbeat, id);
  Awaken(tails_[subscriber->workspace], *subscriber);
}

void EventTails::Await(Id id, store::EventId cursor) {
  Subscriber* follower = Find(id);
  if (follower == nullptr) return;
  follower->awaited = cursor;
  Awaken(tails_[follower->workspace], *follower);
}

void EventTails::Open(Id id, std::unique_ptr<Subscriber> subscriber) {
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

void EventTails::Close(Id id) {
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

// ---- Looking ------------------------------------------------------------------------------------

bool EventTails::Look(Time now) {
  bool busy = false;
  AwakenForBeats(now);
  for (auto& [workspace, tail] : tails_) {
    busy = Follow(workspace, tail) || busy;
    busy = ServeAwake(tail, now) || busy;
  }
  return busy;
}

void EventTails::Awaken(Tail& tail, Subscriber& subscriber) {
  if (subscriber.wanted) tail.awake[subscriber.id] = &subscriber;
}

EventTails::Place EventTails::PlaceOf(const std::string& workspace, store::EventId cursor,
                                      const Tail& tail) {
  if (!tail.last) return Place::kNotYet;
  if (cursor == *tail.last || cursor == tail.base) return Place::kThere;
  if (tail.base < cursor && cursor < *tail.last) {
    const auto at = std::lower_bound(
        tail.recent.begin(), tail.recent.end(), cursor,
        [](const SharedEvent& event, store::EventId id) { return event->id < id; });
    return (*at)->id == cursor ? Place::kThere : Place::kGone;
  }
  // Beyond what is in memory, or before it.
  switch (log_.Read(workspace, cursor, 1, 0).state) {
    case store::CursorState::kUnavailable: return Place::kNotYet;
    case store::CursorState::kRewound: return Place::kGone;
    case store::CursorState::kOk:
    case store::CursorState::kExpired: break;
  }
  return cursor < *tail.last ? Place::kThere : Place::kNotYet;
}

bool EventTails::LookForAwaited(Subscriber& follower, const Tail& tail, Time now, Batch& batch) {
  if (!follower.awaited || !follower.backlog.empty() || now < follower.gone_until) return false;
  const Place place = PlaceOf(follower.workspace, *follower.awaited, tail);
  if (place == Place::kNotYet) return false;
  if (place == Place::kThere) {
    batch.reached = follower.awaited;
  } else {
    batch.lost = !options_.bugs.conceal_lost;
    follower.gone_until = now + kGoneAgain;
  }
  follower.awaited.reset();
  return true;
}

// An event comes after `tail.last`, up to where this reader may have looked already.
void EventTails::AwakenReader(Tail& tail, Subscriber& reader) {
  if (reader.caught_up) reader.cursor = tail.last;
  reader.caught_up = false;
  Awaken(tail, reader);
}

void EventTails::AwakenForBeats(Time now) {
  for (; !beats_.empty() && beats_.front().first <= now; beats_.pop_front()) {
    const auto it = subscribers_.find(beats_.front().second);
    if (it != subscribers_.end()) Awaken(tails_[it->second->workspace], *it->second);
  }
}

// Whoever has nothing more to look at sleeps until there is something, or a heartbeat is due.
bool EventTails::ServeAwake(Tail& tail, Time now) {
  bool busy = false;
  for (auto next = tail.awake.begin(); next != tail.awake.end();) {
    Subscriber& subscriber = *(next++)->second;
    busy = Serve(subscriber, tail, now) || busy;
    const bool looked = subscriber.follower
                            ? subscriber.backlog.empty() && !subscriber.awaited
                            : subscriber.caught_up;
    if (looked || !subscriber.wanted) tail.awake.erase(subscriber.id);
  }
  return busy;
}

// Takes what is new. True when there may be more at once.
bool EventTails::Follow(const std::string& workspace, Tail& tail) {
  if (!tail.last && !Begin(workspace, tail)) return false;
  store::EventPage page = log_.Read(workspace, *tail.last, options_.page, 0);
  switch (page.state) {
    case store::CursorState::kUnavailable:
      return false;
    case store::CursorState::kRewound:
    case store::CursorState::kExpired:
      Rewind(tail);
      return Begin(workspace, tail);
    case store::CursorState::kOk:
      break;
  }
  const bool full = page.events.size() == options_.page;
  Append(tail, std::move(page.events));
  return full;
}

// At the end of history. False while the store cannot tell where that is.
bool EventTails::Begin(const std::string& workspace, Tail& tail) {
  tail.last = log_.Last(workspace);
  if (!tail.last) return false;
  tail.base = *tail.last;
  NoteUnseen(tail);
  return true;
}

// Events may have passed before the tail began, which followers were promised.
void EventTails::NoteUnseen(Tail& tail) {
  for (auto& [id, subscriber] : tail.subscribers) {
    if (!subscriber->follower || subscriber->agents.empty()) continue;
    subscriber->lost = true;
    Awaken(tail, *subscriber);
  }
}

void EventTails::Append(Tail& tail, std::vector<store::EventEntry> entries) {
  if (entries.empty()) return;
  for (Subscriber* reader : tail.of_everything) AwakenReader(tail, *reader);
  for (const store::EventEntry& entry : entries) {
    SharedEvent event = Parse(entry);
    Spread(tail, event);
    tail.recent.push_back(std::move(event));
    tail.last = entry.id;
  }
  while (tail.recent.size() > options_.recent) {
    tail.base = tail.recent.front()->id;
    tail.recent.pop_front();
  }
}

// Called before `event` becomes the tail's last.
void EventTails::Spread(Tail& tail, const SharedEvent& event) {
  SpreadToFollowers(tail, event);
  if (event->event.kind_case() == v1::Event::kOwnerChanged) {
    if (options_.bugs.forget_owner_changed) return;
    for (auto& [inquiry, readers] : tail.by_inquiry) {
      for (Subscriber* reader : readers) AwakenReader(tail, *reader);
    }
    return;
  }
  const auto readers = tail.by_inquiry.find(event->event.inquiry_id());
  if (readers == tail.by_inquiry.end()) return;
  for (Subscriber* reader : readers->second) AwakenReader(tail, *reader);
}

void EventTails::SpreadToFollowers(Tail& tail, const SharedEvent& event) {
  const auto give = [&](Subscriber& follower) {
    Awaken(tail, follower);
    if (follower.backlog.size() < options_.backlog) {
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

// It begins anew: those who read find in the store what they miss, those who follow are told that
// they missed something.
void EventTails::Rewind(Tail& tail) {
  for (auto& [id, subscriber] : tail.subscribers) {
    AwakenReader(tail, *subscriber);  // Where it stood in the history that is gone...
    if (options_.bugs.ignore_rewind) continue;
    subscriber->checked = false;      // ...from which readers find out for themselves.
    subscriber->backlog.clear();
    subscriber->lost = true;
    subscriber->awaited.reset();
  }
  tail.last.reset();
  tail.recent.clear();
}

// True when the subscriber has to be looked at again at once.
bool EventTails::Serve(Subscriber& subscriber, Tail& tail, Time now) {
  Batch batch;
  bool more = false;
  if (subscriber.follower) {
    ServeFollower(subscriber, tail, batch);
  } else {
    more = ServeReader(subscriber, tail, batch);
  }
  const bool beat = now - subscriber.wanted_since >= limits::kHeartbeat;
  const bool found = LookForAwaited(subscriber, tail, now, batch);
  if (batch.status.ok() && batch.events.empty() && !batch.lost && !beat && !found) return more;
  subscriber.wanted = false;
  subscriber.deliver(std::move(batch));
  return more;
}

void EventTails::ServeFollower(Subscriber& follower, Tail& tail, Batch& batch) {
  const size_t count = std::min(follower.backlog.size(), options_.message);
  batch.events.assign(follower.backlog.begin(),
                      follower.backlog.begin() + static_cast<std::ptrdiff_t>(count));
  follower.backlog.erase(follower.backlog.begin(),
                         follower.backlog.begin() + static_cast<std::ptrdiff_t>(count));
  batch.lost = std::exchange(follower.lost, false) && !options_.bugs.conceal_lost;
  if (follower.backlog.empty()) {
    batch.cursor = tail.last.value_or(store::EventId{});
  } else {
    batch.cursor = batch.events.back()->id;
  }
}

bool EventTails::ServeReader(Subscriber& reader, Tail& tail, Batch& batch) {
  if (!tail.last) {
    batch.cursor = reader.cursor;
    return false;
  }
  if (reader.caught_up) {
    reader.cursor = tail.last;
    batch.cursor = reader.cursor;
    return false;
  }
  if (!reader.cursor) {
    reader.cursor = tail.last;
    reader.checked = true;
  }
  if (!reader.checked || *reader.cursor < tail.base) return ReadHistory(reader, tail, batch);
  auto next = std::upper_bound(
      tail.recent.begin(), tail.recent.end(), *reader.cursor,
      [](store::EventId cursor, const SharedEvent& event) { return cursor < event->id; });
  while (next != tail.recent.end() && batch.events.size() < options_.message) {
    reader.cursor = (*next)->id;
    if (!reader.filter || reader.filter((*next)->event)) batch.events.push_back(*next);
    ++next;
  }
  // One that begins at an event which the tail has yet to read is ahead of it.
  reader.caught_up = next == tail.recent.end() && !(*tail.last < *reader.cursor);
  batch.cursor = reader.cursor;
  return false;
}

// Reads one page of what is not in memory, or finds out whether the cursor is good at all.
bool EventTails::ReadHistory(Subscriber& reader, const Tail& tail, Batch& batch) {
  const store::EventPage page =
      log_.Read(reader.workspace, *reader.cursor, options_.message, 0);
  if (page.state == store::CursorState::kUnavailable) {
    batch.cursor = reader.cursor;
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
  if (options_.bugs.skip_at_switch && page.events.empty()) reader.cursor = tail.last;
  batch.cursor = reader.cursor;
  return !page.events.empty();
}

}  // namespace firstline::api
