#include "tests/cli/conversation.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <stdexcept>

namespace firstline::test {
namespace {

constexpr int kPatienceMs = 30'000;

[[noreturn]] void Become(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  execvp(arguments[0], arguments.data());
  _exit(127);
}

}  // namespace

Conversation::Conversation(const std::vector<std::string>& command, bool on_terminal)
    : on_terminal_(on_terminal) {
  if (on_terminal) {
    struct winsize size = {.ws_row = 30, .ws_col = 100, .ws_xpixel = 0, .ws_ypixel = 0};
    pid_ = forkpty(&out_, nullptr, nullptr, &size);
    if (pid_ < 0) throw std::runtime_error("forkpty failed");
    if (pid_ == 0) {
      setenv("TERM", "xterm", 1);
      Become(command);
    }
    in_ = out_;
    return;
  }
  std::array<int, 2> in{}, out{};
  if (pipe2(in.data(), O_CLOEXEC) != 0 || pipe2(out.data(), O_CLOEXEC) != 0) {
    throw std::runtime_error("pipe2 failed");
  }
  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error("fork failed");
  if (pid_ == 0) {
    dup2(in[0], STDIN_FILENO);
    dup2(out[1], STDOUT_FILENO);
    Become(command);
  }
  close(in[0]);
  close(out[1]);
  in_ = in[1];
  out_ = out[0];
}

Conversation::~Conversation() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  Hush();
  close(out_);
}

bool Conversation::ReadMore(int patience_ms) {
  struct pollfd one = {.fd = out_, .events = POLLIN, .revents = 0};
  if (poll(&one, 1, patience_ms) <= 0) return false;
  std::array<char, 4096> bytes{};
  const ssize_t got = read(out_, bytes.data(), bytes.size());
  if (got <= 0) return false;
  heard_.append(bytes.data(), static_cast<std::size_t>(got));
  return true;
}

bool Conversation::Meets(const std::string& text) {
  for (;;) {
    const std::size_t at = heard_.find(text, met_);
    if (at != std::string::npos) {
      met_ = at + text.size();
      return true;
    }
    if (!ReadMore(kPatienceMs)) return false;
  }
}

void Conversation::Say(const std::string& text) {
  if (write(in_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    throw std::runtime_error("it does not listen");
  }
}

void Conversation::Signal(int signal) const { kill(pid_, signal); }

void Conversation::Hush() {
  if (!on_terminal_ && in_ >= 0) close(in_);
  in_ = -1;
}

int Conversation::Wait() {
  while (ReadMore(kPatienceMs)) {
  }
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace firstline::test
