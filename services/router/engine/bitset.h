// A growable bitset over dense handles, with intersection walks.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace firstline::engine {

class Bitset {
 public:
  bool Test(uint32_t i) const {
    const size_t w = i / 64;
    return w < words_.size() && (words_[w] >> (i % 64) & 1) != 0;
  }
  void Assign(uint32_t i, bool value) {
    const size_t w = i / 64;
    if (w >= words_.size()) {
      if (!value) return;
      words_.resize(std::max(w + 1, words_.size() * 2));
    }
    const uint64_t bit = uint64_t{1} << (i % 64);
    words_[w] = value ? words_[w] | bit : words_[w] & ~bit;
  }
  void Clear() { words_.clear(); }
  void IntersectWith(const Bitset& other) {
    words_.resize(std::min(words_.size(), other.words_.size()));
    for (size_t w = 0; w < words_.size(); ++w) words_[w] &= other.words_[w];
  }
  void UniteWith(const Bitset& other) {
    if (words_.size() < other.words_.size()) words_.resize(other.words_.size());
    for (size_t w = 0; w < other.words_.size(); ++w) words_[w] |= other.words_[w];
  }

  // Members of both, counted up to `enough`: a larger result only says "at least enough".
  static size_t CountCommon(const Bitset& a, const Bitset& b, size_t enough) {
    const size_t n = std::min(a.words_.size(), b.words_.size());
    size_t count = 0;
    for (size_t w = 0; w < n && count < enough; ++w) {
      count += static_cast<size_t>(std::popcount(a.words_[w] & b.words_[w]));
    }
    return count;
  }
  // Calls visit(index) for members of both, ascending.
  template <class Visit>
  static void ForEachCommon(const Bitset& a, const Bitset& b, const Visit& visit) {
    const size_t n = std::min(a.words_.size(), b.words_.size());
    for (size_t block = 0; block < n; ++block) ForEachCommonIn(block, a, b, visit);
  }
  // The same for one block of 64 indices, from 64 * block; both must reach that far.
  template <class Visit>
  static void ForEachCommonIn(size_t block, const Bitset& a, const Bitset& b, const Visit& visit) {
    for (uint64_t word = a.words_[block] & b.words_[block]; word != 0; word &= word - 1) {
      visit(static_cast<uint32_t>(block * 64 + static_cast<size_t>(std::countr_zero(word))));
    }
  }
  size_t blocks() const { return words_.size(); }

 private:
  std::vector<uint64_t> words_;
};

}  // namespace firstline::engine
