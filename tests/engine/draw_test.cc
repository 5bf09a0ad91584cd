// The replayable draw: its formula, and that chances follow the weights.
#include "services/router/engine/draw.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

namespace firstline::engine {
namespace {

TEST(DrawTest, IsTheLogarithmToSixteenBits) {
  EXPECT_EQ(NegativeLog2(uint64_t{1} << 63), 65536);  // u = 1/2
  EXPECT_EQ(NegativeLog2(1), 64 * 65536);
  EXPECT_EQ(NegativeLog2(0), 64 * 65536);
  uint64_t h = 1;
  for (int k = 0; k < 10'000; ++k) {
    h = Mix(h + 0x9e3779b97f4a7c15);
    const double exact = -std::log2(std::ldexp(static_cast<double>(h), -64)) * 65536;
    EXPECT_NEAR(static_cast<double>(NegativeLog2(h)), exact, 2.0) << h;
  }
}

TEST(DrawTest, DependsOnSeedInquiryAndAgent) {
  EXPECT_EQ(Draw(1, 2, 3, 1), Draw(1, 2, 3, 1));
  EXPECT_NE(Draw(1, 2, 3, 1), Draw(2, 2, 3, 1));
  EXPECT_NE(Draw(1, 2, 3, 1), Draw(1, 3, 3, 1));
  EXPECT_NE(Draw(1, 2, 3, 1), Draw(1, 2, 4, 1));
}

// Of agents with weights 1, 2, 3 and 4 each is the smallest as often as its weight says: the share of
// 40,000 draws lies within five standard deviations.
TEST(DrawTest, ChancesFollowTheWeights) {
  constexpr int kDraws = 40'000;
  for (uint64_t seed : {0u, 1u, 77u}) {
    std::array<int, 4> chosen{};
    for (uint64_t inquiry = 1; inquiry <= kDraws; ++inquiry) {
      size_t best = 0;
      for (size_t a = 1; a < 4; ++a) {
        const auto agent = static_cast<uint32_t>(a + 1);
        const auto before = static_cast<uint32_t>(best + 1);
        if (Draw(seed, inquiry, agent, static_cast<int>(a + 1)) <
            Draw(seed, inquiry, before, static_cast<int>(best + 1))) {
          best = a;
        }
      }
      ++chosen[best];
    }
    for (size_t a = 0; a < 4; ++a) {
      const double share = static_cast<double>(a + 1) / 10;
      const double deviation = std::sqrt(kDraws * share * (1 - share));
      EXPECT_NEAR(chosen[a], kDraws * share, 5 * deviation) << "seed " << seed << " agent " << a;
    }
  }
}

}  // namespace
}  // namespace firstline::engine
