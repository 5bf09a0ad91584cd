#include "common/limit/token_bucket.h"

#include <gtest/gtest.h>

namespace firstline::limit {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(TokenBucketTest, GivesItsBurstAtOnceAndThenItsRate) {
  TokenBucket bucket(10, 3);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.Take(seconds(5)));
  EXPECT_FALSE(bucket.Take(seconds(5)));
  EXPECT_EQ(bucket.Wait(seconds(5)), milliseconds(100));
  EXPECT_FALSE(bucket.Take(seconds(5) + milliseconds(99)));
  EXPECT_EQ(bucket.Wait(seconds(5) + milliseconds(99)), milliseconds(1));
  EXPECT_TRUE(bucket.Take(seconds(5) + milliseconds(100)));
  EXPECT_FALSE(bucket.Take(seconds(5) + milliseconds(100)));
}

TEST(TokenBucketTest, NeverHoldsMoreThanItsBurst) {
  TokenBucket bucket(1000, 2);
  EXPECT_TRUE(bucket.Take(seconds(1)));
  EXPECT_FALSE(bucket.Full(seconds(1)));
  EXPECT_TRUE(bucket.Full(seconds(2)));
  EXPECT_TRUE(bucket.Take(seconds(3600)));
  EXPECT_TRUE(bucket.Take(seconds(3600)));
  EXPECT_FALSE(bucket.Take(seconds(3600)));
}

TEST(TokenBucketTest, TimeThatGoesBackStandsStill) {
  TokenBucket bucket(1, 1);
  EXPECT_TRUE(bucket.Take(seconds(100)));
  EXPECT_FALSE(bucket.Take(seconds(50)));
  EXPECT_FALSE(bucket.Take(seconds(100)));
  EXPECT_TRUE(bucket.Take(seconds(101)));
}

TEST(TokenBucketTest, IsExactInTheLongRun) {
  TokenBucket bucket(3, 1);
  int taken = 0;
  for (int ms = 0; ms < 100'000; ++ms) taken += bucket.Take(milliseconds(ms)) ? 1 : 0;
  EXPECT_NEAR(taken, 300, 1);
}

}  // namespace
}  // namespace firstline::limit
