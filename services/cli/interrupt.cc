#include "services/cli/interrupt.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace firstline::cli {
namespace {

constexpr std::array kSignals = {SIGINT, SIGTERM, SIGHUP};

std::array<int, 2> noted = {-1, -1};
std::array<struct sigaction, kSignals.size()> before;

// Only what a signal handler may do.
void Note(int) {
  const int error = errno;
  const char byte = 1;
  [[maybe_unused]] const ssize_t written = write(noted[1], &byte, 1);
  errno = error;
}

}  // namespace

Interrupt::Interrupt() {
  // Without a pipe the signals stay what they were: Ctrl-C then ends the process at once.
  if (pipe2(noted.data(), O_CLOEXEC | O_NONBLOCK) != 0) return;
  struct sigaction action = {};
  action.sa_handler = Note;
  for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &action, &before[i]);
}

Interrupt::~Interrupt() {
  if (noted[0] < 0) return;
  for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &before[i], nullptr);
  close(noted[0]);
  close(noted[1]);
  noted = {-1, -1};
}

int Interrupt::fd() const { return noted[0]; }

bool Interrupt::raised() const { return Wait(std::chrono::nanoseconds(0)); }

bool Interrupt::Wait(std::chrono::nanoseconds span) const {
  const auto end = std::chrono::steady_clock::now() + span;
  for (;;) {
    struct pollfd one = {.fd = noted[0], .events = POLLIN, .revents = 0};
    const int ready = poll(&one, 1, PollMs(end - std::chrono::steady_clock::now()));
    if (ready > 0) return true;
    // EINTR by the very signal: look again.
    if (ready == 0 && std::chrono::steady_clock::now() >= end) return false;
  }
}

int PollMs(std::chrono::nanoseconds span) {
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(span).count();
  return static_cast<int>(std::clamp<std::int64_t>(ms, 0, 3'600'000));
}

}  // namespace firstline::cli
