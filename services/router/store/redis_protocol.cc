#include "services/router/store/redis_protocol.h"

#include <charconv>

#include "absl/strings/str_cat.h"
#include "common/redis/error.h"
#include "services/router/store/redis_scripts.h"

namespace firstline::store {
namespace {

constexpr std::array<char, kTableCount> kTableLetters = {'m', 'i', 'a', 'r'};
static_assert(static_cast<int>(Table::kRequest) == kTableCount - 1);

absl::string_view Absl(std::string_view text) { return {text.data(), text.size()}; }

absl::Status Malformed(std::string_view what) {
  return redis::MakeError(redis::ErrorKind::kOther, absl::StrCat("malformed ", Absl(what)));
}

// Seconds and microseconds, as TIME gives them.
absl::StatusOr<int64_t> ReadTimeUs(redis::ReplyView time) {
  auto texts = time.AsStrings();
  if (!texts.ok()) return texts.status();
  if (texts->size() != 2) return Malformed("TIME");
  const auto seconds = ToNumber((*texts)[0]);
  const auto microseconds = ToNumber((*texts)[1]);
  if (!seconds.ok() || !microseconds.ok()) return Malformed("TIME");
  return static_cast<int64_t>(*seconds * 1'000'000 + *microseconds);
}

// The events of one entry, which follow one another up to `last`.
absl::Status ReadEntry(EventId last, std::span<const std::string_view> fields,
                       std::vector<EventEntry>& events) {
  const size_t counts = !fields.empty() && fields[0] == kCountField ? 2 : 0;
  const size_t size = (fields.size() - counts) / 2;
  if (fields.size() % 2 != 0 || size == 0 || size > last.n) return Malformed("stream entry");
  for (size_t i = 0; i < size; ++i) {
    if (fields[counts + 2 * i] != kEventField) return Malformed("stream entry");
    events.push_back({{last.epoch, last.n - (size - 1 - i)},
                      std::string(fields[counts + 2 * i + 1])});
  }
  return absl::OkStatus();
}

absl::StatusOr<Result> ReadWord(redis::ReplyView word) {
  const auto text = word.AsString();
  if (!text.ok()) return text.status();
  if (*text == "ok" || *text == "written") return Result::kOk;
  if (*text == "fenced") return Result::kFenced;
  if (*text == "out_of_order") return Result::kOutOfOrder;
  return Malformed("word of a script");
}

absl::StatusOr<Reply> ReadParts(redis::ReplyView parts) {
  Reply reply;
  const auto size = parts.Size();
  if (!size.ok()) return size.status();
  if (*size == 0) return Malformed("reply of a script");
  const auto result = ReadWord(*parts.At(0));
  if (!result.ok()) return result.status();
  reply.result = *result;
  if (*size > 1) {
    auto record = ReadRecord(*parts.At(1));
    if (!record.ok()) return record.status();
    reply.ownership = *std::move(record);
  }
  if (*size > 2) {
    const auto time_us = ReadTimeUs(*parts.At(2));
    if (!time_us.ok()) return time_us.status();
    reply.store_time_us = *time_us;
  }
  return reply;
}

}  // namespace

std::string OwnershipKey(const WorkspaceId& workspace) {
  return absl::StrCat("fl:{", workspace, "}:own");
}

std::string TableKey(const WorkspaceId& workspace, uint64_t generation, Table table) {
  const char letter = kTableLetters[static_cast<size_t>(table)];
  return absl::StrCat("fl:{", workspace, "}:", generation, ":", absl::string_view(&letter, 1));
}

std::string StreamKey(const WorkspaceId& workspace, uint64_t generation) {
  return absl::StrCat("fl:{", workspace, "}:", generation, ":e");
}

void ArgumentList::AddNumber(uint64_t number) { AddOwned(absl::StrCat(number)); }

void AddGenerationKeys(const WorkspaceId& workspace, uint64_t generation, ArgumentList& keys) {
  for (int table = 0; table < kTableCount; ++table) {
    keys.AddOwned(TableKey(workspace, generation, static_cast<Table>(table)));
  }
  keys.AddOwned(StreamKey(workspace, generation));
}

void AddPuts(const Put* first, const Put* last, ArgumentList& arguments) {
  for (int table = 0; table < kTableCount; ++table) {
    for (const Put* put = first; put != last; ++put) {
      if (put->table != static_cast<Table>(table)) continue;
      arguments.Add(put->key);
      arguments.Add(put->bytes);
    }
  }
}

std::vector<std::span<const EventEntry>> SplitIntoEntries(const std::vector<EventEntry>& events) {
  std::vector<std::span<const EventEntry>> entries;
  size_t begin = 0, bytes = 0;
  for (size_t at = 0; at < events.size(); ++at) {
    const bool follows = at > begin && events[at].id == Successor(events[at - 1].id);
    const bool fits = at - begin < kEventsAnEntryMax &&
                      bytes + events[at].bytes.size() <= kEntryBytesMax;
    if (at > begin && !(follows && fits)) {
      entries.emplace_back(&events[begin], at - begin);
      begin = at;
      bytes = 0;
    }
    bytes += events[at].bytes.size();
  }
  if (begin < events.size()) entries.emplace_back(&events[begin], events.size() - begin);
  return entries;
}

Reply ErrorReply(const absl::Status& status) {
  Reply reply;
  reply.detail = std::string(status.message());
  switch (redis::KindOf(status)) {
    case redis::ErrorKind::kRefused:
    case redis::ErrorKind::kNoScript:  // loaded and forgotten again within one round trip
    case redis::ErrorKind::kMoved:
      reply.result = Result::kRefused;
      break;
    case redis::ErrorKind::kDisconnected:
      reply.result = Result::kUnknown;
      break;
    case redis::ErrorKind::kNone:
    case redis::ErrorKind::kOther:
      reply.result = Result::kBroken;
      break;
  }
  return reply;
}

Reply ReadScriptReply(const absl::StatusOr<redis::Reply>& reply) {
  if (!reply.ok()) return ErrorReply(reply.status());
  auto parts = ReadParts(reply->view());
  return parts.ok() ? *std::move(parts) : ErrorReply(parts.status());
}

absl::StatusOr<uint64_t> ToNumber(std::string_view text) {
  uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || rest != end || text.empty()) return Malformed("number");
  return number;
}

absl::StatusOr<std::optional<OwnershipRecord>> ReadRecord(redis::ReplyView fields) {
  const auto size = fields.Size();
  if (!size.ok()) return size.status();
  if (*size < redis_scripts::kFieldCount) return Malformed("ownership record");
  if (fields.At(0)->is_nil()) return std::nullopt;
  std::array<uint64_t, redis_scripts::kFieldCount> numbers{};
  std::string address;
  for (size_t i = 0; i < redis_scripts::kFieldCount; ++i) {
    const auto text = fields.At(i)->AsString();
    if (!text.ok()) return text.status();
    if (redis_scripts::kFields[i] == "address") {
      address = std::string(*text);
      continue;
    }
    const auto number = ToNumber(*text);
    if (!number.ok()) return number.status();
    numbers[i] = *number;
  }
  return OwnershipRecord{.token = {.epoch = numbers[0], .nonce = numbers[1]},
                         .address = std::move(address),
                         .renewals = numbers[3],
                         .sequence = numbers[4],
                         .batch_id = numbers[5],
                         .generation = numbers[6],
                         .released = numbers[7] != 0};
}

absl::StatusOr<std::vector<EventEntry>> ReadEntries(redis::ReplyView entries) {
  const auto size = entries.Size();
  if (!size.ok()) return size.status();
  std::vector<EventEntry> events;
  events.reserve(*size);
  for (size_t i = 0; i < *size; ++i) {
    const redis::ReplyView entry = *entries.At(i);
    const auto id_view = entry.At(0);
    const auto fields = entry.At(1);
    if (!id_view.ok() || !fields.ok()) return Malformed("stream entry");
    const auto id_text = id_view->AsString();
    const auto values = fields->AsStrings();
    if (!id_text.ok() || !values.ok()) return Malformed("stream entry");
    const auto last = ParseEventId(*id_text);
    if (!last) return Malformed("event id");
    absl::Status status = ReadEntry(*last, *values, events);
    if (!status.ok()) return status;
  }
  return events;
}

}  // namespace firstline::store
