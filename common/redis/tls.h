// TLS on connections to Redis, where hiredis has it (1.0 or later with hiredis_ssl; Debian 13).
//
//   absl::StatusOr<std::shared_ptr<const Tls>> tls = Tls::Load({.ca_file = "/etc/redis/ca.crt"});
//   Connection::Open({.address = address, .tls = *tls});
//
// TLS 1.2 or later. The server's certificate has to be signed by the authority and to carry the name
// or the number that is connected to. Where servers name one another by number (Sentinel, Cluster),
// their certificates need the numbers as well, or the servers have to announce names.
//
// Thread rule: immutable; any thread.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

struct redisContext;
struct ssl_ctx_st;

namespace firstline::redis {

struct TlsOptions {
  std::string ca_file;  // PEM, the authorities; empty: those of the system
  // PEM, what we show to servers that ask (tls-auth-clients); both or neither.
  std::string certificate_file;
  std::string key_file;
};

class Tls {
 public:
  // Whether this build can: FIRSTLINE_REDIS_TLS, which CMake sets where it finds hiredis_ssl.
  static bool Supported();

  // kUnimplemented in a build that cannot, kInvalidArgument for files that cannot be read or do not
  // belong together. Files are read once, here.
  static absl::StatusOr<std::shared_ptr<const Tls>> Load(const TlsOptions& options);

  ~Tls();
  Tls(const Tls&) = delete;
  Tls& operator=(const Tls&) = delete;

  // Shakes hands on a connection that was just opened to `host`. kDisconnected says why not.
  absl::Status Secure(redisContext& context, const std::string& host) const;

 private:
  explicit Tls(ssl_ctx_st* context) : context_(context) {}

  [[maybe_unused]] ssl_ctx_st* const context_;
};

}  // namespace firstline::redis
