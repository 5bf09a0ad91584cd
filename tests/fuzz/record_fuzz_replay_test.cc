// The record fuzzer's rule on a small corpus of its own, for builds without libFuzzer: good
// records, each damaged in many ways from a fixed seed.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "services/router/store/agent_record.h"
#include "services/router/store/config_record.h"
#include "services/router/store/inquiry_record.h"
#include "tests/fuzz/record_fuzz.h"
#include "tests/store/sample_engine.h"

namespace firstline::store {
namespace {

// One good record of each kind, the kind in front.
std::vector<std::string> Seeds() {
  const auto engine = SampleEngine();
  const engine::Inquiry& inquiry = engine->inquiry(engine->FindInquiry("i-1"));
  const engine::RememberedRequest request = {
      .id = "r", .digest = 7, .expire = kSampleTime, .receipt = {.agent_id = "ann"}};
  std::vector<std::string> seeds = {
      EncodeInquiry(*engine, inquiry), EncodeAgent(*engine, engine->FindAgent("ann")),
      EncodeConfig(SampleConfig()), EncodeCounters({.now = kSampleTime}), EncodeRequest(request)};
  for (size_t kind = 0; kind < seeds.size(); ++kind) {
    seeds[kind].insert(seeds[kind].begin(), static_cast<char>(kind));
  }
  return seeds;
}

void Check(const std::string& input) {
  CheckRecordInput(reinterpret_cast<const uint8_t*>(input.data()), input.size());
}

// Flips, inserts, removes or repeats a few bytes behind the kind.
std::string Damage(std::string input, std::mt19937& random) {
  for (unsigned n = 1 + random() % 4; n > 0; --n) {
    const size_t at = 1 + random() % input.size();
    const char byte = static_cast<char>(random());
    if (at == input.size()) {
      input.push_back(byte);
      continue;
    }
    switch (random() % 4) {
      case 0:
        input[at] = static_cast<char>(input[at] ^ (1 << random() % 8));
        break;
      case 1:
        input.insert(input.begin() + static_cast<std::ptrdiff_t>(at), byte);
        break;
      case 2:
        input.erase(at, 1 + random() % 3);
        break;
      default:
        input += input.substr(at, random() % 32);
    }
  }
  return input;
}

TEST(RecordFuzzReplayTest, GoodRecords) {
  ASSERT_EQ(Seeds().size(), static_cast<size_t>(kRecordKinds));
  for (const std::string& seed : Seeds()) Check(seed);
  Check("");
}

TEST(RecordFuzzReplayTest, DamagedRecords) {
  std::mt19937 random(1);
  for (const std::string& seed : Seeds()) {
    for (int round = 0; round < 2000; ++round) Check(Damage(seed, random));
    for (size_t size = 0; size < seed.size(); ++size) Check(seed.substr(0, size));
  }
}

}  // namespace
}  // namespace firstline::store
