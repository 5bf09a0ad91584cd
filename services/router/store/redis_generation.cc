#include "services/router/store/redis_generation.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/redis/error.h"
#include "services/router/store/redis_protocol.h"
#include "services/router/store/redis_scripts.h"

namespace firstline::store {
namespace {

using redis_scripts::kFieldCount;

constexpr int kLoadAttempts = 3;

Reply RecordReply(Result result, std::optional<OwnershipRecord> record) {
  Reply reply;
  reply.result = result;
  reply.ownership = std::move(record);
  return reply;
}

Reply Broken(std::string detail) {
  Reply reply;
  reply.result = Result::kBroken;
  reply.detail = std::move(detail);
  return reply;
}

bool IsOurs(const std::optional<OwnershipRecord>& record, const Token& token) {
  return record && record->token == token && !record->released;
}

bool NamesSameState(const OwnershipRecord& a, const OwnershipRecord& b) {
  return a.sequence == b.sequence && a.batch_id == b.batch_id && a.generation == b.generation;
}

struct MarkedRecord {
  std::optional<OwnershipRecord> record;
  std::string mark;  // of an unfinished rebuild; empty: none
};

absl::StatusOr<MarkedRecord> ReadMarkedRecord(redis::Connection& connection,
                                              const WorkspaceId& workspace) {
  ArgumentList command;
  command.Add("HMGET");
  command.AddOwned(OwnershipKey(workspace));
  for (std::string_view field : redis_scripts::kFields) command.Add(field);
  command.Add(redis_scripts::kRebuildingField);
  const auto reply = connection.Call(command.view());
  if (!reply.ok()) return reply.status();
  auto record = ReadRecord(reply->view());
  if (!record.ok()) return record.status();
  MarkedRecord marked{.record = *std::move(record), .mark = {}};
  const auto mark = reply->At(kFieldCount);
  if (!mark.ok()) return mark.status();
  if (!mark->is_nil()) {
    const auto text = mark->AsString();
    if (!text.ok()) return text.status();
    marked.mark = std::string(*text);
  }
  return marked;
}

absl::Status Discard(redis::Connection& connection, const WorkspaceId& workspace,
                     const Token& token, const std::string& mark) {
  const auto generation = ToNumber(std::string_view(mark).substr(0, mark.find(':')));
  if (!generation.ok()) return generation.status();
  ArgumentList keys, arguments;
  keys.AddOwned(OwnershipKey(workspace));
  AddGenerationKeys(workspace, *generation, keys);
  arguments.AddNumber(token.epoch);
  arguments.AddNumber(token.nonce);
  arguments.Add(mark);
  return redis_scripts::Get().discard.Run(connection, keys.view(), arguments.view()).status();
}

// ---- Load ----

// One table being scanned.
struct Scan {
  Table table;
  std::string key;
  std::string cursor = "0";
  bool done = false;
};

absl::Status ReadPage(const redis::Reply& page, Scan& scan, std::vector<Record>& records) {
  const auto cursor_view = page.At(0);
  const auto fields_view = page.At(1);
  if (!cursor_view.ok()) return cursor_view.status();
  if (!fields_view.ok()) return fields_view.status();
  const auto cursor = cursor_view->AsString();
  const auto fields = fields_view->AsStrings();
  if (!cursor.ok()) return cursor.status();
  if (!fields.ok()) return fields.status();
  for (size_t i = 0; i + 1 < fields->size(); i += 2) {
    records.push_back({scan.table, std::string((*fields)[i]), std::string((*fields)[i + 1])});
  }
  scan.cursor = std::string(*cursor);
  scan.done = *cursor == "0";
  return absl::OkStatus();
}

// All tables at once, a page of each a round trip.
absl::Status ReadTables(redis::Connection& connection, std::vector<Scan> scans, size_t page,
                        std::vector<Record>& records) {
  const std::string count = absl::StrCat(page);
  while (!scans.empty()) {
    for (const Scan& scan : scans) {
      connection.Append({"HSCAN", scan.key, scan.cursor, "COUNT", count});
    }
    absl::Status failure;
    for (Scan& scan : scans) {
      const auto reply = connection.ReadReply();
      absl::Status status = reply.ok() ? ReadPage(*reply, scan, records) : reply.status();
      if (failure.ok()) failure = std::move(status);
    }
    if (!failure.ok()) return failure;
    std::erase_if(scans, [](const Scan& scan) { return scan.done; });
  }
  return absl::OkStatus();
}

// HSCAN may give an entry twice while Redis resizes the hash.
void SortUnique(std::vector<Record>& records) {
  const auto place = [](const Record& r) { return std::tie(r.table, r.key); };
  std::sort(records.begin(), records.end(),
            [&](const Record& a, const Record& b) { return place(a) < place(b); });
  const auto last =
      std::unique(records.begin(), records.end(),
                  [&](const Record& a, const Record& b) { return place(a) == place(b); });
  records.erase(last, records.end());
}

absl::StatusOr<EventId> ReadLastEvent(redis::Connection& connection, const std::string& key) {
  const auto reply = connection.Call({"XREVRANGE", key, "+", "-", "COUNT", "1"});
  if (!reply.ok()) return reply.status();
  const auto entries = ReadEntries(reply->view());
  if (!entries.ok()) return entries.status();
  return entries->empty() ? EventId{} : entries->back().id;
}

absl::StatusOr<State> ReadState(redis::Connection& connection, const WorkspaceId& workspace,
                                uint64_t generation, size_t page) {
  State state;
  std::vector<Scan> scans;
  for (int i = 0; i < kTableCount; ++i) {
    const auto table = static_cast<Table>(i);
    scans.push_back({.table = table, .key = TableKey(workspace, generation, table)});
  }
  absl::Status status = ReadTables(connection, std::move(scans), page, state.records);
  if (!status.ok()) return status;
  const auto last = ReadLastEvent(connection, StreamKey(workspace, generation));
  if (!last.ok()) return last.status();
  SortUnique(state.records);
  state.last_event = *last;
  return state;
}

// ---- Rebuild ----

Reply WriteChunk(redis::Connection& connection, const Rebuild& request, size_t from, size_t to) {
  ArgumentList keys, arguments;
  keys.AddOwned(OwnershipKey(request.workspace));
  AddGenerationKeys(request.workspace, request.generation, keys);
  const Batch& batch = request.batch;
  for (uint64_t number : {request.token.epoch, request.token.nonce, request.generation,
                          batch.base_sequence + 1, batch.batch_id, uint64_t{from == 0}}) {
    arguments.AddNumber(number);
  }
  const Put* puts = batch.puts.data();
  for (uint64_t n : CountByTable(puts + from, puts + to)) arguments.AddNumber(n);
  AddPuts(puts + from, puts + to, arguments);
  return ReadScriptReply(
      redis_scripts::Get().rebuild_write.Run(connection, keys.view(), arguments.view()));
}

Reply Flip(redis::Connection& connection, const Rebuild& request, uint64_t old_generation) {
  ArgumentList keys, arguments;
  keys.AddOwned(OwnershipKey(request.workspace));
  keys.AddOwned(StreamKey(request.workspace, request.generation));
  AddGenerationKeys(request.workspace, old_generation, keys);
  const Batch& batch = request.batch;
  for (uint64_t number :
       {request.token.epoch, request.token.nonce, request.generation, batch.base_sequence + 1,
        batch.batch_id, old_generation, uint64_t{batch.events.size()}}) {
    arguments.AddNumber(number);
  }
  for (const EventEntry& event : batch.events) {
    arguments.AddOwned(ToString(event.id));
    arguments.Add(event.bytes);
  }
  return ReadScriptReply(
      redis_scripts::Get().rebuild_flip.Run(connection, keys.view(), arguments.view()));
}

}  // namespace

absl::Status LoadScripts(redis::Connection& connection) {
  const redis_scripts::Scripts& s = redis_scripts::Get();
  const redis::Script* all[] = {&s.observe,      &s.acquire, &s.renew,
                                &s.release,      &s.commit,  &s.rebuild_write,
                                &s.rebuild_flip, &s.discard, &s.drop, &s.announce};
  for (const redis::Script* script : all) connection.Append({"SCRIPT", "LOAD", script->source()});
  absl::Status first;
  for (size_t i = 0; i < std::size(all); ++i) {
    const auto reply = connection.ReadReply();
    if (first.ok()) first = reply.status();
  }
  return first;
}

absl::StatusOr<std::optional<OwnershipRecord>> PresentRecord(redis::Connection& connection,
                                                             const WorkspaceId& workspace,
                                                             const Token& token) {
  auto marked = ReadMarkedRecord(connection, workspace);
  if (!marked.ok()) return marked.status();
  if (IsOurs(marked->record, token) && !marked->mark.empty()) {
    absl::Status status = Discard(connection, workspace, token, marked->mark);
    if (!status.ok()) return status;
  }
  return std::move(marked->record);
}

Reply LoadGeneration(redis::Connection& connection, const Load& request, size_t page) {
  for (int attempt = 0; attempt < kLoadAttempts; ++attempt) {
    const auto present = PresentRecord(connection, request.workspace, request.token);
    if (!present.ok()) return ErrorReply(present.status());
    const std::optional<OwnershipRecord>& before = *present;
    if (!IsOurs(before, request.token)) return RecordReply(Result::kFenced, before);
    auto state = ReadState(connection, request.workspace, before->generation, page);
    if (!state.ok()) return ErrorReply(state.status());
    const auto marked = ReadMarkedRecord(connection, request.workspace);
    if (!marked.ok()) return ErrorReply(marked.status());
    const std::optional<OwnershipRecord>& after = marked->record;
    if (!IsOurs(after, request.token)) return RecordReply(Result::kFenced, after);
    if (!NamesSameState(*before, *after)) continue;
    Reply reply = RecordReply(Result::kOk, std::nullopt);
    reply.state = *std::move(state);
    return reply;
  }
  Reply reply = RecordReply(Result::kRefused, std::nullopt);
  reply.detail = "the state changed while it was read";
  return reply;
}

Reply RebuildGeneration(redis::Connection& connection, const Rebuild& request, size_t chunk) {
  if (auto why = Malformation(request.batch)) return Broken(*why);
  if (!request.batch.erases.empty()) return Broken("a rebuild erases nothing");
  const auto present = PresentRecord(connection, request.workspace, request.token);
  if (!present.ok()) return ErrorReply(present.status());
  if (!IsOurs(*present, request.token)) return RecordReply(Result::kFenced, *present);
  const uint64_t old_generation = (*present)->generation;
  // In force already: either ours from before, which the flip confirms, or another.
  if (old_generation != request.generation) {
    const size_t size = request.batch.puts.size();
    size_t from = 0;
    do {
      const size_t to = std::min(from + chunk, size);
      Reply reply = WriteChunk(connection, request, from, to);
      if (reply.result != Result::kOk) return reply;
      from = to;
    } while (from < size);
  }
  return Flip(connection, request, old_generation);
}

}  // namespace firstline::store
