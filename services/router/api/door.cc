#include "services/router/api/door.h"

#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/reason.h"
#include "common/tls/credentials.h"
#include "services/router/api/audit.h"
#include "services/router/api/client_address.h"
#include "services/router/api/limits.h"

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

// Names in certificates may be of any bytes; events hold text.
std::string Printable(std::string_view name) {
  std::string text(name.substr(0, limits::kSubjectBytesMax));
  for (char& c : text) {
    if (c < ' ' || c > '~') c = '?';
  }
  return text;
}

}  // namespace

absl::Status Door::Admit(Roles roles, const grpc::ServerContext& context,
                         CallerRef& caller) const {
  if (roles.Has(Role::kPod)) {
    if (pod_.empty() || tls::PeerHasName(*context.auth_context(), pod_)) return absl::OkStatus();
    return NotAPod();
  }
  if (roles.Has(Role::kAnyone)) return absl::OkStatus();
  if (absl::Status known = Ask(roles, context, caller); !known.ok()) return known;
  return ActOnBehalf(OnBehalfOf(context.client_metadata()), caller);
}

absl::Status Door::Ask(Roles roles, const grpc::ServerContext& context, CallerRef& caller) const {
  if (authenticator_ == nullptr) {
    if (!pod_.empty()) caller = ByCertificate(context);
    return absl::OkStatus();
  }
  absl::StatusOr<CallerRef> identified = authenticator_->Identify(
      Authorization(context), [&context] { return ClientAddress(context.peer()); });
  if (!identified.ok()) return identified.status();
  caller = *std::move(identified);
  return roles.Has(caller->role) ? absl::OkStatus() : RoleNotAllowed(caller->role);
}

// One object for each name: it is made for a connection's every call otherwise.
CallerRef Door::ByCertificate(const grpc::ServerContext& context) const {
  const std::vector<grpc::string_ref> names = context.auth_context()->GetPeerIdentity();
  if (names.empty()) return Everybody();
  std::string name = Printable({names[0].data(), names[0].size()});
  sync::MutexLock lock(mutex_);
  if (const auto known = certificates_.find(name); known != certificates_.end()) {
    return known->second;
  }
  auto caller = std::make_shared<Caller>();
  caller->told = std::make_shared<const engine::Caller>(engine::Caller{.subject = name});
  caller->key = absl::StrCat("certificate ", name);
  if (certificates_.size() >= kCertificatesMax) certificates_.clear();
  certificates_.emplace(std::move(name), caller);
  return caller;
}

absl::Status Door::StillGood(CallerRef& caller) const {
  return authenticator_ == nullptr ? absl::OkStatus() : authenticator_->StillGood(caller);
}

std::string Door::LimitKey(Roles roles, const grpc::ServerContext& context,
                           const Caller& caller) const {
  if (limits_ == nullptr || roles.Has(Role::kPod) || roles.Has(Role::kAnyone)) return {};
  return caller.key.empty() ? ClientAddress(context.peer()) : caller.key;
}

}  // namespace firstline::api
