// What the parts of the Redis store share: key names, argument lists, and how replies are read.
//
// Thread rule: values and free functions; a Connection belongs to one thread at a time.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/redis/connection.h"
#include "services/router/store/port.h"

namespace firstline::store {

inline constexpr std::string_view kRegistryKey = "fl:workspaces";
inline constexpr std::string_view kPodsKey = "fl:pods";
// A stream entry holds up to this many events that follow one another in one epoch, each in a field
// of its own, because Redis pays by the entry: at 16 an event costs it a third. The entry's id is
// that of its last event. Its first field is the count of the stream's events up to and with it,
// since the stream began: by it the stream is trimmed.
inline constexpr size_t kEventsAnEntryMax = 16;
// An entry is closed at this size: readers take whole entries.
inline constexpr size_t kEntryBytesMax = 64 * 1024;
inline constexpr std::string_view kEventField = "e";
inline constexpr std::string_view kCountField = "c";

// "fl:{acme}:own". The braces keep all keys of a workspace on one node of a cluster.
std::string OwnershipKey(const WorkspaceId& workspace);
// "fl:{acme}:3:i"
std::string TableKey(const WorkspaceId& workspace, uint64_t generation, Table table);
// "fl:{acme}:3:e"
std::string StreamKey(const WorkspaceId& workspace, uint64_t generation);

// Arguments of a command: texts that outlive it are referred to, numbers are kept here.
class ArgumentList {
 public:
  void Add(std::string_view text) { views_.push_back(text); }
  void AddOwned(std::string text) { views_.push_back(owned_.emplace_back(std::move(text))); }
  void AddNumber(uint64_t number);
  void Reserve(size_t count) { views_.reserve(count); }
  redis::Arguments view() const { return views_; }

 private:
  std::deque<std::string> owned_;  // stable addresses
  std::vector<std::string_view> views_;
};

// Keys of a generation in the order the scripts expect: four tables, then the stream.
void AddGenerationKeys(const WorkspaceId& workspace, uint64_t generation, ArgumentList& keys);

// How many entries each table gets, then the entries, in the order of the tables.
template <typename Entry>
std::array<uint64_t, kTableCount> CountByTable(const Entry* first, const Entry* last) {
  std::array<uint64_t, kTableCount> counts{};
  for (const Entry* entry = first; entry != last; ++entry) {
    ++counts[static_cast<size_t>(entry->table)];
  }
  return counts;
}
void AddPuts(const Put* first, const Put* last, ArgumentList& arguments);
// The events of one stream entry each, in order.
std::vector<std::span<const EventEntry>> SplitIntoEntries(const std::vector<EventEntry>& events);

// An error as the port tells it.
Reply ErrorReply(const absl::Status& status);
// A reply of redis_scripts.h as the port tells it. A malformed one is kBroken.
Reply ReadScriptReply(const absl::StatusOr<redis::Reply>& reply);

absl::StatusOr<uint64_t> ToNumber(std::string_view text);
// Eight fields in the order of redis_scripts::kFields; nullopt when the first is nil.
absl::StatusOr<std::optional<OwnershipRecord>> ReadRecord(redis::ReplyView fields);
// The events in a stream's entries: array of [id, [field, value, ...]].
absl::StatusOr<std::vector<EventEntry>> ReadEntries(redis::ReplyView entries);

}  // namespace firstline::store
