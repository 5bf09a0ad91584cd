// A program that a test talks with: through pipes, or on a terminal of its own.
//
// Thread rule: one thread.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace firstline::test {

class Conversation {
 public:
  // Starts `command[0]` with the rest as arguments. On a terminal (100 columns, 30 rows,
  // TERM=xterm) its standard error is there too; else that is the test's. Throws if it cannot be
  // started.
  Conversation(const std::vector<std::string>& command, bool on_terminal);
  // Kills it.
  ~Conversation();
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;

  // Reads until `text` comes behind what was met before; false at the end of output or after half a
  // minute.
  bool Meets(const std::string& text);
  void Say(const std::string& text);
  void Signal(int signal) const;
  // No more input.
  void Hush();
  // Reads the rest and waits for its end: the exit code, or minus the signal that killed it.
  int Wait();

  // All it has written.
  const std::string& heard() const { return heard_; }

 private:
  bool ReadMore(int patience_ms);

  const bool on_terminal_;
  pid_t pid_ = -1;
  int in_ = -1, out_ = -1;
  std::string heard_;
  std::size_t met_ = 0;
};

}  // namespace firstline::test
