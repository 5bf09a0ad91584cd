#include "common/client/agent_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "absl/strings/str_cat.h"
#include "tests/client/fake_router.h"

namespace firstline::client {
namespace {

using test::FakeRouter;
using testing::ElementsAre;
using AgentsStream = FakeRouter::AgentsStream;

// What the session was heard to say and to be told, one line each, in order; anyone may wait for a
// line.
class Journal {
 public:
  void Add(const std::string& line) {
    sync::MutexLock lock(mutex_);
    lines_.push_back(line);
    changed_.NotifyAll();
  }
  // True when `line` has come `times` times; false if it does not come.
  bool WaitFor(const std::string& line, std::ptrdiff_t times = 1) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    sync::MutexLock lock(mutex_);
    while (std::count(lines_.begin(), lines_.end(), line) < times) {
      if (!changed_.WaitUntil(mutex_, deadline)) return false;
    }
    return true;
  }
  std::vector<std::string> lines() {
    sync::MutexLock lock(mutex_);
    return lines_;
  }

 private:
  sync::Mutex mutex_;
  sync::CondVar changed_;
  std::vector<std::string> lines_;
};

struct Told final : AgentListener {
  void OnWork(const WorkChange& change) override {
    static constexpr const char* kNames[] = {"offered", "assigned", "parked", "wrap-up", "ended"};
    journal.Add(absl::StrCat(kNames[static_cast<int>(change.kind)], " ", change.agent_id, " ",
                             change.work.inquiry_id()));
  }
  void OnPresence(const std::string& agent_id, v1::Presence presence, const std::string&) override {
    journal.Add(absl::StrCat(agent_id, " is ", v1::Presence_Name(presence).substr(9)));
  }
  void OnFailure(const std::string& agent_id, const Error& error) override {
    journal.Add(absl::StrCat(agent_id, " failed ", error.reason));
  }
  void OnConnected() override { journal.Add("connected"); }
  void OnDisconnected(const Error& error, bool final) override {
    journal.Add(absl::StrCat(final ? "over " : "broken ", error.reason));
  }
  Journal journal;
};

std::string Text(const v1::WatchAgentsRequest& request) {
  if (request.has_open()) return "open " + request.open().session_id();
  if (request.has_heartbeat()) return "heartbeat";
  if (request.has_goodbye()) return "goodbye";
  if (request.has_remove()) return "remove " + request.remove().agent_ids(0);
  std::string text = "add";
  for (const auto& subject : request.add().agents()) {
    absl::StrAppend(&text, " ", subject.agent_id());
    if (subject.presence() != v1::PRESENCE_UNSPECIFIED) {
      absl::StrAppend(&text, "=", v1::Presence_Name(subject.presence()).substr(9));
    }
  }
  return text;
}

void Open(AgentsStream& stream, std::chrono::milliseconds lease = std::chrono::seconds(60)) {
  v1::WatchAgentsResponse response;
  response.mutable_opened()->mutable_lease()->set_seconds(lease.count() / 1000);
  response.mutable_opened()->mutable_lease()->set_nanos(static_cast<int>(lease.count() % 1000) *
                                                        1'000'000);
  stream.Write(response);
}

void Show(AgentsStream& stream, const std::string& agent_id, v1::Presence presence,
          const std::vector<std::string>& offers = {}) {
  v1::WatchAgentsResponse response;
  v1::AgentStatus& status = *response.mutable_snapshot()->add_agents();
  status.mutable_agent()->set_id(agent_id);
  status.set_presence(presence);
  for (const std::string& inquiry_id : offers) {
    status.add_work()->set_inquiry_id(inquiry_id);
    status.mutable_work(status.work_size() - 1)->set_kind(v1::AgentWork::KIND_OFFER);
  }
  stream.Write(response);
}

class AgentSessionTest : public testing::Test {
 protected:
  // Reads the next message that is no heartbeat; empty at the end.
  std::string Hear(AgentsStream& stream) {
    v1::WatchAgentsRequest request;
    while (stream.Read(&request)) {
      heard_.Add(Text(request));
      if (!request.has_heartbeat()) return Text(request);
    }
    return "";
  }
  void HearToTheEnd(AgentsStream& stream) {
    while (!Hear(stream).empty()) {
    }
  }
  static grpc::Status Break() { return {grpc::StatusCode::UNAVAILABLE, "enter idle"}; }

  Journal heard_;
  Told told_;
  FakeRouter router_;
  Client client_{{.targets = {router_.address()},
                  .retry = {.first_wait = std::chrono::milliseconds(1),
                            .wait_max = std::chrono::milliseconds(5)}}};
  std::atomic<int> streams_ = 0;
};

TEST_F(AgentSessionTest, OpensAddsBeatsAndSaysGoodbye) {
  router_.on_watch_agents = [this](auto*, AgentsStream* stream) {
    EXPECT_EQ(Hear(*stream), "open desk");
    Open(*stream, std::chrono::milliseconds(3));
    HearToTheEnd(*stream);
    return grpc::Status::OK;
  };
  AgentSession session(client_, {.workspace = "acme", .session_id = "desk"}, told_);
  ASSERT_TRUE(told_.journal.WaitFor("connected"));
  session.SetPresence("ann", v1::PRESENCE_AVAILABLE);
  ASSERT_TRUE(heard_.WaitFor("add ann=AVAILABLE"));
  ASSERT_TRUE(heard_.WaitFor("heartbeat", 5));
  session.Remove("ann");
  ASSERT_TRUE(heard_.WaitFor("remove ann"));
  session.Close();
  EXPECT_TRUE(heard_.WaitFor("goodbye"));
  EXPECT_THAT(told_.journal.lines(), ElementsAre("connected"));
}

// The stream breaks with an offer open; the session comes back under its id, asks nothing anew of
// an agent that is still on, and tells the difference as if it had just happened.
TEST_F(AgentSessionTest, ResumesWithTheSameSessionAndTellsWhatChanged) {
  router_.on_watch_agents = [this](auto*, AgentsStream* stream) {
    const bool first = streams_++ == 0;
    EXPECT_EQ(Hear(*stream), "open desk");
    Open(*stream);
    EXPECT_EQ(Hear(*stream), first ? "add ann=AVAILABLE" : "add ann");
    Show(*stream, "ann", first ? v1::PRESENCE_AVAILABLE : v1::PRESENCE_AWAY, {first ? "i1" : "i2"});
    if (!first) HearToTheEnd(*stream);
    return Break();
  };
  AgentSession session(client_, {.workspace = "acme", .session_id = "desk"}, told_);
  session.SetPresence("ann", v1::PRESENCE_AVAILABLE);
  ASSERT_TRUE(told_.journal.WaitFor("ann is AWAY"));
  session.Close();
  EXPECT_THAT(told_.journal.lines(),
              ElementsAre("connected", "offered ann i1", "ann is AVAILABLE", "broken ", "connected",
                          "ended ann i1", "offered ann i2", "ann is AWAY"));
}

TEST_F(AgentSessionTest, BringsBackWhoWasLoggedOffByTheBreak) {
  router_.on_watch_agents = [this](auto*, AgentsStream* stream) {
    const bool first = streams_++ == 0;
    Hear(*stream);
    Open(*stream);
    Hear(*stream);
    if (first) {
      Show(*stream, "ann", v1::PRESENCE_AVAILABLE);
      return test::Refusal(grpc::StatusCode::ABORTED, "LEASE_EXPIRED");
    }
    Show(*stream, "ann", v1::PRESENCE_OFFLINE);
    EXPECT_EQ(Hear(*stream), "add ann=AVAILABLE");
    Show(*stream, "ann", v1::PRESENCE_AVAILABLE);
    HearToTheEnd(*stream);
    return grpc::Status::OK;
  };
  AgentSession session(client_, {.workspace = "acme", .session_id = "desk"}, told_);
  session.SetPresence("ann", v1::PRESENCE_AVAILABLE);
  EXPECT_TRUE(told_.journal.WaitFor("ann is AVAILABLE", 2));
  EXPECT_TRUE(told_.journal.WaitFor("broken LEASE_EXPIRED"));
}

TEST_F(AgentSessionTest, DeliversEventsWithTheirInquiries) {
  router_.on_watch_agents = [this](auto*, AgentsStream* stream) {
    Hear(*stream);
    Open(*stream);
    Hear(*stream);
    Show(*stream, "ann", v1::PRESENCE_AVAILABLE);
    v1::WatchAgentsResponse response;
    auto& offer = *response.mutable_updates()->add_events();
    offer.set_agent_id("ann");
    offer.set_inquiry_id("i1");
    offer.mutable_offer_created()->set_offer_id("i1/1");
    auto& presence = *response.mutable_updates()->add_events();
    presence.set_agent_id("ann");
    presence.mutable_presence_changed()->set_presence(v1::PRESENCE_DRAINING);
    stream->Write(response);
    HearToTheEnd(*stream);
    return grpc::Status::OK;
  };
  AgentSession session(client_, {.workspace = "acme"}, told_);
  EXPECT_EQ(session.session_id().size(), 32u);
  session.SetPresence("ann", v1::PRESENCE_AVAILABLE);
  ASSERT_TRUE(told_.journal.WaitFor("ann is DRAINING"));
  session.Close();
  EXPECT_THAT(told_.journal.lines(),
              ElementsAre("connected", "ann is AVAILABLE", "offered ann i1", "ann is DRAINING"));
}

TEST_F(AgentSessionTest, AFailureThatWillPassIsAskedAgain) {
  router_.on_watch_agents = [this](auto*, AgentsStream* stream) {
    Hear(*stream);
    Open(*stream, std::chrono::milliseconds(3));
    for (const char* reason : {"STORE_UNAVAILABLE", "UNKNOWN_AGENT"}) {
      EXPECT_EQ(Hear(*stream), "add ann=AVAILABLE");
      v1::WatchAgentsResponse response;
      response.mutable_failure()->set_agent_id("ann");
      const bool passes = std::string(reason) == "STORE_UNAVAILABLE";
      *response.mutable_failure()->mutable_error() = test::RefusalMessage(
          passes ? grpc::StatusCode::UNAVAILABLE : grpc::StatusCode::NOT_FOUND, reason);
      stream->Write(response);
    }
    HearToTheEnd(*stream);
    return grpc::Status::OK;
  };
  AgentSession session(client_, {.workspace = "acme"}, told_);
  session.SetPresence("ann", v1::PRESENCE_AVAILABLE);
  EXPECT_TRUE(told_.journal.WaitFor("ann failed UNKNOWN_AGENT"));
  ASSERT_TRUE(heard_.WaitFor("heartbeat", 3)) << "and never again";
  session.Close();
  const auto lines = heard_.lines();
  EXPECT_EQ(std::count(lines.begin(), lines.end(), "add ann=AVAILABLE"), 2);
}

TEST_F(AgentSessionTest, FollowsTheOwnerAndEndsAtAFinalError) {
  FakeRouter owner;
  router_.on_watch_agents = [&](auto*, AgentsStream*) { return test::NotOwner(owner.address()); };
  owner.on_watch_agents = [](auto*, AgentsStream*) {
    return test::Refusal(grpc::StatusCode::NOT_FOUND, "UNKNOWN_WORKSPACE");
  };
  AgentSession session(client_, {.workspace = "acme"}, told_);
  EXPECT_TRUE(told_.journal.WaitFor("over UNKNOWN_WORKSPACE"));
  EXPECT_THAT(told_.journal.lines(), ElementsAre("broken NOT_OWNER", "over UNKNOWN_WORKSPACE"));
}

TEST_F(AgentSessionTest, ManyAgentsAreGreetedInMessagesOfBoundedSize) {
  std::atomic<int> agents = 0;
  router_.on_watch_agents = [&](auto*, AgentsStream* stream) {
    if (streams_++ == 0) return Break();
    v1::WatchAgentsRequest request;
    while (agents < 2500 && stream->Read(&request)) {
      EXPECT_LE(request.add().agents_size(), 1000);
      agents += request.add().agents_size();
    }
    Open(*stream);
    return grpc::Status::OK;
  };
  AgentSession session(client_, {.workspace = "acme"}, told_);
  for (int i = 0; i < 2500; ++i) {
    session.SetPresence(absl::StrCat("agent-", i), v1::PRESENCE_AVAILABLE);
  }
  EXPECT_TRUE(told_.journal.WaitFor("connected"));
  EXPECT_EQ(agents, 2500);
}

// What a deploy does: the process goes without a goodbye.
TEST_F(AgentSessionTest, DestroyedWithoutCloseLeavesTheSessionToTheGrace) {
  router_.on_watch_agents = [this](auto*, AgentsStream* stream) {
    HearToTheEnd(*stream);
    heard_.Add("end");
    return grpc::Status::OK;
  };
  {
    AgentSession session(client_, {.workspace = "acme", .session_id = "desk"}, told_);
    ASSERT_TRUE(heard_.WaitFor("open desk"));
  }
  ASSERT_TRUE(heard_.WaitFor("end"));
  EXPECT_THAT(heard_.lines(), ElementsAre("open desk", "end"));
}

}  // namespace
}  // namespace firstline::client
