// The command line as people and scripts meet it, against the small router in fake_router.h: what is
// written where, exit codes, and what is said about mistakes.
#include "services/cli/app.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "common/config/yaml.h"
#include "services/cli/yaml_text.h"
#include "tests/cli/fake_router.h"
#include "tests/support/temp_folder.h"

namespace firstline::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;
using test::FakeRouter;

constexpr char kShop[] = R"(
id: shop
channels: [{id: voice, kind: CHANNEL_KIND_LIVE, units: 1}]
queues:
  - id: sales
    requirement: {skills: [{skill: sales, min_level: 2}]}
    answer_target: 30s
    auto_accept: true
agents:
  - id: ann
    skills: [{skill: sales, level: 5}]
)";

struct Said {
  ExitCode exit;
  std::string out, err;
};

class AppTest : public ::testing::Test {
 protected:
  AppTest() {
    unsetenv("FIRSTLINE_SERVER");
    unsetenv("FIRSTLINE_WORKSPACE");
    setenv("FIRSTLINE_CONFIG", folder_.File("none.yaml").c_str(), 1);
  }

  Said Do(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--server", router_.address(), "--timeout", "5"});
    std::ostringstream out, err;
    const ExitCode exit = cli::Run(arguments, out, err);
    return {exit, out.str(), err.str()};
  }

  std::string File(const std::string& name, const std::string& text) {
    const std::string path = folder_.File(name);
    std::ofstream(path) << text;
    return path;
  }

  void Apply() { ASSERT_EQ(Do({"config", "apply", File("shop.yaml", kShop)}).exit, ExitCode::kOk); }

  FakeRouter router_{{}};
  const test::TempFolder folder_;
};

// ---- Mistakes -----------------------------------------------------------------------------------

TEST_F(AppTest, SuggestsTheCommandThatWasMeant) {
  const Said noun = Do({"inqiry", "get", "x"});
  EXPECT_EQ(noun.exit, ExitCode::kUsage);
  EXPECT_THAT(noun.err, AllOf(HasSubstr("unknown command 'inqiry'"), HasSubstr("'inquiry'?")));
  EXPECT_THAT(noun.out, IsEmpty());
  EXPECT_THAT(Do({"inquiry", "gte", "x"}).err, HasSubstr("did you mean 'get'?"));
  EXPECT_THAT(Do({"queue", "stats", "--workspce", "a"}).err, HasSubstr("'--workspace'?"));
  EXPECT_THAT(Do({"agent", "set", "ann", "--presence", "availble"}).err,
              HasSubstr("did you mean 'available'?"));
}

TEST_F(AppTest, SuggestsTheWordThatWasMeantWhereverOneOfSeveralIsSaid) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> mistakes = {
      {{"load", "--pattern", "posson"}, "'posson' is no pattern\nhint: did you mean 'poisson'?"},
      {{"load", "--handle-spread", "fixd"}, "'fixd' is no spread\nhint: did you mean 'fixed'?"},
      {{"load", "--calls", "strem"}, "'strem' is no way to call\nhint: did you mean 'stream'?"},
      {{"replay", "--calls", "c.csv", "--score-takes", "dya"}, "hint: did you mean 'day'?"},
      {{"replay", "--calls", "c.csv", "--format", "fif"}, "hint: did you mean 'fifo'?"},
      {{"inquiry", "list", "--state", "waitin"}, "hint: did you mean 'waiting'?"},
      {{"queue", "list", "-o", "jsn"}, "hint: did you mean 'json'?"}};
  for (const auto& [command, answer] : mistakes) {
    const Said said = Do(command);
    EXPECT_EQ(said.exit, ExitCode::kUsage);
    EXPECT_THAT(said.err, AllOf(StartsWith("error: '"), HasSubstr(answer)));
  }
}

TEST_F(AppTest, SaysWhatIsMissing) {
  EXPECT_THAT(Do({}).err, AllOf(HasSubstr("config, inquiry, agent"), HasSubstr("--help")));
  const Said submit = Do({"inquiry", "submit", "--queue", "sales"});
  EXPECT_EQ(submit.exit, ExitCode::kUsage);
  EXPECT_THAT(submit.err, AllOf(HasSubstr("--channel is required"),
                                HasSubstr("`firstline inquiry submit --help`")));
}

// Every path of the tree, as completion tells it.
std::vector<std::vector<std::string>> CommandsBelow(const std::string& server,
                                                    const std::vector<std::string>& path) {
  if (path == std::vector<std::string>{"help"}) return {};  // names all of them again
  std::vector<std::string> arguments = {"__complete", "-s", server};
  arguments.insert(arguments.end(), path.begin(), path.end());
  arguments.push_back("");
  std::ostringstream out, err;
  cli::Run(arguments, out, err);
  std::vector<std::vector<std::string>> found;
  std::istringstream lines(out.str());
  for (std::string line; std::getline(lines, line);) {
    const std::size_t tab = line.find('\t');
    if (tab == std::string::npos) continue;  // a value, not a command
    std::vector<std::string> below = path;
    below.push_back(line.substr(0, tab));
    found.push_back(below);
    for (auto& deeper : CommandsBelow(server, below)) found.push_back(std::move(deeper));
  }
  return found;
}

TEST_F(AppTest, HelpsEverywhereWithAnExample) {
  const auto commands = CommandsBelow(router_.address(), {});
  EXPECT_GE(commands.size(), 42u);
  for (const std::vector<std::string>& command : commands) {
    std::vector<std::string> words = command;
    words.push_back("--help");
    const Said said = Do(words);
    EXPECT_EQ(said.exit, ExitCode::kOk);
    EXPECT_THAT(said.out, HasSubstr("Example:\n  ")) << ::testing::PrintToString(command);
    EXPECT_THAT(said.err, IsEmpty());
    words.pop_back();
    words.insert(words.begin(), "help");
    EXPECT_EQ(Do(words).out, said.out) << ::testing::PrintToString(command);
  }
  EXPECT_THAT(Do({"--help"}).out, AllOf(HasSubstr("Exit codes"), HasSubstr("7 `config diff`")));
  EXPECT_THAT(Do({"help", "inquiry", "sumbit"}).err, HasSubstr("did you mean 'submit'?"));
}

TEST_F(AppTest, SaysThatNoRouterAnswers) {
  std::ostringstream out, err;
  // Port 1 is nobody's.
  const ExitCode exit =
      cli::Run({"-s", "127.0.0.1:1", "--timeout", "0.2", "queue", "stats", "-w", "shop"}, out, err);
  EXPECT_EQ(exit, ExitCode::kUnavailable);
  EXPECT_THAT(err.str(), AllOf(StartsWith("error: no router answers at 127.0.0.1:1\n"),
                               HasSubstr("hint: is the router running there?")));
}

TEST_F(AppTest, SaysThatAnAddressIsNone) {
  for (const char* address : {"127.0.0.1", "host:", "host:http", "host:0", "host:65536", ":7600",
                              "http://host:7600", "host:7600/x"}) {
    std::ostringstream out, err;
    EXPECT_EQ(cli::Run({"-s", address, "queue", "list"}, out, err), ExitCode::kUsage) << address;
    EXPECT_THAT(err.str(), AllOf(HasSubstr("is no address of a router"), HasSubstr("HOST:PORT")));
  }
  // Of several any may answer.
  std::ostringstream out, err;
  const std::string both = "127.0.0.1:1," + router_.address();
  EXPECT_EQ(cli::Run({"-s", both, "context", "list"}, out, err), ExitCode::kOk);
  Apply();
  EXPECT_EQ(cli::Run({"-s", both, "queue", "list"}, out, err), ExitCode::kOk) << err.str();
}

TEST_F(AppTest, SaysWhichNumbersThereAre) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> mistakes = {
      {{"--timeout", "soon", "queue", "list"}, "--timeout: 'soon' is no number from 0.001 to 86400"},
      {{"inquiry", "list", "--limit", "0"}, "'0' is no whole number from 1 to 1000000000"},
      {{"top", "--count", "1.5"}, "--count: '1.5' is no whole number from 0 to"},
      {{"queue", "watch", "--interval", "nan"}, "'nan' is no number from 0.05 to 86400"},
      {{"load", "--agents", "many"}, "--agents: 'many' is no whole number from 0 to 200000"},
      {{"simulate", "x", "--confidence", "1"}, "'1' is no number from 0.5 to 0.9999"}};
  for (const auto& [command, answer] : mistakes) {
    const Said said = Do(command);
    EXPECT_EQ(said.exit, ExitCode::kUsage);
    EXPECT_THAT(said.err, HasSubstr(answer));
  }
}

TEST_F(AppTest, NamesCodeReasonFieldAndHint) {
  Apply();
  const Said said = Do({"inquiry", "submit", "--channel", "voice", "--queue", "slaes"});
  EXPECT_EQ(said.exit, ExitCode::kNotFound);
  EXPECT_THAT(said.err, AllOf(HasSubstr("error: NOT_FOUND UNKNOWN_QUEUE: no queue 'slaes'"),
                              HasSubstr("  inquiry.queue: no such queue"), HasSubstr("hint: ")));
}

// ---- Configuration ------------------------------------------------------------------------------

TEST_F(AppTest, ValidatesWithoutChanging) {
  const Said said = Do({"config", "validate", File("shop.yaml", kShop)});
  EXPECT_EQ(said.exit, ExitCode::kOk);
  EXPECT_THAT(said.out, IsEmpty());
  EXPECT_THAT(said.err, HasSubstr("warning: queues[care]: queue care: no agent qualifies"));
  EXPECT_EQ(Do({"config", "get", "-w", "shop"}).exit, ExitCode::kNotFound);
}

TEST_F(AppTest, PointsAtTheMistakeInAFile) {
  const Said said =
      Do({"config", "validate", "--offline", File("bad.yaml", "id: shop\nquues: []\n")});
  EXPECT_EQ(said.exit, ExitCode::kInvalid);
  EXPECT_THAT(said.err, AllOf(HasSubstr("bad.yaml:2:1"), HasSubstr("did you mean 'queues'?")));
  EXPECT_EQ(Do({"config", "validate", "/nowhere.yaml"}).exit, ExitCode::kNotFound);
  const Said refused = Do({"config", "apply", File("empty.yaml", "id: shop\n")});
  EXPECT_EQ(refused.exit, ExitCode::kInvalid);
  EXPECT_THAT(refused.err, HasSubstr("  workspace.channels: at least one is needed"));
}

TEST_F(AppTest, WritesAConfigurationThatCanBeAppliedAgain) {
  Apply();
  const v1::Workspace before = router_.workspace();
  const Said got = Do({"config", "get", "--agents"});
  EXPECT_EQ(got.exit, ExitCode::kOk);
  EXPECT_THAT(got.out, AllOf(HasSubstr("answer_target: 30s"), Not(HasSubstr("etag"))));
  ASSERT_EQ(Do({"config", "apply", File("again.yaml", got.out)}).exit, ExitCode::kOk);
  EXPECT_EQ(router_.workspace().SerializeAsString(), before.SerializeAsString());
}

TEST(YamlText, IsReadBackAsItWas) {
  v1::Workspace workspace;
  ASSERT_TRUE(config::ParseYaml(kShop, workspace).ok());
  v1::Queue& queue = *workspace.mutable_queues(0);
  queue.set_id("no");  // a text that YAML would take for something else
  (*queue.mutable_credits())[2].set_nanos(250'000'000);
  (*queue.mutable_credits())[0].set_seconds(0);
  queue.add_selection(v1::CRITERION_LOAD);
  queue.add_selection(v1::CRITERION_IDLE_TIME);
  queue.add_steps()->add_drop_skills("30175");
  workspace.mutable_settings()->add_away_reasons("\"quoted\" # and\n\tmore");
  v1::Workspace read;
  const std::string yaml = ToYaml(workspace);
  ASSERT_TRUE(config::ParseYaml(yaml, read).ok()) << yaml;
  EXPECT_EQ(read.DebugString(), workspace.DebugString()) << yaml;
}

// ---- Inquiries, agents, queues ------------------------------------------------------------------

TEST_F(AppTest, FollowsAnInquiryFromSubmitToClose) {
  Apply();
  ASSERT_EQ(Do({"agent", "set", "ann", "--presence", "available"}).exit, ExitCode::kOk);
  const Said submitted = Do({"inquiry", "submit", "--id", "c1", "--channel", "voice", "--queue",
                             "sales", "--skill", "sales:3", "--attribute", "a=b=c", "-o", "json"});
  ASSERT_EQ(submitted.exit, ExitCode::kOk) << submitted.err;
  const auto receipt = nlohmann::json::parse(submitted.out);
  EXPECT_EQ(receipt["inquiry_state"], "INQUIRY_STATE_ASSIGNED");
  EXPECT_EQ(receipt["agent_id"], "ann");

  const auto inquiry = nlohmann::json::parse(Do({"inquiry", "get", "c1", "-o", "json"}).out);
  EXPECT_EQ(inquiry["spec"]["attributes"]["a"], "b=c");
  EXPECT_EQ(inquiry["spec"]["requirement"]["skills"][0]["min_level"], 3);

  EXPECT_THAT(Do({"inquiry", "close", "c1", "--resolution", "no-reply-needed"}).out,
              HasSubstr("CLOSED"));
  const Said late = Do({"inquiry", "cancel", "c1"});
  EXPECT_EQ(late.exit, ExitCode::kRefused);
  EXPECT_THAT(late.err, HasSubstr("FAILED_PRECONDITION INQUIRY_ENDED"));
}

TEST_F(AppTest, ListsPageByPage) {
  Apply();
  for (const char* id : {"c1", "c2", "c3"}) {
    Do({"inquiry", "submit", "--id", id, "--channel", "voice", "--queue", "sales"});
  }
  Do({"inquiry", "cancel", "c2", "--reason", "abandoned"});
  const Said waiting = Do({"inquiry", "list", "--state", "waiting"});
  EXPECT_THAT(waiting.out, AllOf(StartsWith("id  state"), HasSubstr("c1"), HasSubstr("c3"),
                                 Not(HasSubstr("c2"))));
  const Said two = Do({"inquiry", "list", "--limit", "2", "-o", "json"});
  EXPECT_EQ(nlohmann::json::parse(two.out)["inquiries"].size(), 2u);
  EXPECT_THAT(two.err, HasSubstr("--limit shows more"));
  EXPECT_THAT(Do({"agent", "list"}).out, AllOf(HasSubstr("ann"), HasSubstr("OFFLINE")));
  EXPECT_THAT(Do({"queue", "stats"}).out, AllOf(HasSubstr("sales"), HasSubstr("waiting")));
}

TEST_F(AppTest, RefusesAWrongLevel) {
  Apply();
  const Said said = Do({"inquiry", "submit", "--channel", "voice", "--queue", "sales", "--skill",
                        "sales:11"});
  EXPECT_EQ(said.exit, ExitCode::kUsage);
  EXPECT_THAT(said.err, HasSubstr("level is not 1 to 10"));
}

// ---- Events and replay --------------------------------------------------------------------------

TEST_F(AppTest, WritesEventsALineEach) {
  Apply();
  Do({"inquiry", "submit", "--id", "c1", "--channel", "voice", "--queue", "sales"});
  const Said said = Do({"events", "--quiet", "0.3"});
  EXPECT_EQ(said.exit, ExitCode::kOk);
  EXPECT_THAT(said.out, AllOf(HasSubstr("7-1  "), HasSubstr("  c1  sales  -  InquirySubmitted ")));
  EXPECT_THAT(said.err, HasSubstr("to go on: --from 7-"));

  std::istringstream lines(Do({"events", "--quiet", "0.3", "--from", "7-2", "-o", "json"}).out);
  std::string line;
  ASSERT_TRUE(std::getline(lines, line));
  EXPECT_EQ(nlohmann::json::parse(line)["id"], "7-3");
}

constexpr char kRoster[] =
    "agent,first_answer_s,last_end_s,queues_answered_this_month\n"
    "ann,100,900,sales\n";
constexpr char kCalls[] =
    "call_id,arrival_s,queue,outcome,wait_s,handle_s\n"
    "1,110,sales,answered,0,60\n2,120,sales,abandoned,20,\n3,130,sales,answered,40,60\n";

TEST_F(AppTest, ReplaysADayAndJudgesIt) {
  const Said said = Do({"replay", "--calls", File("calls.csv", kCalls), "--roster",
                        File("roster.csv", kRoster)});
  EXPECT_EQ(said.exit, ExitCode::kOk) << said.err;
  EXPECT_THAT(said.out, AllOf(HasSubstr("sales"), HasSubstr("no violation")));
  const Said json = Do({"replay", "--calls", File("calls.csv", kCalls), "--roster",
                        File("roster.csv", kRoster), "--replace", "-o", "json"});
  const auto report = nlohmann::json::parse(json.out);
  EXPECT_EQ(report["total"]["here"]["answered"], 2);
  EXPECT_EQ(report["total"]["here"]["abandoned"], 1);
  EXPECT_EQ(report["total"]["log"]["answered"], 2);
  EXPECT_TRUE(report["good"]);
}

TEST_F(AppTest, WritesTheConfigurationOfAReplayAndPlaysInIt) {
  const std::string calls = File("calls.csv", kCalls), roster = File("roster.csv", kRoster);
  const Said written =
      Do({"replay", "--calls", calls, "--roster", roster, "--write-config", "-"});
  EXPECT_THAT(written.out, AllOf(HasSubstr("id: \"replay\""), HasSubstr("- id: \"ann\"")));
  const Said played = Do({"replay", "--calls", calls, "--roster", roster, "--config",
                          File("made.yaml", written.out)});
  EXPECT_EQ(played.exit, ExitCode::kOk) << played.err;
}

TEST_F(AppTest, EndsWithACodeOfItsOwnOnViolations) {
  FakeRouter wrong({.driven = true, .fault = FakeRouter::Fault::kTwoAtOnce});
  std::ostringstream out, err;
  const ExitCode exit = cli::Run({"-s", wrong.address(), "replay", "--calls", File("c.csv", kCalls),
                             "--roster", File("r.csv", kRoster)},
                            out, err);
  EXPECT_EQ(exit, ExitCode::kViolations);
  EXPECT_THAT(out.str(), HasSubstr("capacity at 7-"));
  EXPECT_THAT(err.str(), HasSubstr("the router broke its rules"));
}

TEST_F(AppTest, AsksForWhatAReplayNeeds) {
  const std::string calls = File("calls.csv", kCalls);
  EXPECT_THAT(Do({"replay", "--calls", calls}).err, HasSubstr("--roster is missing"));
  EXPECT_THAT(Do({"replay", "--calls", calls, "--roster", File("r.csv", kRoster), "--speed", "0"})
                  .err,
              HasSubstr("is no speed"));
  const std::string days =
      File("days.csv", "date,arrival_s,wait_s,service_s\n2021-01-01,1,0,1\n2021-01-02,1,0,1\n");
  EXPECT_THAT(Do({"replay", "--calls", days, "--format", "fifo"}).err,
              HasSubstr("--date 2021-01-01"));
}

}  // namespace
}  // namespace firstline::cli
