// The counting of a run: which batch a customer and a stretch of time belong to, and what is added
// up.
//
//   Ledger ledger(config, options);
//   ledger.MoveTo(now_us, occupancy);           // before anything happens at that time
//   Ledger::Entry entry = ledger.Come(queue);
//   ledger.Answer(entry, wait_us);
//
// Thread rule: one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "services/cli/simulate/occupancy.h"
#include "services/cli/simulate/run.h"
#include "services/cli/simulate/tally.h"

namespace firstline::simulate {

// Further than any clock of a run goes; "without end" for times.
inline constexpr std::int64_t kFarUs = 100'000'000'000'000'000;
std::int64_t ToUs(double seconds);

class Ledger {
 public:
  // A customer's place in it.
  struct Entry {
    std::size_t queue = 0;
    int batch = kNone;
    bool counted() const { return batch != kNone; }
  };

  Ledger(const engine::WorkspaceConfig& config, const RunOptions& options);

  // Lets time pass with everything as it is; times before the latest have no effect.
  void MoveTo(std::int64_t time_us, const Occupancy& occupancy);
  std::int64_t now_us() const { return now_us_; }

  // A customer comes. Nobody more may come once `full`.
  Entry Come(std::size_t queue);
  bool full() const { return full_ || now_us_ >= horizon_us_; }
  // Exactly one of these follows for everybody who came.
  void Block(const Entry& entry);
  void Answer(const Entry& entry, std::int64_t wait_us);
  void Leave(const Entry& entry, std::int64_t wait_us);
  void Forget(const Entry& entry);  // still waited at the end
  // Counted customers of whom nothing of that is known yet.
  std::uint64_t undecided() const { return undecided_; }

  // At the end of the run: lets time pass to the horizon, if there is one.
  std::vector<Sample> Close(const Occupancy& occupancy);

 private:
  static constexpr int kNone = -1;
  struct Limits {
    std::int64_t answer_us = 0, short_us = 0;
  };
  void Observe(std::int64_t span_us, const Occupancy& occupancy);
  void StopWaiting(const Entry& entry, std::int64_t wait_us);
  // Adds to the queue's tally and the workspace's.
  void Add(const Entry& entry, double QueueTally::*what, double amount = 1);
  int BatchAt(std::int64_t time_us) const;
  std::int64_t BatchEnd(int batch) const;

  const RunOptions options_;
  std::vector<Limits> limits_;         // by queue
  std::vector<std::int64_t> waiting_;  // by queue
  std::vector<Sample> samples_;
  std::int64_t now_us_ = 0, warm_up_us_ = 0, horizon_us_ = kFarUs;
  int batch_ = kNone;  // of the present moment
  bool full_ = false;
  std::uint64_t counted_ = 0, undecided_ = 0;
};

}  // namespace firstline::simulate
