#include "tests/support/certificates.h"

#include <cstdio>
#include <fstream>
#include <stdexcept>

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

namespace firstline::test {
namespace {

constexpr long kDay = 24 * 3600;

void Must(bool done, const char* what) {
  if (!done) throw std::runtime_error(what);
}

template <class Write>
std::string Pem(Write write) {
  BIO* memory = BIO_new(BIO_s_mem());
  Must(write(memory) == 1, "cannot write PEM");
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  std::string text(data, static_cast<size_t>(size));
  BIO_free(memory);
  return text;
}

void AddExtension(X509* certificate, int kind, const std::string& value) {
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str());
  Must(extension != nullptr, "cannot make an extension");
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

// Unsigned; valid since two days ago.
X509* Certify(EVP_PKEY* key, const std::string& name, long serial, long until) {
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -2 * kDay);
  X509_gmtime_adj(X509_getm_notAfter(certificate), until);
  X509_set_pubkey(certificate, key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  return certificate;
}

}  // namespace

PrivateKey NewEcKey() { return PrivateKey(EVP_EC_gen("P-256")); }
PrivateKey NewRsaKey(int bits) { return PrivateKey(EVP_RSA_gen(static_cast<unsigned>(bits))); }

std::string PrivatePem(EVP_PKEY* key) {
  return Pem([&](BIO* out) {
    return PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
  });
}

std::string PublicPem(EVP_PKEY* key) {
  return Pem([&](BIO* out) { return PEM_write_bio_PUBKEY(out, key); });
}

void WriteFile(const std::string& path, const std::string& text) {
  const std::string fresh = path + ".new";
  std::ofstream(fresh) << text;
  Must(std::rename(fresh.c_str(), path.c_str()) == 0, "cannot write a file");
}

CertificateAuthority::CertificateAuthority(const std::string& name)
    : key_(NewEcKey()), certificate_(Certify(key_.get(), name, serial_, 10 * kDay)) {
  X509_set_issuer_name(certificate_, X509_get_subject_name(certificate_));
  AddExtension(certificate_, NID_basic_constraints, "critical,CA:TRUE");
  AddExtension(certificate_, NID_key_usage, "critical,keyCertSign");
  Must(X509_sign(certificate_, key_.get(), EVP_sha256()) > 0, "cannot sign");
}

CertificateAuthority::~CertificateAuthority() { X509_free(certificate_); }

std::string CertificateAuthority::pem() const {
  return Pem([&](BIO* out) { return PEM_write_bio_X509(out, certificate_); });
}

KeyAndCertificate CertificateAuthority::Issue(const Subject& subject) {
  const PrivateKey key = NewEcKey();
  X509* certificate = Certify(key.get(), subject.common_name, ++serial_,
                              subject.expired ? -kDay : 10 * kDay);
  X509_set_issuer_name(certificate, X509_get_subject_name(certificate_));
  std::string names;
  for (const std::string& name : subject.dns_names) {
    names += (names.empty() ? "DNS:" : ",DNS:") + name;
  }
  if (!names.empty()) AddExtension(certificate, NID_subject_alt_name, names);
  Must(X509_sign(certificate, key_.get(), EVP_sha256()) > 0, "cannot sign");
  KeyAndCertificate issued{
      PrivatePem(key.get()),
      Pem([&](BIO* out) { return PEM_write_bio_X509(out, certificate); })};
  X509_free(certificate);
  return issued;
}

}  // namespace firstline::test
