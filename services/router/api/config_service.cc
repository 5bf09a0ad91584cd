#include "services/router/api/config_service.h"

#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "common/status/reason.h"
#include "services/router/api/apply_workspace.h"
#include "services/router/api/audit.h"
#include "services/router/api/limits.h"
#include "services/router/api/page_token.h"
#include "services/router/store/public_messages.h"

namespace firstline::api {
namespace {

constexpr std::string_view kConfigService = "firstline.v1.ConfigService";
constexpr std::string_view kDelete = "/firstline.v1.ConfigService/DeleteWorkspace";

// What the runtime rejects for inquiries in a queue is, here, about the workspace.
absl::Status DropStatus(const runtime::Answer& answer, const std::string& workspace) {
  const auto* done = std::get_if<runtime::Done>(&answer);
  if (done == nullptr || done->outcome.rejection != engine::Rejection::kQueueInUse) {
    return ToStatus(answer, workspace);
  }
  return status::Error(absl::StatusCode::kFailedPrecondition, "the workspace has open inquiries",
                       {.reason = "WORKSPACE_IN_USE",
                        .metadata = {{"workspace", workspace}},
                        .violations = {{"force", "is needed while inquiries are open"}}});
}

// The names after `token`, at most `size`.
void WritePage(const std::vector<std::string>& names, const std::string& token, size_t size,
               v1::ListWorkspacesResponse& out) {
  auto next = std::upper_bound(names.begin(), names.end(), token);
  for (; next != names.end() && static_cast<size_t>(out.workspaces_size()) < size; ++next) {
    out.add_workspaces(*next);
  }
  if (next != names.end()) out.set_next_page_token(*std::prev(next));
}

using GetCall = UnaryCall<v1::GetWorkspaceRequest, v1::GetWorkspaceResponse>;
using ListCall = UnaryCall<v1::ListWorkspacesRequest, v1::ListWorkspacesResponse>;
using DeleteCall = UnaryCall<v1::DeleteWorkspaceRequest, v1::DeleteWorkspaceResponse>;

void GetWorkspace(Backend& backend, GetCall& call) {
  Fields fields;
  fields.Workspace(Path("workspace"), call.request().workspace());
  const auto read = [](const engine::Engine& engine, v1::GetWorkspaceResponse& out) {
    store::WriteWorkspace(engine, out.mutable_workspace());
    out.set_agent_count(static_cast<int32_t>(engine.agents()));
    return absl::OkStatus();
  };
  Read(backend, call, fields, read);
}

void ListWorkspaces(Backend& backend, ListCall& call) {
  const v1::ListWorkspacesRequest& request = call.request();
  Fields fields, token;
  fields.Range(Path("page_size"), request.page_size(), 0, limits::kPageSizeMax);
  const bool first = request.page_token().empty();
  if (!fields.ok() || (!first && !token.Workspace(Path("page_token"), request.page_token()))) {
    return call.End(fields.ok() ? InvalidPageToken() : fields.Error());
  }
  backend.ListWorkspaces([&call](absl::StatusOr<std::vector<runtime::WorkspaceId>> names) {
    if (names.ok()) {
      std::erase_if(*names, [&](const auto& name) { return !call.caller()->MayEnter(name); });
      WritePage(*names, call.request().page_token(),
                static_cast<size_t>(PageSize(call.request().page_size())), call.response());
    }
    call.End(names.status());
  });
}

void DeleteWorkspace(Backend& backend, DeleteCall& call) {
  const v1::DeleteWorkspaceRequest& request = call.request();
  Fields fields;
  fields.Workspace(Path("workspace"), request.workspace());
  fields.Bytes(Path("etag"), request.etag(), engine::limits::kNameBytesMax);
  if (!fields.ok()) return call.End(fields.Error());
  runtime::Call drop{.workspace = request.workspace(),
                     .deadline = call.deadline(),
                     .body = runtime::DropWorkspace{request.etag(), request.force()}};
  backend.Submit(std::move(drop), [&call](const runtime::Answer& answer) {
    const absl::Status status = DropStatus(answer, call.request().workspace());
    // Its events have gone with it.
    if (status.ok()) TellDone(kDelete, call.request().workspace(), *call.caller());
    call.End(status);
  });
}

}  // namespace

void ServeConfig(const std::shared_ptr<RpcLoop>& loop, ConfigService& service, const Forwarding& forwarding) {
  Backend& backend = forwarding.backend;
  const UnaryServer<ConfigService> server(loop, service, kConfigService, &forwarding);
  const auto mutate = [&backend](auto& call) { Mutate(backend, call); };
  server.Serve("UpsertAgents", &ConfigService::RequestUpsertAgents, Order::kCommand, mutate);
  server.Serve("DeleteAgents", &ConfigService::RequestDeleteAgents, Order::kCommand, mutate);
  server.Serve("ApplyWorkspace", &ConfigService::RequestApplyWorkspace, Order::kAny,
               [&backend](ApplyWorkspaceCall& call) { StartApplyWorkspace(backend, call); });
  server.Serve("GetWorkspace", &ConfigService::RequestGetWorkspace, Order::kAny,
               [&backend](GetCall& call) { GetWorkspace(backend, call); });
  server.Serve("ListWorkspaces", &ConfigService::RequestListWorkspaces, Order::kAny,
               [&backend](ListCall& call) { ListWorkspaces(backend, call); });
  server.Serve("DeleteWorkspace", &ConfigService::RequestDeleteWorkspace, Order::kAny,
               [&backend](DeleteCall& call) { DeleteWorkspace(backend, call); });
}

}  // namespace firstline::api
