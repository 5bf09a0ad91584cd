#include "services/router/store/redis_event_log.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/redis/error.h"
#include "services/router/store/lineage.h"
#include "services/router/store/redis_protocol.h"

namespace firstline::store {
namespace {

// A generation changes once in a rebuild; more often within one read means something is wrong.
constexpr int kReadAttempts = 3;

EventPage Lost(CursorState state, EventId last_common) {
  EventPage page;
  page.state = state;
  page.last_common = last_common;
  return page;
}

// What the stream holds around a cursor, entry by entry.
struct Surroundings {
  std::vector<EventEntry> oldest;
  std::vector<EventEntry> before;  // the last entry that ends at or before the cursor
  std::vector<EventEntry> events;  // from the entry in which the cursor lies, or before which
};

// Where a cursor stands; nullopt when reading may go on from it.
std::optional<EventPage> CheckCursor(EventId cursor, const Surroundings& found) {
  if (cursor == EventId{}) return std::nullopt;
  if (found.oldest.empty()) return Lost(CursorState::kRewound, {});
  const EventId before_oldest = Predecessor(found.oldest.front().id);
  if (cursor < before_oldest) return Lost(CursorState::kExpired, before_oldest);
  EventId common = found.before.empty() ? before_oldest : found.before.back().id;
  for (const EventEntry& event : found.events) {
    if (event.id <= cursor) common = event.id;
  }
  if (common != cursor) return Lost(CursorState::kRewound, LastInCommon(cursor, common));
  return std::nullopt;
}

// Up to `max` of the events after the cursor.
std::vector<EventEntry> After(EventId cursor, std::vector<EventEntry> events, size_t max) {
  const auto first =
      std::upper_bound(events.begin(), events.end(), cursor,
                       [](EventId id, const EventEntry& event) { return id < event.id; });
  events.erase(events.begin(), first);
  if (events.size() > max) events.resize(max);
  return events;
}

// Entries asked for to get `max` events, if they are full, beside the one in which the cursor lies.
size_t EntryCount(size_t max) { return (max + kEventsAnEntryMax - 1) / kEventsAnEntryMax + 1; }

// The next reply as a generation: 0 where there is no ownership record.
absl::StatusOr<uint64_t> NextGeneration(redis::Connection& connection) {
  const auto reply = connection.ReadReply();
  if (!reply.ok()) return reply.status();
  if (reply->is_nil()) return 0;
  const auto text = reply->AsString();
  if (!text.ok()) return text.status();
  return ToNumber(*text);
}

struct Entries {
  size_t count = 0;
  std::vector<EventEntry> events;  // of all of them
};

absl::StatusOr<Entries> NextEntries(redis::Connection& connection) {
  const auto reply = connection.ReadReply();
  if (!reply.ok()) return reply.status();
  auto events = ReadEntries(reply->view());
  if (!events.ok()) return events.status();
  return Entries{reply->view().Size().value_or(0), *std::move(events)};
}

}  // namespace

RedisEventLog::RedisEventLog(redis::ServersOptions options) : servers_(std::move(options)) {}
RedisEventLog::~RedisEventLog() = default;

EventPage RedisEventLog::Read(const WorkspaceId& workspace, EventId cursor, size_t max,
                              int64_t wait_ms) {
  servers_.Confirm(kConfirmEvery);
  auto page = ReadOrWait(workspace, cursor, max, wait_ms);
  servers_.EndRound();
  if (page.ok()) return *std::move(page);
  // Whatever is left in the pipeline belongs to nobody.
  servers_.Disconnect();
  return Lost(CursorState::kUnavailable, {});
}

absl::StatusOr<EventPage> RedisEventLog::ReadOrWait(const WorkspaceId& workspace, EventId cursor,
                                                    size_t max, int64_t wait_ms) {
  const auto connection = servers_.For(OwnershipKey(workspace));
  if (!connection.ok()) return connection.status();
  auto page = ReadNow(**connection, workspace, cursor, max);
  const bool nothing_yet = page.ok() && page->state == CursorState::kOk && page->events.empty();
  if (nothing_yet && wait_ms > 0) page = Wait(**connection, workspace, cursor, max, wait_ms);
  Note(**connection, page.status());
  return page;
}

absl::StatusOr<EventPage> RedisEventLog::ReadNow(redis::Connection& connection,
                                                 const WorkspaceId& workspace, EventId cursor,
                                                 size_t max) {
  auto part = ReadPart(connection, workspace, cursor, max);
  if (!part.ok()) return part.status();
  EventPage page = std::move(part->page);
  while (!part->last && page.state == CursorState::kOk && page.events.size() < max) {
    part = ReadPart(connection, workspace, page.events.back().id, max - page.events.size());
    // What happened to the cursor meanwhile is for the next read to find out.
    if (!part.ok() || part->page.state != CursorState::kOk) break;
    std::move(part->page.events.begin(), part->page.events.end(),
              std::back_inserter(page.events));
  }
  return page;
}

absl::StatusOr<RedisEventLog::Part> RedisEventLog::ReadPart(redis::Connection& connection,
                                                            const WorkspaceId& workspace,
                                                            EventId cursor, size_t max) {
  for (int attempt = 0; attempt < kReadAttempts; ++attempt) {
    auto part = TryRead(connection, workspace, cursor, max);
    if (!part.ok()) return part.status();
    if (*part) return **std::move(part);
  }
  return redis::MakeError(redis::ErrorKind::kRefused, "the generation keeps changing");
}

absl::StatusOr<std::optional<RedisEventLog::Part>> RedisEventLog::TryRead(
    redis::Connection& connection, const WorkspaceId& workspace, EventId cursor, size_t max) {
  uint64_t& assumed = generations_[workspace];
  const std::string own = OwnershipKey(workspace), stream = StreamKey(workspace, assumed);
  const std::string at = ToString(cursor), count = absl::StrCat(EntryCount(max));
  connection.Append({"HGET", own, "generation"});
  connection.Append({"XRANGE", stream, at, "+", "COUNT", count});
  connection.Append({"XREVRANGE", stream, at, "-", "COUNT", "1"});
  connection.Append({"XRANGE", stream, "-", "+", "COUNT", "1"});
  connection.Append({"HGET", own, "generation"});
  const auto before = NextGeneration(connection);
  auto events = NextEntries(connection);
  auto at_or_before = NextEntries(connection);
  auto oldest = NextEntries(connection);
  const auto after = NextGeneration(connection);
  for (const absl::Status& status :
       {before.status(), events.status(), at_or_before.status(), oldest.status(), after.status()}) {
    if (!status.ok()) return status;
  }
  if (*before != assumed || *after != assumed) {
    assumed = *after;
    return std::nullopt;
  }
  Surroundings found{std::move(oldest->events), std::move(at_or_before->events),
                     std::move(events->events)};
  Part part;
  part.last = events->count < EntryCount(max);
  if (auto lost = CheckCursor(cursor, found)) {
    part.page = *std::move(lost);
    return part;
  }
  part.page.events = After(cursor, std::move(found.events), max);
  return part;
}

absl::StatusOr<EventPage> RedisEventLog::Wait(redis::Connection& connection,
                                              const WorkspaceId& workspace, EventId cursor,
                                              size_t max, int64_t wait_ms) {
  const auto timeout = servers_.options().command_timeout;
  const auto wait = std::chrono::milliseconds(wait_ms);
  absl::Status status = connection.SetCommandTimeout(wait + timeout);
  if (!status.ok()) return status;
  const std::string stream = StreamKey(workspace, generations_[workspace]);
  const auto reply = connection.Call({"XREAD", "COUNT", absl::StrCat(EntryCount(max)), "BLOCK",
                                      absl::StrCat(wait_ms), "STREAMS", stream, ToString(cursor)});
  if (!reply.ok()) return reply.status();
  status = connection.SetCommandTimeout(timeout);
  if (!status.ok()) return status;
  EventPage page;
  if (reply->is_nil()) return page;
  const auto streams = reply->At(0);
  if (!streams.ok()) return streams.status();
  const auto list = streams->At(1);
  if (!list.ok()) return list.status();
  auto entries = ReadEntries(*list);
  if (!entries.ok()) return entries.status();
  page.events = After(cursor, *std::move(entries), max);
  return page;
}

std::optional<EventId> RedisEventLog::Last(const WorkspaceId& workspace) {
  servers_.Confirm(kConfirmEvery);
  const auto last = ReadLast(workspace);
  servers_.EndRound();
  if (last.ok()) return *last;
  servers_.Disconnect();
  return std::nullopt;
}

void RedisEventLog::Note(const redis::Connection& connection, const absl::Status& status) {
  if (status.ok()) return;
  const absl::string_view message = status.message();
  servers_.Note(connection, {message.data(), message.size()});
}

absl::StatusOr<EventId> RedisEventLog::ReadLast(const WorkspaceId& workspace) {
  const auto connection = servers_.For(OwnershipKey(workspace));
  if (!connection.ok()) return connection.status();
  auto last = ReadLastOn(**connection, workspace);
  Note(**connection, last.status());
  return last;
}

absl::StatusOr<EventId> RedisEventLog::ReadLastOn(redis::Connection& connection,
                                                  const WorkspaceId& workspace) {
  for (int attempt = 0; attempt < kReadAttempts; ++attempt) {
    uint64_t& assumed = generations_[workspace];
    const std::string own = OwnershipKey(workspace), stream = StreamKey(workspace, assumed);
    connection.Append({"HGET", own, "generation"});
    connection.Append({"XREVRANGE", stream, "+", "-", "COUNT", "1"});
    const auto generation = NextGeneration(connection);
    const auto newest = NextEntries(connection);
    if (!generation.ok()) return generation.status();
    if (!newest.ok()) return newest.status();
    if (*generation == assumed) return newest->count == 0 ? EventId{} : newest->events.back().id;
    assumed = *generation;
  }
  return redis::MakeError(redis::ErrorKind::kRefused, "the generation keeps changing");
}

}  // namespace firstline::store
