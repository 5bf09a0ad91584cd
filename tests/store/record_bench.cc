// What encoding costs: time and bytes a record and an event, of a typical inquiry (two skills, one
// language, 100 bytes of attributes) and agent (five skills, two languages).
//
//   cmake --build --preset release --target record_bench && .../tests/store/record_bench
#include <benchmark/benchmark.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "services/router/store/agent_record.h"
#include "services/router/store/codec.h"
#include "services/router/store/event_codec.h"
#include "services/router/store/inquiry_record.h"
#include "tests/store/sample_engine.h"

namespace firstline::store {
namespace {

namespace e = engine;

e::AgentConfig TypicalAgent(int number) {
  e::AgentConfig agent;
  agent.id = absl::StrCat("agent-", 10'000 + number);
  for (int skill = 0; skill < 5; ++skill) {
    agent.skills.push_back({absl::StrCat("skill-", (number + skill * 7) % 64), 1 + skill * 2});
  }
  agent.languages = {{"de", 9}, {"en", 6}};
  agent.team = "out";
  agent.units = 4;
  return agent;
}

e::Submit TypicalSubmit(int number) {
  e::Submit submit;
  submit.inquiry_id = absl::StrCat("inquiry-", 1'000'000 + number);
  submit.channel = "chat";
  submit.queue = "support";
  submit.requirement = {.skills = {{"skill-3", 2}, {"skill-10", 1}}, .languages = {{"de", 3}}};
  submit.priority = 3;
  submit.customer = "customer-81723";
  submit.attributes = {{"origin", std::string(60, 'o')}, {"topic", std::string(29, 't')}};
  return submit;
}

// Agents at work and waiting inquiries, made by commands.
class Workspace {
 public:
  Workspace() {
    e::ApplyConfig apply{.config = SampleConfig(), .agents = std::vector<e::AgentConfig>()};
    for (int i = 0; i < 64; ++i) apply.agents->push_back(TypicalAgent(i));
    engine.Apply(kSampleTime, {apply});
    engine.ClearEvents();
    engine.TakeChanges();
  }
  void SubmitOne() { engine.Apply(kSampleTime, {TypicalSubmit(number++)}); }

  e::Engine engine{"acme"};
  int number = 0;
};

void BM_EncodeInquiry(benchmark::State& state) {
  Workspace workspace;
  workspace.SubmitOne();
  const e::Inquiry& inquiry = workspace.engine.inquiry({0});
  size_t bytes = 0;
  for (auto _ : state) bytes = EncodeInquiry(workspace.engine, inquiry).size();
  state.counters["bytes"] = static_cast<double>(bytes);
}
BENCHMARK(BM_EncodeInquiry);

void BM_DecodeInquiry(benchmark::State& state) {
  Workspace workspace;
  workspace.SubmitOne();
  const std::string bytes = EncodeInquiry(workspace.engine, workspace.engine.inquiry({0}));
  for (auto _ : state) benchmark::DoNotOptimize(DecodeInquiry("i", bytes, workspace.engine));
}
BENCHMARK(BM_DecodeInquiry);

void BM_EncodeAgent(benchmark::State& state) {
  Workspace workspace;
  size_t bytes = 0;
  for (auto _ : state) bytes = EncodeAgent(workspace.engine, {0}).size();
  state.counters["bytes"] = static_cast<double>(bytes);
}
BENCHMARK(BM_EncodeAgent);

void BM_DecodeAgent(benchmark::State& state) {
  Workspace workspace;
  const std::string bytes = EncodeAgent(workspace.engine, {0});
  for (auto _ : state)
    benchmark::DoNotOptimize(DecodeAgent("agent-10000", bytes, workspace.engine));
}
BENCHMARK(BM_DecodeAgent);

// One event of each of the four kinds that most inquiries cause.
template <class MakeBody>
void EncodeEvent(benchmark::State& state, MakeBody make) {
  Workspace workspace;
  workspace.SubmitOne();
  const e::Event event = {kSampleTime, make(workspace.engine.FindQueue("support"))};
  size_t bytes = 0;
  google::protobuf::Arena arena;
  for (auto _ : state) {
    auto* message = google::protobuf::Arena::CreateMessage<v1::Event>(&arena);
    WriteEvent(workspace.engine, event, {1'700'000'000'000, 123'456}, message);
    bytes = message->SerializeAsString().size();
    arena.Reset();
  }
  state.counters["bytes"] = static_cast<double>(bytes);
}
void BM_InquirySubmitted(benchmark::State& state) {
  EncodeEvent(state, [](e::QueueIx) { return e::InquirySubmitted{{0}}; });
}
void BM_InquiryEnqueued(benchmark::State& state) {
  EncodeEvent(state, [](e::QueueIx queue) {
    return e::InquiryEnqueued{{0}, queue, e::EnqueueCause::kSubmitted};
  });
}
void BM_OfferCreated(benchmark::State& state) {
  EncodeEvent(state,
              [](e::QueueIx queue) { return e::OfferCreated{{0}, queue, {0}, 1, kSampleTime, 2}; });
}
void BM_InquiryAssigned(benchmark::State& state) {
  EncodeEvent(state, [](e::QueueIx queue) {
    return e::InquiryAssigned{{0}, queue, {0}, 1, e::Seconds(3), true, false, 2};
  });
}
BENCHMARK(BM_InquirySubmitted);
BENCHMARK(BM_InquiryEnqueued);
BENCHMARK(BM_OfferCreated);
BENCHMARK(BM_InquiryAssigned);

// What the runtime does for a batch of 64 submits: events and records, engine included and without.
void BM_BatchOfSubmits(benchmark::State& state) {
  Workspace workspace;
  const RecordCodec codec;
  const bool encode = state.range(0) != 0;
  for (auto _ : state) {
    Batch batch;
    for (int i = 0; i < 64; ++i) {
      workspace.SubmitOne();
      if (encode) benchmark::DoNotOptimize(codec.EncodeEvents(workspace.engine, {1, 1}));
      workspace.engine.ClearEvents();
    }
    const e::Changes changes = workspace.engine.TakeChanges();
    if (encode) codec.EncodeChanges(workspace.engine, changes, batch);
    benchmark::DoNotOptimize(batch);
  }
  state.SetItemsProcessed(state.iterations() * 64);
}
BENCHMARK(BM_BatchOfSubmits)->ArgName("encode")->Arg(0)->Arg(1)->Iterations(1000);

// A state of 100,000 waiting inquiries and 10,000 agents, from records to a restored engine.
void BM_DecodeState(benchmark::State& state) {
  Workspace workspace;
  for (int i = 0; i < 100; ++i) {
    e::UpsertAgents upsert;
    for (int k = 0; k < 100; ++k) upsert.agents.push_back(TypicalAgent(i * 100 + k));
    workspace.engine.Apply(kSampleTime, {upsert});
  }
  for (int i = 0; i < 100'000; ++i) workspace.SubmitOne();
  workspace.engine.ClearEvents();
  const RecordCodec codec;
  State records;
  for (Put& put : codec.EncodeAll(workspace.engine)) {
    records.records.push_back({put.table, put.key, std::move(put.bytes)});
  }
  for (auto _ : state) {
    e::Engine engine("acme");
    benchmark::DoNotOptimize(codec.Decode(records, engine));
  }
}
BENCHMARK(BM_DecodeState)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace firstline::store

BENCHMARK_MAIN();
