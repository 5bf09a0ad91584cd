// What the fuzzer of short texts does with one input: its first byte chooses who reads the rest, and
// what was read must be what was meant.
//   cursors     what a router takes for an event id is what it would write, and clients read it alike
//   page token  nothing opens that was not sealed for that list
//   store       where Redis is: read again from what may be logged it is the same servers, and neither
//               that nor an error tells the password
//   YAML        a configuration, or mistakes that say where; never both, never a half
//   duration    read again from how it is written it is as long
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace firstline::fuzz {

// Aborts when a rule is broken.
void CheckText(const uint8_t* data, size_t size);

// Inputs to begin with: every reader has some that it takes.
std::vector<std::string> TextSeeds();

}  // namespace firstline::fuzz
