#include <gtest/gtest.h>

#include <string>

#include "common/redis/address.h"
#include "common/redis/target.h"

namespace firstline::redis {
namespace {

TEST(RedisAddressTest, TcpForms) {
  EXPECT_EQ(*Address::Parse("cache"), (Address{.host = "cache"}));
  EXPECT_EQ(*Address::Parse("10.0.0.1:7000"), (Address{.host = "10.0.0.1", .port = 7000}));
  EXPECT_EQ(*Address::Parse("[::1]:7000"), (Address{.host = "::1", .port = 7000}));
  EXPECT_EQ(*Address::Parse("[::1]"), (Address{.host = "::1"}));
  EXPECT_EQ(*Address::Parse("unix"), (Address{.host = "unix"}));
  EXPECT_EQ(*Address::Parse("unix:7000"), (Address{.host = "unix", .port = 7000}));
  EXPECT_EQ(Address::Parse("unix")->ToString(), "unix:6379");
}

TEST(RedisAddressTest, UnixForms) {
  const Address want{.unix_path = "/run/redis.sock"};
  EXPECT_EQ(*Address::Parse("/run/redis.sock"), want);
  EXPECT_EQ(*Address::Parse("unix:/run/redis.sock"), want);
  EXPECT_EQ(*Address::Parse("unix:///run/redis.sock"), want);
  EXPECT_EQ(*Address::Parse("unix://////run/redis.sock"), want);
}

TEST(RedisAddressTest, UrlForms) {
  EXPECT_EQ(*Address::Parse("redis://cache"), (Address{.host = "cache"}));
  EXPECT_EQ(*Address::Parse("redis://cache:6380/"), (Address{.host = "cache", .port = 6380}));
  EXPECT_EQ(*Address::Parse("redis://:secret@cache"),
            (Address{.host = "cache", .password = "secret"}));
  EXPECT_EQ(*Address::Parse("redis://app:p%40ss%2fw@[::1]:6380/15"),
            (Address{.host = "::1", .port = 6380, .user = "app", .password = "p@ss/w",
                     .database = 15}));
  EXPECT_EQ(*Address::Parse("rediss://cache:6380"),
            (Address{.host = "cache", .port = 6380, .tls = true}));
  EXPECT_EQ(*Address::Parse("redis://app:p@s/s@cache/0"),
            (Address{.host = "cache", .user = "app", .password = "p@s/s"}));
}

TEST(RedisAddressTest, RefusesWhatItCannotMean) {
  for (const char* bad :
       {"", ":6379", "cache:", "cache:0", "cache:65536", "cache:-1", "cache:+1", "cache: 1",
        "cache:x", "::1", "[::1", "[::1]6379", "unix:", "unix:0", "unix:relative", "unix://host/path",
        "redis://", "redis://cache/x", "redis://cache/-1", "redis://cache/65536",
        "redis://user@cache", "redis://:%4@cache", "redis://:%zz@cache", "rediss://",
        "a b:6379", "redis://cache?x=1", "[[!]", "c\xc3\xa9:1"}) {
    EXPECT_FALSE(Address::Parse(bad).ok()) << bad;
    EXPECT_EQ(Address::Parse(bad).status().code(), absl::StatusCode::kInvalidArgument) << bad;
  }
}

TEST(RedisAddressTest, SocketPathsAreBounded) {
  EXPECT_TRUE(Address::Parse("/" + std::string(106, 'x')).ok());
  EXPECT_FALSE(Address::Parse("/" + std::string(107, 'x')).ok());
}

TEST(RedisAddressTest, NeitherErrorsNorTextsShowThePassword) {
  EXPECT_EQ(std::string(Address::Parse("redis://app:hunter2@cache:x").status().message())
                .find("hunter2"),
            std::string::npos);
  EXPECT_EQ(Address::Parse("redis://app:hunter2@cache:7000/3")->ToString(), "cache:7000/3");
  EXPECT_EQ(Address::Parse("[::1]")->ToString(), "[::1]:6379");
  EXPECT_EQ(Address::Parse("/run/r.sock")->ToString(), "unix:/run/r.sock");
}

// ---- Where the data is ----

TEST(RedisTargetTest, AnAddressIsATarget) {
  const auto target = Target::Parse("redis://app:secret@cache:6380/2");
  ASSERT_TRUE(target.ok()) << target.status();
  EXPECT_EQ(target->kind, Target::Kind::kFixed);
  EXPECT_EQ(target->server, *Address::Parse("redis://app:secret@cache:6380/2"));
  EXPECT_EQ(target->ToString(), "cache:6380/2");
}

TEST(RedisTargetTest, Sentinels) {
  const auto target =
      Target::Parse("sentinel://app:p%2Cw@s1,s2:7000,[::1]:7001/shop/3?auth=watch:s%40cret");
  ASSERT_TRUE(target.ok()) << target.status();
  EXPECT_EQ(target->kind, Target::Kind::kSentinel);
  EXPECT_EQ(target->primary_name, "shop");
  EXPECT_EQ(target->server.user, "app");
  EXPECT_EQ(target->server.password, "p,w");
  EXPECT_EQ(target->server.database, 3);
  ASSERT_EQ(target->seeds.size(), 3u);
  EXPECT_EQ(target->seeds[0], (Address{.host = "s1", .port = 26379, .user = "watch",
                                       .password = "s@cret"}));
  EXPECT_EQ(target->seeds[1].port, 7000);
  EXPECT_EQ(target->seeds[2].host, "::1");
  EXPECT_EQ(target->ToString(), "sentinel://s1:26379,s2:7000,[::1]:7001/shop/3");
  EXPECT_TRUE(Target::Parse("sentinel://s1/shop").ok());
}

TEST(RedisTargetTest, NodesOfACluster) {
  const auto target = Target::Parse("cluster://app:secret@c1,c2:7000");
  ASSERT_TRUE(target.ok()) << target.status();
  EXPECT_EQ(target->kind, Target::Kind::kCluster);
  ASSERT_EQ(target->seeds.size(), 2u);
  EXPECT_EQ(target->seeds[0], *Address::Parse("redis://app:secret@c1"));
  EXPECT_EQ(target->seeds[1], *Address::Parse("redis://app:secret@c2:7000"));
  EXPECT_EQ(target->ToString(), "cluster://c1:6379,c2:7000");
}

TEST(RedisTargetTest, RefusesWhatItCannotMean) {
  for (const char* bad :
       {"", "cluster://", "cluster://c1/1", "cluster://c1,c1", "cluster://user@c1",
        "sentinel://", "sentinel://s1", "sentinel://s1/", "sentinel:///shop",
        "sentinel://s1,/shop", "sentinel://s1,s1/shop", "sentinel://s1:0/shop",
        "sentinel://s1/shop/x", "sentinel://user@s1/shop", "sentinel://s1/shop?x=1",
        "sentinel://s1/shop?auth=", "sentinel://s1/shop?auth=user", "sentinel://a b/shop"}) {
    EXPECT_EQ(Target::Parse(bad).status().code(), absl::StatusCode::kInvalidArgument) << bad;
  }
  for (const char* bad : {"sentinel://app:hunter2@s1:x/shop", "sentinel://s1/shop?auth=hunter2",
                          "sentinel://s1/shopauth=:hunter2"}) {
    const std::string message(Target::Parse(bad).status().message());
    EXPECT_EQ(message.find("hunter2"), std::string::npos) << message;
  }
}

}  // namespace
}  // namespace firstline::redis
