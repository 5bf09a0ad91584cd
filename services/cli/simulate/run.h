// One run of a model through the routing engine itself, in virtual time.
//
//   Run run(model, {.seed = 1, .calls = 100'000});
//   std::vector<Sample> batches = run.Play();
//
// What people do. Customers come by their class's law, with a length of service and a patience
// drawn when they come; who is not answered when the patience ends leaves. Agents accept offers
// after the model's delay (queues with auto_accept: the engine does), write a first reply at once
// on messaging channels, are busy for the length of service and then, if the queue says so, in
// wrap-up. At the end of a shift they finish what they have. At one instant: departures of
// customers, ends of service, shifts, arrivals.
//
// Counting. A customer belongs to the batch in which they came. After the last counted customer
// nobody comes any more, and the run goes on until every counted one was answered or has left;
// customers for whom no agent comes any more are `unserved`.
//
// Thread rule: one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "services/cli/simulate/model.h"
#include "services/cli/simulate/tally.h"

namespace firstline::simulate {

struct RunOptions {
  std::uint64_t seed = 1;
  std::uint64_t replication = 0;  // runs of one seed that differ in it are independent
  // Where it ends: after this many counted customers, or else at this time (warm-up included).
  std::uint64_t calls = 0;
  double horizon_s = 0;
  double warm_up_s = 0;
  // Equal parts of what is counted, by customers if `calls` is given, by time otherwise.
  int batches = 1;
};

class Run {
 public:
  // `model` must outlive it. Throws cli::Failure if the engine refuses the model.
  Run(const Model& model, const RunOptions& options);
  ~Run();
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  // Once. One sample a batch.
  std::vector<Sample> Play();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace firstline::simulate
