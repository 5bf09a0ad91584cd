// Id -> handle lookup. The only hash table of the engine: it cannot be iterated, so hash order can
// never reach a decision.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_set.h"

namespace firstline::engine {

// Maps ids to indexes of a table that owns the id strings; `IdOf(index)` must return the id for as
// long as the index is in the set. 5 bytes an entry beside the table.
template <class Table>
class IdIndex {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  explicit IdIndex(const Table* table) : set_(0, Hash{table}, Equal{table}) {}
  IdIndex(const IdIndex&) = delete;
  IdIndex& operator=(const IdIndex&) = delete;

  uint32_t Find(std::string_view id) const {
    auto it = set_.find(id);
    return it == set_.end() ? kNone : *it;
  }
  void Insert(uint32_t index) { set_.insert(index); }
  void Erase(std::string_view id) {
    if (auto it = set_.find(id); it != set_.end()) set_.erase(it);
  }
  size_t size() const { return set_.size(); }
  void Reserve(size_t n) { set_.reserve(n); }

 private:
  struct Hash {
    using is_transparent = void;
    const Table* table;
    size_t operator()(std::string_view id) const { return absl::Hash<std::string_view>{}(id); }
    size_t operator()(uint32_t index) const { return (*this)(table->IdOf(index)); }
  };
  struct Equal {
    using is_transparent = void;
    const Table* table;
    bool operator()(uint32_t a, uint32_t b) const { return a == b; }
    bool operator()(uint32_t a, std::string_view b) const { return table->IdOf(a) == b; }
    bool operator()(std::string_view a, uint32_t b) const { return table->IdOf(b) == a; }
  };
  absl::flat_hash_set<uint32_t, Hash, Equal> set_;
};

}  // namespace firstline::engine
