// Explanations: every obstacle with what it says, the order, later fits, places, ranks, dry runs.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/engine/workbench.h"

namespace firstline::engine::proof {
namespace {

using Kind = Obstacle::Kind;

InquiryExplanation Explain(Workbench& bench, const std::string& id, ExplainOptions options = {}) {
  return bench.engine().ExplainInquiry(bench.engine().FindInquiry(id), bench.now(), options);
}

DryRun Try(Workbench& bench, const Submit& submit) {
  return bench.engine().ExplainSubmit({.body = submit, .request_id = "", .when = {}}, bench.now(),
                                      {});
}

Candidate Of(Workbench& bench, const InquiryExplanation& told,
             const std::string& agent) {

  for (const Candidate& candidate : told.candidates) {
    if (bench.engine().AgentId(candidate.agent) == agent) return candidate;
  }
  ADD_FAILURE() << agent << " is not listed";
  return {};
}

TEST(Explain, TellsLevelsThatAreThereAndAskedFor) {
  Workbench bench;
  bench.AddAgent({.id = "a", .skills = {{"billing", 2}}});
  bench.Do(SetPresence{.agent_id = "a"});
  bench.Do(Submit{.inquiry_id = "i", .channel = "chat", .queue = "q",
                  .requirement = {.skills = {{"billing", 3, 5}}, .languages = {}, .labels = {}}});
  const InquiryExplanation told = Explain(bench, "i");
  const Candidate a = Of(bench, told, "a");
  ASSERT_EQ(a.obstacles.size(), 1u);
  const Misfit& misfit = a.obstacles[0].misfit;
  EXPECT_EQ(misfit.kind, Mismatch::kSkillLevel);
  EXPECT_EQ(bench.engine().NameText(misfit.name), "billing");
  EXPECT_EQ(misfit.least, 3);
  EXPECT_EQ(misfit.most, 5);
  EXPECT_EQ(misfit.held, 2);
}

TEST(Explain, TellsEveryMisfitInTheOrderOfTheChecks) {
  WorkspaceConfig config = Workbench::SmallWorkspace();
  config.queues[0].first_tier = 1;
  Workbench bench(config);
  AgentConfig agent{.id = "a", .skills = {{"trainee", 1}}};
  agent.memberships = {{.queue = "q", .tier = 2, .paused = true}};
  bench.AddAgent(agent);
  RequirementSpec asked{.skills = {{"billing", 3}}, .languages = {{"de", 2}}, .labels = {"vip"}};
  asked.any_skills = {{{"x", 1}, {"y", 2}}};
  asked.excluded_skills = {"trainee"};
  asked.label_conditions = {{.key = "grade", .comparison = Comparison::kGreater, .values = {"3"}}};
  bench.Do(Submit{.inquiry_id = "i", .channel = "chat", .queue = "q", .requirement = asked});
  std::vector<Mismatch> kinds;
  for (const Obstacle& obstacle : Of(bench, Explain(bench, "i"), "a").obstacles) {
    if (obstacle.kind == Kind::kMisfit) kinds.push_back(obstacle.misfit.kind);
  }
  using M = Mismatch;
  EXPECT_EQ(kinds, (std::vector<M>{M::kPaused, M::kTier, M::kSkillMissing, M::kSkillGroup,
                                   M::kSkillExcluded, M::kLanguage, M::kLabel,
                                   M::kLabelCondition}));
}

TEST(Explain, TellsGatesWithTheirEnd) {
  WorkspaceConfig config = Workbench::SmallWorkspace();
  config.queues[0].wrap_up = Seconds(40);
  config.queues[0].auto_accept = true;
  Workbench bench(config);
  bench.Online("a");
  bench.Submit("first");
  bench.Submit("second");
  const Candidate full = Of(bench, Explain(bench, "second"), "a");
  ASSERT_EQ(full.obstacles.size(), 2u);  // total, and on the channel
  EXPECT_EQ(full.obstacles[0].gate.gate, Gate::kCapacity);
  EXPECT_EQ(full.obstacles[0].gate.needed, 1);
  EXPECT_EQ(full.obstacles[0].gate.left, 0);
  EXPECT_FALSE(full.obstacles[0].gate.until.IsSet());
  bench.Do(Close{.inquiry_id = "first"});
  const Candidate wraps = Of(bench, Explain(bench, "second"), "a");
  EXPECT_EQ(wraps.obstacles[0].gate.until, bench.now() + Seconds(40));
  bench.Do(SetPresence{.agent_id = "a", .presence = Presence::kAway, .reason = "break"});
  const Candidate away = Of(bench, Explain(bench, "second"), "a");
  EXPECT_EQ(away.obstacles[0].gate.gate, Gate::kPresence);
  EXPECT_EQ(away.obstacles.size(), 3u);
}

TEST(Explain, TellsWhoDeclinedAndWhenTheyAreAskedAgain) {
  Workbench bench;
  bench.Online("a");
  bench.Submit("i");
  bench.Do(Decline{.inquiry_id = "i", .offer_number = 1, .agent_id = "a",
                   .retry_after = Seconds(30)});
  const Candidate later = Of(bench, Explain(bench, "i"), "a");
  ASSERT_EQ(later.obstacles.size(), 1u);
  EXPECT_EQ(later.obstacles[0].kind, Kind::kExcepted);
  EXPECT_EQ(later.obstacles[0].until, bench.now() + Seconds(30));
  bench.Do(Submit{.inquiry_id = "x", .channel = "chat", .queue = "q", .excluded_agents = {"a"}});
  EXPECT_EQ(Of(bench, Explain(bench, "x"), "a").obstacles[0].kind, Kind::kExcluded);
}

TEST(Explain, TellsTheStepAtWhichAnAgentWillSuit) {
  WorkspaceConfig config = Workbench::SmallWorkspace();
  config.queues[0].steps = {{.after = Seconds(10), .lower_levels = 1},
                            {.after = Seconds(60), .lower_levels = 2}};
  Workbench bench(config);
  bench.AddAgent({.id = "a", .skills = {{"billing", 2}}});
  bench.Do(SetPresence{.agent_id = "a"});
  bench.Do(Submit{.inquiry_id = "i", .channel = "chat", .queue = "q",
                  .requirement = {.skills = {{"billing", 5}}, .languages = {}, .labels = {}}});
  bench.Advance(Seconds(20));
  const InquiryExplanation told = Explain(bench, "i");
  EXPECT_EQ(told.next_step_time, bench.now() + Seconds(40));
  const Candidate a = Of(bench, told, "a");
  EXPECT_EQ(a.obstacles[0].misfit.least, 4);  // one is taken off already
  EXPECT_EQ(a.later.step, 2u);
  EXPECT_EQ(a.later.time, bench.now() + Seconds(40));
}

TEST(Explain, AHoldIsToldWithItsEnd) {
  WorkspaceConfig config = Workbench::SmallWorkspace();
  config.queues[0].preferred_hold = Seconds(15);
  Workbench bench(config);
  bench.AddAgent({.id = "a"});
  bench.Online("b");
  bench.Do(SetPresence{.agent_id = "a", .presence = Presence::kAway});
  bench.Do(Submit{.inquiry_id = "i", .channel = "chat", .queue = "q", .preferred_agents = {"a"}});
  const InquiryExplanation told = Explain(bench, "i");
  EXPECT_EQ(told.hold_until, bench.now() + Seconds(15));
  EXPECT_EQ(Of(bench, told, "b").obstacles[0].kind, Kind::kHeldForAnother);
  EXPECT_EQ(Of(bench, told, "a").obstacles[0].gate.gate, Gate::kPresence);
}

TEST(Explain, PlacesCountThoseBefore) {
  Workbench bench;
  for (int i = 0; i < 5; ++i) bench.Submit(absl::StrCat("i", i));
  bench.Do(Submit{.inquiry_id = "other", .channel = "chat", .queue = "q",
                  .requirement = {.skills = {{"billing", 5}}, .languages = {}, .labels = {}}});
  bench.Submit("last");
  const Place last = Explain(bench, "last").place;
  EXPECT_EQ(last.in_line, 6u);
  EXPECT_EQ(last.in_queue, 7u);
  const Place other = Explain(bench, "other").place;
  EXPECT_EQ(other.in_line, 1u);
  EXPECT_EQ(other.in_queue, 6u);
  EXPECT_FALSE(last.capped);
}

TEST(Explain, PlacesAreCountedUpToTheLimit) {
  Workbench bench;
  const auto submit = [&](uint32_t i) { bench.Submit(absl::StrCat("i", i)); };
  for (uint32_t i = 0; i < limits::kPlacesMax; ++i) submit(i);
  EXPECT_FALSE(Explain(bench, absl::StrCat("i", limits::kPlacesMax - 1)).place.capped);
  submit(limits::kPlacesMax);
  submit(limits::kPlacesMax + 1);
  const Place beyond = Explain(bench, absl::StrCat("i", limits::kPlacesMax + 1)).place;
  EXPECT_TRUE(beyond.capped);
  EXPECT_GE(beyond.in_line, limits::kPlacesMax);
}

TEST(Explain, ListsAtMostWhatIsAskedAndCountsTheRest) {
  Workbench bench;
  for (int a = 0; a < 30; ++a) bench.AddAgent({.id = absl::StrCat("a", a)});
  bench.Submit("i");
  const InquiryExplanation told = Explain(bench, "i", {.candidates_max = 4, .named = {}, .sees = {}});
  EXPECT_EQ(told.candidates.size(), 4u);
  EXPECT_EQ(told.agents, 30u);
  ASSERT_EQ(told.counts.size(), 1u);
  EXPECT_EQ(told.counts[0].agents, 30u);
  EXPECT_EQ(told.counts[0].first.gate.gate, Gate::kPresence);
}

TEST(Explain, ADryRunRanksThoseWhoMayTakeIt) {
  Workbench bench;
  bench.Online("busy", 2);
  bench.Submit("one");
  bench.Accept("one");
  bench.Online("idle", 2);
  const AgentIx busy = bench.engine().FindAgent("busy");
  const Submit submit{.inquiry_id = "new", .channel = "chat", .queue = "q"};
  const std::string before = Dump(bench.engine());
  const DryRun run = bench.engine().ExplainSubmit({.body = submit, .request_id = "", .when = {}},
                                                  bench.now(),
                                                  {.candidates_max = 5, .named = {busy}, .sees = {}});
  EXPECT_EQ(Dump(bench.engine()), before);
  EXPECT_TRUE(bench.engine().events().empty() ||
              bench.Find<InquirySubmitted>() == nullptr);
  ASSERT_EQ(run.explanation.candidates.size(), 2u);
  EXPECT_EQ(run.explanation.candidates[0].agent, busy);  // named: first, with its rank
  EXPECT_EQ(run.explanation.candidates[0].rank, 2u);
  EXPECT_EQ(run.explanation.candidates[1].rank, 1u);
  EXPECT_EQ(run.explanation.matching, 2u);
  EXPECT_FALSE(bench.engine().FindInquiry("new").IsSet());
  EXPECT_EQ(bench.engine().counters().inquiry_sequence, 1u);
}

TEST(Explain, ADryRunFollowsRulesAndTheRoute) {
  WorkspaceConfig config = Workbench::SmallWorkspace();
  config.queues[0].steps = {
      {.after = Seconds(60), .overflow_to = "other", .at_once_if_nobody = true}};
  config.rules = {{.id = "vip", .channels = {}, .conditions = {}, .queue = "q", .requirement = {},
                   .priority = 7}};
  Workbench bench(config);
  const DryRun run = Try(bench, {.inquiry_id = "new", .channel = "chat"});
  ASSERT_TRUE(run.outcome.ok());
  EXPECT_EQ(run.rule, "vip");
  EXPECT_EQ(run.explanation.inquiry.priority, 7);
  ASSERT_EQ(run.passed_through.size(), 1u);
  EXPECT_EQ(bench.engine().QueueId(run.explanation.inquiry.queue), "other");
}

// Steps that wait for a state: taken where the state is there with it, nobody serves it before, and
// nobody else goes first.
TEST(Explain, ADryRunFollowsStepsThatWaitForAState) {
  WorkspaceConfig config = Workbench::SmallWorkspace();
  config.queues[0].steps = {
      {.after = {}, .overflow_to = "other", .when = StepWhen{.waiting_above = 1}}};
  Workbench bench(config);
  const auto queue_of = [&](const DryRun& run) {
    return bench.engine().QueueId(run.explanation.inquiry.queue);
  };
  const engine::Submit submit{.inquiry_id = "new", .channel = "chat", .queue = "q"};
  EXPECT_EQ(queue_of(Try(bench, submit)), "q");
  bench.Submit("before");
  // The one before goes first, and leaves one that waits.
  const DryRun run = Try(bench, submit);
  EXPECT_TRUE(run.undecided);
  EXPECT_EQ(queue_of(run), "q");
  bench.Submit("new");
  EXPECT_EQ(bench.engine().QueueId(bench.Get("before").queue), "other");
  EXPECT_EQ(bench.engine().QueueId(bench.Get("new").queue), "q");

  config.queues[0].steps[0].when = StepWhen{.logged_in_below = 1};
  Workbench empty(config);
  const DryRun moved = Try(empty, submit);
  EXPECT_FALSE(moved.undecided);
  EXPECT_EQ(empty.engine().QueueId(moved.explanation.inquiry.queue), "other");
  ASSERT_EQ(moved.passed_through.size(), 1u);
  empty.Submit("new");
  EXPECT_EQ(empty.engine().QueueId(empty.Get("new").queue), "other");
}

TEST(Explain, ADryRunLooksForAgentsBeforeStates) {
  WorkspaceConfig config = Workbench::SmallWorkspace();
  config.queues[0].steps = {
      {.after = {}, .overflow_to = "other", .when = StepWhen{.waiting_above = 0}}};
  Workbench bench(config);
  bench.Online("a");
  const DryRun run = Try(bench, {.inquiry_id = "new", .channel = "chat", .queue = "q"});
  EXPECT_EQ(run.explanation.matching, 1u);
  EXPECT_EQ(bench.engine().QueueId(run.explanation.inquiry.queue), "q");
  bench.Submit("new");
  EXPECT_EQ(bench.AgentOf("new"), "a");
  EXPECT_TRUE(bench.Get("new").step == 0);
}

TEST(Explain, ADryRunIsRefusedAsTheSubmissionWouldBe) {
  WorkspaceConfig config = Workbench::SmallWorkspace();
  config.queues[0].max_length = 1;
  config.queues[1].refuse_if_nobody = true;
  Workbench bench(config);
  bench.Submit("i");
  EXPECT_EQ(Try(bench, {.inquiry_id = "i", .channel = "chat", .queue = "q"}).outcome.rejection,
            Rejection::kInquiryIdReused);
  EXPECT_EQ(Try(bench, {.inquiry_id = "n", .channel = "chat", .queue = "q"}).outcome.rejection,
            Rejection::kQueueFull);
  EXPECT_EQ(Try(bench, {.inquiry_id = "n", .channel = "chat", .queue = "other"}).outcome.rejection,
            Rejection::kNobodyLoggedIn);
  EXPECT_EQ(Try(bench, {.inquiry_id = "n", .channel = "no", .queue = "q"}).outcome.rejection,
            Rejection::kUnknownChannel);
}

TEST(Explain, AnAgentIsToldWhatItWouldBeOfferedNext) {
  Workbench bench;
  bench.AddAgent({.id = "a", .skills = {{"billing", 2}}});
  bench.Do(Submit{.inquiry_id = "hard", .channel = "chat", .queue = "q",
                  .requirement = {.skills = {{"billing", 5}}, .languages = {}, .labels = {}}});
  bench.Submit("easy");
  bench.Submit("behind");
  const AgentIx a = bench.engine().FindAgent("a");
  const AgentExplanation told = bench.engine().ExplainAgent(a, bench.now(), 10);
  EXPECT_EQ(told.lines, 2u);
  EXPECT_EQ(told.suiting, 1u);
  EXPECT_EQ(bench.engine().inquiry(told.next).id, "easy");
  ASSERT_EQ(told.heads.size(), 2u);
  EXPECT_EQ(told.heads[0].waiting, 2u);
  EXPECT_EQ(told.heads[1].obstacles[0].misfit.kind, Mismatch::kSkillLevel);
  bench.Do(SetPresence{.agent_id = "a"});
  EXPECT_EQ(bench.AgentOf("easy"), "a");
}

}  // namespace
}  // namespace firstline::engine::proof
