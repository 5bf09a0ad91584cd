// Live figures: the first message is whole, later ones tell what changed, and many watchers of one
// workspace cost one reading.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "common/rpc/error.h"
#include "common/status/reason.h"
#include "tests/api/server_fixture.h"

namespace firstline::api {
namespace {

class WatchStatsTest : public ServerFixture {
 protected:
  using Reader = std::unique_ptr<grpc::ClientReader<v1::WatchStatsResponse>>;

  Reader Watch(grpc::ClientContext& context, const std::string& text) {
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    stub_ = v1::StatsService::NewStub(channel_);
    return stub_->WatchStats(&context, Text<v1::WatchStatsRequest>(text));
  }
  // Reads into `seen_` until `queue` has `waiting`; false at the end of the stream.
  bool ReadUntil(Reader& reader, const std::string& queue, int64_t waiting) {
    while (reader->Read(&response_)) {
      for (const auto& figures : response_.queues()) seen_[figures.queue()] = figures;
      for (const auto& removed : response_.removed_queues()) seen_.erase(removed);
      if (seen_.count(queue) > 0 && seen_[queue].waiting() == waiting) return true;
    }
    return false;
  }

  std::unique_ptr<v1::StatsService::Stub> stub_;
  v1::WatchStatsResponse response_;
  std::map<std::string, v1::QueueStats> seen_;
};

TEST_F(WatchStatsTest, BeginsWithEverythingAndTellsWhatChanges) {
  BuildWorkspace();
  grpc::ClientContext context;
  Reader reader = Watch(context, "workspace: 'w' interval { nanos: 500000000 }");
  ASSERT_TRUE(reader->Read(&response_));
  const auto all = Must<v1::GetQueueStatsResponse>("StatsService.GetQueueStats", "workspace: 'w'");
  ASSERT_EQ(response_.queues_size(), all.queues_size());
  for (int i = 0; i < all.queues_size(); ++i) {
    EXPECT_EQ(response_.queues(i).queue(), all.queues(i).queue());
    EXPECT_EQ(response_.queues(i).submitted(), all.queues(i).submitted());
    EXPECT_EQ(response_.queues(i).waiting(), all.queues(i).waiting());
  }
  EXPECT_EQ(response_.bucket_bounds_size(), all.bucket_bounds_size());
  int64_t waiting = 0;
  for (const auto& figures : response_.queues()) {
    if (figures.queue() == "support") waiting = figures.waiting();
  }
  Must<v1::SubmitInquiryResponse>(
      "RoutingService.SubmitInquiry",
      "workspace: 'w' inquiry { id: 'more' queue: 'support' channel: 'chat' "
      "requirement { skills { skill: 'nobody-has-it' min_level: 9 } } }");
  ASSERT_TRUE(ReadUntil(reader, "support", waiting + 1));
  EXPECT_EQ(response_.bucket_bounds_size(), 0);
  std::set<std::string> told;
  for (const auto& figures : response_.queues()) told.insert(figures.queue());
  EXPECT_EQ(told.count("instant"), 0u) << "nothing happened there";
  context.TryCancel();
}

TEST_F(WatchStatsTest, ManyWatchersSeeTheSame) {
  BuildWorkspace();
  constexpr int kWatchers = 50;
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<Reader> readers;
  for (int i = 0; i < kWatchers; ++i) {
    contexts.push_back(std::make_unique<grpc::ClientContext>());
    readers.push_back(Watch(*contexts.back(), "workspace: 'w' queue: 'support'"));
  }
  std::set<std::string> answers;
  for (Reader& reader : readers) {
    ASSERT_TRUE(reader->Read(&response_));
    ASSERT_EQ(response_.queues_size(), 1);
    answers.insert(absl::StrCat(response_.queues(0).queue(), " ", response_.queues(0).waiting()));
  }
  EXPECT_EQ(answers.size(), 1u);
  for (auto& context : contexts) context->TryCancel();
}

TEST_F(WatchStatsTest, ADrainingPodSendsWatchersAway) {
  BuildWorkspace();
  grpc::ClientContext context;
  Reader reader = Watch(context, "workspace: 'w'");
  ASSERT_TRUE(reader->Read(&response_));
  server_->Drain();
  while (reader->Read(&response_)) {
  }
  EXPECT_EQ(status::ReasonOf(rpc::FromGrpc(reader->Finish())), "SHUTTING_DOWN");
}

}  // namespace
}  // namespace firstline::api
