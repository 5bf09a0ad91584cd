// ConfigService: configuration of workspaces.
//
// Threads: as unary.h.
#pragma once

#include "firstline/v1/config_service.grpc.pb.h"
#include "services/router/api/unary.h"

namespace firstline::api {

class ConfigService final : public v1::ConfigService::CallbackService {
 public:
  // `deps` must outlive it.
  explicit ConfigService(const Deps& deps) : deps_(deps) {}

  using Context = grpc::CallbackServerContext;
  using Reactor = grpc::ServerUnaryReactor;

  // Reviews first (what is wrong, what changes, what looks odd), then applies on the condition that
  // nothing changed in between; without an etag of the caller's it starts again if something did.
  Reactor* ApplyWorkspace(Context* context, const v1::ApplyWorkspaceRequest* request,
                          v1::ApplyWorkspaceResponse* response) override;
  Reactor* GetWorkspace(Context* context, const v1::GetWorkspaceRequest* request,
                        v1::GetWorkspaceResponse* response) override;
  Reactor* ListWorkspaces(Context* context, const v1::ListWorkspacesRequest* request,
                          v1::ListWorkspacesResponse* response) override;
  Reactor* DeleteWorkspace(Context* context, const v1::DeleteWorkspaceRequest* request,
                           v1::DeleteWorkspaceResponse* response) override;
  Reactor* UpsertAgents(Context* context, const v1::UpsertAgentsRequest* request,
                        v1::UpsertAgentsResponse* response) override;
  Reactor* DeleteAgents(Context* context, const v1::DeleteAgentsRequest* request,
                        v1::DeleteAgentsResponse* response) override;

 private:
  const Deps& deps_;
};

}  // namespace firstline::api
