// The Redis store when Redis refuses, forgets, hangs, dies or holds nonsense.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "services/router/store/redis_protocol.h"
#include "tests/store/redis_bench_fixture.h"

namespace firstline::store {
namespace {

using testing::HasSubstr;

class RedisFaultsTest : public RedisStoreTest {
 protected:
  RedisFaultsTest() : RedisStoreTest({.append_only = true, .append_fsync = "always"}) {}

  // What DUMP says of every key of the workspace.
  std::string Contents() {
    std::string contents;
    const redis::Reply keys = Admin({"KEYS", "fl:{acme}:*"});
    std::vector<std::string_view> names = keys.AsStrings().value();
    std::sort(names.begin(), names.end());
    for (std::string_view key : names) {
      contents.append(key).append(Admin({"DUMP", key}).AsString().value());
    }
    return contents;
  }
  // `request` is refused and changes nothing.
  void ExpectRefused(const Request& request, const std::string& word) {
    const std::string before = Contents();
    const Reply reply = Run(request);
    EXPECT_EQ(reply.result, Result::kRefused) << reply.detail;
    EXPECT_THAT(reply.detail, HasSubstr(word));
    EXPECT_EQ(Contents(), before);
  }
};

TEST_F(RedisFaultsTest, OutOfMemoryRefusesCommitsAndKeepsLeases) {
  OwnershipRecord record = Take();
  CommitMany(record, 2);
  Admin({"CONFIG", "SET", "maxmemory", "1"});
  ExpectRefused(NextCommit(record), "OOM");
  Commit erasing = NextCommit(record);
  erasing.batch.puts.clear();
  erasing.batch.events.clear();
  erasing.batch.erases = {{Table::kInquiry, "i1"}};
  ExpectRefused(erasing, "OOM");
  ExpectRefused(Rebuild{kWorkspace, record.token, 1, Next(record)}, "OOM");

  EXPECT_EQ(Run(Renew{kWorkspace, record.token}).result, Result::kOk);
  ExpectWhole(record);
  EXPECT_EQ(Run(Release{kWorkspace, record.token, record.sequence}).result, Result::kOk);
  const uint64_t sequence = record.sequence;
  record = Take(2);
  EXPECT_EQ(record.sequence, sequence);
  ExpectRefused(NextCommit(record), "OOM");

  Admin({"CONFIG", "SET", "maxmemory", "0"});
  Batch batch = Next(record);
  EXPECT_EQ(Run(Commit{kWorkspace, record.token, 0, batch}).result, Result::kOk);
  ++record.sequence;
  ExpectWhole(record);
}

TEST_F(RedisFaultsTest, ReplicaRefusesAndIsLeft) {
  OwnershipRecord record = Take();
  CommitMany(record, 1);
  Admin({"REPLICAOF", "127.0.0.1", "1"});
  ExpectRefused(NextCommit(record), "READONLY");
  ExpectRefused(Renew{kWorkspace, record.token}, "READONLY");
  EXPECT_EQ(Run(Observe{kWorkspace}).result, Result::kOk) << "reading goes on";
  Admin({"REPLICAOF", "NO", "ONE"});
  CommitMany(record, 1);
  ExpectWhole(record);
}

TEST_F(RedisFaultsTest, MissingReplicasRefuse) {
  OwnershipRecord record = Take();
  Admin({"CONFIG", "SET", "min-replicas-to-write", "1"});
  ExpectRefused(NextCommit(record), "NOREPLICAS");
  Admin({"CONFIG", "SET", "min-replicas-to-write", "0"});
  CommitMany(record, 1);
}

TEST_F(RedisFaultsTest, BusyServerRefuses) {
  OwnershipRecord record = Take();
  Admin({"CONFIG", "SET", "busy-reply-threshold", "1"});
  const auto hog = server_.Connect();
  hog->Append({"EVAL", "while true do end", "0"});
  ASSERT_TRUE(hog->Flush().ok());
  Reply reply;
  // Until the endless script has begun, commits go through.
  while ((reply = Run(NextCommit(record))).result == Result::kOk) ++record.sequence;
  EXPECT_EQ(reply.result, Result::kRefused);
  EXPECT_THAT(reply.detail, HasSubstr("BUSY"));
  Admin({"SCRIPT", "KILL"});
  EXPECT_FALSE(hog->ReadReply().ok());
  CommitMany(record, 1);
}

TEST_F(RedisFaultsTest, ForgottenScriptsAreLoadedAgain) {
  OwnershipRecord record = Take();
  Admin({"SCRIPT", "FLUSH"});
  CommitMany(record, 1);
  Admin({"SCRIPT", "FLUSH"});
  EXPECT_EQ(Run(Rebuild{kWorkspace, record.token, 1, Next(record)}).result, Result::kOk);
  Admin({"SCRIPT", "FLUSH"});
  EXPECT_EQ(Run(Load{kWorkspace, record.token}).result, Result::kOk);
  Admin({"SCRIPT", "FLUSH"});
  EXPECT_EQ(Run(Drop{kWorkspace, record.token}).result, Result::kOk);
}

TEST_F(RedisFaultsTest, ScriptsFlushedAllTheTime) {
  OwnershipRecord record = Take();
  std::atomic<bool> done = false;
  std::thread flusher([&] {
    const auto connection = server_.Connect();
    while (!done) connection->Call({"SCRIPT", "FLUSH"}).status().IgnoreError();
  });
  store_ = NewStore(/*page=*/10);
  int refused = 0;
  for (int i = 0; i < 300; ++i) {
    const Reply reply = Run(NextCommit(record));
    // Flushed between SCRIPT LOAD and the call that follows it: nothing was done.
    refused += reply.result == Result::kRefused;
    if (reply.result == Result::kOk) ++record.sequence;
    ASSERT_TRUE(reply.result == Result::kOk || reply.result == Result::kRefused) << reply.detail;
  }
  EXPECT_EQ(Run(Load{kWorkspace, record.token}).state->records.size(), record.sequence);
  done = true;
  flusher.join();
  RecordProperty("refused", refused);
  EXPECT_GT(record.sequence, 0u);
  ExpectWhole(record);
}

TEST_F(RedisFaultsTest, KilledServerIsUnknownAndComesBack) {
  OwnershipRecord record = Take();
  CommitMany(record, 5);
  server_.Kill();
  for (int i = 0; i < 2; ++i) {
    const std::vector<Reply> replies =
        store_->Execute({NextCommit(record), Load{kWorkspace, record.token}, ListWorkspaces{}});
    for (const Reply& reply : replies) {
      EXPECT_EQ(reply.result, Result::kUnknown);
      EXPECT_FALSE(reply.detail.empty());
    }
  }
  RedisEventLog log({.target = server_.address()});
  EXPECT_EQ(log.Read(kWorkspace, {}, 10, 0).state, CursorState::kUnavailable);
  EXPECT_EQ(log.Last(kWorkspace), std::nullopt);
  server_.Restart();
  CommitMany(record, 2);
  ExpectWhole(record);
  EXPECT_EQ(log.Last(kWorkspace), (EventId{record.token.epoch, 7}));
}

TEST_F(RedisFaultsTest, CutConnectionIsUnknownOnce) {
  OwnershipRecord record = Take();
  CommitMany(record, 1);
  Admin({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
  const Commit commit = NextCommit(record);
  EXPECT_EQ(Run(commit).result, Result::kUnknown);
  EXPECT_EQ(Run(commit).result, Result::kOk);
  ++record.sequence;
  ExpectWhole(record);
}

TEST_F(RedisFaultsTest, HangingServerIsUnknownAndTheResendIsAppliedOnce) {
  timeout_ = std::chrono::milliseconds(150);
  store_ = NewStore();
  OwnershipRecord record = Take();
  CommitMany(record, 1);
  server_.Pause();
  const Commit commit = NextCommit(record);
  EXPECT_EQ(Run(commit).result, Result::kUnknown);
  server_.Resume();
  // The first sending lies in the server's socket and is executed, before or after the second.
  timeout_ = std::chrono::seconds(20);
  store_ = NewStore();
  EXPECT_EQ(Run(commit).result, Result::kOk);
  ++record.sequence;
  ExpectWhole(record);
  CommitMany(record, 1);
  ExpectWhole(record);
}

TEST_F(RedisFaultsTest, KeyOfAnotherTypeIsBrokenAndChangesNothing) {
  OwnershipRecord record = Take();
  CommitMany(record, 1);
  Admin({"SET", "fl:{acme}:0:a", "not a hash"});
  Commit commit = NextCommit(record);
  commit.batch.puts.push_back({Table::kAgent, "a", "v"});
  std::string before = Contents();
  EXPECT_EQ(Run(commit).result, Result::kBroken);
  EXPECT_EQ(Contents(), before);
  EXPECT_EQ(Run(Load{kWorkspace, record.token}).result, Result::kBroken);
  Admin({"DEL", "fl:{acme}:0:a"});

  Admin({"RENAME", "fl:{acme}:0:e", "kept"});
  Admin({"SET", "fl:{acme}:0:e", "not a stream"});
  before = Contents();
  EXPECT_EQ(Run(commit).result, Result::kBroken);
  EXPECT_EQ(Contents(), before);
  RedisEventLog log({.target = server_.address()});
  EXPECT_EQ(log.Read(kWorkspace, {}, 10, 0).state, CursorState::kUnavailable);
  Admin({"RENAME", "kept", "fl:{acme}:0:e"});
  EXPECT_EQ(Run(commit).result, Result::kOk);

  Admin({"HSET", OwnershipKey(kWorkspace), "renewals", "many"});
  EXPECT_EQ(Run(Observe{kWorkspace}).result, Result::kBroken);
  Admin({"SET", OwnershipKey(kWorkspace), "not a record"});
  for (const Reply& reply : store_->Execute({Observe{kWorkspace}, Renew{kWorkspace, record.token},
                                             Load{kWorkspace, record.token}})) {
    EXPECT_EQ(reply.result, Result::kBroken) << reply.detail;
  }
}

TEST_F(RedisFaultsTest, LoadThatRacesATakeOverIsFenced) {
  OwnershipRecord record = Take();
  Batch whole;
  for (int i = 0; i < 3000; ++i) {
    whole.puts.push_back({Table::kInquiry, std::to_string(i), std::string(100, 'x')});
  }
  ASSERT_EQ(Run(Rebuild{kWorkspace, record.token, 1, whole}).result, Result::kOk);
  const auto reader = NewStore(/*page=*/10);
  int fenced = 0;
  for (uint64_t nonce = 2; fenced == 0; ++nonce) {
    record = Take(nonce);
    Reply loaded;
    std::thread loading([&] { loaded = RunOn(*reader, Load{kWorkspace, record.token}); });
    const Reply taken = Run(Acquire{kWorkspace, record, nonce + 1'000'000, "other"});
    loading.join();
    ASSERT_EQ(taken.result, Result::kOk);
    if (loaded.result == Result::kOk) {
      ASSERT_EQ(loaded.state->records.size(), 3000u);
      continue;
    }
    ASSERT_EQ(loaded.result, Result::kFenced);
    EXPECT_EQ(loaded.ownership, taken.ownership);
    ++fenced;
  }
}

TEST_F(RedisFaultsTest, RebuildCutShortLeavesTheOldStateAndIsCleanedUp) {
  OwnershipRecord record = Take();
  CommitMany(record, 3);
  Batch whole = Next(record);
  for (int i = 0; i < 3000; ++i) whole.puts.push_back({Table::kAgent, std::to_string(i), "v"});
  const auto builder = NewStore(/*page=*/1);
  Result result = Result::kOk;
  for (uint64_t generation = 1; result == Result::kOk; ++generation) {
    const std::string key = TableKey(kWorkspace, generation, Table::kAgent);
    std::thread building([&, generation] {
      result = RunOn(*builder, Rebuild{kWorkspace, record.token, generation, whole}).result;
    });
    while (Admin({"EXISTS", key}).AsInteger().value() == 0) {
    }
    Admin({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
    building.join();
    if (result == Result::kOk) continue;
    ASSERT_EQ(result, Result::kUnknown);
    ASSERT_EQ(Run(Observe{kWorkspace}).result, Result::kUnknown) << "cut off as well";
    if (generation == 1) ExpectWhole(record);
    ASSERT_EQ(Run(Load{kWorkspace, record.token}).result, Result::kOk);
    EXPECT_EQ(Admin({"EXISTS", key}).AsInteger().value(), 0) << "left behind";
    EXPECT_EQ(Run(Rebuild{kWorkspace, record.token, generation, whole}).result, Result::kOk);
    EXPECT_EQ(Run(Load{kWorkspace, record.token}).state->records.size(), 3001u);
  }
}

}  // namespace
}  // namespace firstline::store
