#include "services/cli/simulate/estimate.h"

#include <algorithm>
#include <array>
#include <boost/math/distributions/students_t.hpp>
#include <cassert>
#include <cmath>
#include <limits>

namespace firstline::simulate {
namespace {

constexpr std::array<Figure, 13> kFigures = {{
    {"waiting_probability", "waits %", 100,
     [](const QueueTally& t) { return Ratio{t.waited, t.offered}; }},
    {"answer_speed_s", "ASA s", 1,
     [](const QueueTally& t) { return Ratio{t.served_wait_s, t.served}; }},
    {"wait_s", "wait s", 1,
     [](const QueueTally& t) { return Ratio{t.wait_s, t.offered - t.blocked - t.unserved}; }},
    {"wait_of_waiting_s", "if waits s", 1,
     [](const QueueTally& t) { return Ratio{t.wait_s, t.waited - t.unserved}; }},
    {"service_level", "in time %", 100,
     [](const QueueTally& t) { return Ratio{t.in_time, t.offered}; }},
    {"service_level_of_served", "of served %", 100,
     [](const QueueTally& t) { return Ratio{t.in_time, t.served}; }},
    {"service_level_without_short", "w/o short %", 100,
     [](const QueueTally& t) { return Ratio{t.in_time, t.offered - t.short_left}; }},
    {"abandonment", "left %", 100,
     [](const QueueTally& t) { return Ratio{t.abandoned, t.offered}; }},
    {"blocking", "blocked %", 100, [](const QueueTally& t) { return Ratio{t.blocked, t.offered}; }},
    {"unserved", "unserved %", 100,
     [](const QueueTally& t) { return Ratio{t.unserved, t.offered}; }},
    {"occupancy", "busy %", 100,
     [](const QueueTally& t) { return Ratio{t.busy_area_s, t.capacity_area_s}; }},
    {"queue_length", "queue", 1,
     [](const QueueTally& t) { return Ratio{t.waiting_area_s, t.span_s}; }},
    {"units_there", "units", 1,
     [](const QueueTally& t) { return Ratio{t.capacity_area_s, t.span_s}; }},
}};

}  // namespace

double StudentQuantile(double confidence, int degrees) {
  const boost::math::students_t student(degrees);
  // By the complement: what is left out in each tail would drown beside 1.
  return boost::math::quantile(boost::math::complement(student, (1 - confidence) / 2));
}

double Estimate::HalfWidth(double confidence) const {
  if (samples < 2) return std::numeric_limits<double>::infinity();
  return StudentQuantile(confidence, samples - 1) * standard_error;
}

Estimate EstimateOf(std::span<const Ratio> samples) {
  Ratio sum;
  Estimate estimate{.samples = static_cast<int>(samples.size())};
  for (const Ratio& sample : samples) {
    sum.numerator += sample.numerator;
    sum.denominator += sample.denominator;
  }
  if (!(sum.denominator > 0)) return estimate;
  estimate.known = true;
  estimate.value = sum.numerator / sum.denominator;
  double squares = 0;
  for (const Ratio& sample : samples) {
    const double rest = sample.numerator - estimate.value * sample.denominator;
    squares += rest * rest;
  }
  const double b = static_cast<double>(samples.size());
  if (samples.size() > 1) {
    estimate.standard_error = std::sqrt(squares / (b - 1) / b) / (sum.denominator / b);
  }
  return estimate;
}

std::span<const Figure> Figures() { return kFigures; }

const Figure& FigureNamed(std::string_view name) {
  const auto found = std::find_if(kFigures.begin(), kFigures.end(),
                                  [name](const Figure& figure) { return figure.name == name; });
  assert(found != kFigures.end());
  return *found;
}

Estimate EstimateOf(const Figure& figure, std::span<const Sample> samples, int queue) {
  std::vector<Ratio> ratios;
  for (const Sample& sample : samples) {
    ratios.push_back(
        figure.of(queue < 0 ? sample.all : sample.queues[static_cast<std::size_t>(queue)]));
  }
  return EstimateOf(std::span<const Ratio>(ratios));
}

}  // namespace firstline::simulate
