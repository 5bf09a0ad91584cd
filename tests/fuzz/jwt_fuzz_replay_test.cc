// The token fuzzer's rule on a small corpus of its own, for builds without libFuzzer: a good token
// and good keys, damaged in many ways from a fixed seed.
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "common/jwt/keys.h"
#include "common/jwt/verify.h"
#include "tests/fuzz/jwt_fuzz.h"

namespace firstline::jwt {
namespace {

void Check(const std::string& input) {
  CheckTokenInput(reinterpret_cast<const uint8_t*>(input.data()), input.size());
}

// Replaces, inserts, removes or repeats a few bytes behind the first.
std::string Damage(std::string input, std::mt19937& random) {
  for (unsigned n = 1 + random() % 4; n > 0 && input.size() > 1; --n) {
    const auto at = static_cast<std::ptrdiff_t>(1 + random() % (input.size() - 1));
    switch (random() % 4) {
      case 0: input[static_cast<size_t>(at)] = static_cast<char>(random()); break;
      case 1: input.insert(input.begin() + at, static_cast<char>(random())); break;
      case 2: input.erase(input.begin() + at); break;
      default: input.insert(static_cast<size_t>(at), input.substr(static_cast<size_t>(at), 8));
    }
  }
  return input;
}

TEST(TokenFuzz, TheGoodTokenIsGood) {
  const auto claims =
      Verify(kGoodToken, *KeySet::Parse(kGoodKeys), {.issuer = "i", .audience = "a"},
             Time(std::chrono::seconds(1'800'000'000)));
  ASSERT_TRUE(claims.ok()) << claims.status();
  EXPECT_EQ(claims->subject, "s");
}

TEST(TokenFuzz, DamageIsNeverTaken) {
  std::mt19937 random(1);
  for (const std::string& seed :
       {std::string(1, '\0') + kGoodToken, std::string(1, '\1') + kGoodKeys}) {
    Check(seed);
    for (int i = 0; i < 3000; ++i) Check(Damage(seed, random));
  }
}

}  // namespace
}  // namespace firstline::jwt
