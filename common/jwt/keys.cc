#include "common/jwt/keys.h"

#include <algorithm>
#include <optional>

#include <nlohmann/json.hpp>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace firstline::jwt {
namespace {

using nlohmann::json;
using KeyPtr = std::shared_ptr<EVP_PKEY>;

constexpr size_t kCoordinateBytes = 32;  // of P-256

absl::Status Bad(const std::string& what) {
  ERR_clear_error();
  return absl::InvalidArgumentError(what);
}

KeyPtr Own(EVP_PKEY* key) { return {key, EVP_PKEY_free}; }

// Which algorithm a key is for; an error for keys that are for none.
absl::StatusOr<Algorithm> AlgorithmOf(EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "RSA")) {
    if (EVP_PKEY_get_bits(key) >= kRsaBitsMin) return Algorithm::kRs256;
    return Bad(absl::StrCat("an RSA key of ", EVP_PKEY_get_bits(key), " bits is too weak, at least ",
                            kRsaBitsMin));
  }
  char group[32] = "";
  EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group, nullptr);
  if (EVP_PKEY_is_a(key, "EC") && std::string_view(group) == "prime256v1") {
    return Algorithm::kEs256;
  }
  return Bad("a key is neither RSA nor EC on P-256");
}

// ---- JSON Web Keys ------------------------------------------------------------------------------

std::string TextOf(const json& object, const char* name) {
  const auto field = object.find(name);
  return field != object.end() && field->is_string() ? field->get<std::string>() : "";
}

std::optional<std::string> BytesOf(const json& object, const char* name) {
  std::string bytes;
  if (!absl::WebSafeBase64Unescape(TextOf(object, name), &bytes) || bytes.empty()) return {};
  return bytes;
}

// A public key of `type` from its parts, which `add` puts in.
template <class Add>
KeyPtr Build(const char* type, Add add) {
  OSSL_PARAM_BLD* parts = OSSL_PARAM_BLD_new();
  add(parts);
  OSSL_PARAM* parameters = OSSL_PARAM_BLD_to_param(parts);
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr);
  EVP_PKEY* key = nullptr;
  if (EVP_PKEY_fromdata_init(context) == 1) {
    EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters);
  }
  EVP_PKEY_CTX_free(context);
  OSSL_PARAM_free(parameters);
  OSSL_PARAM_BLD_free(parts);
  return Own(key);
}

KeyPtr BuildEc(const json& jwk) {
  const auto x = BytesOf(jwk, "x"), y = BytesOf(jwk, "y");
  if (!x || !y || x->size() != kCoordinateBytes || y->size() != kCoordinateBytes) return nullptr;
  const std::string point = "\x04" + *x + *y;  // uncompressed
  return Build("EC", [&](OSSL_PARAM_BLD* parts) {
    OSSL_PARAM_BLD_push_utf8_string(parts, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
    OSSL_PARAM_BLD_push_octet_string(parts, OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size());
  });
}

KeyPtr BuildRsa(const json& jwk) {
  const auto n = BytesOf(jwk, "n"), e = BytesOf(jwk, "e");
  // Larger ones would make each token expensive.
  if (!n || !e || n->size() > 1024 || e->size() > 8) return nullptr;
  const auto number = [](const std::string& bytes) {
    return BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()),
                     static_cast<int>(bytes.size()), nullptr);
  };
  BIGNUM* modulus = number(*n);
  BIGNUM* exponent = number(*e);
  KeyPtr key = Build("RSA", [&](OSSL_PARAM_BLD* parts) {
    OSSL_PARAM_BLD_push_BN(parts, OSSL_PKEY_PARAM_RSA_N, modulus);
    OSSL_PARAM_BLD_push_BN(parts, OSSL_PKEY_PARAM_RSA_E, exponent);
  });
  BN_free(modulus);
  BN_free(exponent);
  return key;
}

// For signatures, and of a kind that is used here.
bool IsMeant(const json& jwk) {
  const std::string type = TextOf(jwk, "kty"), algorithm = TextOf(jwk, "alg");
  const std::string use = TextOf(jwk, "use");
  if (!use.empty() && use != "sig") return false;
  if (type == "EC") return TextOf(jwk, "crv") == "P-256" && (algorithm.empty() || algorithm == "ES256");
  return type == "RSA" && (algorithm.empty() || algorithm == "RS256");
}

absl::StatusOr<KeySet::Key> ReadJwk(const json& jwk) {
  const std::string id = TextOf(jwk, "kid");
  const std::string name = id.empty() ? "a key" : absl::StrCat("key '", id, "'");
  if (jwk.contains("d")) return Bad(absl::StrCat(name, " is private"));
  KeyPtr key = TextOf(jwk, "kty") == "EC" ? BuildEc(jwk) : BuildRsa(jwk);
  if (key == nullptr) return Bad(absl::StrCat(name, " is damaged"));
  const absl::StatusOr<Algorithm> algorithm = AlgorithmOf(key.get());
  if (!algorithm.ok()) return algorithm.status();
  return KeySet::Key{id, *algorithm, std::move(key)};
}

absl::StatusOr<std::vector<KeySet::Key>> ReadJwks(const std::string& text) {
  const json set = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!set.is_object() || !set.contains("keys") || !set["keys"].is_array()) {
    return Bad("is neither a JSON Web Key Set nor PEM");
  }
  std::vector<KeySet::Key> keys;
  for (const json& jwk : set["keys"]) {
    if (!jwk.is_object()) return Bad("'keys' holds something that is no key");
    if (!IsMeant(jwk)) continue;
    absl::StatusOr<KeySet::Key> key = ReadJwk(jwk);
    if (!key.ok()) return key.status();
    const bool known = std::any_of(keys.begin(), keys.end(),
                                   [&](const auto& other) { return other.id == key->id; });
    if (known) return Bad(absl::StrCat("two keys have the id '", key->id, "'"));
    keys.push_back(*std::move(key));
  }
  return keys;
}

// ---- PEM ----------------------------------------------------------------------------------------

// The next block of PEM that is a public key; null for another one. False at the end, or at damage.
bool NextBlock(BIO* memory, KeyPtr* key) {
  char *name = nullptr, *header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;
  if (PEM_read_bio(memory, &name, &header, &data, &size) != 1) return false;
  const unsigned char* at = data;
  *key = std::string_view(name) == "PUBLIC KEY" ? Own(d2i_PUBKEY(nullptr, &at, size)) : nullptr;
  OPENSSL_free(name);
  OPENSSL_free(header);
  OPENSSL_free(data);
  return true;
}

absl::StatusOr<std::vector<KeySet::Key>> ReadPem(const std::string& text) {
  if (text.find("PRIVATE KEY-----") != std::string::npos) return Bad("a key is private");
  const std::unique_ptr<BIO, int (*)(BIO*)> memory(
      BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free);
  std::vector<KeySet::Key> keys;
  KeyPtr key;
  while (NextBlock(memory.get(), &key)) {
    if (key == nullptr) return Bad("something in PEM is no public key");
    const absl::StatusOr<Algorithm> algorithm = AlgorithmOf(key.get());
    if (!algorithm.ok()) return algorithm.status();
    keys.push_back({"", *algorithm, std::move(key)});
  }
  // The end of the text is an error of this reason, damage one of another.
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (!at_end) return Bad("a key in PEM is damaged");
  return keys;
}

}  // namespace

absl::StatusOr<KeySet> KeySet::Parse(const std::string& text) {
  if (text.size() > kKeyTextBytesMax) return Bad("is too large for keys");
  const bool pem = text.find("-----BEGIN ") != std::string::npos;
  absl::StatusOr<std::vector<Key>> keys = pem ? ReadPem(text) : ReadJwks(text);
  if (!keys.ok()) return keys.status();
  if (keys->empty()) return Bad("has no public key for ES256 or RS256");
  if (keys->size() > kKeysMax) return Bad(absl::StrCat("has more than ", kKeysMax, " keys"));
  KeySet set;
  set.keys_ = *std::move(keys);
  return set;
}

std::vector<const KeySet::Key*> KeySet::Candidates(Algorithm algorithm,
                                                   std::string_view kid) const {
  std::vector<const Key*> found;
  for (const Key& key : keys_) {
    if (key.algorithm != algorithm) continue;
    // Without an id a key may be anybody's; with one it is for tokens that name it.
    if (key.id.empty() || kid.empty() || key.id == kid) found.push_back(&key);
  }
  // Several keys with ids, and the token names none: there is no saying which.
  if (kid.empty() && found.size() > 1 && !found.front()->id.empty()) return {};
  return found;
}

}  // namespace firstline::jwt
