// A made-up but plausible day of customer service: who asks for help when, who works when, how long
// things take. Pure data from a seed; the numbers are the demo's, not measured anywhere.
//
// Arrivals are a non-homogeneous Poisson process with a peak in the morning and one in the
// afternoon, drawn by thinning (Lewis and Shedler 1979). Handle times are lognormal, patience is
// exponential, as call centres have found them to be (Brown et al. 2005).
//
// Thread rule: pure functions.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "services/demo/dice.h"

namespace firstline::demo {

// Time since the day began, at eight o'clock.
using Offset = milliseconds;
inline constexpr Offset kDayLength = std::chrono::hours(10);

// How customers of one queue behave. Names are those of deploy/demo/workspace.yaml.
struct Habit {
  std::string queue;
  std::string channel;
  double per_hour_peak;        // arrivals an hour at the busiest moment
  milliseconds handle_median;  // from the assignment to the end
  double handle_sigma;
  milliseconds patience_mean;  // before the customer leaves unanswered
  double transfers;            // share sent on to `transfer_to`
  std::string transfer_to;
  double parks;  // share whose customer falls silent for a while
};
const std::vector<Habit>& Habits();
// The habit of a queue; that of the first one for queues that are not the demo's.
const Habit& HabitOf(const std::string& queue);

struct Arrival {
  Offset at;
  std::string id;
  std::size_t habit;  // index into Habits()
  int priority;
  milliseconds patience;
};

// When an agent logs on, goes to lunch, is back and stops taking new work.
struct Shift {
  std::string agent_id;
  Offset on;
  Offset lunch;
  Offset back;
  Offset off;
};

struct DayOptions {
  std::uint64_t seed = 1;
  // Multiplies every rate of arrival.
  double load = 1;
};

// Arrivals an hour relative to the peak, 0 to 1. Goes on after the day with a quiet evening.
double Intensity(Offset at);

// All arrivals in [from, to), ascending; those of one queue do not depend on the other queues.
std::vector<Arrival> PlanArrivals(const DayOptions& options, Offset from, Offset to);

// One shift each. Early ones begin at eight, late ones two hours later; every seventh agent stays
// for the evening.
std::vector<Shift> PlanShifts(const DayOptions& options, const std::vector<std::string>& agent_ids);

}  // namespace firstline::demo
