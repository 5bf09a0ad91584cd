// Bytes as a program: what the fuzzer mutates, and what its regression test replays.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace firstline::engine::proof {

// Runs the tape with every check (reference, invariants, stored records, restored twin). "" when
// all held, else what did not, with the program that led there.
std::string RunTape(const uint8_t* data, size_t size);

}  // namespace firstline::engine::proof
