#include "services/router/store/redis_event_log.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/redis/error.h"
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

// Where a cursor stands; nullopt when reading may go on from it.
std::optional<EventPage> CheckCursor(EventId cursor, const std::vector<EventEntry>& oldest,
                                     const std::vector<EventEntry>& at_or_before) {
  if (cursor == EventId{}) return std::nullopt;
  if (oldest.empty()) return Lost(CursorState::kRewound, {});
  const EventId before_oldest = Predecessor(oldest.front().id);
  if (cursor < before_oldest) return Lost(CursorState::kExpired, before_oldest);
  const EventId common = at_or_before.empty() ? before_oldest : at_or_before.front().id;
  if (common != cursor) return Lost(CursorState::kRewound, common);
  return std::nullopt;
}

// The next reply as a generation: 0 where there is no ownership record.
absl::StatusOr<uint64_t> NextGeneration(redis::Connection& connection) {
  const auto reply = connection.ReadReply();
  if (!reply.ok()) return reply.status();
  if (reply->is_nil()) return 0;
  const auto text = reply->AsString();
  if (!text.ok()) return text.status();
  return ToNumber(*text);
}

absl::StatusOr<std::vector<EventEntry>> NextEntries(redis::Connection& connection) {
  const auto reply = connection.ReadReply();
  if (!reply.ok()) return reply.status();
  return ReadEntries(reply->view());
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
  servers_.Reset();
  return Lost(CursorState::kUnavailable, {});
}

absl::StatusOr<EventPage> RedisEventLog::ReadOrWait(const WorkspaceId& workspace, EventId cursor,
                                                    size_t max, int64_t wait_ms) {
  const auto connection = servers_.For(OwnershipKey(workspace));
  if (!connection.ok()) return connection.status();
  auto page = ReadNow(**connection, workspace, cursor, max);
  const bool nothing_yet = page.ok() && page->state == CursorState::kOk && page->events.empty();
  if (!nothing_yet || wait_ms <= 0) return page;
  return Wait(**connection, workspace, cursor, max, wait_ms);
}

absl::StatusOr<EventPage> RedisEventLog::ReadNow(redis::Connection& connection,
                                                 const WorkspaceId& workspace, EventId cursor,
                                                 size_t max) {
  for (int attempt = 0; attempt < kReadAttempts; ++attempt) {
    auto page = TryRead(connection, workspace, cursor, max);
    if (!page.ok()) return page.status();
    if (*page) return **std::move(page);
  }
  return redis::MakeError(redis::ErrorKind::kRefused, "the generation keeps changing");
}

absl::StatusOr<std::optional<EventPage>> RedisEventLog::TryRead(redis::Connection& connection,
                                                                const WorkspaceId& workspace,
                                                                EventId cursor, size_t max) {
  uint64_t& assumed = generations_[workspace];
  const std::string own = OwnershipKey(workspace), stream = StreamKey(workspace, assumed);
  const std::string at = ToString(cursor), next = ToString(Successor(cursor));
  const std::string count = absl::StrCat(max);
  connection.Append({"HGET", own, "generation"});
  connection.Append({"XRANGE", stream, next, "+", "COUNT", count});
  connection.Append({"XREVRANGE", stream, at, "-", "COUNT", "1"});
  connection.Append({"XRANGE", stream, "-", "+", "COUNT", "1"});
  connection.Append({"HGET", own, "generation"});
  const auto before = NextGeneration(connection);
  auto events = NextEntries(connection);
  const auto at_or_before = NextEntries(connection);
  const auto oldest = NextEntries(connection);
  const auto after = NextGeneration(connection);
  for (const absl::Status& status :
       {before.status(), events.status(), at_or_before.status(), oldest.status(), after.status()}) {
    if (!status.ok()) return status;
  }
  if (*before != assumed || *after != assumed) {
    assumed = *after;
    return std::nullopt;
  }
  if (auto lost = CheckCursor(cursor, *oldest, *at_or_before)) return lost;
  EventPage page;
  page.events = *std::move(events);
  return page;
}

absl::StatusOr<EventPage> RedisEventLog::Wait(redis::Connection& connection,
                                              const WorkspaceId& workspace, EventId cursor,
                                              size_t max, int64_t wait_ms) {
  const auto timeout = servers_.options().command_timeout;
  const auto wait = std::chrono::milliseconds(wait_ms);
  absl::Status status = connection.SetCommandTimeout(wait + timeout);
  if (!status.ok()) return status;
  const std::string stream = StreamKey(workspace, generations_[workspace]);
  const auto reply = connection.Call({"XREAD", "COUNT", absl::StrCat(max), "BLOCK",
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
  page.events = *std::move(entries);
  return page;
}

std::optional<EventId> RedisEventLog::Last(const WorkspaceId& workspace) {
  servers_.Confirm(kConfirmEvery);
  const auto last = ReadLast(workspace);
  servers_.EndRound();
  if (last.ok()) return *last;
  servers_.Reset();
  return std::nullopt;
}

absl::StatusOr<EventId> RedisEventLog::ReadLast(const WorkspaceId& workspace) {
  const auto connected = servers_.For(OwnershipKey(workspace));
  if (!connected.ok()) return connected.status();
  redis::Connection& connection = **connected;
  for (int attempt = 0; attempt < kReadAttempts; ++attempt) {
    uint64_t& assumed = generations_[workspace];
    const std::string own = OwnershipKey(workspace), stream = StreamKey(workspace, assumed);
    connection.Append({"HGET", own, "generation"});
    connection.Append({"XREVRANGE", stream, "+", "-", "COUNT", "1"});
    const auto generation = NextGeneration(connection);
    const auto newest = NextEntries(connection);
    if (!generation.ok()) return generation.status();
    if (!newest.ok()) return newest.status();
    if (*generation == assumed) return newest->empty() ? EventId{} : newest->front().id;
    assumed = *generation;
  }
  return redis::MakeError(redis::ErrorKind::kRefused, "the generation keeps changing");
}

}  // namespace firstline::store
