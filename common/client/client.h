// The client of Firstline for platforms: one object a process, every call safe to repeat and
// repeated where that helps.
//
//   client::Client client({.targets = {"router-0:7400", "router-1:7400"}});
//   v1::SubmitInquiryRequest request;
//   request.set_workspace("acme");
//   request.mutable_inquiry()->set_id("chat-4711");
//   ...
//   auto answer = client.SubmitInquiry(request);
//   if (!answer.ok()) LOG(answer.error().ToString());
//
// Each call blocks until it is answered, refused for a reason that will not pass, or its deadline
// (Options::deadline unless told) is over; the last error is then returned. In between it
//  - gives mutations without a natural id a request id, so that repeating applies them once;
//  - repeats UNAVAILABLE, lost answers and RESOURCE_EXHAUSTED with RetryInfo, waiting longer each
//    time, by chance within half the span, never less than the router asked for;
//  - goes to the router that owns the workspace once it was told which one that is: the others
//    forward, which costs them and the caller time (Options::follow_owners).
// A call that ends with UNAVAILABLE or DEADLINE_EXCEEDED may have been applied. Calling again with
// the same request_id, chosen by the caller, is then safe; one that this library chose is gone.
//
// Streams are classes of their own, opened with a Client: Subscription (events), StatsWatch (figures),
// AgentSession (agents at work), CommandStream (mutations in volume).
//
// Thread rule: any thread, any number of calls at a time; no thread of its own. Streams keep what
// they need of a client and may outlive it.
#pragma once

#include <memory>

#include "common/client/error.h"
#include "common/client/options.h"
#include "firstline/v1/agent_service.pb.h"
#include "firstline/v1/clock_service.pb.h"
#include "firstline/v1/config_service.pb.h"
#include "firstline/v1/explain_service.pb.h"
#include "firstline/v1/routing_service.pb.h"
#include "firstline/v1/stats_service.pb.h"
#include "firstline/v1/status_service.pb.h"

namespace firstline::client {

struct Link;

class Client {
 public:
  // Connects when it is first used. `options.targets` must not be empty.
  explicit Client(const Options& options);

  // Inquiries: firstline/v1/routing_service.proto.
  Result<v1::SubmitInquiryResponse> SubmitInquiry(v1::SubmitInquiryRequest request,
                                                  const CallOptions& call = {});
  Result<v1::GetInquiryResponse> GetInquiry(v1::GetInquiryRequest request,
                                            const CallOptions& call = {});
  Result<v1::ListInquiriesResponse> ListInquiries(v1::ListInquiriesRequest request,
                                                  const CallOptions& call = {});
  Result<v1::UpdateInquiryResponse> UpdateInquiry(v1::UpdateInquiryRequest request,
                                                  const CallOptions& call = {});
  Result<v1::CancelInquiryResponse> CancelInquiry(v1::CancelInquiryRequest request,
                                                  const CallOptions& call = {});
  Result<v1::TransferInquiryResponse> TransferInquiry(v1::TransferInquiryRequest request,
                                                      const CallOptions& call = {});
  Result<v1::RecordMessageResponse> RecordMessage(v1::RecordMessageRequest request,
                                                  const CallOptions& call = {});
  Result<v1::ParkInquiryResponse> ParkInquiry(v1::ParkInquiryRequest request,
                                              const CallOptions& call = {});
  Result<v1::ResumeInquiryResponse> ResumeInquiry(v1::ResumeInquiryRequest request,
                                                  const CallOptions& call = {});
  Result<v1::CloseInquiryResponse> CloseInquiry(v1::CloseInquiryRequest request,
                                                const CallOptions& call = {});
  Result<v1::ClaimInquiryResponse> ClaimInquiry(v1::ClaimInquiryRequest request,
                                                const CallOptions& call = {});
  Result<v1::AssignInquiryResponse> AssignInquiry(v1::AssignInquiryRequest request,
                                                  const CallOptions& call = {});
  Result<v1::ReopenInquiryResponse> ReopenInquiry(v1::ReopenInquiryRequest request,
                                                  const CallOptions& call = {});
  Result<v1::RecordFeedbackResponse> RecordFeedback(v1::RecordFeedbackRequest request,
                                                    const CallOptions& call = {});

  // Agents: firstline/v1/agent_service.proto.
  Result<v1::SetPresenceResponse> SetPresence(v1::SetPresenceRequest request,
                                              const CallOptions& call = {});
  Result<v1::GetAgentResponse> GetAgent(v1::GetAgentRequest request, const CallOptions& call = {});
  Result<v1::ListAgentsResponse> ListAgents(v1::ListAgentsRequest request,
                                            const CallOptions& call = {});
  Result<v1::AcceptOfferResponse> AcceptOffer(v1::AcceptOfferRequest request,
                                              const CallOptions& call = {});
  Result<v1::DeclineOfferResponse> DeclineOffer(v1::DeclineOfferRequest request,
                                                const CallOptions& call = {});
  Result<v1::FinishWrapUpResponse> FinishWrapUp(v1::FinishWrapUpRequest request,
                                                const CallOptions& call = {});
  Result<v1::ExtendWrapUpResponse> ExtendWrapUp(v1::ExtendWrapUpRequest request,
                                                const CallOptions& call = {});

  // Configuration: firstline/v1/config_service.proto.
  Result<v1::ApplyWorkspaceResponse> ApplyWorkspace(v1::ApplyWorkspaceRequest request,
                                                    const CallOptions& call = {});
  Result<v1::GetWorkspaceResponse> GetWorkspace(v1::GetWorkspaceRequest request,
                                                const CallOptions& call = {});
  Result<v1::ListWorkspacesResponse> ListWorkspaces(v1::ListWorkspacesRequest request,
                                                    const CallOptions& call = {});
  Result<v1::DeleteWorkspaceResponse> DeleteWorkspace(v1::DeleteWorkspaceRequest request,
                                                      const CallOptions& call = {});
  Result<v1::UpsertAgentsResponse> UpsertAgents(v1::UpsertAgentsRequest request,
                                                const CallOptions& call = {});
  Result<v1::DeleteAgentsResponse> DeleteAgents(v1::DeleteAgentsRequest request,
                                                const CallOptions& call = {});

  // Figures: firstline/v1/stats_service.proto.
  Result<v1::GetQueueStatsResponse> GetQueueStats(v1::GetQueueStatsRequest request,
                                                  const CallOptions& call = {});
  Result<v1::GetAgentStatsResponse> GetAgentStats(v1::GetAgentStatsRequest request,
                                                  const CallOptions& call = {});

  // Why an inquiry is not with an agent: firstline/v1/explain_service.proto.
  Result<v1::ExplainInquiryResponse> ExplainInquiry(v1::ExplainInquiryRequest request,
                                                    const CallOptions& call = {});
  Result<v1::ExplainAgentResponse> ExplainAgent(v1::ExplainAgentRequest request,
                                                const CallOptions& call = {});
  Result<v1::ExplainSubmitResponse> ExplainSubmit(v1::ExplainSubmitRequest request,
                                                  const CallOptions& call = {});

  // Workspace time: firstline/v1/clock_service.proto.
  Result<v1::GetTimeResponse> GetTime(v1::GetTimeRequest request, const CallOptions& call = {});
  Result<v1::AdvanceTimeResponse> AdvanceTime(v1::AdvanceTimeRequest request,
                                              const CallOptions& call = {});

  // The router that is asked: firstline/v1/status_service.proto.
  Result<v1::GetStatusResponse> GetStatus(v1::GetStatusRequest request,
                                          const CallOptions& call = {});

  // For the streams of this library.
  const std::shared_ptr<Link>& link() const { return link_; }

 private:
  std::shared_ptr<Link> link_;
};

}  // namespace firstline::client
