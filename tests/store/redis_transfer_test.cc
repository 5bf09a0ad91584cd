// Export and import on real Redis servers: equal keys, one commit's state, nothing on refusal.
#include "services/router/store/redis_transfer.h"

#include <gtest/gtest.h>

#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/router/store/redis_store.h"
#include "tests/common/redis_server.h"

namespace firstline::store {
namespace {

constexpr int kRecords = 5000;  // several pages, and a hash that Redis has resized
constexpr uint32_t kStaging = 77;

class RedisTransfer : public testing::Test {
 protected:
  RedisTransfer() {
    RedisStore store({.servers = {.target = from_.address()}});
    const auto acquired = store.Execute({Acquire{"shop", std::nullopt, 5, "r:1"}});
    const Token token = acquired[0].ownership->token;
    Batch batch;
    batch.batch_id = 9;
    batch.puts.push_back({Table::kMeta, "config", "c"});
    for (int i = 0; i < kRecords; ++i) {
      batch.puts.push_back({Table::kInquiry, absl::StrCat("i", i), std::string(100, 'x')});
      batch.events.push_back(
          {{token.epoch, static_cast<uint64_t>(i) + 1}, absl::StrCat("event ", i)});
    }
    batch.puts.push_back({Table::kAgent, "ann", std::string("\0\n", 2)});
    batch.puts.push_back({Table::kRequest, "r", "1"});
    EXPECT_EQ(store.Execute({Commit{"shop", token, 0, batch}})[0].result, Result::kOk);
    EXPECT_EQ(store.Execute({Release{"shop", token, 1}})[0].result, Result::kOk);
  }

  static std::string Exported(const test::RedisServer& redis) {
    redis::Servers servers({.target = redis.address()});
    std::ostringstream out;
    const auto summary = ExportWorkspace(servers, "shop", out);
    EXPECT_TRUE(summary.ok()) << summary.status();
    return out.str();
  }
  static absl::StatusOr<TransferSummary> Imported(const test::RedisServer& redis,
                                                  const std::string& bytes) {
    redis::Servers servers({.target = redis.address()});
    std::istringstream in(bytes);
    return ImportWorkspace(servers, in, kStaging);
  }
  static int64_t Keys(redis::Connection& connection) {
    return *connection.Call({"DBSIZE"})->AsInteger();
  }

  test::RedisServer from_, to_;
  const std::unique_ptr<redis::Connection> source_ = from_.Connect(), target_ = to_.Connect();
};

TEST_F(RedisTransfer, AnImportedWorkspaceIsExportedAlike) {
  const std::string bytes = Exported(from_);
  const auto summary = Imported(to_, bytes);
  ASSERT_TRUE(summary.ok()) << summary.status();
  EXPECT_EQ(summary->inquiries, static_cast<uint64_t>(kRecords));
  EXPECT_EQ(summary->events, static_cast<uint64_t>(kRecords));
  EXPECT_EQ(summary->sequence, 1u);
  // Only the order of entries in a hash is Redis' own.
  EXPECT_EQ(Exported(to_).size(), bytes.size());

  // A router takes it at once, and reads every record as it was.
  RedisStore store({.servers = {.target = to_.address()}});
  RedisStore old({.servers = {.target = from_.address()}});
  EXPECT_EQ(store.Execute({ListWorkspaces{}})[0].workspaces, std::vector<WorkspaceId>{"shop"});
  const auto seen = store.Execute({Observe{"shop"}})[0].ownership;
  ASSERT_TRUE(seen && seen->released);
  const auto mine = store.Execute({Acquire{"shop", seen, 6, "r:2"}})[0].ownership;
  const auto theirs = old.Execute({Acquire{"shop", old.Execute({Observe{"shop"}})[0].ownership, 6,
                                           "r:2"}})[0].ownership;
  ASSERT_TRUE(mine && theirs);
  EXPECT_GT(mine->token.epoch, seen->token.epoch);
  const auto loaded = store.Execute({Load{"shop", mine->token}})[0].state;
  const auto original = old.Execute({Load{"shop", theirs->token}})[0].state;
  ASSERT_TRUE(loaded && original);
  ASSERT_EQ(loaded->records.size(), original->records.size());
  for (size_t i = 0; i < loaded->records.size(); ++i) {
    EXPECT_EQ(loaded->records[i].key, original->records[i].key);
    EXPECT_EQ(loaded->records[i].bytes, original->records[i].bytes);
  }
  EXPECT_EQ(loaded->last_event, original->last_event);
  // Nothing expires any more.
  const auto keys = target_->Call({"KEYS", "fl:*"});
  const auto names = keys->AsStrings();
  for (std::string_view key : *names) {
    EXPECT_EQ(*target_->Call({"TTL", key})->AsInteger(), -1) << key;
  }
}

// An import adds one event of its own, in an epoch that no owner had or will have.
TEST_F(RedisTransfer, HistoryTellsAnImport) {
  const std::string bytes = Exported(from_);
  std::istringstream in(bytes);
  redis::Servers servers({.target = to_.address()});
  EventId told, before;
  std::chrono::microseconds when{};
  const ImportEvent event = [&](EventId id, EventId previous, std::chrono::microseconds time) {
    told = id;
    before = previous;
    when = time;
    return std::string("imported");
  };
  ASSERT_TRUE(ImportWorkspace(servers, in, kStaging, nullptr, event).ok());
  RedisStore store({.servers = {.target = to_.address()}});
  const auto seen = store.Execute({Observe{"shop"}})[0].ownership;
  ASSERT_TRUE(seen && seen->released);
  EXPECT_EQ(told, (EventId{seen->token.epoch, 1}));
  EXPECT_EQ(before.n, static_cast<uint64_t>(kRecords));
  EXPECT_LT(before.epoch, told.epoch);
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  EXPECT_LT(std::chrono::abs(now - when), std::chrono::minutes(1));
  const auto mine = store.Execute({Acquire{"shop", seen, 6, "r:2"}})[0].ownership;
  ASSERT_TRUE(mine);
  EXPECT_GT(mine->token.epoch, told.epoch);
  EXPECT_EQ(store.Execute({Load{"shop", mine->token}})[0].state->last_event, told);
  EXPECT_EQ(store.Execute({Release{"shop", mine->token, mine->sequence}})[0].result, Result::kOk);
  // The last of the file as well when it goes on from there.
  const std::string again = Exported(to_);
  EXPECT_NE(again.find("imported"), std::string::npos);
  std::istringstream file(again);
  const auto checked = CheckTransfer(file);
  ASSERT_TRUE(checked.ok()) << checked.status();
  EXPECT_EQ(checked->events, static_cast<uint64_t>(kRecords) + 1);
}

TEST_F(RedisTransfer, AWorkspaceThatIsThereIsNotTouched) {
  const std::string bytes = Exported(from_);
  const int64_t keys = Keys(*source_);
  const auto again = Imported(from_, bytes);
  EXPECT_EQ(again.status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(Keys(*source_), keys);
  EXPECT_EQ(Exported(from_).size(), bytes.size());
}

TEST_F(RedisTransfer, OneThatAppearsMeanwhileIsNotTouchedEither) {
  const std::string bytes = Exported(from_);
  std::istringstream in(bytes);
  bool made = false;
  redis::Servers servers({.target = to_.address()});
  const auto late = ImportWorkspace(servers, in, kStaging, [&](uint64_t) {
    if (std::exchange(made, true)) return;
    RedisStore store({.servers = {.target = to_.address()}});
    EXPECT_EQ(store.Execute({Acquire{"shop", std::nullopt, 5, "r:1"}})[0].result, Result::kOk);
  });
  EXPECT_TRUE(made);
  EXPECT_EQ(late.status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(Keys(*target_), 2) << "the record and the registry";
}

TEST_F(RedisTransfer, ADamagedFileLeavesNothing) {
  const std::string bytes = Exported(from_);
  for (const size_t at : {bytes.size() / 2, bytes.size() - 1, size_t{30}}) {
    std::string bad = bytes;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    EXPECT_FALSE(Imported(to_, bad).ok()) << at;
    EXPECT_FALSE(Imported(to_, bytes.substr(0, at)).ok()) << at;
    EXPECT_EQ(Keys(*target_), 0) << at;
  }
  EXPECT_TRUE(Imported(to_, bytes).ok());
}

TEST_F(RedisTransfer, WhatAnImportThatDiedLeftGoesByItself) {
  const std::string bytes = Exported(from_);
  std::istringstream in(bytes);
  int64_t staged = 0;
  redis::Servers servers({.target = to_.address()});
  const auto refused = ImportWorkspace(servers, in, kStaging, [&](uint64_t) {
    if (staged > 0) return;
    staged = Keys(*target_);
    to_.Connect()->Call({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"}).status().IgnoreError();
  });
  EXPECT_FALSE(refused.ok());
  EXPECT_GT(staged, 0);
  const auto fresh = to_.Connect();
  const auto keys = fresh->Call({"KEYS", "*"});
  const std::vector<std::string_view> names = keys->AsStrings().value();
  for (std::string_view key : names) {
    EXPECT_GT(*fresh->Call({"TTL", key})->AsInteger(), 0) << key;
  }
  EXPECT_TRUE(Imported(to_, bytes).ok());
}

TEST_F(RedisTransfer, AStateThatChangesIsNotExported) {
  std::ostringstream out;
  const auto writer = from_.Connect();
  redis::Servers servers({.target = from_.address()});
  const auto changed = ExportWorkspace(servers, "shop", out, [&](uint64_t) {
    writer->Call({"HINCRBY", "fl:{shop}:own", "sequence", "1"}).status().IgnoreError();
  });
  EXPECT_EQ(changed.status().code(), absl::StatusCode::kAborted);
  std::istringstream in(out.str());
  EXPECT_FALSE(CheckTransfer(in).ok());
  EXPECT_EQ(ExportWorkspace(servers, "none", out).status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace firstline::store
