// What the token fuzzer does with one input: its first byte chooses what the rest is: a token, or the
// text of keys. No bytes but those that were signed are taken for a token.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace firstline::jwt {

// Aborts when the rule is broken.
void CheckTokenInput(const uint8_t* data, size_t size);

// A good token, and the keys by which it is.
extern const char kGoodToken[];
extern const char kGoodKeys[];

}  // namespace firstline::jwt
