// Calls to one router by plain gRPC, without the client library that would go elsewhere.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include <grpcpp/grpcpp.h>

#include "absl/status/status.h"
#include "common/rpc/error.h"
#include "firstline/v1/agent_service.grpc.pb.h"
#include "firstline/v1/config_service.grpc.pb.h"
#include "firstline/v1/explain_service.grpc.pb.h"
#include "firstline/v1/routing_service.grpc.pb.h"
#include "firstline/v1/stats_service.grpc.pb.h"

namespace firstline::test {

struct Stubs {
  explicit Stubs(const std::string& address)
      : channel(grpc::CreateChannel(address, grpc::InsecureChannelCredentials())),
        routing(v1::RoutingService::NewStub(channel)),
        agents(v1::AgentService::NewStub(channel)),
        config(v1::ConfigService::NewStub(channel)),
        stats(v1::StatsService::NewStub(channel)),
        explain(v1::ExplainService::NewStub(channel)) {}

  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<v1::RoutingService::Stub> routing;
  std::unique_ptr<v1::AgentService::Stub> agents;
  std::unique_ptr<v1::ConfigService::Stub> config;
  std::unique_ptr<v1::StatsService::Stub> stats;
  std::unique_ptr<v1::ExplainService::Stub> explain;
};

template <class Stub, class Method, class Request, class Response>
absl::Status Call(Stub& stub, Method method, const Request& request, Response* response,
                  std::chrono::milliseconds deadline = std::chrono::seconds(20)) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + deadline);
  return rpc::FromGrpc((stub.*method)(&context, request, response));
}

}  // namespace firstline::test
