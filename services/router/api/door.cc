#include "services/router/api/door.h"

#include <string_view>

#include "common/status/reason.h"
#include "common/tls/credentials.h"

namespace firstline::api {
namespace {

absl::Status NotAPod() {
  return status::Error(absl::StatusCode::kPermissionDenied, "calls are forwarded by routers only",
                       {.reason = "NOT_A_POD"});
}

// Of several headers the first counts.
std::string_view Authorization(const grpc::ServerContext& context) {
  const auto& metadata = context.client_metadata();
  const auto found = metadata.find("authorization");
  if (found == metadata.end()) return {};
  return {found->second.data(), found->second.size()};
}

}  // namespace

absl::StatusOr<CallerRef> Door::Admit(Roles roles, const grpc::ServerContext& context) const {
  if (roles.Has(Role::kPod)) {
    if (pod_.empty() || tls::PeerHasName(*context.auth_context(), pod_)) return Everybody();
    return NotAPod();
  }
  if (authenticator_ == nullptr || roles.Has(Role::kAnyone)) return Everybody();
  absl::StatusOr<CallerRef> caller = authenticator_->Identify(Authorization(context));
  if (caller.ok() && !roles.Has((*caller)->role)) return RoleNotAllowed((*caller)->role);
  return caller;
}

absl::Status Door::StillGood(const Caller& caller) const {
  return authenticator_ == nullptr ? absl::OkStatus() : authenticator_->StillGood(caller);
}

}  // namespace firstline::api
