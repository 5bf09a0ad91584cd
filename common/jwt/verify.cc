#include "common/jwt/verify.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>
#include <vector>

#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "absl/strings/escaping.h"
#include "common/status/reason.h"

namespace firstline::jwt {
namespace {

using nlohmann::json;

constexpr size_t kEs256Bytes = 64;  // r and s, 32 each
// Seconds since 1970 that are taken for a point of time: until the year 9999.
constexpr double kSecondsMax = 253'402'300'799.0;

absl::Status Invalid(std::string_view what) {
  return status::Error(absl::StatusCode::kUnauthenticated, what, {.reason = "TOKEN_INVALID"});
}

// The parts as they stand in the token.
struct Parts {
  std::string_view header, payload, signature;
  std::string_view signed_text;  // header and payload with the dot between
};

std::optional<Parts> Split(std::string_view token) {
  const size_t first = token.find('.');
  const size_t last = token.rfind('.');
  if (first == std::string_view::npos || first == last) return {};
  Parts parts{token.substr(0, first), token.substr(first + 1, last - first - 1),
              token.substr(last + 1), token.substr(0, last)};
  if (parts.payload.find('.') != std::string_view::npos) return {};
  return parts;
}

// Base64url without padding and white space (RFC 7515, section 2); nothing for anything else.
std::optional<std::string> Decode(std::string_view part) {
  const auto plain = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           c == '-' || c == '_';
  };
  std::string bytes;
  if (part.empty() || !std::all_of(part.begin(), part.end(), plain)) return {};
  if (!absl::WebSafeBase64Unescape(std::string(part), &bytes)) return {};
  return bytes;
}

// A JSON object; nothing for anything else.
std::optional<json> Object(std::string_view part) {
  const std::optional<std::string> text = Decode(part);
  if (!text) return {};
  json object = json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return {};
  return object;
}

// The text under `name`; nothing when there is none, or it is something else.
std::optional<std::string> TextOf(const json& object, const char* name) {
  const auto field = object.find(name);
  if (field == object.end() || !field->is_string()) return {};
  return field->get<std::string>();
}

// ---- Signature ----------------------------------------------------------------------------------

// OpenSSL wants r and s in DER.
std::optional<std::string> ToDer(const std::string& raw) {
  if (raw.size() != kEs256Bytes) return {};
  const auto* bytes = reinterpret_cast<const unsigned char*>(raw.data());
  const std::unique_ptr<ECDSA_SIG, void (*)(ECDSA_SIG*)> signature(ECDSA_SIG_new(),
                                                                  ECDSA_SIG_free);
  ECDSA_SIG_set0(signature.get(), BN_bin2bn(bytes, kEs256Bytes / 2, nullptr),
                 BN_bin2bn(bytes + kEs256Bytes / 2, kEs256Bytes / 2, nullptr));
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(signature.get(), &der);
  if (size <= 0) return {};
  std::string text(reinterpret_cast<char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return text;
}

bool IsSignedBy(const KeySet::Key& key, std::string_view text, const std::string& signature) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  const auto* mark = reinterpret_cast<const unsigned char*>(signature.data());
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(),
                                                                  EVP_MD_CTX_free);
  // For RSA the padding is PKCS #1 v1.5, which is RS256's.
  const bool good =
      EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.key.get()) == 1 &&
      EVP_DigestVerify(context.get(), mark, signature.size(), bytes, text.size()) == 1;
  ERR_clear_error();
  return good;
}

absl::Status CheckSignature(const json& header, const Parts& parts, const KeySet& keys) {
  const std::optional<std::string> name = TextOf(header, "alg");
  if (name != "ES256" && name != "RS256") return Invalid("the token is not signed with ES256 or RS256");
  if (header.contains("crit")) return Invalid("the token has critical parts that are not known here");
  const auto kid = TextOf(header, "kid");
  if (header.contains("kid") && !kid) return Invalid("the token's kid is no text");
  const Algorithm algorithm = name == "ES256" ? Algorithm::kEs256 : Algorithm::kRs256;
  const std::vector<const KeySet::Key*> candidates = keys.Candidates(algorithm, kid.value_or(""));
  if (candidates.empty()) return Invalid("the token's key is not known");
  std::optional<std::string> signature = Decode(parts.signature);
  if (signature && algorithm == Algorithm::kEs256) signature = ToDer(*signature);
  if (!signature) return Invalid("the token's signature cannot be read");
  for (const KeySet::Key* key : candidates) {
    if (IsSignedBy(*key, parts.signed_text, *signature)) return absl::OkStatus();
  }
  return Invalid("the token's signature is wrong");
}

// ---- Claims -------------------------------------------------------------------------------------

// Fractions of a second are dropped.
std::optional<Time> TimeOf(const json& value) {
  if (!value.is_number()) return {};
  const double seconds = value.get<double>();
  if (!(seconds >= 0 && seconds <= kSecondsMax)) return {};
  return Time(std::chrono::seconds(static_cast<int64_t>(seconds)));
}

bool IsFor(const json& payload, const std::string& audience) {
  const auto field = payload.find("aud");
  if (field == payload.end()) return false;
  if (field->is_string()) return *field == audience;
  return field->is_array() && std::find(field->begin(), field->end(), audience) != field->end();
}

absl::StatusOr<Claims> CheckClaims(json payload, const Expected& expected, Time now) {
  if (TextOf(payload, "iss") != expected.issuer) return Invalid("the token is of another issuer");
  if (!IsFor(payload, expected.audience)) return Invalid("the token is for another audience");
  const auto expiry = payload.contains("exp") ? TimeOf(payload["exp"]) : std::nullopt;
  if (!expiry) return Invalid("the token has no expiry");
  if (now >= *expiry + kLeeway) {
    return status::Error(absl::StatusCode::kUnauthenticated, "the token has expired",
                         {.reason = "TOKEN_EXPIRED"});
  }
  if (payload.contains("nbf")) {
    const auto begin = TimeOf(payload["nbf"]);
    if (!begin || now < *begin - kLeeway) return Invalid("the token is not valid yet");
  }
  Claims claims{TextOf(payload, "sub").value_or(""), *expiry, {}};
  claims.all = std::move(payload);
  return claims;
}

}  // namespace

absl::StatusOr<Claims> Verify(const std::string& token, const KeySet& keys,
                              const Expected& expected, Time now) {
  if (token.size() > kTokenBytesMax) return Invalid("the token is too long");
  const std::optional<Parts> parts = Split(token);
  if (!parts) return Invalid("this is no token");
  const std::optional<json> header = Object(parts->header);
  if (!header) return Invalid("the token's header cannot be read");
  if (absl::Status s = CheckSignature(*header, *parts, keys); !s.ok()) return s;
  std::optional<json> payload = Object(parts->payload);
  if (!payload) return Invalid("the token's payload cannot be read");
  return CheckClaims(*std::move(payload), expected, now);
}

}  // namespace firstline::jwt
