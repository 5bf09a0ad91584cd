// The services over a real connection: the life of an inquiry, configuration, lists, repeats,
// figures, health, reflection, metrics.
#include <gmock/gmock.h>

#include <set>

#include "absl/strings/str_cat.h"
#include "common/status/reason.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "tests/api/server_fixture.h"

namespace firstline::api {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ServicesTest : public ServerFixture {
 protected:
  v1::Inquiry Get(const std::string& id) {
    return Must<v1::GetInquiryResponse>("RoutingService.GetInquiry",
                                        absl::StrCat("workspace: 'w' inquiry_id: '", id, "'"))
        .inquiry();
  }
  v1::AgentStatus GetAgent(const std::string& id) {
    return Must<v1::GetAgentResponse>("AgentService.GetAgent",
                                      absl::StrCat("workspace: 'w' agent_id: '", id, "'"))
        .agent();
  }
};

TEST_F(ServicesTest, AnInquiryIsSubmittedOfferedAcceptedAnsweredAndClosed) {
  BuildWorkspace();
  const v1::Inquiry offered = Get("offered");
  EXPECT_EQ(offered.state(), v1::INQUIRY_STATE_OFFERED);
  EXPECT_EQ(offered.agent_id(), "ann");
  EXPECT_EQ(offered.offer_id(), "offered/1");
  EXPECT_EQ(offered.offer_expire_time().seconds(), offered.create_time().seconds() + 20);

  const auto accepted = Must<v1::AcceptOfferResponse>(
      "AgentService.AcceptOffer", "workspace: 'w' agent_id: 'ann' offer_id: 'offered/1'");
  EXPECT_EQ(accepted.receipt().inquiry_state(), v1::INQUIRY_STATE_ASSIGNED);
  EXPECT_FALSE(accepted.receipt().replayed());
  const auto again = Must<v1::AcceptOfferResponse>(
      "AgentService.AcceptOffer", "workspace: 'w' agent_id: 'ann' offer_id: 'offered/1'");
  EXPECT_TRUE(again.receipt().replayed());

  Must<v1::RecordMessageResponse>("RoutingService.RecordMessage",
                                  "workspace: 'w' inquiry_id: 'offered' message_id: 'hello' "
                                  "author: AUTHOR_AGENT agent_id: 'ann'");
  EXPECT_TRUE(Get("offered").has_first_response_time());
  Must<v1::CloseInquiryResponse>("RoutingService.CloseInquiry",
                                 "workspace: 'w' inquiry_id: 'offered' agent_id: 'ann' "
                                 "resolution: RESOLUTION_RESOLVED");
  EXPECT_EQ(Get("offered").resolution(), v1::RESOLUTION_RESOLVED);
  EXPECT_EQ(GetAgent("ann").used_units(), 0);
}

TEST_F(ServicesTest, EveryMutationSucceedsOnceAndIsReplayedByItsRequestId) {
  BuildWorkspace();
  const std::pair<const char*, const char*> mutations[] = {
      {"RoutingService.SubmitInquiry", "inquiry { id: 'n' queue: 'support' channel: 'chat' }"},
      {"RoutingService.UpdateInquiry",
       "inquiry { id: 'n' priority: 3 customer: 'c' attributes { key: 'k' value: 'v' } } "
       "update_mask { paths: 'priority' paths: 'customer' paths: 'attributes' }"},
      {"RoutingService.TransferInquiry", "inquiry_id: 'n' queue: 'instant'"},
      {"RoutingService.RecordMessage", "inquiry_id: 'n' message_id: '1' author: AUTHOR_CUSTOMER"},
      {"RoutingService.ParkInquiry", "inquiry_id: 'n'"},
      {"RoutingService.ResumeInquiry", "inquiry_id: 'n'"},
      {"RoutingService.CloseInquiry", "inquiry_id: 'n' resolution: RESOLUTION_SPAM"},
      {"RoutingService.RecordFeedback", "inquiry_id: 'n' feedback { csat: 2 resolved: false }"},
      {"RoutingService.CancelInquiry", "inquiry_id: 'waiting' reason: CANCEL_REASON_ABANDONED"},
      {"AgentService.ExtendWrapUp", "inquiry_id: 'n' agent_id: 'bob' by { seconds: 60 }"},
      {"AgentService.FinishWrapUp", "inquiry_id: 'n' agent_id: 'bob'"},
      {"RoutingService.ReopenInquiry", "inquiry_id: 'n'"},
      {"RoutingService.AssignInquiry",
       "inquiry_id: 'waits-full' agent_id: 'bob' reason: 'asked for' "
       "overrides: ASSIGNMENT_OVERRIDE_REQUIREMENT"},
      {"AgentService.DeclineOffer",
       "offer_id: 'offered/1' agent_id: 'ann' retry_after { seconds: 60 }"},
      {"RoutingService.ClaimInquiry", "inquiry_id: 'offered' agent_id: 'ann'"},
      {"AgentService.SetPresence", "agent_id: 'ann' presence: PRESENCE_DRAINING"},
      {"ConfigService.UpsertAgents", "agents { id: 'eve' languages { language: 'de' level: 9 } }"},
      {"ConfigService.DeleteAgents", "agent_ids: 'eve'"},
  };
  int n = 0;
  for (const auto& [method, rest] : mutations) {
    SCOPED_TRACE(method);
    const std::string request = absl::StrCat("workspace: 'w' request_id: 'r", ++n, "' ", rest);
    // Every response has its receipt in field 1.
    const auto first = Must<v1::SubmitInquiryResponse>(method, request);
    EXPECT_FALSE(first.receipt().replayed());
    EXPECT_THAT(first.receipt().event_cursor(), ::testing::StartsWith("7-"));
    const std::string after = backend_.Fingerprint();
    const auto second = Must<v1::SubmitInquiryResponse>(method, request);
    EXPECT_TRUE(second.receipt().replayed());
    EXPECT_EQ(second.receipt().inquiry_state(), first.receipt().inquiry_state());
    EXPECT_EQ(backend_.Fingerprint(), after);
  }
  const v1::Inquiry done = Get("n");
  EXPECT_EQ(done.spec().customer(), "c");
  EXPECT_EQ(done.spec().attributes().at("k"), "v");
  EXPECT_EQ(done.feedback().csat(), 2);
  EXPECT_EQ(done.state(), v1::INQUIRY_STATE_ASSIGNED) << "opened again";
  EXPECT_EQ(done.counts().reopens(), 1);
  EXPECT_EQ(Get("waits-full").agent_id(), "bob");
  EXPECT_EQ(Get("offered").agent_id(), "ann");
  EXPECT_FALSE(done.feedback().resolved());
}

TEST_F(ServicesTest, ListsArePagedWithoutGapsOrRepeats) {
  BuildWorkspace();
  std::multiset<std::string> seen;
  std::string token;
  int pages = 0;
  do {
    const auto page = Must<v1::ListInquiriesResponse>(
        "RoutingService.ListInquiries",
        absl::StrCat("workspace: 'w' page_size: 2 page_token: '", token, "'"));
    for (const v1::Inquiry& inquiry : page.inquiries()) seen.insert(inquiry.spec().id());
    EXPECT_LE(page.inquiries_size(), 2);
    token = page.next_page_token();
    ++pages;
  } while (!token.empty());
  EXPECT_THAT(seen, ElementsAre("assigned", "cancelled", "closed", "offered", "parked", "spoken",
                                "waiting", "waits-full", "wrapping"));
  EXPECT_GE(pages, 5);

  const auto parked = Must<v1::ListInquiriesResponse>(
      "RoutingService.ListInquiries", "workspace: 'w' states: INQUIRY_STATE_PARKED");
  ASSERT_EQ(parked.inquiries_size(), 1);
  EXPECT_EQ(parked.inquiries(0).agent_id(), "bob");
  const auto first = Must<v1::ListInquiriesResponse>("RoutingService.ListInquiries",
                                                     "workspace: 'w' page_size: 1");
  const absl::Status other = Call(
      "RoutingService.ListInquiries",
      absl::StrCat("workspace: 'w' queue: 'sales' page_token: '", first.next_page_token(), "'"));
  EXPECT_EQ(status::ReasonOf(other), "INVALID_PAGE_TOKEN");
  const auto away =
      Must<v1::ListAgentsResponse>("AgentService.ListAgents", "workspace: 'w' presences: 3");
  ASSERT_EQ(away.agents_size(), 1);
  EXPECT_EQ(away.agents(0).agent().id(), "dan");
  EXPECT_EQ(away.agents(0).gates(0).gate(), v1::GATE_PRESENCE);
}

TEST_F(ServicesTest, AnAgentShowsWorkUnitsAndGates) {
  BuildWorkspace();
  const v1::AgentStatus ann = GetAgent("ann");
  EXPECT_EQ(ann.used_units(), 1);
  ASSERT_EQ(ann.gates_size(), 1);
  EXPECT_EQ(ann.gates(0).gate(), v1::GATE_CAPACITY);
  ASSERT_EQ(ann.work_size(), 1);
  EXPECT_EQ(ann.work(0).kind(), v1::AgentWork::KIND_OFFER);
  std::multiset<int> kinds;
  const v1::AgentStatus bob = GetAgent("bob");
  for (const v1::AgentWork& work : bob.work()) kinds.insert(work.kind());
  EXPECT_THAT(kinds, ElementsAre(v1::AgentWork::KIND_ASSIGNMENT, v1::AgentWork::KIND_ASSIGNMENT,
                                 v1::AgentWork::KIND_PARKED, v1::AgentWork::KIND_WRAP_UP,
                                 v1::AgentWork::KIND_WRAP_UP));
}

TEST_F(ServicesTest, ConfigurationIsReviewedAppliedAndReadBack) {
  BuildWorkspace();
  const auto before =
      Must<v1::GetWorkspaceResponse>("ConfigService.GetWorkspace", "workspace: 'w'");
  EXPECT_EQ(before.agent_count(), 4);
  EXPECT_EQ(before.workspace().queues_size(), 4);

  const std::string print = backend_.Fingerprint();
  const std::string patch =
      absl::StrCat("mode: APPLY_MODE_PATCH etag: '", before.workspace().etag(),
                   "' workspace { id: 'w' queues { id: 'lonely' requirement { skills { "
                   "skill: 'latin' min_level: 9 } } } }");
  const auto dry = Must<v1::ApplyWorkspaceResponse>("ConfigService.ApplyWorkspace",
                                                    patch + " validate_only: true");
  EXPECT_EQ(backend_.Fingerprint(), print);
  EXPECT_GT(dry.changes_size(), 0);
  ASSERT_GT(dry.warnings_size(), 0);
  EXPECT_THAT(dry.warnings(0).ShortDebugString(), HasSubstr("lonely"));

  const auto applied = Must<v1::ApplyWorkspaceResponse>("ConfigService.ApplyWorkspace", patch);
  EXPECT_EQ(applied.generation(), before.workspace().generation() + 1);
  const auto after =
      Must<v1::GetWorkspaceResponse>("ConfigService.GetWorkspace", "workspace: 'w'");
  EXPECT_EQ(after.workspace().etag(), applied.etag());
  EXPECT_EQ(after.workspace().queues_size(), 5);
  EXPECT_EQ(after.agent_count(), 4);
  const absl::Status stale = Call("ConfigService.ApplyWorkspace", patch);
  EXPECT_EQ(status::ReasonOf(stale), "ETAG_MISMATCH");
  EXPECT_EQ(status::GetErrorInfo(stale)->metadata.at("etag"), applied.etag());

  // What was read can be applied as it is and changes nothing but the generation.
  v1::ApplyWorkspaceRequest whole;
  *whole.mutable_workspace() = after.workspace();
  whole.set_mode(v1::APPLY_MODE_WHOLE);
  const auto same = Must<v1::ApplyWorkspaceResponse>("ConfigService.ApplyWorkspace",
                                                     whole.ShortDebugString());
  EXPECT_EQ(same.changes_size(), 0) << same.ShortDebugString();
}

TEST_F(ServicesTest, WorkspacesAreListedAndDeleted) {
  BuildWorkspace();
  Must<v1::ApplyWorkspaceResponse>("ConfigService.ApplyWorkspace",
                                   "mode: APPLY_MODE_WHOLE workspace { id: 'a' channels { "
                                   "id: 'c' kind: CHANNEL_KIND_LIVE } queues { id: 'q' } }");
  auto list = Must<v1::ListWorkspacesResponse>("ConfigService.ListWorkspaces", "page_size: 1");
  EXPECT_THAT(list.workspaces(), ElementsAre("a"));
  list = Must<v1::ListWorkspacesResponse>(
      "ConfigService.ListWorkspaces", absl::StrCat("page_token: '", list.next_page_token(), "'"));
  EXPECT_THAT(list.workspaces(), ElementsAre("w"));
  EXPECT_EQ(list.next_page_token(), "");
  Must<v1::DeleteWorkspaceResponse>("ConfigService.DeleteWorkspace", "workspace: 'a'");
  Must<v1::DeleteWorkspaceResponse>("ConfigService.DeleteWorkspace", "workspace: 'w' force: true");
  list = Must<v1::ListWorkspacesResponse>("ConfigService.ListWorkspaces", "");
  EXPECT_EQ(list.workspaces_size(), 0);
}

TEST_F(ServicesTest, FiguresAreThoseOfTheQueue) {
  BuildWorkspace();
  backend_.Advance(engine::Seconds(3));
  const auto all = Must<v1::GetQueueStatsResponse>("StatsService.GetQueueStats", "workspace: 'w'");
  ASSERT_EQ(all.queues_size(), 4);
  EXPECT_EQ(all.queues(0).queue(), "full");
  EXPECT_EQ(all.queues(0).waiting(), 1);
  EXPECT_EQ(all.bucket_bounds_size(), 21);
  const auto instant = Must<v1::GetQueueStatsResponse>("StatsService.GetQueueStats",
                                                       "workspace: 'w' queue: 'instant'");
  ASSERT_EQ(instant.queues_size(), 1);
  const v1::QueueStats& stats = instant.queues(0);
  EXPECT_EQ(stats.submitted(), 5u);
  EXPECT_EQ(stats.answered(), 5u);
  EXPECT_EQ(stats.assigned(), 2);
  EXPECT_EQ(stats.parked(), 1);
  EXPECT_EQ(stats.closed(), 2u);
  EXPECT_EQ(stats.closed_without_reply(), 1u);
  EXPECT_EQ(stats.offers().auto_accepted(), 5u);
  // The reply to "closed", and the accept of the spoken one.
  EXPECT_EQ(stats.frt_from_create().count(), 2u);
  EXPECT_EQ(stats.frt_from_create().bucket_counts_size(), 22);
  EXPECT_EQ(stats.frt_from_create().bucket_counts(21), 2u);
  const auto agents = Must<v1::GetAgentStatsResponse>("StatsService.GetAgentStats",
                                                      "workspace: 'w' agent_id: 'bob'");
  ASSERT_EQ(agents.agents_size(), 1);
  EXPECT_EQ(agents.agents(0).assignments(), 5u);
}

TEST_F(ServicesTest, TheDrivenClockMovesAndAnswersWhatIsDueNext) {
  BuildWorkspace();
  const auto now = Must<v1::GetTimeResponse>("ClockService.GetTime", "workspace: 'w'");
  EXPECT_EQ(now.time().seconds(), 1'600'000'000);
  const auto moved = Must<v1::AdvanceTimeResponse>(
      "ClockService.AdvanceTime", "workspace: 'w' to { seconds: 1600000030 }");
  EXPECT_EQ(moved.time().seconds(), 1'600'000'030);
  EXPECT_TRUE(moved.has_next_deadline_time());
  backend_.driven = false;
  const absl::Status refused =
      Call("ClockService.AdvanceTime", "workspace: 'w' to { seconds: 1600000040 }");
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(status::ReasonOf(refused), "CLOCK_NOT_DRIVEN");
}

TEST_F(ServicesTest, WhatTheRuntimeSaysReachesTheCaller) {
  BuildWorkspace();
  backend_.AnswerAll(runtime::NotOwner{"pod-2:7600"});
  for (const char* method : {"RoutingService.GetInquiry", "RoutingService.ParkInquiry"}) {
    const absl::Status status = Call(method, "workspace: 'w' inquiry_id: 'waiting'");
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
    EXPECT_EQ(status::GetErrorInfo(status)->metadata.at("owner"), "pod-2:7600");
  }
}

TEST_F(ServicesTest, HealthFollowsTheBackendAndLivenessDoesNot) {
  BuildWorkspace();
  namespace health = ::grpc::health::v1;
  const auto stub = health::Health::NewStub(channel_);
  const auto check = [&](const std::string& service) {
    grpc::ClientContext context;
    health::HealthCheckRequest request;
    health::HealthCheckResponse response;
    request.set_service(service);
    EXPECT_TRUE(stub->Check(&context, request, &response).ok());
    return response.status();
  };
  for (const char* name : {"", "readiness", "liveness", "firstline.v1.RoutingService"}) {
    EXPECT_EQ(check(name), health::HealthCheckResponse::SERVING) << name;
  }
  grpc::ClientContext context;
  health::HealthCheckRequest request;
  request.set_service("readiness");
  auto watch = stub->Watch(&context, request);
  health::HealthCheckResponse response;
  ASSERT_TRUE(watch->Read(&response));
  EXPECT_EQ(response.status(), health::HealthCheckResponse::SERVING);
  backend_.ready = false;
  ASSERT_TRUE(watch->Read(&response));
  EXPECT_EQ(response.status(), health::HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(check(""), health::HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(check("liveness"), health::HealthCheckResponse::SERVING);
  grpc::ClientContext list_context;
  health::HealthListResponse list;
  ASSERT_TRUE(stub->List(&list_context, {}, &list).ok());
  EXPECT_EQ(list.statuses_size(), 11);
  context.TryCancel();
}

TEST_F(ServicesTest, RpcsAreCountedByCode) {
  BuildWorkspace();
  EXPECT_EQ(observer_.count("firstline.v1.RoutingService/SubmitInquiry 0"), 9);
  (void)Call("RoutingService.SubmitInquiry", "");
  EXPECT_EQ(observer_.count("firstline.v1.RoutingService/SubmitInquiry 3"), 1);
  Must<v1::CommandsResponse>("RoutingService.Commands", "commands { id: 1 }");
  EXPECT_EQ(observer_.count("firstline.v1.RoutingService/Commands 0"), 1);
}

TEST_F(ServicesTest, APortInUseIsAnError) {
  StartServer();
  ServerOptions options;
  options.address = absl::StrCat("127.0.0.1:", server_->port());
  EngineBackend other;
  const auto second = Server::Start(options, other, other, observer_);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace firstline::api
