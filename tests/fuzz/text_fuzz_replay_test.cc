// The text fuzzer's rules on a small corpus of its own, for builds without libFuzzer: texts that are
// taken, damaged in many ways from a fixed seed.
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "common/config/yaml.h"
#include "common/redis/target.h"
#include "firstline/v1/workspace.pb.h"
#include "services/router/api/page_token.h"
#include "services/router/store/port.h"
#include "tests/fuzz/text_fuzz.h"

namespace firstline::fuzz {
namespace {

void Check(const std::string& input) {
  CheckText(reinterpret_cast<const uint8_t*>(input.data()), input.size());
}

// Replaces, inserts, removes or repeats a few bytes behind the first.
std::string Damage(std::string input, std::mt19937& random) {
  for (unsigned n = 1 + random() % 4; n > 0 && input.size() > 1; --n) {
    const size_t at = 1 + random() % (input.size() - 1);
    switch (random() % 4) {
      case 0: input[at] = static_cast<char>(random()); break;
      case 1: input.insert(at, 1, static_cast<char>(random())); break;
      case 2: input.erase(at, 1); break;
      default: input.insert(at, input.substr(at, 8));
    }
  }
  return input;
}

// A corpus that no reader takes would prove little.
TEST(TextFuzz, SeedsAreTaken) {
  int cursors = 0, tokens = 0, stores = 0, files = 0;
  for (const std::string& seed : TextSeeds()) {
    const std::string text = seed.substr(1);
    v1::Workspace workspace;
    cursors += seed[0] == 0 && store::ParseEventId(text) ? 1 : 0;
    tokens += seed[0] == 1 && api::OpenPageToken(text, "agents w").ok() ? 1 : 0;
    stores += seed[0] == 2 && redis::Target::Parse(text).ok() ? 1 : 0;
    files += seed[0] == 3 && config::ParseYaml(text, workspace).ok() ? 1 : 0;
  }
  EXPECT_EQ(cursors, 2);
  EXPECT_EQ(tokens, 2);
  EXPECT_EQ(stores, 6);
  EXPECT_EQ(files, 1);
}

TEST(TextFuzz, DamageBreaksNoRule) {
  std::mt19937 random(1);
  for (const std::string& seed : TextSeeds()) {
    Check(seed);
    for (int i = 0; i < 2000; ++i) Check(Damage(seed, random));
  }
}

}  // namespace
}  // namespace firstline::fuzz
