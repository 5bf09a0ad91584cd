// Runs simulations of the router until one fails. See --help.
#include <csignal>
#include <cstdio>
#include <string>

#include <CLI/CLI.hpp>

#include "tests/simulation/shrink.h"
#include "tests/simulation/simulation.h"

namespace firstline::simulation {
namespace {

volatile std::sig_atomic_t stopped = 0;

struct Settings {
  uint64_t seed = 1;
  uint64_t seeds = 1000;
  bool forever = false;
  bool verbose = false;
  bool lossless = false;
  int shrink_runs = 600;
  int hours = 0;
};

struct Total {
  uint64_t seeds = 0;
  int64_t answers = 0, events = 0, judged = 0, inquiries = 0, virtual_us = 0;
};

SimulationOptions OptionsOf(const Settings& settings, uint64_t seed) {
  SimulationOptions options;
  options.seed = seed;
  options.lossless = settings.lossless;
  options.trace = settings.verbose;
  if (settings.hours == 0) return options;
  const int seconds = settings.hours * 3600;
  options.faults_until_us = int64_t{seconds} * 1'000'000;
  options.inquiries = seconds / 8;
  options.commands = seconds / 4;
  options.pause_max_us = 60'000'000;
  options.retention_us = 600'000'000;
  options.pace = 3;
  return options;
}

void Print(const Total& total) {
  printf("%llu seeds hold: %.1f simulated hours, %lld inquiries served, %lld answers, "
         "%lld events, the order of %lld calls explained\n",
         static_cast<unsigned long long>(total.seeds),
         static_cast<double>(total.virtual_us) / 3.6e9, static_cast<long long>(total.inquiries),
         static_cast<long long>(total.answers), static_cast<long long>(total.events),
         static_cast<long long>(total.judged));
  fflush(stdout);
}

int Fail(const SimulationOptions& options, const SimulationReport& report,
         const Settings& settings) {
  printf("seed %llu FAILS after %.3f s: %s\n", static_cast<unsigned long long>(options.seed),
         static_cast<double>(report.virtual_us) / 1e6, report.violation.c_str());
  fflush(stdout);
  if (settings.verbose || settings.shrink_runs == 0) return 1;
  const Shrunk shrunk = Shrink(options, settings.shrink_runs);
  printf("made small in %d runs: %s", shrunk.runs, Describe(shrunk).c_str());
  printf("see it with: --seed %llu --seeds 1 --verbose%s\n",
         static_cast<unsigned long long>(options.seed), settings.lossless ? " --lossless" : "");
  return 1;
}

int Run(const Settings& settings) {
  Total total;
  for (uint64_t n = 0; (settings.forever || n < settings.seeds) && stopped == 0; ++n) {
    const SimulationOptions options = OptionsOf(settings, settings.seed + n);
    const SimulationReport report = Simulate(options);
    if (!report.violation.empty()) return Fail(options, report, settings);
    ++total.seeds;
    total.answers += report.answers;
    total.events += report.events;
    total.judged += report.judged;
    total.inquiries += report.inquiries;
    total.virtual_us += report.virtual_us;
    if (settings.forever && total.seeds % 1000 == 0) Print(total);
  }
  Print(total);
  return 0;
}

}  // namespace
}  // namespace firstline::simulation

int main(int argc, char** argv) {
  namespace simulation = firstline::simulation;
  simulation::Settings settings;
  CLI::App app(
      "Simulates installations of the router, each a seed: pods, gateways, Redis, people and "
      "faults in virtual time. Stops at the first seed that breaks a rule, makes it small, prints it.\n"
      "Exit code: 0 all held (or stopped by SIGINT, SIGTERM), 1 one did not, 2 usage.");
  app.add_option("--seed", settings.seed, "the first seed")->capture_default_str();
  app.add_option("--seeds", settings.seeds, "how many")->capture_default_str();
  app.add_flag("--forever", settings.forever, "go on until stopped");
  app.add_flag("--lossless", settings.lossless,
               "no fault that may lose what was acknowledged (even seeds have none anyway)");
  app.add_option("--hours", settings.hours, "simulated hours a seed, instead of about a minute");
  app.add_option("--shrink-runs", settings.shrink_runs,
                 "simulations to make a failing seed small with; 0: leave it")
      ->capture_default_str();
  app.add_flag("--verbose", settings.verbose,
               "tell faults, calls and the whole history on standard error");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  std::signal(SIGINT, [](int) { simulation::stopped = 1; });
  std::signal(SIGTERM, [](int) { simulation::stopped = 1; });
  return simulation::Run(settings);
}
