// One measurement: what ended within a window of time, how long it took, and what CPU time that
// cost which process.
//
//   Measurement measurement({.warm_up = 300ms, .length = 2s}, {{"router", pid}});
//   while (!measurement.Over(Now())) { ...; measurement.Ended(began, Now()); }
//   std::cout << measurement.Figures();
//
// CPU time is of whole processes, from /proc, in steps of up to 10 ms: windows should be seconds.
//
// Threads: one.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace firstline::bench {

using Clock = std::chrono::steady_clock;

struct Window {
  std::chrono::milliseconds warm_up{300};
  std::chrono::milliseconds length{2000};
};

// A process whose CPU time is told as "<name>_us".
struct Process {
  std::string name;
  pid_t pid = 0;
};

class Measurement {
 public:
  // The warm-up begins now. The own process is added as "client".
  Measurement(Window window, std::vector<Process> processes);

  // Nothing new should be begun: the window has closed.
  bool Over(Clock::time_point now);
  // Something that took from `began` until `now` and counts as `items`.
  void Ended(Clock::time_point began, Clock::time_point now, int64_t items = 1);

  // {"per_second", "p50_us", "p99_us", "items", "seconds", "cpu_us": {name: an item's}}. The window
  // is over.
  nlohmann::json Figures();

 private:
  void Look(Clock::time_point now);

  const Window window_;
  std::vector<Process> processes_;
  const Clock::time_point start_;
  std::optional<Clock::time_point> opened_, closed_;
  std::vector<double> cpu_opened_us_, cpu_closed_us_;
  std::vector<float> latencies_us_;
  int64_t items_ = 0;
};

// User and system time so far; ends the program when there is no such process.
double CpuMicroseconds(pid_t pid);

// Says why on stderr and ends the program with 1.
[[noreturn]] void Fail(const std::string& why);

}  // namespace firstline::bench
