// TLS for gRPC from PEM files that may be replaced while they are in use: connections made later
// than kReload after a change see the new files, open ones go on with what they began with.
//
//   auto credentials = tls::ServerCredentials(files, tls::Clients::kMustProve);
//   if (!credentials.ok()) return credentials.status();   // says which file is wrong, and how
//   builder.AddListeningPort(address, *credentials, &port);
//
// Replace certificate and key together, as a mounted Secret or rename(2) of a folder's link does. A
// pair that does not belong together, or cannot be read, makes handshakes fail until it does.
//
// Threads: any; each credentials object has one of gRPC's own that looks at the files.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include <grpcpp/security/auth_context.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace firstline::tls {

// How often gRPC looks at the files; its shortest.
inline constexpr std::chrono::seconds kReload{1};

// Paths; empty: none.
struct Files {
  std::string certificate;  // ours, followed by what it was signed by
  std::string key;          // of that certificate
  std::string ca;           // whom we believe; several certificates may follow one another
};

enum class Clients : uint8_t {
  kMayProve,   // a certificate is checked if the client has one
  kMustProve,  // no connection without one
};

// INVALID_ARGUMENT naming the file that cannot be read, is no PEM, has run out, or is a key of
// another certificate. A certificate needs its key and the other way round.
absl::Status Check(const Files& files);

// Of a server; every file is needed.
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> ServerCredentials(const Files& files,
                                                                           Clients clients);

// Of a client, which believes servers whose certificate is signed by `files.ca` and carries the name
// that it was connected by. Certificate and key are optional.
absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> ChannelCredentials(const Files& files);

// The other end of the connection has shown a certificate, signed by whom we believe, with this DNS
// name among its subject alternative names.
bool PeerHasName(const grpc::AuthContext& peer, std::string_view dns_name);

}  // namespace firstline::tls
