// Tokens for tests, also such as no issuer would sign.
//
//   const PrivateKey key = NewEcKey();
//   std::string token = SignToken(key.get(), {{"alg", "ES256"}}, {{"iss", "tests"}, ...});
//
// Threads: pure functions.
#pragma once

#include <string>

#include <nlohmann/json.hpp>
#include <openssl/evp.h>

namespace firstline::test {

// Base64url without padding.
std::string Encode(const std::string& bytes);

// Signed as the kind of key wants it (ES256 or RS256), whatever the header says.
std::string SignToken(EVP_PKEY* key, const nlohmann::json& header, const nlohmann::json& payload);

// Signed with HMAC-SHA256 under `secret`, as HS256.
std::string SignTokenHs256(const std::string& secret, const nlohmann::json& header,
                           const nlohmann::json& payload);

// A JSON Web Key of the public half.
nlohmann::json Jwk(EVP_PKEY* key, const std::string& kid);

}  // namespace firstline::test
