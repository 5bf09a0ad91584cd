// What a platform says of its customers and agents stays where it must be. Canaries (customer
// references, attributes, labels) are given to every RPC that takes them, also in calls that are
// refused, through a router that does not own the workspace; then they are looked for in logs at
// debug, metrics, /statusz, what errors and headers tell, `firstline doctor` and vendors' views. That
// the search finds them is shown where they must be: in Redis, and by whoever may read them. A classifier
// is told attributes and no customer reference; what it says is looked for as well.
#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>


#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/rpc/error.h"
#include "common/status/reason.h"
#include "firstline/v1/agent_service.grpc.pb.h"
#include "firstline/v1/config_service.grpc.pb.h"
#include "firstline/v1/routing_service.grpc.pb.h"
#include "firstline/v1/stats_service.grpc.pb.h"
#include "services/cli/app.h"
#include "tests/common/redis_server.h"
#include "tests/integration/auth_fixture.h"
#include "tests/support/http_get.h"
#include "tests/support/test_classifier.h"

namespace firstline::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// In every canary, and in nothing else.
constexpr char kMark[] = "kanari7f3a";
// In what vendors must not see; labels are part of what an inquiry asks, which they do.
constexpr char kCustomerMark[] = "kanari7f3a-of";

std::string ReadAll(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Stands for a canary in a request: @customer, @key, @value, @label, each with a number.
std::string WithCanaries(const std::string& text) {
  return absl::StrReplaceAll(text, {{"@customer", absl::StrCat(kCustomerMark, "-customer")},
                                    {"@key", absl::StrCat(kCustomerMark, "-key")},
                                    {"@value", absl::StrCat(kCustomerMark, "-value")},
                                    {"@long", std::string(100'000, 'x') + kCustomerMark},
                                    {"@label", absl::StrCat(kMark, "-label")}});
}

template <class Message>
Message Text(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(WithCanaries(text), &message)) << text;
  return message;
}

class Privacy : public Auth {
 protected:
  Privacy() {
    WriteFile(files_.Path("other"),
              Token({{"role", "platform"}, {"workspaces", {"shop"}}}, "other@example.com"));
    classifier_.Say([](const auto&, v1::ClassifyResponse& response) {
      response.set_label(WithCanaries("@label9"));
      response.mutable_verdict()->set_queue(WithCanaries("@label0"));
    });
  }

  RouterProcessOptions Options(const std::string& log) {
    return {.store = "unix:" + redis_.address().unix_path,
            .metrics_listen = "127.0.0.1:0",
            .log_level = "debug",
            .log_file = files_.Path(log),
            .extra_arguments = Arguments()};
  }
  std::vector<std::string> Arguments() {
    std::vector<std::string> arguments = RouterArguments();
    arguments.push_back("--classifier=intents=" + classifier_.address());
    return arguments;
  }

  std::unique_ptr<grpc::ClientContext> Context(const std::string& token) {
    auto context = std::make_unique<grpc::ClientContext>();
    context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    context->AddMetadata("authorization", "Bearer " + *client::TokenFile(files_.Path(token))());
    context->AddMetadata("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    return context;
  }
  void Note(const grpc::Status& status, const grpc::ClientContext& context) {
    absl::StrAppend(&told_, status.error_message(), " ", status.error_details(), "\n");
    for (const auto* metadata :
         {&context.GetServerInitialMetadata(), &context.GetServerTrailingMetadata()}) {
      for (const auto& [key, value] : *metadata) {
        absl::StrAppend(&told_, std::string(key.data(), key.size()), ": ",
                        std::string(value.data(), value.size()), "\n");
      }
    }
  }
  // Calls with the token `as`; "" or the reason.
  template <class Stub, class Request, class Response>
  std::string Call(const std::string& as,
                   grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                   const Request& request, Response* response) {
    Stub stub(channel_);
    const auto context = Context(as);
    const grpc::Status status = (stub.*method)(context.get(), request, response);
    Note(status, *context);
    return status.ok() ? "" : status::ReasonOf(rpc::FromGrpc(status));
  }
  template <class Stub, class Request, class Response>
  std::string Do(const std::string& as,
                 grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                 const std::string& text) {
    Response response;
    return Call(as, method, Text<Request>(text), &response);
  }
  // What the token `as` is answered, as bytes.
  template <class Stub, class Request, class Response>
  std::string Seen(const std::string& as,
                   grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                   const std::string& text) {
    Response response;
    EXPECT_EQ(Call(as, method, Text<Request>(text), &response), "") << text;
    return response.SerializeAsString();
  }
  // One stream of commands; the reasons, in order.
  std::vector<std::string> Batch(const std::string& as, const std::string& text) {
    const auto context = Context(as);
    const auto stream = v1::RoutingService::NewStub(channel_)->Commands(context.get());
    stream->Write(Text<v1::CommandsRequest>(text));
    stream->WritesDone();
    std::vector<std::string> reasons;
    v1::CommandsResponse response;
    while (stream->Read(&response)) {
      absl::StrAppend(&told_, response.SerializeAsString());
      for (const v1::CommandResult& result : response.results()) {
        reasons.push_back(
            result.has_error() ? status::ReasonOf(rpc::FromProto(result.error())) : "");
      }
    }
    Note(stream->Finish(), *context);
    return reasons;
  }
  // The whole history as the token `as` is told it, up to the last event of `inquiry`.
  std::string History(const std::string& as, v1::Event::KindCase last, const std::string& inquiry) {
    const auto context = Context(as);
    const auto stream = v1::RoutingService::NewStub(channel_)->WatchEvents(
        context.get(), Text<v1::WatchEventsRequest>("workspace: 'shop' cursor: '0-0'"));
    std::string bytes;
    v1::WatchEventsResponse response;
    while (stream->Read(&response)) {
      absl::StrAppend(&bytes, response.SerializeAsString());
      for (const v1::Event& event : response.events()) {
        if (event.kind_case() == last && event.inquiry_id() == inquiry) {
          context->TryCancel();
          return bytes;
        }
      }
    }
    ADD_FAILURE() << "the history ended";
    return bytes;
  }
  std::string Doctor(const RouterProcess& router, const std::string& format) {
    std::ostringstream out, err;
    cli::Run({"-s", router.address(), "--tls-ca", files_.Path("ca.pem"), "--tls-server-name",
              kPodName, "--token-file", files_.Path("operator"), "-o", format, "doctor"},
             out, err);
    return out.str() + err.str();
  }

  void SayEverything();
  void BeRefused();
  void GiveTheVendorWork();

  RedisServer redis_{{.append_only = true}};
  TestClassifier classifier_;
  std::shared_ptr<grpc::Channel> channel_;  // to the router that is asked
  std::string told_;                        // what errors and headers said
};

using Routing = v1::RoutingService::Stub;
using Agents = v1::AgentService::Stub;
using Config = v1::ConfigService::Stub;

// Every RPC that takes some, as it should be.
void Privacy::SayEverything() {
  EXPECT_EQ(Do("operator", &Config::ApplyWorkspace,
               "mode: APPLY_MODE_PATCH workspace { id: 'shop'"
               " queues { id: 'picky' requirement { labels: '@label1' } }"
               " classification { rules { id: 'r' queue: 'q' conditions { key: '@key1' comparison: COMPARISON_EQUAL"
               " values: '@value1' } } rules { id: 'rest' queue: 'q' }"
               " external { classifier: 'intents' deadline { seconds: 2 } } } }"),
            "");
  EXPECT_EQ(Do("operator", &Config::UpsertAgents,
               "workspace: 'shop' agents { id: 'cat' labels: '@label2' }"),
            "");
  const std::string spec =
      "channel: 'chat' queue: 'q' customer: '@customer1' requirement { labels: '@label3' }"
      " attributes { key: '@key2' value: '@value2' }";
  EXPECT_EQ(Do("platform", &Routing::SubmitInquiry,
               "workspace: 'shop' inquiry { id: 'i1' " + spec + " }"),
            "");
  EXPECT_EQ(Do("platform", &Routing::UpdateInquiry,
               "workspace: 'shop' inquiry { id: 'i1' customer: '@customer2' attributes { key: "
               "'@key3' value: '@value3' } requirement { labels: '@label4' } }"
               " update_mask { paths: 'customer' paths: 'attributes' paths: 'requirement' }"),
            "");
  EXPECT_EQ(Do("platform", &Routing::TransferInquiry,
               "workspace: 'shop' inquiry_id: 'i1' queue: 'picky' requirement { labels: "
               "'@label5' }"),
            "");
  EXPECT_EQ(Do("platform", &Routing::SubmitInquiry,
               "workspace: 'shop' inquiry { id: 'i3' channel: 'chat' customer: '@customer8'"
               " attributes { key: '@key6' value: '@value6' } }"),
            "");
  ASSERT_EQ(classifier_.asked(), 1u);
  const std::string asked = classifier_.requests()[0].SerializeAsString();
  EXPECT_THAT(asked, HasSubstr(WithCanaries("@value6")));
  EXPECT_THAT(asked, Not(HasSubstr(WithCanaries("@customer"))));
  EXPECT_EQ(Do("platform", &Routing::CancelInquiry,
               "workspace: 'shop' inquiry_id: 'i3' reason: CANCEL_REASON_ABANDONED"),
            "");
  EXPECT_THAT(
      Batch("platform",
            "commands { submit_inquiry { workspace: 'shop' inquiry { id: 'i2' " + spec +
                " } } } commands { update_inquiry { workspace: 'shop' inquiry { id: 'i2' customer:"
                " '@customer3' } update_mask { paths: 'customer' } } }"),
      testing::ElementsAre("", ""));
}

// The same in calls that are refused, for each kind of reason.
void Privacy::BeRefused() {
  const std::string spec = " customer: '@customer4' requirement { labels: '@label6' }"
                           " attributes { key: '@key4' value: '@value4' }";
  const auto submit = [&](const std::string& as, const std::string& rest) {
    return Do(as, &Routing::SubmitInquiry, "workspace: 'shop' inquiry { " + rest + " }");
  };
  // By another caller, who must not learn what the first said.
  EXPECT_EQ(submit("other", "id: 'i1' channel: 'chat' queue: 'q'" + spec), "INQUIRY_ID_REUSED");
  EXPECT_EQ(submit("platform", "id: 'n' channel: 'chat' queue: 'none'" + spec), "UNKNOWN_QUEUE");
  EXPECT_EQ(submit("platform", "id: 'n' channel: 'chat' queue: 'q' customer: '@long'"),
            "INVALID_FIELD");
  EXPECT_EQ(submit("platform", "id: 'n' channel: 'chat' queue: 'q' attributes { key: 'k' value: "
                               "'@long' }"),
            "INVALID_FIELD");
  EXPECT_EQ(submit("platform", "id: 'n' channel: 'chat' queue: 'q' attributes { key: '@long' }"),
            "INVALID_FIELD");
  EXPECT_EQ(submit("platform", "id: 'n' channel: 'chat' queue: 'q' requirement { labels: '@long' }"),
            "INVALID_FIELD");
  EXPECT_EQ(submit("platform", "id: '' channel: 'chat' queue: 'q'" + spec), "INVALID_FIELD");
  EXPECT_EQ(submit("ann", "id: 'n' channel: 'chat' queue: 'q'" + spec), "ROLE_NOT_ALLOWED");
  EXPECT_EQ(Do("platform", &Routing::SubmitInquiry,
               "workspace: 'elsewhere' inquiry { id: 'n' channel: 'chat' queue: 'q'" + spec + " }"),
            "WORKSPACE_NOT_ALLOWED");
  EXPECT_EQ(Do("platform", &Routing::UpdateInquiry,
               "workspace: 'shop' inquiry { id: 'none' customer: '@customer5' }"
               " update_mask { paths: 'customer' }"),
            "UNKNOWN_INQUIRY");
  EXPECT_EQ(Do("platform", &Routing::TransferInquiry,
               "workspace: 'shop' inquiry_id: 'i1' queue: 'none' requirement { labels: '@label7' }"),
            "UNKNOWN_QUEUE");
  EXPECT_EQ(Do("platform", &Config::UpsertAgents,
               "workspace: 'shop' agents { id: 'dan' labels: '@label8' }"),
            "ROLE_NOT_ALLOWED");
  EXPECT_EQ(Do("operator", &Config::UpsertAgents,
               "workspace: 'shop' agents { id: 'dan' labels: '@label8' skills { skill: 's' level: "
               "77 } }"),
            "INVALID_FIELD");
  EXPECT_THAT(Batch("platform",
                    "commands { submit_inquiry { workspace: 'shop' inquiry { id: 'n' channel: "
                    "'chat' queue: 'none'" +
                        spec + " } } } commands { cancel_inquiry { workspace: 'shop' inquiry_id: "
                               "'none' } }"),
              testing::ElementsAre("UNKNOWN_QUEUE", testing::_));
  // No UTF-8: the transport's own refusal.
  v1::SubmitInquiryRequest broken;
  broken.set_workspace("shop");
  broken.mutable_inquiry()->set_customer(absl::StrCat("\xff", kCustomerMark));
  v1::SubmitInquiryResponse response;
  Call("platform", &Routing::SubmitInquiry, broken, &response);
}

// Bob, of the vendor, has an inquiry that says everything about its customer, and sends it on.
void Privacy::GiveTheVendorWork() {
  EXPECT_EQ(Do("platform", &Agents::SetPresence,
               "workspace: 'shop' agent_id: 'bob' presence: PRESENCE_AVAILABLE"),
            "");
  EXPECT_EQ(Do("platform", &Routing::SubmitInquiry,
               "workspace: 'shop' inquiry { id: 'bobs' channel: 'chat' queue: 'q' customer: "
               "'@customer6' attributes { key: '@key5' value: '@value5' } }"),
            "");
  EXPECT_EQ(Do("platform", &Routing::UpdateInquiry,
               "workspace: 'shop' inquiry { id: 'bobs' customer: '@customer7' } update_mask { "
               "paths: 'customer' }"),
            "");
}

TEST_F(Privacy, CanariesStayWhereTheyMustBe) {
  const RouterProcess a(Options("a.log")), b(Options("b.log"));
  ASSERT_TRUE(As("operator", a).ApplyWorkspace(Shop()).ok());
  const auto owner = redis_.Connect()->Call({"HGET", "fl:{shop}:own", "address"});
  ASSERT_EQ(owner->view().AsString().value_or(""), a.address());
  channel_ = files_.Connect(b.address(), "");
  SayEverything();
  BeRefused();
  GiveTheVendorWork();

  // Vendors, while bob has it.
  std::string vendors = Seen("vendor", &Routing::GetInquiry, "workspace: 'shop' inquiry_id: 'bobs'");
  EXPECT_THAT(vendors, HasSubstr("bobs"));
  absl::StrAppend(
      &vendors, Seen("vendor", &Routing::ListInquiries, "workspace: 'shop'"),
      Seen("vendor", &Agents::ListAgents, "workspace: 'shop'"),
      Seen("vendor", &v1::StatsService::Stub::GetAgentStats, "workspace: 'shop'"));
  EXPECT_EQ(Do("platform", &Routing::TransferInquiry,
               "workspace: 'shop' inquiry_id: 'bobs' queue: 'picky' agent_id: 'bob'"),
            "");
  absl::StrAppend(&vendors, History("vendor", v1::Event::kInquiryTransferred, "bobs"));
  EXPECT_THAT(vendors, Not(HasSubstr(kCustomerMark)));
  EXPECT_THAT(vendors, HasSubstr("bob"));

  // The search finds what is there: whoever may read it does, and Redis has every one.
  EXPECT_THAT(History("operator", v1::Event::kInquiryTransferred, "bobs"), HasSubstr(kCustomerMark));
  EXPECT_THAT(Seen("platform", &Routing::GetInquiry, "workspace: 'shop' inquiry_id: 'i1'"),
              HasSubstr(WithCanaries("@customer2")));
  std::string stored;
  for (const auto& file : std::filesystem::recursive_directory_iterator(redis_.folder())) {
    if (file.is_regular_file()) absl::StrAppend(&stored, ReadAll(file.path()));
  }
  for (const char* said : {"@customer1", "@customer2", "@customer3", "@key1", "@key2", "@key3",
                           "@value1", "@value2", "@value3", "@label1", "@label2", "@label3",
                           "@label4", "@label5", "@customer6", "@customer7", "@customer8",
                           "@label9", "@label0"}) {
    EXPECT_NE(stored.find(WithCanaries(said)), std::string::npos) << said;
  }
  // What was refused is nowhere.
  for (const char* refused : {"@customer4", "@customer5", "@label6", "@label7", "@label8"}) {
    EXPECT_EQ(stored.find(WithCanaries(refused)), std::string::npos) << refused;
  }

  // Everywhere else there is none.
  EXPECT_GT(told_.size(), 1000u);
  EXPECT_THAT(told_, Not(HasSubstr(kMark))) << "errors and headers";
  for (const RouterProcess* router : {&a, &b}) {
    for (const char* page : {"/metrics", "/statusz?format=json", "/statusz?format=html"}) {
      const std::string body = HttpGet(router->metrics_address(), page);
      EXPECT_GT(body.size(), 500u) << page;
      EXPECT_THAT(body, Not(HasSubstr(kMark))) << page;
    }
    for (const char* format : {"table", "json"}) {
      const std::string report = Doctor(*router, format);
      EXPECT_GT(report.size(), 50u);
      EXPECT_THAT(report, Not(HasSubstr(kMark))) << format;
    }
  }
  for (const char* log : {"a.log", "b.log"}) {
    const std::string lines = ReadAll(files_.Path(log));
    EXPECT_THAT(lines, HasSubstr("4bf92f3577b34da6a3ce929d0e0e4736")) << "calls are traced";
    EXPECT_THAT(lines, Not(HasSubstr(kMark))) << log;
  }
  EXPECT_THAT(ReadAll(files_.Path("b.log")), HasSubstr("\"msg\":\"refused\""));
}

}  // namespace
}  // namespace firstline::test
