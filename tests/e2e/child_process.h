// A program started by a test: its lines are read, signals sent, its end awaited.
//
// Thread rule: one thread at a time, and the one that starts it must outlive it: the kernel kills
// the child when that thread ends.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace firstline::test {

class ChildProcess {
 public:
  // Starts `command[0]` with the rest as arguments. Its standard error is the test's. Throws if it
  // cannot be started.
  explicit ChildProcess(const std::vector<std::string>& command);
  // Kills it.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // The next line of its standard output; nothing at its end or after `patience`.
  std::optional<std::string> ReadLine(std::chrono::milliseconds patience);
  // After SIGSTOP it returns when the process stands still.
  void Signal(int signal);
  // While it runs.
  pid_t pid() const { return pid_; }
  // Whether it has ended by itself or by a signal; does not wait.
  bool HasEnded();
  // Waits for its end: the exit code, or minus the signal that killed it. Idempotent.
  int Wait();

 private:
  // As for waitpid; whether it has ended.
  bool Reap(int options);

  pid_t pid_ = -1;
  int output_ = -1;
  std::string buffer_;
  std::optional<int> result_;
  bool stopped_ = false;
};

}  // namespace firstline::test
