// Tokens before real routers: over TLS, from the command line, and what a pod says of a caller to the
// pod that owns the workspace.
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "absl/strings/str_cat.h"
#include "common/client/subscription.h"
#include "common/redis/connection.h"
#include "firstline/internal/v1/forward_service.grpc.pb.h"
#include "services/cli/app.h"
#include "services/router/app.h"
#include "tests/common/redis_server.h"
#include "tests/integration/auth_fixture.h"
#include "tests/support/http_get.h"

namespace firstline::test {
namespace {

using nlohmann::json;

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

// Keys are replaced under a subscription, tokens some time after them: it goes on where it was.
TEST_F(Auth, SubscriptionsOutliveReplacedKeys) {
  const RouterProcess router(
      {.metrics_listen = "127.0.0.1:0", .extra_arguments = RouterArguments()});
  auto root = As("operator", router);
  ASSERT_TRUE(root.ApplyWorkspace(Shop()).ok());
  client::Subscription events(root, {.workspace = "shop", .cursor = "0-0"});
  ASSERT_EQ(events.Next()->kind, client::News::Kind::kEvents);
  const int streams = events.streams_opened();

  const PrivateKey second = NewEcKey();
  WriteFile(files_.Path("keys.pem"), PublicPem(second.get()));
  std::thread rollout([&] {
    // Until the subscription has come back with the old token and was refused.
    constexpr char kNone[] = "firstline_bad_tokens_total{outcome=\"judged\"} 0";
    while (HttpGet(router.metrics_address(), "/metrics").find(kNone) != std::string::npos) {
    }
    const json claim = {{"role", "operator"}, {"workspaces", {"*"}}};
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now).count();
    WriteFile(files_.Path("operator"),
              SignToken(second.get(), {{"alg", "ES256"}},
                        {{"iss", "tests"}, {"aud", "firstline"}, {"exp", seconds + 600},
                         {"firstline", claim}}));
    v1::UpsertAgentsRequest late;
    late.set_workspace("shop");
    late.add_agents()->set_id("late");
    while (!root.UpsertAgents(late).ok()) {
    }
  });
  bool told = false;
  while (!told) {
    const auto news = events.Next();
    ASSERT_TRUE(news && news->kind == client::News::Kind::kEvents) << news->error.ToString();
    for (const v1::Event& event : news->events) told = told || event.agent_id() == "late";
  }
  rollout.join();
  EXPECT_GT(events.streams_opened(), streams);
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
