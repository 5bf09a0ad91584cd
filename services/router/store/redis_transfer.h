// Moves a whole workspace between a Redis and a file (transfer_file.h), without a router.
//
// Export reads the keys in pages and compares the ownership record before and after: what it wrote
// is the state of one commit. Import writes under a generation that nothing refers to, whose keys
// go by themselves if it does not come to its end, and makes it a workspace in one step that fails if
// there is one of that name. No routers need to run; those that do take an imported workspace like
// any that was released.
//
// Threads: the servers'.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>

#include "absl/status/statusor.h"
#include "common/redis/servers.h"
#include "services/router/store/port.h"

namespace firstline::store {

// What is in a file, or was written.
struct TransferSummary {
  WorkspaceId workspace;
  uint64_t epoch = 0;     // of the last owner
  uint64_t sequence = 0;  // of the last commit
  uint64_t inquiries = 0;
  uint64_t agents = 0;
  uint64_t requests = 0;
  uint64_t events = 0;
  std::string owner;  // address of the owner that had not released it; "" for none
};

// Told how many entries are done, every thousand or so.
using TransferProgress = std::function<void(uint64_t entries)>;

// Writes the workspace to `out`. NOT_FOUND: there is none. ABORTED: it was changed meanwhile, what
// was written is void. Fails as the connection does.
absl::StatusOr<TransferSummary> ExportWorkspace(redis::Servers& servers,
                                                const WorkspaceId& workspace, std::ostream& out,
                                                const TransferProgress& progress = nullptr);

// Reads the file to its end and changes nothing. INVALID_ARGUMENT says what is wrong with it.
absl::StatusOr<TransferSummary> CheckTransfer(std::istream& in);

// The event that an import adds to the history as a term of its own: an OwnerChanged, serialised.
// `time`: Redis', since 1970.
using ImportEvent =
    std::function<std::string(EventId id, EventId previous, std::chrono::microseconds time)>;

// Makes the workspace of a file that was checked. ALREADY_EXISTS: there is one of that name; nothing
// is changed. Any other error leaves nothing that lasts. The user must be allowed EXPIRE and
// PERSIST beside what routers do. `staging`: random, for names of keys until the end.
// `event` null: history says nothing of it.
absl::StatusOr<TransferSummary> ImportWorkspace(redis::Servers& servers, std::istream& in,
                                                uint32_t staging,
                                                const TransferProgress& progress = nullptr,
                                                const ImportEvent& event = nullptr);

}  // namespace firstline::store
