// StatusService and its page: everything of a report is told, bounded and harmless.
#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>

#include "services/router/api/status_service.h"
#include "tests/api/server_fixture.h"

namespace firstline::api {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

StatusReport Sample() {
  StatusReport report;
  report.version = "1.2.3";
  report.address = "router-0:7600";
  report.start_time = std::chrono::seconds(1'000'000);
  report.time = std::chrono::seconds(1'000'060);
  report.ready = true;
  report.store_address = "redis:6379";
  store::RedisFacts facts;
  facts.version = "7.0.15";
  facts.role = "master";
  facts.maxmemory_policy = "noeviction";
  facts.good_replicas = 0;
  facts.round_trip = std::chrono::microseconds(250);
  report.redis = facts;
  report.open_calls = 3;
  report.complete = true;
  report.workspace_count = 2;
  report.workspaces.push_back(
      {.workspace = "shop",
       .phase = runtime::Phase::kActive,
       .owner = "router-0:7600",
       .open_calls = 3,
       .held = WorkspaceReport::Held{.lease_left = engine::Seconds(8),
                                     .epoch = 7,
                                     .config_etag = "5",
                                     .inquiries = 10,
                                     .open_inquiries = 4,
                                     .agents = 2,
                                     .commits = 9,
                                     .last_commit_time = std::chrono::seconds(1'000'059),
                                     .last_commit_latency = engine::Milliseconds(1)}});
  report.workspaces.push_back({.workspace = "bank", .owner = "router-1:7600", .held = std::nullopt});
  report.incidents.push_back({"shop", "in_doubt", std::chrono::seconds(1'000'030), 4});
  return report;
}

class StatusTest : public ServerFixture {};

TEST_F(StatusTest, TellsWhatTheRouterKnows) {
  backend_.status_report = Sample();
  StartServer();
  const auto status = Must<v1::GetStatusResponse>("StatusService.GetStatus", "");
  EXPECT_EQ(status.version(), "1.2.3");
  EXPECT_EQ(status.start_time().seconds(), 1'000'000);
  EXPECT_TRUE(status.ready());
  EXPECT_EQ(status.store().kind(), "redis");
  EXPECT_EQ(status.store().maxmemory_policy(), "noeviction");
  EXPECT_TRUE(status.store().has_good_replicas());
  EXPECT_EQ(status.store().round_trip().nanos(), 250'000);
  ASSERT_EQ(status.workspaces_size(), 2);
  EXPECT_EQ(status.workspaces(0).phase(), v1::WORKSPACE_PHASE_ACTIVE);
  EXPECT_EQ(status.workspaces(0).lease_left().seconds(), 8);
  EXPECT_EQ(status.workspaces(0).config_etag(), "5");
  EXPECT_EQ(status.workspaces(0).commits(), 9);
  EXPECT_FALSE(status.workspaces(1).has_lease_left());
  EXPECT_EQ(status.workspaces(1).owner(), "router-1:7600");
  ASSERT_EQ(status.incidents_size(), 1);
  EXPECT_EQ(status.incidents(0).count(), 4);
  EXPECT_EQ(observer_.count("firstline.v1.StatusService/GetStatus 0"), 1);
}

TEST(StatusPageTest, JsonIsTheMessage) {
  v1::GetStatusResponse status, read;
  WriteStatus(Sample(), status);
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(ToJson(status), &read).ok());
  EXPECT_EQ(read.SerializeAsString(), status.SerializeAsString());
  EXPECT_THAT(ToJson(status), HasSubstr("\"config_etag\""));
}

TEST(StatusPageTest, HtmlShowsTheSameAndEscapesIt) {
  StatusReport report = Sample();
  report.incidents[0].workspace = "<script>alert(1)</script>";
  report.redis = absl::UnavailableError("no \"route\" & <no host>");
  v1::GetStatusResponse status;
  WriteStatus(report, status);
  const std::string html = ToHtml(status);
  EXPECT_THAT(html, AllOf(HasSubstr("router-0:7600"), HasSubstr("ACTIVE"), HasSubstr("in_doubt"),
                          HasSubstr("30 s ago"), HasSubstr("&lt;script&gt;"),
                          HasSubstr("no &quot;route&quot; &amp; &lt;no host&gt;")));
  EXPECT_THAT(html, Not(HasSubstr("<script>")));
}

TEST(StatusPageTest, AStoreThatCannotBeAskedSaysWhy) {
  StatusReport report = Sample();
  report.redis = absl::UnavailableError("connection refused");
  v1::GetStatusResponse status;
  WriteStatus(report, status);
  EXPECT_EQ(status.store().error(), "connection refused");
  EXPECT_EQ(status.store().version(), "");
  report.store_address.clear();
  status.Clear();
  WriteStatus(report, status);
  EXPECT_EQ(status.store().kind(), "memory");
  EXPECT_EQ(status.store().error(), "");
}

}  // namespace
}  // namespace firstline::api
