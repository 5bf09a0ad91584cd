// A redis-server of its own a test, with a store on it and a connection to play the operator.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "services/router/store/redis_event_log.h"
#include "services/router/store/redis_store.h"
#include "tests/common/redis_server.h"
#include "tests/store/batches.h"

namespace firstline::store {

class RedisStoreTest : public testing::Test {
 protected:
  explicit RedisStoreTest(test::RedisServerOptions options = {}) : server_(std::move(options)) {
    admin_ = server_.Connect();
    store_ = NewStore();
  }

  std::unique_ptr<RedisStore> NewStore(size_t page = 4096) const {
    RedisStoreOptions options;
    options.servers.target = server_.address();
    options.servers.command_timeout = timeout_;
    options.load_page = page;
    options.rebuild_chunk = page;
    return std::make_unique<RedisStore>(options);
  }

  Reply Run(Request request) { return RunOn(*store_, std::move(request)); }
  static Reply RunOn(Store& store, Request request) {
    return store.Execute({std::move(request)}).at(0);
  }
  redis::Reply Admin(std::initializer_list<std::string_view> command) {
    auto reply = admin_->Call(command);
    if (!reply.ok()) throw std::runtime_error(std::string(reply.status().message()));
    return *std::move(reply);
  }

  OwnershipRecord Take(uint64_t nonce = 1) {
    const Reply seen = Run(Observe{kWorkspace});
    return Run(Acquire{kWorkspace, seen.ownership, nonce, "pod"}).ownership.value();
  }
  static Batch Next(const OwnershipRecord& record) { return NextBatch(record); }
  void CommitMany(OwnershipRecord& record, int count) {
    store::CommitMany(*store_, record, count);
  }
  // Everything is there exactly once, up to the record's sequence.
  void ExpectWhole(const OwnershipRecord& record) {
    const Reply loaded = Run(Load{kWorkspace, record.token});
    ASSERT_EQ(loaded.result, Result::kOk) << loaded.detail;
    EXPECT_EQ(loaded.state->records.size(), record.sequence);
    RedisEventLog log({.target = server_.address()});
    const EventPage page = log.Read(kWorkspace, {}, 1'000'000, 0);
    EXPECT_EQ(page.state, CursorState::kOk);
    EXPECT_EQ(page.events.size(), record.sequence);
    EXPECT_EQ(Run(Observe{kWorkspace}).ownership->sequence, record.sequence);
  }

  std::chrono::milliseconds timeout_ = std::chrono::seconds(20);
  test::RedisServer server_;
  std::unique_ptr<redis::Connection> admin_;
  std::unique_ptr<RedisStore> store_;
};

}  // namespace firstline::store
