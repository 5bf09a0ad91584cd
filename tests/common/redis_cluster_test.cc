// Who holds a key, asked of a real cluster.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>

#include "common/redis/cluster.h"
#include "common/redis/error.h"
#include "tests/common/cluster_group.h"

namespace firstline::redis {
namespace {

constexpr std::chrono::milliseconds kTimeout(300);

TEST(RedisSlotTest, HashesWhatStandsBetweenBraces) {
  EXPECT_EQ(SlotOf("123456789"), 0x31C3 % kSlots) << "the check value of CRC-16/XMODEM";
  EXPECT_EQ(SlotOf("fl:{acme}:own"), SlotOf("acme"));
  EXPECT_EQ(SlotOf("fl:{acme}:0:i"), SlotOf("fl:{acme}:own"));
  EXPECT_NE(SlotOf("foo{}{bar}"), SlotOf("bar"));
  EXPECT_EQ(SlotOf("foo{{bar}}"), SlotOf("{bar"));
  EXPECT_EQ(SlotOf("{a}{b}"), SlotOf("a"));
}

class RedisClusterTest : public testing::Test {
 protected:
  Address AddressOf(std::string_view key) { return cluster_.HolderOf(key).tcp_address(); }

  const std::string key_ = "fl:{acme}:own";
  test::ClusterGroup cluster_;
  ClusterLocator locator_{*Target::Parse(cluster_.target()), kTimeout};
};

TEST_F(RedisClusterTest, KnowsTheSlotsAsTheServersDo) {
  const auto connection = cluster_.node(0).Connect();
  for (int i = 0; i < 200; ++i) {
    const std::string key = "k" + std::to_string(i * 7919) + (i % 3 == 0 ? "{tag}" : "}{");
    EXPECT_EQ(connection->Call({"CLUSTER", "KEYSLOT", key})->AsInteger().value(), SlotOf(key));
  }
  for (const char* key : {"fl:{acme}:own", "fl:workspaces", "fl:pods", "a", "b", "c"}) {
    const auto located = locator_.Locate(key);
    ASSERT_TRUE(located.ok()) << located.status();
    EXPECT_EQ(*located, AddressOf(key)) << key;
  }
  EXPECT_EQ(locator_.LocateAll()->size(), test::ClusterGroup::kPrimaries);
}

TEST_F(RedisClusterTest, LearnsFromMoved) {
  const auto before = locator_.Locate(key_);
  ASSERT_TRUE(before.ok());
  test::RedisServer& to = cluster_.AnotherPrimary(key_);
  cluster_.BeginMove(key_, to);
  cluster_.FinishMove(key_, to);
  EXPECT_EQ(*locator_.Locate(key_), *before) << "nobody said anything";
  const absl::Status moved =
      (*Connection::Open({.address = *before}))->Call({"GET", key_}).status();
  EXPECT_EQ(KindOf(moved), ErrorKind::kMoved);
  locator_.Doubt(*before, std::string(moved.message()));
  EXPECT_EQ(*locator_.Locate(key_), to.tcp_address());
}

TEST_F(RedisClusterTest, FindsTheReplicaOfADeadPrimary) {
  const auto before = locator_.Locate(key_);
  ASSERT_TRUE(before.ok());
  cluster_.HolderOf(key_).Kill();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  absl::StatusOr<Address> now = *before;
  while (now.ok() && *now == *before && std::chrono::steady_clock::now() < deadline) {
    locator_.Doubt(*before, "lost");
    now = locator_.Locate(key_);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  ASSERT_TRUE(now.ok()) << now.status();
  EXPECT_EQ(*now, AddressOf(key_));
}

TEST_F(RedisClusterTest, NoNodeNoMap) {
  for (std::size_t i = 0; i < cluster_.size(); ++i) cluster_.node(i).Kill();
  const absl::Status status = locator_.Locate(key_).status();
  EXPECT_EQ(KindOf(status), ErrorKind::kDisconnected);
}

TEST_F(RedisClusterTest, AServerOfNoClusterIsTold) {
  test::RedisServer alone({.tcp = true});
  Target target = *Target::Parse(cluster_.target());
  target.seeds = {alone.tcp_address()};
  const absl::Status status = ClusterLocator(target, kTimeout).Locate(key_).status();
  EXPECT_NE(status.message().find("cluster support disabled"), absl::string_view::npos) << status;
}

}  // namespace
}  // namespace firstline::redis
