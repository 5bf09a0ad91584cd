// Routers come and go beside a load that knows one of them: workspaces follow, and no call fails.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include <grpcpp/grpcpp.h>

#include "absl/strings/str_cat.h"
#include "common/redis/connection.h"
#include "firstline/v1/config_service.grpc.pb.h"
#include "firstline/v1/routing_service.grpc.pb.h"
#include "tests/common/redis_server.h"
#include "tests/support/chat_workspace.h"
#include "tests/support/router_process.h"

namespace firstline::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr int kWorkspaces = 6;

class Spreading : public testing::Test {
 protected:
  static std::string Name(int i) { return absl::StrCat("shop", i); }

  void SetUp() override {
    auto config = v1::ConfigService::NewStub(channel_);
    for (int i = 0; i < kWorkspaces; ++i) {
      v1::ApplyWorkspaceResponse response;
      grpc::ClientContext context;
      const grpc::Status status = config->ApplyWorkspace(&context, ChatWorkspace(Name(i)), &response);
      ASSERT_TRUE(status.ok()) << status.error_message();
    }
  }

  grpc::Status Submit(v1::RoutingService::Stub& stub, int workspace, int number) {
    v1::SubmitInquiryRequest request;
    request.set_workspace(Name(workspace));
    request.mutable_inquiry()->set_id(absl::StrCat("i", number));
    request.mutable_inquiry()->set_channel("chat");
    request.mutable_inquiry()->set_queue("q");
    v1::SubmitInquiryResponse response;
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + seconds(20));
    return stub.SubmitInquiry(&context, request, &response);
  }

  // How many workspaces each router owns, those given up aside.
  std::map<std::string, int> Shares() {
    std::map<std::string, int> shares;
    for (int i = 0; i < kWorkspaces; ++i) {
      const auto key = absl::StrCat("fl:{", Name(i), "}:own");
      const auto owner = redis_connection_->Call({"HGET", key, "address"});
      if (owner.ok()) ++shares[std::string(owner->view().AsString().value_or(""))];
    }
    return shares;
  }
  bool SharesBecome(const std::map<std::string, int>& wanted) {
    const auto end = steady_clock::now() + seconds(30);
    while (Shares() != wanted && steady_clock::now() < end) {
      std::this_thread::sleep_for(milliseconds(20));
    }
    EXPECT_EQ(Shares(), wanted);
    return !HasFailure();
  }

  RedisServer redis_{{.append_only = true}};
  std::unique_ptr<redis::Connection> redis_connection_ = redis_.Connect();
  const RouterProcessOptions options_ = {.store = "unix:" + redis_.address().unix_path,
                                         .extra_arguments = {"--lease-ms=1000"}};
  RouterProcess a_{options_};
  std::shared_ptr<grpc::Channel> channel_ =
      grpc::CreateChannel(a_.address(), grpc::InsecureChannelCredentials());
};

TEST_F(Spreading, WorkspacesFollowRoutersAndNoCallFails) {
  std::atomic<bool> stop = false;
  std::atomic<int> failed = 0, served = 0;
  std::string first_failure;
  std::thread load([&] {
    auto stub = v1::RoutingService::NewStub(channel_);
    for (int i = 0; !stop; ++i) {
      const grpc::Status status = Submit(*stub, i % kWorkspaces, i);
      if (!status.ok() && failed++ == 0) first_failure = status.error_message();
      ++served;
    }
  });
  {
    RouterProcess b(options_), c(options_);
    EXPECT_TRUE(SharesBecome({{a_.address(), 2}, {b.address(), 2}, {c.address(), 2}}));
    c.Signal(SIGTERM);
    EXPECT_EQ(c.Wait(), 0);
    EXPECT_TRUE(SharesBecome({{a_.address(), 3}, {b.address(), 3}}));
    b.Signal(SIGTERM);
    EXPECT_EQ(b.Wait(), 0);
    EXPECT_TRUE(SharesBecome({{a_.address(), kWorkspaces}}));
  }
  stop = true;
  load.join();
  EXPECT_EQ(failed, 0) << first_failure;
  EXPECT_GT(served, 0);
}

}  // namespace
}  // namespace firstline::test
