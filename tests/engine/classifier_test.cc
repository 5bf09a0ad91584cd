// Advice and its configuration at their bounds, and what is told of changes. What advice does is in
// the scenarios `classifier_*`.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "services/router/engine/config_check.h"
#include "services/router/engine/limits.h"
#include "tests/engine/workbench.h"

namespace firstline::engine::proof {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

WorkspaceConfig WithClassifier(const ExternalConfig& external = {.classifier = "intents"}) {
  WorkspaceConfig config = Workbench::SmallWorkspace();
  config.external = external;
  config.rules = {{.id = "rest", .queue = "q"}};
  return config;
}

std::vector<std::string> Paths(const std::vector<ConfigProblem>& problems) {
  std::vector<std::string> paths;
  for (const ConfigProblem& problem : problems) paths.push_back(problem.path);
  return paths;
}

TEST(ClassifierConfig, IsCheckedAtItsBounds) {
  const auto problems = [](const ExternalConfig& external) {
    return Paths(CheckConfig(WithClassifier(external)));
  };
  const std::string deadline = "classification.external.deadline";
  const std::string name = "classification.external.classifier";
  EXPECT_THAT(problems({.classifier = "c", .deadline = Milliseconds(10)}), IsEmpty());
  EXPECT_THAT(problems({.classifier = "c", .deadline = Microseconds(9'999)}), ElementsAre(deadline));
  EXPECT_THAT(problems({.classifier = "c", .deadline = Seconds(2)}), IsEmpty());
  EXPECT_THAT(problems({.classifier = "c", .deadline = Microseconds(2'000'001)}),
              ElementsAre(deadline));
  EXPECT_THAT(problems({.classifier = ""}), ElementsAre(name));
  EXPECT_THAT(problems({.classifier = std::string(64, 'c')}), IsEmpty());
  EXPECT_THAT(problems({.classifier = std::string(65, 'c')}), ElementsAre(name));
}

TEST(ClassifierConfig, ChangesAreToldAndAPatchReplacesClassificationAsAWhole) {
  Workbench bench(WithClassifier());
  ApplyConfig patch{.whole = false, .config = {}, .patch_rules = true};
  patch.config.rules = {{.id = "rest", .queue = "q"}};
  patch.config.external = ExternalConfig{.classifier = "other"};
  EXPECT_THAT(Review(bench.engine(), patch).changes,
              ElementsAre(testing::FieldsAre("classification.external", "changed")));
  patch.config.external.reset();
  EXPECT_THAT(Review(bench.engine(), patch).changes,
              ElementsAre(testing::FieldsAre("classification.external", "removed")));
  ASSERT_TRUE(bench.Do(patch).ok());
  EXPECT_EQ(bench.engine().config().external, std::nullopt);
  patch.config.external = ExternalConfig{.classifier = "other"};
  EXPECT_THAT(Review(bench.engine(), patch).changes,
              ElementsAre(testing::FieldsAre("classification.external", "added")));
  // A patch of something else leaves it.
  ASSERT_TRUE(bench.Do(patch).ok());
  ASSERT_TRUE(bench.Do(ApplyConfig{.whole = false, .config = {}, .patch_settings = true}).ok());
  EXPECT_EQ(bench.engine().config().external->classifier, "other");
}

TEST(ClassifierConfig, WithoutADefaultRuleItIsWarned) {
  Workbench bench;
  bench.AddAgent({.id = "a"});
  ApplyConfig apply{.config = WithClassifier()};
  EXPECT_THAT(Paths(Review(bench.engine(), apply).warnings), IsEmpty());
  apply.config.rules.clear();
  EXPECT_THAT(Paths(Review(bench.engine(), apply).warnings), ElementsAre("classification.external"));
}

// What came of it, and about what.
std::pair<std::string, std::string> Judged(Workbench& bench, const Advice& advice) {
  static int number = 0;
  Command command{Submit{.inquiry_id = "i" + std::to_string(++number), .channel = "chat"}, "", {}};
  command.advice = std::make_shared<const Advice>(advice);
  bench.engine().ClearEvents();
  EXPECT_TRUE(bench.engine().Apply(bench.now(), command).ok());
  const auto* submitted = bench.Find<InquirySubmitted>();
  const ClassifierTrace* trace = submitted == nullptr ? nullptr : submitted->classifier.get();
  if (trace == nullptr) return {"nothing", ""};
  return {Text(trace->outcome), trace->subject};
}

TEST(AdviceTest, IsFollowedUpToItsBounds) {
  WorkspaceConfig config = WithClassifier();
  config.queues[1].id = std::string(limits::kNameBytesMax, 'x');
  Workbench bench(config);
  bench.AddAgent({.id = "a", .skills = {{"s", 1}}, .languages = {{"de", 1}}});
  const Advice good{.classifier = "intents", .verdict = {.queue = "q"}};
  const auto with = [&](const std::function<void(Advice&)>& change) {
    Advice advice = good;
    change(advice);
    return Judged(bench, advice);
  };
  using P = std::pair<std::string, std::string>;
  const P followed{"verdict", ""};
  EXPECT_EQ(with([](Advice&) {}), followed);
  EXPECT_EQ(with([](Advice& a) { a.label = std::string(128, 'l'); }), followed);
  EXPECT_EQ(with([](Advice& a) { a.label = std::string(129, 'l'); }), P("out_of_bounds", "label"));
  EXPECT_EQ(with([](Advice& a) { a.verdict.queue = std::string(64, 'x'); }), followed);
  EXPECT_EQ(with([](Advice& a) { a.verdict.queue = std::string(65, 'x'); }),
            P("out_of_bounds", "queue"));
  EXPECT_EQ(with([](Advice& a) { a.verdict.priority = 9; }), followed);
  EXPECT_EQ(with([](Advice& a) { a.verdict.priority = 10; }), P("out_of_bounds", "priority"));
  EXPECT_EQ(with([](Advice& a) { a.verdict.priority = -1; }), P("out_of_bounds", "priority"));
  EXPECT_EQ(with([](Advice& a) { a.verdict.requirement.skills = {{"s", 10}}; }), followed);
  EXPECT_EQ(with([](Advice& a) { a.verdict.requirement.skills = {{"s", 11}}; }),
            P("out_of_bounds", "requirement"));
  EXPECT_EQ(with([](Advice& a) { a.verdict.requirement.skills = {{"t", 1}}; }),
            P("unknown_skill", "t"));
  EXPECT_EQ(with([](Advice& a) { a.verdict.requirement.languages = {{"de", 1}, {"fr", 1}}; }),
            P("unknown_skill", "fr"));
  EXPECT_EQ(with([](Advice& a) { a.verdict.requirement.any_skills = {{{"s", 1}, {"u", 1}}}; }),
            P("unknown_skill", "u"));
  EXPECT_EQ(with([](Advice& a) { a.verdict.queue = "gone"; }), P("unknown_queue", "gone"));
  EXPECT_EQ(with([](Advice& a) { a.verdict.queue = ""; }), P("unknown_queue", ""));
  // What whoever asked says of a field is cut to what an event carries.
  EXPECT_EQ(with([](Advice& a) {
              a.outcome = ClassifierOutcome::kOutOfBounds;
              a.subject = std::string(65, 'f');
            }),
            P("out_of_bounds", std::string(64, 'f')));
  EXPECT_EQ(bench.Broken(), "");
}

// Who had the skill is gone, whatever the engine still remembers of it.
TEST(AdviceTest, ASkillIsKnownForAsLongAsSomeAgentHasIt) {
  Workbench bench(WithClassifier());
  const Advice advice{.classifier = "intents",
                      .verdict = {.queue = "q", .requirement = {.skills = {{"s", 3}},
                                                                .languages = {},
                                                                .labels = {}}}};
  EXPECT_EQ(Judged(bench, advice).first, "unknown_skill");
  bench.AddAgent({.id = "a", .skills = {{"s", 1}}});
  bench.AddAgent({.id = "b", .skills = {{"s", 1}}});
  EXPECT_EQ(Judged(bench, advice).first, "verdict");
  bench.Do(DeleteAgents{{"a"}});
  EXPECT_EQ(Judged(bench, advice).first, "verdict");
  bench.AddAgent({.id = "b", .skills = {{"t", 1}}});
  EXPECT_EQ(Judged(bench, advice).first, "unknown_skill");
}

}  // namespace
}  // namespace firstline::engine::proof
