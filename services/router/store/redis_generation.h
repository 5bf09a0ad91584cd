// Reading and writing whole generations of a workspace's keys in Redis, which takes several round
// trips under one token. Used by RedisStore alone.
//
// Threads: a Connection belongs to one thread at a time.
#pragma once

#include <cstddef>
#include <optional>

#include "absl/status/statusor.h"
#include "common/redis/connection.h"
#include "services/router/store/port.h"

namespace firstline::store {

// Loads every script of redis_scripts.h in one round trip. The first error, if any.
absl::Status LoadScripts(redis::Connection& connection);

// The ownership record, nullopt when there is none. If `token` is ours, what an unfinished rebuild
// left behind is removed first.
absl::StatusOr<std::optional<OwnershipRecord>> PresentRecord(redis::Connection& connection,
                                                             const WorkspaceId& workspace,
                                                             const Token& token);

// As store::Load, about `page` records a step from each table. The record is compared before and
// after: a take-over in between is kFenced. kRefused if it changed otherwise three times running.
Reply LoadGeneration(redis::Connection& connection, const Load& request, size_t page);

// As store::Rebuild, `chunk` records a script call: a bounded pause of Redis each. The new keys are
// read by nobody before the pointer flips; an unfinished rebuild leaves a mark in the ownership
// record by which a later Load, Rebuild or Drop removes them.
Reply RebuildGeneration(redis::Connection& connection, const Rebuild& request, size_t chunk);

}  // namespace firstline::store
