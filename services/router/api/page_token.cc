#include "services/router/api/page_token.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <array>
#include <cstdio>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/status/reason.h"
#include "services/router/api/limits.h"

namespace firstline::api {
namespace {

constexpr size_t kNonceBytes = 12, kTagBytes = 16, kKeyBytes = 32;

using Cipher = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* Bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }
int Size(std::string_view text) { return static_cast<int>(text.size()); }

std::string RandomBytes(size_t size) {
  std::string bytes(size, '\0');
  // Only a system without any randomness fails here; then the token opens nothing later.
  RAND_bytes(Bytes(bytes), static_cast<int>(size));
  return bytes;
}

const std::string& Key() {
  static const std::string key = RandomBytes(kKeyBytes);
  return key;
}

// Encrypts (1) or decrypts (0) `in` under key, nonce and filter; null when it cannot.
Cipher Run(bool seal, const std::string& nonce, std::string_view filter, std::string_view in,
           std::string& out) {
  Cipher cipher(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  int written = 0;
  out.resize(in.size());
  const bool done =
      cipher != nullptr &&
      EVP_CipherInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, Bytes(Key()), Bytes(nonce),
                        seal ? 1 : 0) == 1 &&
      EVP_CipherUpdate(cipher.get(), nullptr, &written, Bytes(filter), Size(filter)) == 1 &&
      EVP_CipherUpdate(cipher.get(), Bytes(out), &written, Bytes(in), Size(in)) == 1;
  return done ? std::move(cipher) : Cipher(nullptr, &EVP_CIPHER_CTX_free);
}

}  // namespace

std::string SealPageToken(std::string_view place, std::string_view filter) {
  const std::string nonce = RandomBytes(kNonceBytes);
  std::string sealed, tag(kTagBytes, '\0'), rest(kTagBytes, '\0');
  const Cipher cipher = Run(true, nonce, filter, place, sealed);
  int none = 0;
  if (cipher == nullptr || EVP_CipherFinal_ex(cipher.get(), Bytes(rest), &none) != 1 ||
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes, tag.data()) != 1) {
    return "-";  // opens nothing
  }
  return absl::BytesToHexString(absl::StrCat(nonce, sealed, tag));
}

absl::StatusOr<std::string> OpenPageToken(std::string_view token, std::string_view filter) {
  const bool hex = token.size() % 2 == 0 && token.size() >= 2 * (kNonceBytes + kTagBytes) &&
                   token.size() <= 2 * (kNonceBytes + kTagBytes + kPlaceBytesMax);
  if (!hex) return InvalidPageToken();
  for (const char c : token) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c)) && (c < 'a' || c > 'f')) {
      return InvalidPageToken();
    }
  }
  const std::string bytes = absl::HexStringToBytes(std::string(token));
  const std::string nonce = bytes.substr(0, kNonceBytes);
  std::string tag = bytes.substr(bytes.size() - kTagBytes);
  const std::string sealed =
      bytes.substr(kNonceBytes, bytes.size() - kNonceBytes - kTagBytes);
  std::string place, rest(kTagBytes, '\0');
  const Cipher cipher = Run(false, nonce, filter, sealed, place);
  int none = 0;
  if (cipher == nullptr ||
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) != 1 ||
      EVP_CipherFinal_ex(cipher.get(), Bytes(rest), &none) != 1) {
    return InvalidPageToken();
  }
  return place;
}

std::string WritePageToken(PageToken token, std::string_view filter) {
  return SealPageToken(absl::StrCat(absl::Hex(token.epoch), "-", absl::Hex(token.next)), filter);
}

absl::StatusOr<PageToken> ReadPageToken(std::string_view token, std::string_view filter) {
  if (token.empty()) return PageToken{};
  const absl::StatusOr<std::string> place = OpenPageToken(token, filter);
  if (!place.ok()) return place.status();
  unsigned long long epoch = 0, next = 0;
  if (std::sscanf(place->c_str(), "%llx-%llx", &epoch, &next) != 2 || epoch == 0) {
    return InvalidPageToken();
  }
  return PageToken{epoch, static_cast<uint32_t>(next)};
}

absl::Status InvalidPageToken() {
  return status::Error(absl::StatusCode::kInvalidArgument, "not a page token of this list",
                       {.reason = "INVALID_PAGE_TOKEN",
                        .violations = {{"page_token", "not a page token of this list"}}});
}

int PageSize(int32_t asked) { return asked == 0 ? limits::kPageSizeDefault : asked; }

}  // namespace firstline::api
