// ConfigService: configuration of workspaces.
#pragma once

#include <memory>

#include "firstline/v1/config_service.grpc.pb.h"
#include "services/router/api/unary.h"

namespace firstline::api {

using ConfigService = v1::ConfigService::AsyncService;

// Serves its calls for as long as the loop runs. `service`, `forwarding` must outlive the loop. On the
// loop's thread.
void ServeConfig(const std::shared_ptr<RpcLoop>& loop, ConfigService& service, const Forwarding& forwarding);

}  // namespace firstline::api
