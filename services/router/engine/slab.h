// Objects at stable addresses under dense, reusable indexes.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace firstline::engine {

// Freed slots are reused last-in first-out. A freed slot holds a default-constructed T. `kChunk`, a
// power of two: how many are made at a time.
template <class T, uint32_t kChunk = 256>
class Slab {
 public:
  uint32_t Allocate() {
    if (!free_.empty()) {
      const uint32_t index = free_.back();
      free_.pop_back();
      return index;
    }
    if (size_ % kChunk == 0) chunks_.push_back(std::make_unique<std::array<T, kChunk>>());
    return size_++;
  }
  void Free(uint32_t index) {
    (*this)[index] = T{};
    free_.push_back(index);
  }
  T& operator[](uint32_t i) { return (*chunks_[i / kChunk])[i % kChunk]; }
  const T& operator[](uint32_t i) const { return (*chunks_[i / kChunk])[i % kChunk]; }
  uint32_t size() const { return size_; }  // one past the highest index ever used

 private:
  static_assert((kChunk & (kChunk - 1)) == 0);
  std::vector<std::unique_ptr<std::array<T, kChunk>>> chunks_;
  std::vector<uint32_t> free_;
  uint32_t size_ = 0;
};

}  // namespace firstline::engine
