#include "services/cli/progress.h"

#include "services/cli/terminal.h"

namespace firstline::cli {
namespace {

constexpr std::chrono::milliseconds kPause(250);

}  // namespace

Progress::Progress(const Context& context)
    : err_(context.err), shown_to_anybody_(context.err_is_terminal && CanDraw()) {}

Progress::~Progress() {
  if (written_) err_ << "\r\x1b[K" << std::flush;
}

void Progress::Show(const std::string& text, bool at_once) {
  const auto now = std::chrono::steady_clock::now();
  if (!shown_to_anybody_ || (!at_once && now - last_ < kPause)) return;
  last_ = now;
  written_ = true;
  err_ << "\r\x1b[K" << text << std::flush;
}

}  // namespace firstline::cli
