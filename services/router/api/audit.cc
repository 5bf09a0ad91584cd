#include "services/router/api/audit.h"

#include <optional>
#include <utility>

#include "common/log/log.h"
#include "common/status/reason.h"
#include "services/router/api/fields.h"
#include "services/router/api/limits.h"
#include "services/router/api/line_budget.h"

namespace firstline::api {
namespace {

const engine::Caller& ToldOf(const Caller& caller) {
  static const engine::Caller nobody;
  return caller.told == nullptr ? nobody : *caller.told;
}

// Who is not known has none.
std::string_view RoleOf(const Caller& caller) {
  return ToldOf(caller).role == engine::CallerRole::kUnknown ? "" : ToString(caller.role);
}

// What a caller sent as its name is no text for the log unless it could be one.
std::string_view Workspace(std::string_view workspace) {
  return workspace.size() > limits::kWorkspaceNameBytesMax ? "" : workspace;
}

}  // namespace

std::string_view OnBehalfOf(const std::multimap<grpc::string_ref, grpc::string_ref>& metadata) {
  const auto found = metadata.find(kOnBehalfOfHeader);
  if (found == metadata.end()) return {};
  return {found->second.data(), found->second.size()};
}

absl::Status ActOnBehalf(std::string_view whom, CallerRef& caller) {
  if (whom.empty()) return absl::OkStatus();
  if (caller->role == Role::kAgent || caller->role == Role::kVendor) {
    return status::Error(absl::StatusCode::kPermissionDenied,
                         "agents and vendors act for themselves",
                         {.reason = "ON_BEHALF_NOT_ALLOWED"});
  }
  Fields fields;
  if (!fields.Id(Path("on_behalf_of"), whom)) return fields.Error();
  auto told = std::make_shared<engine::Caller>(ToldOf(*caller));
  told->on_behalf_of = std::string(whom);
  auto acting = std::make_shared<Caller>(*caller);
  acting->told = std::move(told);
  caller = std::move(acting);
  return absl::OkStatus();
}

void TellIfRefused(std::string_view rpc, std::string_view workspace, const Caller& caller,
                   const absl::Status& status) {
  static LineBudget budget(limits::kRefusalLinesPerSecond);
  if (status.code() != absl::StatusCode::kPermissionDenied) return;
  if (!log::IsEnabled(log::Level::kWarning)) return;
  const std::optional<uint64_t> left_out = budget.Take();
  if (!left_out) return;
  log::Warning("refused", {{"rpc", rpc},
                           {"workspace", Workspace(workspace)},
                           {"role", RoleOf(caller)},
                           {"subject", ToldOf(caller).subject},
                           {"agent_id", caller.agent_id},
                           {"reason", status::ReasonOf(status)},
                           {"left_out", *left_out}});
}

void TellDone(std::string_view rpc, std::string_view workspace, const Caller& caller) {
  const engine::Caller& told = ToldOf(caller);
  log::Info("audit", {{"rpc", rpc},
                      {"workspace", Workspace(workspace)},
                      {"role", RoleOf(caller)},
                      {"subject", told.subject},
                      {"on_behalf_of", told.on_behalf_of}});
}

}  // namespace firstline::api
