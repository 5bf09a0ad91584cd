// RoutingService.WatchInquiries: inquiries as they change, with their places.
#pragma once

#include <memory>

#include "services/router/api/owner_calls.h"
#include "services/router/api/routing_service.h"
#include "services/router/api/rpc_stream.h"

namespace firstline::api {

// Waits for callers for as long as the loop runs. The owner of the workspace, here or another pod, is
// asked at each stream's own pace, one reading at a time. After RpcLoop::Start, from any thread.
// Everything must outlive the loop.
void ListenForInquiries(const std::shared_ptr<RpcLoop>& loop, RoutingService& service,
                        OwnerCalls& owner);

}  // namespace firstline::api
