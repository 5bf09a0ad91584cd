// Which waiting inquiry of a queue arrived first, whatever order it is served in.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <vector>

#include "services/router/engine/types.h"

namespace firstline::engine {

// A heap by arrival sequence with lazy removal: entries that no longer wait are dropped when they
// reach the top, or all at once when they are the majority. O(log n) an Add, amortised.
class Oldest {
 public:
  void Add(uint64_t sequence, InquiryIx inquiry) {
    heap_.push_back({sequence, inquiry});
    std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
  }
  // `waits(inquiry, sequence)` says whether the entry still waits here; `count` is how many do.
  template <class Waits>
  void Tidy(size_t count, const Waits& waits) {
    if (heap_.size() <= 2 * count + 64) return;
    std::erase_if(heap_, [&](const Entry& e) { return !waits(e.inquiry, e.sequence); });
    std::sort(heap_.begin(), heap_.end());
    heap_.erase(std::unique(heap_.begin(), heap_.end()), heap_.end());
  }
  // Unset when nothing waits.
  template <class Waits>
  InquiryIx Top(const Waits& waits) {
    while (!heap_.empty() && !waits(heap_.front().inquiry, heap_.front().sequence)) {
      std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
      heap_.pop_back();
    }
    return heap_.empty() ? InquiryIx{} : heap_.front().inquiry;
  }
  void Clear() { heap_.clear(); }

 private:
  struct Entry {
    uint64_t sequence;
    InquiryIx inquiry;
    friend auto operator<=>(const Entry&, const Entry&) = default;
  };
  std::vector<Entry> heap_;
};

}  // namespace firstline::engine
