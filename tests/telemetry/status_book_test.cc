#include "services/router/telemetry/status_book.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "common/clock/manual_clock.h"

namespace firstline::telemetry {
namespace {

using runtime::Incident;

TEST(StatusBookTest, CountsCommitsSinceTheStateWasLoaded) {
  clock::ManualClock clock;
  StatusBook book(clock);
  book.Loaded("shop");
  EXPECT_EQ(book.CommitsOf("shop").count, 0u);
  book.Committed("shop", {.latency = engine::Milliseconds(2)});
  clock.Advance(std::chrono::seconds(5));
  book.Committed("shop", {.latency = engine::Milliseconds(3)});
  EXPECT_EQ(book.CommitsOf("shop").count, 2u);
  EXPECT_EQ(book.CommitsOf("shop").last_time, clock.SystemTime());
  EXPECT_EQ(book.CommitsOf("shop").last_latency, engine::Milliseconds(3));
  book.Dropped("shop");
  EXPECT_EQ(book.CommitsOf("shop").count, 0u);
}

TEST(StatusBookTest, ARowOfTheSameIsOneEntryAndOneLineAMinute) {
  clock::ManualClock clock;
  StatusBook book(clock);
  EXPECT_TRUE(book.Count("shop", Incident::kShed));
  for (int i = 0; i < 59; ++i) {
    clock.Advance(std::chrono::seconds(1));
    EXPECT_FALSE(book.Count("shop", Incident::kShed));
  }
  clock.Advance(std::chrono::seconds(1));
  EXPECT_TRUE(book.Count("shop", Incident::kShed));
  ASSERT_EQ(book.entries().size(), 1u);
  EXPECT_EQ(book.entries()[0].count, 61u);
  EXPECT_EQ(book.entries()[0].time, clock.SystemTime());
  EXPECT_TRUE(book.Count("shop", Incident::kLapsed));
  EXPECT_TRUE(book.Count("bank", Incident::kLapsed));
  EXPECT_EQ(book.entries().size(), 3u);
}

TEST(StatusBookTest, OwnershipInOrderIsNoIncidentAndEntriesAreBounded) {
  clock::ManualClock clock;
  StatusBook book(clock);
  EXPECT_FALSE(book.Count("shop", Incident::kAcquired));
  EXPECT_FALSE(book.Count("shop", Incident::kReleased));
  EXPECT_TRUE(book.entries().empty());
  for (size_t i = 0; i < kIncidentsKept + 5; ++i) {
    book.Count(std::to_string(i), Incident::kFenced);
  }
  ASSERT_EQ(book.entries().size(), kIncidentsKept);
  EXPECT_EQ(book.entries().front().workspace, "5");
}

TEST(StatusBookTest, EveryIncidentHasANameOfItsOwn) {
  std::set<std::string> names;
  for (int i = 0; i < runtime::kIncidentCount; ++i) {
    names.insert(std::string(IncidentName(static_cast<Incident>(i))));
  }
  EXPECT_EQ(names.size(), static_cast<size_t>(runtime::kIncidentCount));
  EXPECT_EQ(names.count(""), 0u);
}

}  // namespace
}  // namespace firstline::telemetry
