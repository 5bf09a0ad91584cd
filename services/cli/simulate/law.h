// Random lengths of time, the same on every machine for the same seed.
//
//   Stream stream({seed, replication, class_index, kService});
//   double seconds = Draw({.kind = Law::Kind::kExponential, .mean_s = 180}, stream);
//
// Each class of customers draws arrivals, service and patience from streams of its own, one value a
// customer, so that two models which differ in agents or rules meet the very same customers (common
// random numbers).
//
// Thread rule: values.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <random>

namespace firstline::simulate {

// Independent uniform numbers. Streams whose keys differ anywhere are independent of each other.
class Stream {
 public:
  explicit Stream(std::initializer_list<std::uint64_t> key);
  // In [0, 1).
  double Uniform();
  // Mean 1.
  double Exponential();
  // Mean 0, variance 1 (Box and Muller, 1958; one of the two values is not used).
  double Normal();

 private:
  std::mt19937_64 bits_;
};

inline constexpr double kEndless = std::numeric_limits<double>::infinity();

struct Law {
  enum class Kind { kNone, kDeterministic, kExponential, kLognormal, kGamma };
  Kind kind = Kind::kNone;
  double mean_s = 0;
  double cv = 1;  // standard deviation / mean, of kLognormal and kGamma
};

// A length in seconds, not negative; kEndless for kNone.
double Draw(const Law& law, Stream& stream);

}  // namespace firstline::simulate
