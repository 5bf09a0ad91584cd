// The Redis store behind Sentinels: it follows the primary, and no lease rests on one that was
// replaced.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "services/router/store/redis_event_log.h"
#include "services/router/store/redis_protocol.h"
#include "services/router/store/redis_store.h"
#include "tests/common/sentinel_group.h"
#include "tests/store/batches.h"

namespace firstline::store {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

class SentinelStoreTest : public testing::Test {
 protected:
  SentinelStoreTest() { store_ = NewStore(); }

  redis::ServersOptions Servers() const {
    return {.target = *redis::Target::Parse(group_.target()),
            .command_timeout = milliseconds(500)};
  }
  std::unique_ptr<RedisStore> NewStore() const {
    return std::make_unique<RedisStore>(RedisStoreOptions{.servers = Servers()});
  }
  Reply Run(Request request) { return store_->Execute({std::move(request)}).at(0); }
  OwnershipRecord Take() {
    const Reply seen = Run(Observe{kWorkspace});
    const Reply taken = Run(Acquire{kWorkspace, seen.ownership, 1, "pod"});
    EXPECT_EQ(taken.result, Result::kOk) << taken.detail;
    return taken.ownership.value();
  }
  Reply MustRun(const Request& request) {
    Reply reply = Run(request);
    EXPECT_EQ(reply.result, Result::kOk) << reply.detail;
    return reply;
  }
  // Until the store takes it, as an owner does; the last reply.
  Reply RunUntilAnswered(const Request& request) {
    return store::RunUntilAnswered(*store_, request);
  }
  static std::string Field(test::RedisServer& server, std::string_view field) {
    const auto reply = server.Connect()->Call({"HGET", OwnershipKey(kWorkspace), field});
    return reply.ok() && !reply->is_nil() ? std::string(reply->AsString().value()) : "";
  }
  // Until every replica holds what the primary does.
  void AwaitReplicas() {
    const std::string sequence = Field(group_.primary(), "sequence");
    const std::string renewals = Field(group_.primary(), "renewals");
    for (test::RedisServer* replica : group_.replicas()) {
      while (Field(*replica, "sequence") != sequence || Field(*replica, "renewals") != renewals) {
        std::this_thread::sleep_for(milliseconds(5));
      }
    }
  }

  test::SentinelGroup group_;
  std::unique_ptr<RedisStore> store_;
};

TEST_F(SentinelStoreTest, FollowsThePrimaryWithEverythingThatWasReplicated) {
  OwnershipRecord record = Take();
  CommitMany(*store_, record, 3);
  RedisEventLog log(Servers());
  EXPECT_EQ(log.Last(kWorkspace), (EventId{record.token.epoch, 3}));
  AwaitReplicas();
  const Commit next = NextCommit(record);
  group_.primary().Kill();
  const auto killed = std::chrono::steady_clock::now();
  EXPECT_EQ(Run(next).result, Result::kUnknown);
  EXPECT_EQ(RunUntilAnswered(next).result, Result::kOk);
  RecordProperty("failover_ms", static_cast<int>(std::chrono::duration_cast<milliseconds>(
                                    std::chrono::steady_clock::now() - killed).count()));
  group_.AwaitOtherPrimary();
  EXPECT_EQ(Field(group_.primary(), "sequence"), "4");
  EXPECT_EQ(MustRun(Load{kWorkspace, record.token}).state->records.size(), 4u);
  EXPECT_THAT(MustRun(ListWorkspaces{}).workspaces, testing::ElementsAre(kWorkspace));
  log.Last(kWorkspace);  // Finds its connection broken, perhaps.
  EXPECT_EQ(log.Last(kWorkspace), (EventId{record.token.epoch, 4}));
}

TEST_F(SentinelStoreTest, ARenewalCountsOnlyWhileAMajorityNamesThisPrimary) {
  const OwnershipRecord record = Take();
  const Renew renew{kWorkspace, record.token};
  group_.sentinel(0).Pause();
  MustRun(renew);
  group_.sentinel(1).Pause();
  const Reply alone = Run(renew);
  EXPECT_EQ(alone.result, Result::kUnknown);
  EXPECT_THAT(alone.detail, HasSubstr("2 of 3 Sentinels"));
  EXPECT_EQ(Run(Observe{kWorkspace}).result, Result::kUnknown);
  EXPECT_EQ(Run(NextCommit(record)).result, Result::kUnknown)
      << "a server that nobody vouches for is not written to";
  EXPECT_EQ(Field(group_.primary(), "sequence"), "0");
  group_.sentinel(1).Resume();
  EXPECT_EQ(RunUntilAnswered(renew).result, Result::kOk);
  group_.sentinel(0).Resume();
}

// The server that was stopped takes itself for the primary for some seconds more.
TEST_F(SentinelStoreTest, AStalePrimaryRenewsNothing) {
  OwnershipRecord record = Take();
  CommitMany(*store_, record, 1);
  AwaitReplicas();
  test::RedisServer& stale = group_.primary();
  const std::string renewals = Field(stale, "renewals");
  stale.Pause();
  group_.AwaitOtherPrimary();
  stale.Resume();
  ASSERT_EQ(test::SentinelGroup::RoleOf(stale), "master");

  // What is acknowledged by it is lost, but for the owner, who will write it again.
  const Commit lost = NextCommit(record);
  MustRun(lost);
  const Reply renewed = Run(Renew{kWorkspace, record.token});
  EXPECT_EQ(renewed.result, Result::kUnknown);
  EXPECT_THAT(renewed.detail, HasSubstr("any more"));
  EXPECT_EQ(Field(stale, "renewals"), renewals);

  EXPECT_EQ(MustRun(Renew{kWorkspace, record.token}).ownership->sequence, 1u);
  record.sequence = 2;
  EXPECT_EQ(Run(NextCommit(record)).result, Result::kOutOfOrder);
  MustRun(lost);
  CommitMany(*store_, record, 1);
  EXPECT_EQ(Field(group_.primary(), "sequence"), "3");
  EXPECT_EQ(MustRun(Load{kWorkspace, record.token}).state->records.size(), 3u);
}

}  // namespace
}  // namespace firstline::store
