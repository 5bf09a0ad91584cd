#include <cstdlib>
#include <iostream>

#include "common/jwt/keys.h"
#include "common/jwt/verify.h"
#include "tests/fuzz/jwt_fuzz.h"

namespace firstline::jwt {

// Made once, of a key that was thrown away.
const char kGoodToken[] =
    "eyJhbGciOiJFUzI1NiIsImtpZCI6ImsifQ."
    "eyJpc3MiOiJpIiwiYXVkIjoiYSIsImV4cCI6NDAwMDAwMDAwMCwic3ViIjoicyJ9."
    "v-GMCfMSh6Or6adfLsQiCq85h_hAm0ZmgodcnfIPN6w9hPL9WT_6teA9c2g0sbGDyueaRX40cCxmcsaeetN4dQ";
const char kGoodKeys[] =
    R"({"keys":[{"kty":"EC","crv":"P-256","kid":"k",)"
    R"("x":"mDlom2rBGAaHHl7xmK_TUGCGEONoD5GKu-14GfXR8jw",)"
    R"("y":"mDny4Fe7jeENamR0mvrmszn0LMytzc6F8rBy9qvzzuE"}]})";

namespace {

constexpr Time kNow{std::chrono::seconds(1'800'000'000)};

void Must(bool holds, const char* what) {
  if (holds) return;
  std::cerr << "broken rule: " << what << "\n";
  std::abort();
}

// Header and payload as they were signed; the signature may be another one of the same.
bool IsGood(const std::string& token) {
  const std::string good = kGoodToken;
  const size_t signed_size = good.rfind('.');
  return token.compare(0, signed_size + 1, good, 0, signed_size + 1) == 0;
}

}  // namespace

void CheckTokenInput(const uint8_t* data, size_t size) {
  if (size == 0) return;
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  static const KeySet keys = *KeySet::Parse(kGoodKeys);
  if (data[0] % 2 == 0) {
    const auto claims = Verify(text, keys, {.issuer = "i", .audience = "a"}, kNow);
    Must(!claims.ok() || IsGood(text), "only what was signed is taken");
    return;
  }
  const auto parsed = KeySet::Parse(text);
  if (!parsed.ok()) return;
  Must(!parsed->keys().empty(), "keys that were read are there");
  (void)Verify(kGoodToken, *parsed, {.issuer = "i", .audience = "a"}, kNow);
}

}  // namespace firstline::jwt
