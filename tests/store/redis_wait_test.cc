// The Redis store told to wait for a replica, with a real one that hangs and comes back.
#include <gtest/gtest.h>

#include <thread>

#include "services/router/store/redis_protocol.h"
#include "tests/store/redis_bench_fixture.h"

namespace firstline::store {
namespace {

using std::chrono::milliseconds;

class RedisWaitTest : public RedisStoreTest {
 protected:
  RedisWaitTest()
      : RedisStoreTest({.tcp = true}),
        replica_({.extra_arguments = {"--replicaof", "127.0.0.1",
                                      std::to_string(server_.tcp_address().port)}}) {
    Admin({"CONFIG", "SET", "repl-diskless-sync-delay", "0"});
    store_ = NewWaitingStore();
    while (std::string(Admin({"INFO", "replication"}).AsString().value()).find("state=online") ==
           std::string::npos) {
      std::this_thread::sleep_for(milliseconds(5));
    }
  }
  std::unique_ptr<RedisStore> NewWaitingStore() {
    RedisStoreOptions options;
    options.servers.target = server_.address();
    options.wait_replicas = 1;
    options.wait = kWait;
    return std::make_unique<RedisStore>(options);
  }
  std::string ReplicasSequence() {
    const auto reply = replica_.Connect()->Call({"HGET", OwnershipKey(kWorkspace), "sequence"});
    return std::string(reply->AsString().value());
  }
  // A machine that is busy may keep the replica from answering at once.
  bool RenewedOnReplicas(const OwnershipRecord& record) {
    for (int i = 0; i < 100; ++i) {
      if (Run(Renew{kWorkspace, record.token}).replicated) return true;
    }
    return false;
  }

  static constexpr milliseconds kWait{150};
  test::RedisServer replica_;
};

TEST_F(RedisWaitTest, ACommitSaysWhetherAReplicaHasIt) {
  OwnershipRecord record = Take();
  ASSERT_TRUE(RenewedOnReplicas(record));
  replica_.Pause();
  const Commit commit = NextCommit(record);
  const auto before = std::chrono::steady_clock::now();
  Reply reply = Run(commit);
  EXPECT_GE(std::chrono::steady_clock::now() - before, kWait);
  EXPECT_EQ(reply.result, Result::kOk) << reply.detail;
  EXPECT_FALSE(reply.replicated);
  EXPECT_EQ(Run(Observe{kWorkspace}).ownership->sequence, 1u) << "applied all the same";
  // It is about everything written before, also where nothing is written now, by whomever it was.
  reply = Run(commit);
  EXPECT_TRUE(reply.result == Result::kOk && !reply.replicated);
  store_ = NewWaitingStore();
  reply = Run(commit);
  EXPECT_TRUE(reply.result == Result::kOk && !reply.replicated);
  EXPECT_FALSE(Run(Renew{kWorkspace, record.token}).replicated);

  replica_.Resume();
  EXPECT_TRUE(RenewedOnReplicas(record));
  EXPECT_EQ(ReplicasSequence(), "1");
  EXPECT_TRUE(Run(commit).replicated);
}

TEST_F(RedisWaitTest, ARebuildIsWaitedForAsWell) {
  OwnershipRecord record = Take();
  replica_.Pause();
  const Reply reply = Run(Rebuild{kWorkspace, record.token, 1, Next(record)});
  EXPECT_TRUE(reply.result == Result::kOk && !reply.replicated) << reply.detail;
  replica_.Resume();
}

TEST_F(RedisWaitTest, WithoutAReplicaNothingIsReplicated) {
  OwnershipRecord record = Take();
  replica_.Kill();
  const Reply reply = Run(NextCommit(record));
  EXPECT_TRUE(reply.result == Result::kOk && !reply.replicated) << reply.detail;
}

TEST_F(RedisWaitTest, AWriteIsOnTheReplicaWhenItIsSaidToBe) {
  OwnershipRecord record = Take();
  int replicated = 0;
  for (int i = 0; i < 200; ++i) {
    const Reply reply = Run(NextCommit(record));
    ASSERT_EQ(reply.result, Result::kOk) << reply.detail;
    ++record.sequence;
    if (!reply.replicated) continue;
    ++replicated;
    ASSERT_EQ(ReplicasSequence(), std::to_string(record.sequence));
  }
  EXPECT_GT(replicated, 100);
}

}  // namespace
}  // namespace firstline::store
