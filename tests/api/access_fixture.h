// ServerFixture whose server asks callers who they are: tokens of any role, a clock by hand.
//
// Threads: one; the clock is read by others.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>

#include <nlohmann/json.hpp>

#include "services/router/api/authenticator.h"
#include "tests/api/server_fixture.h"
#include "tests/support/certificates.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tokens.h"

namespace firstline::api {

using nlohmann::json;

inline const json kOperator = {{"role", "operator"}, {"workspaces", {"*"}}};

class AccessFixture : public ServerFixture {
 protected:
  AccessFixture() {
    WriteKeys({{"k1", key_.get()}});
    auto opened = Authenticator::Open({.keys_path = keys_path(),
                                       .expected = {.issuer = "tests", .audience = "firstline"},
                                       .now = [this] { return jwt::Time(now_.load()); }});
    EXPECT_TRUE(opened.ok()) << opened.status();
    authenticator_ = *std::move(opened);
    options_.authenticator = authenticator_;
    options_.peer.name = "firstline-router";
    Become(kOperator);
    BuildWorkspace(options_);
  }

  // The server asks for the clock until it is gone.
  ~AccessFixture() override { server_.reset(); }

  std::string keys_path() const { return folder_.File("jwks.json"); }
  void WriteKeys(const std::vector<std::pair<std::string, EVP_PKEY*>>& keys) {
    json jwks = {{"keys", json::array()}};
    for (const auto& [id, key] : keys) jwks["keys"].push_back(test::Jwk(key, id));
    test::WriteFile(keys_path(), jwks.dump());
  }

  std::string Token(const json& claim, const std::string& kid = "k1", EVP_PKEY* key = nullptr,
                    const std::string& subject = "somebody") const {
    return test::SignToken(key == nullptr ? key_.get() : key, {{"alg", "ES256"}, {"kid", kid}},
                           {{"iss", "tests"},
                            {"aud", "firstline"},
                            {"sub", subject},
                            {"exp", (now_.load() + kLife).count()},
                            {"firstline", claim}});
  }
  // Calls from now on carry this token.
  void Become(const json& claim, const std::string& subject = "somebody") {
    authorization_ = "Bearer " + Token(claim, "k1", nullptr, subject);
  }

  static constexpr std::chrono::seconds kLife{300};
  const test::PrivateKey key_ = test::NewEcKey();
  const test::TempFolder folder_;
  std::atomic<std::chrono::seconds> now_{std::chrono::seconds(1'800'000'000)};
  std::shared_ptr<Authenticator> authenticator_;
  ServerOptions options_;  // of the server
};

}  // namespace firstline::api
