// TLS on the gRPC port: who gets in, who does not, how pods know one another, and certificates that
// are replaced while connections are open.
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "absl/strings/str_cat.h"
#include "common/redis/connection.h"
#include "common/rpc/error.h"
#include "common/status/reason.h"
#include "firstline/internal/v1/forward_service.grpc.pb.h"
#include "firstline/v1/config_service.grpc.pb.h"
#include "firstline/v1/routing_service.grpc.pb.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "services/router/app.h"
#include "tests/common/redis_server.h"
#include "tests/support/chat_workspace.h"
#include "tests/support/router_process.h"
#include "tests/support/secure_files.h"

namespace firstline::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
namespace health = ::grpc::health::v1;

constexpr seconds kPatience{20};

void SetDeadline(grpc::ClientContext& context, milliseconds span = kPatience) {
  context.set_deadline(std::chrono::system_clock::now() + span);
}

absl::Status List(const std::shared_ptr<grpc::Channel>& channel,
                  milliseconds deadline = kPatience) {
  grpc::ClientContext context;
  SetDeadline(context, deadline);
  v1::ListWorkspacesResponse response;
  return rpc::FromGrpc(v1::ConfigService::NewStub(channel)->ListWorkspaces(&context, {}, &response));
}

absl::Status Apply(const std::shared_ptr<grpc::Channel>& channel, const std::string& name) {
  grpc::ClientContext context;
  SetDeadline(context);
  v1::ApplyWorkspaceResponse response;
  return rpc::FromGrpc(v1::ConfigService::NewStub(channel)->ApplyWorkspace(
      &context, ChatWorkspace(name), &response));
}

class Tls : public testing::Test {
 protected:
  RouterProcess Start(std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = files_.RouterArguments();
    arguments.insert(arguments.end(), more.begin(), more.end());
    return RouterProcess({.extra_arguments = arguments});
  }

  SecureFiles files_;
};

TEST_F(Tls, AClientNeedsACertificateOfTheCa) {
  const RouterProcess router = Start();
  EXPECT_TRUE(List(files_.Connect(router.address(), "client")).ok());
  EXPECT_TRUE(absl::IsUnavailable(List(files_.Connect(router.address(), ""))));

  CertificateAuthority stranger("stranger");
  files_.Write("strange", stranger.Issue({.common_name = "platform"}));
  EXPECT_TRUE(absl::IsUnavailable(List(files_.Connect(router.address(), "strange"))));

  const auto plaintext = grpc::CreateChannel(router.address(), grpc::InsecureChannelCredentials());
  EXPECT_TRUE(absl::IsUnavailable(List(plaintext)));
}

TEST_F(Tls, AClientMayGoWithoutWhereItIsAllowed) {
  const RouterProcess router = Start({"--tls-clients=may-prove"});
  EXPECT_TRUE(List(files_.Connect(router.address(), "")).ok());
  CertificateAuthority stranger("stranger");
  files_.Write("strange", stranger.Issue({.common_name = "platform"}));
  EXPECT_TRUE(absl::IsUnavailable(List(files_.Connect(router.address(), "strange"))));
}

TEST_F(Tls, AClientBelievesNoOtherName) {
  const RouterProcess router = Start();
  EXPECT_TRUE(absl::IsUnavailable(List(files_.Connect(router.address(), "client", "bank"))));
}

TEST_F(Tls, HealthIsToldInPlaintextAndNothingElse) {
  const RouterProcess router = Start({"--health-listen=127.0.0.1:0"});
  const auto channel =
      grpc::CreateChannel(router.health_address(), grpc::InsecureChannelCredentials());
  const auto stub = health::Health::NewStub(channel);
  // It is ready once its store has answered.
  grpc::ClientContext watching;
  SetDeadline(watching);
  health::HealthCheckRequest readiness;
  readiness.set_service("readiness");
  health::HealthCheckResponse present;
  const auto changes = stub->Watch(&watching, readiness);
  while (changes->Read(&present) && present.status() != health::HealthCheckResponse::SERVING) {
  }
  watching.TryCancel();
  for (const char* service : {"", "liveness", "readiness", "firstline.v1.RoutingService"}) {
    grpc::ClientContext context;
    SetDeadline(context);
    health::HealthCheckRequest request;
    request.set_service(service);
    health::HealthCheckResponse response;
    EXPECT_TRUE(stub->Check(&context, request, &response).ok()) << service;
    EXPECT_EQ(response.status(), health::HealthCheckResponse::SERVING) << service;
  }
  EXPECT_TRUE(absl::IsUnimplemented(List(channel)));
}

TEST_F(Tls, PodsForwardToOneAnother) {
  RedisServer redis{{.append_only = true}};
  std::vector<std::string> arguments = files_.RouterArguments();
  arguments.push_back("--lease-ms=1000");
  const RouterProcessOptions options{.store = "unix:" + redis.address().unix_path,
                                     .extra_arguments = arguments};
  const RouterProcess a(options), b(options);
  const auto first = files_.Connect(a.address(), "client");
  const auto second = files_.Connect(b.address(), "client");
  ASSERT_TRUE(Apply(first, "shop").ok());
  const auto owner = redis.Connect()->Call({"HGET", "fl:{shop}:own", "address"});
  ASSERT_EQ(owner->view().AsString().value_or(""), a.address());

  v1::SubmitInquiryRequest submit;
  submit.set_workspace("shop");
  submit.mutable_inquiry()->set_id("i1");
  submit.mutable_inquiry()->set_channel("chat");
  submit.mutable_inquiry()->set_queue("q");
  grpc::ClientContext context;
  SetDeadline(context);
  v1::SubmitInquiryResponse response;
  const absl::Status status = rpc::FromGrpc(
      v1::RoutingService::NewStub(second)->SubmitInquiry(&context, submit, &response));
  EXPECT_TRUE(status.ok()) << status;
}

// A valid client is not a pod: what it forwards would be believed.
TEST_F(Tls, OnlyPodsForward) {
  const RouterProcess router = Start();
  const auto forward = [&](const std::string& name) {
    const auto stub =
        internal::v1::ForwardService::NewStub(files_.Connect(router.address(), name));
    grpc::ClientContext context;
    SetDeadline(context);
    const auto stream = stub->Forward(&context);
    internal::v1::ForwardRequest request;
    request.add_calls()->set_method("/firstline.v1.ConfigService/ListWorkspaces");
    stream->Write(request);
    stream->WritesDone();
    internal::v1::ForwardResponse response;
    const bool answered = stream->Read(&response);
    const absl::Status status = rpc::FromGrpc(stream->Finish());
    EXPECT_EQ(answered, status.ok());
    return status;
  };
  EXPECT_TRUE(forward("pod").ok());
  const absl::Status refused = forward("client");
  EXPECT_EQ(refused.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(status::ReasonOf(refused), "NOT_A_POD");
}

// The old CA goes, a new one comes: new connections need the new one, the stream that is open goes
// on, and the router is the same process.
TEST_F(Tls, CertificatesAreReplacedUnderOpenConnections) {
  const RouterProcess router = Start();
  const auto old_client = files_.Connect(router.address(), "client");
  ASSERT_TRUE(Apply(old_client, "shop").ok());
  grpc::ClientContext context;
  SetDeadline(context, 2 * kPatience);
  const auto stream = v1::RoutingService::NewStub(old_client)->Commands(&context);
  const auto ask = [&] {
    v1::CommandsRequest batch;
    batch.add_commands()->mutable_cancel_inquiry()->set_workspace("shop");
    v1::CommandsResponse response;
    return stream->Write(batch) && stream->Read(&response);
  };
  EXPECT_TRUE(ask());

  CertificateAuthority fresh("fresh");
  files_.Write("fresh-client", fresh.Issue({.common_name = "platform"}));
  files_.Write("pod", fresh.Issue({.common_name = "pod", .dns_names = {kPodName}}));
  WriteFile(files_.Path("ca.pem"), fresh.pem());
  const auto deadline = steady_clock::now() + kPatience;
  absl::Status status;
  do {
    status = List(files_.Connect(router.address(), "fresh-client"), milliseconds(500));
  } while (!status.ok() && steady_clock::now() < deadline);
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_FALSE(List(files_.Connect(router.address(), "client"), milliseconds(500)).ok());
  EXPECT_TRUE(ask());
}

// ---- What a router refuses to start with -------------------------------------------------------

std::string StartError(const router::AppOptions& options) {
  const auto app = router::App::Start(options);
  return app.ok() ? "" : std::string(app.status().message());
}

router::AppOptions On(const std::string& listen) {
  router::AppOptions options;
  options.listen = listen;
  options.metrics_listen = "";
  return options;
}

TEST(Reach, PlaintextBeyondThisMachineHasToBeMeant) {
  for (const char* loopback : {"127.0.0.1:0", "127.3.2.1:0", "localhost:0"}) {
    EXPECT_EQ(StartError(On(loopback)), "") << loopback;
  }
  for (const char* beyond : {"0.0.0.0:0", "[::]:0", "127.0.0.1.nip.example:0", "router:0"}) {
    EXPECT_NE(StartError(On(beyond)).find("plaintext"), std::string::npos) << beyond;
  }
  router::AppOptions meant = On("0.0.0.0:0");
  meant.insecure = true;
  EXPECT_EQ(StartError(meant), "");
}

TEST_F(Tls, WrongFilesAreNamed) {
  files_.Issue("old", {.common_name = "pod", .dns_names = {kPodName}, .expired = true});
  const auto error = [&](const std::string& certificate, const std::string& key,
                         const std::string& ca) {
    router::AppOptions options = On("0.0.0.0:0");
    const auto path = [&](const std::string& name) {
      return name.empty() ? name : files_.Path(name);
    };
    options.tls.files = {path(certificate), path(key), path(ca)};
    return StartError(options);
  };
  EXPECT_EQ(error("pod.pem", "pod.key", "ca.pem"), "");
  EXPECT_EQ(error("pod.pem", "client.key", "ca.pem"),
            absl::StrCat(files_.Path("client.key"), ": is not the key of ",
                         files_.Path("pod.pem")));
  EXPECT_EQ(error("none.pem", "pod.key", "ca.pem"),
            absl::StrCat(files_.Path("none.pem"), ": cannot be read"));
  EXPECT_EQ(error("pod.key", "pod.key", "ca.pem"),
            absl::StrCat(files_.Path("pod.key"), ": has no certificate in PEM"));
  EXPECT_EQ(error("pod.pem", "pod.pem", "ca.pem"),
            absl::StrCat(files_.Path("pod.pem"), ": has no private key in PEM"));
  EXPECT_EQ(error("old.pem", "old.key", "ca.pem"),
            absl::StrCat(files_.Path("old.pem"), ": has a certificate that has run out"));
  EXPECT_EQ(error("pod.pem", "pod.key", ""), "TLS needs a certificate, its key and a CA");
  EXPECT_EQ(error("pod.pem", "", "ca.pem"),
            absl::StrCat(files_.Path("pod.pem"), ": needs its key"));

  router::AppOptions half = On("127.0.0.1:0");
  half.tls.files.ca = files_.Path("ca.pem");
  EXPECT_EQ(StartError(half), "--tls-key and --tls-ca need --tls-cert");
}

}  // namespace
}  // namespace firstline::test
