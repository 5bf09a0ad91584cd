#include "common/trace/trace_context.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>

namespace firstline::trace {
namespace {

constexpr char kGood[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(TraceContextTest, ReadsAndWritesAHeader) {
  const auto context = Parse(kGood);
  ASSERT_TRUE(context);
  EXPECT_EQ(context->TraceId(), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(context->SpanId(), "00f067aa0ba902b7");
  EXPECT_TRUE(context->sampled);
  EXPECT_FALSE(context->random);
  EXPECT_EQ(context->ToHeader(), kGood);
}

TEST(TraceContextTest, KeepsTheFlagsItKnows) {
  const std::string ids(kGood, 53);
  EXPECT_EQ(Parse(ids + "00")->ToHeader(), ids + "00");
  EXPECT_EQ(Parse(ids + "02")->ToHeader(), ids + "02");
  EXPECT_EQ(Parse(ids + "ff")->ToHeader(), ids + "03");
}

TEST(TraceContextTest, IgnoresWhatTheStandardSaysToIgnore) {
  const std::string rest = "-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  for (const std::string& header :
       {std::string(), std::string("00"), std::string("garbage"), std::string(55, '-'),
        std::string(kGood, 54), std::string(kGood) + "-00", std::string(kGood) + "0",
        std::string(kGood) + " ", " " + std::string(kGood), "ff" + rest, "0g" + rest, "-0" + rest,
        std::string("00-00000000000000000000000000000000-00f067aa0ba902b7-01"),
        std::string("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01"),
        std::string("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01"),
        std::string("00-4bf92f3577b34da6a3ce929d0e0e4736-00F067AA0BA902B7-01"),
        std::string("00-4bf92f3577b34da6a3ce929d0e0e473-600f067aa0ba902b7-01"),
        std::string("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0g"),
        std::string("00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        "01" + rest + "x", "01" + rest + "-" + std::string(kHeaderBytesMax, 'x')}) {
    EXPECT_FALSE(Parse(header)) << header;
  }
}

TEST(TraceContextTest, ReadsLaterVersionsAsFarAsItKnowsThem) {
  const std::string rest = "-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  for (const std::string& header : {"01" + rest, "cc" + rest + "-what-comes", "fe" + rest + "-"}) {
    const auto context = Parse(header);
    ASSERT_TRUE(context) << header;
    EXPECT_EQ(context->ToHeader(), kGood);
  }
}

TEST(TraceContextTest, StepsStayInTheTrace) {
  const Context begun = NewTrace();
  EXPECT_TRUE(begun.sampled);
  EXPECT_EQ(Parse(begun.ToHeader()), begun);
  std::set<std::uint64_t> spans{begun.span};
  for (int i = 0; i < 1000; ++i) {
    const Context step = NewSpan(begun);
    EXPECT_EQ(step.TraceId(), begun.TraceId());
    EXPECT_TRUE(spans.insert(step.span).second);
    EXPECT_EQ(Parse(step.ToHeader()), step);
  }
  EXPECT_NE(NewTrace().TraceId(), begun.TraceId());
}

TEST(TraceContextTest, DamagedHeadersAreIgnoredOrReadAsWritten) {
  std::mt19937 random(1);
  int read = 0;
  for (int round = 0; round < 100'000; ++round) {
    std::string header = kGood;
    const size_t at = random() % header.size();
    header[at] = static_cast<char>(random() % 2 == 0 ? "0123456789abcdefg-"[random() % 18]
                                                     : static_cast<char>(random()));
    const auto context = Parse(header);
    if (!context) continue;
    ++read;
    EXPECT_EQ(context->ToHeader().substr(2, 51), header.substr(2, 51));
  }
  EXPECT_GT(read, 10'000);
  EXPECT_LT(read, 90'000);
}

}  // namespace
}  // namespace firstline::trace
