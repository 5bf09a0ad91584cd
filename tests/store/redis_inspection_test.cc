#include "services/router/store/redis_inspection.h"

#include <gtest/gtest.h>

#include "tests/common/redis_server.h"

namespace firstline::store {
namespace {

using std::chrono::microseconds;

microseconds Wall() {
  return std::chrono::duration_cast<microseconds>(
      std::chrono::system_clock::now().time_since_epoch());
}

TEST(RedisInspectionTest, SeesTheSettingsOfARealServer) {
  test::RedisServer redis({.append_only = true, .max_memory_bytes = 64 << 20});
  const auto connection = redis.Connect();
  const auto facts = InspectRedis(*connection, Wall);
  ASSERT_TRUE(facts.ok()) << facts.status();
  EXPECT_GE(facts->version, "7");
  EXPECT_EQ(facts->role, "master");
  EXPECT_EQ(facts->maxmemory_policy, "noeviction");
  EXPECT_EQ(facts->maxmemory_bytes, 64 << 20);
  EXPECT_GT(facts->used_memory_bytes, 100'000);
  EXPECT_TRUE(facts->append_only);
  EXPECT_TRUE(facts->append_ok);
  EXPECT_TRUE(facts->snapshot_ok);
  EXPECT_FALSE(facts->loading);
  EXPECT_EQ(facts->good_replicas, std::nullopt);
  EXPECT_LE(std::chrono::abs(facts->clock_ahead), facts->round_trip + microseconds(1));

  ASSERT_TRUE(connection->Call({"CONFIG", "SET", "maxmemory-policy", "allkeys-lru"}).ok());
  ASSERT_TRUE(connection->Call({"CONFIG", "SET", "min-replicas-to-write", "1"}).ok());
  ASSERT_TRUE(connection->Call({"CONFIG", "SET", "appendonly", "no"}).ok());
  const auto changed = InspectRedis(*connection, Wall);
  ASSERT_TRUE(changed.ok());
  EXPECT_EQ(changed->maxmemory_policy, "allkeys-lru");
  EXPECT_EQ(changed->good_replicas, 0);
  EXPECT_FALSE(changed->append_only);
}

TEST(RedisInspectionTest, AClockThatIsAheadIsSeen) {
  test::RedisServer redis;
  const auto connection = redis.Connect();
  const auto facts = InspectRedis(*connection, [] { return Wall() - std::chrono::minutes(5); });
  ASSERT_TRUE(facts.ok());
  EXPECT_NEAR(static_cast<double>(facts->clock_ahead.count()), 300e6, 5e6);
}

TEST(RedisInspectionTest, AServerThatIsGoneIsAnError) {
  test::RedisServer redis;
  const auto connection = redis.Connect();
  redis.Kill();
  EXPECT_FALSE(InspectRedis(*connection, Wall).ok());
}

TEST(RedisInspectionTest, ReadsWhatARealServerSaysOnlyInTrouble) {
  const RedisFacts facts = ReadInfo(
      "# Server\r\nredis_version:7.2.0\r\n# Persistence\r\nloading:1\r\naof_enabled:1\r\n"
      "aof_last_write_status:err\r\nrdb_last_bgsave_status:err\r\n# Replication\r\nrole:slave\r\n"
      "connected_slaves:2\r\nmin_slaves_good_slaves:1\r\n# Stats\r\nevicted_keys:17\r\n");
  EXPECT_TRUE(facts.loading);
  EXPECT_TRUE(facts.append_only);
  EXPECT_FALSE(facts.append_ok);
  EXPECT_FALSE(facts.snapshot_ok);
  EXPECT_EQ(facts.role, "slave");
  EXPECT_EQ(facts.replicas, 2);
  EXPECT_EQ(facts.good_replicas, 1);
  EXPECT_EQ(facts.evicted_keys, 17);
  EXPECT_TRUE(ReadInfo("garbage").version.empty());
}

}  // namespace
}  // namespace firstline::store
