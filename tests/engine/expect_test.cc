// Expected waits as the engine tells them: by line, by queue, at submission.
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
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

}  // namespace
}  // namespace firstline::engine::proof
