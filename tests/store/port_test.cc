#include "services/router/store/port.h"

#include <gtest/gtest.h>

#include <limits>

namespace firstline::store {
namespace {

constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max();

TEST(EventIdTest, TextAndBack) {
  for (EventId id :
       {EventId{}, EventId{1, 2}, EventId{1'700'000'000'123, 10}, EventId{kMax, kMax}}) {
    EXPECT_EQ(ParseEventId(ToString(id)), id);
  }
  EXPECT_EQ(ToString(EventId{12, 3}), "12-3");
}

TEST(EventIdTest, OnlyTheCanonicalTextIsRead) {
  for (const char* text : {"", "-", "1", "1-", "-1", "1-2-3", "01-2", "1-02", "+1-2", " 1-2",
                           "1-2 ", "1-x", "18446744073709551616-1", "1--2", "0x1-2"}) {
    EXPECT_EQ(ParseEventId(text), std::nullopt) << text;
  }
}

TEST(EventIdTest, OrderAndNeighbours) {
  EXPECT_LT((EventId{1, kMax}), (EventId{2, 0}));
  EXPECT_EQ(Predecessor({5, 3}), (EventId{5, 2}));
  EXPECT_EQ(Successor({5, 3}), (EventId{5, 4}));
  EXPECT_EQ(Successor({5, kMax}), (EventId{6, 0}));
  EXPECT_EQ(Successor({kMax, kMax}), (EventId{kMax, kMax}));
}

TEST(BatchTest, EventsHaveToAscend) {
  Batch batch;
  EXPECT_EQ(Malformation(batch), std::nullopt);
  batch.events = {{{1, 1}, ""}, {{1, 2}, ""}, {{2, 1}, ""}};
  EXPECT_EQ(Malformation(batch), std::nullopt);
  batch.events.push_back({{2, 1}, ""});
  EXPECT_NE(Malformation(batch), std::nullopt);
  batch.events = {{{1, 0}, ""}};
  EXPECT_NE(Malformation(batch), std::nullopt);
}

}  // namespace
}  // namespace firstline::store
