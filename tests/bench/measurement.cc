#include "tests/bench/measurement.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"

namespace firstline::bench {
namespace {

double Microseconds(Clock::duration span) {
  return std::chrono::duration<double, std::micro>(span).count();
}

std::vector<double> CpuOf(const std::vector<Process>& processes) {
  std::vector<double> all;
  for (const Process& process : processes) all.push_back(CpuMicroseconds(process.pid));
  return all;
}

double Percentile(std::vector<float>& values, double share) {
  if (values.empty()) return 0;
  const auto at = static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + at, values.end());
  return values[static_cast<size_t>(at)];
}

}  // namespace

Measurement::Measurement(Window window, std::vector<Process> processes)
    : window_(window), processes_(std::move(processes)), start_(Clock::now()) {
  processes_.push_back({"client", getpid()});
  latencies_us_.reserve(1 << 20);
}

void Measurement::Look(Clock::time_point now) {
  if (!opened_ && now >= start_ + window_.warm_up) {
    opened_ = now;
    cpu_opened_us_ = CpuOf(processes_);
  }
  if (opened_ && !closed_ && now >= *opened_ + window_.length) {
    closed_ = now;
    cpu_closed_us_ = CpuOf(processes_);
  }
}

bool Measurement::Over(Clock::time_point now) {
  Look(now);
  return closed_.has_value();
}

void Measurement::Ended(Clock::time_point began, Clock::time_point now, int64_t items) {
  Look(now);
  if (!opened_ || closed_) return;
  latencies_us_.push_back(static_cast<float>(Microseconds(now - began)));
  items_ += items;
}

nlohmann::json Measurement::Figures() {
  if (!closed_) Fail("the window has not closed");
  const double seconds = Microseconds(*closed_ - *opened_) / 1e6;
  nlohmann::json figures = {{"items", items_},
                            {"seconds", seconds},
                            {"per_second", static_cast<double>(items_) / seconds},
                            {"p50_us", Percentile(latencies_us_, 0.50)},
                            {"p99_us", Percentile(latencies_us_, 0.99)}};
  const auto items = static_cast<double>(std::max<int64_t>(items_, 1));
  for (size_t i = 0; i < processes_.size(); ++i) {
    figures["cpu_us"][processes_[i].name] = (cpu_closed_us_[i] - cpu_opened_us_[i]) / items;
  }
  return figures;
}

double CpuMicroseconds(pid_t pid) {
  std::ifstream file(absl::StrCat("/proc/", pid, "/stat"));
  std::string text;
  std::getline(file, text);
  // The name in parentheses may hold anything; counting starts behind it, at field 3.
  const size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) Fail(absl::StrCat("no process ", pid));
  std::istringstream fields(text.substr(name_end + 1));
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;
  double user = 0, system = 0;
  fields >> user >> system;
  return (user + system) * 1e6 / static_cast<double>(sysconf(_SC_CLK_TCK));
}

void Fail(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::exit(1);
}

}  // namespace firstline::bench
