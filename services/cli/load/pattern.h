// When customers come: the same moments for the same options and seed.
//
//   Arrivals arrivals(options.arrival, Length(options), options.seed);
//   while (arrivals.Next() < length) ...
//
// A moment t follows the one before when the rate, integrated between them, has reached a draw: 1
// for kConstant, exponential with mean 1 for the others (time change of a Poisson process; Cinlar
// 1975). The integral goes in steps of a millisecond, in which the rate counts as constant.
//
// Thread rule: one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <random>

#include "services/cli/load/options.h"

namespace firstline::load {

// Inquiries a second at `t` after the start of a load that lasts `length`. Never negative.
double RateAt(const Arrival& arrival, std::chrono::nanoseconds length, std::chrono::nanoseconds t);

class Arrivals {
 public:
  // `arrival.rate` is above 0.
  Arrivals(const Arrival& arrival, std::chrono::nanoseconds length, std::uint64_t seed)
      : arrival_(arrival), length_(length), random_(seed) {}

  // The next moment, since the start; never before the last. Far beyond `length` when nobody comes
  // any more.
  std::chrono::nanoseconds Next();

 private:
  const Arrival arrival_;
  const std::chrono::nanoseconds length_;
  std::mt19937_64 random_;
  double now_s_ = 0;
};

}  // namespace firstline::load
