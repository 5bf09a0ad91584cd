// The one place where it is asked who calls: before a call's handler is given anything, and of
// streams again for as long as they last.
//
// Identity does not travel in gRPC's AuthContext: that belongs to the connection, so what a metadata
// processor adds for one call would be there for the next one's caller too.
//
// Threads: any.
#pragma once

#include <map>
#include <memory>
#include <string>

#include <grpcpp/grpcpp.h>

#include "absl/status/status.h"
#include "common/sync/mutex.h"
#include "services/router/api/access.h"
#include "services/router/api/authenticator.h"
#include "services/router/api/caller_limits.h"

namespace firstline::api {

class Door {
 public:
  // `authenticator`: null lets everybody do everything, known by their certificates where they have
  // one. `pod`: name in the certificates of routers, see common/tls/credentials.h; empty: anybody
  // may forward, and no connection has a certificate. `limits`: null: none.
  Door(std::shared_ptr<Authenticator> authenticator, std::string pod, CallerLimits* limits)
      : authenticator_(std::move(authenticator)), pod_(std::move(pod)), limits_(limits) {}

  // Who calls what is for `roles`, and whom it acts for; `caller` is set as far as it was found.
  // UNAUTHENTICATED; RESOURCE_EXHAUSTED / TOO_MANY_BAD_TOKENS; or PERMISSION_DENIED with reason
  // ROLE_NOT_ALLOWED, NOT_A_POD or ON_BEHALF_NOT_ALLOWED.
  absl::Status Admit(Roles roles, const grpc::ServerContext& context, CallerRef& caller) const;
  // Whether `caller` may go on with a stream; it may become what its token says now.
  absl::Status StillGood(CallerRef& caller) const;

  // With whom a call shares its limits; empty: it has none.
  std::string LimitKey(Roles roles, const grpc::ServerContext& context, const Caller& caller) const;
  // RESOURCE_EXHAUSTED / CALLER_LIMITED.
  absl::Status Charge(std::string_view limit_key, Allowance allowance) const {
    return limit_key.empty() ? absl::OkStatus() : limits_->Charge(limit_key, allowance);
  }

 private:
  static constexpr size_t kCertificatesMax = 1000;
  absl::Status Ask(Roles roles, const grpc::ServerContext& context, CallerRef& caller) const;
  CallerRef ByCertificate(const grpc::ServerContext& context) const;

  const std::shared_ptr<Authenticator> authenticator_;
  const std::string pod_;
  CallerLimits* const limits_;
  mutable sync::Mutex mutex_;
  mutable std::map<std::string, CallerRef> certificates_ FIRSTLINE_GUARDED_BY(mutex_);
};

}  // namespace firstline::api
