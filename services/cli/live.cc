#include "services/cli/live.h"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <limits>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "services/cli/failure.h"
#include "services/cli/interrupt.h"
#include "services/cli/terminal.h"

namespace firstline::cli {
namespace {

using std::chrono::steady_clock;

std::chrono::nanoseconds Interval(const LiveOptions& options) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
      std::chrono::duration<double>(options.interval_s));
}

void ShowSnapshots(Context& context, const LiveOptions& options, const Snapshot& snapshot) {
  constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();
  const Interrupt interrupt;
  auto due = steady_clock::now();
  for (int shown = 0;; due += Interval(options)) {
    if (shown > 0 && context.format == Format::kTable) context.out << "\n";
    snapshot(context.out, {kAll, kAll});
    context.out.flush();
    ++shown;
    if (shown == options.count || !context.out) return;  // Nobody reads any more.
    if (interrupt.Wait(due + Interval(options) - steady_clock::now())) return;
  }
}

// The text of the next screen; that of the last one with a word about the trouble when the router
// does not answer.
std::string Next(const Snapshot& snapshot, std::string& last) {
  const ScreenSize size = SizeOfScreen();
  std::ostringstream text;
  try {
    snapshot(text, {size.columns, size.rows - 1});
  } catch (const Failure& failure) {
    if (last.empty() || failure.exit() != ExitCode::kUnavailable) throw;
    return absl::StrCat(
        Painted(absl::StrCat("no answer, asking again: ", failure.message()), Colour::kRed), "\n",
        last);
  }
  last = text.str();
  return last;
}

// Whether the view goes on: false for q, Ctrl-C and the end of input.
bool WaitForNext(Keys& keys, const Interrupt& interrupt, steady_clock::time_point due) {
  const int input = keys.is_terminal() ? STDIN_FILENO : -1;
  std::array<struct pollfd, 2> ends = {{{.fd = interrupt.fd(), .events = POLLIN, .revents = 0},
                                        {.fd = input, .events = POLLIN, .revents = 0}}};
  const int ready = poll(ends.data(), ends.size(), PollMs(due - steady_clock::now()));
  if (interrupt.raised()) return false;
  // Below 0: the window changed its size, and is drawn anew. So it is for any key but q.
  if (ready <= 0) return true;
  const auto pressed = keys.Read();
  return pressed && pressed->find_first_of("qQ\x04") == std::string::npos;
}

void ShowScreen(Context& context, const LiveOptions& options, const Snapshot& snapshot) {
  std::string last;
  Next(snapshot, last);  // What fails at once is told on the ordinary screen.
  const Interrupt interrupt;
  Keys keys(STDIN_FILENO);
  Screen screen(context.out);
  for (int shown = 1;; ++shown) {
    const auto due = steady_clock::now() + Interval(options);
    screen.Draw(Next(snapshot, last));
    if (shown == options.count) return;
    if (!WaitForNext(keys, interrupt, due)) return;
  }
}

}  // namespace

void ShowLive(Context& context, const LiveOptions& options, const Snapshot& snapshot) {
  const bool screen = options.full_screen && context.out_is_terminal && CanDraw() &&
                      context.format == Format::kTable;
  return screen ? ShowScreen(context, options, snapshot)
                : ShowSnapshots(context, options, snapshot);
}

}  // namespace firstline::cli
