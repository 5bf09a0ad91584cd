#include "services/cli/simulate/source.h"

namespace firstline::simulate {
namespace {

enum StreamKey : std::uint64_t { kArrivals, kService, kPatience };

}  // namespace

Source::Source(const CustomerClass& of, std::uint64_t seed, std::uint64_t replication,
               std::uint64_t class_index)
    : class_(of),
      arrivals_({seed, replication, class_index, kArrivals}),
      service_({seed, replication, class_index, kService}),
      patience_({seed, replication, class_index, kPatience}) {}

GivenCustomer Source::Next() {
  GivenCustomer next;
  if (class_.arrivals.given.empty()) {
    next.arrival_s = NextArrival();
  } else if (given_ < class_.arrivals.given.size()) {
    next = class_.arrivals.given[given_++];
  } else {
    next.arrival_s = kEndless;
  }
  // Drawn whether needed or not, so that every customer keeps their place in the streams.
  const double service_s = Draw(class_.service, service_);
  const double patience_s = Draw(class_.patience, patience_);
  if (next.service_s < 0) next.service_s = service_s;
  if (next.patience_s < 0) next.patience_s = patience_s;
  return next;
}

double Source::NextArrival() {
  if (class_.arrivals.per_s_by_hour.empty()) {
    time_s_ += arrivals_.Exponential() / class_.arrivals.per_s;
    return time_s_;
  }
  return NextByHour();
}

// An exponential amount of rate x time is used up hour by hour.
double Source::NextByHour() {
  const std::vector<double>& rates = class_.arrivals.per_s_by_hour;
  double amount = arrivals_.Exponential();
  while (time_s_ < kHourSeconds * static_cast<double>(rates.size())) {
    const auto hour = static_cast<std::size_t>(time_s_ / kHourSeconds);
    const double rest_s = kHourSeconds * static_cast<double>(hour + 1) - time_s_;
    if (rates[hour] > 0 && amount < rates[hour] * rest_s) {
      time_s_ += amount / rates[hour];
      return time_s_;
    }
    amount -= rates[hour] * rest_s;
    time_s_ = kHourSeconds * static_cast<double>(hour + 1);
  }
  return kEndless;
}

}  // namespace firstline::simulate
