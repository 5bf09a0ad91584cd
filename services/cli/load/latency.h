// Latencies, kept in buckets that are 1/32 of their value wide, so that any percentile is right
// within 3 % from a microsecond to half an hour, in a few kilobytes.
//
// Thread rule: values.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace firstline::load {

class Latencies {
 public:
  // Negative counts as 0, more than half an hour as half an hour.
  void Add(std::chrono::nanoseconds latency);
  void Add(const Latencies& other);

  std::uint64_t count() const { return count_; }
  std::chrono::nanoseconds max() const { return max_; }
  // The least value that `share` (0 to 1) of all are not above, rounded up to the end of its
  // bucket but never above max(); 0 if there is none.
  std::chrono::nanoseconds Percentile(double share) const;

 private:
  std::vector<std::uint32_t> buckets_;  // as many as were needed
  std::uint64_t count_ = 0;
  std::chrono::nanoseconds max_ = std::chrono::nanoseconds(0);
};

}  // namespace firstline::load
