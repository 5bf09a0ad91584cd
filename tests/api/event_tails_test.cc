// The tails without their thread: what slow watchers are told, and that nobody misses an event where
// history in the store meets what is in memory.
#include "services/router/api/event_tails.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/status/reason.h"

namespace firstline::api {
namespace {

using store::EventId;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr uint64_t kEpoch = 7;

// As the port says, of one workspace. May forget its oldest and its newest events.
class Log final : public store::EventLog {
 public:
  void Append(int count, const std::string& agent = "") {
    for (int i = 0; i < count; ++i) {
      const EventId id{kEpoch, ++n_};
      v1::Event event;
      event.set_id(store::ToString(id));
      event.set_agent_id(agent);
      entries_[id] = event.SerializeAsString();
    }
  }
  void Trim(uint64_t up_to) {
    entries_.erase(entries_.begin(), entries_.upper_bound({kEpoch, up_to}));
  }
  void Rewind(uint64_t to) {
    entries_.erase(entries_.upper_bound({kEpoch, to}), entries_.end());
    n_ = to + 100;  // what comes instead has other ids
  }
  bool reachable = true;

  store::EventPage Read(const store::WorkspaceId&, EventId cursor, size_t max, int64_t) override {
    store::EventPage page;
    if (!reachable) page.state = store::CursorState::kUnavailable;
    if (!reachable || entries_.empty()) return page;
    const EventId before = store::Predecessor(entries_.begin()->first);
    if (cursor != EventId{} && cursor != before && !entries_.contains(cursor)) {
      page.state = cursor < before ? store::CursorState::kExpired : store::CursorState::kRewound;
      page.last_common = cursor < before ? before : LastUpTo(cursor, before);
      return page;
    }
    for (auto it = entries_.upper_bound(cursor); it != entries_.end() && page.events.size() < max;
         ++it) {
      page.events.push_back({it->first, it->second});
    }
    return page;
  }
  std::optional<EventId> Last(const store::WorkspaceId&) override {
    if (!reachable) return std::nullopt;
    return entries_.empty() ? EventId{} : entries_.rbegin()->first;
  }

 private:
  EventId LastUpTo(EventId cursor, EventId before) const {
    const auto after = entries_.upper_bound(cursor);
    return after == entries_.begin() ? before : std::prev(after)->first;
  }

  std::map<EventId, std::string> entries_;
  uint64_t n_ = 0;
};

class EventTailsTest : public testing::Test {
 protected:
  struct Told {
    std::vector<uint64_t> events;
    std::vector<bool> lost;  // of each batch
    absl::Status status;
    std::optional<EventId> cursor, reached;  // of the last batch
    int batches = 0;
  };
  Told& Read(EventTails::Id id, std::optional<EventId> cursor) {
    tails_.OpenReader(id, {.workspace = "w", .cursor = cursor, .filter = {}, .inquiry = ""},
                      [this, id](const EventTails::Batch& batch) { Take(id, batch); });
    return told_[id];
  }
  Told& FollowAgent(EventTails::Id id, const std::string& agent) {
    tails_.OpenFollower(id, "w", [this, id](const EventTails::Batch& batch) { Take(id, batch); });
    EXPECT_TRUE(tails_.AddAgents(id, {agent}));
    return told_[id];
  }
  void Take(EventTails::Id id, const EventTails::Batch& batch) {
    Told& told = told_[id];
    ++told.batches;
    told.status = batch.status;
    told.cursor = batch.cursor;
    told.reached = batch.reached;
    told.lost.push_back(batch.lost);
    for (const EventTails::SharedEvent& event : batch.events) told.events.push_back(event->id.n);
  }
  // One batch, if there is anything.
  void Next(EventTails::Id id) {
    tails_.Next(id, now_);
    while (tails_.Look(now_)) {
    }
  }
  void NextAll(EventTails::Id id) {
    for (int before = -1; before != told_[id].batches;) {
      before = told_[id].batches;
      Next(id);
    }
  }

  Log log_;
  EventTails tails_{log_, {.page = 4, .message = 3, .recent = 5, .backlog = 4}};
  EventTails::Time now_;
  std::map<EventTails::Id, Told> told_;
};

std::vector<uint64_t> Numbers(uint64_t from, uint64_t to) {
  std::vector<uint64_t> numbers;
  for (uint64_t n = from; n <= to; ++n) numbers.push_back(n);
  return numbers;
}

TEST_F(EventTailsTest, NothingIsMissedWhereHistoryMeetsWhatIsInMemory) {
  log_.Append(20);
  Told& told = Read(1, EventId{});
  uint64_t last = 20;
  // However far the reader is when the next events come.
  for (int i = 0; i < 30; ++i) {
    Next(1);
    log_.Append(i % 4);
    last += static_cast<uint64_t>(i % 4);
  }
  NextAll(1);
  EXPECT_EQ(told.events, Numbers(1, last));
}

TEST_F(EventTailsTest, ASlowReaderFindsWhatItMissedInTheStore) {
  log_.Append(1);
  Told& slow = Read(1, EventId{});
  Told& quick = Read(2, EventId{});
  for (int i = 0; i < 10; ++i) {
    log_.Append(3);
    NextAll(2);
  }
  EXPECT_EQ(quick.events, Numbers(1, 31));
  EXPECT_THAT(slow.events, IsEmpty());
  NextAll(1);
  EXPECT_EQ(slow.events, Numbers(1, 31));
}

TEST_F(EventTailsTest, AReaderBehindWhatIsRetainedIsToldWhereToResume) {
  log_.Append(3);
  Told& slow = Read(1, EventId{});
  Next(1);
  Read(2, EventId{kEpoch, 3});
  log_.Append(20);
  NextAll(2);  // the tail has come further
  log_.Trim(10);
  Next(1);
  EXPECT_EQ(status::ReasonOf(slow.status), "CURSOR_EXPIRED");
  EXPECT_EQ(status::GetErrorInfo(slow.status)->metadata.at("resume_cursor"), "7-10");
  EXPECT_EQ(slow.events, Numbers(1, 3));
  Told& again = Read(3, EventId{kEpoch, 10});
  NextAll(3);
  EXPECT_EQ(again.events, Numbers(11, 23));
}

TEST_F(EventTailsTest, AReaderWaitsWhileTheStoreCannotBeReached) {
  log_.Append(2);
  log_.reachable = false;
  Told& told = Read(1, EventId{kEpoch, 1});
  Next(1);
  EXPECT_EQ(told.batches, 0);
  Told& new_here = Read(2, std::nullopt);
  Next(2);
  now_ += limits::kHeartbeat;
  Next(1);
  EXPECT_EQ(told.batches, 1);
  EXPECT_EQ(told.cursor, (EventId{kEpoch, 1})) << "who saves it resumes where it was";
  EXPECT_EQ(new_here.batches, 1);
  EXPECT_EQ(new_here.cursor, std::nullopt) << "the oldest event is not now";
  log_.reachable = true;
  NextAll(1);
  EXPECT_EQ(told.events, Numbers(2, 2));
  EXPECT_TRUE(told.status.ok());
}

TEST_F(EventTailsTest, ASlowFollowerIsToldThatItLostSome) {
  log_.Append(1);
  Told& told = FollowAgent(1, "ann");
  Next(1);
  const int before = told.batches;
  log_.Append(2, "ann");
  log_.Append(2, "bob");
  Next(1);
  EXPECT_THAT(told.events, ElementsAre(2, 3));
  EXPECT_FALSE(told.lost.back());
  log_.Append(4, "ann");  // as many as fit
  while (tails_.Look(now_)) {
  }
  log_.Append(1, "ann");
  NextAll(1);
  EXPECT_THAT(told.events, ElementsAre(2, 3)) << "the backlog is dropped as a whole";
  EXPECT_TRUE(told.lost.back());
  log_.Append(1, "ann");
  NextAll(1);
  EXPECT_FALSE(told.lost.back());
  EXPECT_GT(told.batches, before);
}

TEST_F(EventTailsTest, WhatAFollowerAwaitsIsThereOrOnAnotherHistory) {
  log_.Append(3);
  Told& told = FollowAgent(1, "bob");
  Next(1);
  const auto await = [&](EventId cursor) {
    const int before = told.batches;
    tails_.Await(1, cursor);
    Next(1);
    return told.batches > before;
  };
  EXPECT_TRUE(await({kEpoch, 3}));
  EXPECT_EQ(told.reached, (EventId{kEpoch, 3}));
  log_.Append(9, "ann");
  EXPECT_TRUE(await({kEpoch, 11})) << "in memory";
  EXPECT_EQ(told.reached, (EventId{kEpoch, 11}));
  EXPECT_TRUE(await({kEpoch, 4})) << "in the store alone";
  EXPECT_EQ(told.reached, (EventId{kEpoch, 4}));
  EXPECT_FALSE(told.lost.back());
  log_.reachable = false;
  EXPECT_FALSE(await({kEpoch + 2, 1})) << "nothing tells";
  log_.reachable = true;
  Next(1);
  EXPECT_TRUE(told.lost.back()) << "of an owner that is none here";
  EXPECT_EQ(told.reached, std::nullopt);
  EXPECT_FALSE(await({kEpoch + 2, 1})) << "not again at once";
  now_ += EventTails::kGoneAgain;
  const int before = told.batches;
  Next(1);
  EXPECT_EQ(told.batches, before + 1);
  EXPECT_TRUE(told.lost.back());
  // Taken back, and what came instead has larger ids.
  now_ += EventTails::kGoneAgain;
  log_.Rewind(9);
  log_.Append(3);
  Next(1);
  EXPECT_TRUE(await({kEpoch, 11}));
  EXPECT_TRUE(told.lost.back());
  EXPECT_EQ(told.reached, std::nullopt);
}

TEST_F(EventTailsTest, AFollowerIsToldThatHistoryWasTakenBack) {
  log_.Append(5, "ann");
  Told& told = FollowAgent(1, "ann");
  Next(1);
  log_.Append(1, "ann");
  Next(1);
  log_.Rewind(3);
  log_.Append(2, "ann");
  NextAll(1);
  EXPECT_TRUE(std::find(told.lost.begin(), told.lost.end(), true) != told.lost.end());
  EXPECT_EQ(told.cursor, (EventId{kEpoch, 105}));
  log_.Append(1, "ann");
  NextAll(1);
  EXPECT_EQ(told.events.back(), 106u) << "what came before it is in what it looks at anew";
}

}  // namespace
}  // namespace firstline::api
