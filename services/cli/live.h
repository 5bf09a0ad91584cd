// Figures that are shown again and again: a screen on a terminal, one snapshot after the other
// elsewhere.
//
// Thread rule: one thread.
#pragma once

#include <functional>
#include <ostream>
#include <string>

#include "services/cli/context.h"

namespace firstline::cli {

struct LiveOptions {
  double interval_s = 1;
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

// Shows `snapshot` until it ended by count, key or signal. What it throws ends the view, but on a
// screen that has shown something already a router that does not answer (kUnavailable) is told and
// asked again.
void ShowLive(Context& context, const LiveOptions& options, const Snapshot& snapshot);

}  // namespace firstline::cli
