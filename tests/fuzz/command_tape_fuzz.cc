// libFuzzer entry: a tape of bytes is a program; a broken rule is a crash.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/fuzz/command_tape.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string broken = firstline::engine::proof::RunTape(data, size);
  if (broken.empty()) return 0;
  std::fprintf(stderr, "%s\n", broken.c_str());
  std::abort();
}
