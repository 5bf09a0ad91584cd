// The store port: what the runtime asks of durable storage, as plain data.
//
// One request is one atomic action; its reply says whether it took effect. The runtime never sees
// Redis, the store never sees the engine: records are opaque bytes made by `codec.h`.
//
//   Store& store = ...;                       // memory, Redis, or the simulator's model
//   std::vector<Reply> replies = store.Execute(requests);   // one pipelined round trip
//
// Threads: an implementation is used by one thread at a time. `Execute` may block (bounded by the
// implementation's timeout); it never throws.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace firstline::store {

using WorkspaceId = std::string;

// Identifies one term of ownership. Compared by equality; two acquirers never produce equal tokens:
// the epoch only grows (max(stored + 1, store time in us)) and the nonce is random. The epochs of two
// servers that were parted differ as well, unless both gave one in the same microsecond.
struct Token {
  uint64_t epoch = 0;
  uint64_t nonce = 0;
  friend bool operator==(const Token&, const Token&) = default;
};

// The one record that says who may commit. `renewals` counts confirmed renewals, so that an
// observer can see whether the owner lives without trusting any clock but its own. `sequence` and
// `batch_id` belong to the last committed batch.
struct OwnershipRecord {
  Token token;
  std::string address;  // host:port other pods and clients are told
  uint64_t renewals = 0;
  uint64_t sequence = 0;    // batches committed so far, over all epochs
  uint64_t batch_id = 0;    // random id of the last committed batch
  uint64_t generation = 0;  // which set of keys holds the state
  bool released = false;    // the owner gave it up: may be taken at once
  friend bool operator==(const OwnershipRecord&, const OwnershipRecord&) = default;
};

// Where a record lives. kInquiry also holds closed inquiries until they are purged.
enum class Table : uint8_t { kMeta, kInquiry, kAgent, kRequest };
inline constexpr int kTableCount = 4;

struct Put {
  Table table;
  std::string key;
  std::string bytes;
  friend bool operator==(const Put&, const Put&) = default;
};
struct Erase {
  Table table;
  std::string key;
  friend bool operator==(const Erase&, const Erase&) = default;
};

// An event's place in the workspace's history; printed "<epoch>-<n>". n restarts at 1 with an epoch
// and is dense in it.
struct EventId {
  uint64_t epoch = 0;
  uint64_t n = 0;
  friend auto operator<=>(const EventId&, const EventId&) = default;
};
std::string ToString(EventId id);
// Accepts only what ToString prints: no sign, blank or leading zero.
std::optional<EventId> ParseEventId(std::string_view text);
// The id a reader holds who has seen everything before `id`; it names an event unless n is 1.
EventId Predecessor(EventId id);
// The smallest id above `id`; the largest id of all is its own.
EventId Successor(EventId id);

struct EventEntry {
  EventId id;
  std::string bytes;  // firstline.v1.Event
  friend bool operator==(const EventEntry&, const EventEntry&) = default;
};

// One atomic batch. Kept byte-identical for resends and restores.
struct Batch {
  uint64_t base_sequence = 0;  // must equal the stored sequence
  uint64_t batch_id = 0;       // random; stored sequence becomes base_sequence + 1
  std::vector<Put> puts;       // at most one entry a (table, key) over puts and erases
  std::vector<Erase> erases;
  std::vector<EventEntry> events;        // ascending
  uint64_t keep_events_max = 1'000'000;  // the stream is trimmed (approximately) to this length
  friend bool operator==(const Batch&, const Batch&) = default;
};
// Why a batch can never be stored (events that do not ascend, n of 0); nullopt when it can. Such a
// batch is answered kBroken.
std::optional<std::string> Malformation(const Batch& batch);

// ---- Requests ---------------------------------------------------------------------------------

// Reads the ownership record.
struct Observe {
  WorkspaceId workspace;
};
// Takes ownership if the record still equals `seen` (nullopt: there is none). The new epoch is
// max(seen.epoch + 1, least_epoch, store time in us); released is cleared; renewals restart at 0;
// sequence, batch id and generation are kept. Adds the workspace to the registry.
struct Acquire {
  WorkspaceId workspace;
  std::optional<OwnershipRecord> seen;
  uint64_t nonce = 0;
  std::string address;
  uint64_t least_epoch = 0;
};
// A token is "ours" below when the record names it and is not released.
//
// Adds one to `renewals` if the token is still ours and re-adds the workspace to the registry.
struct Renew {
  WorkspaceId workspace;
  Token token;
};
// Marks the record released if it names this token and the stored sequence is the one given: all that
// the owner knows to be confirmed is there, and its memory may go. Repeating it is kOk.
struct Release {
  WorkspaceId workspace;
  Token token;
  uint64_t sequence = 0;
};
// Applies a batch (events, puts, then erases) if token, generation and base sequence match. A
// resend of the batch that was applied last is kOk and changes nothing. An event id that does not
// follow the last stored one is kBroken and changes nothing.
struct Commit {
  WorkspaceId workspace;
  Token token;
  uint64_t generation = 0;
  Batch batch;
};
// Reads every record of the generation named by the ownership record, and the last event id, if the
// token is ours before and after. Records come sorted by table and key.
struct Load {
  WorkspaceId workspace;
  Token token;
};
// Writes a complete state as a new generation and flips the pointer, if the token is still ours;
// then removes the old generation. `batch` carries the whole state in `puts`; sequence becomes
// batch.base_sequence + 1 whatever is stored; `erases` must be empty. `generation` must differ from
// the stored one, or the reply is kOutOfOrder; a resend of what is already in force is kOk. The
// history goes on: of the batch's events those that follow the newest stored one are added. Events
// that nobody has any more are missing in it. Used when Redis lost more than the ring can replay.
struct Rebuild {
  WorkspaceId workspace;
  Token token;
  uint64_t generation = 0;  // the new one
  Batch batch;
};
// Removes every key of the workspace and its registry entry, if the token is still ours. kOk also
// when there is no ownership record: then there is nothing to remove but the registry entry.
struct Drop {
  WorkspaceId workspace;
  Token token;
};
// Lists the registry.
struct ListWorkspaces {};
// Notes that the pod at `address` lives for the next `ttl_ms` of the store's time (0: lives no
// longer) and lists the pods that do. A hint by which workspaces are spread; nothing that must hold
// rests on it.
struct Announce {
  std::string address;
  int64_t ttl_ms = 0;
};

using Request =
    std::variant<Observe, Acquire, Renew, Release, Commit, Load, Rebuild, Drop, ListWorkspaces,
                 Announce>;

// ---- Replies ----------------------------------------------------------------------------------

enum class Result : uint8_t {
  kOk,
  kFenced,      // token differs (or, for Acquire, the record changed): nothing was changed
  kOutOfOrder,  // token is ours but the stored sequence is not base_sequence (of a release: its
                // own), or the stored generation is another: nothing was changed
  kRefused,     // the store will not take it now (OOM, MISCONF, READONLY, LOADING): nothing was
                // changed; the identical request may succeed later
  kUnknown,     // no reply: it may or may not have been applied
  kBroken,      // a deterministic failure (malformed reply, WRONGTYPE, too large): do not resend
};

struct Record {
  Table table;
  std::string key;
  std::string bytes;
};
struct State {
  std::vector<Record> records;
  EventId last_event;  // {0,0} when the stream is empty
};

std::string_view ToString(Result result);

// Only what the request asked for is set.
struct Reply {
  Result result = Result::kUnknown;
  std::string detail;  // for people; never parsed
  // Of what was applied: false where the store was told to wait for replicas and too few of them
  // have everything written up to here, on this request or before. Acquire, Renew, Commit, Rebuild.
  bool replicated = true;
  // Observe, Acquire, Renew; every other request that is kFenced or kOutOfOrder: what is stored
  // now.
  std::optional<OwnershipRecord> ownership;
  int64_t store_time_us = 0;            // Unix time of the store: Observe, Acquire, Renew
  std::optional<State> state;           // Load
  std::vector<WorkspaceId> workspaces;  // ListWorkspaces
  std::vector<std::string> pods;        // Announce: addresses, ascending
};

class Store {
 public:
  virtual ~Store() = default;
  // Runs the requests in order, as one pipelined round trip where the implementation can. Replies
  // match requests by index. After a lost connection every unanswered request replies kUnknown.
  virtual std::vector<Reply> Execute(const std::vector<Request>& requests) = 0;
};

// ---- The public history -----------------------------------------------------------------------

enum class CursorState : uint8_t {
  kOk,
  kRewound,  // not on the present lineage; `last_common` is where to resume
  kExpired,  // older than what is retained; `last_common` is the oldest retained event's
             // predecessor
  kUnavailable,
};
std::string_view ToString(CursorState state);

struct EventPage {
  CursorState state = CursorState::kOk;
  std::vector<EventEntry> events;  // strictly after the cursor, ascending
  EventId last_common;
};

class EventLog {
 public:
  virtual ~EventLog() = default;
  // Up to `max` events after `cursor` ({0,0}: from the oldest retained). Waits at most `wait_ms`
  // for the first one; 0 does not wait. A non-zero cursor must name an event that exists or be the
  // predecessor of the oldest retained one: nothing lies between. `last_common` is such a cursor.
  virtual EventPage Read(const WorkspaceId& workspace, EventId cursor, size_t max,
                         int64_t wait_ms) = 0;
  // The newest event's id, {0,0} when there is none; nullopt when the store cannot be reached.
  virtual std::optional<EventId> Last(const WorkspaceId& workspace) = 0;
};

}  // namespace firstline::store
