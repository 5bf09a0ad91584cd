// The event streams in Redis, read by cursor.
//
//   RedisEventLog log({.target = target});
//   EventPage page = log.Read("acme", cursor, 500, /*wait_ms=*/1000);
//
// A read is a round trip for every kEventsAnEntryMax-th part of what it may give: which generation
// is in force, the events, then whether the cursor still stands, then the generation again. Where
// entries are full, that is one; where they hold an event each, events come slowly. Not a MULTI,
// which Redis refuses to queue when memory is used up: the order suffices, because a stream loses
// events at its old end only, and a cursor that stands after the reading stood before it. With
// nothing there yet, XREAD BLOCK waits. After an error the page is kUnavailable and the next read
// connects anew. Every kConfirmEvery the server is confirmed, so that nobody goes on reading from a
// primary that was replaced. A reader that waits on a generation which a rebuild replaces meanwhile
// sees nothing until its wait ends; the next read finds the new one.
//
// Threads: one at a time; a waiting reader keeps its connection to itself.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>

#include "absl/status/statusor.h"
#include "common/redis/servers.h"
#include "services/router/store/port.h"

namespace firstline::store {

class RedisEventLog final : public EventLog {
 public:
  // command_timeout comes on top of each read's wait.
  explicit RedisEventLog(redis::ServersOptions options);
  ~RedisEventLog() override;

  EventPage Read(const WorkspaceId& workspace, EventId cursor, size_t max,
                 int64_t wait_ms) override;
  std::optional<EventId> Last(const WorkspaceId& workspace) override;

 private:
  static constexpr std::chrono::seconds kConfirmEvery{5};

  struct Part {
    EventPage page;
    bool last = false;  // nothing came after it
  };
  // What one round trip found; nullopt when the generation was not the one assumed.
  absl::StatusOr<std::optional<Part>> TryRead(redis::Connection& connection,
                                              const WorkspaceId& workspace, EventId cursor,
                                              size_t max);
  absl::StatusOr<Part> ReadPart(redis::Connection& connection, const WorkspaceId& workspace,
                                EventId cursor, size_t max);
  absl::StatusOr<EventPage> ReadNow(redis::Connection& connection, const WorkspaceId& workspace,
                                    EventId cursor, size_t max);
  absl::StatusOr<EventPage> Wait(redis::Connection& connection, const WorkspaceId& workspace,
                                 EventId cursor, size_t max, int64_t wait_ms);
  absl::StatusOr<EventPage> ReadOrWait(const WorkspaceId& workspace, EventId cursor, size_t max,
                                       int64_t wait_ms);
  absl::StatusOr<EventId> ReadLast(const WorkspaceId& workspace);
  absl::StatusOr<EventId> ReadLastOn(redis::Connection& connection, const WorkspaceId& workspace);
  void Note(const redis::Connection& connection, const absl::Status& status);

  redis::Servers servers_;
  std::map<WorkspaceId, uint64_t> generations_;  // as last seen
};

}  // namespace firstline::store
