// Remembered outcomes of request ids: a bounded window for safe repeats.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "services/router/engine/engine.h"
#include "services/router/engine/id_index.h"
#include "services/router/engine/slab.h"

namespace firstline::engine {

// Kept in order of expiry. Every outcome lives for the window unless the bound pushes it out earlier.
class Requests {
 public:
  const RememberedRequest* Find(std::string_view id) const {
    const uint32_t slot = table_.index.Find(id);
    return slot == IdIndex<Table>::kNone ? nullptr : &table_.slots[slot];
  }
  // `id` must be unknown.
  void Add(RememberedRequest request) {
    const uint32_t slot = table_.slots.Allocate();
    const auto key = std::pair<Time, std::string_view>(request.expire, request.id);
    auto at = order_.end();  // nearly always the end: a window that was shortened comes before
    while (at != order_.begin()) {
      const auto before = std::prev(at);
      const std::string_view id = table_.slots[before->second].id;
      if (std::pair<Time, std::string_view>(before->first, id) <= key) break;
      at = before;
    }
    order_.insert(at, {request.expire, slot});
    table_.slots[slot] = std::move(request);
    table_.index.Insert(slot);
  }
  // Forgets what has expired and what is beyond `max`; appends the ids to `forgotten`.
  void Trim(Time now, size_t max, std::vector<std::string>& forgotten) {
    while (!order_.empty() && (order_.front().first <= now || order_.size() > max)) {
      const uint32_t slot = order_.front().second;
      order_.pop_front();
      forgotten.push_back(table_.slots[slot].id);
      table_.index.Erase(table_.slots[slot].id);
      table_.slots.Free(slot);
    }
  }
  // After restoring in any order.
  void Sort() {
    std::sort(order_.begin(), order_.end(), [&](const auto& a, const auto& b) {
      return std::pair<Time, std::string_view>(a.first, table_.slots[a.second].id) <
             std::pair<Time, std::string_view>(b.first, table_.slots[b.second].id);
    });
  }
  Time NextExpiry() const { return order_.empty() ? kNever : order_.front().first; }
  template <class Visit>
  void ForEach(const Visit& visit) const {
    for (const auto& [expire, slot] : order_) {
      if (!visit(table_.slots[slot])) return;
    }
  }
  size_t size() const { return order_.size(); }

 private:
  struct Table {
    Slab<RememberedRequest> slots;
    IdIndex<Table> index{this};
    std::string_view IdOf(uint32_t i) const { return slots[i].id; }
  };
  Table table_;
  std::deque<std::pair<Time, uint32_t>> order_;
};

}  // namespace firstline::engine
