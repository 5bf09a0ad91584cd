#include "common/config/duration.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <random>

namespace firstline::config {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

TEST(DurationTest, Reads) {
  const struct {
    const char* text;
    std::int64_t ns;
  } cases[] = {
      {"0s", 0},
      {"20s", 20 * kSecond},
      {"1m30s", 90 * kSecond},
      {"2h", 7200 * kSecond},
      {"1d2h3m4s5ms6us7ns", 93784 * kSecond + 5'006'007},
      {"250ms", kSecond / 4},
      {"1.5h", 5400 * kSecond},
      {"1m0.5s", 60 * kSecond + kSecond / 2},
      {"0.000000001s", 1},
      {"-3s", -3 * kSecond},
      {"-1m30s", -90 * kSecond},
      {"90m", 5400 * kSecond},
      {"1.0000000000000000s", kSecond},
      {"9223372036854775807ns", std::numeric_limits<std::int64_t>::max()},
  };
  for (const auto& c : cases) EXPECT_EQ(ParseDurationNs(c.text), c.ns) << c.text;
}

TEST(DurationTest, Refuses) {
  for (const char* bad :
       {"", "-", "s", "5", "5 s", " 5s", "5s ", "5S", "5x", "5sec", "30s1m", "1s1s", "1.5m3s",
        ".5s", "5.s", "1..5s", "1e3s", "+5s", "--5s", "0.0000000001s", "0.5ns", "9223372036854775808ns",
        "106752d", "99999999999999999999s"}) {
    EXPECT_EQ(ParseDurationNs(bad), std::nullopt) << bad;
  }
}

TEST(DurationTest, JsonForm) {
  EXPECT_EQ(JsonDuration(0), "0s");
  EXPECT_EQ(JsonDuration(90 * kSecond), "90s");
  EXPECT_EQ(JsonDuration(kSecond / 4), "0.250000000s");
  EXPECT_EQ(JsonDuration(-1), "-0.000000001s");
  EXPECT_EQ(JsonDuration(-kSecond - 5), "-1.000000005s");
}

TEST(DurationTest, FormatsWhatItReads) {
  EXPECT_EQ(FormatDuration(0), "0s");
  EXPECT_EQ(FormatDuration(90 * kSecond), "1m30s");
  EXPECT_EQ(FormatDuration(-86400 * kSecond), "-1d");
  EXPECT_EQ(FormatDuration(kSecond / 4), "250ms");
  std::mt19937_64 random(1);
  for (int i = 0; i < 10'000; ++i) {
    const auto ns = static_cast<std::int64_t>(random()) >> (i % 63);
    ASSERT_EQ(ParseDurationNs(FormatDuration(ns)), ns) << FormatDuration(ns);
  }
}

}  // namespace
}  // namespace firstline::config
