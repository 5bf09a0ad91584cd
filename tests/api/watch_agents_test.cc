// WatchAgents over a real connection, and what it keeps of its agents.
#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/rpc/error.h"
#include "common/status/reason.h"
#include "services/router/api/watched_agents.h"
#include "tests/api/server_fixture.h"

namespace firstline::api {
namespace {

using store::EventId;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Ends the call when a test hangs.
class WatchAgentsTest : public ServerFixture {
 protected:
  using Stream =
      std::unique_ptr<grpc::ClientReaderWriter<v1::WatchAgentsRequest, v1::WatchAgentsResponse>>;

  Stream Open(grpc::ClientContext& context, const std::string& session,
              const std::string& rest = "") {
    SetDeadline(context);
    stub_ = v1::AgentService::NewStub(channel_);
    Stream stream = stub_->WatchAgents(&context);
    Send(stream, absl::StrCat("open { workspace: 'w' session_id: '", session, "' ", rest, " }"));
    EXPECT_TRUE(stream->Read(&response_));
    EXPECT_EQ(response_.opened().session_id(), session);
    return stream;
  }
  void Send(Stream& stream, const std::string& text) {
    EXPECT_TRUE(stream->Write(Text<v1::WatchAgentsRequest>(text)));
  }
  // Reads until something of that kind came.
  bool Read(Stream& stream, v1::WatchAgentsResponse::UpdateCase kind) {
    while (stream->Read(&response_)) {
      if (response_.update_case() == kind) return true;
    }
    ADD_FAILURE() << "ended: " << rpc::FromGrpc(stream->Finish());
    return false;
  }
  // Reads until an event of that kind came.
  bool ReadEvent(Stream& stream, v1::Event::KindCase kind) {
    while (Read(stream, v1::WatchAgentsResponse::kUpdates)) {
      for (const v1::Event& event : response_.updates().events()) {
        if (event.kind_case() == kind) return true;
      }
    }
    return false;
  }
  v1::AgentStatus Agent(const std::string& id) {
    return Must<v1::GetAgentResponse>("AgentService.GetAgent",
                                      absl::StrCat("workspace: 'w' agent_id: '", id, "'"))
        .agent();
  }

  std::unique_ptr<v1::AgentService::Stub> stub_;
  v1::WatchAgentsResponse response_;
};

constexpr auto kSnapshot = v1::WatchAgentsResponse::kSnapshot;
constexpr auto kFailure = v1::WatchAgentsResponse::kFailure;

TEST_F(WatchAgentsTest, ShowsAgentsAndThenWhatHappensToThem) {
  BuildWorkspace();
  grpc::ClientContext context;
  auto stream = Open(context, "s1", "include_inquiries: true");
  Send(stream, "add { agents { agent_id: 'cat' presence: PRESENCE_AVAILABLE } "
               "agents { agent_id: 'ann' } agents { agent_id: 'nobody' } }");
  ASSERT_TRUE(Read(stream, kFailure));
  EXPECT_EQ(response_.failure().agent_id(), "nobody");
  EXPECT_EQ(status::ReasonOf(rpc::FromProto(response_.failure().error())), "UNKNOWN_AGENT");
  ASSERT_TRUE(Read(stream, kSnapshot));
  ASSERT_EQ(response_.snapshot().agents_size(), 2);
  EXPECT_EQ(response_.snapshot().agents(0).agent().id(), "ann");
  EXPECT_EQ(response_.snapshot().agents(0).work(0).inquiry().spec().id(), "offered");
  // "waiting" and "waits-full" want a vip, who has just come: cat has one unit.
  const v1::AgentStatus cat = response_.snapshot().agents(1);
  EXPECT_THAT(cat.sessions(), ElementsAre("s1"));
  ASSERT_EQ(cat.work_size(), 1);
  EXPECT_EQ(cat.work(0).inquiry_id(), "waiting");

  Must<v1::DeclineOfferResponse>("AgentService.DeclineOffer",
                                 "workspace: 'w' agent_id: 'cat' offer_id: 'waiting/1'");
  ASSERT_TRUE(ReadEvent(stream, v1::Event::kOfferCreated));
  ASSERT_EQ(response_.updates().work_size(), 1);
  EXPECT_EQ(response_.updates().work(0).inquiry().spec().id(), "waits-full");
  while (backend_.last_beat().size() != 2) std::this_thread::yield();
  EXPECT_EQ(backend_.last_beat()[0].session_id, "s1");
  context.TryCancel();
}

TEST_F(WatchAgentsTest, AGoodbyeClosesTheSessionAtOnceAndALossDoesNot) {
  BuildWorkspace();
  {
    grpc::ClientContext context;
    auto lost = Open(context, "s1");
    Send(lost, "add { agents { agent_id: 'cat' presence: PRESENCE_AVAILABLE } }");
    ASSERT_TRUE(Read(lost, kSnapshot));
    context.TryCancel();
    EXPECT_EQ(lost->Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
  EXPECT_EQ(Agent("cat").presence(), v1::PRESENCE_AVAILABLE);
  grpc::ClientContext context;
  auto stream = Open(context, "s1");
  Send(stream, "add { agents { agent_id: 'cat' presence: PRESENCE_AVAILABLE } }");
  ASSERT_TRUE(Read(stream, kSnapshot));
  EXPECT_THAT(Agent("cat").sessions(), ElementsAre("s1"));
  Send(stream, "goodbye {}");
  while (stream->Read(&response_)) {
  }
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(Agent("cat").presence(), v1::PRESENCE_OFFLINE);
  EXPECT_EQ(Agent("cat").sessions_size(), 0);
}

TEST_F(WatchAgentsTest, ARemovedAgentIsToldNoMore) {
  BuildWorkspace();
  grpc::ClientContext context;
  auto stream = Open(context, "s1");
  Send(stream, "add { agents { agent_id: 'cat' } agents { agent_id: 'dan' } }");
  ASSERT_TRUE(Read(stream, kSnapshot));
  Send(stream, "remove { agent_ids: 'cat' }");
  Send(stream, "add { agents { agent_id: 'dan' presence: PRESENCE_AWAY reason: 'training' } }");
  ASSERT_TRUE(Read(stream, kSnapshot));
  Must<v1::SetPresenceResponse>("AgentService.SetPresence",
                                "workspace: 'w' agent_id: 'cat' presence: PRESENCE_DRAINING");
  Must<v1::SetPresenceResponse>("AgentService.SetPresence",
                                "workspace: 'w' agent_id: 'dan' presence: PRESENCE_DRAINING");
  while (Read(stream, v1::WatchAgentsResponse::kUpdates)) {
    bool drained = false;
    for (const v1::Event& event : response_.updates().events()) {
      EXPECT_EQ(event.agent_id(), "dan");
      drained = drained || event.presence_changed().presence() == v1::PRESENCE_DRAINING;
    }
    if (drained) break;
  }
  context.TryCancel();
}

TEST_F(WatchAgentsTest, ARewoundHistoryShowsEverybodyAgain) {
  BuildWorkspace();
  grpc::ClientContext context;
  auto stream = Open(context, "s1");
  Send(stream, "add { agents { agent_id: 'bob' } }");
  ASSERT_TRUE(Read(stream, kSnapshot));
  // The follower has to have read up to the end first: it is then told this.
  Must<v1::SetPresenceResponse>("AgentService.SetPresence",
                                "workspace: 'w' agent_id: 'bob' presence: PRESENCE_DRAINING");
  ASSERT_TRUE(ReadEvent(stream, v1::Event::kPresenceChanged));
  backend_.Rewind("w", {7, 3});
  // The owner's state is on history again with the next thing that happens.
  Must<v1::SetPresenceResponse>("AgentService.SetPresence",
                                "workspace: 'w' agent_id: 'cat' presence: PRESENCE_AVAILABLE");
  ASSERT_TRUE(Read(stream, kSnapshot));
  EXPECT_EQ(response_.snapshot().agents(0).agent().id(), "bob");
  context.TryCancel();
}

TEST_F(WatchAgentsTest, AStreamThatSaysNothingIsEnded) {
  ServerOptions options;
  options.watch_lease = std::chrono::milliseconds(1);
  StartServer(options);
  ApplyAQueue();
  grpc::ClientContext context;
  auto stream = Open(context, "s1");
  while (stream->Read(&response_)) {
  }
  EXPECT_EQ(status::ReasonOf(rpc::FromGrpc(stream->Finish())), "LEASE_EXPIRED");
}

TEST_F(WatchAgentsTest, ARepeatedOpenAndAnEmptyActionAreRefused) {
  BuildWorkspace();
  for (const std::string second : {"open { workspace: 'w' session_id: 's2' }", "",
                                   "add { agents { agent_id: '' } }", "add {}", "remove {}"}) {
    grpc::ClientContext context;
    auto stream = Open(context, "s1");
    Send(stream, second);
    while (stream->Read(&response_)) {
    }
    const absl::Status status = rpc::FromGrpc(stream->Finish());
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << second << ": " << status;
  }
}

// A new owner's event between two about an agent: the second waits for the snapshot that follows.
TEST_F(WatchAgentsTest, TheCursorIsNotAheadOfWhatIsHeldForANewOwner) {
  BuildWorkspace();
  grpc::ClientContext context;
  auto stream = Open(context, "s1");
  Send(stream, "add { agents { agent_id: 'bob' } }");
  ASSERT_TRUE(Read(stream, kSnapshot));
  v1::Event of_bob, owner;
  of_bob.set_agent_id("bob");
  of_bob.mutable_presence_changed()->set_presence(v1::PRESENCE_AWAY);
  owner.mutable_owner_changed()->set_epoch(7);
  const EventId last = backend_.AppendEvents("w", {of_bob, owner, of_bob});
  ASSERT_TRUE(Read(stream, v1::WatchAgentsResponse::kUpdates));
  ASSERT_EQ(response_.updates().events_size(), 1);
  EXPECT_EQ(response_.updates().events(0).id(), store::ToString({last.epoch, last.n - 2}));
  EXPECT_EQ(response_.cursor(), response_.updates().events(0).id());
  ASSERT_TRUE(Read(stream, v1::WatchAgentsResponse::kUpdates));
  EXPECT_EQ(response_.updates().events(0).id(), store::ToString(last));
  EXPECT_EQ(response_.cursor(), store::ToString({last.epoch, last.n - 2}))
      << "its snapshot is still to come";
  ASSERT_TRUE(Read(stream, kSnapshot));
  EXPECT_EQ(response_.cursor(), store::ToString(last));
  context.TryCancel();
}

// ---- What is kept -------------------------------------------------------------------------------

EventTails::SharedEvent EventAt(uint64_t n) {
  auto event = std::make_shared<EventTails::Event>();
  event->id = {7, n};
  return event;
}

class WatchedAgentsTest : public testing::Test {
 protected:
  void Show(const std::string& agent, uint64_t n) {
    before_.clear();
    after_.clear();
    watched_.Show(agent, {7, n}, before_, after_);
  }
  static std::vector<uint64_t> Numbers(const WatchedAgents::Events& events) {
    std::vector<uint64_t> numbers;
    for (const EventTails::SharedEvent& event : events) numbers.push_back(event->id.n);
    return numbers;
  }

  WatchedAgents watched_;
  WatchedAgents::Events before_, after_;
};

TEST_F(WatchedAgentsTest, NothingIsToldWhileSomebodyIsToBeShown) {
  watched_.Await("ann");
  watched_.Await("bob");
  watched_.Hear({7, 5});
  EXPECT_THAT(watched_.Awaiting(1), ElementsAre("ann"));
  Show("ann", 9);
  watched_.Pass({7, 10});
  watched_.Hear({7, 11});
  EXPECT_EQ(watched_.told(), EventId{});
  EXPECT_THAT(watched_.Awaiting(9), ElementsAre("bob"));
  watched_.Find("bob")->Hold(EventAt(10));
  watched_.Find("bob")->Hold(EventAt(12));
  Show("bob", 10);
  EXPECT_THAT(Numbers(before_), IsEmpty()) << "it is new";
  EXPECT_THAT(Numbers(after_), ElementsAre(12));
  EXPECT_EQ(watched_.told(), (EventId{7, 11}));
  EXPECT_THAT(watched_.Awaiting(9), IsEmpty());
}

TEST_F(WatchedAgentsTest, SnapshotsThatAreAheadOfTheHubCountFromTheOldest) {
  watched_.Await("ann");
  Show("ann", 9);
  EXPECT_EQ(watched_.told(), (EventId{7, 9}));
  watched_.Await("bob");
  Show("bob", 14);
  EXPECT_EQ(watched_.told(), (EventId{7, 9})) << "what happened to ann since";
  watched_.Hear({7, 12});
  EXPECT_EQ(watched_.told(), (EventId{7, 12}));
}

TEST_F(WatchedAgentsTest, ANewOwnerStopsTheCursorWhereItCame) {
  watched_.Await("ann");
  Show("ann", 1);
  watched_.Pass({7, 2});
  watched_.AwaitAll(/*forget=*/false);
  watched_.Find("ann")->Hold(EventAt(4));
  watched_.Hear({7, 4});
  EXPECT_EQ(watched_.told(), (EventId{7, 2}));
  Show("ann", 4);
  EXPECT_THAT(Numbers(before_), ElementsAre(4));
  EXPECT_EQ(watched_.told(), (EventId{7, 4}));
}

TEST_F(WatchedAgentsTest, WhoLeavesIsNotWaitedFor) {
  watched_.Await("ann");
  watched_.Await("bob");
  Show("ann", 3);
  watched_.Hear({7, 6});
  EXPECT_TRUE(watched_.Remove("bob"));
  EXPECT_FALSE(watched_.Remove("bob"));
  EXPECT_EQ(watched_.told(), (EventId{7, 6}));
  EXPECT_TRUE(watched_.Remove("ann"));
  EXPECT_TRUE(watched_.empty());
}

TEST_F(WatchedAgentsTest, WhatWasTakenBackWasNotTold) {
  watched_.Await("ann");
  Show("ann", 3);
  watched_.Hear({7, 30});
  watched_.AwaitAll(/*forget=*/true);
  watched_.Hear({7, 10});
  EXPECT_EQ(watched_.told(), EventId{});
  watched_.Find("ann")->Hold(EventAt(8));
  Show("ann", 9);
  EXPECT_THAT(Numbers(before_), IsEmpty());
  EXPECT_EQ(watched_.told(), (EventId{7, 10}));
}

TEST_F(WatchedAgentsTest, TooManyHeldNeedAnotherSnapshot) {
  watched_.Await("ann");
  for (size_t n = 1; n <= limits::kAgentBacklogMax; ++n) watched_.Find("ann")->Hold(EventAt(n));
  EXPECT_EQ(watched_.Find("ann")->held.size(), limits::kAgentBacklogMax);
  watched_.Find("ann")->Hold(EventAt(9999));
  Show("ann", 5);
  EXPECT_THAT(Numbers(after_), IsEmpty());
  EXPECT_THAT(watched_.Awaiting(9), ElementsAre("ann"));
  EXPECT_EQ(watched_.told(), EventId{});
  Show("ann", 9999);
  EXPECT_EQ(watched_.told(), (EventId{7, 9999}));
}

}  // namespace
}  // namespace firstline::api
