#include "services/cli/load/latency.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace firstline::load {
namespace {

using std::chrono::nanoseconds;

constexpr int kSubBits = 5;  // 32 buckets for each power of two
constexpr std::uint64_t kSub = 1U << kSubBits;
constexpr nanoseconds kMost = std::chrono::minutes(30);

// Microseconds below 32 have a bucket each.
std::size_t BucketOf(std::uint64_t us) {
  if (us < kSub) return static_cast<std::size_t>(us);
  const int shift = static_cast<int>(std::bit_width(us)) - 1 - kSubBits;
  return static_cast<std::size_t>((static_cast<std::uint64_t>(shift) << kSubBits) + (us >> shift));
}

// The first microsecond beyond the bucket.
std::uint64_t EndOf(std::size_t bucket) {
  if (bucket < kSub) return bucket + 1;
  const std::uint64_t shift = (bucket >> kSubBits) - 1;
  return (kSub + (bucket & (kSub - 1)) + 1) << shift;
}

}  // namespace

void Latencies::Add(nanoseconds latency) {
  latency = std::clamp(latency, nanoseconds(0), kMost);
  const std::size_t bucket = BucketOf(static_cast<std::uint64_t>(latency.count()) / 1000);
  if (bucket >= buckets_.size()) buckets_.resize(bucket + 1);
  ++buckets_[bucket];
  ++count_;
  max_ = std::max(max_, latency);
}

void Latencies::Add(const Latencies& other) {
  buckets_.resize(std::max(buckets_.size(), other.buckets_.size()));
  for (std::size_t i = 0; i < other.buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  max_ = std::max(max_, other.max_);
}

nanoseconds Latencies::Percentile(double share) const {
  const auto rank = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_)));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    seen += buckets_[i];
    if (seen >= std::max<std::uint64_t>(rank, 1)) {
      return std::min(max_, nanoseconds(static_cast<std::int64_t>(EndOf(i)) * 1000));
    }
  }
  return nanoseconds(0);
}

}  // namespace firstline::load
