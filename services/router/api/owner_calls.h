// What a watch stream needs of the owner of its workspace, wherever that is: a stream stays on the
// pod at which it was opened, these calls go to the owner, and to the next one when ownership moves
// (forwarder.h). Events are no such call: every pod reads them in the store (event_hub.h).
//
//   OwnerCalls owner(loop, forwarding);                       // the loop of the unary calls
//   owner.Serve();                                            // for other pods
//   owner.ReadAgents(request, [](const absl::Status& status, auto& response) { ... });
//
// Threads: calls from any thread; `then` comes on the loop's, once, later, with UNAVAILABLE when no
// owner was found for the forwarder's patience; not at all once the loop has stopped. Serve on the
// loop's thread.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "absl/status/status.h"
#include "firstline/internal/v1/owner_call.pb.h"
#include "services/router/api/rpc_loop.h"
#include "services/router/api/unary.h"

namespace firstline::api {

class OwnerCalls {
 public:
  template <class Response>
  using Then = std::function<void(const absl::Status&, Response&)>;
  template <class Request, class Response>
  struct Method {
    using Handler = typename UnaryCall<Request, Response>::Handler;
    std::string_view name;
    Order order = Order::kAny;
    Handler handler;
  };

  // `forwarding` must outlive it, and it the loop.
  OwnerCalls(std::shared_ptr<RpcLoop> loop, const Forwarding& forwarding);
  void Serve();

  // NOT_FOUND / UNKNOWN_WORKSPACE, which is how a stream finds out.
  void ReadSessions(internal::v1::ReadSessionsRequest request,
                    Then<internal::v1::ReadSessionsResponse> then);
  // Applied in the order in which they were made on this pod; `caller`: for the events.
  void OpenSessions(internal::v1::OpenSessionsRequest request, CallerRef caller,
                    Then<internal::v1::OpenSessionsResponse> then);
  void CloseSessions(internal::v1::CloseSessionsRequest request, CallerRef caller,
                     Then<internal::v1::CloseSessionsResponse> then);
  void ReadAgents(internal::v1::ReadAgentsRequest request,
                  Then<internal::v1::ReadAgentsResponse> then);
  void ReadWork(internal::v1::ReadWorkRequest request,
                Then<internal::v1::ReadWorkResponse> then);
  // As the caller sees them.
  void ReadInquiries(internal::v1::ReadInquiriesRequest request, CallerRef caller,
                     Then<internal::v1::ReadInquiriesResponse> then);
  void ReadStats(internal::v1::ReadStatsRequest request,
                 Then<internal::v1::ReadStatsResponse> then);
  void Beat(internal::v1::BeatRequest request, Then<internal::v1::BeatResponse> then);

 private:
  template <class Request, class Response>
  void Make(const Method<Request, Response>& method, Request request, Then<Response> then,
            CallerRef caller = Everybody());

  const std::shared_ptr<RpcLoop> loop_;
  const Forwarding& forwarding_;
  const Method<internal::v1::ReadSessionsRequest, internal::v1::ReadSessionsResponse>
      read_sessions_;
  const Method<internal::v1::OpenSessionsRequest, internal::v1::OpenSessionsResponse>
      open_sessions_;
  const Method<internal::v1::CloseSessionsRequest, internal::v1::CloseSessionsResponse>
      close_sessions_;
  const Method<internal::v1::ReadAgentsRequest, internal::v1::ReadAgentsResponse> read_agents_;
  const Method<internal::v1::ReadWorkRequest, internal::v1::ReadWorkResponse> read_work_;
  const Method<internal::v1::ReadInquiriesRequest, internal::v1::ReadInquiriesResponse>
      read_inquiries_;
  const Method<internal::v1::ReadStatsRequest, internal::v1::ReadStatsResponse> read_stats_;
  const Method<internal::v1::BeatRequest, internal::v1::BeatResponse> beat_;
};

}  // namespace firstline::api
