// Expected waits as the engine tells them: by line, by queue, at submission.
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/engine/twin.h"
#include "tests/engine/workbench.h"

namespace firstline::engine::proof {
namespace {

// Agents of one skill each, who accept at once; queue q.
class ExpectTest : public ::testing::Test {
 protected:
  static WorkspaceConfig Config() {
    WorkspaceConfig config = Workbench::SmallWorkspace();
    config.queues[0].auto_accept = true;
    return config;
  }
  void Submit(const std::string& id, const std::string& skill) {
    bench_.Do(engine::Submit{.inquiry_id = id, .channel = "chat", .queue = "q",
                             .requirement = {.skills = {{skill, 1}}, .languages = {}, .labels = {}}});
  }
  void Serve(const std::string& skill, int count, Span each) {
    bench_.AddAgent({.id = skill, .skills = {{skill, 1}}});
    bench_.Do(SetPresence{.agent_id = skill});
    for (int i = 0; i <= count; ++i) Submit(absl::StrCat(skill, i), skill);
    for (int i = 0; i < count; ++i) {
      bench_.Advance(each);
      bench_.Do(Close{.inquiry_id = absl::StrCat(skill, i)});
    }
  }
  std::optional<WaitQuantiles> Of(const std::string& id) {
    const InquiryIx ix = bench_.engine().FindInquiry(id);
    return bench_.engine().ExpectedWait(ix, bench_.engine().PlaceOf(ix), bench_.now());
  }
  QueueIx queue() { return bench_.engine().FindQueue("q"); }

  Workbench bench_{Config()};
};

TEST_F(ExpectTest, NothingIsToldBeforeEnoughWereServed) {
  Submit("a", "x");
  EXPECT_FALSE(Of("a").has_value());
  EXPECT_FALSE(bench_.engine().ExpectedWait(queue(), bench_.now()).has_value());
}

TEST_F(ExpectTest, EachLineHasItsOwn) {
  Serve("fast", 20, Seconds(10));
  Serve("slow", 20, Seconds(100));
  Submit("f", "fast");
  Submit("s", "slow");
  ASSERT_TRUE(Of("f") && Of("s"));
  EXPECT_NEAR(static_cast<double>(Of("s")->p50.us) / 1e6, 100, 25);
  EXPECT_LT(Of("f")->p50.us * 3, Of("s")->p50.us);
  // A requirement that nobody has waited with yet goes by the queue.
  Submit("n", "new");
  EXPECT_TRUE(Of("n").has_value());
}

TEST_F(ExpectTest, IsNotedAtSubmissionForThoseWhoWait) {
  Serve("x", 20, Seconds(10));
  Submit("w", "x");
  EXPECT_GT(bench_.Get("w").expected_p50_ms, 1000u);
  EXPECT_GE(bench_.Get("w").expected_p90_ms, bench_.Get("w").expected_p50_ms);
  bench_.AddAgent({.id = "other", .skills = {{"x", 1}}, .units = 5});
  bench_.Do(SetPresence{.agent_id = "other"});
  Submit("served", "x");
  EXPECT_EQ(bench_.Get("served").expected_p50_ms, 0u);
  Submit("moved", "y");
  ASSERT_GT(bench_.Get("moved").expected_p50_ms, 0u);
  bench_.Do(Transfer{.inquiry_id = "moved", .queue = "other"});
  EXPECT_EQ(bench_.Get("moved").expected_p50_ms, 0u);
}

TEST_F(ExpectTest, ADryRunTellsWhatToExpect) {
  Serve("x", 20, Seconds(10));
  const engine::Submit submit{.inquiry_id = "n", .channel = "chat", .queue = "q",
                              .requirement = {.skills = {{"x", 1}}, .languages = {}, .labels = {}}};
  const DryRun run = bench_.engine().ExplainSubmit({.body = submit, .request_id = "", .when = {}},
                                                   bench_.now(), {});
  ASSERT_TRUE(run.explanation.expected.has_value());
  Submit("n", "x");
  EXPECT_NEAR(static_cast<double>(run.explanation.expected->p50.us),
              static_cast<double>(Of("n")->p50.us), 1e6);
}

TEST_F(ExpectTest, SurvivesAChangeOfConfiguration) {
  Serve("x", 20, Seconds(10));
  bench_.Do(ApplyConfig{.config = Config()});
  EXPECT_TRUE(bench_.engine().ExpectedWait(queue(), bench_.now()).has_value());
  EXPECT_EQ(bench_.Broken(), "");
}

TEST_F(ExpectTest, ASuspendedQueueTellsNothing) {
  Serve("x", 20, Seconds(10));
  Submit("w", "x");
  WorkspaceConfig config = Config();
  config.queues[0].suspended = true;
  bench_.Do(ApplyConfig{.config = config});
  EXPECT_FALSE(Of("w").has_value());
  EXPECT_FALSE(bench_.engine().ExpectedWait(queue(), bench_.now()).has_value());
}

// ---- What is decided by it ----------------------------------------------------------------------

// One agent who serves one every ten seconds, and queue q that refuses who would wait for more than 25.
class DissuadeTest : public ExpectTest {
 protected:
  static WorkspaceConfig Config() {
    WorkspaceConfig config = ExpectTest::Config();
    config.queues[0].max_expected_wait = Seconds(25);
    return config;
  }
  void Apply(const WorkspaceConfig& config) { bench_.Do(ApplyConfig{.config = config}); }
  Rejection TrySubmit(const std::string& id) {
    return bench_.Reject(engine::Submit{
        .inquiry_id = id, .channel = "chat", .queue = "q",
        .requirement = {.skills = {{"x", 1}}, .languages = {}, .labels = {}}});
  }
};

TEST_F(DissuadeTest, RefusesWhoWouldWaitTooLong) {
  Apply(Config());
  Serve("x", 20, Seconds(10));
  EXPECT_EQ(TrySubmit("first"), Rejection::kNone);
  EXPECT_EQ(TrySubmit("second"), Rejection::kNone);
  EXPECT_EQ(TrySubmit("third"), Rejection::kWaitTooLong);
  // The ninth of ten would have to wait longer than the fifth.
  WorkspaceConfig config = Config();
  config.queues[0].expected_wait_quantile = WaitQuantile::kP90;
  Apply(config);
  bench_.Do(Cancel{.inquiry_id = "second"});
  EXPECT_EQ(TrySubmit("other"), Rejection::kWaitTooLong);
  EXPECT_EQ(bench_.Broken(), "");
}

TEST_F(DissuadeTest, TheBoundItselfIsAllowed) {
  Apply(Config());
  Serve("x", 20, Seconds(10));
  TrySubmit("first");
  WorkspaceConfig config = Config();
  config.queues[0].max_expected_wait = bench_.engine().ExpectedWait(queue(), bench_.now())->p50;
  Apply(config);
  EXPECT_EQ(TrySubmit("second"), Rejection::kNone);
  bench_.Do(Cancel{.inquiry_id = "second", .reason = CancelReason::kWithdrawn});
  config.queues[0].max_expected_wait =
      bench_.engine().ExpectedWait(queue(), bench_.now())->p50 - Microseconds(1);
  Apply(config);
  EXPECT_EQ(TrySubmit("third"), Rejection::kWaitTooLong);
}

TEST_F(DissuadeTest, NobodyIsRefusedForAStateThatIsOver) {
  Apply(Config());
  Serve("x", 20, Seconds(10));
  TrySubmit("w1");
  TrySubmit("w2");
  WorkspaceConfig config = Config();
  config.queues[0].suspended = true;
  Apply(config);
  EXPECT_EQ(TrySubmit("w3"), Rejection::kNone);
  Apply(Config());
  for (const char* id : {"w1", "w2", "w3"}) bench_.Do(Cancel{.inquiry_id = id});
  // The agent is busy, and nobody knows how long: that is found out by who waits first.
  bench_.Advance(Seconds(10'000));
  EXPECT_EQ(TrySubmit("w4"), Rejection::kNone);
  EXPECT_EQ(bench_.StateOf("w4"), InquiryState::kWaiting);
}

TEST_F(DissuadeTest, SomebodyWhoIsFreeIsNotWaitedFor) {
  Apply(Config());
  Serve("x", 20, Seconds(10));
  TrySubmit("w1");
  TrySubmit("w2");
  bench_.AddAgent({.id = "y", .skills = {{"y", 1}}});
  bench_.Do(SetPresence{.agent_id = "y"});
  Submit("rare", "y");
  EXPECT_EQ(bench_.AgentOf("rare"), "y");
  EXPECT_EQ(bench_.Reject(engine::Submit{
                .inquiry_id = "rare2", .channel = "chat", .queue = "q",
                .requirement = {.skills = {{"y", 1}}, .languages = {}, .labels = {}}}),
            Rejection::kWaitTooLong);
}

// What decides is part of the state; what is only told is not.
TEST_F(DissuadeTest, ARestoredEngineKnowsWhatItDecidesBy) {
  Apply(Config());
  Serve("x", 20, Seconds(10));
  TrySubmit("w1");
  TrySubmit("w2");
  Engine other("bench");
  Restore(bench_.engine(), other);
  EXPECT_EQ(FirstDifference(Dump(bench_.engine()), Dump(other)), "");
  ASSERT_NE(other.WaitsOf(other.FindQueue("q")), nullptr);
  EXPECT_EQ(other.WaitsOf(other.FindQueue("other")), nullptr);
  const engine::Submit submit{.inquiry_id = "w3", .channel = "chat", .queue = "q"};
  EXPECT_EQ(other.Apply(bench_.now(), {submit}).rejection, Rejection::kWaitTooLong);
}

// Written once a batch at most, and only by queues that decide by it.
TEST_F(DissuadeTest, ChangesNameWhatIsToBeWritten) {
  Serve("x", 20, Seconds(10));
  bench_.Forget();
  Submit("w", "x");
  EXPECT_TRUE(bench_.engine().TakeChanges().waits.empty());
  Apply(Config());
  EXPECT_EQ(bench_.engine().TakeChanges().waits, std::vector{queue()});
  EXPECT_EQ(bench_.engine().WaitsOf(queue())->state(), WaitHistory::State{});  // begins now
  Submit("v", "x");
  EXPECT_TRUE(bench_.engine().TakeChanges().waits.empty());  // others waited before
  bench_.Advance(Seconds(1));
  bench_.Do(Close{.inquiry_id = "x20"});
  bench_.Advance(Seconds(1));
  bench_.Do(Close{.inquiry_id = "w"});
  const Changes changes = bench_.engine().TakeChanges();
  EXPECT_EQ(changes.waits, std::vector{queue()});
  EXPECT_TRUE(changes.forgotten_waits.empty());
  Apply(ExpectTest::Config());
  EXPECT_EQ(bench_.engine().TakeChanges().forgotten_waits, std::vector<std::string>{"q"});
  EXPECT_EQ(bench_.engine().WaitsOf(queue()), nullptr);
}

// It grows while nobody is served, and is looked at with every whole second.
TEST_F(DissuadeTest, AStepIsReachedWithTheSecondInWhichItIsDue) {
  WorkspaceConfig config = ExpectTest::Config();
  config.queues[0].max_expected_wait = Seconds(86'400);
  Apply(config);
  Serve("x", 20, Seconds(10));
  config.queues[0].steps = {
      {.after = {}, .overflow_to = "other", .when = StepWhen{.expected_wait_above = Seconds(25)}}};
  Apply(config);
  Submit("w1", "x");
  Submit("w2", "x");
  EXPECT_EQ(bench_.engine().NextDeadline() - bench_.now(), Seconds(1));
  Time moved;
  while (bench_.engine().QueueId(bench_.Get("w2").queue) == "q") {
    bench_.Advance(Milliseconds(250));
    moved = bench_.now();
    ASSERT_LT(moved - Workbench::kStart, Seconds(400));
    ASSERT_EQ(bench_.Broken(), "");
  }
  EXPECT_EQ(bench_.Get("w2").enqueue_time.us % 1'000'000, 0);
  EXPECT_EQ(bench_.engine().QueueId(bench_.Get("w1").queue), "q");
}

}  // namespace
}  // namespace firstline::engine::proof
