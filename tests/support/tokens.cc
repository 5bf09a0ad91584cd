#include "tests/support/tokens.h"

#include <memory>
#include <stdexcept>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/hmac.h>

#include "absl/strings/escaping.h"

namespace firstline::test {
namespace {

using nlohmann::json;

std::string Number(const BIGNUM* number, int bytes) {
  std::string text(static_cast<size_t>(bytes), '\0');
  BN_bn2binpad(number, reinterpret_cast<unsigned char*>(text.data()), bytes);
  return text;
}

std::string Sign(EVP_PKEY* key, const std::string& text) {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  size_t size = 0;
  std::string signature;
  if (EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, key) == 1 &&
      EVP_DigestSign(context, nullptr, &size, bytes, text.size()) == 1) {
    signature.resize(size);
    EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &size, bytes,
                   text.size());
    signature.resize(size);
  }
  EVP_MD_CTX_free(context);
  if (signature.empty()) throw std::runtime_error("cannot sign");
  return signature;
}

// r and s one behind the other, as tokens have them.
std::string FromDer(const std::string& der) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
  ECDSA_SIG* signature = d2i_ECDSA_SIG(nullptr, &bytes, static_cast<long>(der.size()));
  const std::string raw = Number(ECDSA_SIG_get0_r(signature), 32) +
                          Number(ECDSA_SIG_get0_s(signature), 32);
  ECDSA_SIG_free(signature);
  return raw;
}

std::string NumberOf(EVP_PKEY* key, const char* name, int bytes) {
  BIGNUM* number = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &number) != 1) throw std::runtime_error("no such part");
  const std::string text = Number(number, bytes == 0 ? BN_num_bytes(number) : bytes);
  BN_free(number);
  return text;
}

}  // namespace

std::string Encode(const std::string& bytes) { return absl::WebSafeBase64Escape(bytes); }

std::string SignToken(EVP_PKEY* key, const json& header, const json& payload) {
  const std::string text = Encode(header.dump()) + "." + Encode(payload.dump());
  std::string signature = Sign(key, text);
  if (EVP_PKEY_is_a(key, "EC")) signature = FromDer(signature);
  return text + "." + Encode(signature);
}

std::string SignTokenHs256(const std::string& secret, const json& header, const json& payload) {
  const std::string text = Encode(header.dump()) + "." + Encode(payload.dump());
  unsigned char mark[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), mark, &size);
  return text + "." + Encode(std::string(reinterpret_cast<char*>(mark), size));
}

json Jwk(EVP_PKEY* key, const std::string& kid) {
  json jwk = {{"kid", kid}, {"use", "sig"}};
  if (EVP_PKEY_is_a(key, "EC")) {
    jwk.update({{"kty", "EC"},
                {"crv", "P-256"},
                {"x", Encode(NumberOf(key, OSSL_PKEY_PARAM_EC_PUB_X, 32))},
                {"y", Encode(NumberOf(key, OSSL_PKEY_PARAM_EC_PUB_Y, 32))}});
  } else {
    jwk.update({{"kty", "RSA"},
                {"n", Encode(NumberOf(key, OSSL_PKEY_PARAM_RSA_N, 0))},
                {"e", Encode(NumberOf(key, OSSL_PKEY_PARAM_RSA_E, 0))}});
  }
  return jwk;
}

}  // namespace firstline::test
