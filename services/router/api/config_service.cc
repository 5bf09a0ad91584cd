#include "services/router/api/config_service.h"

#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "common/status/reason.h"
#include "services/router/api/apply_workspace.h"
#include "services/router/api/limits.h"
#include "services/router/api/page_token.h"
#include "services/router/store/public_messages.h"

namespace firstline::api {
namespace {

constexpr std::string_view kService = "firstline.v1.ConfigService";

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

}  // namespace

grpc::ServerUnaryReactor* ConfigService::ApplyWorkspace(Context* context,
                                                        const v1::ApplyWorkspaceRequest* request,
                                                        v1::ApplyWorkspaceResponse* response) {
  return StartApplyWorkspace(deps_, {kService, "ApplyWorkspace"}, *context, *request, response);
}

grpc::ServerUnaryReactor* ConfigService::GetWorkspace(Context* context,
                                                      const v1::GetWorkspaceRequest* request,
                                                      v1::GetWorkspaceResponse* response) {
  Fields fields;
  fields.Workspace(Path("workspace"), request->workspace());
  const auto read = [](const engine::Engine& engine, v1::GetWorkspaceResponse& out) {
    store::WriteWorkspace(engine, out.mutable_workspace());
    out.set_agent_count(static_cast<int32_t>(engine.agents()));
    return absl::OkStatus();
  };
  return Read<v1::GetWorkspaceResponse>(deps_, {kService, "GetWorkspace"}, *context,
                                        request->workspace(), fields, response, read);
}

grpc::ServerUnaryReactor* ConfigService::ListWorkspaces(Context*,
                                                        const v1::ListWorkspacesRequest* request,
                                                        v1::ListWorkspacesResponse* response) {
  auto* call = new UnaryCall<v1::ListWorkspacesResponse>(deps_, {kService, "ListWorkspaces"},
                                                         response);
  Fields fields, token;
  fields.Range(Path("page_size"), request->page_size(), 0, limits::kPageSizeMax);
  const bool first = request->page_token().empty();
  if (!fields.ok() || (!first && !token.Workspace(Path("page_token"), request->page_token()))) {
    call->End(fields.ok() ? InvalidPageToken() : fields.Error());
    return call;
  }
  deps_.backend.ListWorkspaces([call, request](
                                   absl::StatusOr<std::vector<runtime::WorkspaceId>> names) {
    if (names.ok()) {
      WritePage(*names, request->page_token(),
                static_cast<size_t>(PageSize(request->page_size())), call->response());
    }
    call->End(names.status());
  });
  return call;
}

grpc::ServerUnaryReactor* ConfigService::DeleteWorkspace(Context* context,
                                                         const v1::DeleteWorkspaceRequest* request,
                                                         v1::DeleteWorkspaceResponse* response) {
  auto* call = new UnaryCall<v1::DeleteWorkspaceResponse>(deps_, {kService, "DeleteWorkspace"},
                                                          response);
  Fields fields;
  fields.Workspace(Path("workspace"), request->workspace());
  fields.Bytes(Path("etag"), request->etag(), engine::limits::kNameBytesMax);
  if (!fields.ok()) {
    call->End(fields.Error());
    return call;
  }
  runtime::Call drop{.workspace = request->workspace(),
                     .deadline = DeadlineOf(deps_.backend, *context),
                     .body = runtime::DropWorkspace{request->etag(), request->force()}};
  deps_.backend.Submit(std::move(drop), [call, request](runtime::Answer answer) {
    call->End(DropStatus(answer, request->workspace()));
  });
  return call;
}

grpc::ServerUnaryReactor* ConfigService::UpsertAgents(Context* context,
                                                      const v1::UpsertAgentsRequest* request,
                                                      v1::UpsertAgentsResponse* response) {
  return Mutate(deps_, {kService, "UpsertAgents"}, *context, *request, response);
}

grpc::ServerUnaryReactor* ConfigService::DeleteAgents(Context* context,
                                                      const v1::DeleteAgentsRequest* request,
                                                      v1::DeleteAgentsResponse* response) {
  return Mutate(deps_, {kService, "DeleteAgents"}, *context, *request, response);
}

}  // namespace firstline::api
