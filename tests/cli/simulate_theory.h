// Queueing theory's figures beside those of a simulation of the same model.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "services/cli/simulate/estimate.h"
#include "services/cli/simulate/model.h"
#include "services/cli/simulate/tally.h"

namespace firstline::simulate {

// One queue, n equal agents, Poisson arrivals, exponential service. Rates are per minute.
struct Theory {
  std::string id;
  double lambda = 0, mu = 0;
  double theta = 0;       // of the exponential patience; 0: endless
  bool loss = false;      // who cannot be served at once has gone (Erlang B)
  int n = 1;
  int queue_max = 0;      // 0: unbounded
  double target_min = 1.0 / 3;
  // By name of Figure; in its units (seconds).
  std::map<std::string, double> expected;

  double load() const { return lambda / mu; }
  bool steady() const { return loss || theta > 0 || load() < n * (1 - 1e-9); }
  double waiting_probability() const;
};

// The folder of reference data; it may not exist.
std::filesystem::path DataFolder();
std::vector<Theory> ReadErlangReference(const std::filesystem::path& file);
Model ModelOf(const Theory& theory);

// How many customers make batches of at least 12 relaxation times and waiting frequent enough.
std::uint64_t CallsFor(const Theory& theory, std::uint64_t least);
std::vector<Sample> SimulateTheory(const Theory& theory, std::uint64_t calls, std::uint64_t seed);

// One figure of one row.
struct Verdict {
  std::string id, figure;
  double expected = 0;
  Estimate found;
  bool rare = false;  // too few events for an interval; judged by a bound on their number
  bool rare_ok = true;
  bool Inside(double confidence) const;
};
std::vector<Verdict> Judge(const Theory& theory, const std::vector<Sample>& samples);
std::string ToString(const Verdict& verdict);

}  // namespace firstline::simulate
