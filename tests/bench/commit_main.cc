// bench_commit: what Redis can take of the router's group commits, without router and gRPC around
// them. Batches of submits, one in flight, with the very records and events that the engine and the
// codec make of them. Prints its figures as one line of JSON; see --help.
//
//   --via store     RedisStore, as the router commits
//   --via pipeline  the same writes as bare commands between MULTI and EXEC, without the fence
//   --via ping      no write at all: a round trip
#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "services/router/api/convert_command.h"
#include "services/router/engine/engine.h"
#include "services/router/store/codec.h"
#include "services/router/store/redis_protocol.h"
#include "services/router/store/redis_store.h"
#include "tests/bench/measurement.h"
#include "tests/bench/sample.h"

namespace firstline::bench {
namespace {

using store::Batch;

struct Options {
  std::string via = "store", socket;
  int batch = 64;
  Window window;
  std::vector<Process> processes;
};

template <class T>
T OrFail(absl::StatusOr<T> value) {
  if (!value.ok()) Fail(value.status().ToString());
  return *std::move(value);
}

// What the router would commit for `count` submits that arrive together.
Batch BatchOfSubmits(int count) {
  const engine::Time now{1'700'000'000'000'000};
  engine::Engine engine(kWorkspace);
  const store::RecordCodec codec;
  engine.Apply(now, OrFail(api::ToCommand(SampleWorkspace(false))));
  engine.ClearEvents();
  engine.TakeChanges();
  Batch batch;
  for (int i = 0; i < count; ++i) {
    if (!engine.Apply(now, OrFail(api::ToCommand(SampleSubmit(i)))).ok()) Fail("not submitted");
    for (store::EventEntry& event : codec.EncodeEvents(engine, {1, 1})) {
      batch.events.push_back(std::move(event));
    }
    engine.ClearEvents();
  }
  codec.EncodeChanges(engine, engine.TakeChanges(), batch);
  return batch;
}

// Makes the sample the next batch: new ids of the same length, everything else as it is.
class Batches {
 public:
  Batches(int count, uint64_t epoch) : batch_(BatchOfSubmits(count)), epoch_(epoch) {}

  const Batch& Next() {
    for (store::Put& put : batch_.puts) {
      if (put.table == store::Table::kInquiry) put.key = InquiryId(inquiries_++);
    }
    for (store::EventEntry& event : batch_.events) event.id = {epoch_, ++events_};
    batch_.base_sequence = sequence_++;
    batch_.batch_id = sequence_;
    return batch_;
  }
  int inquiries() const { return inquiries_; }

 private:
  Batch batch_;
  const uint64_t epoch_;
  uint64_t events_ = 0, sequence_ = 0;
  int inquiries_ = 0;
};

// ---- Three ways -------------------------------------------------------------------------------

class Committer {
 public:
  virtual ~Committer() = default;
  virtual void Commit(const Batch& batch) = 0;
};

class StoreCommitter final : public Committer {
 public:
  explicit StoreCommitter(const redis::ConnectionOptions& connection)
      : store_({.servers = {.target = connection.address,
                            .command_timeout = connection.command_timeout}}) {
    const auto replies = store_.Execute({store::Acquire{kWorkspace, std::nullopt, 1, "bench"}});
    if (replies[0].result != store::Result::kOk) Fail(replies[0].detail);
    token_ = replies[0].ownership->token;
  }
  void Commit(const Batch& batch) override {
    const auto replies = store_.Execute({store::Commit{kWorkspace, token_, 0, batch}});
    if (replies[0].result != store::Result::kOk) Fail("refused: " + replies[0].detail);
  }
  uint64_t epoch() const { return token_.epoch; }

 private:
  store::RedisStore store_;
  store::Token token_;
};

class PipelineCommitter final : public Committer {
 public:
  explicit PipelineCommitter(const redis::ConnectionOptions& connection)
      : connection_(OrFail(redis::Connection::Open(connection))) {}

  void Commit(const Batch& batch) override {
    connection_->Append({"MULTI"});
    for (std::span<const store::EventEntry> entry : store::SplitIntoEntries(batch.events)) {
      AppendEntry(entry);
    }
    for (int table = 0; table < store::kTableCount; ++table) AppendPuts(batch, table);
    connection_->Append({"HSET", own_, "sequence", std::to_string(batch.base_sequence + 1), "batch",
                         std::to_string(batch.batch_id)});
    connection_->Append({"EXEC"});
    while (connection_->pending() > 1) OrFail(connection_->ReadReply());
    if (OrFail(connection_->ReadReply()).is_nil()) Fail("EXEC did nothing");
  }

 private:
  void AppendEntry(std::span<const store::EventEntry> entry) {
    events_ += entry.size();
    const std::string id = ToString(entry.back().id), count = std::to_string(events_);
    std::vector<std::string_view> command = {"XADD", stream_, id, store::kCountField, count};
    for (const store::EventEntry& event : entry) {
      command.push_back(store::kEventField);
      command.push_back(event.bytes);
    }
    connection_->Append(command);
  }
  void AppendPuts(const Batch& batch, int table) {
    const std::string key = store::TableKey(kWorkspace, 0, static_cast<store::Table>(table));
    std::vector<std::string_view> command = {"HSET", key};
    for (const store::Put& put : batch.puts) {
      if (put.table != static_cast<store::Table>(table)) continue;
      command.push_back(put.key);
      command.push_back(put.bytes);
    }
    if (command.size() > 2) connection_->Append(command);
  }

  const std::unique_ptr<redis::Connection> connection_;
  const std::string own_ = store::OwnershipKey(kWorkspace);
  const std::string stream_ = store::StreamKey(kWorkspace, 0);
  uint64_t events_ = 0;
};

// ---- One measurement --------------------------------------------------------------------------

int64_t Stored(redis::Connection& connection) {
  const std::string key = store::TableKey(kWorkspace, 0, store::Table::kInquiry);
  return OrFail(OrFail(connection.Call({"HLEN", key})).AsInteger());
}

nlohmann::json MeasureCommits(const Options& options, const redis::ConnectionOptions& connection) {
  std::unique_ptr<Committer> committer;
  uint64_t epoch = 1;
  if (options.via == "store") {
    auto made = std::make_unique<StoreCommitter>(connection);
    epoch = made->epoch();
    committer = std::move(made);
  } else {
    committer = std::make_unique<PipelineCommitter>(connection);
  }
  Batches batches(options.batch, epoch);
  Measurement measurement(options.window, options.processes);
  Clock::time_point now = Clock::now();
  while (!measurement.Over(now)) {
    const Clock::time_point began = now;
    committer->Commit(batches.Next());
    now = Clock::now();
    measurement.Ended(began, now, options.batch);
  }
  nlohmann::json figures = measurement.Figures();
  const auto admin = OrFail(redis::Connection::Open(connection));
  figures["check"] = {{"submits_acknowledged", batches.inquiries()},
                      {"submits_stored", Stored(*admin)}};
  if (Stored(*admin) != batches.inquiries()) Fail("lost: " + figures.dump());
  return figures;
}

nlohmann::json MeasurePings(const Options& options, const redis::ConnectionOptions& to) {
  const auto connection = OrFail(redis::Connection::Open(to));
  Measurement measurement(options.window, options.processes);
  Clock::time_point now = Clock::now();
  while (!measurement.Over(now)) {
    const Clock::time_point began = now;
    if (const absl::Status status = connection->Ping(); !status.ok()) Fail(status.ToString());
    now = Clock::now();
    measurement.Ended(began, now);
  }
  return measurement.Figures();
}

int Main(int argc, char** argv) {
  Options options;
  int redis_pid = 0, warm_up_ms = 300, window_ms = 2000;
  CLI::App cli("Measures group commits without a router.", "bench_commit");
  cli.add_option("--via", options.via)->check(CLI::IsMember({"store", "pipeline", "ping"}));
  cli.add_option("--batch", options.batch, "submits a commit")->check(CLI::Range(1, 512));
  cli.add_option("--redis", options.socket, "path of its unix socket")->required();
  cli.add_option("--redis-pid", redis_pid)->required();
  cli.add_option("--warm-up-ms", warm_up_ms);
  cli.add_option("--window-ms", window_ms);
  CLI11_PARSE(cli, argc, argv);
  options.window = {std::chrono::milliseconds(warm_up_ms), std::chrono::milliseconds(window_ms)};
  options.processes = {{"redis", redis_pid}};
  redis::ConnectionOptions connection;
  connection.address.unix_path = options.socket;
  connection.command_timeout = std::chrono::seconds(30);
  const nlohmann::json figures = options.via == "ping" ? MeasurePings(options, connection)
                                                       : MeasureCommits(options, connection);
  std::printf("%s\n", figures.dump().c_str());
  return 0;
}

}  // namespace
}  // namespace firstline::bench

int main(int argc, char** argv) { return firstline::bench::Main(argc, argv); }
