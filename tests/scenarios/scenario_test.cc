// Every *.scenario file of this folder and of peers/ is one test. FIRSTLINE_REGENERATE=1 rewrites the `|` lines
// of the files instead of comparing them; hand-written `expect` lines are checked all the same.
#include "tests/scenarios/scenario.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/engine/engine_text.h"

namespace firstline::engine::scenarios {
namespace {

namespace fs = std::filesystem;

fs::path Folder() { return fs::path(FIRSTLINE_SOURCE_DIR) / "tests" / "scenarios"; }

std::vector<std::string> Names() {
  std::vector<std::string> names;
  for (const char* folder : {"", "peers/"}) {
    for (const fs::directory_entry& entry : fs::directory_iterator(Folder() / folder)) {
      if (entry.path().extension() != ".scenario") continue;
      names.push_back(folder + entry.path().stem().string());
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string ReadText(const fs::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

class ScenarioTest : public ::testing::TestWithParam<std::string> {};

TEST_P(ScenarioTest, GoesAsWritten) {
  const fs::path path = Folder() / (GetParam() + ".scenario");
  const std::string expected = ReadText(path);
  ASSERT_THAT(expected, ::testing::HasSubstr("\nexpect "))
      << "a scenario without an expect line proves nothing";
  const ScenarioResult result = RunScenario(expected);
  for (const std::string& failure : result.failures) ADD_FAILURE() << failure;
  if (std::getenv("FIRSTLINE_REGENERATE") != nullptr) {
    std::ofstream(path) << result.text;
    return;
  }
  EXPECT_EQ(result.text, expected) << proof::FirstDifference(result.text, expected);
}

// Letters, digits and underscores are all that the name of a test may have.
std::string TestName(const ::testing::TestParamInfo<std::string>& file) {
  std::string name = file.param;
  std::replace_if(name.begin(), name.end(), [](char c) { return c == '/' || c == '-'; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Files, ScenarioTest, ::testing::ValuesIn(Names()), TestName);

// ---- The runner itself must be able to fail ----

constexpr char kSmall[] =
    "channel chat\n"
    "queue q\n"
    "agent a1\n"
    "online a1\n"
    "submit i1\n";

TEST(ScenarioRunnerTest, ReportsAnUnmetExpectation) {
  EXPECT_THAT(RunScenario(std::string(kSmall) + "expect i1 state=waiting\n").failures,
              ::testing::ElementsAre(::testing::HasSubstr("state is offered")));
}

TEST(ScenarioRunnerTest, ReportsAMissingAndAnUnwantedEvent) {
  EXPECT_EQ(RunScenario(std::string(kSmall) + "expect event offer i1 a2\n").failures.size(), 1u);
  EXPECT_EQ(RunScenario(std::string(kSmall) + "expect no event offer i1\n").failures.size(), 1u);
}

TEST(ScenarioRunnerTest, ReportsAnotherOrder) {
  const std::string two = std::string(kSmall) + "agent a2\nsubmit i2\nonline a2\n";
  EXPECT_TRUE(RunScenario(two + "expect order offer i2\n").failures.empty());
  for (const char* order : {"offer i1", "offer i2 i1", "offer"}) {
    EXPECT_EQ(RunScenario(two + "expect order " + order + "\n").failures.size(), 1u) << order;
  }
}

TEST(ScenarioRunnerTest, ReportsUnknownWords) {
  for (const char* line : {"frobnicate i1", "submit i2 colour=red", "at noon", "expect i1 mood=sad",
                           "submit i2 skills=a:x", "queue q2 serving=random", "at 10"}) {
    EXPECT_EQ(RunScenario(std::string(kSmall) + line + "\n").failures.size(), 1u) << line;
  }
}

TEST(ScenarioRunnerTest, WritesEventsAnew) {
  const ScenarioResult result = RunScenario(std::string(kSmall) + "| 0s something else\n");
  EXPECT_THAT(result.text, ::testing::HasSubstr("| 0s offer i1 a1 queue=q n=1"));
  EXPECT_THAT(result.text, ::testing::Not(::testing::HasSubstr("something else")));
}

}  // namespace
}  // namespace firstline::engine::scenarios
