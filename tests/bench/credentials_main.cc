// Writes what a router and its callers need for TLS and bearer tokens into a folder: ca.pem,
// router.pem, router.key, keys.pem (of tokens), token (an operator's, ES256, for a day).
//
//   bench_credentials FOLDER
#include <chrono>
#include <cstdio>
#include <string>

#include "tests/support/certificates.h"
#include "tests/support/tokens.h"

namespace firstline::bench {
namespace {

void Write(const std::string& folder) {
  const auto path = [&](const char* name) { return folder + "/" + name; };
  test::CertificateAuthority ca("bench");
  const test::KeyAndCertificate router =
      ca.Issue({.common_name = "router", .dns_names = {"firstline-router"}});
  test::WriteFile(path("ca.pem"), ca.pem());
  test::WriteFile(path("router.pem"), router.certificate);
  test::WriteFile(path("router.key"), router.key);

  const test::PrivateKey key = test::NewEcKey();
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now).count();
  const nlohmann::json claim = {{"role", "operator"}, {"workspaces", {"*"}}};
  test::WriteFile(path("keys.pem"), test::PublicPem(key.get()));
  test::WriteFile(path("token"),
                  test::SignToken(key.get(), {{"alg", "ES256"}},
                                  {{"iss", "bench"}, {"aud", "firstline"}, {"sub", "load"},
                                   {"exp", seconds + 24 * 3600}, {"firstline", claim}}));
}

}  // namespace
}  // namespace firstline::bench

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: bench_credentials FOLDER\n");
    return 2;
  }
  firstline::bench::Write(argv[1]);
  return 0;
}
