// What a person types, as lines, while other things are written above it. On a terminal the line
// that is being typed stands behind a prompt and is drawn again after everything that is written;
// from a pipe lines are taken as they come, and nothing is drawn.
//
// Thread rule: one thread.
#pragma once

#include <deque>
#include <optional>
#include <ostream>
#include <string>

#include "services/cli/terminal.h"

namespace firstline::cli {

class Typing {
 public:
  // `shown`: `out` is a terminal; what is typed is shown if `fd` is one too.
  Typing(int fd, std::ostream& out, bool shown);
  ~Typing() { Hide(); }

  // Takes what is there to read, blocking if nothing is; false at the end of input.
  bool Read();
  // The next whole line, without its end; at the end of input also one without.
  std::optional<std::string> NextLine();
  bool ended() const { return ended_; }
  bool is_terminal() const { return keys_.is_terminal(); }

  // Takes prompt and line away, so that something can be written.
  void Hide();
  // Draws them, behind everything written.
  void Show(const std::string& prompt);

 private:
  void Type(char key);

  Keys keys_;
  std::ostream& out_;
  const bool shown_;
  bool visible_ = false, ended_ = false;
  std::string line_;
  std::deque<std::string> lines_;
};

}  // namespace firstline::cli
