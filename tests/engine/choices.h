// Where a made-up program takes its decisions from: a seeded generator or a byte tape (fuzzing).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace firstline::engine::proof {

class Choices {
 public:
  // Endless; the same seed gives the same choices on every machine.
  explicit Choices(uint64_t seed) : state_(seed) {}
  // Reads `tape`, which must outlive this; past its end every choice is 0 and `exhausted` is true.
  Choices(const uint8_t* tape, size_t size) : tape_(tape), end_(tape + size) {}

  // In [0, n), n > 0. A tape spends one byte for n up to 256, else four.
  uint32_t Below(uint32_t n) {
    if (tape_ == nullptr) return static_cast<uint32_t>(Random() % n);
    uint32_t value = TapeByte();
    for (int k = 0; n > 256 && k < 3; ++k) value = value << 8 | TapeByte();
    return value % n;
  }
  bool Percent(uint32_t p) { return Below(100) < p; }
  int Between(int low, int high) {  // inclusive
    return low + static_cast<int>(Below(static_cast<uint32_t>(high - low + 1)));
  }
  template <class T>
  const T& Pick(const std::vector<T>& from) {
    return from[Below(static_cast<uint32_t>(from.size()))];
  }
  // An index, each as probable as its weight says.
  size_t Weighted(const std::vector<uint32_t>& weights) {
    uint32_t sum = 0;
    for (uint32_t w : weights) sum += w;
    uint32_t at = Below(sum);
    size_t index = 0;
    while (at >= weights[index]) at -= weights[index++];
    return index;
  }
  bool exhausted() const { return tape_ != nullptr && tape_ == end_; }

 private:
  uint32_t TapeByte() { return tape_ == end_ ? 0 : *tape_++; }
  uint64_t Random() {  // splitmix64 (Steele, Lea, Flood 2014)
    uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  uint64_t state_ = 0;
  const uint8_t* tape_ = nullptr;
  const uint8_t* end_ = nullptr;
};

}  // namespace firstline::engine::proof
