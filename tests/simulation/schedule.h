// Virtual time: what happens next, one thing after the other.
#pragma once

#include <cstdint>
#include <functional>
#include <queue>
#include <utility>
#include <vector>

namespace firstline::simulation {

class Schedule {
 public:
  using Action = std::function<void()>;

  int64_t now_us() const { return now_us_; }
  // Things due at the same time happen in the order in which they were asked for.
  void After(int64_t delay_us, Action action) { At(now_us_ + delay_us, std::move(action)); }
  void At(int64_t due_us, Action action) {
    queue_.push({due_us < now_us_ ? now_us_ : due_us, ++sequence_, std::move(action)});
  }
  // Does the next thing; false when nothing is left or it lies after `until_us`.
  bool Step(int64_t until_us) {
    if (queue_.empty() || queue_.top().due_us > until_us) return false;
    Entry next = std::move(const_cast<Entry&>(queue_.top()));
    queue_.pop();
    now_us_ = next.due_us;
    next.action();
    return true;
  }

 private:
  struct Entry {
    int64_t due_us;
    uint64_t sequence;
    Action action;
    bool operator<(const Entry& other) const {
      return std::pair(due_us, sequence) > std::pair(other.due_us, other.sequence);
    }
  };
  std::priority_queue<Entry> queue_;
  int64_t now_us_ = 1'000'000;
  uint64_t sequence_ = 0;
};

}  // namespace firstline::simulation
