#include "common/client/stats_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/client/fake_router.h"

namespace firstline::client {
namespace {

using test::FakeRouter;
using test::FakeTiming;
using test::Refusal;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;
using Kind = StatsNews::Kind;

// A message that tells how many wait in each queue.
v1::WatchStatsResponse Waiting(const std::map<std::string, int>& queues, std::int64_t second = 0) {
  v1::WatchStatsResponse response;
  response.mutable_time()->set_seconds(second);
  for (const auto& [name, waiting] : queues) {
    v1::QueueStats& queue = *response.add_queues();
    queue.set_queue(name);
    queue.set_waiting(waiting);
  }
  return response;
}

class StatsWatchTest : public testing::Test {
 protected:
  std::unique_ptr<StatsWatch> Watch(StatsWatch::Options options = {}) {
    options.workspace = "acme";
    return std::make_unique<StatsWatch>(client_, options);
  }
  static std::map<std::string, std::int64_t> Known(const StatsWatch& watch) {
    std::map<std::string, std::int64_t> waiting;
    for (const auto& [name, queue] : watch.queues()) waiting[name] = queue.waiting();
    return waiting;
  }

  // What the router's handlers touch stands before the router: they may still run when a test's
  // body is over, until the router dies.
  Stop reading_;
  Stop done_;
  std::atomic<int> streams_ = 0;
  const std::shared_ptr<FakeTiming> timing_ = std::make_shared<FakeTiming>();
  FakeRouter router_;
  Client client_{{.targets = {router_.address()}, .timing = timing_}};
};

TEST_F(StatsWatchTest, KeepsTheWholeOfWhatIsToldInParts) {
  router_.on_watch_stats = [this](const v1::WatchStatsRequest& request, auto* writer) {
    EXPECT_EQ(request.workspace(), "acme");
    EXPECT_EQ(request.queue(), "a");
    EXPECT_EQ(request.interval().seconds(), 2);
    writer->Write(Waiting({{"a", 1}, {"b", 2}}, 10));
    v1::WatchStatsResponse change = Waiting({{"b", 3}, {"c", 4}}, 11);
    change.add_removed_queues("a");
    writer->Write(change);
    writer->Write(Waiting({}, 16));  // nothing new
    done_.WaitFor(std::chrono::hours(1));
    return grpc::Status::OK;
  };
  const auto watch = Watch({.queue = "a", .interval = std::chrono::seconds(2)});
  const auto first = watch->Next();
  ASSERT_TRUE(first && first->kind == Kind::kFigures) << first->error.ToString();
  EXPECT_EQ(first->time.seconds(), 10);
  EXPECT_THAT(Known(*watch), ElementsAre(Pair("a", 1), Pair("b", 2)));
  ASSERT_TRUE(watch->Next());
  EXPECT_THAT(Known(*watch), ElementsAre(Pair("b", 3), Pair("c", 4)));
  EXPECT_EQ(watch->Next()->time.seconds(), 16);
  EXPECT_THAT(Known(*watch), SizeIs(2));
  done_.Set();
}

// In each of the ways gRPC has for it. What follows replaces all that was told before.
TEST_F(StatsWatchTest, TellsEveryBreakAndBeginsAnew) {
  const grpc::Status breaks[] = {grpc::Status::OK,
                                 {grpc::StatusCode::UNAVAILABLE, "enter idle"},
                                 {grpc::StatusCode::INTERNAL, "Received RST_STREAM with code 2"},
                                 {grpc::StatusCode::UNKNOWN, "Stream removed"},
                                 Refusal(grpc::StatusCode::UNAVAILABLE, "SHUTTING_DOWN")};
  router_.on_watch_stats = [this, &breaks](const auto&, auto* writer) {
    const int n = streams_++;
    writer->Write(Waiting({{"queue" + std::to_string(n), n}}));
    return breaks[n % 5];
  };
  const auto watch = Watch();
  for (int n = 0; n < 10; ++n) {
    const auto figures = watch->Next();
    ASSERT_TRUE(figures && figures->kind == Kind::kFigures);
    EXPECT_THAT(Known(*watch), ElementsAre(Pair("queue" + std::to_string(n), n)));
    const auto broken = watch->Next();
    ASSERT_TRUE(broken && broken->kind == Kind::kBroken);
    EXPECT_NE(broken->error.message, "");
    EXPECT_THAT(Known(*watch), SizeIs(1)) << "what was told last is still there";
  }
  EXPECT_THAT(timing_->waits(), SizeIs(9)) << "before every stream but the first";
}

TEST_F(StatsWatchTest, AnErrorThatWillNotPassEndsIt) {
  router_.on_watch_stats = [](const auto&, auto*) {
    return Refusal(grpc::StatusCode::NOT_FOUND, "UNKNOWN_QUEUE");
  };
  const auto watch = Watch();
  const auto news = watch->Next();
  ASSERT_TRUE(news);
  EXPECT_EQ(news->kind, Kind::kFailed);
  EXPECT_EQ(news->error.reason, "UNKNOWN_QUEUE");
  EXPECT_FALSE(watch->Next());
}

TEST_F(StatsWatchTest, FollowsTheOwnerAtOnce) {
  FakeRouter owner;
  router_.on_watch_stats = [&](const auto&, auto*) { return test::NotOwner(owner.address()); };
  owner.on_watch_stats = [](const auto&, auto* writer) {
    writer->Write(Waiting({{"a", 1}}));
    return grpc::Status::OK;
  };
  const auto watch = Watch();
  EXPECT_EQ(watch->Next()->kind, Kind::kBroken);
  EXPECT_EQ(watch->Next()->kind, Kind::kFigures);
  EXPECT_THAT(timing_->waits(), IsEmpty());
}

// The router accepts the stream and never says another word.
TEST_F(StatsWatchTest, ASilentStreamIsGivenUp) {
  router_.on_watch_stats = [this](const auto&, auto*) {
    done_.WaitFor(std::chrono::hours(1));
    return grpc::Status::OK;
  };
  // 1 ms longer than a router may be silent.
  const auto watch = Watch({.silence_max = std::chrono::milliseconds(1) - std::chrono::seconds(5)});
  const auto news = watch->Next();
  ASSERT_TRUE(news);
  EXPECT_EQ(news->kind, Kind::kBroken);
  EXPECT_EQ(news->error.message, "the router fell silent");
  done_.Set();
}

TEST_F(StatsWatchTest, CancelEndsAWaitingNext) {
  router_.on_watch_stats = [this](const auto&, auto*) {
    reading_.Set();
    done_.WaitFor(std::chrono::hours(1));
    return grpc::Status::OK;
  };
  const auto watch = Watch();
  std::thread canceller([&] {
    reading_.WaitFor(std::chrono::hours(1));
    watch->Cancel();
    done_.Set();
  });
  EXPECT_FALSE(watch->Next());
  EXPECT_FALSE(watch->Next());
  canceller.join();
}

}  // namespace
}  // namespace firstline::client
