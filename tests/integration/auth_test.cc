// Tokens before real routers: over TLS, from the command line, and what a pod says of a caller to the
// pod that owns the workspace.
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "absl/strings/str_cat.h"
#include "common/client/client.h"
#include "common/client/token.h"
#include "common/redis/connection.h"
#include "firstline/internal/v1/forward_service.grpc.pb.h"
#include "services/cli/app.h"
#include "services/router/app.h"
#include "tests/common/redis_server.h"
#include "tests/support/router_process.h"
#include "tests/support/secure_files.h"
#include "tests/support/tokens.h"

namespace firstline::test {
namespace {

using nlohmann::json;

class Auth : public testing::Test {
 protected:
  Auth() {
    WriteFile(files_.Path("keys.pem"), PublicPem(key_.get()));
    const std::pair<const char*, json> tokens[] = {
        {"operator", {{"role", "operator"}, {"workspaces", {"*"}}}},
        {"platform", {{"role", "platform"}, {"workspaces", {"shop"}}}},
        {"ann", {{"role", "agent"}, {"workspaces", {"shop"}}, {"agent_id", "ann"}}},
        {"vendor", {{"role", "vendor"}, {"workspaces", {"shop"}}, {"vendor", "acme"}}}};
    for (const auto& [name, claim] : tokens) WriteFile(files_.Path(name), Token(claim));
  }

  std::string Token(const json& claim) const {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now).count();
    return SignToken(key_.get(), {{"alg", "ES256"}},
                     {{"iss", "tests"}, {"aud", "firstline"}, {"exp", seconds + 600},
                      {"firstline", claim}});
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

v1::ApplyWorkspaceRequest Shop() {
  v1::ApplyWorkspaceRequest request;
  request.set_mode(v1::APPLY_MODE_WHOLE);
  v1::Workspace& shop = *request.mutable_workspace();
  shop.set_id("shop");
  v1::Channel& chat = *shop.add_channels();
  chat.set_id("chat");
  chat.set_kind(v1::CHANNEL_KIND_MESSAGING);
  v1::Team& night = *shop.add_teams();
  night.set_id("night");
  night.set_vendor("acme");
  v1::Queue& queue = *shop.add_queues();
  queue.set_id("q");
  queue.set_auto_accept(true);
  for (const char* id : {"ann", "bob"}) {
    v1::Agent& agent = *shop.add_agents();
    agent.set_id(id);
    agent.mutable_capacity()->set_units(1);
    if (agent.id() == "bob") agent.set_team("night");
  }
  return request;
}

// Ann has one inquiry, then bob, of the vendor, another. All by a pod that does not own the
// workspace: what it is told of a caller has to reach the owner.
TEST_F(Auth, TheOwnerKnowsWhoCallsElsewhere) {
  RedisServer redis{{.append_only = true}};
  const RouterProcessOptions options{.store = "unix:" + redis.address().unix_path,
                                     .extra_arguments = RouterArguments()};
  const RouterProcess a(options), b(options);
  auto root = As("operator", a);
  ASSERT_TRUE(root.ApplyWorkspace(Shop()).ok());
  const auto owner = redis.Connect()->Call({"HGET", "fl:{shop}:own", "address"});
  ASSERT_EQ(owner->view().AsString().value_or(""), a.address());

  auto platform = As("platform", b);
  for (const std::string agent : {"ann", "bob"}) {
    v1::SetPresenceRequest presence;
    presence.set_workspace("shop");
    presence.set_agent_id(agent);
    presence.set_presence(v1::PRESENCE_AVAILABLE);
    ASSERT_TRUE(platform.SetPresence(presence).ok());
    v1::SubmitInquiryRequest submit;
    submit.set_workspace("shop");
    submit.mutable_inquiry()->set_id("of-" + agent);
    submit.mutable_inquiry()->set_channel("chat");
    submit.mutable_inquiry()->set_queue("q");
    ASSERT_TRUE(platform.SubmitInquiry(submit).ok());
  }
  EXPECT_EQ(Get(platform, "of-ann"), "");
  EXPECT_EQ(Get(As("ann", b), "of-ann"), "");
  EXPECT_EQ(Get(As("ann", b), "of-bob"), "UNKNOWN_INQUIRY");
  EXPECT_EQ(Get(As("vendor", b), "of-bob"), "");
  EXPECT_EQ(Get(As("vendor", b), "of-ann"), "UNKNOWN_INQUIRY");
  auto refused = As("platform", b).ApplyWorkspace(Shop());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().reason, "ROLE_NOT_ALLOWED");
}

// A token, even an operator's, does not make a caller a pod.
TEST_F(Auth, NobodyForwardsWithAToken) {
  const RouterProcess router({.extra_arguments = RouterArguments()});
  const auto stub = internal::v1::ForwardService::NewStub(files_.Connect(router.address(), ""));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  context.AddMetadata("authorization",
                      "Bearer " + Token({{"role", "operator"}, {"workspaces", {"*"}}}));
  const auto stream = stub->Forward(&context);
  stream->WritesDone();
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(Auth, TheCommandLineCarriesAToken) {
  const RouterProcess router({.extra_arguments = RouterArguments()});
  const auto list = [&](const std::string& token) {
    std::vector<std::string> words = {"-s", router.address(), "--tls-ca", files_.Path("ca.pem"),
                                      "--tls-server-name", kPodName};
    if (!token.empty()) words.insert(words.end(), {"--token-file", files_.Path(token)});
    words.insert(words.end(), {"-w", "shop", "queue", "list"});
    std::ostringstream out, err;
    cli::Run(words, out, err);
    return err.str();
  };
  EXPECT_NE(list("").find("TOKEN_MISSING"), std::string::npos) << list("");
  EXPECT_NE(list("ann").find("ROLE_NOT_ALLOWED"), std::string::npos) << list("ann");
  EXPECT_NE(list("operator").find("UNKNOWN_WORKSPACE"), std::string::npos) << list("operator");
}

// A new token in the file is used without a restart of the client.
TEST_F(Auth, ATokenFileIsReadAgain) {
  const RouterProcess router({.extra_arguments = RouterArguments()});
  WriteFile(files_.Path("mine"), Token({{"role", "nobody"}, {"workspaces", {"*"}}}));
  auto mine = As("mine", router);
  EXPECT_EQ(mine.ListWorkspaces({}).error().reason, "TOKEN_INVALID");
  WriteFile(files_.Path("mine"), Token({{"role", "operator"}, {"workspaces", {"*"}}}));
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  bool ok = false;
  while (!ok && std::chrono::steady_clock::now() < deadline) ok = mine.ListWorkspaces({}).ok();
  EXPECT_TRUE(ok);
}

TEST_F(Auth, WhatIsMissingIsNamed) {
  const auto error = [&](const std::string& keys, const std::string& issuer, bool tls) {
    router::AppOptions options;
    options.listen = "127.0.0.1:0";
    options.metrics_listen = "";
    options.auth = {keys, issuer, "firstline"};
    if (tls) {
      options.tls.files = {files_.Path("pod.pem"), files_.Path("pod.key"), files_.Path("ca.pem")};
    }
    const auto app = router::App::Start(options);
    return app.ok() ? "" : std::string(app.status().message());
  };
  EXPECT_EQ(error(files_.Path("keys.pem"), "tests", true), "");
  EXPECT_EQ(error(files_.Path("keys.pem"), "tests", false),
            "--auth-keys needs --tls-cert: tokens are not for plaintext");
  EXPECT_EQ(error("", "tests", true), "--auth-issuer and --auth-audience need --auth-keys");
  EXPECT_EQ(error(files_.Path("keys.pem"), "", true), "tokens need an issuer and an audience");
  EXPECT_EQ(error(files_.Path("none"), "tests", true),
            absl::StrCat(files_.Path("none"), ": cannot be read"));
  EXPECT_NE(error(files_.Path("pod.key"), "tests", true).find("a key is private"),
            std::string::npos);
}

}  // namespace
}  // namespace firstline::test
