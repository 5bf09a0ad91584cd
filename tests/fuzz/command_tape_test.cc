// The fuzzer's body without the fuzzer: tapes of all shapes, in every build.
#include "tests/fuzz/command_tape.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/engine/choices.h"

namespace firstline::engine::proof {
namespace {

std::string Play(const std::vector<uint8_t>& tape) { return RunTape(tape.data(), tape.size()); }

TEST(CommandTapeTest, EmptyAndMonotonousTapes) {
  EXPECT_EQ(Play({}), "");
  for (int byte = 0; byte < 256; ++byte) {
    EXPECT_EQ(Play(std::vector<uint8_t>(400, static_cast<uint8_t>(byte))), "") << byte;
  }
}

TEST(CommandTapeTest, RandomTapes) {
  Choices choices(42);
  for (int n = 0; n < 300; ++n) {
    std::vector<uint8_t> tape(choices.Below(3000));
    for (uint8_t& byte : tape) byte = static_cast<uint8_t>(choices.Below(256));
    ASSERT_EQ(Play(tape), "") << "tape " << n;
  }
}

// Inputs that once broke something; a crash file of the fuzzer may be added as it is.
TEST(CommandTapeTest, Corpus) {
  const std::filesystem::path folder =
      std::filesystem::path(FIRSTLINE_SOURCE_DIR) / "tests/fuzz/command_tape_corpus";
  int tapes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::vector<uint8_t> tape{std::istreambuf_iterator<char>(file), {}};
    EXPECT_EQ(Play(tape), "") << entry.path();
    ++tapes;
  }
  EXPECT_GT(tapes, 0);
}

}  // namespace
}  // namespace firstline::engine::proof
