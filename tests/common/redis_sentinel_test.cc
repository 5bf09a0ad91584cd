// Who is the primary, asked of real Sentinels.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "common/redis/error.h"
#include "common/redis/sentinel.h"
#include "tests/common/redis_server.h"

namespace firstline::redis {
namespace {

using testing::HasSubstr;
using std::chrono::milliseconds;

constexpr milliseconds kTimeout(300);

// A Sentinel that watches whatever stands at a port, which is all it needs to name it.
class RedisSentinelTest : public testing::Test {
 protected:
  static test::RedisServerOptions Watching(int port, std::string password = {}) {
    return {.tcp = true,
            .password = std::move(password),
            .config = "sentinel monitor shop 127.0.0.1 " + std::to_string(port) + " 2\n",
            .extra_arguments = {"--sentinel"}};
  }
  static Target TargetOf(std::initializer_list<test::RedisServer*> sentinels) {
    Target target = *Target::Parse("sentinel://app:secret@placeholder/shop/2");
    target.seeds.clear();
    for (test::RedisServer* sentinel : sentinels) target.seeds.push_back(sentinel->tcp_address());
    return target;
  }
};

TEST_F(RedisSentinelTest, AMajorityDecides) {
  test::RedisServer a(Watching(1001)), b(Watching(1001)), c(Watching(1002));
  SentinelLocator locator(TargetOf({&c, &a, &b}), kTimeout);
  const auto primary = locator.Locate("any");
  ASSERT_TRUE(primary.ok()) << primary.status();
  EXPECT_EQ(primary->ToString(), "127.0.0.1:1001/2");
  EXPECT_EQ(primary->user, "app");
  EXPECT_EQ(primary->password, "secret");
  EXPECT_TRUE(locator.Confirm(*primary).ok());
  Address other = *primary;
  other.port = 1002;
  EXPECT_THAT(std::string(locator.Confirm(other).message()), HasSubstr("not 127.0.0.1:1002"));
}

TEST_F(RedisSentinelTest, OneMayHangOrBeGone) {
  test::RedisServer a(Watching(1001)), b(Watching(1001)), c(Watching(1001));
  SentinelLocator locator(TargetOf({&a, &b, &c}), kTimeout);
  const auto primary = locator.Locate("any");
  ASSERT_TRUE(primary.ok()) << primary.status();
  a.Pause();
  EXPECT_TRUE(locator.Confirm(*primary).ok());
  const auto before = std::chrono::steady_clock::now();
  EXPECT_TRUE(locator.Confirm(*primary).ok());
  EXPECT_LT(std::chrono::steady_clock::now() - before, kTimeout) << "it is asked last now";
  b.Kill();
  EXPECT_EQ(KindOf(locator.Confirm(*primary)), ErrorKind::kDisconnected) << "only one is left";
  EXPECT_TRUE(locator.Locate("any").ok()) << "what is known stays until it is in doubt";
  locator.Doubt(*primary, "lost");
  EXPECT_EQ(KindOf(locator.Locate("any").status()), ErrorKind::kDisconnected);
  b.Restart();
  EXPECT_TRUE(locator.Locate("any").ok());
}

TEST_F(RedisSentinelTest, NoMajorityNamesNobody) {
  test::RedisServer a(Watching(1001)), b(Watching(1002));
  SentinelLocator locator(TargetOf({&a, &b}), kTimeout);
  const absl::Status status = locator.Locate("any").status();
  EXPECT_EQ(KindOf(status), ErrorKind::kDisconnected);
  EXPECT_THAT(std::string(status.message()), HasSubstr("1 name 127.0.0.1:1002"));
}

TEST_F(RedisSentinelTest, AnUnknownNameAndAWrongPasswordAreTold) {
  test::RedisServer sentinel(Watching(1001, "s3cret"));
  Target target = TargetOf({&sentinel});
  EXPECT_TRUE(SentinelLocator(target, kTimeout).Locate("any").ok());
  target.primary_name = "shoes";
  EXPECT_THAT(std::string(SentinelLocator(target, kTimeout).Locate("any").status().message()),
              HasSubstr("no primary called shoes"));
  target.seeds[0].password = "wrong";
  EXPECT_THAT(std::string(SentinelLocator(target, kTimeout).Locate("any").status().message()),
              HasSubstr("WRONGPASS"));
}

TEST_F(RedisSentinelTest, OnlyAPrimaryIsAdmitted) {
  test::RedisServer sentinel(Watching(1001)), server;
  SentinelLocator locator(TargetOf({&sentinel}), kTimeout);
  const auto connection = server.Connect();
  EXPECT_TRUE(locator.Admit(*connection).ok());
  ASSERT_TRUE(connection->Call({"REPLICAOF", "127.0.0.1", "1"}).ok());
  EXPECT_EQ(KindOf(locator.Admit(*connection)), ErrorKind::kDisconnected);
}

}  // namespace
}  // namespace firstline::redis
