// Figures that are shown again and again: a screen on a terminal, one snapshot after the other
// elsewhere.
//
// Thread rule: one thread.
#pragma once

#include <chrono>
#include <functional>
#include <ostream>
#include <string>

#include "services/cli/context.h"

namespace firstline::cli {

struct LiveOptions {
  double interval_s = 1;
  std::chrono::nanoseconds Interval() const {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
        std::chrono::duration<double>(interval_s));
  }
  // How many times; 0: until Ctrl-C (on a screen also q).
  int count = 0;
  // On a terminal: a screen of its own, drawn over. Otherwise snapshots follow one another.
  bool full_screen = true;
};

// Writes one snapshot. On a screen `rows` and `columns` are its size, elsewhere without bound, so
// that the writer can choose what is worth its place.
struct LiveSize {
  std::size_t columns, rows;
};
using Snapshot = std::function<void(std::ostream& out, const LiveSize& size)>;

// Shows `snapshot` until it ended by count, key or signal. What it throws ends the view, but once
// something was shown a router that does not answer (kUnavailable) is told, on the screen or else on
// standard error, and asked again; so is its return.
void ShowLive(Context& context, const LiveOptions& options, const Snapshot& snapshot);

}  // namespace firstline::cli
