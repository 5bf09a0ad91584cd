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

using ApplyWorkspaceCall = UnaryCall<v1::ApplyWorkspaceRequest, v1::ApplyWorkspaceResponse>;

// Reviews first (what is wrong, what changes, what looks odd), then applies on the condition that
// nothing changed in between; without an etag of the caller's it starts again if something did.
void StartApplyWorkspace(Backend& backend, ApplyWorkspaceCall& call);

}  // namespace firstline::api
