#include "services/cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <sstream>
#include <string_view>

namespace firstline::cli {

ScreenSize SizeOfScreen() {
  struct winsize size = {};
  const bool said =
      ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0;
  return said ? ScreenSize{size.ws_col, size.ws_row} : ScreenSize{};
}

bool CanDraw() {
  const char* term = std::getenv("TERM");
  return term != nullptr && *term != '\0' && std::string_view(term) != "dumb";
}

Screen::Screen(std::ostream& out) : out_(out) { out_ << "\x1b[?1049h\x1b[?25l" << std::flush; }

Screen::~Screen() { out_ << "\x1b[?25h\x1b[?1049l" << std::flush; }

void Screen::Draw(const std::string& text) {
  const ScreenSize size = SizeOfScreen();
  std::istringstream lines(text);
  std::string line, frame = "\x1b[H";
  // Each line is cleared behind its end rather than the screen before: nothing flickers. No line
  // end after the last one, which would scroll.
  for (std::size_t row = 0; row < size.rows && std::getline(lines, line); ++row) {
    if (row > 0) frame += "\r\n";
    frame += CutLine(line, size.columns) + "\x1b[K";
  }
  out_ << frame << "\x1b[J" << std::flush;
}

std::string CutLine(const std::string& text, std::size_t columns) {
  std::string cut;
  std::size_t used = 0;
  bool coloured = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\x1b') {
      const std::size_t end = text.find('m', i);
      if (end == std::string::npos) break;
      cut.append(text, i, end - i + 1);
      i = end;
      coloured = true;
    } else if (used < columns) {
      cut += text[i];
      ++used;
    }
  }
  return coloured ? cut + "\x1b[0m" : cut;
}

Keys::Keys(int fd) : fd_(fd) {
  struct termios now = {};
  if (isatty(fd) == 0 || tcgetattr(fd, &now) != 0) return;
  before_ = now;
  now.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  now.c_cc[VMIN] = 1;
  now.c_cc[VTIME] = 0;
  tcsetattr(fd, TCSANOW, &now);
}

Keys::~Keys() {
  if (before_) tcsetattr(fd_, TCSANOW, &*before_);
}

std::optional<std::string> Keys::Read() {
  std::array<char, 4096> bytes{};
  for (;;) {
    const ssize_t got = read(fd_, bytes.data(), bytes.size());
    if (got > 0) return std::string(bytes.data(), static_cast<std::size_t>(got));
    if (got < 0 && errno == EINTR) continue;
    return std::nullopt;
  }
}

}  // namespace firstline::cli
