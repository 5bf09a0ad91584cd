#include "common/client/client.h"

#include <grpcpp/client_context.h>

#include <algorithm>
#include <chrono>

#include "common/client/link.h"
#include "common/client/request_id.h"
#include "firstline/v1/agent_service.grpc.pb.h"
#include "firstline/v1/clock_service.grpc.pb.h"
#include "firstline/v1/config_service.grpc.pb.h"
#include "firstline/v1/explain_service.grpc.pb.h"
#include "firstline/v1/routing_service.grpc.pb.h"
#include "firstline/v1/stats_service.grpc.pb.h"
#include "firstline/v1/status_service.grpc.pb.h"

namespace firstline::client {
namespace {

using std::chrono::nanoseconds;

// What goes on within one call: when it must end and whether another attempt makes sense.
class Attempts {
 public:
  Attempts(Link& link, const CallOptions& call)
      : link_(link),
        persistence_(link),
        end_(link.timing->Now() + call.deadline.value_or(link.options.deadline)) {}

  // How long the next attempt may take.
  nanoseconds Allowance() {
    ++made_;
    return std::min<nanoseconds>(end_ - link_.timing->Now(), link_.options.attempt_deadline);
  }

  // Waits as `error` demands; false if there is nothing more to be done about it.
  bool Again(const Error& error, const std::string& workspace, const std::string& address) {
    if (!IsRetryable(error)) return false;
    const int most = link_.options.retry.attempts_max;
    if (most > 0 && made_ >= most) return false;
    const nanoseconds wait = persistence_.Learn(error, workspace, address);
    if (link_.timing->Now() + wait >= end_) return false;
    Stop never;
    return link_.timing->Wait(wait, never);
  }

 private:
  Link& link_;
  Persistence persistence_;
  const nanoseconds end_;
  int made_ = 0;
};

// The router that served a call, where it is another than was asked.
std::string OwnerTold(const grpc::ClientContext& context) {
  const auto& metadata = context.GetServerTrailingMetadata();
  const auto owner = metadata.find("firstline-owner");
  return owner == metadata.end() ? std::string()
                                 : std::string(owner->second.data(), owner->second.size());
}

template <typename Stub, typename Request, typename Response>
Result<Response> Call(Link& link,
                      grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                      Request& request, const CallOptions& call) {
  AttachRequestId(request);
  const std::string workspace = WorkspaceOf(request);
  const std::string trace = call.traceparent.empty() ? link.options.traceparent : call.traceparent;
  Attempts attempts(link, call);
  while (true) {
    const Endpoint endpoint = link.endpoints.Pick(workspace);
    Stub stub(endpoint.channel);
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + attempts.Allowance());
    if (!trace.empty()) context.AddMetadata("traceparent", trace);
    if (!call.on_behalf_of.empty()) {
      context.AddMetadata("firstline-on-behalf-of", call.on_behalf_of);
    }
    Response response;
    const grpc::Status status = (stub.*method)(&context, request, &response);
    link.endpoints.Hint(workspace, OwnerTold(context));
    if (status.ok()) return response;
    const Error error = Error::From(status);
    if (!attempts.Again(error, workspace, endpoint.address)) return error;
  }
}

}  // namespace

Client::Client(const Options& options) : link_(std::make_shared<Link>(options)) {}

Result<v1::SubmitInquiryResponse> Client::SubmitInquiry(v1::SubmitInquiryRequest request,
                                                        const CallOptions& call) {
  return Call(*link_, &v1::RoutingService::Stub::SubmitInquiry, request, call);
}

Result<v1::GetInquiryResponse> Client::GetInquiry(v1::GetInquiryRequest request,
                                                  const CallOptions& call) {
  return Call(*link_, &v1::RoutingService::Stub::GetInquiry, request, call);
}

Result<v1::ListInquiriesResponse> Client::ListInquiries(v1::ListInquiriesRequest request,
                                                        const CallOptions& call) {
  return Call(*link_, &v1::RoutingService::Stub::ListInquiries, request, call);
}

Result<v1::UpdateInquiryResponse> Client::UpdateInquiry(v1::UpdateInquiryRequest request,
                                                        const CallOptions& call) {
  return Call(*link_, &v1::RoutingService::Stub::UpdateInquiry, request, call);
}

Result<v1::CancelInquiryResponse> Client::CancelInquiry(v1::CancelInquiryRequest request,
                                                        const CallOptions& call) {
  return Call(*link_, &v1::RoutingService::Stub::CancelInquiry, request, call);
}

Result<v1::TransferInquiryResponse> Client::TransferInquiry(v1::TransferInquiryRequest request,
                                                            const CallOptions& call) {
  return Call(*link_, &v1::RoutingService::Stub::TransferInquiry, request, call);
}

Result<v1::RecordMessageResponse> Client::RecordMessage(v1::RecordMessageRequest request,
                                                        const CallOptions& call) {
  return Call(*link_, &v1::RoutingService::Stub::RecordMessage, request, call);
}

Result<v1::ParkInquiryResponse> Client::ParkInquiry(v1::ParkInquiryRequest request,
                                                    const CallOptions& call) {
  return Call(*link_, &v1::RoutingService::Stub::ParkInquiry, request, call);
}

Result<v1::ResumeInquiryResponse> Client::ResumeInquiry(v1::ResumeInquiryRequest request,
                                                        const CallOptions& call) {
  return Call(*link_, &v1::RoutingService::Stub::ResumeInquiry, request, call);
}

Result<v1::CloseInquiryResponse> Client::CloseInquiry(v1::CloseInquiryRequest request,
                                                      const CallOptions& call) {
  return Call(*link_, &v1::RoutingService::Stub::CloseInquiry, request, call);
}

Result<v1::ClaimInquiryResponse> Client::ClaimInquiry(v1::ClaimInquiryRequest request,
                                                      const CallOptions& call) {
  return Call(*link_, &v1::RoutingService::Stub::ClaimInquiry, request, call);
}

Result<v1::AssignInquiryResponse> Client::AssignInquiry(v1::AssignInquiryRequest request,
                                                        const CallOptions& call) {
  return Call(*link_, &v1::RoutingService::Stub::AssignInquiry, request, call);
}

Result<v1::ReopenInquiryResponse> Client::ReopenInquiry(v1::ReopenInquiryRequest request,
                                                        const CallOptions& call) {
  return Call(*link_, &v1::RoutingService::Stub::ReopenInquiry, request, call);
}

Result<v1::RecordFeedbackResponse> Client::RecordFeedback(v1::RecordFeedbackRequest request,
                                                          const CallOptions& call) {
  return Call(*link_, &v1::RoutingService::Stub::RecordFeedback, request, call);
}

Result<v1::SetPresenceResponse> Client::SetPresence(v1::SetPresenceRequest request,
                                                    const CallOptions& call) {
  return Call(*link_, &v1::AgentService::Stub::SetPresence, request, call);
}

Result<v1::GetAgentResponse> Client::GetAgent(v1::GetAgentRequest request,
                                              const CallOptions& call) {
  return Call(*link_, &v1::AgentService::Stub::GetAgent, request, call);
}

Result<v1::ListAgentsResponse> Client::ListAgents(v1::ListAgentsRequest request,
                                                  const CallOptions& call) {
  return Call(*link_, &v1::AgentService::Stub::ListAgents, request, call);
}

Result<v1::AcceptOfferResponse> Client::AcceptOffer(v1::AcceptOfferRequest request,
                                                    const CallOptions& call) {
  return Call(*link_, &v1::AgentService::Stub::AcceptOffer, request, call);
}

Result<v1::DeclineOfferResponse> Client::DeclineOffer(v1::DeclineOfferRequest request,
                                                      const CallOptions& call) {
  return Call(*link_, &v1::AgentService::Stub::DeclineOffer, request, call);
}

Result<v1::FinishWrapUpResponse> Client::FinishWrapUp(v1::FinishWrapUpRequest request,
                                                      const CallOptions& call) {
  return Call(*link_, &v1::AgentService::Stub::FinishWrapUp, request, call);
}

Result<v1::ExtendWrapUpResponse> Client::ExtendWrapUp(v1::ExtendWrapUpRequest request,
                                                      const CallOptions& call) {
  return Call(*link_, &v1::AgentService::Stub::ExtendWrapUp, request, call);
}

Result<v1::ApplyWorkspaceResponse> Client::ApplyWorkspace(v1::ApplyWorkspaceRequest request,
                                                          const CallOptions& call) {
  return Call(*link_, &v1::ConfigService::Stub::ApplyWorkspace, request, call);
}

Result<v1::GetWorkspaceResponse> Client::GetWorkspace(v1::GetWorkspaceRequest request,
                                                      const CallOptions& call) {
  return Call(*link_, &v1::ConfigService::Stub::GetWorkspace, request, call);
}

Result<v1::ListWorkspacesResponse> Client::ListWorkspaces(v1::ListWorkspacesRequest request,
                                                          const CallOptions& call) {
  return Call(*link_, &v1::ConfigService::Stub::ListWorkspaces, request, call);
}

Result<v1::DeleteWorkspaceResponse> Client::DeleteWorkspace(v1::DeleteWorkspaceRequest request,
                                                            const CallOptions& call) {
  return Call(*link_, &v1::ConfigService::Stub::DeleteWorkspace, request, call);
}

Result<v1::UpsertAgentsResponse> Client::UpsertAgents(v1::UpsertAgentsRequest request,
                                                      const CallOptions& call) {
  return Call(*link_, &v1::ConfigService::Stub::UpsertAgents, request, call);
}

Result<v1::DeleteAgentsResponse> Client::DeleteAgents(v1::DeleteAgentsRequest request,
                                                      const CallOptions& call) {
  return Call(*link_, &v1::ConfigService::Stub::DeleteAgents, request, call);
}

Result<v1::GetQueueStatsResponse> Client::GetQueueStats(v1::GetQueueStatsRequest request,
                                                        const CallOptions& call) {
  return Call(*link_, &v1::StatsService::Stub::GetQueueStats, request, call);
}

Result<v1::GetAgentStatsResponse> Client::GetAgentStats(v1::GetAgentStatsRequest request,
                                                        const CallOptions& call) {
  return Call(*link_, &v1::StatsService::Stub::GetAgentStats, request, call);
}

Result<v1::ExplainInquiryResponse> Client::ExplainInquiry(v1::ExplainInquiryRequest request,
                                                          const CallOptions& call) {
  return Call(*link_, &v1::ExplainService::Stub::ExplainInquiry, request, call);
}

Result<v1::ExplainAgentResponse> Client::ExplainAgent(v1::ExplainAgentRequest request,
                                                      const CallOptions& call) {
  return Call(*link_, &v1::ExplainService::Stub::ExplainAgent, request, call);
}

Result<v1::ExplainSubmitResponse> Client::ExplainSubmit(v1::ExplainSubmitRequest request,
                                                        const CallOptions& call) {
  return Call(*link_, &v1::ExplainService::Stub::ExplainSubmit, request, call);
}

Result<v1::GetTimeResponse> Client::GetTime(v1::GetTimeRequest request, const CallOptions& call) {
  return Call(*link_, &v1::ClockService::Stub::GetTime, request, call);
}

Result<v1::AdvanceTimeResponse> Client::AdvanceTime(v1::AdvanceTimeRequest request,
                                                    const CallOptions& call) {
  return Call(*link_, &v1::ClockService::Stub::AdvanceTime, request, call);
}

Result<v1::GetStatusResponse> Client::GetStatus(v1::GetStatusRequest request,
                                                const CallOptions& call) {
  return Call(*link_, &v1::StatusService::Stub::GetStatus, request, call);
}

}  // namespace firstline::client
