// Estimates of ratios with confidence intervals, from batches or replications.
//
// A figure is a ratio of sums over equal and (nearly) independent samples, such as seconds waited /
// customers. Its half-width is t * s / (sqrt(b) * mean denominator) with s^2 the variance of
// numerator - ratio * denominator over the b samples (ratio estimator; Law, Simulation Modeling and
// Analysis, chapter 9).
//
// Thread rule: values, pure functions.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "services/cli/simulate/tally.h"

namespace firstline::simulate {

struct Estimate {
  double value = 0;
  double standard_error = 0;
  int samples = 0;     // those in which there was something to measure
  bool known = false;  // false: nothing to measure
  // Half of the interval that covers the truth with this probability; infinite for one sample.
  double HalfWidth(double confidence) const;
};

struct Ratio {
  double numerator = 0, denominator = 0;
};
Estimate EstimateOf(std::span<const Ratio> samples);

// t such that |T| <= t with probability `confidence` (above 0, below 1), T of Student with
// `degrees` of freedom (1 at least).
double StudentQuantile(double confidence, int degrees);

// A figure of a queue.
struct Figure {
  std::string_view name;   // for programs: "service_level"
  std::string_view title;  // for people: "in time %"
  double scale = 1;        // of the title's unit: 100 for percent
  Ratio (*of)(const QueueTally& tally);
};
// In the order in which they are shown.
std::span<const Figure> Figures();
// By its name; asserted to exist.
const Figure& FigureNamed(std::string_view name);

// Of a queue by its position, or of the whole workspace (queue < 0).
Estimate EstimateOf(const Figure& figure, std::span<const Sample> samples, int queue);

}  // namespace firstline::simulate
