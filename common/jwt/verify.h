// JSON Web Tokens (RFC 7519) as bearer tokens: compact form, signed with ES256 or RS256.
//
//   absl::StatusOr<Claims> claims = Verify(token, keys, {.issuer = "https://id.example",
//                                                        .audience = "firstline"}, now);
//
// The checks, in this order: size and form; header (`alg` is ES256 or RS256, nothing `crit`ical, a
// known `kid`); signature, before anything of the payload is read; `iss`, `aud`, `exp`, `nbf`.
//
// Threads: pure functions.
#pragma once

#include <chrono>
#include <string>

#include <nlohmann/json.hpp>

#include "absl/status/statusor.h"
#include "common/jwt/keys.h"

namespace firstline::jwt {

inline constexpr size_t kTokenBytesMax = 8192;
// How far the clocks of issuer and router may be apart.
inline constexpr std::chrono::seconds kLeeway{30};

using Time = std::chrono::sys_seconds;

struct Expected {
  std::string issuer;    // `iss` is this
  std::string audience;  // `aud` is this or contains it
};

struct Claims {
  std::string subject;  // `sub`; empty: none
  Time expiry;          // `exp`; the token is good until kLeeway later
  nlohmann::json all;   // the payload, an object
};

// UNAUTHENTICATED with reason TOKEN_EXPIRED, or TOKEN_INVALID for everything else. Messages say which
// check failed and nothing of the token.
absl::StatusOr<Claims> Verify(const std::string& token, const KeySet& keys,
                              const Expected& expected, Time now);

}  // namespace firstline::jwt
