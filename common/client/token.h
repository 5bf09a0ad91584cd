// Bearer tokens on calls: every call of a channel carries `authorization: Bearer TOKEN`.
//
//   options.credentials = client::WithToken(tls_credentials, client::TokenFile("/run/token"));
//
// Thread rule: sources are called from any thread, several at a time.
#pragma once

#include <grpcpp/security/credentials.h>

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace firstline::client {

// The token for a call that begins now; called for each, so it must be quick. An error fails the
// call as UNAVAILABLE with its message.
using TokenSource = std::function<absl::StatusOr<std::string>()>;

// What the file holds, without white space around it. The file is read again when it was replaced,
// which is looked at once a second.
TokenSource TokenFile(std::string path);

// `channel` must be TLS: gRPC fails calls that would send a token in plaintext.
std::shared_ptr<grpc::ChannelCredentials> WithToken(
    const std::shared_ptr<grpc::ChannelCredentials>& channel, TokenSource source);

}  // namespace firstline::client
