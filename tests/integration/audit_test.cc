// Who did what, between real routers: callers reach the owner's events through other pods, by token
// and by certificate, and `firstline audit` tells them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "absl/strings/str_cat.h"
#include "common/client/subscription.h"
#include "firstline/v1/agent_service.grpc.pb.h"
#include "firstline/v1/routing_service.grpc.pb.h"
#include "services/cli/app.h"
#include "tests/common/redis_server.h"
#include "tests/integration/auth_fixture.h"

namespace firstline::test {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

v1::SubmitInquiryRequest Submit(const std::string& id) {
  v1::SubmitInquiryRequest submit;
  submit.set_workspace("shop");
  submit.mutable_inquiry()->set_id(id);
  submit.mutable_inquiry()->set_channel("chat");
  submit.mutable_inquiry()->set_queue("q");
  return submit;
}

// The history up to and with the first event that `last` takes; empty if it does not come.
template <class Last>
std::vector<v1::Event> History(const client::Client& client, Last last) {
  client::Subscription events(client, {.workspace = "shop", .cursor = "0-0"});
  std::vector<v1::Event> history;
  while (const auto news = events.Next()) {
    for (const v1::Event& event : news->events) {
      history.push_back(event);
      if (last(event)) return history;
    }
  }
  return {};
}

class Audit : public Auth {
 protected:
  // A context of a caller with the token `name`, for stubs.
  std::unique_ptr<grpc::ClientContext> Context(const std::string& name) {
    auto context = std::make_unique<grpc::ClientContext>();
    context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    context->AddMetadata("authorization", "Bearer " + ReadToken(name));
    return context;
  }
  std::string ReadToken(const std::string& name) {
    return *client::TokenFile(files_.Path(name))();
  }
  // What the command line says of the workspace.
  std::string Cli(const RouterProcess& router, const std::string& token,
                  std::vector<std::string> words, cli::ExitCode expected = cli::ExitCode::kOk) {
    words.insert(words.begin(),
                 {"-s", router.address(), "--tls-ca", files_.Path("ca.pem"), "--tls-server-name",
                  kPodName, "--token-file", files_.Path(token), "-w", "shop"});
    std::ostringstream out, err;
    EXPECT_EQ(cli::Run(words, out, err), expected) << err.str();
    return out.str() + err.str();
  }
};

// Everything is asked of b, and a owns the workspace.
TEST_F(Audit, CallersReachTheOwnerThroughOtherPods) {
  RedisServer redis{{.append_only = true}};
  const RouterProcessOptions options{.store = "unix:" + redis.address().unix_path,
                                     .extra_arguments = RouterArguments()};
  const RouterProcess a(options), b(options);
  ASSERT_TRUE(As("operator", a).ApplyWorkspace(Shop()).ok());
  const auto owner = redis.Connect()->Call({"HGET", "fl:{shop}:own", "address"});
  ASSERT_EQ(owner->view().AsString().value_or(""), a.address());

  auto platform = As("platform", b);
  ASSERT_TRUE(platform.SubmitInquiry(Submit("unary"), {.on_behalf_of = "kay"}).ok());
  const auto channel = files_.Connect(b.address(), "");
  {
    const auto context = Context("platform");
    const auto stream = v1::RoutingService::NewStub(channel)->Commands(context.get());
    v1::CommandsRequest batch;
    *batch.add_commands()->mutable_submit_inquiry() = Submit("batched");
    batch.mutable_commands(0)->set_on_behalf_of("max");
    stream->Write(batch);
    stream->WritesDone();
    v1::CommandsResponse response;
    ASSERT_TRUE(stream->Read(&response));
    EXPECT_TRUE(response.results(0).has_receipt()) << response.ShortDebugString();
  }
  {
    const auto context = Context("ann");
    const auto stream = v1::AgentService::NewStub(channel)->WatchAgents(context.get());
    v1::WatchAgentsRequest request;
    request.mutable_open()->set_workspace("shop");
    request.mutable_open()->set_session_id("s1");
    stream->Write(request);
    request.mutable_add()->add_agents()->set_agent_id("ann");
    request.mutable_add()->mutable_agents(0)->set_presence(v1::PRESENCE_AVAILABLE);
    stream->Write(request);
    v1::WatchAgentsResponse response;
    bool snapshot = false;
    while (!snapshot && stream->Read(&response)) snapshot = response.has_snapshot();
    EXPECT_TRUE(snapshot);
    context->TryCancel();
  }
  std::set<std::string> told;
  for (const v1::Event& event : History(As("operator", a), [](const v1::Event& event) {
         return event.has_inquiry_assigned();
       })) {
    if (!event.has_inquiry_submitted() && !event.has_session_opened() &&
        !event.has_inquiry_assigned() && !event.has_workspace_applied()) {
      continue;
    }
    told.insert(absl::StrCat(static_cast<int>(event.kind_case()), " ", event.inquiry_id(), " ",
                             event.caller().ShortDebugString()));
  }
  const std::string backend = "role: CALLER_ROLE_PLATFORM subject: \"platform@example.com\"";
  const std::string ann =
      "role: CALLER_ROLE_AGENT subject: \"ann@example.com\" agent_id: \"ann\"";
  EXPECT_THAT(told, testing::UnorderedElementsAre(
                        "16  role: CALLER_ROLE_OPERATOR subject: \"operator@example.com\"",
                        "32 unary " + backend + " on_behalf_of: \"kay\"",
                        "32 batched " + backend + " on_behalf_of: \"max\"", "65  " + ann,
                        "38 unary " + ann));
}

// Without tokens it is the certificate that says who calls; it gives no role.
TEST_F(Audit, CertificatesTellWhoCalls) {
  files_.Issue("named", {.common_name = "ignored", .dns_names = {"chat.example.com"}});
  const RouterProcess router({.extra_arguments = files_.RouterArguments()});
  const auto submit = [&](const std::string& certificate, const std::string& id) {
    client::Options options;
    options.targets = {router.address()};
    options.credentials =
        *tls::ChannelCredentials({.certificate = files_.Path(certificate + ".pem"),
                                  .key = files_.Path(certificate + ".key"),
                                  .ca = files_.Path("ca.pem")});
    options.server_name = kPodName;
    client::Client client(options);
    if (id == "i1") {
      EXPECT_TRUE(client.ApplyWorkspace(Shop()).ok());
    }
    EXPECT_TRUE(client.SubmitInquiry(Submit(id)).ok());
    return client;
  };
  submit("client", "i1");
  const client::Client client = submit("named", "i2");
  std::vector<std::string> callers;
  for (const v1::Event& event : History(client, [](const v1::Event& event) {
         return event.has_inquiry_submitted() && event.inquiry_id() == "i2";
       })) {
    if (event.has_inquiry_submitted()) callers.push_back(event.caller().ShortDebugString());
  }
  EXPECT_THAT(callers, testing::ElementsAre("subject: \"platform\"",
                                            "subject: \"chat.example.com\""));
}

TEST_F(Audit, TheCommandLineLists) {
  const RouterProcess router({.extra_arguments = RouterArguments()});
  ASSERT_TRUE(As("operator", router).ApplyWorkspace(Shop()).ok());
  auto platform = As("platform", router);
  ASSERT_TRUE(platform.SubmitInquiry(Submit("i1"), {.on_behalf_of = "kay"}).ok());
  v1::SetPresenceRequest presence;
  presence.set_workspace("shop");
  presence.set_agent_id("ann");
  presence.set_presence(v1::PRESENCE_AVAILABLE);
  ASSERT_TRUE(As("ann", router).SetPresence(presence).ok());

  const std::string all = Cli(router, "operator", {"audit", "list"});
  EXPECT_THAT(all, AllOf(HasSubstr("workspace applied"), HasSubstr("operator@example.com"),
                         HasSubstr("inquiry submitted"), HasSubstr("platform@example.com"),
                         HasSubstr("kay"), HasSubstr("presence changed"),
                         Not(HasSubstr("inquiry assigned")), Not(HasSubstr("owner changed"))));
  EXPECT_THAT(Cli(router, "operator", {"audit", "list", "--all"}),
              HasSubstr("inquiry assigned"));
  for (const std::string name : {"kay", "platform@example.com"}) {
    EXPECT_THAT(Cli(router, "operator", {"audit", "list", "--caller", name}),
                AllOf(HasSubstr("i1"), Not(HasSubstr("presence changed"))));
  }
  EXPECT_THAT(Cli(router, "operator", {"audit", "list", "--role", "agent"}),
              AllOf(HasSubstr("presence changed"), Not(HasSubstr("inquiry submitted"))));
  EXPECT_THAT(Cli(router, "operator", {"audit", "list", "--since", "1h"}), HasSubstr("i1"));
  EXPECT_THAT(Cli(router, "operator", {"audit", "list", "--since", "2999-01-01T00:00:00Z"}),
              Not(HasSubstr("i1")));

  const json list =
      json::parse(Cli(router, "operator", {"audit", "list", "-o", "json", "--caller", "kay"}));
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list[0]["caller"]["on_behalf_of"], "kay");
  EXPECT_EQ(list[0]["caller"]["role"], "CALLER_ROLE_PLATFORM");
  const std::string line =
      Cli(router, "operator", {"audit", "list", "-o", "jsonl", "--caller", "kay"});
  EXPECT_EQ(json::parse(line)["inquiry_id"], "i1");

  EXPECT_THAT(Cli(router, "operator", {"audit", "list", "--since", "soon"}, cli::ExitCode::kUsage),
              HasSubstr("--since: 'soon' is neither a duration"));
  EXPECT_THAT(
      Cli(router, "operator", {"audit", "list", "--role", "agnt"}, cli::ExitCode::kUsage),
      HasSubstr("did you mean 'agent'"));
  EXPECT_THAT(Cli(router, "operator", {"audit", "lst"}, cli::ExitCode::kUsage),
              HasSubstr("did you mean 'list'"));
  EXPECT_THAT(Cli(router, "operator", {"audit", "list", "--help"}), HasSubstr("--since"));
  // A vendor's events are its agents', and ann is none.
  EXPECT_THAT(Cli(router, "vendor", {"audit", "list", "--all"}), Not(HasSubstr("ann")));
  EXPECT_THAT(Cli(router, "ann", {"audit", "list"}, cli::ExitCode::kRefused),
              HasSubstr("ROLE_NOT_ALLOWED"));
}

}  // namespace
}  // namespace firstline::test
