// Batches for tests of a store: one put and one event each, numbered by the sequence.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "absl/strings/str_cat.h"
#include "services/router/store/port.h"

namespace firstline::store {

inline const WorkspaceId kWorkspace = "acme";

inline Batch NextBatch(const OwnershipRecord& record) {
  const uint64_t n = record.sequence + 1;
  Batch batch;
  batch.base_sequence = record.sequence;
  batch.batch_id = 1000 + n;
  batch.puts = {{Table::kInquiry, absl::StrCat("i", n), absl::StrCat("v", n)}};
  batch.events = {{{record.token.epoch, n}, absl::StrCat("e", n)}};
  return batch;
}

inline Commit NextCommit(const OwnershipRecord& record) {
  return {kWorkspace, record.token, record.generation, NextBatch(record)};
}

// Commits `count` batches and counts the record on.
inline void CommitMany(Store& store, OwnershipRecord& record, int count) {
  for (int i = 0; i < count; ++i) {
    const Reply reply = store.Execute({NextCommit(record)}).at(0);
    ASSERT_EQ(reply.result, Result::kOk) << reply.detail;
    ++record.sequence;
    record.batch_id = 1000 + record.sequence;
  }
}

// Until the store takes it, as an owner does, for a minute at most; the last reply.
inline Reply RunUntilAnswered(Store& store, const Request& request) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (true) {
    Reply reply = store.Execute({request}).at(0);
    const bool open = reply.result == Result::kUnknown || reply.result == Result::kRefused;
    if (!open || std::chrono::steady_clock::now() >= deadline) return reply;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

}  // namespace firstline::store
