#include "common/client/subscription.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "absl/strings/str_cat.h"
#include "common/client/cursor.h"
#include "tests/client/fake_router.h"

namespace firstline::client {
namespace {

using test::FakeRouter;
using test::FakeTiming;
using test::Refusal;
using testing::ElementsAre;

v1::WatchEventsResponse Batch(int first, int last) {
  v1::WatchEventsResponse response;
  for (int n = first; n <= last; ++n) response.add_events()->set_id(absl::StrCat("1-", n));
  response.set_cursor(absl::StrCat("1-", last));
  return response;
}

class SubscriptionTest : public testing::Test {
 protected:
  Subscription Subscribe(Subscription::Options options = {}) {
    options.workspace = "acme";
    return Subscription(client_, options);
  }
  // Ids of the events up to and with `last`.
  static std::vector<std::string> ReadUntil(Subscription& events, const std::string& last) {
    std::vector<std::string> ids;
    while (auto news = events.Next()) {
      EXPECT_EQ(news->kind, News::Kind::kEvents) << news->error.ToString();
      for (const v1::Event& event : news->events) ids.push_back(event.id());
      if (HasReached(news->cursor, last)) break;
    }
    return ids;
  }

  // What the router's handlers touch stands before the router: they may still run when a test's
  // body is over, until the router dies.
  Stop reading_;
  Stop done_;
  std::atomic<int> streams_ = 0;
  std::vector<std::string> cursors_;  // that streams were opened with
  const std::shared_ptr<FakeTiming> timing_ = std::make_shared<FakeTiming>();
  FakeRouter router_;
  Client client_{{.targets = {router_.address()}, .timing = timing_}};
};

// Each stream tells three events, one of which was told before, and breaks in one of the ways gRPC
// has for it.
TEST_F(SubscriptionTest, ResumesAfterEveryBreakWithoutGapOrDouble) {
  router_.on_watch_events = [this](const v1::WatchEventsRequest& request, auto* writer) {
    cursors_.push_back(request.cursor());
    const auto seen = ParseCursor(request.cursor());
    const int n = seen ? static_cast<int>(seen->n) : 0;
    writer->Write(Batch(std::max(1, n - 1), n + 2));
    const grpc::Status breaks[] = {
        grpc::Status::OK,
        {grpc::StatusCode::UNAVAILABLE, "enter idle"},
        {grpc::StatusCode::INTERNAL, "Received RST_STREAM with error code 2"},
        {grpc::StatusCode::UNKNOWN, "Stream removed"},
        {grpc::StatusCode::CANCELLED, "going away"},
        Refusal(grpc::StatusCode::UNAVAILABLE, "SLOW_READER")};
    return breaks[cursors_.size() % 6];
  };
  Subscription events = Subscribe();
  std::vector<std::string> expected;
  for (int n = 1; n <= 20; ++n) expected.push_back(absl::StrCat("1-", n));
  EXPECT_EQ(ReadUntil(events, "1-20"), expected);
  EXPECT_EQ(events.streams_opened(), 10);
  events.Cancel();
  EXPECT_FALSE(events.Next());
}

TEST_F(SubscriptionTest, HeartbeatsMoveTheCursorPastWhatWasFilteredOut) {
  router_.on_watch_events = [this](const v1::WatchEventsRequest& request, auto* writer) {
    cursors_.push_back(request.cursor());
    v1::WatchEventsResponse heartbeat;
    heartbeat.set_cursor(cursors_.size() == 1 ? "1-50" : "1-60");
    writer->Write(heartbeat);
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "enter idle");
  };
  Subscription events = Subscribe({.cursor = "1-7"});
  EXPECT_EQ(ReadUntil(events, "1-60"), std::vector<std::string>());
  EXPECT_THAT(cursors_, ElementsAre("1-7", "1-50"));
}

TEST_F(SubscriptionTest, TellsThatHistoryWasTakenBackAndGoesOnFromThere) {
  router_.on_watch_events = [this](const v1::WatchEventsRequest& request, auto* writer) {
    cursors_.push_back(request.cursor());
    if (request.cursor() == "1-9") {
      return Refusal(grpc::StatusCode::OUT_OF_RANGE, "CURSOR_REWOUND", {{"resume_cursor", "1-5"}});
    }
    // Another owner goes on from 1-5 in an epoch of its own.
    v1::WatchEventsResponse response;
    response.add_events()->set_id("2-1");
    writer->Write(response);
    return grpc::Status::OK;
  };
  Subscription events = Subscribe({.cursor = "1-9"});
  const auto news = events.Next();
  ASSERT_TRUE(news);
  EXPECT_EQ(news->kind, News::Kind::kRewound);
  EXPECT_EQ(news->cursor, "1-5");
  EXPECT_THAT(ReadUntil(events, "2-1"), ElementsAre("2-1"));
  EXPECT_THAT(cursors_, ElementsAre("1-9", "1-5"));
  EXPECT_THAT(timing_->waits(), ElementsAre());
}

// It followed a store that was none any more, where an owner of epoch 3 came after 1-2; on the
// history that stays epoch 2 came after 1-1.
TEST_F(SubscriptionTest, MissesNothingOfAHistoryThatItDidNotFollow) {
  router_.on_watch_events = [this](const v1::WatchEventsRequest& request, auto* writer) {
    cursors_.push_back(request.cursor());
    v1::WatchEventsResponse response;
    if (request.cursor() == "0-0") {
      for (const char* id : {"1-1", "1-2", "3-1", "3-2"}) response.add_events()->set_id(id);
      writer->Write(response);
      return grpc::Status(grpc::StatusCode::UNAVAILABLE, "failed over");
    }
    // The first is what routers of before would say.
    if (request.cursor() == "3-2") {
      return Refusal(grpc::StatusCode::OUT_OF_RANGE, "CURSOR_REWOUND", {{"resume_cursor", "2-2"}});
    }
    if (request.cursor() == "1-2") {
      return Refusal(grpc::StatusCode::OUT_OF_RANGE, "CURSOR_REWOUND", {{"resume_cursor", "1-1"}});
    }
    for (const char* id : {"2-1", "2-2"}) response.add_events()->set_id(id);
    writer->Write(response);
    return grpc::Status::OK;
  };
  Subscription events = Subscribe({.cursor = "0-0"});
  EXPECT_THAT(ReadUntil(events, "3-2"), ElementsAre("1-1", "1-2", "3-1", "3-2"));
  for (const char* cursor : {"1-2", "1-1"}) {
    const auto news = events.Next();
    ASSERT_TRUE(news);
    EXPECT_EQ(news->kind, News::Kind::kRewound);
    EXPECT_EQ(news->cursor, cursor);
  }
  EXPECT_THAT(ReadUntil(events, "2-2"), ElementsAre("2-1", "2-2"));
  EXPECT_THAT(cursors_, ElementsAre("0-0", "3-2", "1-2", "1-1"));
}

TEST_F(SubscriptionTest, TellsThatEventsWereMissedAndGoesOnWhereHistoryBegins) {
  router_.on_watch_events = [this](const v1::WatchEventsRequest& request, auto* writer) {
    cursors_.push_back(request.cursor());
    if (request.cursor() == "1-9") {
      return Refusal(grpc::StatusCode::OUT_OF_RANGE, "CURSOR_EXPIRED",
                     {{"resume_cursor", "1-500"}});
    }
    writer->Write(Batch(501, 502));
    return grpc::Status::OK;
  };
  Subscription events = Subscribe({.cursor = "1-9"});
  const auto news = events.Next();
  ASSERT_TRUE(news);
  EXPECT_EQ(news->kind, News::Kind::kExpired);
  EXPECT_EQ(news->cursor, "1-500");
  EXPECT_THAT(ReadUntil(events, "1-502"), ElementsAre("1-501", "1-502"));
}

TEST_F(SubscriptionTest, AnErrorThatWillNotPassEndsIt) {
  router_.on_watch_events = [](const auto&, auto*) {
    return Refusal(grpc::StatusCode::NOT_FOUND, "UNKNOWN_WORKSPACE");
  };
  Subscription events = Subscribe();
  const auto news = events.Next();
  ASSERT_TRUE(news);
  EXPECT_EQ(news->kind, News::Kind::kFailed);
  EXPECT_EQ(news->error.reason, "UNKNOWN_WORKSPACE");
  EXPECT_FALSE(events.Next());
}

// Keys are replaced before tokens are: a token that was good may be one again soon.
TEST_F(SubscriptionTest, OutlivesKeysThatAreReplaced) {
  router_.on_watch_events = [this](const auto&, auto* writer) {
    const int stream = ++streams_;
    if (stream == 1 || stream == 6) writer->Write(Batch(stream, stream));
    return Refusal(grpc::StatusCode::UNAUTHENTICATED, "TOKEN_INVALID");
  };
  Subscription events = Subscribe();
  EXPECT_THAT(ReadUntil(events, "1-6"), ElementsAre("1-1", "1-6"));
  EXPECT_EQ(streams_, 6);
  // For a minute, and no longer.
  const auto start = timing_->Now();
  const auto news = events.Next();
  ASSERT_TRUE(news);
  EXPECT_EQ(news->kind, News::Kind::kFailed);
  EXPECT_EQ(news->error.reason, "TOKEN_INVALID");
  EXPECT_GE(timing_->Now() - start, std::chrono::seconds(60));
  EXPECT_LT(timing_->Now() - start, std::chrono::seconds(66));
}

TEST_F(SubscriptionTest, ATokenThatNeverWasGoodEndsIt) {
  router_.on_watch_events = [](const auto&, auto*) {
    return Refusal(grpc::StatusCode::UNAUTHENTICATED, "TOKEN_INVALID");
  };
  Subscription events = Subscribe();
  EXPECT_EQ(events.Next()->kind, News::Kind::kFailed);
  EXPECT_EQ(timing_->waits().size(), 0u);
}

TEST_F(SubscriptionTest, FollowsTheOwner) {
  FakeRouter owner;
  router_.on_watch_events = [&](const auto&, auto*) { return test::NotOwner(owner.address()); };
  owner.on_watch_events = [](const auto&, auto* writer) {
    writer->Write(Batch(1, 1));
    return grpc::Status::OK;
  };
  Subscription events = Subscribe();
  EXPECT_THAT(ReadUntil(events, "1-1"), ElementsAre("1-1"));
  EXPECT_THAT(timing_->waits(), ElementsAre());
}

// The router accepts the stream and never says another word.
TEST_F(SubscriptionTest, ASilentStreamIsGivenUp) {
  router_.on_watch_events = [this](const auto&, auto* writer) {
    if (streams_++ == 0) {
      done_.WaitFor(std::chrono::hours(1));
    } else {
      writer->Write(Batch(1, 1));
    }
    return grpc::Status::OK;
  };
  Subscription events = Subscribe({.silence_max = std::chrono::milliseconds(1)});
  // A slow machine may give up on the second stream as well; some later one gets through.
  EXPECT_THAT(ReadUntil(events, "1-1"), ElementsAre("1-1"));
  EXPECT_GE(events.streams_opened(), 2);
  done_.Set();
}

TEST_F(SubscriptionTest, CancelEndsAWaitingNext) {
  router_.on_watch_events = [this](const auto&, auto*) {
    reading_.Set();
    done_.WaitFor(std::chrono::hours(1));
    return grpc::Status::OK;
  };
  Subscription events = Subscribe();
  std::thread canceller([&] {
    reading_.WaitFor(std::chrono::hours(1));
    events.Cancel();
    done_.Set();
  });
  EXPECT_FALSE(events.Next());
  canceller.join();
}

}  // namespace
}  // namespace firstline::client
