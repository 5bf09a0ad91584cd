// The platform of platform.cc against a real router on a real Redis, while the router is restarted:
// killed, and in good order as a deploy does it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>

#include "common/client/client.h"
#include "common/client/subscription.h"
#include "tests/common/redis_server.h"
#include "tests/e2e/child_process.h"

namespace firstline::test {
namespace {

using std::chrono::seconds;

constexpr int kInquiries = 120;
constexpr char kLeaseMs[] = "--lease-ms=1000";

class RestartTest : public testing::TestWithParam<int> {
 protected:
  // Starts the router; again on the same port, which is what its platform knows.
  void StartRouter() {
    const std::string port_file = redis_.folder() / "router.ports";
    std::filesystem::remove(port_file);
    router_ = std::make_unique<ChildProcess>(std::vector<std::string>{
        FIRSTLINE_ROUTER, "--listen=127.0.0.1:" + port_, "--metrics-listen=127.0.0.1:0",
        "--store=unix:" + redis_.address().unix_path, "--port-file=" + port_file, kLeaseMs,
        "--log-level=warning"});
    const auto deadline = std::chrono::steady_clock::now() + seconds(30);
    while (!std::filesystem::exists(port_file)) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "the router does not start";
      router_->ReadLine(std::chrono::milliseconds(20));
    }
    std::ifstream(port_file) >> port_;
  }
  std::string address() const { return "127.0.0.1:" + port_; }

  // Number of events by kind and inquiry, over the whole history.
  std::map<v1::Event::KindCase, std::map<std::string, int>> History(const std::string& last) {
    client::Client client({.targets = {address()}});
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
  std::string port_ = "0";
  std::unique_ptr<ChildProcess> router_;
};

TEST_P(RestartTest, NothingIsLostAndNobodyIsServedTwice) {
  StartRouter();
  ASSERT_FALSE(HasFatalFailure());
  ChildProcess platform({FIRSTLINE_PLATFORM, address(), std::to_string(kInquiries)});
  const std::string middle = "closed " + std::to_string(kInquiries / 3);
  std::string line;
  while (line != middle) {
    const auto next = platform.ReadLine(seconds(60));
    ASSERT_TRUE(next) << "the platform stopped after '" << line << "'";
    line = *next;
  }
  router_->Signal(GetParam());
  EXPECT_EQ(router_->Wait(), GetParam() == SIGKILL ? -SIGKILL : 0);
  StartRouter();
  ASSERT_FALSE(HasFatalFailure());
  while (const auto next = platform.ReadLine(seconds(90))) line = *next;
  EXPECT_EQ(line, "closed " + std::to_string(kInquiries));
  EXPECT_EQ(platform.Wait(), 0);

  // The same seen by somebody else: everything was submitted and closed once.
  client::Client client({.targets = {address()}});
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
