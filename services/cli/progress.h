// How far long work has come, on standard error and for people only: a line that is written over on
// a terminal, and nothing elsewhere.
//
// Thread rule: one thread.
#pragma once

#include <chrono>
#include <string>

#include "services/cli/context.h"

namespace firstline::cli {

class Progress {
 public:
  explicit Progress(const Context& context);
  // Takes the line away.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Shows `text` unless something was shown just now; `at_once`: in any case.
  void Show(const std::string& text, bool at_once = false);

 private:
  std::ostream& err_;
  const bool shown_to_anybody_;
  bool written_ = false;
  std::chrono::steady_clock::time_point last_ = {};
};

}  // namespace firstline::cli
