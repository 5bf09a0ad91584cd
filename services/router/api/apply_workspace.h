// ConfigService.ApplyWorkspace: review, apply, tell the new etag.
//
// Three calls to the owner, one after the other: what the command would do (problems, changes,
// warnings), the command, the etag afterwards. A change by somebody else in between cannot be lost:
// the caller's etag is checked by the command itself.
#pragma once

#include <grpcpp/grpcpp.h>

#include "firstline/v1/config_service.pb.h"
#include "services/router/api/unary.h"

namespace firstline::api {

// `request`, `response` and `deps` live until the call is finished.
grpc::ServerUnaryReactor* StartApplyWorkspace(const Deps& deps, rpc::MethodName name,
                                              const grpc::CallbackServerContext& context,
                                              const v1::ApplyWorkspaceRequest& request,
                                              v1::ApplyWorkspaceResponse* response);

}  // namespace firstline::api
