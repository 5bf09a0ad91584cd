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

constexpr char kTrouble[] = "no answer, asking again: ";

// One snapshot behind another. Whether it was written: not when the router does not answer, which is
// told once.
class Snapshots {
 public:
  Snapshots(Context& context, const Snapshot& snapshot) : context_(context), snapshot_(snapshot) {}

  bool Show() {
    constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();
    std::ostringstream text;
    try {
      snapshot_(text, {kAll, kAll});
    } catch (const Failure& failure) {
      if (!shown_ || failure.exit() != ExitCode::kUnavailable) throw;
      if (!in_trouble_) context_.err << kTrouble << failure.message() << std::endl;
      in_trouble_ = true;
      return false;
    }
    if (in_trouble_) context_.err << "the router answers again" << std::endl;
    if (shown_ && context_.format == Format::kTable) context_.out << "\n";
    context_.out << text.str() << std::flush;
    shown_ = true;
    in_trouble_ = false;
    return true;
  }

 private:
  Context& context_;
  const Snapshot& snapshot_;
  bool shown_ = false, in_trouble_ = false;
};

void ShowSnapshots(Context& context, const LiveOptions& options, const Snapshot& snapshot) {
  Snapshots snapshots(context, snapshot);
  auto due = steady_clock::now() + options.Interval();
  snapshots.Show();
  const Interrupt interrupt;  // From here on: who waits for a first answer is not held by Ctrl-C.
  // Without `out` nobody reads any more.
  for (int shown = 1; shown != options.count && context.out;) {
    if (interrupt.Wait(due - steady_clock::now())) return;
    due = steady_clock::now() + options.Interval();
    if (snapshots.Show()) ++shown;
  }
}

// The text of the next screen; that of the last one with a word about the trouble when the router
// does not answer.
std::string Next(const Context& context, const Snapshot& snapshot, std::string& last) {
  const ScreenSize size = SizeOfScreen();
  std::ostringstream text;
  try {
    snapshot(text, {size.columns, size.rows - 1});
  } catch (const Failure& failure) {
    if (last.empty() || failure.exit() != ExitCode::kUnavailable) throw;
    return absl::StrCat(Painted(absl::StrCat(kTrouble, failure.message()),
                                context.coloured ? Colour::kRed : Colour::kNone),
                        "\n", last);
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
  Next(context, snapshot, last);  // What fails at once is told on the ordinary screen.
  const Interrupt interrupt;
  Keys keys(STDIN_FILENO);
  Screen screen(context.out);
  for (int shown = 1;; ++shown) {
    const auto due = steady_clock::now() + options.Interval();
    screen.Draw(Next(context, snapshot, last));
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
