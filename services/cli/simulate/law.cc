#include "services/cli/simulate/law.h"

#include <cmath>
#include <numbers>

namespace firstline::simulate {
namespace {

// Spreads neighbouring keys over all bits (finaliser of SplitMix64: Steele, Lea and Flood, 2014).
std::uint64_t Mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

// Gamma with this shape, 1 at least, and scale 1 (Marsaglia and Tsang, 2000).
double GammaFromOne(double shape, Stream& stream) {
  const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  for (;;) {
    const double x = stream.Normal();
    const double root = 1 + c * x;
    if (root <= 0) continue;
    const double v = root * root * root;
    if (std::log(1 - stream.Uniform()) < x * x / 2 + d - d * v + d * std::log(v)) return d * v;
  }
}

// Below 1 by way of shape + 1, as the same authors say.
double Gamma(double shape, Stream& stream) {
  if (shape >= 1) return GammaFromOne(shape, stream);
  const double lifted = GammaFromOne(shape + 1, stream);
  return lifted * std::pow(1 - stream.Uniform(), 1 / shape);
}

}  // namespace

Stream::Stream(std::initializer_list<std::uint64_t> key) {
  std::uint64_t state = 0;
  for (std::uint64_t part : key) state = Mix(state ^ Mix(part));
  bits_.seed(state);
}

double Stream::Uniform() { return static_cast<double>(bits_() >> 11) * 0x1p-53; }

double Stream::Exponential() { return -std::log1p(-Uniform()); }

double Stream::Normal() {
  const double radius = std::sqrt(2 * Exponential());
  return radius * std::cos(2 * std::numbers::pi * Uniform());
}

double Draw(const Law& law, Stream& stream) {
  switch (law.kind) {
    case Law::Kind::kNone:
      return kEndless;
    case Law::Kind::kDeterministic:
      return law.mean_s;
    case Law::Kind::kExponential:
      return law.mean_s * stream.Exponential();
    case Law::Kind::kLognormal: {
      const double variance = std::log1p(law.cv * law.cv);
      return law.mean_s * std::exp(std::sqrt(variance) * stream.Normal() - variance / 2);
    }
    case Law::Kind::kGamma: {
      const double shape = 1 / (law.cv * law.cv);
      return law.mean_s * Gamma(shape, stream) / shape;
    }
  }
  return kEndless;
}

}  // namespace firstline::simulate
