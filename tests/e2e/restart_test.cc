// The platform of platform.cc against a real router on a real Redis, while the router is restarted:
// killed, and in good order as a deploy does it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <map>

#include "common/client/client.h"
#include "common/client/subscription.h"
#include "tests/common/redis_server.h"
#include "tests/e2e/child_process.h"
#include "tests/support/router_process.h"

namespace firstline::test {
namespace {

using std::chrono::seconds;

constexpr int kInquiries = 120;

class RestartTest : public testing::TestWithParam<int> {
 protected:
  // Number of events by kind and inquiry, over the whole history.
  std::map<v1::Event::KindCase, std::map<std::string, int>> History(const std::string& last) {
    client::Client client({.targets = {router_.address()}});
    client::Subscription events(client, {.workspace = "shop", .cursor = "0-0"});
    std::map<v1::Event::KindCase, std::map<std::string, int>> counts;
    while (true) {
      const auto news = events.Next();
      EXPECT_TRUE(news && news->kind == client::News::Kind::kEvents);
      if (!news) return counts;
      for (const v1::Event& event : news->events) {
        ++counts[event.kind_case()][event.inquiry_id()];
        if (event.id() == last) return counts;
      }
    }
  }

  RedisServer redis_{{.append_only = true}};
  RouterProcess router_{{.store = "unix:" + redis_.address().unix_path,
                         .metrics_listen = "127.0.0.1:0",
                         .log_level = "warning",
                         .extra_arguments = {"--lease-ms=1000"}}};
};

TEST_P(RestartTest, NothingIsLostAndNobodyIsServedTwice) {
  ChildProcess platform({FIRSTLINE_PLATFORM, router_.address(), std::to_string(kInquiries)});
  const std::string middle = "closed " + std::to_string(kInquiries / 3);
  std::string line;
  while (line != middle) {
    const auto next = platform.ReadLine(seconds(60));
    ASSERT_TRUE(next) << "the platform stopped after '" << line << "'";
    line = *next;
  }
  router_.Signal(GetParam());
  EXPECT_EQ(router_.Wait(), GetParam() == SIGKILL ? -SIGKILL : 0);
  router_.Restart();
  while (const auto next = platform.ReadLine(seconds(90))) line = *next;
  EXPECT_EQ(line, "closed " + std::to_string(kInquiries));
  EXPECT_EQ(platform.Wait(), 0);

  // The same seen by somebody else: everything was submitted and closed once.
  client::Client client({.targets = {router_.address()}});
  v1::SubmitInquiryRequest request;
  request.set_workspace("shop");
  request.mutable_inquiry()->set_id("last");
  request.mutable_inquiry()->set_channel("chat");
  request.mutable_inquiry()->set_queue("sales");
  const auto mark = client.SubmitInquiry(request);
  ASSERT_TRUE(mark.ok()) << mark.error().ToString();
  auto history = History(mark->receipt().event_cursor());
  EXPECT_EQ(history[v1::Event::kInquirySubmitted].size(), kInquiries + 1u);
  EXPECT_EQ(history[v1::Event::kInquiryClosed].size(), kInquiries + 0u);
  for (const auto kind : {v1::Event::kInquirySubmitted, v1::Event::kInquiryClosed}) {
    for (const auto& [id, count] : history[kind]) EXPECT_EQ(count, 1) << id;
  }
  EXPECT_EQ(history[v1::Event::kOwnerChanged][""], 2);
}

std::string NameOf(const testing::TestParamInfo<int>& info) {
  return info.param == SIGKILL ? "Killed" : "Deployed";
}

INSTANTIATE_TEST_SUITE_P(, RestartTest, testing::Values(SIGKILL, SIGTERM), NameOf);

}  // namespace
}  // namespace firstline::test
