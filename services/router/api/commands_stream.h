// RoutingService.Commands: batches of mutations on one stream.
#pragma once

#include <grpcpp/grpcpp.h>

#include "firstline/v1/routing_service.pb.h"
#include "services/router/api/unary.h"

namespace firstline::api {

// Reads batches, submits each command, and writes answers as they come, in order within each
// workspace, as many as are ready in one message. At limits::kStreamCommandsMax unanswered commands
// it stops reading until half of them are answered. The reactor deletes itself; `deps` must outlive
// it.
grpc::ServerBidiReactor<v1::CommandsRequest, v1::CommandsResponse>* StartCommandsStream(
    const Deps& deps, rpc::MethodName name);

}  // namespace firstline::api
