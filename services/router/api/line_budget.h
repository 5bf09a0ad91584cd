// How many lines of a kind the process writes into its log: so many a second, and what is left out is
// counted.
//
// Threads: any.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include "common/limit/token_bucket.h"
#include "common/sync/mutex.h"

namespace firstline::api {

class LineBudget {
 public:
  // `per_second`: at least 1; as many may come at once.
  explicit LineBudget(int per_second)
      : lines_(per_second, per_second) {}
  // How many lines were left out since the last one; nothing when this one must be, too.
  std::optional<uint64_t> Take() FIRSTLINE_EXCLUDES(mutex_) {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    sync::MutexLock lock(mutex_);
    if (lines_.Take(now)) return std::exchange(left_out_, 0);
    ++left_out_;
    return std::nullopt;
  }

 private:
  sync::Mutex mutex_;
  limit::TokenBucket lines_ FIRSTLINE_GUARDED_BY(mutex_);
  uint64_t left_out_ FIRSTLINE_GUARDED_BY(mutex_) = 0;
};

}  // namespace firstline::api
