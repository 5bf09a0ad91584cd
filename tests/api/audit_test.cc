// Who did what: every RPC that changes something leaves its caller in the events, or, where no event
// stays, in the log. And who is told of it.
#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/rpc/error.h"
#include "common/status/reason.h"
#include "tests/api/access_fixture.h"

namespace firstline::api {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const json kPlatform = {{"role", "platform"}, {"workspaces", {"*"}}};

// What changes nothing. An RPC that is neither here nor in kMutations fails the test below.
const std::set<std::string> kReads = {
    "RoutingService.GetInquiry",    "RoutingService.ListInquiries", "RoutingService.WatchEvents",
    "RoutingService.WatchInquiries",
    "AgentService.GetAgent",        "AgentService.ListAgents",      "ConfigService.GetWorkspace",
    "ConfigService.ListWorkspaces", "StatsService.GetQueueStats",   "StatsService.GetAgentStats",
    "StatsService.WatchStats",      "ClockService.GetTime",         "StatusService.GetStatus",
    "ExplainService.ExplainInquiry", "ExplainService.ExplainAgent", "ExplainService.ExplainSubmit",
};

enum class Told { kEvents, kLog };
struct Mutation {
  std::string rpc, request;  // about workspace w, in the fixture's state or after those before
  Told told = Told::kEvents;
};

const std::vector<Mutation>& Mutations() {
  static const std::vector<Mutation> rows = {
      {"RoutingService.SubmitInquiry",
       "workspace: 'w' inquiry { id: 'n' queue: 'support' channel: 'chat' }"},
      {"RoutingService.UpdateInquiry",
       "workspace: 'w' inquiry { id: 'n' priority: 3 } update_mask { paths: 'priority' }"},
      {"RoutingService.TransferInquiry", "workspace: 'w' inquiry_id: 'n' queue: 'instant'"},
      {"RoutingService.RecordMessage",
       "workspace: 'w' inquiry_id: 'n' message_id: '1' author: AUTHOR_CUSTOMER"},
      {"RoutingService.ParkInquiry", "workspace: 'w' inquiry_id: 'n'"},
      {"RoutingService.ResumeInquiry", "workspace: 'w' inquiry_id: 'n'"},
      {"RoutingService.Commands",
       "commands { record_message { workspace: 'w' inquiry_id: 'n' message_id: '2' "
       "author: AUTHOR_CUSTOMER } }"},
      {"RoutingService.CloseInquiry",
       "workspace: 'w' inquiry_id: 'n' resolution: RESOLUTION_SPAM"},
      {"RoutingService.RecordFeedback", "workspace: 'w' inquiry_id: 'n' feedback { csat: 2 }"},
      {"RoutingService.CancelInquiry",
       "workspace: 'w' inquiry_id: 'waits-full' reason: CANCEL_REASON_ABANDONED"},
      {"AgentService.FinishWrapUp", "workspace: 'w' inquiry_id: 'n' agent_id: 'bob'"},
      {"AgentService.DeclineOffer", "workspace: 'w' offer_id: 'offered/1' agent_id: 'ann'"},
      {"AgentService.SetPresence",
       "workspace: 'w' agent_id: 'dan' presence: PRESENCE_AWAY reason: 'training'"},
      {"ConfigService.UpsertAgents", "workspace: 'w' agents { id: 'eve' }"},
      {"ConfigService.DeleteAgents", "workspace: 'w' agent_ids: 'eve'"},
      {"ConfigService.ApplyWorkspace",
       "mode: APPLY_MODE_PATCH workspace { id: 'w' queues { id: 'more' } }"},
      {"ClockService.AdvanceTime", "workspace: 'w' to { seconds: 1600000030 }", Told::kLog},
      {"ConfigService.DeleteWorkspace", "workspace: 'w' force: true", Told::kLog},
      // By hand below: they take more than one message, or what others leave.
      {"AgentService.AcceptOffer", ""},
      {"AgentService.WatchAgents", ""},
      {"RoutingService.ClaimInquiry", ""},
      {"RoutingService.AssignInquiry", ""},
      {"RoutingService.ReopenInquiry", ""},
      {"AgentService.ExtendWrapUp", ""},
  };
  return rows;
}

class AuditTest : public AccessFixture {
 protected:
  std::vector<v1::Event> Events() {
    std::vector<v1::Event> events;
    for (const store::EventEntry& entry : backend_.Read("w", {}, 1'000'000, 0).events) {
      EXPECT_TRUE(events.emplace_back().ParseFromString(entry.bytes));
    }
    return events;
  }
  // Those since there were `before`.
  std::vector<v1::Event> EventsAfter(size_t before) {
    std::vector<v1::Event> events = Events();
    events.erase(events.begin(), events.begin() + static_cast<int64_t>(before));
    return events;
  }
  // All of `events`, of which there are some, were asked for by this operator.
  static void ExpectBy(const std::string& subject, const std::vector<v1::Event>& events) {
    EXPECT_FALSE(events.empty());
    for (const v1::Event& event : events) {
      EXPECT_EQ(event.caller().subject(), subject) << event.ShortDebugString();
      EXPECT_EQ(event.caller().role(), v1::CALLER_ROLE_OPERATOR);
    }
  }
  std::unique_ptr<grpc::ClientContext> Context(const std::string& on_behalf_of = "") const {
    auto context = std::make_unique<grpc::ClientContext>();
    context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    context->AddMetadata("authorization", authorization_);
    if (!on_behalf_of.empty()) context->AddMetadata("firstline-on-behalf-of", on_behalf_of);
    return context;
  }
  // Reason of a park of `inquiry`, "" for none, on behalf of somebody.
  std::string Park(const std::string& inquiry, const std::string& on_behalf_of) {
    v1::ParkInquiryRequest request;
    request.set_workspace("w");
    request.set_inquiry_id(inquiry);
    v1::ParkInquiryResponse response;
    return status::ReasonOf(rpc::FromGrpc(v1::RoutingService::NewStub(channel_)->ParkInquiry(
        Context(on_behalf_of).get(), request, &response)));
  }
};

TEST(AuditTable, HasEveryRpcThatChangesSomething) {
  std::set<std::string> known = kReads;
  for (const Mutation& row : Mutations()) EXPECT_TRUE(known.insert(row.rpc).second) << row.rpc;
  std::set<std::string> rpcs;
  for (const Access& access : AccessTable()) {
    std::string name(access.rpc.substr(1));
    name[name.find('/')] = '.';
    if (name.rfind("firstline.v1.", 0) == 0) rpcs.insert(name.substr(13));
  }
  EXPECT_EQ(known, rpcs);
}

TEST_F(AuditTest, EveryMutationTellsItsCaller) {
  for (const auto& [rpc, request, told] : Mutations()) {
    if (request.empty()) continue;
    SCOPED_TRACE(rpc);
    const std::string subject = "operator of " + rpc;
    Become(kOperator, subject);
    const size_t before = Events().size();
    testing::internal::CaptureStderr();
    const absl::Status status = Call(rpc, request);
    const std::string log = testing::internal::GetCapturedStderr();
    ASSERT_TRUE(status.ok()) << status;
    if (told == Told::kEvents) {
      ExpectBy(subject, EventsAfter(before));
    } else {
      EXPECT_THAT(log, AllOf(HasSubstr("\"msg\":\"audit\""), HasSubstr(subject),
                             HasSubstr("\"role\":\"operator\""), HasSubstr("\"workspace\":\"w\""),
                             HasSubstr(rpc.substr(rpc.find('.') + 1))));
    }
  }
}

TEST_F(AuditTest, WhatPeopleGiveOneAnotherTellsItsCaller) {
  Become(kOperator);
  const auto must = [this](const std::string& rpc, const std::string& request) {
    const absl::Status status = Call(rpc, "workspace: 'w' " + request);
    ASSERT_TRUE(status.ok()) << rpc << ": " << status;
  };
  ASSERT_TRUE(Call("ConfigService.ApplyWorkspace",
                   "mode: APPLY_MODE_PATCH workspace { id: 'w' queues { id: 'own' "
                   "requirement { skills { skill: 'own' min_level: 1 } } allow_claim: true "
                   "wrap_up { seconds: 30 } wrap_up_extension_max { seconds: 60 } "
                   "reopen_within { seconds: 60 } } }")
                  .ok());
  must("ConfigService.UpsertAgents", "agents { id: 'zoe' skills { skill: 'own' level: 1 } }");
  must("AgentService.SetPresence", "agent_id: 'zoe' presence: PRESENCE_AVAILABLE");
  for (const std::string id : {"p", "q"}) {
    must("RoutingService.SubmitInquiry",
         "inquiry { id: '" + id + "' queue: 'own' channel: 'chat' }");
    must("AgentService.DeclineOffer", "offer_id: '" + id + "/1' agent_id: 'zoe'");
  }
  const std::pair<std::string, std::string> given[] = {
      {"RoutingService.ClaimInquiry", "inquiry_id: 'p' agent_id: 'zoe'"},
      {"RoutingService.AssignInquiry",
       "inquiry_id: 'q' agent_id: 'zoe' reason: 'asked' overrides: [ASSIGNMENT_OVERRIDE_EXCLUSION, "
       "ASSIGNMENT_OVERRIDE_CAPACITY]"},
      {"RoutingService.CloseInquiry", "inquiry_id: 'p' resolution: RESOLUTION_RESOLVED"},
      {"AgentService.ExtendWrapUp", "inquiry_id: 'p' agent_id: 'zoe' by { seconds: 10 }"},
      {"RoutingService.ReopenInquiry", "inquiry_id: 'p'"},
  };
  for (const auto& [rpc, request] : given) {
    SCOPED_TRACE(rpc);
    Become(kOperator, "operator of " + rpc);
    const size_t before = Events().size();
    must(rpc, request);
    ExpectBy("operator of " + rpc, EventsAfter(before));
  }
}

TEST_F(AuditTest, AcceptsTellTheirCaller) {
  const size_t before = Events().size();
  Become({{"role", "agent"}, {"workspaces", {"w"}}, {"agent_id", "ann"}}, "ann@example.com");
  ASSERT_TRUE(
      Call("AgentService.AcceptOffer", "workspace: 'w' offer_id: 'offered/1' agent_id: 'ann'").ok());
  const std::vector<v1::Event> events = EventsAfter(before);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_TRUE(events[0].has_inquiry_assigned());
  for (const v1::Event& event : events) {
    EXPECT_EQ(event.caller().ShortDebugString(),
              R"(role: CALLER_ROLE_AGENT subject: "ann@example.com" agent_id: "ann")");
  }
}

TEST_F(AuditTest, WatchStreamsTellTheirCaller) {
  Become(kOperator, "kay");
  const size_t before = Events().size();
  const auto context = Context();
  const auto stream = v1::AgentService::NewStub(channel_)->WatchAgents(context.get());
  stream->Write(Text<v1::WatchAgentsRequest>("open { workspace: 'w' session_id: 's1' }"));
  stream->Write(Text<v1::WatchAgentsRequest>(
      "add { agents { agent_id: 'cat' presence: PRESENCE_AVAILABLE } }"));
  v1::WatchAgentsResponse response;
  bool snapshot = false;
  while (!snapshot && stream->Read(&response)) snapshot = response.has_snapshot();
  stream->Write(Text<v1::WatchAgentsRequest>("goodbye {}"));
  stream->WritesDone();
  while (stream->Read(&response)) {
  }
  EXPECT_TRUE(stream->Finish().ok());
  ExpectBy("kay", EventsAfter(before));
  std::set<v1::Event::KindCase> kinds;
  for (const v1::Event& event : EventsAfter(before)) kinds.insert(event.kind_case());
  EXPECT_TRUE(kinds.count(v1::Event::kSessionOpened) == 1 &&
              kinds.count(v1::Event::kSessionClosed) == 1);
}

TEST_F(AuditTest, WhatTimeLedToHasNoCaller) {
  const size_t before = Events().size();
  backend_.Advance(engine::Seconds(3600));
  EXPECT_GT(EventsAfter(before).size(), 0u);  // the offer ran out
  for (const v1::Event& event : EventsAfter(before)) EXPECT_FALSE(event.has_caller());
}

// ---- On behalf of others ------------------------------------------------------------------------

TEST_F(AuditTest, ACallerSaysForWhomItActs) {
  Become(kPlatform, "backend");
  EXPECT_EQ(Park("assigned", "kay"), "");
  EXPECT_EQ(Events().back().caller().ShortDebugString(),
            R"(role: CALLER_ROLE_PLATFORM subject: "backend" on_behalf_of: "kay")");
  EXPECT_EQ(Park("assigned", std::string(129, 'k')), "INVALID_FIELD");
  EXPECT_EQ(Park("assigned", "two words"), "INVALID_FIELD");
  EXPECT_EQ(Park("spoken", std::string(128, 'k')), "CHANNEL_NOT_MESSAGING");
  Become({{"role", "agent"}, {"workspaces", {"w"}}, {"agent_id", "bob"}});
  EXPECT_EQ(Park("assigned", "kay"), "ON_BEHALF_NOT_ALLOWED");
}

// A stream's word is for all its commands, a command's for itself.
TEST_F(AuditTest, CommandsSayForWhomTheyAre) {
  Become(kPlatform, "backend");
  const size_t before = Events().size();
  const auto context = Context("night");
  const auto stream = v1::RoutingService::NewStub(channel_)->Commands(context.get());
  const auto message = [](int n) {
    return absl::StrCat("record_message { workspace: 'w' inquiry_id: 'assigned' message_id: 'x", n,
                        "' author: AUTHOR_CUSTOMER }");
  };
  stream->Write(Text<v1::CommandsRequest>(
      absl::StrCat("commands { ", message(1), " } commands { on_behalf_of: 'kay' ", message(2),
                   " } commands { on_behalf_of: 'a b' ", message(3), " }")));
  stream->WritesDone();
  v1::CommandsResponse response;
  std::vector<std::string> reasons;
  while (stream->Read(&response)) {
    for (const v1::CommandResult& result : response.results()) {
      reasons.push_back(
          result.has_error() ? status::ReasonOf(rpc::FromProto(result.error())) : "");
    }
  }
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_THAT(reasons, testing::ElementsAre("", "", "INVALID_FIELD"));
  std::map<std::string, std::string> whom;
  for (const v1::Event& event : EventsAfter(before)) {
    if (!event.has_message_recorded()) continue;
    whom[event.message_recorded().message_id()] = event.caller().on_behalf_of();
  }
  EXPECT_THAT(whom, testing::ElementsAre(testing::Pair("x1", "night"), testing::Pair("x2", "kay")));
}

// ---- Who is told --------------------------------------------------------------------------------

TEST_F(AuditTest, AVendorIsToldOfItsOwnAgentsAlone) {
  Become(kPlatform, "backend");
  ASSERT_EQ(Park("assigned", "kay"), "");
  Become({{"role", "agent"}, {"workspaces", {"w"}}, {"agent_id", "bob"}}, "bob@acme.example");
  ASSERT_TRUE(Call("RoutingService.ResumeInquiry",
                   "workspace: 'w' inquiry_id: 'assigned' agent_id: 'bob'")
                  .ok());
  Become({{"role", "vendor"}, {"workspaces", {"w"}}, {"vendor", "acme"}});
  const auto context = Context();
  const auto stream = v1::RoutingService::NewStub(channel_)->WatchEvents(
      context.get(), Text<v1::WatchEventsRequest>("workspace: 'w' cursor: '0-0'"));
  bool parked = false, resumed = false;
  v1::WatchEventsResponse response;
  while (!resumed && stream->Read(&response)) {
    for (const v1::Event& event : response.events()) {
      const std::string caller = event.caller().ShortDebugString();
      EXPECT_THAT(caller, AllOf(Not(HasSubstr("backend")), Not(HasSubstr("kay")),
                                Not(HasSubstr("somebody"))));
      parked = parked || (event.has_inquiry_parked() && event.inquiry_id() == "assigned");
      if (!event.has_inquiry_resumed()) continue;
      resumed = true;
      EXPECT_EQ(event.caller().subject(), "bob@acme.example");
    }
  }
  EXPECT_TRUE(parked && resumed);
  context->TryCancel();
}

// ---- The log ------------------------------------------------------------------------------------

TEST_F(AuditTest, RefusedCallsAreLines) {
  Become({{"role", "agent"}, {"workspaces", {"w"}}, {"agent_id", "bob"}}, "bob@acme.example");
  const std::vector<std::array<std::string, 4>> rows = {
      {"ConfigService.DeleteWorkspace", "workspace: 'w'",
       "/firstline.v1.ConfigService/DeleteWorkspace", "ROLE_NOT_ALLOWED"},
      {"AgentService.AcceptOffer", "workspace: 'w' offer_id: 'offered/1' agent_id: 'ann'",
       "/firstline.v1.AgentService/AcceptOffer", "AGENT_NOT_ALLOWED"},
      {"RoutingService.ParkInquiry", "workspace: 'x' inquiry_id: 'i' agent_id: 'bob'",
       "/firstline.v1.RoutingService/ParkInquiry", "WORKSPACE_NOT_ALLOWED"},
      {"RoutingService.Commands",
       "commands { cancel_inquiry { workspace: 'w' inquiry_id: 'waiting' } }",
       "/firstline.v1.RoutingService/CancelInquiry", "ROLE_NOT_ALLOWED"},
      {"RoutingService.WatchEvents", "workspace: 'w'",
       "/firstline.v1.RoutingService/WatchEvents", "ROLE_NOT_ALLOWED"},
      {"AgentService.WatchAgents", "open { workspace: 'x' session_id: 's' }",
       "/firstline.v1.AgentService/WatchAgents", "WORKSPACE_NOT_ALLOWED"},
  };
  for (const auto& [rpc, request, path, reason] : rows) {
    std::string log;
    // Tests before this one may have used up what is written in a second.
    for (int tries = 0; log.empty() && tries < 200; ++tries) {
      testing::internal::CaptureStderr();
      Call(rpc, request).IgnoreError();
      log = testing::internal::GetCapturedStderr();
    }
    EXPECT_THAT(log, AllOf(HasSubstr("\"msg\":\"refused\""), HasSubstr(path), HasSubstr(reason),
                           HasSubstr("\"role\":\"agent\""), HasSubstr("bob@acme.example"),
                           HasSubstr("\"agent_id\":\"bob\"")))
        << rpc;
  }
  // What is refused for other reasons is no matter of rights.
  testing::internal::CaptureStderr();
  Call("AgentService.AcceptOffer", "workspace: 'w' offer_id: 'none/1' agent_id: 'bob'")
      .IgnoreError();
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

// Lines are bounded, and what was left out is counted.
TEST_F(AuditTest, RefusedCallsDoNotFloodTheLog) {
  Become({{"role", "vendor"}, {"workspaces", {"w"}}, {"vendor", "acme"}});
  testing::internal::CaptureStderr();
  for (int i = 0; i < 4 * limits::kRefusalLinesPerSecond; ++i) {
    Call("ConfigService.DeleteWorkspace", "workspace: 'w'").IgnoreError();
  }
  const std::string log = testing::internal::GetCapturedStderr();
  const auto lines = std::count(log.begin(), log.end(), '\n');
  EXPECT_GE(lines, 1);
  // The calls take less than two seconds, or the bound was not tried.
  EXPECT_LT(lines, 3 * limits::kRefusalLinesPerSecond);
}

// Subjects may be anything that an issuer signs.
TEST_F(AuditTest, LongSubjectsAreCutWhereACharacterEnds) {
  std::string subject = std::string(255, 's') + "\u00e9\u00e9";
  Become(kOperator, subject);
  ASSERT_EQ(Park("assigned", ""), "");
  EXPECT_EQ(Events().back().caller().subject(), std::string(255, 's'));
}

}  // namespace
}  // namespace firstline::api
