// Channels that interrupt others: capacity as agents, explanations and restored engines see it.
#include <gtest/gtest.h>

#include "tests/engine/twin.h"
#include "tests/engine/workbench.h"

namespace firstline::engine::proof {
namespace {

// Calls interrupt chats and mail, chats interrupt mail; one unit each.
WorkspaceConfig Layers() {
  WorkspaceConfig config = Workbench::SmallWorkspace();
  config.channels[0].interrupted_by = {"voice"};
  config.channels[1].interrupted_by = {"chat", "voice"};
  config.channels[2].units = 1;
  return config;
}

void Take(Workbench& bench, const std::string& id, const std::string& channel) {
  bench.Submit(id, channel);
  bench.Accept(id);
}

TEST(Interruption, EachLayerLooksAtThoseAboveAlone) {
  Workbench bench(Layers());
  bench.Online("a", 2);
  Take(bench, "m1", "mail");
  Take(bench, "m2", "mail");
  Take(bench, "c1", "chat");
  Take(bench, "v1", "voice");
  const Agent& agent = bench.GetAgent("a");
  EXPECT_EQ(agent.used, 4);
  EXPECT_EQ(UsedAgainst(agent, bench.engine().FindChannel("voice")), 1);
  EXPECT_EQ(UsedAgainst(agent, bench.engine().FindChannel("chat")), 2);
  EXPECT_EQ(UsedAgainst(agent, bench.engine().FindChannel("mail")), 4);
  EXPECT_EQ(bench.GateOf("a", "voice"), Gate::kNone);
  EXPECT_EQ(bench.GateOf("a", "chat"), Gate::kCapacity);
  EXPECT_EQ(bench.GateOf("a", "mail"), Gate::kCapacity);
  EXPECT_EQ(bench.StateOf("m1"), InquiryState::kAssigned);
  EXPECT_EQ(bench.Broken(), "");
}

TEST(Interruption, AConfigurationChangesWhatStandsInTheWay) {
  Workbench bench(Layers());
  bench.Online("a");
  Take(bench, "m1", "mail");
  bench.Do(ApplyConfig{.config = Workbench::SmallWorkspace()});
  bench.Submit("c1", "chat");
  EXPECT_EQ(bench.StateOf("c1"), InquiryState::kWaiting);
  bench.Do(ApplyConfig{.config = Layers()});
  EXPECT_EQ(bench.AgentOf("c1"), "a");
  EXPECT_EQ(bench.Broken(), "");
}

// What interrupts may leave an agent above its units; that is not given up after a take-over.
TEST(Interruption, ARestoredEngineGoesOnAlike) {
  Workbench bench(Layers());
  bench.Online("a");
  Take(bench, "m1", "mail");
  Take(bench, "c1", "chat");
  Engine other("bench");
  Restore(bench.engine(), other);
  EXPECT_EQ(FirstDifference(Dump(bench.engine()), Dump(other)), "");
  EXPECT_EQ(other.CheckInvariants(true), "");
  other.Apply(bench.now(), {Submit{.inquiry_id = "v1", .channel = "voice", .queue = "q"}});
  EXPECT_EQ(other.AgentId(other.inquiry(other.FindInquiry("v1")).agent), "a");
}

TEST(Interruption, IsExplained) {
  Workbench bench(Layers());
  bench.Online("a");
  Take(bench, "m1", "mail");
  bench.Submit("m2", "mail");
  const Engine& engine = bench.engine();
  const AgentIx a = engine.FindAgent("a");
  // Mail is full, the agent is not.
  EXPECT_TRUE(engine.ExplainAgent(a, bench.now(), 5).gates.empty());
  const ExplainOptions options;
  const auto first = [&](const std::string& id) {
    const InquiryIx ix = engine.FindInquiry(id);
    return engine.ExplainInquiry(ix, bench.now(), options).candidates.at(0).obstacles.at(0).gate;
  };
  EXPECT_EQ(first("m2").gate, Gate::kCapacity);
  EXPECT_EQ(first("m2").left, 0);
  Take(bench, "v1", "voice");
  EXPECT_EQ(first("m2").left, -1);
  bench.Submit("c1", "chat");
  EXPECT_EQ(first("c1").left, 0);
  ASSERT_EQ(engine.ExplainAgent(a, bench.now(), 5).gates.size(), 1u);
  EXPECT_EQ(engine.ExplainAgent(a, bench.now(), 5).gates[0].gate, Gate::kCapacity);
}

TEST(Interruption, WrapUpOfWhatMayBeInterruptedDoesNotStandInTheWay) {
  WorkspaceConfig config = Layers();
  config.queues[0].wrap_up = Seconds(60);
  Workbench bench(config);
  bench.Online("a");
  Take(bench, "m1", "mail");
  bench.Do(Close{.inquiry_id = "m1"});
  EXPECT_EQ(bench.GateOf("a", "mail"), Gate::kCapacity);
  EXPECT_EQ(bench.GateOf("a", "chat"), Gate::kNone);
  Take(bench, "c1", "chat");
  bench.Submit("m2", "mail");
  bench.Submit("v1", "voice");
  bench.Submit("v2", "voice");
  // One mail's wrap-up would not be enough: the chat is in the way.
  const InquiryIx m2 = bench.engine().FindInquiry("m2");
  const ExplainOptions options;
  const auto told = bench.engine().ExplainInquiry(m2, bench.now(), options);
  EXPECT_FALSE(told.candidates.at(0).obstacles.at(0).gate.until.IsSet());
}

TEST(Interruption, AParkedConversationComesBackBesideWhatItInterrupts) {
  Workbench bench(Layers());
  bench.Online("a");
  Take(bench, "c1", "chat");
  bench.Do(Park{.inquiry_id = "c1"});
  Take(bench, "m1", "mail");
  bench.Do(Resume{.inquiry_id = "c1"});
  EXPECT_EQ(bench.AgentOf("c1"), "a");
  EXPECT_EQ(bench.GetAgent("a").used, 2);
}

// Mail may be given by hand to who has no room for it, by name; a call needs no such word.
TEST(Interruption, DirectedAssignmentsFollowTheSameRoom) {
  Workbench bench(Layers());
  bench.Online("a");
  Take(bench, "m1", "mail");
  bench.Submit("m2", "mail");
  EXPECT_EQ(bench.Reject(AssignTo{"m2", "a", false, {}, "why"}), Rejection::kGateClosed);
  bench.Do(SetPresence{.agent_id = "a", .presence = Presence::kAway, .reason = "out"});
  bench.Submit("v1", "voice");
  EXPECT_EQ(bench.Reject(AssignTo{"v1", "a", false, {Override::kPresence}, "why"}),
            Rejection::kNone);
}

}  // namespace
}  // namespace firstline::engine::proof
