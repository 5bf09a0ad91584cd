// ExplainService.
#pragma once

#include "firstline/v1/explain_service.grpc.pb.h"
#include "services/router/api/unary.h"

namespace firstline::api {

using ExplainService = v1::ExplainService::AsyncService;

// Serves for as long as the loop runs; service and forwarding must outlive it. On the loop's thread.
void ServeExplain(const std::shared_ptr<RpcLoop>& loop, ExplainService& service,
                  const Forwarding& forwarding);

}  // namespace firstline::api
