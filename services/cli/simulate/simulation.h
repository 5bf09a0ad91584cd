// A whole simulation: as many runs as asked for, and what they say together.
//
//   Plan plan{.seed = 1, .calls = 100'000};
//   Result result = Simulate(model, plan);      // throws cli::Failure
//   Print(result, model, {.confidence = 0.95}, Format::kTable, out);
//
// One long run is cut into batches, which is right only where nothing depends on the time of day;
// the first stretch, as long as a batch unless the model says how long, is not counted. Otherwise
// the day is repeated with other customers, and each repetition is one sample.
//
// Thread rule: one thread.
#pragma once

#include <cstdint>
#include <ostream>
#include <vector>

#include "services/cli/output.h"
#include "services/cli/simulate/model.h"
#include "services/cli/simulate/tally.h"

namespace firstline::simulate {

inline constexpr int kBatches = 30;
inline constexpr int kReplications = 20;

// 0: as the model says, or what suits it.
struct Plan {
  std::uint64_t seed = 1;
  std::uint64_t calls = 0;  // counted customers of a run
  double horizon_s = 0;     // end of a run
  int replications = 0;     // 1: one run, in batches
};

struct Result {
  std::vector<Sample> samples;
  bool replications = false;  // of runs; otherwise of batches
  std::uint64_t seed = 0;
  double warm_up_s = 0;       // 0 with `calls` and none said: a batch
};

// Throws cli::Failure: nothing says when to end, or the engine refuses the model.
Result Simulate(const Model& model, const Plan& plan);

// Figures of every queue to which somebody came and of all, with half-widths of intervals that
// cover the truth with probability `confidence`.
void Print(const Result& result, const Model& model, double confidence, cli::Format format,
           std::ostream& out);

}  // namespace firstline::simulate
