// Chance for the demo day: the same seed and key give the same draws on every machine, whatever
// else was drawn before.
//
// Thread rule: one thread at a time.
#pragma once

#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <string_view>

namespace firstline::demo {

using std::chrono::milliseconds;

class Dice {
 public:
  Dice(std::uint64_t seed, std::string_view key) : state_(seed * 0x9E3779B97F4A7C15u) {
    for (const char c : key) state_ = (state_ ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  }

  // SplitMix64 (Steele, Lea, Flood 2014).
  std::uint64_t Next() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }
  // Uniform in (0, 1].
  double Uniform() { return (static_cast<double>(Next() >> 11) + 1) * 0x1.0p-53; }
  bool Chance(double probability) { return Uniform() <= probability; }
  // 0 to n - 1.
  std::size_t Pick(std::size_t n) { return static_cast<std::size_t>(Next() % n); }

  milliseconds Exponential(milliseconds mean) { return Scale(mean, -std::log(Uniform())); }
  // `sigma`: standard deviation of the logarithm.
  milliseconds LogNormal(milliseconds median, double sigma) {
    return Scale(median, std::exp(sigma * Normal()));
  }

 private:
  // Box and Muller, one of the pair.
  double Normal() {
    return std::sqrt(-2 * std::log(Uniform())) * std::cos(2 * std::numbers::pi * Uniform());
  }
  static milliseconds Scale(milliseconds span, double factor) {
    return milliseconds(std::llround(static_cast<double>(span.count()) * factor));
  }

  std::uint64_t state_;
};

}  // namespace firstline::demo
