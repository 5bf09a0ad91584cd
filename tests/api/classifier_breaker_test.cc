#include "services/router/api/classifier_breaker.h"

#include <gtest/gtest.h>

namespace firstline::api {
namespace {

using Turn = ClassifierBreaker::Turn;
constexpr runtime::BootTime kStart{1'000'000};
const runtime::BootTime kAgain = kStart + ClassifierBreaker::kOpenFor;

ClassifierBreaker Open() {
  ClassifierBreaker breaker;
  for (int i = 0; i < ClassifierBreaker::kFailuresMax; ++i) breaker.Failed(Turn::kOrdinary, kStart);
  return breaker;
}

TEST(ClassifierBreakerTest, OpensAfterFailuresInARow) {
  ClassifierBreaker breaker;
  for (int round = 0; round < 2; ++round) {
    for (int i = 1; i < ClassifierBreaker::kFailuresMax; ++i) {
      breaker.Failed(Turn::kOrdinary, kStart);
      EXPECT_EQ(breaker.MayAsk(kStart), Turn::kOrdinary);
    }
    if (round == 0) breaker.Succeeded();
  }
  EXPECT_FALSE(breaker.open());
  breaker.Failed(Turn::kOrdinary, kStart);
  EXPECT_TRUE(breaker.open());
  EXPECT_EQ(breaker.MayAsk(kAgain - engine::Microseconds(1)), std::nullopt);
}

TEST(ClassifierBreakerTest, OneProbeDecides) {
  ClassifierBreaker breaker = Open();
  EXPECT_EQ(breaker.MayAsk(kAgain), Turn::kProbe);
  EXPECT_EQ(breaker.MayAsk(kAgain), std::nullopt);
  breaker.Failed(Turn::kProbe, kAgain);
  EXPECT_EQ(breaker.MayAsk(kAgain), std::nullopt);
  EXPECT_EQ(breaker.MayAsk(kAgain + ClassifierBreaker::kOpenFor), Turn::kProbe);
  breaker.Succeeded();
  EXPECT_EQ(breaker.MayAsk(kAgain), Turn::kOrdinary);
  // It has to fail as often as ever.
  breaker.Failed(Turn::kOrdinary, kAgain);
  EXPECT_FALSE(breaker.open());
}

TEST(ClassifierBreakerTest, AProbeThatSaysNothingIsFollowedByAnother) {
  ClassifierBreaker breaker = Open();
  EXPECT_EQ(breaker.MayAsk(kAgain), Turn::kProbe);
  breaker.Forget(Turn::kProbe);
  EXPECT_EQ(breaker.MayAsk(kAgain), Turn::kProbe);
}

TEST(ClassifierBreakerTest, WhatWasAskedBeforeItOpenedKeepsItOpenForNoLonger) {
  ClassifierBreaker breaker = Open();
  breaker.Failed(Turn::kOrdinary, kAgain - engine::Microseconds(1));
  EXPECT_EQ(breaker.MayAsk(kAgain), Turn::kProbe);
  breaker.Forget(Turn::kOrdinary);
  EXPECT_EQ(breaker.MayAsk(kAgain), std::nullopt);
}

TEST(ClassifierBreakerTest, MayGoWhenANewOneWouldKnowAsMuch) {
  EXPECT_TRUE(ClassifierBreaker().MayGo(kStart));
  ClassifierBreaker breaker;
  breaker.Failed(Turn::kOrdinary, kStart);
  EXPECT_FALSE(breaker.MayGo(kAgain));
  breaker = Open();
  EXPECT_FALSE(breaker.MayGo(kStart));
  EXPECT_TRUE(breaker.MayGo(kAgain));
  EXPECT_EQ(breaker.MayAsk(kAgain), Turn::kProbe);
  EXPECT_FALSE(breaker.MayGo(kAgain));
}

}  // namespace
}  // namespace firstline::api
