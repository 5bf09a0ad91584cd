#include <google/protobuf/stubs/logging.h>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>

#include "services/router/store/agent_record.h"
#include "services/router/store/config_record.h"
#include "services/router/store/inquiry_record.h"
#include "tests/fuzz/record_fuzz.h"
#include "tests/store/sample_engine.h"

namespace firstline::store {
namespace {

// Parsing a damaged record is no news on standard error.
const auto kQuiet = google::protobuf::SetLogHandler(nullptr);

void Must(bool holds, const char* what) {
  if (holds) return;
  std::cerr << "broken rule: " << what << "\n";
  std::abort();
}

// `encode` of what `decode` read has to be a fixed point.
template <class Decode, class Encode>
void CheckRoundTrip(std::string_view bytes, Decode decode, Encode encode) {
  const auto first = decode(bytes);
  if (!first.ok()) return;
  const std::string written = encode(*first);
  const auto second = decode(written);
  Must(second.ok(), "what was written can be read");
  Must(encode(*second) == written, "what was read is written as it was");
}

void CheckAgent(std::string_view bytes, engine::Engine& engine) {
  const auto agent = DecodeAgent("ann", bytes, engine);
  if (!agent.ok()) return;
  engine.RestoreAgent(agent->config, agent->state);
  engine.FinishRestore();
  const std::string written = EncodeAgent(engine, engine.FindAgent("ann"));
  auto other = std::make_unique<engine::Engine>("acme");
  other->RestoreConfig(SampleConfig(), {.now = kSampleTime});
  const auto again = DecodeAgent("ann", written, *other);
  Must(again.ok(), "what was written can be read");
  other->RestoreAgent(again->config, again->state);
  other->FinishRestore();
  Must(EncodeAgent(*other, other->FindAgent("ann")) == written, "an agent is written as it was");
}

}  // namespace

void CheckRecordInput(const uint8_t* data, size_t size) {
  if (size == 0) return;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  engine::Engine engine("acme");
  engine.RestoreConfig(SampleConfig(), {.now = kSampleTime});
  switch (data[0] % kRecordKinds) {
    case 0:
      return CheckRoundTrip(
          bytes, [&](std::string_view b) { return DecodeInquiry("i", b, engine); },
          [&](const engine::Inquiry& inquiry) { return EncodeInquiry(engine, inquiry); });
    case 1:
      return CheckAgent(bytes, engine);
    case 2:
      return CheckRoundTrip(bytes, DecodeConfig, EncodeConfig);
    case 3:
      return CheckRoundTrip(bytes, DecodeCounters, EncodeCounters);
    default:
      return CheckRoundTrip(
          bytes, [](std::string_view b) { return DecodeRequest("r", b); }, EncodeRequest);
  }
}

}  // namespace firstline::store
