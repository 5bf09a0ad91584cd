#include "common/redis/tls.h"

#include "absl/strings/str_cat.h"
#include "common/redis/error.h"

#ifdef FIRSTLINE_REDIS_TLS
#include <arpa/inet.h>
#include <hiredis/hiredis.h>
#include <hiredis/hiredis_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#endif

namespace firstline::redis {

#ifdef FIRSTLINE_REDIS_TLS

namespace {

std::string OpenSslError() {
  char text[256] = "unknown";
  ERR_error_string_n(ERR_peek_last_error(), text, sizeof text);
  ERR_clear_error();
  return text;
}

absl::Status Unusable(const std::string& file) {
  return absl::InvalidArgumentError(absl::StrCat("TLS to Redis: ", file, ": ", OpenSslError()));
}

bool IsNumber(const std::string& host) {
  unsigned char number[sizeof(in6_addr)];
  return inet_pton(AF_INET, host.c_str(), number) == 1 ||
         inet_pton(AF_INET6, host.c_str(), number) == 1;
}

// Whom the certificate has to name. hiredis would take anybody's that the authority has signed.
bool Expect(SSL* ssl, const std::string& host) {
  if (IsNumber(host)) return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str()) == 1;
  return SSL_set1_host(ssl, host.c_str()) == 1 &&
         SSL_set_tlsext_host_name(ssl, host.c_str()) == 1;
}

}  // namespace

bool Tls::Supported() { return true; }

absl::StatusOr<std::shared_ptr<const Tls>> Tls::Load(const TlsOptions& options) {
  if (options.certificate_file.empty() != options.key_file.empty()) {
    return absl::InvalidArgumentError("TLS to Redis: a certificate and its key go together");
  }
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  if (context == nullptr) return absl::ResourceExhaustedError("TLS to Redis: out of memory");
  std::shared_ptr<const Tls> tls(new Tls(context));
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  if (options.ca_file.empty()) {
    if (SSL_CTX_set_default_verify_paths(context) != 1) return Unusable("the system's authorities");
  } else if (SSL_CTX_load_verify_locations(context, options.ca_file.c_str(), nullptr) != 1) {
    return Unusable(options.ca_file);
  }
  if (options.certificate_file.empty()) return tls;
  const char* certificate = options.certificate_file.c_str();
  if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1) {
    return Unusable(options.certificate_file);
  }
  const char* key = options.key_file.c_str();
  if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context) != 1) {
    return Unusable(options.key_file);
  }
  return tls;
}

Tls::~Tls() { SSL_CTX_free(context_); }

absl::Status Tls::Secure(redisContext& context, const std::string& host) const {
  const auto failed = [&](const std::string& why) {
    return MakeError(ErrorKind::kDisconnected, absl::StrCat("TLS with ", host, ": ", why));
  };
  SSL* ssl = SSL_new(context_);
  if (ssl == nullptr) return failed("out of memory");
  if (!Expect(ssl, host)) {
    SSL_free(ssl);
    return failed("no name that a certificate could carry");
  }
  // hiredis takes it over where that succeeds, and only there.
  if (redisInitiateSSL(&context, ssl) == REDIS_OK) return absl::OkStatus();
  const long verified = SSL_get_verify_result(ssl);
  SSL_free(ssl);
  if (verified != X509_V_OK) return failed(X509_verify_cert_error_string(verified));
  return failed(context.errstr[0] != '\0' ? context.errstr : OpenSslError());
}

#else

bool Tls::Supported() { return false; }

absl::StatusOr<std::shared_ptr<const Tls>> Tls::Load(const TlsOptions&) {
  return absl::UnimplementedError(
      "TLS to Redis: this build's hiredis has none; build with hiredis 1.0 or later and hiredis_ssl "
      "(Debian 13, the container), or use a TLS tunnel");
}

Tls::~Tls() = default;

absl::Status Tls::Secure(redisContext&, const std::string&) const {
  return MakeError(ErrorKind::kDisconnected, "TLS to Redis: this build has none");
}

#endif

}  // namespace firstline::redis
