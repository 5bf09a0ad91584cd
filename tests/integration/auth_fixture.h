// Tokens of every kind before routers that ask for them, and a workspace `shop`.
//
// Threads: one.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "common/client/client.h"
#include "common/client/token.h"
#include "tests/support/chat_workspace.h"
#include "tests/support/router_process.h"
#include "tests/support/secure_files.h"
#include "tests/support/tokens.h"

namespace firstline::test {

class Auth : public testing::Test {
 protected:
  Auth() {
    WriteFile(files_.Path("keys.pem"), PublicPem(key_.get()));
    using nlohmann::json;
    const std::pair<const char*, json> tokens[] = {
        {"operator", {{"role", "operator"}, {"workspaces", {"*"}}}},
        {"platform", {{"role", "platform"}, {"workspaces", {"shop"}}}},
        {"ann", {{"role", "agent"}, {"workspaces", {"shop"}}, {"agent_id", "ann"}}},
        {"vendor", {{"role", "vendor"}, {"workspaces", {"shop"}}, {"vendor", "acme"}}}};
    for (const auto& [name, claim] : tokens) {
      WriteFile(files_.Path(name), Token(claim, std::string(name) + "@example.com"));
    }
  }

  std::string Token(const nlohmann::json& claim, const std::string& subject = "") const {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now).count();
    return SignToken(key_.get(), {{"alg", "ES256"}},
                     {{"iss", "tests"}, {"aud", "firstline"}, {"exp", seconds + 600},
                      {"sub", subject}, {"firstline", claim}});
  }
  // Options of a router that asks for tokens; a certificate is for pods alone.
  std::vector<std::string> RouterArguments() const {
    std::vector<std::string> arguments = files_.RouterArguments();
    arguments.insert(arguments.end(),
                     {"--tls-clients=may-prove", "--auth-keys=" + files_.Path("keys.pem"),
                      "--auth-issuer=tests", "--auth-audience=firstline", "--lease-ms=1000"});
    return arguments;
  }
  client::Client As(const std::string& name, const RouterProcess& router) const {
    client::Options options;
    options.targets = {router.address()};
    options.credentials = client::WithToken(*tls::ChannelCredentials({.ca = files_.Path("ca.pem")}),
                                            client::TokenFile(files_.Path(name)));
    options.server_name = kPodName;
    return client::Client(options);
  }
  // "" or the reason, of inquiry `id` in workspace shop.
  static std::string Get(const client::Client& as, const std::string& id) {
    v1::GetInquiryRequest request;
    request.set_workspace("shop");
    request.set_inquiry_id(id);
    const auto answer = client::Client(as).GetInquiry(request);
    return answer.ok() ? "" : answer.error().reason;
  }

  const PrivateKey key_ = NewEcKey();
  SecureFiles files_;
};

inline v1::ApplyWorkspaceRequest Shop() {
  v1::ApplyWorkspaceRequest request = ChatWorkspace("shop");
  v1::Workspace& shop = *request.mutable_workspace();
  v1::Team& night = *shop.add_teams();
  night.set_id("night");
  night.set_vendor("acme");
  shop.mutable_queues(0)->set_auto_accept(true);
  for (const char* id : {"ann", "bob"}) {
    v1::Agent& agent = *shop.add_agents();
    agent.set_id(id);
    agent.mutable_capacity()->set_units(1);
    if (agent.id() == "bob") agent.set_team("night");
  }
  return request;
}

}  // namespace firstline::test
