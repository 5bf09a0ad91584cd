// The matrix RPC x role, asked of a real server, and what callers are limited to by their tokens.
#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor_database.h>
#include <google/protobuf/dynamic_message.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/rpc/error.h"
#include "common/status/reason.h"
#include "tests/api/access_fixture.h"

namespace firstline::api {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::MethodDescriptor;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// The matrix a second time, as a reviewer reads it: who may call, by initial letter (Platform, Agent,
// Supervisor, Operator, Vendor).
const std::map<std::string, std::string> kWho = {
    {"RoutingService.SubmitInquiry", "P..O."},   {"RoutingService.GetInquiry", "PASOV"},
    {"RoutingService.ListInquiries", "PASOV"},   {"RoutingService.UpdateInquiry", "P.SO."},
    {"RoutingService.CancelInquiry", "P.SO."},   {"RoutingService.TransferInquiry", "PASO."},
    {"RoutingService.RecordMessage", "PA.O."},   {"RoutingService.ParkInquiry", "PA.O."},
    {"RoutingService.ResumeInquiry", "PA.O."},   {"RoutingService.CloseInquiry", "PASO."},
    {"RoutingService.ClaimInquiry", "PA.O."},    {"RoutingService.AssignInquiry", "P.SO."},
    {"RoutingService.ReopenInquiry", "P.SO."},   {"AgentService.ExtendWrapUp", "PA.O."},
    {"RoutingService.RecordFeedback", "P..O."},  {"RoutingService.WatchEvents", "P.SOV"},
    {"RoutingService.WatchInquiries", "PASOV"},
    {"RoutingService.Commands", "PASO."},        {"AgentService.SetPresence", "PASO."},
    {"AgentService.GetAgent", "PASOV"},          {"AgentService.ListAgents", "P.SOV"},
    {"AgentService.AcceptOffer", "PA.O."},       {"AgentService.DeclineOffer", "PA.O."},
    {"AgentService.FinishWrapUp", "PA.O."},      {"AgentService.WatchAgents", "PA.O."},
    {"ConfigService.ApplyWorkspace", "...O."},   {"ConfigService.GetWorkspace", "P.SO."},
    {"ConfigService.ListWorkspaces", "PASOV"},   {"ConfigService.DeleteWorkspace", "...O."},
    {"ConfigService.UpsertAgents", "..SO."},     {"ConfigService.DeleteAgents", "..SO."},
    {"StatsService.GetQueueStats", "P.SO."},     {"StatsService.GetAgentStats", "PASOV"},
    {"StatsService.WatchStats", "P.SO."},        {"ClockService.GetTime", "PASOV"},
    {"ClockService.AdvanceTime", "...O."},       {"StatusService.GetStatus", "...O."},
    {"ExplainService.ExplainInquiry", "P.SOV"},  {"ExplainService.ExplainAgent", "P.SOV"},
    {"ExplainService.ExplainSubmit", "P.SO."},
};

const std::vector<json>& Claims() {
  static const std::vector<json> claims = {
      {{"role", "platform"}, {"workspaces", {"*"}}},
      {{"role", "agent"}, {"workspaces", {"*"}}, {"agent_id", "bob"}},
      {{"role", "supervisor"}, {"workspaces", {"*"}}},
      {{"role", "operator"}, {"workspaces", {"*"}}},
      {{"role", "vendor"}, {"workspaces", {"*"}}, {"vendor", "acme"}}};
  return claims;
}

// Every method of every service that is linked in, but for gRPC's own and the one that businesses
// serve.
std::vector<const MethodDescriptor*> AllMethods() {
  std::vector<std::string> files;
  DescriptorPool::internal_generated_database()->FindAllFileNames(&files);
  std::vector<const MethodDescriptor*> methods;
  for (const std::string& name : files) {
    const auto* file = DescriptorPool::generated_pool()->FindFileByName(name);
    const bool ours = name != "firstline/v1/classifier.proto" &&
                      (absl::StartsWith(name, "firstline/") || absl::StartsWith(name, "grpc/health/"));
    for (int s = 0; file != nullptr && ours && s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m) {
        methods.push_back(file->service(s)->method(m));
      }
    }
  }
  return methods;
}

bool IsPublic(const MethodDescriptor& method) {
  return method.service()->file()->package() == "firstline.v1";
}
std::string NameOf(const MethodDescriptor& method) {
  return absl::StrCat(method.service()->name(), ".", method.name());
}

// As much of a request as gets past everything that is asked of a caller, about a workspace that
// does not exist: nothing is done, and streams end.
std::string RequestText(const google::protobuf::Descriptor& request, const std::string& workspace) {
  std::string text;
  if (const auto* field = request.FindFieldByName("workspace")) {
    const bool whole = field->message_type() != nullptr;
    absl::StrAppend(&text, "workspace ", whole ? "{ id: '" : ": '", workspace, whole ? "' } " : "' ");
  }
  if (request.FindFieldByName("agent_id") != nullptr) absl::StrAppend(&text, "agent_id: 'bob' ");
  if (request.FindFieldByName("author") != nullptr) absl::StrAppend(&text, "author: AUTHOR_AGENT ");
  if (request.name() == "WatchAgentsRequest") {
    absl::StrAppend(&text, "open { workspace: '", workspace, "' session_id: 's' }");
  }
  return text;
}

bool IsRefused(const absl::Status& status) {
  return status.code() == absl::StatusCode::kPermissionDenied ||
         status.code() == absl::StatusCode::kUnauthenticated;
}

// A row too many grants nothing; a row that is missing would be nobody's call.
TEST(AccessTable, HasEveryRpc) {
  std::set<std::string> rpcs, rows;
  for (const MethodDescriptor* method : AllMethods()) {
    rpcs.insert(absl::StrCat("/", method->service()->full_name(), "/", method->name()));
    EXPECT_EQ(kWho.count(NameOf(*method)), IsPublic(*method) ? 1u : 0u) << NameOf(*method);
  }
  for (const Access& access : AccessTable()) rows.insert(std::string(access.rpc));
  EXPECT_TRUE(std::includes(rows.begin(), rows.end(), rpcs.begin(), rpcs.end()));
  EXPECT_EQ(rows.size(), AccessTable().size());
}

class AccessTest : public AccessFixture {};

TEST_F(AccessTest, EveryRpcForEveryRole) {
  for (const MethodDescriptor* method : AllMethods()) {
    if (!IsPublic(*method)) continue;
    const std::string name = NameOf(*method);
    const std::string who = kWho.count(name) == 1 ? kWho.at(name) : ".....";
    const std::string text = RequestText(*method->input_type(), "none");
    for (size_t role = 0; role < Claims().size(); ++role) {
      Become(Claims()[role]);
      const absl::Status status = Call(name, text);
      const std::string reason = status::ReasonOf(status);
      if (who[role] == '.') {
        EXPECT_EQ(reason, "ROLE_NOT_ALLOWED") << name << Claims()[role] << status;
        EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
      } else {
        EXPECT_FALSE(IsRefused(status)) << name << Claims()[role] << status;
      }
    }
    authorization_.clear();
    EXPECT_EQ(status::ReasonOf(Call(name, text)), "TOKEN_MISSING") << name;
    authorization_ = "Basic bWU6bWU=";
    EXPECT_EQ(status::ReasonOf(Call(name, text)), "TOKEN_INVALID") << name;
  }
}

// What is refused as a call is refused as a command, and its neighbours are not.
TEST_F(AccessTest, EveryCommandForEveryRole) {
  const auto* oneof = v1::Command::descriptor()->oneof_decl(0);
  for (int i = 0; i < oneof->field_count(); ++i) {
    const auto& field = *oneof->field(i);
    std::string who;
    for (const MethodDescriptor* method : AllMethods()) {
      if (method->input_type() == field.message_type()) who = kWho.at(NameOf(*method));
    }
    ASSERT_EQ(who.size(), 5u) << field.name();
    const std::string text =
        absl::StrCat("commands { ", field.name(), " { ",
                     RequestText(*field.message_type(), "none"), " } }");
    for (size_t role = 0; role + 1 < Claims().size(); ++role) {
      Become(Claims()[role]);
      const auto response = Must<v1::CommandsResponse>("RoutingService.Commands", text);
      ASSERT_EQ(response.results_size(), 1);
      const absl::Status status = rpc::FromProto(response.results(0).error());
      EXPECT_EQ(IsRefused(status), who[role] == '.') << field.name() << Claims()[role] << status;
    }
  }
}

TEST_F(AccessTest, ATokenIsForItsWorkspaces) {
  for (const MethodDescriptor* method : AllMethods()) {
    const bool names = method->input_type()->FindFieldByName("workspace") != nullptr ||
                       method->name() == "WatchAgents";
    if (!IsPublic(*method) || !names) continue;
    Become({{"role", "operator"}, {"workspaces", {"v", "x"}}});
    const absl::Status status = Call(NameOf(*method), RequestText(*method->input_type(), "w"));
    EXPECT_EQ(status::ReasonOf(status), "WORKSPACE_NOT_ALLOWED") << method->name() << status;
    EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  }
  const auto command = Must<v1::CommandsResponse>(
      "RoutingService.Commands",
      "commands { park_inquiry { workspace: 'w' inquiry_id: 'assigned' } }");
  EXPECT_EQ(status::ReasonOf(rpc::FromProto(command.results(0).error())), "WORKSPACE_NOT_ALLOWED");
  EXPECT_THAT(Must<v1::ListWorkspacesResponse>("ConfigService.ListWorkspaces", "").workspaces(),
              IsEmpty());
  Become({{"role", "operator"}, {"workspaces", {"x", "w"}}});
  EXPECT_THAT(Must<v1::ListWorkspacesResponse>("ConfigService.ListWorkspaces", "").workspaces(),
              ElementsAre("w"));
}

// ---- Agents -------------------------------------------------------------------------------------

TEST_F(AccessTest, AnAgentActsAsItselfAlone) {
  Become({{"role", "agent"}, {"workspaces", {"w"}}, {"agent_id", "bob"}});
  const std::vector<std::array<std::string, 3>> rows = {
      {"AgentService.SetPresence", "agent_id: 'ann' presence: PRESENCE_OFFLINE", "AGENT_NOT_ALLOWED"},
      {"AgentService.GetAgent", "agent_id: 'ann'", "AGENT_NOT_ALLOWED"},
      {"AgentService.GetAgent", "agent_id: 'bob'", ""},
      {"AgentService.AcceptOffer", "offer_id: 'offered/1' agent_id: 'ann'", "AGENT_NOT_ALLOWED"},
      {"AgentService.AcceptOffer", "offer_id: 'offered/1' agent_id: 'bob'", "OFFER_NOT_YOURS"},
      {"AgentService.DeclineOffer", "offer_id: 'offered/1' agent_id: 'ann'", "AGENT_NOT_ALLOWED"},
      {"AgentService.FinishWrapUp", "agent_id: 'ann' inquiry_id: 'wrapping'", "AGENT_NOT_ALLOWED"},
      {"StatsService.GetAgentStats", "", "AGENT_NOT_ALLOWED"},
      {"StatsService.GetAgentStats", "agent_id: 'ann'", "AGENT_NOT_ALLOWED"},
      {"StatsService.GetAgentStats", "agent_id: 'bob'", ""},
      {"RoutingService.ListInquiries", "", "AGENT_NOT_ALLOWED"},
      {"RoutingService.GetInquiry", "inquiry_id: 'offered'", "UNKNOWN_INQUIRY"},
      {"RoutingService.GetInquiry", "inquiry_id: 'waiting'", "UNKNOWN_INQUIRY"},
      {"RoutingService.GetInquiry", "inquiry_id: 'assigned'", ""},
      {"RoutingService.RecordMessage",
       "inquiry_id: 'assigned' message_id: 'm7' author: AUTHOR_CUSTOMER", "AGENT_NOT_ALLOWED"},
      {"RoutingService.RecordMessage",
       "inquiry_id: 'assigned' message_id: 'm7' author: AUTHOR_BOT agent_id: 'bob'",
       "AGENT_NOT_ALLOWED"},
      {"RoutingService.RecordMessage",
       "inquiry_id: 'assigned' message_id: 'm7' author: AUTHOR_AGENT agent_id: 'bob'", ""},
      {"RoutingService.ParkInquiry", "inquiry_id: 'assigned'", "AGENT_NOT_ALLOWED"},
      {"RoutingService.ParkInquiry", "inquiry_id: 'waiting' agent_id: 'bob'",
       "INQUIRY_NOT_ASSIGNED"},
      {"RoutingService.ParkInquiry", "inquiry_id: 'assigned' agent_id: 'bob'", ""},
      {"RoutingService.ResumeInquiry", "inquiry_id: 'assigned' agent_id: 'bob'", ""},
      {"RoutingService.TransferInquiry", "inquiry_id: 'waiting' queue: 'sales' agent_id: 'bob'",
       "INQUIRY_NOT_ASSIGNED"},
      {"RoutingService.CloseInquiry",
       "inquiry_id: 'waiting' resolution: RESOLUTION_RESOLVED agent_id: 'bob'",
       "INQUIRY_NOT_ASSIGNED"},
      {"RoutingService.CloseInquiry", "inquiry_id: 'assigned' resolution: RESOLUTION_RESOLVED",
       "AGENT_NOT_ALLOWED"},
      {"RoutingService.CloseInquiry",
       "inquiry_id: 'assigned' resolution: RESOLUTION_RESOLVED agent_id: 'bob'", ""},
  };
  for (const auto& [method, text, reason] : rows) {
    const absl::Status status = Call(method, absl::StrCat("workspace: 'w' ", text));
    EXPECT_EQ(status::ReasonOf(status), reason) << method << " " << text << status;
  }
}

TEST_F(AccessTest, AnAgentDoesNotTouchAnothersInquiry) {
  Become({{"role", "agent"}, {"workspaces", {"w"}}, {"agent_id", "ann"}});
  for (const std::string method : {"ParkInquiry", "ResumeInquiry", "TransferInquiry"}) {
    for (const std::string inquiry : {"assigned", "parked"}) {
      const std::string queue = method == "TransferInquiry" ? "queue: 'sales' " : "";
      const absl::Status status =
          Call("RoutingService." + method, absl::StrCat("workspace: 'w' agent_id: 'ann' ", queue,
                                                        "inquiry_id: '", inquiry, "'"));
      EXPECT_EQ(status::ReasonOf(status), "NOT_ASSIGNEE") << method << inquiry << status;
    }
  }
}

// Without agent_id the token's subject is who it is.
TEST_F(AccessTest, AnAgentIsTheSubject) {
  authorization_ =
      "Bearer " + Token({{"role", "agent"}, {"workspaces", {"w"}}}, "k1", nullptr, "cat");
  EXPECT_TRUE(Call("AgentService.GetAgent", "workspace: 'w' agent_id: 'cat'").ok());
  EXPECT_FALSE(Call("AgentService.GetAgent", "workspace: 'w' agent_id: 'bob'").ok());
}

TEST_F(AccessTest, AnAgentWatchesItselfAlone) {
  const auto add = [&](const std::string& agent) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    context.AddMetadata("authorization",
                        "Bearer " + Token({{"role", "agent"}, {"workspaces", {"w"}},
                                           {"agent_id", "bob"}}));
    const auto stream = v1::AgentService::NewStub(channel_)->WatchAgents(&context);
    stream->Write(Text<v1::WatchAgentsRequest>("open { workspace: 'w' session_id: 's1' }"));
    stream->Write(Text<v1::WatchAgentsRequest>("add { agents { agent_id: '" + agent + "' } }"));
    v1::WatchAgentsResponse response;
    bool snapshot = false;
    while (!snapshot && stream->Read(&response)) snapshot = response.has_snapshot();
    if (snapshot) stream->Write(Text<v1::WatchAgentsRequest>("goodbye {}"));
    stream->WritesDone();
    while (stream->Read(&response)) {
    }
    return rpc::FromGrpc(stream->Finish());
  };
  EXPECT_TRUE(add("bob").ok());
  EXPECT_EQ(status::ReasonOf(add("ann")), "AGENT_NOT_ALLOWED");
}

// ---- Vendors ------------------------------------------------------------------------------------

TEST_F(AccessTest, AVendorSeesItsOwn) {
  Must<v1::UpdateInquiryResponse>("RoutingService.UpdateInquiry",
                                "workspace: 'w' inquiry { id: 'assigned' customer: 'jo'"
                                " attributes { key: 'iban' value: 'DE1' } }"
                                " update_mask { paths: 'customer' paths: 'attributes' }");
  Become({{"role", "vendor"}, {"workspaces", {"w"}}, {"vendor", "acme"}});
  EXPECT_EQ(status::ReasonOf(Call("AgentService.GetAgent", "workspace: 'w' agent_id: 'ann'")),
            "UNKNOWN_AGENT");
  EXPECT_TRUE(Call("AgentService.GetAgent", "workspace: 'w' agent_id: 'bob'").ok());
  const auto agents = Must<v1::ListAgentsResponse>("AgentService.ListAgents", "workspace: 'w'");
  ASSERT_EQ(agents.agents_size(), 1);
  EXPECT_EQ(agents.agents(0).agent().id(), "bob");
  const auto stats = Must<v1::GetAgentStatsResponse>("StatsService.GetAgentStats", "workspace: 'w'");
  for (const v1::AgentStats& one : stats.agents()) EXPECT_EQ(one.agent_id(), "bob");
  EXPECT_EQ(status::ReasonOf(Call("StatsService.GetAgentStats", "workspace: 'w' agent_id: 'ann'")),
            "UNKNOWN_AGENT");

  const auto list = Must<v1::ListInquiriesResponse>("RoutingService.ListInquiries", "workspace: 'w'");
  std::vector<std::string> ids;
  for (const v1::Inquiry& inquiry : list.inquiries()) {
    ids.push_back(inquiry.spec().id());
    EXPECT_EQ(inquiry.spec().customer(), "");
    EXPECT_EQ(inquiry.spec().attributes_size(), 0);
  }
  EXPECT_THAT(ids, UnorderedElementsAre("assigned", "spoken", "parked", "closed", "wrapping"));
  const auto got = Must<v1::GetInquiryResponse>("RoutingService.GetInquiry",
                                                "workspace: 'w' inquiry_id: 'assigned'");
  EXPECT_EQ(got.inquiry().spec().customer(), "");
  for (const std::string id : {"waiting", "offered", "cancelled"}) {
    EXPECT_EQ(status::ReasonOf(Call("RoutingService.GetInquiry",
                                    absl::StrCat("workspace: 'w' inquiry_id: '", id, "'"))),
              "UNKNOWN_INQUIRY");
  }
}

TEST_F(AccessTest, AVendorIsExplainedItsOwn) {
  Become({{"role", "vendor"}, {"workspaces", {"w"}}, {"vendor", "acme"}});
  const auto reason = [this](const std::string& rpc, const std::string& request) {
    return status::ReasonOf(Call("ExplainService." + rpc, "workspace: 'w' " + request));
  };
  EXPECT_EQ(reason("ExplainInquiry", "inquiry_id: 'waiting'"), "UNKNOWN_INQUIRY");
  EXPECT_EQ(reason("ExplainInquiry", "inquiry_id: 'assigned' agent_ids: 'ann'"), "UNKNOWN_AGENT");
  EXPECT_EQ(reason("ExplainAgent", "agent_id: 'ann'"), "UNKNOWN_AGENT");
  EXPECT_EQ(reason("ExplainSubmit", "inquiry { channel: 'chat' queue: 'sales' }"),
            "ROLE_NOT_ALLOWED");
  const auto of_inquiry = Must<v1::ExplainInquiryResponse>(
      "ExplainService.ExplainInquiry", "workspace: 'w' inquiry_id: 'assigned'");
  EXPECT_EQ(of_inquiry.explanation().agents(), 1);
  ASSERT_EQ(of_inquiry.explanation().candidates_size(), 1);
  EXPECT_EQ(of_inquiry.explanation().candidates(0).agent_id(), "bob");
  EXPECT_TRUE(of_inquiry.explanation().candidates(0).has_it());
  const auto of_agent = Must<v1::ExplainAgentResponse>("ExplainService.ExplainAgent",
                                                       "workspace: 'w' agent_id: 'bob'");
  EXPECT_EQ(of_agent.lines(), 2);
  ASSERT_GT(of_agent.inquiries_size(), 0);
  for (const v1::WaitingInquiry& one : of_agent.inquiries()) EXPECT_EQ(one.inquiry_id(), "");
}

// Queue sales lets its agents claim: ann is one of them, bob is not.
TEST_F(AccessTest, AnAgentSeesWhatItMayClaim) {
  const std::string claimable = "workspace: 'w' inquiry_id: 'claimable'";
  Become({{"role", "platform"}, {"workspaces", {"w"}}});
  Must<v1::SubmitInquiryResponse>(
      "RoutingService.SubmitInquiry",
      "workspace: 'w' inquiry { id: 'claimable' queue: 'sales' channel: 'chat' }");
  Become({{"role", "agent"}, {"workspaces", {"w"}}, {"agent_id", "bob"}});
  EXPECT_EQ(status::ReasonOf(Call("RoutingService.GetInquiry", claimable)), "UNKNOWN_INQUIRY");
  EXPECT_EQ(status::ReasonOf(Call("RoutingService.ClaimInquiry", claimable + " agent_id: 'bob'")),
            "AGENT_NOT_SUITED");
  Become({{"role", "agent"}, {"workspaces", {"w"}}, {"agent_id", "ann"}});
  EXPECT_TRUE(Call("RoutingService.GetInquiry", claimable).ok());
  EXPECT_EQ(status::ReasonOf(Call("RoutingService.GetInquiry",
                                  "workspace: 'w' inquiry_id: 'waiting'")),
            "UNKNOWN_INQUIRY");
  EXPECT_EQ(status::ReasonOf(Call("RoutingService.ClaimInquiry", claimable + " agent_id: 'bob'")),
            "AGENT_NOT_ALLOWED");
  EXPECT_EQ(status::ReasonOf(Call("RoutingService.ClaimInquiry", claimable + " agent_id: 'ann'")),
            "GATE_CLOSED");
}

TEST_F(AccessTest, AVendorIsToldOfItsOwn) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
  context.AddMetadata("authorization", "Bearer " + Token({{"role", "vendor"}, {"workspaces", {"w"}},
                                                          {"vendor", "acme"}}));
  auto stream = v1::RoutingService::NewStub(channel_)->WatchEvents(
      &context, Text<v1::WatchEventsRequest>("workspace: 'w' cursor: '0-0'"));
  v1::WatchEventsResponse response;
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_GT(response.events_size(), 0);
  for (const v1::Event& event : response.events()) {
    if (event.has_owner_changed()) continue;
    EXPECT_EQ(event.vendor(), "acme") << event.ShortDebugString();
  }
  context.TryCancel();
}

}  // namespace
}  // namespace firstline::api
