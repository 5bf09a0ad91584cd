#include "services/cli/simulate/simulation.h"

#include <algorithm>

#include "services/cli/failure.h"
#include "services/cli/simulate/run.h"

namespace firstline::simulate {
namespace {


// When the last customer comes, if every class comes to an end by itself; 0 otherwise.
double EndOfArrivals(const Model& model) {
  double end_s = 0;
  for (const CustomerClass& it : model.classes) {
    const Arrivals& arrivals = it.arrivals;
    if (arrivals.per_s > 0) return 0;
    const double hours_s = kHourSeconds * static_cast<double>(arrivals.per_s_by_hour.size());
    // A second more, so that the last one is counted.
    const double given_s = arrivals.given.empty() ? 0 : arrivals.given.back().arrival_s + 1;
    end_s = std::max({end_s, hours_s, given_s});
  }
  return end_s;
}

void SetEnd(const Model& model, const Plan& plan, RunOptions& options) {
  options.calls = plan.calls;
  options.warm_up_s = model.warm_up_s;
  if (plan.calls > 0) return;
  options.horizon_s = plan.horizon_s > 0 ? plan.horizon_s : model.horizon_s;
  if (options.horizon_s == 0) options.horizon_s = EndOfArrivals(model);
  if (options.horizon_s == 0) {
    throw cli::Failure(cli::ExitCode::kUsage, "nothing says how long to simulate",
                       "--calls N, --hours H, or `horizon` in the model's section `simulation`");
  }
  if (options.horizon_s <= options.warm_up_s) {
    throw cli::Failure(cli::ExitCode::kUsage,
                       "the warm-up, which is part of it, is longer than this");
  }
}

}  // namespace

Result Simulate(const Model& model, const Plan& plan) {
  RunOptions options{.seed = plan.seed};
  SetEnd(model, plan, options);
  const int wanted = plan.replications > 0 ? plan.replications
                     : model.stationary()  ? 1
                                           : kReplications;
  Result result{.replications = wanted > 1, .seed = plan.seed, .warm_up_s = options.warm_up_s};
  if (wanted > 1 || !model.stationary()) {
    for (int i = 0; i < wanted; ++i) {
      options.replication = static_cast<std::uint64_t>(i);
      result.samples.push_back(Run(model, options).Play().front());
    }
    return result;
  }
  const bool drop_first = options.warm_up_s == 0;
  options.batches = kBatches + (drop_first ? 1 : 0);
  if (drop_first) options.calls += options.calls / kBatches;
  result.samples = Run(model, options).Play();
  if (drop_first) result.samples.erase(result.samples.begin());
  return result;
}

}  // namespace firstline::simulate
