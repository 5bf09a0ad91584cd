#include "services/router/store/codec.h"

#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/router/store/agent_record.h"
#include "services/router/store/config_record.h"
#include "services/router/store/event_codec.h"
#include "services/router/store/inquiry_record.h"
#include "services/router/store/record_format.h"
#include "services/router/store/wait_record.h"

namespace firstline::store {
namespace {

constexpr std::string_view kConfigKey = "config";
constexpr std::string_view kCountersKey = "counters";
// Not a prefix of any other key of the table.
constexpr std::string_view kQuarantinePrefix = "quarantine ";
constexpr std::string_view kWaitsPrefix = "waits ";  // of queues by id

std::string_view TableName(Table table) {
  switch (table) {
    case Table::kMeta:
      return "meta";
    case Table::kInquiry:
      return "inquiry";
    case Table::kAgent:
      return "agent";
    case Table::kRequest:
      return "request";
  }
  return "";
}

std::string WaitsKey(const std::string& queue) { return absl::StrCat(kWaitsPrefix.data(), queue); }
Put PutInquiry(const engine::Engine& engine, const engine::Inquiry& inquiry) {
  return {Table::kInquiry, inquiry.id, EncodeInquiry(engine, inquiry)};
}
Put PutAgent(const engine::Engine& engine, engine::AgentIx agent) {
  return {Table::kAgent, engine.AgentId(agent), EncodeAgent(engine, agent)};
}
Put PutConfig(const engine::Engine& engine) {
  return {Table::kMeta, std::string(kConfigKey), EncodeConfig(engine.config())};
}
Put PutCounters(const engine::Engine& engine) {
  return {Table::kMeta, std::string(kCountersKey), EncodeCounters(engine.counters())};
}
Put PutWaits(const engine::Engine& engine, engine::QueueIx queue) {
  return {Table::kMeta, WaitsKey(engine.QueueId(queue)), EncodeWaits(*engine.WaitsOf(queue))};
}

// One reading of a state: what has been found so far.
class Reading {
 public:
  Reading(const State& state, engine::Engine& engine) : state_(state), engine_(engine) {}

  runtime::Decoded Run() {
    ReadMeta();
    if (!decoded_.refusal) ReadTable(Table::kAgent, &Reading::ReadAgent);
    if (!decoded_.refusal) ReadTable(Table::kInquiry, &Reading::ReadInquiry);
    if (!decoded_.refusal) ReadTable(Table::kRequest, &Reading::ReadRequest);
    if (!decoded_.refusal) engine_.FinishRestore();
    return std::move(decoded_);
  }

 private:
  void ReadMeta() {
    const Record* config = nullptr;
    const Record* counters = nullptr;
    std::vector<const Record*> waits;
    bool has_others = false;
    for (const Record& record : state_.records) {
      if (record.table != Table::kMeta) {
        has_others = true;
      } else if (record.key == kConfigKey) {
        config = &record;
      } else if (record.key == kCountersKey) {
        counters = &record;
      } else if (record.key.rfind(kWaitsPrefix, 0) == 0) {
        waits.push_back(&record);
      } else {
        decoded_.put_aside.push_back({record.table, record.key, record.bytes});
      }
    }
    // Nothing at all: a workspace that was never written.
    if (!config && !counters && !has_others) return;
    RestoreMeta(config, counters);
    for (const Record* record : waits) {
      if (!decoded_.refusal) Take(*record, &Reading::ReadWaits);
    }
  }

  // A workspace that was never configured has counters (its time) but need not have a
  // configuration.
  void RestoreMeta(const Record* config, const Record* counters) {
    const auto numbers = counters ? DecodeCounters(counters->bytes)
                                  : absl::StatusOr<engine::Counters>(Unreadable("missing"));
    if (!numbers.ok()) return Refuse("counters", numbers.status());
    if (!config && numbers->config_version > 0) return Refuse("config", Unreadable("missing"));
    const auto settings = config
                              ? DecodeConfig(config->bytes)
                              : absl::StatusOr<engine::WorkspaceConfig>(engine::WorkspaceConfig{});
    if (!settings.ok()) return Refuse("config", settings.status());
    engine_.RestoreConfig(*settings, *numbers);
  }

  void ReadTable(Table table, absl::Status (Reading::*read)(const Record&)) {
    for (const Record& record : state_.records) {
      if (record.table == table && !decoded_.refusal) Take(record, read);
    }
  }

  void Take(const Record& record, absl::Status (Reading::*read)(const Record&)) {
    const absl::Status status = (this->*read)(record);
    if (status.ok()) return;
    const std::string name = absl::StrCat(TableName(record.table).data(), " ", record.key);
    if (IsNewer(status)) return Refuse(name, status);
    Put aside = {Table::kMeta, absl::StrCat(kQuarantinePrefix.data(), name), record.bytes};
    decoded_.quarantined.push_back(
        {record.table, record.key, std::string(status.message()), std::move(aside)});
  }

  absl::Status ReadWaits(const Record& record) {
    auto history = DecodeWaits(record.bytes);
    if (!history.ok()) return history.status();
    engine_.RestoreWaits(std::string_view(record.key).substr(kWaitsPrefix.size()), *history);
    return absl::OkStatus();
  }

  absl::Status ReadAgent(const Record& record) {
    auto agent = DecodeAgent(record.key, record.bytes, engine_);
    if (!agent.ok()) return agent.status();
    engine_.RestoreAgent(agent->config, std::move(agent->state));
    return absl::OkStatus();
  }

  absl::Status ReadInquiry(const Record& record) {
    auto inquiry = DecodeInquiry(record.key, record.bytes, engine_);
    if (!inquiry.ok()) return inquiry.status();
    engine_.RestoreInquiry(*std::move(inquiry));
    return absl::OkStatus();
  }

  absl::Status ReadRequest(const Record& record) {
    auto request = DecodeRequest(record.key, record.bytes);
    if (!request.ok()) return request.status();
    engine_.RestoreRequest(*std::move(request));
    return absl::OkStatus();
  }

  void Refuse(std::string_view what, const absl::Status& status) {
    decoded_.refusal =
        absl::StrCat(absl::string_view(what.data(), what.size()), ": ", status.message());
  }

  const State& state_;
  engine::Engine& engine_;
  runtime::Decoded decoded_;
};

}  // namespace

std::vector<EventEntry> RecordCodec::EncodeEvents(const engine::Engine& engine,
                                                  EventId first) const {
  return store::EncodeEvents(engine, first);
}

void RecordCodec::EncodeChanges(const engine::Engine& engine, const engine::Changes& changes,
                                Batch& batch) const {
  const auto erase = [&](Table table, const std::vector<std::string>& keys) {
    for (const std::string& key : keys) batch.erases.push_back({table, key});
  };
  for (engine::InquiryIx ix : changes.inquiries) {
    batch.puts.push_back(PutInquiry(engine, engine.inquiry(ix)));
  }
  for (engine::AgentIx ix : changes.agents) batch.puts.push_back(PutAgent(engine, ix));
  // One that was forgotten and remembered again within the batch is named twice.
  std::set<std::string_view> requests(changes.requests.begin(), changes.requests.end());
  for (std::string_view id : requests) {
    if (const engine::RememberedRequest* request = engine.FindRequest(id)) {
      batch.puts.push_back({Table::kRequest, request->id, EncodeRequest(*request)});
    }
  }
  for (engine::QueueIx ix : changes.waits) batch.puts.push_back(PutWaits(engine, ix));
  for (const std::string& queue : changes.forgotten_waits) {
    batch.erases.push_back({Table::kMeta, WaitsKey(queue)});
  }
  if (changes.config) batch.puts.push_back(PutConfig(engine));
  if (changes.counters) batch.puts.push_back(PutCounters(engine));
  erase(Table::kInquiry, changes.purged_inquiries);
  erase(Table::kAgent, changes.deleted_agents);
  erase(Table::kRequest, changes.forgotten_requests);
}

std::vector<Put> RecordCodec::EncodeAll(const engine::Engine& engine) const {
  std::vector<Put> puts = {PutConfig(engine), PutCounters(engine)};
  puts.reserve(2 + engine.inquiries() + engine.agents());
  engine.ForEachQueue([&](engine::QueueIx ix, const engine::QueueConfig&) {
    if (engine.WaitsOf(ix) != nullptr) puts.push_back(PutWaits(engine, ix));
    return true;
  });
  engine.ForEachInquiry([&](engine::InquiryIx, const engine::Inquiry& inquiry) {
    puts.push_back(PutInquiry(engine, inquiry));
    return true;
  });
  engine.ForEachAgent([&](engine::AgentIx ix, const engine::Agent&) {
    puts.push_back(PutAgent(engine, ix));
    return true;
  });
  engine.ForEachRequest([&](const engine::RememberedRequest& request) {
    puts.push_back({Table::kRequest, request.id, EncodeRequest(request)});
    return true;
  });
  return puts;
}

runtime::Decoded RecordCodec::Decode(const State& state, engine::Engine& engine) const {
  return Reading(state, engine).Run();
}

}  // namespace firstline::store
