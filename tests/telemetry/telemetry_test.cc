// When figures count, what is kept and what is forgotten, and the bounds on all of it.
#include "services/router/telemetry/telemetry.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>

#include "tests/telemetry/rig.h"

namespace firstline::telemetry {
namespace {

using engine::Seconds;
using firstline::testing::MakeAgent;
using firstline::testing::Rig;
using firstline::testing::SmallConfig;

constexpr int64_t kSecond = 1'000'000;

// Two agents, one a team, both offline.
class TelemetryTest : public ::testing::Test {
 protected:
  void SetUp() override { Start(SmallConfig()); }
  void Start(engine::WorkspaceConfig config) {
    rig.Configure(std::move(config), {MakeAgent("ada", "day"), MakeAgent("bob", "night")});
    rig.Commit();
  }
  // "ada" has it `wait` after it came.
  void Assign(const std::string& id, engine::Span wait, const std::string& channel = "chat") {
    rig.Submit(id, "sales", channel);
    rig.Pass(wait);
    rig.Come("ada");
    rig.Accept(id);
  }
  Rig rig;
};

// ---- Commit -----------------------------------------------------------------------------------

TEST_F(TelemetryTest, NothingCountsBeforeItsOwnBatchIsCommitted) {
  rig.Submit("a", "sales", "chat");
  rig.Seal();
  rig.Submit("b", "sales", "chat");
  rig.Seal();
  rig.Submit("c", "sales", "chat");
  EXPECT_EQ(rig.Queue("sales").submitted, 0u);
  EXPECT_EQ(rig.Queue("sales").now.waiting, 3u);
  rig.CommitSealed();
  EXPECT_EQ(rig.Queue("sales").submitted, 1u);
  rig.CommitSealed();
  EXPECT_EQ(rig.Queue("sales").submitted, 2u);
}

TEST_F(TelemetryTest, ALostWorkspaceKeepsItsCountersAndLosesItsGauges) {
  rig.Submit("a", "sales", "chat");
  rig.Commit();
  rig.Submit("b", "sales", "chat");
  rig.Seal();
  rig.Submit("c", "sales", "chat");
  rig.telemetry().Dropped("acme");
  EXPECT_TRUE(rig.telemetry().Queues("acme", "").empty());
  EXPECT_FALSE(rig.telemetry().Agent("acme", "ada").has_value());
  WorkspaceSnapshot lost = rig.Snapshot();
  EXPECT_FALSE(lost.owned);
  EXPECT_TRUE(lost.queues.empty());
  EXPECT_TRUE(lost.teams.empty());
  EXPECT_EQ(rig.FlowOf("sales", "chat").submitted, 1u);
  // Owned again: counters go on, what was dropped stays void.
  rig.telemetry().Loaded("acme", rig.engine());
  rig.Submit("d", "sales", "chat");
  rig.Commit();
  EXPECT_EQ(rig.FlowOf("sales", "chat").submitted, 2u);
  EXPECT_EQ(rig.Snapshot().queues.size(), 2u);
}

TEST_F(TelemetryTest, LoadsAreKnownFromTheRestoredState) {
  rig.Come("ada");
  rig.Submit("i", "sales", "chat");
  rig.Commit();
  rig.telemetry().Dropped("acme");
  rig.Pass(Seconds(50));  // somebody else's time
  rig.telemetry().Loaded("acme", rig.engine());
  const int64_t before = rig.Agent("ada").capacity_unit_us;
  rig.Pass(Seconds(10));
  rig.Commit();
  EXPECT_EQ(rig.Agent("ada").capacity_unit_us - before, 20 * kSecond);
}

// ---- Agents -----------------------------------------------------------------------------------

TEST_F(TelemetryTest, ADeletedAgentIsForgottenAndTheTeamKeepsItsWork) {
  Assign("i", Seconds(1));
  rig.Reply("i");
  rig.Close("i");
  rig.Pass(Seconds(10));
  rig.Commit();
  EXPECT_EQ(rig.Agent("ada").assignments, 1u);
  rig.Do(engine::DeleteAgents{{"ada"}, true});
  rig.Commit();
  EXPECT_EQ(rig.Agent("ada").assignments, 0u);
  EXPECT_EQ(rig.WorkOf("sales", "chat", "day").assignments, 1u);
  EXPECT_EQ(rig.Snapshot().loads[0].capacity_unit_us, 20 * kSecond);
  rig.Do(engine::UpsertAgents{{MakeAgent("ada", "night")}});
  Assign("j", Seconds(1));
  rig.Commit();
  EXPECT_EQ(rig.Agent("ada").assignments, 1u);
  EXPECT_EQ(rig.WorkOf("sales", "chat", "night").assignments, 1u);
}

TEST_F(TelemetryTest, AgentsAreListedInPages) {
  rig.Come("ada");
  rig.Come("bob");
  rig.Commit();
  const auto first = rig.telemetry().Agents("acme", "", 1);
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(first[0].agent_id, "ada");
  const auto rest = rig.telemetry().Agents("acme", "ada", 10);
  ASSERT_EQ(rest.size(), 1u);
  EXPECT_EQ(rest[0].agent_id, "bob");
}

// ---- Bounds -----------------------------------------------------------------------------------

TEST(LadderTest, UsualTargetsAreBoundsAndBoundsAreInclusive) {
  for (const int64_t target : {10, 20, 30, 60, 120, 300, 600, 1800, 3600, 14400, 28800, 86400}) {
    EXPECT_TRUE(std::binary_search(kLadderSeconds.begin(), kLadderSeconds.end(), target)) << target;
  }
  EXPECT_TRUE(std::is_sorted(kLadderSeconds.begin(), kLadderSeconds.end()));
  SpanHistogram histogram;
  histogram.Add(20 * kSecond);
  histogram.Add(20 * kSecond + 1);
  histogram.Add(86400 * kSecond + 1);
  const auto twenty = std::find(kLadderSeconds.begin(), kLadderSeconds.end(), 20);
  const auto at = static_cast<size_t>(twenty - kLadderSeconds.begin());
  EXPECT_EQ(histogram.counts[at], 1u);
  EXPECT_EQ(histogram.counts[at + 1], 1u);
  EXPECT_EQ(histogram.counts.back(), 1u);
  EXPECT_EQ(histogram.total.sum, (20 + 20 + 86400) * kSecond + 2);
}

TEST(BoundsTest, PlacesBeyondTheLimitShareOne) {
  Figures figures;
  for (size_t i = 0; i < kPlacesMax + 100; ++i) {
    const std::string queue = "q" + std::to_string(i);
    ++figures.FlowOf(queue, "chat").submitted;
    ++figures.WorkOf({queue, "chat", "t"}).offers;
    figures.LoadOf(queue);
  }
  EXPECT_EQ(figures.flows().size(), kPlacesMax + 1);
  EXPECT_EQ(figures.works().size(), kPlacesMax + 1);
  EXPECT_EQ(figures.loads().size(), kPlacesMax + 1);
  EXPECT_EQ(figures.flows().back()->queue, kBeyondLimit);
  EXPECT_EQ(figures.flows().back()->submitted, 100u);
  EXPECT_EQ(figures.works().back()->offers, 100u);
}

TEST(BoundsTest, WorkspacesGivenUpLongestAgoAreForgotten) {
  Telemetry telemetry(nullptr);
  engine::Engine engine("w");
  telemetry.Loaded("mine", engine);
  for (size_t i = 0; i < kWorkspacesKept + 10; ++i) {
    const std::string name = "w" + std::to_string(i);
    telemetry.Loaded(name, engine);
    telemetry.Dropped(name);
  }
  const Snapshot snapshot = telemetry.Take();
  EXPECT_EQ(snapshot.workspaces.size(), kWorkspacesKept);
  const auto has = [&](const std::string& name) {
    return std::any_of(snapshot.workspaces.begin(), snapshot.workspaces.end(),
                       [&](const auto& workspace) { return workspace.workspace == name; });
  };
  EXPECT_TRUE(has("mine"));
  EXPECT_FALSE(has("w0"));
  EXPECT_TRUE(has("w" + std::to_string(kWorkspacesKept + 9)));
}

}  // namespace
}  // namespace firstline::telemetry
