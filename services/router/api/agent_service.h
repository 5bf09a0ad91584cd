// AgentService: unary calls on the callback API. WatchAgents is left to watch_agents.h, which
// serves it from a completion queue of its own.
//
// Threads: as unary.h.
#pragma once

#include "firstline/v1/agent_service.grpc.pb.h"
#include "services/router/api/unary.h"

namespace firstline::api {

using AgentBase = v1::AgentService::WithAsyncMethod_WatchAgents<
    v1::AgentService::WithCallbackMethod_SetPresence<
        v1::AgentService::WithCallbackMethod_GetAgent<
            v1::AgentService::WithCallbackMethod_ListAgents<
                v1::AgentService::WithCallbackMethod_AcceptOffer<
                    v1::AgentService::WithCallbackMethod_DeclineOffer<
                        v1::AgentService::WithCallbackMethod_FinishWrapUp<
                            v1::AgentService::Service>>>>>>>;

class AgentService final : public AgentBase {
 public:
  // `deps` must outlive it.
  explicit AgentService(const Deps& deps) : deps_(deps) {}

  using Context = grpc::CallbackServerContext;
  using Reactor = grpc::ServerUnaryReactor;

  Reactor* SetPresence(Context* context, const v1::SetPresenceRequest* request,
                       v1::SetPresenceResponse* response) override;
  Reactor* AcceptOffer(Context* context, const v1::AcceptOfferRequest* request,
                       v1::AcceptOfferResponse* response) override;
  Reactor* DeclineOffer(Context* context, const v1::DeclineOfferRequest* request,
                        v1::DeclineOfferResponse* response) override;
  Reactor* FinishWrapUp(Context* context, const v1::FinishWrapUpRequest* request,
                        v1::FinishWrapUpResponse* response) override;
  Reactor* GetAgent(Context* context, const v1::GetAgentRequest* request,
                    v1::GetAgentResponse* response) override;
  Reactor* ListAgents(Context* context, const v1::ListAgentsRequest* request,
                      v1::ListAgentsResponse* response) override;

 private:
  const Deps& deps_;
};

}  // namespace firstline::api
