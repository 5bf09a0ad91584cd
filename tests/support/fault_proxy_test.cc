#include "tests/support/fault_proxy.h"

#include <gtest/gtest.h>
#include <hiredis/hiredis.h>

#include "tests/common/redis_server.h"

namespace firstline::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

class FaultProxyTest : public testing::Test {
 protected:
  FaultProxyTest() : proxy_("unix:" + redis_.address().unix_path), context_(Connect()) {}

  std::unique_ptr<redisContext, decltype(&redisFree)> Connect() const {
    const std::string address = proxy_.address();
    const size_t colon = address.find(':');
    const timeval wait{.tv_sec = 0, .tv_usec = 300'000};
    redisContext* context = redisConnectWithTimeout(
        address.substr(0, colon).c_str(), std::stoi(address.substr(colon + 1)), wait);
    redisSetTimeout(context, wait);
    return {context, redisFree};
  }
  // What came back to PING with `text`, or "" for an error.
  static std::string Ping(redisContext* context, const std::string& text) {
    auto* reply = static_cast<redisReply*>(redisCommand(context, "PING %s", text.c_str()));
    if (reply == nullptr) return "";
    std::string said(reply->str, reply->len);
    freeReplyObject(reply);
    return said;
  }

  RedisServer redis_;
  FaultProxy proxy_;
  std::unique_ptr<redisContext, decltype(&redisFree)> context_;
};

TEST_F(FaultProxyTest, CarriesMoreThanItHolds) {
  const std::string large(8 << 20, 'x');
  EXPECT_EQ(Ping(context_.get(), large), large);
}

TEST_F(FaultProxyTest, DelaysEitherWay) {
  proxy_.Delay(milliseconds(60));
  const auto began = steady_clock::now();
  EXPECT_EQ(Ping(context_.get(), "late"), "late");
  EXPECT_GE(steady_clock::now() - began, milliseconds(120));
}

TEST_F(FaultProxyTest, HeldBytesArriveWhenItIsOver) {
  proxy_.Hold(true);
  EXPECT_EQ(Ping(context_.get(), "lost?"), "");
  auto fresh = Connect();  // The kernel answers; nothing else does.
  EXPECT_EQ(fresh->err, 0);
  EXPECT_EQ(Ping(fresh.get(), "new"), "");
  proxy_.Hold(false);
  EXPECT_EQ(Ping(Connect().get(), "back"), "back");
}

TEST_F(FaultProxyTest, CutBreaksWhatThereIsAndNothingNew) {
  EXPECT_EQ(Ping(context_.get(), "before"), "before");
  proxy_.Cut();
  EXPECT_EQ(Ping(context_.get(), "during"), "");
  EXPECT_EQ(Ping(Connect().get(), "after"), "after");
}

TEST_F(FaultProxyTest, ClosesWhereNobodyListens) {
  FaultProxy nowhere("unix:/nowhere");
  const std::string address = nowhere.address();
  std::unique_ptr<redisContext, decltype(&redisFree)> context(
      redisConnect("127.0.0.1", std::stoi(address.substr(address.find(':') + 1))), redisFree);
  EXPECT_EQ(Ping(context.get(), "anybody"), "");
}

}  // namespace
}  // namespace firstline::test
