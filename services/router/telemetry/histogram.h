// Counting values into fixed bounds, in integers: nothing is lost, and two histograms with the same
// bounds can be added.
//
// Threads: one at a time.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace firstline::telemetry {

// A count and a sum; the mean is left to whoever reads. The unit is that of what is added.
struct Sum {
  uint64_t count = 0;
  int64_t sum = 0;
  void Add(int64_t value) { ++count, sum += value; }
  void Add(const Sum& other) { count += other.count, sum += other.sum; }
  friend bool operator==(const Sum&, const Sum&) = default;
};

// `kBounds`: a std::array<int64_t, n> of inclusive upper bounds, ascending.
template <const auto& kBounds>
struct Histogram {
  std::array<uint64_t, kBounds.size() + 1> counts{};  // not cumulative; the last: above all bounds
  Sum total;

  void Add(int64_t value) {
    const auto bound = std::lower_bound(kBounds.begin(), kBounds.end(), value);
    ++counts[static_cast<size_t>(bound - kBounds.begin())];
    total.Add(value);
  }
  void Add(const Histogram& other) {
    for (size_t i = 0; i < counts.size(); ++i) counts[i] += other.counts[i];
    total.Add(other.total);
  }
  friend bool operator==(const Histogram&, const Histogram&) = default;
};

// Bounds given in a larger unit.
template <size_t n>
constexpr std::array<int64_t, n> Times(std::array<int64_t, n> bounds, int64_t factor) {
  for (int64_t& bound : bounds) bound *= factor;
  return bounds;
}

}  // namespace firstline::telemetry
