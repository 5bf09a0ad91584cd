#include "services/cli/load/pattern.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace firstline::load {
namespace {

using std::chrono::duration;
using std::chrono::nanoseconds;

constexpr double kStep_s = 0.001;
// Nothing comes any more.
constexpr nanoseconds kNever = std::chrono::hours(24 * 365);

double Seconds(nanoseconds span) { return duration<double>(span).count(); }

// Share of the mean rate in each hour of the day: quiet nights, a peak before noon, a lower one in
// the afternoon. Their mean is 1.
constexpr std::array<double, 24> kDayCurve = {0.15, 0.10, 0.07, 0.06, 0.08, 0.17, 0.40, 0.85,
                                              1.45, 1.95, 2.20, 2.10, 1.65, 1.60, 1.80, 1.90,
                                              1.75, 1.50, 1.20, 0.97, 0.78, 0.60, 0.42, 0.25};

// Linear between the middles of the hours.
double DayShare(double day) {
  const double hour = (day - std::floor(day)) * 24 - 0.5;
  const double below = std::floor(hour);
  const auto at = [](double h) { return kDayCurve[static_cast<std::size_t>(h + 24) % 24]; };
  return at(below) + (at(below + 1) - at(below)) * (hour - below);
}

bool InBurst(const Arrival& arrival, nanoseconds t) {
  return t >= arrival.burst_after &&
         (t - arrival.burst_after) % arrival.burst_every < arrival.burst_length;
}

}  // namespace

double RateAt(const Arrival& arrival, nanoseconds length, nanoseconds t) {
  switch (arrival.pattern) {
    case Pattern::kConstant:
    case Pattern::kPoisson: return arrival.rate;
    case Pattern::kRamp: {
      const double share = std::clamp(Seconds(t) / Seconds(length), 0.0, 1.0);
      return arrival.ramp_from + (arrival.rate - arrival.ramp_from) * share;
    }
    case Pattern::kBurst: return arrival.rate * (InBurst(arrival, t) ? arrival.burst_factor : 1);
    case Pattern::kDay: {
      const nanoseconds day = arrival.day_length.count() > 0 ? arrival.day_length : length;
      return arrival.rate * DayShare(Seconds(t) / Seconds(day));
    }
  }
  return 0;
}

nanoseconds Arrivals::Next() {
  const bool even = arrival_.pattern == Pattern::kConstant;
  double wanted = even ? 1 : std::exponential_distribution<double>(1)(random_);
  const double last_s = Seconds(length_) + 1;
  while (now_s_ < last_s) {
    const auto now = std::chrono::duration_cast<nanoseconds>(duration<double>(now_s_));
    const double rate = RateAt(arrival_, length_, now);
    const double step_s = even ? 1 / arrival_.rate : kStep_s;
    if (rate * step_s >= wanted) {
      now_s_ += wanted / rate;
      return std::chrono::duration_cast<nanoseconds>(duration<double>(now_s_));
    }
    wanted -= rate * step_s;
    now_s_ += step_s;
  }
  return kNever;
}

}  // namespace firstline::load
