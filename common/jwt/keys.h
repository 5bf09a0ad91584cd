// The public keys by which tokens are judged, from a file: a JSON Web Key Set (RFC 7517) or public
// keys in PEM, one behind the other.
//
//   absl::StatusOr<KeySet> keys = KeySet::Parse(text);
//
// A key is for one algorithm and its kind says which: an EC key on P-256 is for ES256, an RSA key for
// RS256. No token can choose otherwise. Of a set, keys of other kinds or for encryption are left out;
// a key that is too weak, damaged or private makes the whole text an error.
//
// Threads: values; immutable.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/evp.h>

#include "absl/status/statusor.h"

namespace firstline::jwt {

inline constexpr size_t kKeyTextBytesMax = 1 << 20;
inline constexpr size_t kKeysMax = 64;
inline constexpr int kRsaBitsMin = 2048;

enum class Algorithm : uint8_t { kEs256, kRs256 };

class KeySet {
 public:
  struct Key {
    std::string id;  // as `kid`; empty for PEM
    Algorithm algorithm;
    std::shared_ptr<EVP_PKEY> key;
  };

  // INVALID_ARGUMENT says what is wrong; at least one key is there on success.
  static absl::StatusOr<KeySet> Parse(const std::string& text);

  // Keys that may have signed a token with this algorithm and `kid` (empty: none was given). With
  // key ids, exactly the one named, or the only one there is for tokens that name none. Without, all
  // of the algorithm.
  std::vector<const Key*> Candidates(Algorithm algorithm, std::string_view kid) const;
  const std::vector<Key>& keys() const { return keys_; }

 private:
  std::vector<Key> keys_;
};

}  // namespace firstline::jwt
