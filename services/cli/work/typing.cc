#include "services/cli/work/typing.h"

namespace firstline::cli {
namespace {

constexpr char kEndOfInput = '\x04';  // Ctrl-D
constexpr char kEraseLine = '\x15';   // Ctrl-U
constexpr char kDelete = '\x7f';
constexpr char kEscape = '\x1b';

}  // namespace

Typing::Typing(int fd, std::ostream& out, bool shown)
    : keys_(fd), out_(out), shown_(shown && keys_.is_terminal()) {}

bool Typing::Read() {
  const std::optional<std::string> read = keys_.Read();
  if (!read) {
    ended_ = true;
  } else if (read->front() == kEscape && is_terminal()) {
    return true;  // An arrow or function key: there is nothing to move in.
  } else {
    for (const char key : *read) Type(key);
  }
  if (ended_ && !line_.empty()) {
    lines_.push_back(std::move(line_));
    line_.clear();
  }
  return !ended_;
}

void Typing::Type(char key) {
  if (key == '\n') {
    lines_.push_back(line_);
    line_.clear();
    if (visible_) out_ << "\r\n";
    visible_ = false;
    return;
  }
  if (!is_terminal()) {
    line_ += key;
  } else if (key == kEndOfInput) {
    ended_ = line_.empty();
  } else if (key == kEraseLine) {
    line_.clear();
  } else if (key == kDelete || key == '\b') {
    if (!line_.empty()) line_.pop_back();
  } else if (static_cast<unsigned char>(key) >= ' ') {
    line_ += key;
  }
}

std::optional<std::string> Typing::NextLine() {
  if (lines_.empty()) return std::nullopt;
  std::string line = std::move(lines_.front());
  lines_.pop_front();
  return line;
}

void Typing::Hide() {
  if (visible_) out_ << "\r\x1b[K" << std::flush;
  visible_ = false;
}

void Typing::Show(const std::string& prompt) {
  if (!shown_) return;
  // One row: a prompt that wraps could not be taken away again.
  const std::size_t columns = SizeOfScreen().columns;
  out_ << "\r\x1b[K" << CutLine(prompt + line_, columns > 1 ? columns - 1 : 1) << std::flush;
  visible_ = true;
}

}  // namespace firstline::cli
