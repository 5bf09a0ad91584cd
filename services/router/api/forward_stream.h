// ForwardService.Forward: calls that other pods were given for workspaces of this one. They are
// served here or refused, never sent on.
#pragma once

#include <memory>

#include "firstline/internal/v1/forward_service.grpc.pb.h"
#include "services/router/api/backend.h"
#include "services/router/api/method_table.h"
#include "services/router/api/rpc_loop.h"

namespace firstline::api {

using ForwardService = internal::v1::ForwardService::AsyncService;

// Waits for peers for as long as the loop runs; the loop's door asks for their certificates. At limits::kForwardedCallsMax unanswered calls a
// stream is not read until half of them are answered. Everything must outlive the loop. From any
// thread.
void ListenForPeers(const std::shared_ptr<RpcLoop>& loop, ForwardService& service,
                    const MethodTable& methods, const Backend& backend);

}  // namespace firstline::api
