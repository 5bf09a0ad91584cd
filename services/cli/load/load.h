// A load put on a router: customers come, agents serve them, and what was answered is compared with
// what the router remembers.
//
//   client::Client client({.targets = {"router:7600"}});
//   load::LoadOptions options;
//   options.arrival.rate = 2000;
//   const load::Report report = load::Run(client, {"router:7600"}, options);
//
// Thread rule: one thread; Run blocks for as long as the load takes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/client/client.h"
#include "services/cli/load/latency.h"
#include "services/cli/load/ledger.h"
#include "services/cli/load/options.h"
#include "services/cli/load/tally.h"

namespace firstline::load {

struct Report {
  std::string what;       // the load in words
  double measured_s = 0;  // without the warm-up
  OperationTallies totals;
  std::vector<Window> windows;  // since the first arrival, warm-up included
  // Over all of the load, warm-up and drain included.
  std::uint64_t come = 0, acknowledged = 0, shed = 0, closed = 0, open = 0;
  Latencies lateness;  // of submissions, sent later than they were due
  bool checked = false;
  Verdict verdict;

  const OperationTally& total(Operation operation) const {
    return totals[static_cast<std::size_t>(operation)];
  }
  bool good() const { return !checked || verdict.good(); }
};

// Fails with INVALID_ARGUMENT, naming the option of the command line, for what makes no sense.
absl::Status Check(const LoadOptions& options);

// `options` are checked. `targets`: where unary calls go. Throws cli::Failure when the router
// cannot be prepared or asked at the end; refusals in between are counted.
Report Run(client::Client& client, const std::vector<std::string>& targets,
           const LoadOptions& options);

}  // namespace firstline::load
