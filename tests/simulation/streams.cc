#include "tests/simulation/streams.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <variant>

#include "common/status/reason.h"

namespace firstline::simulation {
namespace {

using api::EventTails;

constexpr int64_t kPollUs = 25'000;        // as ServerOptions::event_poll
constexpr int64_t kGivenUpUs = 500'000;    // how long a read is waited for that nobody answers
constexpr int kUnreadMax = 4;              // messages that fit into the connection

// Small, so that histories of some hundred events pass each of them.
EventTails::Options TailsOf(EventTails::PlantedBugs bugs) {
  return {.page = 16, .message = 5, .recent = 24, .backlog = 6, .bugs = bugs};
}

}  // namespace

Streams::Streams(Schedule& schedule, Random random, RedisModel& redis, Options options)
    : schedule_(schedule),
      random_(random),
      options_(std::move(options)),
      log_(redis, options_.pod),
      tails_(log_, TailsOf(options_.bugs)) {}

EventTails::Time Streams::Now() const {
  return EventTails::Time(std::chrono::microseconds(schedule_.now_us()));
}

Streams::Stream* Streams::Find(uint64_t stream) {
  const auto at = streams_.find(stream);
  return at == streams_.end() ? nullptr : &at->second;
}

// ---- The hub's thread ---------------------------------------------------------------------------

void Streams::LookAfter(int64_t delay_us) {
  const int64_t due = std::max(schedule_.now_us() + delay_us + random_.Between(50, 400),
                               options_.stalled_until_us());
  if (look_us_ != 0 && look_us_ <= due) return;
  look_us_ = due;
  schedule_.At(due, [weak = weak_from_this(), due] {
    const auto self = weak.lock();
    if (self != nullptr && self->look_us_ == due) self->Look();
  });
}

void Streams::Look() {
  look_us_ = 0;
  if (tails_.empty()) return;
  if (schedule_.now_us() < options_.stalled_until_us()) return LookAfter(0);
  const bool busy = tails_.Look(Now());
  if (log_.TakeUnreachable()) return LookAfter(random_.Below(kGivenUpUs));
  LookAfter(busy ? 0 : kPollUs);
}

EventTails::Deliver Streams::DeliverTo(uint64_t stream) {
  return [this, stream](const Batch& batch) {
    schedule_.After(0, [weak = weak_from_this(), stream, batch] {
      if (const auto self = weak.lock()) self->OnBatch(stream, batch);
    });
  };
}

void Streams::AskNext(uint64_t stream) {
  tails_.Next(stream, Now());
  LookAfter(0);
}

// ---- WatchEvents --------------------------------------------------------------------------------

uint64_t Streams::WatchEvents(EventTails::ReaderOptions reader, Tell tell) {
  const uint64_t stream = ++last_stream_;
  streams_[stream] = {.workspace = reader.workspace, .tell = std::move(tell)};
  const WorkspaceId workspace = reader.workspace;
  options_.ask({.workspace = workspace,
                .body = Read([](const engine::Engine&) { return std::any(); })},
               [weak = weak_from_this(), stream, reader](const Heard& heard) {
                 const auto self = weak.lock();
                 if (self == nullptr || self->Find(stream) == nullptr) return;
                 if (std::holds_alternative<runtime::UnknownWorkspace>(heard.answer)) {
                   return self->End(stream, absl::NotFoundError("no such workspace"));
                 }
                 self->Follow(stream, reader);
               });
  return stream;
}

void Streams::Follow(uint64_t stream, EventTails::ReaderOptions reader) {
  if (!reader.inquiry.empty()) {
    reader.filter = [inquiry = reader.inquiry](const v1::Event& event) {
      return event.has_owner_changed() || event.inquiry_id() == inquiry;
    };
  }
  tails_.OpenReader(stream, std::move(reader), DeliverTo(stream));
  AskNext(stream);
}

void Streams::OnBatch(uint64_t number, const Batch& batch) {
  Stream* stream = Find(number);
  if (stream == nullptr) return;
  if (!batch.status.ok()) return End(number, batch.status);
  if (!stream->agent.empty()) return OnAgentBatch(number, batch);
  Send(*stream, {.events = batch.events, .cursor = batch.cursor.value_or(EventId{})});
  stream->full = stream->unread >= kUnreadMax;
  if (!stream->full) AskNext(number);
}

// ---- WatchAgents, of one agent ------------------------------------------------------------------

uint64_t Streams::WatchAgent(const WorkspaceId& workspace, const std::string& agent, Tell tell) {
  const uint64_t stream = ++last_stream_;
  streams_[stream] = {.workspace = workspace, .tell = std::move(tell), .agent = agent};
  tails_.OpenFollower(stream, workspace, DeliverTo(stream));
  AskNext(stream);
  tails_.AddAgents(stream, {agent});
  streams_[stream].watched.Await(agent);
  LookAtAgent(stream);
  return stream;
}

void Streams::OnAgentBatch(uint64_t number, const Batch& batch) {
  Stream& stream = *Find(number);
  api::WatchedAgents& watched = stream.watched;
  if (batch.lost) LookAgain(stream, true);
  api::WatchedAgents::Events events;
  for (const EventTails::SharedEvent& event : batch.events) {
    if (event->event.has_owner_changed()) LookAgain(stream, false);
    api::Watched* agent = watched.Find(event->event.agent_id());
    if (agent == nullptr) continue;
    if (agent->awaits_snapshot) {
      agent->Hold(event);
    } else if (event->id > agent->snapshot) {
      watched.Pass(event->id);
      events.push_back(event);
    }
  }
  watched.Hear(*batch.cursor);
  TellEvents(stream, std::move(events), watched.told());
  if (stream.looked && stream.looked == batch.reached) {
    stream.looking = false;
    TellSnapshot(stream, *std::exchange(stream.looked, std::nullopt));
  }
  LookAtAgent(number);
  stream.full = stream.unread >= kUnreadMax;
  if (!stream.full) AskNext(number);
}

// History is not what was told, or a new owner may have read another state.
void Streams::LookAgain(Stream& stream, bool forget) {
  ++stream.era;
  stream.looking = false;
  stream.looked.reset();
  if (forget) stream.anew = true;
  stream.watched.AwaitAll(forget);
}

void Streams::LookAtAgent(uint64_t number) {
  Stream& stream = *Find(number);
  if (stream.watched.Awaiting(1).empty() || std::exchange(stream.looking, true)) return;
  options_.ask({.workspace = stream.workspace,
                .body = Read([](const engine::Engine&) { return std::any(); })},
               [weak = weak_from_this(), number, era = stream.era](const Heard& heard) {
                 const auto self = weak.lock();
                 if (self == nullptr) return;
                 const Stream* asking = self->Find(number);
                 if (asking == nullptr || asking->era != era) return;
                 const auto* done = std::get_if<runtime::Done>(&heard.answer);
                 if (done == nullptr) return self->End(number, absl::UnavailableError("moved"));
                 self->OnLooked(number, done->cursor);
               });
}

// It is told once history was read up to it.
void Streams::OnLooked(uint64_t number, EventId cursor) {
  Find(number)->looked = cursor;
  tails_.Await(number, cursor);
  LookAfter(0);
}

void Streams::TellSnapshot(Stream& stream, EventId cursor) {
  const EventId told = stream.watched.told();
  api::WatchedAgents::Events before, after;
  stream.watched.Show(stream.agent, cursor, before, after);
  TellEvents(stream, std::move(before), told);
  Send(stream, {.cursor = cursor, .snapshot = true, .anew = std::exchange(stream.anew, false)});
  TellEvents(stream, std::move(after), stream.watched.told());
}

void Streams::TellEvents(Stream& stream, api::WatchedAgents::Events events, EventId told) {
  if (!events.empty()) Send(stream, {.events = std::move(events), .cursor = told});
}

// ---- Clients ------------------------------------------------------------------------------------

void Streams::Send(Stream& stream, Message message) {
  ++stream.unread;
  stream.last_us = std::max(stream.last_us, schedule_.now_us() + random_.Between(50, 500));
  schedule_.At(stream.last_us, [tell = stream.tell, message = std::move(message)] {
    tell(message);
  });
}

void Streams::OnRead(uint64_t number) {
  Stream* stream = Find(number);
  if (stream == nullptr) return;
  --stream->unread;
  if (stream->unread < kUnreadMax && std::exchange(stream->full, false)) AskNext(number);
}

void Streams::End(uint64_t number, absl::Status status) {
  Send(*Find(number), {.status = std::move(status)});
  Close(number);
}

void Streams::Close(uint64_t number) {
  if (streams_.erase(number) > 0) tails_.Close(number);
}

void Streams::EndAll() {
  while (!streams_.empty()) {
    End(streams_.begin()->first, absl::UnavailableError("shutting down"));
  }
}

}  // namespace firstline::simulation
