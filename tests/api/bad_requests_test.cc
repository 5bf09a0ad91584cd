// Every RPC refuses what is wrong with code, reason and fields, and changes nothing by it.
#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>

#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/rpc/error.h"
#include "common/status/reason.h"
#include "firstline/v1/error.pb.h"
#include "grpc/health/v1/health.pb.h"
#include "tests/api/bad_requests.h"
#include "tests/api/server_fixture.h"

namespace firstline::api {
namespace {

std::string Expand(const std::string& text) {
  return absl::StrReplaceAll(text, {{"{10MB}", std::string(10'000'000, 'x')},
                                    {"{65}", std::string(65, 'x')},
                                    {"{129}", std::string(129, 'x')},
                                    {"{257}", std::string(257, 'x')}});
}

std::vector<std::string> FieldsOf(const absl::Status& status) {
  std::vector<std::string> fields;
  const auto info = status::GetErrorInfo(status);
  for (size_t i = 0; info && i < info->violations.size(); ++i) {
    fields.push_back(info->violations[i].field);
  }
  return fields;
}

void ExpectRefused(const BadRequest& row, const absl::Status& status) {
  EXPECT_EQ(status.code(), row.code) << status;
  EXPECT_EQ(status::ReasonOf(status), row.reason) << status;
  v1::ErrorReason reason;
  EXPECT_TRUE(v1::ErrorReason_Parse("ERROR_REASON_" + row.reason, &reason)) << row.reason;
  if (row.reason != "CONFIG_INVALID") {
    EXPECT_EQ(FieldsOf(status), row.fields) << status;
  }
}

class BadRequestsTest : public ServerFixture {};

TEST_F(BadRequestsTest, AreRefusedWithReasonAndFieldsAndChangeNothing) {
  BuildWorkspace();
  ASSERT_FALSE(HasFatalFailure());
  for (const BadRequest& row : BadRequests()) {
    SCOPED_TRACE(row.method + " " + row.request);
    const std::string before = backend_.Fingerprint();
    ExpectRefused(row, Call(row.method, Expand(row.request)));
    EXPECT_EQ(backend_.Fingerprint(), before);
  }
}

// The field of Command that is of the type of the method's request; null if there is none.
const google::protobuf::FieldDescriptor* CommandField(const std::string& method) {
  const auto* descriptor = google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(
      "firstline.v1." + method);
  if (descriptor == nullptr) return nullptr;
  const auto* command = v1::Command::descriptor();
  for (int i = 0; i < command->field_count(); ++i) {
    if (command->field(i)->message_type() == descriptor->input_type()) return command->field(i);
  }
  return nullptr;
}

TEST_F(BadRequestsTest, AreRefusedAlikeInBatches) {
  BuildWorkspace();
  const std::string before = backend_.Fingerprint();
  int refused = 0;
  for (const BadRequest& row : BadRequests()) {
    const auto* field = CommandField(row.method);
    if (field == nullptr) continue;
    SCOPED_TRACE(row.method + " " + row.request);
    const auto response = Must<v1::CommandsResponse>(
        "RoutingService.Commands",
        absl::StrCat("commands { id: 5 ", field->name(), " { ", Expand(row.request), " } }"));
    ASSERT_EQ(response.results_size(), 1);
    EXPECT_EQ(response.results(0).id(), 5u);
    ExpectRefused(row, rpc::FromProto(response.results(0).error()));
    ++refused;
  }
  EXPECT_GT(refused, 100);
  EXPECT_EQ(backend_.Fingerprint(), before);
}

TEST_F(BadRequestsTest, AnEmptyCommandIsRefusedByItself) {
  BuildWorkspace();
  const auto response = Must<v1::CommandsResponse>("RoutingService.Commands", "commands { id: 1 }");
  ASSERT_EQ(response.results_size(), 1);
  ExpectRefused({"", "", absl::StatusCode::kInvalidArgument, "INVALID_FIELD", {"command"}},
                rpc::FromProto(response.results(0).error()));
}

// Methods that have nothing that could be wrong.
const std::set<std::string> kWithoutBadInput = {"grpc.health.v1.Health.List",
                                                "grpc.health.v1.Health.Watch",
                                                "firstline.v1.StatusService.GetStatus"};

TEST(BadRequests, CoverEveryRpcOfEveryService) {
  std::set<std::string> covered = kWithoutBadInput;
  for (const BadRequest& row : BadRequests()) {
    covered.insert(row.method.rfind("grpc.", 0) == 0 ? row.method : "firstline.v1." + row.method);
  }
  const auto* pool = google::protobuf::DescriptorPool::generated_pool();
  int rpcs = 0;
  for (const std::string file :
       {"firstline/v1/routing_service.proto", "firstline/v1/agent_service.proto",
        "firstline/v1/config_service.proto", "firstline/v1/stats_service.proto",
        "firstline/v1/clock_service.proto", "firstline/v1/status_service.proto",
        "firstline/v1/explain_service.proto",
        "grpc/health/v1/health.proto"}) {
    const auto* descriptor = pool->FindFileByName(file);
    ASSERT_NE(descriptor, nullptr) << file;
    for (int s = 0; s < descriptor->service_count(); ++s) {
      for (int m = 0; m < descriptor->service(s)->method_count(); ++m, ++rpcs) {
        const std::string name = descriptor->service(s)->method(m)->full_name();
        EXPECT_EQ(covered.count(name), 1u) << name << " has no bad request";
      }
    }
  }
  EXPECT_EQ(rpcs, 17 + 8 + 6 + 3 + 2 + 1 + 3 + 3);
}

}  // namespace
}  // namespace firstline::api
