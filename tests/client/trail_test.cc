#include "common/client/trail.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <ostream>

namespace firstline::client {

void PrintTo(Cursor cursor, std::ostream* out) { *out << ToString(cursor); }

namespace {

TEST(TrailTest, WithinAnEpochTheServerKnows) {
  Trail trail;
  trail.Reach({1, 5});
  trail.Reach({3, 9});
  EXPECT_EQ(trail.GoBack({3, 2}), (Cursor{3, 2}));
  EXPECT_EQ(trail.GoBack({3, 1}), (Cursor{3, 1}));
  // That epoch is no more: what was read before it is known.
  EXPECT_EQ(trail.GoBack({2, 7}), (Cursor{1, 5}));
}

TEST(TrailTest, OfAnotherEpochOnlyWhatWasReadCounts) {
  Trail trail;
  trail.Reach({1, 5});
  trail.Reach({1, 30});
  trail.Reach({3, 1});
  trail.Reach({3, 10});
  EXPECT_EQ(trail.GoBack({2, 50}), (Cursor{1, 30}));
  // That is not there either.
  EXPECT_EQ(trail.GoBack({1, 20}), (Cursor{1, 20}));
  trail.Reach({2, 4});
  trail.Reach({4, 4});
  EXPECT_EQ(trail.GoBack({1, 0}), (Cursor{2, 4}));
  EXPECT_EQ(trail.GoBack({1, 0}), (Cursor{1, 20}));
  EXPECT_EQ(trail.GoBack({0, 7}), (Cursor{0, 7}));
}

TEST(TrailTest, WhoHasReadNothingElseTakesTheServersWord) {
  Trail trail;
  EXPECT_EQ(trail.GoBack({2, 1}), (Cursor{2, 1}));
  trail.Restart({9, 9});
  EXPECT_EQ(trail.GoBack({}), Cursor{});
  EXPECT_EQ(trail.GoBack({}), Cursor{}) << "what it read is gone with it";
  trail.Reach({});
  trail.Reach({9, 9});
  EXPECT_EQ(trail.GoBack({}), Cursor{});
}

TEST(TrailTest, WhatIsBehindIsNoStep) {
  Trail trail;
  trail.Reach({3, 9});
  trail.Reach({3, 8});
  trail.Reach({2, 8});
  EXPECT_EQ(trail.GoBack({1, 0}), (Cursor{1, 0}));
}

TEST(TrailTest, RemembersTheLastEpochsOnly) {
  for (const std::uint64_t more : {0, 1}) {
    Trail trail;
    const std::uint64_t epochs = Trail::kEpochsMax + more;
    for (std::uint64_t epoch = 1; epoch <= epochs; ++epoch) trail.Reach({epoch, 7});
    for (std::uint64_t epoch = epochs - 1; epoch > more; --epoch) {
      EXPECT_EQ(trail.GoBack({0, 1}), (Cursor{epoch, 7}));
    }
    EXPECT_EQ(trail.GoBack({0, 1}), (Cursor{0, 1}));
  }
}

}  // namespace
}  // namespace firstline::client
