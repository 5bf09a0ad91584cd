// The Redis store on a real cluster of six nodes: every key where it belongs, slots that move,
// servers that die or hang.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "common/redis/cluster.h"
#include "services/router/store/redis_event_log.h"
#include "services/router/store/redis_protocol.h"
#include "services/router/store/redis_store.h"
#include "tests/common/cluster_group.h"
#include "tests/store/batches.h"

namespace firstline::store {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class ClusterStoreTest : public testing::Test {
 protected:
  redis::ServersOptions Servers() const {
    return {.target = *redis::Target::Parse(cluster_.target()),
            .command_timeout = milliseconds(400)};
  }
  Reply Run(Request request) { return store_.Execute({std::move(request)}).at(0); }
  Reply MustRun(const Request& request) {
    Reply reply = Run(request);
    EXPECT_EQ(reply.result, Result::kOk) << reply.detail;
    return reply;
  }
  OwnershipRecord Take(const WorkspaceId& workspace = kWorkspace) {
    return MustRun(Acquire{workspace, std::nullopt, 1, "pod"}).ownership.value();
  }
  Reply RunUntilAnswered(const Request& request) {
    return store::RunUntilAnswered(store_, request);
  }
  // A workspace that is on another server than kWorkspace.
  WorkspaceId Elsewhere() {
    const test::RedisServer* here = &cluster_.HolderOf(own_);
    for (int i = 0;; ++i) {
      const WorkspaceId workspace = "w" + std::to_string(i);
      if (&cluster_.HolderOf(OwnershipKey(workspace)) != here) return workspace;
    }
  }

  const std::string own_ = OwnershipKey(kWorkspace);
  test::ClusterGroup cluster_;
  RedisStore store_{{.servers = Servers()}};
};

TEST_F(ClusterStoreTest, EveryKeyIsWhereItBelongs) {
  ASSERT_TRUE(store_.CheckServer().ok());
  const WorkspaceId other = Elsewhere();
  OwnershipRecord record = Take();
  Take(other);
  CommitMany(store_, record, 2);
  EXPECT_THAT(MustRun(ListWorkspaces{}).workspaces, testing::UnorderedElementsAre(kWorkspace, other));
  EXPECT_THAT(MustRun(Announce{"pod:1", 60'000}).pods, testing::ElementsAre("pod:1"));
  // One round trip to three servers.
  const auto replies = store_.Execute({Renew{kWorkspace, record.token}, Observe{other},
                                       ListWorkspaces{}, NextCommit(record)});
  for (const Reply& reply : replies) EXPECT_EQ(reply.result, Result::kOk) << reply.detail;
  RedisEventLog log(Servers());
  EXPECT_EQ(log.Last(kWorkspace), (EventId{record.token.epoch, 3}));
  EXPECT_EQ(log.Read(kWorkspace, {}, 10, 0).events.size(), 3u);
  EXPECT_EQ(log.Last(other), EventId{});
  MustRun(Drop{kWorkspace, record.token});
  EXPECT_THAT(MustRun(ListWorkspaces{}).workspaces, testing::ElementsAre(other));
}

TEST_F(ClusterStoreTest, FollowsASlotThatHasMoved) {
  OwnershipRecord record = Take();
  CommitMany(store_, record, 2);
  RedisEventLog log(Servers());
  EXPECT_EQ(log.Last(kWorkspace), (EventId{record.token.epoch, 2}));
  test::RedisServer& to = cluster_.AnotherPrimary(own_);
  cluster_.BeginMove(own_, to);
  cluster_.FinishMove(own_, to);
  CommitMany(store_, record, 1);
  MustRun(Renew{kWorkspace, record.token});
  EXPECT_EQ(MustRun(Load{kWorkspace, record.token}).state->records.size(), 3u);
  log.Last(kWorkspace);  // Learns where it is now.
  EXPECT_EQ(log.Last(kWorkspace), (EventId{record.token.epoch, 3}));
}

TEST_F(ClusterStoreTest, ALoadMeetsTheMoveFirst) {
  OwnershipRecord record = Take();
  CommitMany(store_, record, 2);
  test::RedisServer& to = cluster_.AnotherPrimary(own_);
  cluster_.BeginMove(own_, to);
  cluster_.FinishMove(own_, to);
  EXPECT_EQ(Run(Load{kWorkspace, record.token}).result, Result::kRefused);
  EXPECT_EQ(MustRun(Load{kWorkspace, record.token}).state->records.size(), 2u);
}

// What needs several keys waits until they are together again; leases, of one key, live on.
TEST_F(ClusterStoreTest, WhileASlotMovesLeasesLiveAndCommitsWait) {
  OwnershipRecord record = Take();
  CommitMany(store_, record, 2);
  test::RedisServer& to = cluster_.AnotherPrimary(own_);
  cluster_.BeginMove(own_, to);
  for (const std::string& key : {own_, StreamKey(kWorkspace, 0)}) {
    cluster_.MoveKey(key, to);
    const uint64_t renewals = MustRun(Renew{kWorkspace, record.token}).ownership->renewals;
    EXPECT_EQ(MustRun(Observe{kWorkspace}).ownership->renewals, renewals);
    EXPECT_EQ(Run(NextCommit(record)).result, Result::kRefused);
    EXPECT_EQ(Run(Load{kWorkspace, record.token}).result, Result::kRefused);
  }
  cluster_.FinishMove(own_, to);
  EXPECT_EQ(RunUntilAnswered(NextCommit(record)).result, Result::kOk);
  EXPECT_EQ(RunUntilAnswered(Load{kWorkspace, record.token}).state->records.size(), 3u);
}

TEST_F(ClusterStoreTest, FollowsTheReplicaOfADeadServer) {
  OwnershipRecord record = Take();
  CommitMany(store_, record, 3);
  // Until the replica has it.
  RedisStore waiting({.servers = Servers(), .wait_replicas = 1});
  while (!waiting.Execute({Renew{kWorkspace, record.token}}).at(0).replicated) {
  }
  cluster_.HolderOf(own_).Kill();
  const auto killed = std::chrono::steady_clock::now();
  EXPECT_EQ(RunUntilAnswered(NextCommit(record)).result, Result::kOk);
  RecordProperty("failover_ms", static_cast<int>(std::chrono::duration_cast<milliseconds>(
                                    std::chrono::steady_clock::now() - killed).count()));
  EXPECT_EQ(MustRun(Load{kWorkspace, record.token}).state->records.size(), 4u);
}

TEST_F(ClusterStoreTest, AServerThatHangsDoesNotHoldUpTheOthersForLong) {
  const WorkspaceId other = Elsewhere();
  const OwnershipRecord record = Take();
  const OwnershipRecord hung = Take(other);
  cluster_.HolderOf(OwnershipKey(other)).Pause();
  int together = 0;
  const auto began = std::chrono::steady_clock::now();
  // Long enough that the others take it for dead and elect its replica.
  for (; std::chrono::steady_clock::now() < began + seconds(4); ++together) {
    const auto replies =
        store_.Execute({Commit{other, hung.token, 0, NextBatch(hung)},
                        Commit{kWorkspace, record.token, 0, NextBatch(record)}});
    ASSERT_NE(replies[0].result, Result::kBroken) << replies[0].detail;
    ASSERT_EQ(replies[1].result, Result::kOk) << replies[1].detail;
    std::this_thread::sleep_for(milliseconds(2));
  }
  // Waiting each time would be a few; a slow machine manages some hundred otherwise.
  EXPECT_GT(together, 20) << "each waits for the one that hangs";
}

}  // namespace
}  // namespace firstline::store
