#include "common/tls/credentials.h"

#include <algorithm>
#include <vector>

#include <grpc/grpc_security_constants.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "absl/strings/str_cat.h"

namespace firstline::tls {
namespace {

using grpc::experimental::FileWatcherCertificateProvider;

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using Bio = std::unique_ptr<BIO, Free>;
using Certificate = std::unique_ptr<X509, Free>;
using Key = std::unique_ptr<EVP_PKEY, Free>;

absl::Status Bad(const std::string& path, const std::string& what) {
  ERR_clear_error();
  return absl::InvalidArgumentError(absl::StrCat(path, ": ", what));
}

absl::StatusOr<Bio> Open(const std::string& path) {
  Bio file(BIO_new_file(path.c_str(), "r"));
  if (file == nullptr) return Bad(path, "cannot be read");
  return file;
}

// The first certificate, all of which must be of today.
absl::StatusOr<Certificate> ReadCertificates(const std::string& path) {
  absl::StatusOr<Bio> file = Open(path);
  if (!file.ok()) return file.status();
  Certificate first;
  while (Certificate next{PEM_read_bio_X509(file->get(), nullptr, nullptr, nullptr)}) {
    if (X509_cmp_current_time(X509_get0_notAfter(next.get())) < 0) {
      return Bad(path, "has a certificate that has run out");
    }
    if (first == nullptr) first = std::move(next);
  }
  ERR_clear_error();  // It is how the end of the file is told.
  if (first == nullptr) return Bad(path, "has no certificate in PEM");
  return first;
}

absl::Status CheckOwn(const Files& files) {
  if (files.key.empty()) return Bad(files.certificate, "needs its key");
  if (files.certificate.empty()) return Bad(files.key, "needs its certificate");
  absl::StatusOr<Certificate> certificate = ReadCertificates(files.certificate);
  if (!certificate.ok()) return certificate.status();
  absl::StatusOr<Bio> file = Open(files.key);
  if (!file.ok()) return file.status();
  // A passphrase is asked for nowhere: a key that needs one is none.
  const Key key(PEM_read_bio_PrivateKey(
      file->get(), nullptr, [](char*, int, int, void*) { return 0; }, nullptr));
  if (key == nullptr) return Bad(files.key, "has no private key in PEM");
  if (X509_check_private_key(certificate->get(), key.get()) != 1) {
    return Bad(files.key, absl::StrCat("is not the key of ", files.certificate));
  }
  return absl::OkStatus();
}

std::shared_ptr<FileWatcherCertificateProvider> Watch(const Files& files) {
  return std::make_shared<FileWatcherCertificateProvider>(files.key, files.certificate, files.ca,
                                                          kReload.count());
}

}  // namespace

absl::Status Check(const Files& files) {
  if (!files.ca.empty()) {
    const absl::StatusOr<Certificate> ca = ReadCertificates(files.ca);
    if (!ca.ok()) return ca.status();
  }
  if (files.certificate.empty() && files.key.empty()) return absl::OkStatus();
  return CheckOwn(files);
}

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> ServerCredentials(const Files& files,
                                                                           Clients clients) {
  if (files.certificate.empty() || files.ca.empty()) {
    return absl::InvalidArgumentError("TLS needs a certificate, its key and a CA");
  }
  if (absl::Status checked = Check(files); !checked.ok()) return checked;
  grpc::experimental::TlsServerCredentialsOptions options(Watch(files));
  options.watch_identity_key_cert_pairs();
  options.watch_root_certs();
  options.set_cert_request_type(clients == Clients::kMustProve
                                    ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
                                    : GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY);
  return grpc::experimental::TlsServerCredentials(options);
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> ChannelCredentials(const Files& files) {
  if (files.ca.empty()) return absl::InvalidArgumentError("TLS needs a CA");
  if (absl::Status checked = Check(files); !checked.ok()) return checked;
  grpc::experimental::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(Watch(files));
  options.watch_root_certs();
  if (!files.certificate.empty()) options.watch_identity_key_cert_pairs();
  return grpc::experimental::TlsCredentials(options);
}

bool PeerHasName(const grpc::AuthContext& peer, std::string_view dns_name) {
  const std::vector<grpc::string_ref> names =
      peer.FindPropertyValues(GRPC_PEER_DNS_PROPERTY_NAME);
  return std::any_of(names.begin(), names.end(), [&](grpc::string_ref name) {
    return std::string_view(name.data(), name.size()) == dns_name;
  });
}

}  // namespace firstline::tls
