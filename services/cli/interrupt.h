// Ctrl-C as an ordinary end: what runs until it is told to stop finishes its work, puts the
// terminal back, and returns.
//
// Thread rule: one at a time in a process; fd() and raised() from any thread.
#pragma once

#include <chrono>

namespace firstline::cli {

class Interrupt {
 public:
  // From now on SIGINT, SIGTERM and SIGHUP are noted instead of ending the process.
  Interrupt();
  // They do what they did before.
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  // Readable once one was noted; nobody reads from it.
  int fd() const;
  bool raised() const;
  // Waits for one for at most `span`; whether one was noted.
  bool Wait(std::chrono::nanoseconds span) const;
};

// Milliseconds for poll(), rounded up, not negative.
int PollMs(std::chrono::nanoseconds span);

}  // namespace firstline::cli
