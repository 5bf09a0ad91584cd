// The one place where it is asked who calls: before a call's handler is given anything, and of
// streams again for as long as they last.
//
// Identity does not travel in gRPC's AuthContext: that belongs to the connection, so what a metadata
// processor adds for one call would be there for the next one's caller too.
//
// Threads: any.
#pragma once

#include <memory>
#include <string>

#include <grpcpp/grpcpp.h>

#include "absl/status/statusor.h"
#include "services/router/api/access.h"
#include "services/router/api/authenticator.h"

namespace firstline::api {

class Door {
 public:
  // `authenticator`: null lets everybody do everything. `pod`: name in the certificates of routers,
  // see common/tls/credentials.h; empty: anybody may forward.
  Door(std::shared_ptr<Authenticator> authenticator, std::string pod)
      : authenticator_(std::move(authenticator)), pod_(std::move(pod)) {}

  // Who calls what is for `roles`. UNAUTHENTICATED, or PERMISSION_DENIED with reason
  // ROLE_NOT_ALLOWED or NOT_A_POD.
  absl::StatusOr<CallerRef> Admit(Roles roles, const grpc::ServerContext& context) const;
  // Whether `caller` may go on with a stream.
  absl::Status StillGood(const Caller& caller) const;

 private:
  const std::shared_ptr<Authenticator> authenticator_;
  const std::string pod_;
};

}  // namespace firstline::api
