// What a replay tells while it runs, line by line on standard error.
#pragma once

#include <cstdio>
#include <string>

#include "absl/strings/str_format.h"
#include "tests/simulation/schedule.h"

namespace firstline::simulation {

class Trace {
 public:
  Trace(const Schedule& schedule, bool on) : schedule_(schedule), on_(on) {}
  bool on() const { return on_; }
  template <class... Args>
  void operator()(const absl::FormatSpec<Args...>& format, const Args&... args) const {
    if (!on_) return;
    absl::FPrintF(stderr, "%10.6f s  %s\n", static_cast<double>(schedule_.now_us()) / 1e6,
                  absl::StrFormat(format, args...));
  }

 private:
  const Schedule& schedule_;
  const bool on_;
};

}  // namespace firstline::simulation
