// /statusz of a real router on a real Redis: as the router is, as people and programs read it,
// bounded however many workspaces there are.
#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include <grpcpp/grpcpp.h>

#include "firstline/v1/config_service.grpc.pb.h"
#include "firstline/v1/routing_service.grpc.pb.h"
#include "firstline/v1/status_service.pb.h"
#include "tests/common/redis_server.h"
#include "tests/support/chat_workspace.h"
#include "tests/support/http_get.h"
#include "tests/support/router_process.h"

namespace firstline::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class Statusz : public testing::Test {
 protected:
  void Apply(const std::string& workspace) {
    grpc::ClientContext context;
    v1::ApplyWorkspaceResponse response;
    const grpc::Status status =
        config_->ApplyWorkspace(&context, ChatWorkspace(workspace), &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }
  v1::GetStatusResponse Status() {
    const std::string response = HttpGet(router_.metrics_address(), "/statusz");
    EXPECT_THAT(response, AllOf(HasSubstr("200 OK"), HasSubstr("application/json")));
    v1::GetStatusResponse status;
    const auto read = google::protobuf::util::JsonStringToMessage(
        response.substr(response.find("\r\n\r\n") + 4), &status);
    EXPECT_TRUE(read.ok()) << read;
    return status;
  }

  RedisServer redis_{{.append_only = true, .tcp = true, .password = "s3cret-of-redis"}};
  RouterProcess router_{{.store = "redis://:s3cret-of-redis@" + redis_.tcp_address().ToString(),
                         .metrics_listen = "127.0.0.1:0",
                         .log_level = "error"}};
  std::shared_ptr<grpc::Channel> channel_ =
      grpc::CreateChannel(router_.address(), grpc::InsecureChannelCredentials());
  std::unique_ptr<v1::ConfigService::Stub> config_ = v1::ConfigService::NewStub(channel_);
};

TEST_F(Statusz, TellsHowTheRouterIs) {
  Apply("shop");
  const v1::GetStatusResponse status = Status();
  EXPECT_EQ(status.address(), router_.address());
  EXPECT_TRUE(status.ready());
  EXPECT_TRUE(status.complete());
  EXPECT_EQ(status.store().kind(), "redis");
  EXPECT_EQ(status.store().maxmemory_policy(), "noeviction");
  EXPECT_TRUE(status.store().append_only());
  ASSERT_EQ(status.workspaces_size(), 1);
  const v1::WorkspaceStatus& shop = status.workspaces(0);
  EXPECT_EQ(shop.workspace(), "shop");
  EXPECT_EQ(shop.phase(), v1::WORKSPACE_PHASE_ACTIVE);
  EXPECT_EQ(shop.owner(), router_.address());
  EXPECT_GT(shop.lease_left().seconds(), 0);
  EXPECT_LE(shop.lease_left().seconds(), 10);
  EXPECT_GT(shop.epoch(), 0u);
  EXPECT_EQ(shop.config_etag(), "1");
  EXPECT_GE(shop.commits(), 1);
  EXPECT_TRUE(shop.has_last_commit_time());
  EXPECT_EQ(status.incidents_size(), 0);
}

TEST_F(Statusz, PeopleReadItInABrowser) {
  Apply("shop");
  const std::string page = HttpGet(router_.metrics_address(), "/statusz?format=html");
  EXPECT_THAT(page, AllOf(HasSubstr("text/html"), HasSubstr("<td>shop</td>"), HasSubstr("ACTIVE"),
                          HasSubstr("noeviction")));
  EXPECT_EQ(page.find("s3cret"), std::string::npos);
  EXPECT_EQ(HttpGet(router_.metrics_address(), "/statusz").find("s3cret"), std::string::npos);
}

TEST_F(Statusz, IsBoundedAndSaysWhatIsLeftOut) {
  for (int i = 0; i < 205; ++i) Apply("w" + std::to_string(i));
  const v1::GetStatusResponse status = Status();
  EXPECT_EQ(status.workspace_count(), 205);
  EXPECT_EQ(status.workspaces_size(), 200);
  EXPECT_LT(HttpGet(router_.metrics_address(), "/statusz").size(), 200'000u);
}

TEST_F(Statusz, WorksWhileRedisDoesNot) {
  Apply("shop");
  redis_.Kill();
  const v1::GetStatusResponse status = Status();
  EXPECT_NE(status.store().error(), "");
  EXPECT_TRUE(status.complete());
  EXPECT_EQ(status.workspaces_size(), 1);
}

}  // namespace
}  // namespace firstline::test
