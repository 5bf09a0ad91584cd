#include "services/cli/workspaces.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "services/cli/failure.h"

namespace firstline::cli {

void DeleteWorkspace(client::Client& client, const std::string& workspace) {
  v1::DeleteWorkspaceRequest request;
  request.set_workspace(workspace);
  request.set_force(true);
  const auto deleted = client.DeleteWorkspace(request);
  if (!deleted.ok() && deleted.error().reason != "UNKNOWN_WORKSPACE") {
    throw Failure(deleted.error());
  }
}

std::string CreateWorkspace(client::Client& client, const v1::Workspace& workspace,
                            const std::string& hint) {
  v1::ApplyWorkspaceRequest request;
  *request.mutable_workspace() = workspace;
  request.set_mode(v1::APPLY_MODE_WHOLE);
  request.set_create(true);
  const auto applied = client.ApplyWorkspace(request);
  if (applied.ok()) return applied->receipt().event_cursor();
  if (applied.error().reason != "WORKSPACE_EXISTS") throw Failure(applied.error());
  throw Failure(ExitCode::kRefused, absl::StrCat("workspace ", workspace.id(), " exists"), hint);
}

void UpsertAgents(client::Client& client, const v1::Workspace& workspace,
                  const std::function<void(int done)>& told) {
  for (int done = 0; done < workspace.agents_size();) {
    v1::UpsertAgentsRequest step;
    step.set_workspace(workspace.id());
    const int end = std::min(done + kAgentsPerStep, workspace.agents_size());
    for (; done < end; ++done) *step.add_agents() = workspace.agents(done);
    Unwrap(client.UpsertAgents(step));
    told(done);
  }
}

}  // namespace firstline::cli
