// Two routers and a classifier as processes and sockets: asked by the owner for callers of any pod, in
// order, once for good; and how routers are told of classifiers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "absl/strings/str_cat.h"
#include "common/redis/connection.h"
#include "common/rpc/error.h"
#include "services/demo/metrics_text.h"
#include "services/router/classifier_setup.h"
#include "tests/common/redis_server.h"
#include "tests/integration/stubs.h"
#include "tests/support/chat_workspace.h"
#include "tests/support/router_process.h"
#include "tests/support/secure_files.h"
#include "tests/support/test_classifier.h"

namespace firstline::test {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

v1::SubmitInquiryRequest RequestOf(const std::string& id, const std::string& queue = "") {
  v1::SubmitInquiryRequest request;
  request.set_workspace("shop");
  request.mutable_inquiry()->set_id(id);
  request.mutable_inquiry()->set_channel("chat");
  request.mutable_inquiry()->set_queue(queue);
  return request;
}

class ClassifierRoute : public testing::Test {
 protected:
  ClassifierRoute() {
    classifier_.SayQueue("refunds");
    v1::ApplyWorkspaceRequest request = ChatWorkspace("shop", {"care", "refunds"});
    v1::Classification& classification = *request.mutable_workspace()->mutable_classification();
    v1::ExternalClassifier& external = *classification.mutable_external();
    external.set_classifier("intents");
    external.mutable_deadline()->set_seconds(2);
    v1::Rule& rest = *classification.add_rules();
    rest.set_id("rest");
    rest.set_queue("care");
    v1::ApplyWorkspaceResponse response;
    EXPECT_TRUE(
        Call(*first_.config, &v1::ConfigService::Stub::ApplyWorkspace, request, &response).ok());
    // The second finds out the owner, and its epoch.
    EXPECT_TRUE(Submit(second_, "begin", "care").ok());
  }

  static absl::Status Submit(Stubs& stubs, const std::string& id, const std::string& queue = "") {
    v1::SubmitInquiryResponse response;
    return Call(*stubs.routing, &v1::RoutingService::Stub::SubmitInquiry, RequestOf(id, queue),
                &response);
  }
  static v1::Inquiry Get(Stubs& stubs, const std::string& id) {
    v1::GetInquiryRequest request;
    request.set_workspace("shop");
    request.set_inquiry_id(id);
    v1::GetInquiryResponse response;
    (void)Call(*stubs.routing, &v1::RoutingService::Stub::GetInquiry, request, &response);
    return response.inquiry();
  }
  // What the history tells of the submission of each inquiry, in order.
  std::vector<std::string> History(Stubs& stubs, size_t submissions) {
    v1::WatchEventsRequest request;
    request.set_workspace("shop");
    request.set_cursor("0-0");
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    auto reader = stubs.routing->WatchEvents(&context, request);
    std::vector<std::string> told;
    v1::WatchEventsResponse response;
    while (told.size() < submissions && reader->Read(&response)) {
      for (const v1::Event& event : response.events()) {
        if (!event.has_inquiry_submitted()) continue;
        const v1::InquirySubmitted& one = event.inquiry_submitted();
        told.push_back(absl::StrCat(
            one.inquiry().spec().id(), " ", one.inquiry().spec().queue(), " ",
            v1::ClassifierOutcome_Name(one.classifier().outcome()).substr(19)));
      }
    }
    context.TryCancel();
    return told;
  }
  void AwaitAsked(size_t count) {
    while (classifier_.asked() < count) std::this_thread::yield();
  }
  static double Metric(const RouterProcess& router, const std::string& name,
                       const demo::MetricLabels& labels) {
    const absl::StatusOr<std::string> page = demo::Scrape(router.metrics_address());
    EXPECT_TRUE(page.ok()) << page.status();
    return page.ok() ? demo::MetricsText(*page).Sum(name, labels) : -1;
  }

  TestClassifier classifier_;
  RedisServer redis_{{.append_only = true}};
  const RouterProcessOptions options_ = {
      .store = "unix:" + redis_.address().unix_path,
      .metrics_listen = "127.0.0.1:0",
      .extra_arguments = {"--lease-ms=1000", "--classifier=intents=" + classifier_.address()}};
  RouterProcess a_{options_}, b_{options_};
  Stubs first_{a_.address()}, second_{b_.address()};
};

TEST_F(ClassifierRoute, TheOwnerAsksForCallersOfAnyPod) {
  EXPECT_TRUE(Submit(second_, "i1").ok());
  EXPECT_TRUE(Submit(first_, "i2").ok());
  EXPECT_EQ(Get(second_, "i1").spec().queue(), "refunds");
  EXPECT_EQ(classifier_.asked(), 2u);
  const demo::MetricLabels verdicts = {{"classifier", "intents"}, {"outcome", "verdict"}};
  EXPECT_EQ(Metric(a_, "firstline_classifier_answers_total", verdicts), 2);
  EXPECT_EQ(Metric(b_, "firstline_classifier_answers_total", verdicts), 0);
  EXPECT_EQ(Metric(a_, "firstline_inquiries_classified_total", {{"outcome", "verdict"}}), 2);
  EXPECT_EQ(Metric(a_, "firstline_classifier_answer_seconds_count", {{"classifier", "intents"}}), 2);
  EXPECT_EQ(Metric(a_, "firstline_classifier_asking", {{"classifier", "intents"}}), 0);
}

TEST_F(ClassifierRoute, AForwardedStreamKeepsItsOrderAndHoldsUpNobodyElse) {
  classifier_.Hold();
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  auto stream = second_.routing->Commands(&context);
  v1::CommandsRequest request;
  const auto add = [&](const std::string& id, const std::string& queue) {
    v1::Command& command = *request.add_commands();
    command.set_id(static_cast<uint64_t>(request.commands_size()));
    *command.mutable_submit_inquiry() = RequestOf(id, queue);
  };
  add("a", "");
  v1::CancelInquiryRequest& cancel = *request.add_commands()->mutable_cancel_inquiry();
  cancel.set_workspace("shop");
  cancel.set_inquiry_id("a");
  cancel.set_reason(v1::CANCEL_REASON_WITHDRAWN);
  add("named", "care");
  ASSERT_TRUE(stream->Write(request));
  AwaitAsked(1);
  EXPECT_TRUE(Submit(second_, "other", "care").ok());
  EXPECT_TRUE(Get(second_, "named").spec().id().empty());
  classifier_.Release();
  stream->WritesDone();
  v1::CommandsResponse response;
  int results = 0;
  while (stream->Read(&response)) {
    for (const v1::CommandResult& result : response.results()) {
      ++results;
      EXPECT_FALSE(result.has_error()) << result.DebugString();
    }
  }
  EXPECT_EQ(results, 3);
  EXPECT_THAT(History(second_, 4), ElementsAre("begin care UNSPECIFIED", "other care UNSPECIFIED",
                                               "a refunds VERDICT", "named care UNSPECIFIED"));
}

TEST_F(ClassifierRoute, AnOwnerToldToGoWhileItAsksLeavesItToTheNext) {
  classifier_.Hold();
  auto submitted = std::async(std::launch::async, [&] { return Submit(second_, "i1"); });
  AwaitAsked(1);
  a_.Signal(SIGTERM);
  AwaitAsked(2);
  classifier_.Release();
  const absl::Status status = submitted.get();
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(a_.Wait(), 0);
  EXPECT_THAT(History(second_, 2), ElementsAre("begin care UNSPECIFIED", "i1 refunds VERDICT"));
}

TEST_F(ClassifierRoute, AnOwnerKilledWhileItAsksLeavesItToTheNext) {
  classifier_.Hold();
  auto submitted = std::async(std::launch::async, [&] { return Submit(second_, "i1"); });
  AwaitAsked(1);
  a_.Signal(SIGKILL);
  a_.Wait();
  AwaitAsked(2);
  classifier_.Release();
  const absl::Status status = submitted.get();
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_THAT(History(second_, 2), ElementsAre("begin care UNSPECIFIED", "i1 refunds VERDICT"));
}

// ---- How routers are told ---------------------------------------------------------------------

std::string Problem(const router::ClassifierOptions& options) {
  const auto read = router::ReadClassifiers(options, {});
  EXPECT_TRUE(read.ok() || absl::IsInvalidArgument(read.status())) << read.status();
  return read.ok() ? "" : std::string(read.status().message());
}

TEST(ClassifierSetup, NamesAndAddressesAreChecked) {
  EXPECT_EQ(Problem({}), "");
  EXPECT_EQ(Problem({.named = {"a=127.0.0.1:1", "b=localhost:2", "c=[::1]:3", "d=unix:/d"}}), "");
  EXPECT_THAT(Problem({.named = {"a"}}), HasSubstr("no address"));
  EXPECT_THAT(Problem({.named = {"a="}}), HasSubstr("no address"));
  EXPECT_THAT(Problem({.named = {"a=host"}}), HasSubstr("no address"));
  EXPECT_THAT(Problem({.named = {"=127.0.0.1:1"}}), HasSubstr("NAME=ADDRESS"));
  EXPECT_THAT(Problem({.named = {std::string(65, 'a') + "=127.0.0.1:1"}}), HasSubstr("1 to 64"));
  EXPECT_THAT(Problem({.named = {"a=127.0.0.1:1", "a=127.0.0.1:2"}}), HasSubstr("twice"));
  std::vector<std::string> many;
  for (int i = 0; i < 16; ++i) many.push_back(absl::StrCat("c", i, "=127.0.0.1:1"));
  EXPECT_EQ(Problem({.named = many}), "");
  many.push_back("more=127.0.0.1:1");
  EXPECT_THAT(Problem({.named = many}), HasSubstr("at most 16"));
}

TEST(ClassifierSetup, PlaintextStaysOnThisMachineUnlessItIsMeant) {
  EXPECT_THAT(Problem({.named = {"a=intents.svc:7700"}}), HasSubstr("--classifier-ca"));
  EXPECT_THAT(Problem({.named = {"a=10.0.0.1:7700"}}), HasSubstr("--classifier-insecure"));
  EXPECT_EQ(Problem({.named = {"a=intents.svc:7700"}, .ca = "", .insecure = true}), "");
  EXPECT_THAT(Problem({.named = {}, .ca = "ca.pem"}), HasSubstr("needs --classifier"));
  EXPECT_THAT(Problem({.named = {"a=intents.svc:7700"}, .ca = "/nowhere.pem"}),
              HasSubstr("/nowhere.pem"));
}

class ClassifierTls : public testing::Test {
 protected:
  ClassifierTls() { files_.Issue("classifier", {.common_name = "c", .dns_names = {"localhost"}}); }

  // Asks a classifier that shows the certificate `shown` and wants one of its callers.
  api::ClassifierAnswer::How Ask(const std::string& shown, const std::string& ca,
                                 const tls::Files& own) {
    TestClassifier classifier(*tls::ServerCredentials({.certificate = files_.Path(shown + ".pem"),
                                                       .key = files_.Path(shown + ".key"),
                                                       .ca = files_.Path("ca.pem")},
                                                      tls::Clients::kMustProve));
    const std::string port = classifier.address().substr(classifier.address().rfind(':'));
    auto known = router::ReadClassifiers(
        {.named = {"intents=localhost" + port}, .ca = files_.Path(ca)}, own);
    EXPECT_TRUE(known.ok()) << known.status();
    api::ClassifierClient client(*known);
    std::promise<api::ClassifierAnswer::How> how;
    client.Ask("intents", {}, std::chrono::seconds(10),
               [&](const api::ClassifierAnswer& answer) { how.set_value(answer.how); });
    return how.get_future().get();
  }

  SecureFiles files_;
  const tls::Files own_{.certificate = files_.Path("pod.pem"), .key = files_.Path("pod.key")};
};

TEST_F(ClassifierTls, BothSidesAreBelievedByTheirCertificates) {
  using How = api::ClassifierAnswer::How;
  EXPECT_EQ(Ask("classifier", "ca.pem", own_), How::kAnswered);
  // Without one of its own a router is nobody to this classifier.
  EXPECT_EQ(Ask("classifier", "ca.pem", {}), How::kFailed);
  // A certificate of another name, or signed by another.
  EXPECT_EQ(Ask("pod", "ca.pem", own_), How::kFailed);
  WriteFile(files_.Path("strange.pem"), CertificateAuthority("stranger").pem());
  EXPECT_EQ(Ask("classifier", "strange.pem", own_), How::kFailed);
}

}  // namespace
}  // namespace firstline::test
