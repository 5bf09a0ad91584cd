// Tokens that are good, and each way in which one is not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/jwt/keys.h"
#include "common/jwt/verify.h"
#include "common/status/reason.h"
#include "tests/support/certificates.h"
#include "tests/support/tokens.h"

namespace firstline::jwt {
namespace {

using nlohmann::json;
using test::PrivateKey;
using ::testing::HasSubstr;

const PrivateKey& EcKey() {
  static const PrivateKey key = test::NewEcKey();
  return key;
}
const PrivateKey& RsaKey() {
  static const PrivateKey key = test::NewRsaKey(2048);
  return key;
}

constexpr Time kNow{std::chrono::seconds(1'800'000'000)};

int64_t At(int64_t seconds) { return kNow.time_since_epoch().count() + seconds; }

const Expected kExpected{.issuer = "https://id.example", .audience = "firstline"};

json Payload() {
  return {{"iss", "https://id.example"}, {"aud", "firstline"}, {"exp", At(300)}, {"sub", "ann"}};
}
json Without(const char* claim) {
  json payload = Payload();
  payload.erase(claim);
  return payload;
}
json With(const char* claim, json value) {
  json payload = Payload();
  payload[claim] = std::move(value);
  return payload;
}

KeySet Jwks(const std::vector<json>& keys) { return *KeySet::Parse(json{{"keys", keys}}.dump()); }
KeySet BothKeys() {
  return Jwks({test::Jwk(EcKey().get(), "e1"), test::Jwk(RsaKey().get(), "r1")});
}

absl::StatusOr<Claims> Judge(const std::string& token, const KeySet& keys = BothKeys()) {
  return Verify(token, keys, kExpected, kNow);
}
absl::StatusOr<Claims> Judge(const json& payload) {
  return Judge(test::SignToken(EcKey().get(), {{"alg", "ES256"}, {"kid", "e1"}}, payload));
}

void ExpectInvalid(const absl::StatusOr<Claims>& judged, const std::string& why) {
  EXPECT_EQ(judged.status().code(), absl::StatusCode::kUnauthenticated) << why;
  EXPECT_EQ(status::ReasonOf(judged.status()), "TOKEN_INVALID") << why;
  EXPECT_THAT(std::string(judged.status().message()), HasSubstr(why));
}

TEST(Jwt, BothAlgorithmsAreTaken) {
  const auto ec = Judge(Payload());
  ASSERT_TRUE(ec.ok()) << ec.status();
  EXPECT_EQ(ec->subject, "ann");
  EXPECT_EQ(ec->expiry.time_since_epoch().count(), At(300));
  EXPECT_EQ(ec->all, Payload());
  const auto rsa =
      Judge(test::SignToken(RsaKey().get(), {{"alg", "RS256"}, {"kid", "r1"}}, Payload()));
  EXPECT_TRUE(rsa.ok()) << rsa.status();
}

TEST(Jwt, AForgedTokenIsNone) {
  const PrivateKey other = test::NewEcKey();
  ExpectInvalid(Judge(test::SignToken(other.get(), {{"alg", "ES256"}, {"kid", "e1"}}, Payload())),
                "signature is wrong");
  // The payload of one, the signature of another.
  const std::string mine =
      test::SignToken(EcKey().get(), {{"alg", "ES256"}, {"kid", "e1"}}, Payload());
  const std::string theirs = test::SignToken(EcKey().get(), {{"alg", "ES256"}, {"kid", "e1"}},
                                             With("sub", "mallory"));
  ExpectInvalid(Judge(theirs.substr(0, theirs.rfind('.')) + mine.substr(mine.rfind('.'))),
                "signature is wrong");
}

TEST(Jwt, TheTokenDoesNotChooseTheAlgorithm) {
  for (const char* name : {"none", "None", "", "ES384", "PS256", "es256"}) {
    const std::string text =
        test::Encode(json{{"alg", name}}.dump()) + "." + test::Encode(Payload().dump());
    ExpectInvalid(Judge(text + "." + test::Encode("x")), "not signed with ES256 or RS256");
    EXPECT_FALSE(Judge(text + ".").ok());
    EXPECT_FALSE(Judge(text).ok());
  }
  // A secret that everybody knows: the public key.
  for (const KeySet& keys : {BothKeys(), *KeySet::Parse(test::PublicPem(RsaKey().get()))}) {
    const std::string token = test::SignTokenHs256(test::PublicPem(RsaKey().get()),
                                                   {{"alg", "HS256"}, {"kid", "r1"}}, Payload());
    ExpectInvalid(Judge(token, keys), "not signed with ES256 or RS256");
    const std::string lie = test::SignTokenHs256(test::PublicPem(RsaKey().get()),
                                                 {{"alg", "RS256"}, {"kid", "r1"}}, Payload());
    ExpectInvalid(Judge(lie, keys), "signature is wrong");
  }
  // A key of the other kind.
  ExpectInvalid(
      Judge(test::SignToken(EcKey().get(), {{"alg", "RS256"}, {"kid", "e1"}}, Payload())),
      "key is not known");
}

TEST(Jwt, KeysAreNamed) {
  ExpectInvalid(
      Judge(test::SignToken(EcKey().get(), {{"alg", "ES256"}, {"kid", "e2"}}, Payload())),
      "key is not known");
  ExpectInvalid(Judge(test::SignToken(EcKey().get(), {{"alg", "ES256"}, {"kid", 1}}, Payload())),
                "kid is no text");
  // Without a name it is the only one there is, or none.
  const std::string nameless = test::SignToken(EcKey().get(), {{"alg", "ES256"}}, Payload());
  EXPECT_TRUE(Judge(nameless).ok());
  const PrivateKey second = test::NewEcKey();
  ExpectInvalid(
      Judge(nameless, Jwks({test::Jwk(EcKey().get(), "e1"), test::Jwk(second.get(), "e2")})),
      "key is not known");
  // Keys in PEM have no names: any may be meant.
  const KeySet pem =
      *KeySet::Parse(test::PublicPem(second.get()) + test::PublicPem(EcKey().get()));
  EXPECT_TRUE(Judge(nameless, pem).ok());
  EXPECT_TRUE(
      Judge(test::SignToken(EcKey().get(), {{"alg", "ES256"}, {"kid", "x"}}, Payload()), pem).ok());
}

TEST(Jwt, CriticalPartsAreNotSkipped) {
  ExpectInvalid(Judge(test::SignToken(
                    EcKey().get(), {{"alg", "ES256"}, {"kid", "e1"}, {"crit", {"b64"}}}, Payload())),
                "critical");
}

TEST(Jwt, TimeIsTakenWithLeeway) {
  EXPECT_TRUE(Judge(With("exp", At(-29))).ok());
  const auto expired = Judge(With("exp", At(-30)));
  EXPECT_EQ(expired.status().code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(status::ReasonOf(expired.status()), "TOKEN_EXPIRED");
  EXPECT_TRUE(Judge(With("nbf", At(30))).ok());
  ExpectInvalid(Judge(With("nbf", At(31))), "not valid yet");
  EXPECT_TRUE(Judge(With("exp", static_cast<double>(At(1)) + 0.5)).ok());
}

TEST(Jwt, AnExpiryIsNeededAndIsANumber) {
  ExpectInvalid(Judge(Without("exp")), "no expiry");
  for (const json& value : {json("tomorrow"), json(-1), json(1e300), json(nullptr), json::array()}) {
    ExpectInvalid(Judge(With("exp", value)), "no expiry");
    ExpectInvalid(Judge(With("nbf", value)), "not valid yet");
  }
}

TEST(Jwt, IssuerAndAudienceAreOurs) {
  ExpectInvalid(Judge(With("iss", "https://id.example/")), "another issuer");
  ExpectInvalid(Judge(Without("iss")), "another issuer");
  ExpectInvalid(Judge(With("aud", "other")), "another audience");
  ExpectInvalid(Judge(Without("aud")), "another audience");
  ExpectInvalid(Judge(With("aud", {"other", "firstline2"})), "another audience");
  ExpectInvalid(Judge(With("aud", json{{"firstline", true}})), "another audience");
  EXPECT_TRUE(Judge(With("aud", {"other", "firstline"})).ok());
}

TEST(Jwt, WhatIsMalformedIsNoToken) {
  const std::string good =
      test::SignToken(EcKey().get(), {{"alg", "ES256"}, {"kid", "e1"}}, Payload());
  for (const std::string& token :
       {std::string(), std::string("."), std::string(".."), std::string("..."), good + ".",
        good + ".x", "." + good, good + "=", good + "\n", " " + good, good.substr(0, good.size() / 2),
        test::Encode("[]") + good.substr(good.find('.')), std::string(kTokenBytesMax + 1, 'a')}) {
    const auto judged = Judge(token);
    EXPECT_EQ(status::ReasonOf(judged.status()), "TOKEN_INVALID") << token.substr(0, 100);
  }
  const std::string list =
      test::SignToken(EcKey().get(), {{"alg", "ES256"}, {"kid", "e1"}}, json::array());
  ExpectInvalid(Judge(list), "payload");
}

// ---- Keys ---------------------------------------------------------------------------------------

void ExpectBad(const std::string& text, const std::string& why) {
  const auto parsed = KeySet::Parse(text);
  EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument) << why;
  EXPECT_THAT(std::string(parsed.status().message()), HasSubstr(why));
}
std::string SetOf(const std::vector<json>& keys) { return json{{"keys", keys}}.dump(); }

TEST(KeySet, OthersKeysAreLeftOut) {
  json encryption = test::Jwk(RsaKey().get(), "enc");
  encryption["use"] = "enc";
  const auto keys = KeySet::Parse(SetOf({test::Jwk(EcKey().get(), "e1"), encryption,
                                         {{"kty", "oct"}, {"k", "c2VjcmV0"}},
                                         {{"kty", "OKP"}, {"crv", "Ed25519"}, {"x", "AA"}}}));
  ASSERT_TRUE(keys.ok()) << keys.status();
  EXPECT_EQ(keys->keys().size(), 1u);
}

TEST(KeySet, WhatIsWrongIsSaid) {
  json damaged = test::Jwk(EcKey().get(), "e1"), off_curve = damaged, open = damaged;
  damaged["x"] = "AA";
  off_curve["y"] = off_curve["x"];
  open["d"] = "AA";
  ExpectBad("", "neither");
  ExpectBad("{}", "neither");
  ExpectBad(SetOf({}), "no public key");
  ExpectBad(SetOf({1}), "no key");
  ExpectBad(SetOf({damaged}), "key 'e1' is damaged");
  ExpectBad(SetOf({off_curve}), "key 'e1' is damaged");
  ExpectBad(SetOf({open}), "key 'e1' is private");
  ExpectBad(SetOf({test::Jwk(EcKey().get(), "k"), test::Jwk(RsaKey().get(), "k")}), "two keys");
  ExpectBad(SetOf({test::Jwk(test::NewRsaKey(1024).get(), "weak")}), "too weak");
  ExpectBad(test::PublicPem(test::NewRsaKey(1024).get()), "too weak");
  ExpectBad(test::PrivatePem(EcKey().get()), "private");
  const std::string pem = test::PublicPem(EcKey().get());
  ExpectBad(pem.substr(0, pem.size() - 40), "damaged");
  ExpectBad(pem + pem.substr(0, pem.size() - 40), "damaged");
  ExpectBad(std::string(kKeyTextBytesMax + 1, ' '), "too large");
}

}  // namespace
}  // namespace firstline::jwt
