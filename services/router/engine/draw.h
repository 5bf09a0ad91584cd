// Random choice that can be replayed: a fixed-point draw for an inquiry and an agent.
//
// Of several agents the one with the smallest draw is chosen. A draw is -log2(u) / weight with u
// uniform in (0, 1]: exponential variables with the weights as rates, so that each agent is the
// smallest with probability weight / sum of weights (Efraimidis and Spirakis 2006, algorithm A-Res),
// independent of the others.
//
// Threads: pure functions.
#pragma once

#include <bit>
#include <cstdint>

namespace firstline::engine {

// splitmix64's output function (Steele, Lea, Flood 2014).
constexpr uint64_t Mix(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

// -log2(h / 2^64) with 16 bits of fraction, h = 0 taken as 1: the leading zeros give the whole part,
// repeated squaring of the 32 leading bits the fraction, cut off.
constexpr int64_t NegativeLog2(uint64_t h) {
  if (h == 0) h = 1;
  const int zeros = std::countl_zero(h);
  uint64_t mantissa = h << zeros >> 32;  // in [2^31, 2^32)
  int64_t fraction = 0;
  for (int bit = 0; bit < 16; ++bit) {
    mantissa = mantissa * mantissa >> 31;  // in [2^31, 2^33)
    fraction <<= 1;
    if (mantissa >> 32 != 0) {
      mantissa >>= 1;
      fraction |= 1;
    }
  }
  return (int64_t{zeros} + 1) * 65536 - fraction;
}

// weight from 1.
constexpr int64_t Draw(uint64_t seed, uint64_t inquiry_sequence, uint32_t agent_sequence,
                       int weight) {
  const uint64_t inquiry = Mix(seed + inquiry_sequence * 0x9e3779b97f4a7c15);
  return NegativeLog2(Mix(inquiry + agent_sequence * 0xd1342543de82ef95)) * 1'000'000 / weight;
}

}  // namespace firstline::engine
