#include "services/router/store/redis_transfer.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "services/router/store/redis_protocol.h"
#include "services/router/store/redis_scripts.h"
#include "services/router/store/transfer_file.h"

namespace firstline::store {
namespace {

// A page, a pipeline: bounds what is held and how long Redis is busy with it.
constexpr char kPageEntries[] = "1000";
constexpr size_t kPipelineEntries = 1000;
constexpr size_t kPipelineBytes = 1 << 20;
// How long the keys of an import that came to no end stay.
constexpr char kStagingSeconds[] = "3600";

constexpr std::array kTables = {
    std::pair(Table::kMeta, EntryKind::kMeta), std::pair(Table::kInquiry, EntryKind::kInquiry),
    std::pair(Table::kAgent, EntryKind::kAgent), std::pair(Table::kRequest, EntryKind::kRequest)};

std::optional<Table> TableOf(EntryKind kind) {
  for (const auto& [table, its_kind] : kTables) {
    if (its_kind == kind) return table;
  }
  return std::nullopt;
}

void Count(EntryKind kind, TransferSummary& summary) {
  if (kind == EntryKind::kInquiry) ++summary.inquiries;
  if (kind == EntryKind::kAgent) ++summary.agents;
  if (kind == EntryKind::kRequest) ++summary.requests;
  if (kind == EntryKind::kEvent) ++summary.events;
}

absl::StatusOr<std::optional<OwnershipRecord>> ReadOwnership(redis::Connection& connection,
                                                             const WorkspaceId& workspace) {
  ArgumentList command;
  command.Add("HMGET");
  command.AddOwned(OwnershipKey(workspace));
  for (std::string_view field : redis_scripts::kFields) command.Add(field);
  const auto reply = connection.Call(command.view());
  if (!reply.ok()) return reply.status();
  return ReadRecord(reply->view());
}

// ---- Export ----

class Export {
 public:
  Export(redis::Connection& connection, std::ostream& out, const TransferProgress& progress)
      : connection_(connection), writer_(out), progress_(progress) {}

  absl::StatusOr<TransferSummary> Run(const WorkspaceId& workspace) {
    const auto before = ReadOwnership(connection_, workspace);
    if (!before.ok()) return before.status();
    if (!*before) {
      return absl::NotFoundError(absl::StrCat("there is no workspace '", workspace, "'"));
    }
    summary_ = {.workspace = workspace,
                .epoch = (*before)->token.epoch,
                .sequence = (*before)->sequence,
                .owner = (*before)->released ? "" : (*before)->address};
    WriteHeader();
    for (const auto& [table, kind] : kTables) {
      absl::Status status = WriteTable(TableKey(workspace, (*before)->generation, table), kind);
      if (!status.ok()) return status;
    }
    absl::Status status = WriteEvents(StreamKey(workspace, (*before)->generation));
    if (!status.ok()) return status;
    const auto after = ReadOwnership(connection_, workspace);
    if (!after.ok()) return after.status();
    if (!*after || (*after)->sequence != (*before)->sequence ||
        (*after)->batch_id != (*before)->batch_id || (*after)->token != (*before)->token ||
        (*after)->generation != (*before)->generation) {
      return absl::AbortedError("the workspace was changed while it was read");
    }
    status = writer_.Finish();
    if (!status.ok()) return status;
    return summary_;
  }

 private:
  void Add(const Entry& entry) {
    writer_.Add(entry);
    Count(entry.kind, summary_);
    if (progress_ && writer_.entries() % kPipelineEntries == 0) progress_(writer_.entries());
  }
  void WriteHeader() {
    Add({EntryKind::kHeader, "workspace", summary_.workspace});
    Add({EntryKind::kHeader, "epoch", absl::StrCat(summary_.epoch)});
    Add({EntryKind::kHeader, "sequence", absl::StrCat(summary_.sequence)});
  }

  // HSCAN may give an entry twice while Redis resizes the hash; the keys of one table are held to
  // tell.
  absl::Status WriteTable(const std::string& key, EntryKind kind) {
    std::set<std::string, std::less<>> written;
    std::string cursor = "0";
    do {
      const auto page = connection_.Call({"HSCAN", key, cursor, "COUNT", kPageEntries});
      if (!page.ok()) return page.status();
      const auto next = page->At(0);
      const auto list = page->At(1);
      if (!next.ok() || !list.ok()) return absl::InternalError("HSCAN: an answer without parts");
      const auto text = next->AsString();
      const auto fields = list->AsStrings();
      if (!text.ok() || !fields.ok()) return absl::InternalError("HSCAN: an answer of other types");
      for (size_t i = 0; i + 1 < fields->size(); i += 2) {
        if (!written.emplace((*fields)[i]).second) continue;
        Add({kind, std::string((*fields)[i]), std::string((*fields)[i + 1])});
      }
      cursor = std::string(*text);
    } while (cursor != "0");
    return absl::OkStatus();
  }

  absl::Status WriteEvents(const std::string& key) {
    std::string from = "-";
    while (true) {
      const auto page = connection_.Call({"XRANGE", key, from, "+", "COUNT", kPageEntries});
      if (!page.ok()) return page.status();
      const auto events = ReadEntries(page->view());
      if (!events.ok()) return events.status();
      if (events->empty()) return absl::OkStatus();
      for (const EventEntry& event : *events) {
        Add({EntryKind::kEvent, ToString(event.id), event.bytes});
      }
      from = absl::StrCat("(", ToString(events->back().id));
    }
  }

  redis::Connection& connection_;
  TransferWriter writer_;
  const TransferProgress& progress_;
  TransferSummary summary_;
};

// ---- Reading a file ----

// Entries in the order and form in which Export writes them.
class EntryCheck {
 public:
  absl::Status Take(const Entry& entry) {
    if (entry.kind == EntryKind::kHeader) return TakeHeader(entry);
    if (!header_done()) return absl::InvalidArgumentError("its header is not whole");
    Count(entry.kind, summary_);
    if (entry.kind != EntryKind::kEvent) return absl::OkStatus();
    const auto id = ParseEventId(entry.key);
    if (!id || *id <= last_) return absl::InvalidArgumentError("its events are not in order");
    if (id->epoch > summary_.epoch) {
      return absl::InvalidArgumentError("an event is younger than its last owner");
    }
    last_ = *id;
    return absl::OkStatus();
  }
  bool header_done() const { return headers_ == 3; }
  const TransferSummary& summary() const { return summary_; }
  const EventId& last_event() const { return last_; }

 private:
  absl::Status TakeHeader(const Entry& entry) {
    ++headers_;
    if (headers_ == 1 && entry.key == "workspace" && IsName(entry.bytes)) {
      summary_.workspace = entry.bytes;
      return absl::OkStatus();
    }
    if (headers_ == 2 && entry.key == "epoch" && absl::SimpleAtoi(entry.bytes, &summary_.epoch)) {
      return absl::OkStatus();
    }
    if (headers_ == 3 && entry.key == "sequence" &&
        absl::SimpleAtoi(entry.bytes, &summary_.sequence)) {
      return absl::OkStatus();
    }
    return absl::InvalidArgumentError("its header cannot be read");
  }
  // As the API bounds names of workspaces: it becomes part of keys.
  static bool IsName(const std::string& text) {
    return !text.empty() && text.size() <= 64 &&
           std::all_of(text.begin(), text.end(), [](char c) {
             return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' ||
                    c == '-';
           });
  }

  TransferSummary summary_;
  int headers_ = 0;
  EventId last_;
};

// ---- Import ----

class Import {
 public:
  Import(redis::Servers& servers, uint32_t staging, const TransferProgress& progress,
         const ImportEvent& event)
      : servers_(servers),
        generation_(uint64_t{staging} + 1),
        progress_(progress),
        event_(event) {}

  absl::StatusOr<TransferSummary> Run(std::istream& in) {
    TransferReader reader(in);
    absl::Status status;
    for (Entry entry; status.ok() && reader.Next(entry);) {
      const bool begun = check_.header_done();
      status = check_.Take(entry);
      if (status.ok() && !begun && check_.header_done()) status = Begin();
      if (status.ok() && begun) status = Write(entry);
    }
    if (status.ok()) status = reader.status();
    if (status.ok() && !check_.header_done()) {
      status = absl::InvalidArgumentError("its header is not whole");
    }
    if (status.ok()) status = Flush();
    if (status.ok() && event_ != nullptr) status = TellImport();
    if (status.ok()) status = Publish();
    if (status.ok()) return check_.summary();
    Discard();
    return status;
  }

 private:
  const WorkspaceId& workspace() const { return check_.summary().workspace; }
  absl::Status Exists(const std::string& owner) const {
    return absl::AlreadyExistsError(absl::StrCat(
        "there is a workspace '", workspace(), "'",
        owner.empty() ? std::string() : absl::StrCat(", owned by ", owner),
        ": nothing was changed"));
  }

  absl::Status Begin() {
    const auto connection = servers_.For(OwnershipKey(workspace()));
    if (!connection.ok()) return connection.status();
    connection_ = *connection;
    epoch_ = check_.summary().epoch;
    const auto record = ReadOwnership(*connection_, workspace());
    if (!record.ok()) return record.status();
    if (*record) return Exists((*record)->released ? "" : (*record)->address);
    for (const auto& [table, kind] : kTables) {
      keys_.push_back(TableKey(workspace(), generation_, table));
    }
    keys_.push_back(StreamKey(workspace(), generation_));
    return Unlink();  // what an earlier import of the same number left
  }

  absl::Status Write(const Entry& entry) {
    if (const auto table = TableOf(entry.kind)) {
      connection_->Append({"HSET", keys_[static_cast<size_t>(*table)], entry.key, entry.bytes});
    } else {
      connection_->Append({"XADD", keys_.back(), entry.key, kCountField, absl::StrCat(++events_),
                           kEventField, entry.bytes});
    }
    bytes_ += entry.bytes.size();
    ++done_;
    if (connection_->pending() < kPipelineEntries && bytes_ < kPipelineBytes) {
      return absl::OkStatus();
    }
    absl::Status status = Flush();
    if (progress_) progress_(done_);
    return status;
  }

  absl::Status Flush() {
    for (const std::string& key : keys_) connection_->Append({"EXPIRE", key, kStagingSeconds});
    absl::Status first;
    while (connection_->pending() > 0) {
      const auto reply = connection_->ReadReply();
      if (first.ok()) first = reply.status();
      if (connection_->broken()) break;
    }
    bytes_ = 0;
    return first;
  }

  // In an epoch of its own, which no owner has had: the next one's is greater.
  absl::Status TellImport() {
    const auto time = connection_->Call({"TIME"});
    if (!time.ok()) return time.status();
    const auto parts = time->AsStrings();
    int64_t seconds = 0, micros = 0;
    if (!parts.ok() || parts->size() != 2 || !absl::SimpleAtoi(std::string((*parts)[0]), &seconds) ||
        !absl::SimpleAtoi(std::string((*parts)[1]), &micros)) {
      return absl::InternalError("TIME: an answer of other types");
    }
    const EventId id{++epoch_, 1};
    const absl::Status written =
        Write({EntryKind::kEvent, ToString(id),
               event_(id, check_.last_event(),
                      std::chrono::seconds(seconds) + std::chrono::microseconds(micros))});
    return written.ok() ? Flush() : written;
  }

  // The registry first: an entry without a workspace harms nobody, a workspace without an entry is
  // not found by routers until somebody calls for it.
  absl::Status Publish() {
    const auto registry = servers_.For(kRegistryKey);
    if (!registry.ok()) return registry.status();
    const auto listed = (*registry)->Call({"SADD", kRegistryKey, workspace()});
    if (!listed.ok()) return listed.status();
    ArgumentList keys, arguments;
    keys.AddOwned(OwnershipKey(workspace()));
    for (const std::string& key : keys_) keys.Add(key);
    for (uint64_t number : {epoch_, check_.summary().sequence, generation_}) {
      arguments.AddNumber(number);
    }
    const Reply reply = ReadScriptReply(
        redis_scripts::Get().publish.Run(*connection_, keys.view(), arguments.view()));
    if (reply.result == Result::kOk) return absl::OkStatus();
    if (reply.result == Result::kFenced) {
      return Exists(reply.ownership ? reply.ownership->address : "");
    }
    return absl::UnavailableError(reply.detail);
  }

  absl::Status Unlink() {
    ArgumentList command;
    command.Add("UNLINK");
    for (const std::string& key : keys_) command.Add(key);
    return connection_->Call(command.view()).status();
  }
  // Best effort: they would go by themselves.
  void Discard() {
    if (keys_.empty()) return;
    Flush().IgnoreError();
    if (!connection_->broken()) Unlink().IgnoreError();
  }

  redis::Servers& servers_;
  redis::Connection* connection_ = nullptr;  // once the header is whole
  const uint64_t generation_;
  const TransferProgress& progress_;
  const ImportEvent& event_;
  EntryCheck check_;
  uint64_t epoch_ = 0;  // of the last term, the import's own included
  uint64_t events_ = 0;
  std::vector<std::string> keys_;  // the four tables, the stream; empty before the header is whole
  size_t bytes_ = 0;               // in the pipeline
  uint64_t done_ = 0;
};

}  // namespace

absl::StatusOr<TransferSummary> ExportWorkspace(redis::Servers& servers,
                                                const WorkspaceId& workspace, std::ostream& out,
                                                const TransferProgress& progress) {
  const auto connection = servers.For(OwnershipKey(workspace));
  if (!connection.ok()) return connection.status();
  return Export(**connection, out, progress).Run(workspace);
}

absl::StatusOr<TransferSummary> CheckTransfer(std::istream& in) {
  TransferReader reader(in);
  EntryCheck check;
  for (Entry entry; reader.Next(entry);) {
    if (absl::Status status = check.Take(entry); !status.ok()) return status;
  }
  if (!reader.status().ok()) return reader.status();
  if (!check.header_done()) return absl::InvalidArgumentError("its header is not whole");
  return check.summary();
}

absl::StatusOr<TransferSummary> ImportWorkspace(redis::Servers& servers, std::istream& in,
                                                uint32_t staging,
                                                const TransferProgress& progress,
                                                const ImportEvent& event) {
  return Import(servers, staging, progress, event).Run(in);
}

}  // namespace firstline::store
