// A person's terminal: a screen that is drawn over, and keys as they are pressed. Escape sequences
// that every terminal since the VT100 understands, and nothing else.
//
// Both put back what they changed when they are destroyed.
//
// Thread rule: one thread.
#pragma once

#include <termios.h>

#include <cstddef>
#include <optional>
#include <ostream>
#include <string>

namespace firstline::cli {

struct ScreenSize {
  std::size_t columns = 80, rows = 24;
};

// Of standard output; 80 by 24 when it does not say.
ScreenSize SizeOfScreen();

// Whether the terminal takes escape sequences: TERM is neither empty nor "dumb".
bool CanDraw();

// The alternate screen, without a cursor.
class Screen {
 public:
  explicit Screen(std::ostream& out);
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  // Replaces all that is seen. Lines too long are cut, and so are lines too many. Escape sequences
  // for colour take no room.
  void Draw(const std::string& text);

 private:
  std::ostream& out_;
};

// `text` cut to `columns`, not counting colours, which end with the line.
std::string CutLine(const std::string& text, std::size_t columns);

// Keys instead of lines, not shown by the terminal. Ctrl-C still interrupts.
class Keys {
 public:
  // `fd` may be anything; only a terminal is changed.
  explicit Keys(int fd);
  ~Keys();
  Keys(const Keys&) = delete;
  Keys& operator=(const Keys&) = delete;

  bool is_terminal() const { return before_.has_value(); }
  // What is there to read; nothing at the end of input. Blocks when nothing is there.
  std::optional<std::string> Read();

 private:
  const int fd_;
  std::optional<struct termios> before_;
};

}  // namespace firstline::cli
