// A queue with many producers, one consumer and a bound: how work reaches a thread that owns state.
//
// Producers never wait: at the bound they are told at once and can say so to their caller. The
// consumer takes everything there is in one step, because batches are what makes it fast.
//
//   BoundedInbox<Command> inbox(4096);
//   if (!inbox.TryPush(command)) return ResourceExhausted();   // any thread
//   while (inbox.PopAll(batch, timeout)) { ...; batch.clear(); }  // the owner
//
// Thread rule: PopAll from one thread at a time, everything else from any.
#pragma once

#include <algorithm>
#include <cassert>
#include <chrono>
#include <cstddef>
#include <iterator>
#include <utility>
#include <vector>

#include "common/sync/mutex.h"

namespace firstline::sync {

template <typename T>
class BoundedInbox {
 public:
  // `capacity` > 0: how many items may wait.
  explicit BoundedInbox(std::size_t capacity) : capacity_(capacity) { assert(capacity > 0); }

  // Appends `item`. False when the inbox is full or closed; `item` is then left as it was.
  bool TryPush(T& item) { return TryPushBelow(capacity_, item); }
  bool TryPush(T&& item) { return TryPushBelow(capacity_, item); }

  // Like TryPush, but as if the capacity were `limit` when that is smaller: work of less importance
  // is turned away first while the rest still gets in.
  bool TryPushBelow(std::size_t limit, T& item) FIRSTLINE_EXCLUDES(mutex_) {
    {
      MutexLock lock(mutex_);
      if (closed_ || items_.size() >= std::min(limit, capacity_)) return false;
      items_.push_back(std::move(item));
      if (items_.size() > 1) return true;  // The consumer has been told of the first one.
    }
    filled_.NotifyOne();
    return true;
  }

  // The same for many at once: appends as many from the front as fit, wakes the consumer once, and
  // returns how many those were. The others are left as they were.
  std::size_t TryPushAllBelow(std::size_t limit, std::vector<T>& items) FIRSTLINE_EXCLUDES(mutex_) {
    std::size_t taken = 0;
    bool was_empty = false;
    {
      MutexLock lock(mutex_);
      was_empty = items_.empty();
      const std::size_t room = std::min(limit, capacity_);
      while (taken < items.size() && !closed_ && items_.size() < room) {
        items_.push_back(std::move(items[taken++]));
      }
    }
    if (was_empty && taken > 0) filled_.NotifyOne();
    return taken;
  }

  // Waits until something is there, the inbox is closed or `timeout` has passed (zero or less: does
  // not wait), then appends everything to `out` in order of arrival. False once the inbox is closed
  // and empty, which is final.
  bool PopAll(std::vector<T>& out, std::chrono::nanoseconds timeout) FIRSTLINE_EXCLUDES(mutex_) {
    // Beyond an hour the sum could overflow, and waking up that often costs nothing.
    const auto deadline = std::chrono::steady_clock::now() +
                          std::min<std::chrono::nanoseconds>(timeout, std::chrono::hours(1));
    MutexLock lock(mutex_);
    while (items_.empty() && !closed_) {
      if (!filled_.WaitUntil(mutex_, deadline)) break;
    }
    if (items_.empty()) return !closed_;
    if (out.empty()) {
      out.swap(items_);  // Two buffers change places for ever: no allocation in steady state.
    } else {
      std::move(items_.begin(), items_.end(), std::back_inserter(out));
      items_.clear();
    }
    return true;
  }

  // Lets nothing more in and wakes the consumer. What is inside can still be taken. Idempotent.
  void Close() FIRSTLINE_EXCLUDES(mutex_) {
    {
      MutexLock lock(mutex_);
      closed_ = true;
    }
    filled_.NotifyAll();
  }

  // How many items wait; out of date as soon as it returns.
  std::size_t size() const FIRSTLINE_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return items_.size();
  }
  std::size_t capacity() const { return capacity_; }

 private:
  const std::size_t capacity_;
  mutable Mutex mutex_;
  CondVar filled_;
  std::vector<T> items_ FIRSTLINE_GUARDED_BY(mutex_);
  bool closed_ FIRSTLINE_GUARDED_BY(mutex_) = false;
};

}  // namespace firstline::sync
