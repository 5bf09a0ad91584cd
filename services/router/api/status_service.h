// StatusService, and the same as a page: JSON, or HTML for people.
#pragma once

#include <memory>
#include <string>

#include "firstline/v1/status_service.grpc.pb.h"
#include "services/router/api/status_report.h"
#include "services/router/api/unary.h"

namespace firstline::api {

using StatusService = v1::StatusService::AsyncService;

// Serves for as long as the loop runs; service and backend must outlive it. On the loop's thread.
void ServeStatus(const std::shared_ptr<RpcLoop>& loop, StatusService& service, Backend& backend);

void WriteStatus(const StatusReport& report, v1::GetStatusResponse& out);

// With the field names of status_service.proto, indented; what is 0 or empty is there, too.
std::string ToJson(const v1::GetStatusResponse& status);
// One page without scripts, styles of its own, everything escaped.
std::string ToHtml(const v1::GetStatusResponse& status);

}  // namespace firstline::api
