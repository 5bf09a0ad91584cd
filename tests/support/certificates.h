// Certificates for tests, made when they are needed: nothing that runs out lies in the tree.
//
//   CertificateAuthority ca("tests");
//   WriteFile(folder.File("ca.pem"), ca.pem());
//   KeyAndCertificate router = ca.Issue({.common_name = "router", .dns_names = {"router"}});
//
// Threads: one at a time.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <openssl/evp.h>
#include <openssl/x509.h>

namespace firstline::test {

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using PrivateKey = std::unique_ptr<EVP_PKEY, FreeKey>;

// On the curve P-256.
PrivateKey NewEcKey();
PrivateKey NewRsaKey(int bits);
// PEM.
std::string PrivatePem(EVP_PKEY* key);
std::string PublicPem(EVP_PKEY* key);

// Complete or absent, in place of what was there.
void WriteFile(const std::string& path, const std::string& text);

struct Subject {
  std::string common_name;
  std::vector<std::string> dns_names = {};
  bool expired = false;  // it ran out yesterday
};

// PEM.
struct KeyAndCertificate {
  std::string key;
  std::string certificate;
};

class CertificateAuthority {
 public:
  explicit CertificateAuthority(const std::string& name);
  ~CertificateAuthority();
  CertificateAuthority(const CertificateAuthority&) = delete;
  CertificateAuthority& operator=(const CertificateAuthority&) = delete;

  // Its own certificate.
  std::string pem() const;
  KeyAndCertificate Issue(const Subject& subject);

 private:
  PrivateKey key_;
  X509* certificate_;
  long serial_ = 1;
};

}  // namespace firstline::test
