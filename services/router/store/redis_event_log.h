// The event streams in Redis, read by cursor.
//
//   RedisEventLog log({.address = address});
//   EventPage page = log.Read("acme", cursor, 500, /*wait_ms=*/1000);
//
// A read is one round trip: which generation is in force, the events, then whether the cursor still
// stands, then the generation again. Not a MULTI, which Redis refuses to queue when memory is used
// up: the order suffices, because a stream loses events at its old end only, and a cursor that
// stands after the reading stood before it. With nothing there yet, XREAD BLOCK waits. After an
// error the page is kUnavailable and the next read connects anew. A reader that waits on a
// generation which a rebuild replaces meanwhile sees nothing until its wait ends; the next read
// finds the new one.
//
// Threads: one at a time; a waiting reader keeps its connection to itself.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "common/redis/connection.h"
#include "services/router/store/port.h"

namespace firstline::store {

class RedisEventLog final : public EventLog {
 public:
  // command_timeout comes on top of each read's wait.
  explicit RedisEventLog(redis::ConnectionOptions options);
  ~RedisEventLog() override;

  EventPage Read(const WorkspaceId& workspace, EventId cursor, size_t max,
                 int64_t wait_ms) override;
  std::optional<EventId> Last(const WorkspaceId& workspace) override;

 private:
  // What one round trip found; nullopt when the generation was not the one assumed.
  absl::StatusOr<std::optional<EventPage>> TryRead(const WorkspaceId& workspace, EventId cursor,
                                                   size_t max);
  absl::StatusOr<EventPage> ReadNow(const WorkspaceId& workspace, EventId cursor, size_t max);
  absl::StatusOr<EventPage> Wait(const WorkspaceId& workspace, EventId cursor, size_t max,
                                 int64_t wait_ms);
  absl::StatusOr<redis::Connection*> Connect();

  const redis::ConnectionOptions options_;
  std::unique_ptr<redis::Connection> connection_;
  std::map<WorkspaceId, uint64_t> generations_;  // as last seen
};

}  // namespace firstline::store
