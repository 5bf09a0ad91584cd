// What the record fuzzer does with one input: its first byte chooses the kind of record, the rest
// is the record. Any bytes are an error or a record that, written again, reads as the same.
#pragma once

#include <cstddef>
#include <cstdint>

namespace firstline::store {

// Aborts when the rule is broken.
void CheckRecordInput(const uint8_t* data, size_t size);

inline constexpr int kRecordKinds = 5;

}  // namespace firstline::store
