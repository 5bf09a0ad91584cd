// Each command against a real router: what it shows in each format, and what it says about
// mistakes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "services/cli/output.h"
#include "services/cli/terminal.h"
#include "tests/cli/live_router.h"

namespace firstline::cli {
namespace {

using nlohmann::json;
using test::Said;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

class CommandTest : public test::LiveRouterTest {
 protected:
  void Submit(const std::string& id, const std::string& queue) {
    Get({"inquiry", "submit", "--id", id, "--channel", "chat", "--queue", queue});
  }
};

std::vector<json> Lines(const std::string& text) {
  std::vector<json> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(json::parse(line));
  return lines;
}

// ---- Options of every command -------------------------------------------------------------------

TEST_F(CommandTest, TraceTellsTheIdUnderWhichTheRouterLogs) {
  testing::internal::CaptureStderr();
  const Said said = Do({"--trace", "queue", "list"});
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_EQ(said.exit, ExitCode::kOk);
  ASSERT_THAT(said.err, StartsWith("trace: "));
  const std::string id = said.err.substr(7, 32);
  EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_THAT(log, HasSubstr(id));
}

TEST_F(CommandTest, TakesPartInTheTraceOfItsEnvironment) {
  testing::internal::CaptureStderr();
  setenv("TRACEPARENT", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", 1);
  const Said said = Do({"queue", "list"});
  setenv("TRACEPARENT", "garbage", 1);
  EXPECT_EQ(Do({"queue", "list"}).exit, ExitCode::kOk);
  unsetenv("TRACEPARENT");
  EXPECT_EQ(said.exit, ExitCode::kOk);
  EXPECT_THAT(said.err, IsEmpty());
  std::vector<json> calls;
  for (json& line : Lines(testing::internal::GetCapturedStderr())) {
    if (line["msg"] == "call") calls.push_back(std::move(line));
  }
  ASSERT_FALSE(calls.empty());
  for (const json& call : calls) {
    EXPECT_EQ(call["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");
    EXPECT_EQ(call["parent_id"], "00f067aa0ba902b7");
  }
}

// ---- Configuration ------------------------------------------------------------------------------

TEST_F(CommandTest, DiffTellsDifferencesByItsCode) {
  const Said same = Do({"config", "diff", File("same.yaml", test::kShop)});
  EXPECT_EQ(same.exit, ExitCode::kOk);
  EXPECT_THAT(same.out, IsEmpty());
  std::string changed = test::kShop;
  changed.replace(changed.find("id: care"), 8, "id: vip\n  ");
  changed.replace(changed.find("after: 1h"), 9, "after: 2h");
  const Said differs = Do({"config", "diff", File("other.yaml", changed)});
  EXPECT_EQ(differs.exit, ExitCode::kDifferent);
  EXPECT_THAT(differs.out, AllOf(HasSubstr("+ queues[vip]"), HasSubstr("- queues[care]"),
                                 HasSubstr("~ queues[sales]")));
  EXPECT_THAT(differs.err, Not(HasSubstr("error")));
  EXPECT_EQ(Lines(Do({"config", "diff", File("o.yaml", changed), "-o", "jsonl"}).out).size(), 3u);
  EXPECT_EQ(Do({"config", "diff", File("bad.yaml", "quues: []")}).exit, ExitCode::kInvalid);
  EXPECT_EQ(Do({"config", "diff", "/nowhere.yaml"}).exit, ExitCode::kNotFound);
}

TEST_F(CommandTest, ExportIsTakenBackByApply) {
  const std::string yaml = Get({"config", "export"});
  EXPECT_THAT(yaml, AllOf(HasSubstr("id: \"ann\""), Not(HasSubstr("etag"))));
  EXPECT_EQ(Do({"config", "diff", File("a.yaml", yaml)}).exit, ExitCode::kOk);
  const std::string as_json = Get({"config", "export", "-o", "json"});
  EXPECT_EQ(Do({"config", "diff", File("a.json", as_json)}).exit, ExitCode::kOk);
  // Into a workspace that is not there yet, and out of it again.
  ASSERT_EQ(Do({"-w", "copy", "config", "apply", File("a.yaml", yaml)}).exit, ExitCode::kOk);
  std::string copy = Get({"-w", "copy", "config", "export", "--file", folder_.File("b")});
  EXPECT_THAT(copy, IsEmpty());
  std::ifstream file(folder_.File("b"));
  std::string text((std::istreambuf_iterator<char>(file)), {});
  ASSERT_NE(text.find("\"copy\""), std::string::npos);
  EXPECT_EQ(text.replace(text.find("\"copy\""), 6, "\"shop\""), yaml);
  EXPECT_EQ(Do({"-w", "shop", "config", "export", "--file", "/nowhere/b"}).exit,
            ExitCode::kRefused);
}

TEST_F(CommandTest, AppliesMoreAgentsThanOneCallTakes) {
  std::string yaml = test::kShop;
  for (int i = 0; i < 10'001; ++i) absl::StrAppend(&yaml, "  - {id: a", i, "}\n");
  const Said applied = Do({"config", "apply", File("big.yaml", yaml)});
  ASSERT_EQ(applied.exit, ExitCode::kOk) << applied.err;
  EXPECT_EQ(Lines(Get({"agent", "list", "--limit", "20000", "-o", "jsonl"})).size(), 10'003u);
  const Said diff = Do({"config", "diff", File("big.yaml", yaml)});
  EXPECT_EQ(diff.exit, ExitCode::kRefused);
  EXPECT_THAT(diff.err, HasSubstr("config export"));
  // Those that the file no longer has are gone.
  const std::size_t ben = yaml.find("  - {id: ben");
  yaml.erase(ben, yaml.find("  - {id: a0}") - ben);
  ASSERT_EQ(Do({"config", "apply", File("big.yaml", yaml)}).exit, ExitCode::kOk);
  EXPECT_EQ(Do({"agent", "watch", "ben", "--count", "1"}).exit, ExitCode::kNotFound);
}

// ---- Inquiries ----------------------------------------------------------------------------------

TEST_F(CommandTest, UpdatesWhatAnInquiryAsksFor) {
  Submit("c1", "sales");
  Get({"inquiry", "update", "c1", "--priority", "7", "--skill", "sales:4", "--attribute", "a=b",
       "--prefer", "ann"});
  const json inquiry = json::parse(Get({"inquiry", "get", "c1", "-o", "json"}))["spec"];
  EXPECT_EQ(inquiry["priority"], 7);
  EXPECT_EQ(inquiry["requirement"]["skills"][0]["min_level"], 4);
  EXPECT_EQ(inquiry["attributes"]["a"], "b");
  Get({"inquiry", "update", "--clear", "preferred", "--clear", "attributes", "c1"});
  const json cleared = json::parse(Get({"inquiry", "get", "c1", "-o", "jsonl"}))["spec"];
  EXPECT_TRUE(cleared["preferred_agents"].empty());
  EXPECT_EQ(cleared["priority"], 7);

  EXPECT_THAT(Do({"inquiry", "update", "c1"}).err, HasSubstr("nothing to change"));
  EXPECT_THAT(Do({"inquiry", "update", "c1", "--clear", "prefered"}).err,
              HasSubstr("did you mean 'preferred'?"));
  EXPECT_THAT(Do({"inquiry", "update", "c1", "--attribute", "a"}).err,
              HasSubstr("'a' is not KEY=VALUE"));
  EXPECT_EQ(Do({"inquiry", "update", "c2", "--priority", "1"}).exit, ExitCode::kNotFound);
}

TEST_F(CommandTest, TransfersToAnotherQueue) {
  Submit("c1", "sales");
  EXPECT_THAT(Get({"inquiry", "transfer", "c1", "--queue", "care"}), HasSubstr("WAITING"));
  EXPECT_THAT(Get({"inquiry", "list", "--queue", "care", "--state", "waiting"}), HasSubstr("c1"));
  EXPECT_EQ(Do({"inquiry", "transfer", "c1"}).exit, ExitCode::kUsage);
  EXPECT_EQ(Do({"inquiry", "transfer", "c1", "--queue", "crae"}).exit, ExitCode::kNotFound);
}

TEST_F(CommandTest, PlaysAConversationFromOfferToFeedback) {
  Get({"agent", "set", "ann", "--presence", "available"});
  Submit("c1", "sales");
  EXPECT_THAT(Get({"agent", "accept", "ann"}), AllOf(HasSubstr("ASSIGNED"), HasSubstr("c1/1")));
  EXPECT_THAT(Get({"agent", "accept", "ann", "c1/1"}), HasSubstr("ASSIGNED")) << "a repetition";
  Get({"inquiry", "message", "c1", "--author", "customer"});
  Get({"inquiry", "message", "c1", "--author", "agent", "--message-id", "m1"});
  EXPECT_THAT(Get({"inquiry", "park", "c1"}), HasSubstr("PARKED"));
  EXPECT_THAT(Get({"inquiry", "resume", "c1"}), HasSubstr("ASSIGNED"));
  Get({"inquiry", "park", "c1"});
  EXPECT_THAT(Get({"inquiry", "message", "c1", "--author", "customer"}), HasSubstr("ASSIGNED"));
  Get({"inquiry", "close", "c1"});
  EXPECT_THAT(Get({"agent", "finish", "ann"}), HasSubstr("c1"));
  Get({"inquiry", "feedback", "c1", "--score", "4", "--resolved", "no"});
  const json inquiry = json::parse(Get({"inquiry", "get", "c1", "-o", "json"}));
  EXPECT_NE(inquiry["first_response_time"], nullptr);
  EXPECT_EQ(inquiry["feedback"]["csat"], 4);
  EXPECT_EQ(inquiry["feedback"]["resolved"], false);
  const json receipt = json::parse(
      Get({"inquiry", "feedback", "c1", "--score", "4", "--resolved", "no", "-o", "jsonl"}));
  EXPECT_EQ(receipt["inquiry_state"], "INQUIRY_STATE_CLOSED");
}

TEST_F(CommandTest, DeclinesForAWhile) {
  Get({"agent", "set", "ann", "--presence", "available"});
  Submit("c1", "sales");
  Submit("c2", "sales");
  const Said which = Do({"agent", "decline", "ann"});
  EXPECT_EQ(which.exit, ExitCode::kUsage);
  EXPECT_THAT(which.err, AllOf(HasSubstr("which offer? ann has "), HasSubstr("c1"),
                               HasSubstr("c2")));
  EXPECT_THAT(Get({"agent", "decline", "ann", "c1", "--retry-after", "1h"}), HasSubstr("WAITING"));
  EXPECT_THAT(Get({"agent", "accept", "ann"}), HasSubstr("c2"));
  EXPECT_THAT(Do({"agent", "decline", "ann", "--retry-after", "soon"}).err,
              HasSubstr("'soon' is no duration such as 250ms"));
}

TEST_F(CommandTest, SaysWhyAConversationCannotGoOn) {
  Submit("c1", "sales");
  const Said nobody = Do({"inquiry", "message", "c1", "--author", "agent"});
  EXPECT_EQ(nobody.exit, ExitCode::kRefused);
  EXPECT_THAT(nobody.err, HasSubstr("no agent has c1"));
  EXPECT_THAT(Do({"inquiry", "message", "c1", "--author", "agnet"}).err,
              HasSubstr("did you mean 'agent'?"));
  EXPECT_THAT(Do({"inquiry", "message", "c1", "--author", "agent", "--agent", "ann"}).err,
              HasSubstr("error: FAILED_PRECONDITION"));
  EXPECT_THAT(Do({"inquiry", "park", "c1"}).err, HasSubstr("INQUIRY_NOT_ASSIGNED"));
  EXPECT_THAT(Do({"inquiry", "resume", "c1"}).err, HasSubstr("INQUIRY_NOT_PARKED"));
  EXPECT_THAT(Do({"inquiry", "feedback", "c1", "--score", "4"}).err,
              HasSubstr("INQUIRY_NOT_ENDED"));
  EXPECT_EQ(Do({"inquiry", "feedback", "c1", "--score", "6"}).exit, ExitCode::kUsage);
  EXPECT_THAT(Do({"inquiry", "feedback", "c1", "--score", "5", "--resolved", "ja"}).err,
              HasSubstr("'ja' is no answer"));
  EXPECT_EQ(Do({"inquiry", "park", "c9"}).exit, ExitCode::kNotFound);
  EXPECT_THAT(Do({"agent", "accept", "ann"}).err, HasSubstr("ann has no offer"));
  EXPECT_EQ(Do({"agent", "accept", "ann", "c1/7"}).exit, ExitCode::kNotFound);
  EXPECT_THAT(Do({"agent", "finish", "ann"}).err, HasSubstr("ann has no wrap-up"));
  EXPECT_THAT(Do({"agent", "finish", "ann", "c1"}).err, HasSubstr("NO_WRAP_UP"));
  EXPECT_EQ(Do({"agent", "accept", "nan"}).exit, ExitCode::kNotFound);
}

TEST_F(CommandTest, TellsWhoDecidedWhat) {
  Get({"agent", "set", "ann", "--presence", "available"});
  Submit("c1", "sales");
  Get({"inquiry", "transfer", "c1", "--queue", "care"});
  Get({"inquiry", "cancel", "c1", "--reason", "abandoned"});
  const std::string table = Get({"inquiry", "timeline", "c1"});
  EXPECT_THAT(table, StartsWith("time "));
  std::vector<std::string> who;
  for (const json& step : Lines(Get({"inquiry", "timeline", "c1", "-o", "jsonl"}))) {
    const std::string what = step["what"];
    who.push_back(absl::StrCat(step["by"].get<std::string>(), ": ", what));
    EXPECT_TRUE(step["event"].contains("id"));
    EXPECT_GE(step["elapsed_s"].get<double>(), 0.0);
    EXPECT_THAT(table, HasSubstr(what));
  }
  EXPECT_THAT(
      who, ElementsAre("platform: submitted: chat for sales", "router: waits in sales: it is new",
                       "router: offered to ann for 5m00s",
                       "router: took the offer back from ann: the inquiry changed",
                       "platform: transferred from sales: chat for care",
                       "router: waits in care: it was transferred",
                       StartsWith("platform: cancelled: abandoned after waiting 0.")));
  const Said none = Do({"inquiry", "timeline", "c9"});
  EXPECT_EQ(none.exit, ExitCode::kNotFound);
  EXPECT_THAT(none.err, HasSubstr("hint: `firstline inquiry list`"));
}

TEST_F(CommandTest, WatchEndsWithTheInquiry) {
  Submit("c1", "sales");
  Get({"inquiry", "cancel", "c1"});
  const std::vector<json> events = Lines(Get({"inquiry", "watch", "c1", "-o", "jsonl"}));
  ASSERT_EQ(events.size(), 3u);
  EXPECT_TRUE(events.front().contains("inquiry_submitted"));
  EXPECT_TRUE(events.back().contains("inquiry_cancelled"));
  EXPECT_EQ(Do({"inquiry", "watch", "c9"}).exit, ExitCode::kNotFound);
}

TEST_F(CommandTest, ExplainsInquiriesAgentsAndSubmissions) {
  Submit("c1", "sales");
  const std::string inquiry = Get({"explain", "inquiry", "c1", "--agent", "ben"});
  EXPECT_THAT(inquiry, AllOf(StartsWith("inquiry c1: waiting in queue sales"),
                             HasSubstr("0 of 2 agents may take it"), HasSubstr("offline"),
                             HasSubstr("no skill sales, needs 2 or more")));
  EXPECT_THAT(Get({"explain", "agent", "ann"}),
              AllOf(HasSubstr("takes nothing: offline"), HasSubstr("would be offered c1 next")));
  Get({"agent", "set", "ann", "--presence", "available"});
  const std::string before = Get({"inquiry", "list", "-o", "json"});
  const std::string dry = Get({"explain", "submit", "--channel", "chat", "--queue", "sales"});
  EXPECT_THAT(dry, AllOf(HasSubstr("nothing is changed"), HasSubstr("may take it, and comes first")));
  EXPECT_EQ(Get({"inquiry", "list", "-o", "json"}), before);
  const json told = json::parse(Get({"explain", "inquiry", "c1", "-o", "json"}));
  EXPECT_EQ(told["explanation"]["candidates"][0]["agent_id"], "ann");
  EXPECT_EQ(told["explanation"]["candidates"][0]["has_it"], true);
  EXPECT_EQ(Do({"explain", "inquiry", "c9"}).exit, ExitCode::kNotFound);
  EXPECT_EQ(Do({"explain", "inquiry", "c1", "--candidates", "201"}).exit, ExitCode::kUsage);
  EXPECT_THAT(Do({"explain", "submit", "--help"}).out, HasSubstr("--language de"));
}

// ---- Figures ------------------------------------------------------------------------------------

TEST_F(CommandTest, ListsAndWatchesQueues) {
  EXPECT_THAT(Get({"queue", "list"}), AllOf(HasSubstr("sales:2"), HasSubstr("care")));
  EXPECT_EQ(Lines(Get({"queue", "list", "-o", "jsonl"})).size(), 2u);
  EXPECT_EQ(json::parse(Get({"queue", "list", "-o", "json"}))["queues"].size(), 2u);
  Submit("c1", "sales");
  const std::vector<json> snapshots =
      Lines(Get({"queue", "watch", "--count", "2", "--interval", "0.05", "-o", "jsonl"}));
  ASSERT_EQ(snapshots.size(), 2u);
  EXPECT_EQ(snapshots[1]["queues"][1]["waiting"], "1");
  const std::string table = Get({"queue", "watch", "sales", "--count", "1"});
  EXPECT_THAT(table, AllOf(HasSubstr("1 waiting, the oldest "), Not(HasSubstr("\x1b"))));
  EXPECT_EQ(Do({"queue", "watch", "slaes", "--count", "1"}).exit, ExitCode::kNotFound);
  EXPECT_EQ(Do({"queue", "watch", "--interval", "0"}).exit, ExitCode::kUsage);
  EXPECT_EQ(Lines(Get({"queue", "stats", "-o", "jsonl"})).size(), 2u);
}

TEST_F(CommandTest, TopAndAgentWatchWriteSnapshotsWhereThereIsNoTerminal) {
  Get({"agent", "set", "ann", "--presence", "available"});
  Submit("c1", "sales");
  Submit("c2", "care");
  const std::string top = Get({"top", "--count", "1"});
  EXPECT_THAT(top, AllOf(HasSubstr("1 waiting"), HasSubstr("1 of 2 agents available"),
                         Not(HasSubstr("\x1b"))));
  // Whom most wait for, and who works most, come first.
  EXPECT_LT(top.find("\ncare"), top.find("\nsales"));
  EXPECT_LT(top.find("\nann"), top.find("\nben"));
  const json snapshot = json::parse(Get({"top", "--count", "1", "-o", "json", "--team", "day"}));
  EXPECT_EQ(snapshot["agents"].size(), 1u);
  EXPECT_THAT(Get({"agent", "watch", "ann", "--count", "1"}),
              AllOf(HasSubstr("offer c1 ("), HasSubstr("s left)"), Not(HasSubstr("ben"))));
  EXPECT_EQ(Do({"agent", "watch", "nan", "--count", "1"}).exit, ExitCode::kNotFound);
  EXPECT_THAT(Do({"top", "--cuont", "1"}).err, HasSubstr("did you mean '--count'?"));
}

// ---- Events -------------------------------------------------------------------------------------

TEST_F(CommandTest, EventsGoOnFromTheCursorNamed) {
  Submit("c1", "sales");
  const Said first = Do({"events", "--quiet", "0.3", "-o", "jsonl"});
  const std::size_t at = first.err.find("--from ") + 7;
  const std::string cursor = first.err.substr(at, first.err.find('\n', at) - at);
  Submit("c2", "sales");
  const std::vector<json> rest =
      Lines(Get({"events", "--from", cursor, "--quiet", "0.3", "-o", "jsonl"}));
  ASSERT_EQ(rest.size(), 2u);
  EXPECT_EQ(rest[0]["inquiry_id"], "c2");
}

TEST_F(CommandTest, EventsSayWhatHappenedToTheCursor) {
  Submit("c1", "sales");
  EXPECT_THAT(Do({"events", "--from", "9999999999999999-1", "--quiet", "0.3"}).err,
              HasSubstr("CURSOR_REWOUND: what followed "));
  const Said old = Do({"events", "--from", "1-1", "--quiet", "0.3"});
  EXPECT_THAT(old.err, HasSubstr("CURSOR_EXPIRED: events up to "));
  EXPECT_THAT(old.out, HasSubstr("InquirySubmitted"));
  const Said wrong = Do({"events", "--from", "yesterday"});
  EXPECT_EQ(wrong.exit, ExitCode::kInvalid);
  EXPECT_THAT(wrong.err, HasSubstr("INVALID_CURSOR"));
  EXPECT_THAT(Do({"events", "--kind", "ofer-created"}).err,
              HasSubstr("did you mean 'offer-created'?"));
  // A stream would wait for a router for ever; the command does not.
  const Said nobody = Plain({"-s", "127.0.0.1:1", "--timeout", "0.2", "-w", "shop", "events"});
  EXPECT_EQ(nobody.exit, ExitCode::kUnavailable);
}

// ---- Contexts -----------------------------------------------------------------------------------

TEST_F(CommandTest, ContextsStandBehindFlagAndEnvironment) {
  EXPECT_THAT(Plain({"context", "list"}).err, HasSubstr("there is none yet"));
  ASSERT_EQ(Plain({"context", "set", "here", "-s", address(), "-w", "shop", "-o", "jsonl"}).exit,
            ExitCode::kOk);
  ASSERT_EQ(Plain({"context", "set", "gone", "--server", "127.0.0.1:1"}).exit, ExitCode::kOk);
  EXPECT_EQ(Lines(Plain({"queue", "list"}).out).size(), 2u);  // the first is in use

  EXPECT_EQ(Plain({"--timeout", "0.2", "--context", "gone", "queue", "list"}).exit,
            ExitCode::kUnavailable);
  setenv("FIRSTLINE_SERVER", "127.0.0.1:1", 1);
  EXPECT_EQ(Plain({"--timeout", "0.2", "queue", "list"}).exit, ExitCode::kUnavailable);
  EXPECT_EQ(Do({"queue", "list"}).exit, ExitCode::kOk);
  unsetenv("FIRSTLINE_SERVER");
  setenv("FIRSTLINE_OUTPUT", "table", 1);
  EXPECT_THAT(Plain({"queue", "list"}).out, StartsWith("queue "));
  EXPECT_THAT(Plain({"queue", "list", "-o", "json"}).out, StartsWith("{"));
  unsetenv("FIRSTLINE_OUTPUT");

  ASSERT_EQ(Plain({"context", "use", "gone"}).exit, ExitCode::kOk);
  EXPECT_EQ(json::parse(Plain({"context", "list", "-o", "json"}).out)[0]["current"], true);
  EXPECT_THAT(Plain({"context", "use", "hree"}).err, HasSubstr("did you mean 'here'?"));
  EXPECT_EQ(Plain({"context", "delete", "nobody"}).exit, ExitCode::kNotFound);
  ASSERT_EQ(Plain({"context", "delete", "gone"}).exit, ExitCode::kOk);
  EXPECT_THAT(Plain({"context", "list"}).out, AllOf(HasSubstr("here"), Not(HasSubstr("gone"))));
}

TEST_F(CommandTest, PointsAtTheMistakeInTheContextsFile) {
  File("config.yaml", "current: a\ncontexts:\n  a: {sever: b}\n");
  const Said said = Plain({"queue", "list"});
  EXPECT_EQ(said.exit, ExitCode::kInvalid);
  EXPECT_THAT(said.err, AllOf(HasSubstr("config.yaml:3:7"), HasSubstr("did you mean 'server'?")));
  EXPECT_EQ(Plain({"help"}).exit, ExitCode::kOk);  // helps all the same
}

// ---- Completion ---------------------------------------------------------------------------------

TEST_F(CommandTest, CompletesNamesOfTheRouter) {
  const auto complete = [this](std::vector<std::string> words) {
    words.insert(words.begin(), {"__complete", "-s", address()});
    return Plain(words).out;
  };
  EXPECT_EQ(complete({"inquiry", "transfer", "c1", "--queue", "s"}), "sales\n");
  EXPECT_EQ(complete({"agent", "work", ""}), "ann\nben\n");
  EXPECT_EQ(complete({"agent", "set", "ann", "--presence=aw"}), "--presence=away\n");
  EXPECT_EQ(complete({"agent", "acc"}), "accept\ttake what an agent is offered\n");
  EXPECT_EQ(complete({"agent", "decline", "b"}), "ben\n");
  EXPECT_EQ(complete({"inquiry", "message", "c1", "--author", "b"}), "bot\n");
  EXPECT_EQ(complete({"inquiry", "feedback", "c1", "--resolved="}),
            "--resolved=yes\n--resolved=no\n");
  EXPECT_EQ(complete({"-o", "js"}), "json\njsonl\n");
  EXPECT_EQ(complete({"config", "apply", ""}), ":files\n");
  EXPECT_EQ(complete({"-w", ""}), "shop\n");
  EXPECT_EQ(complete({"completion", "b"}), "bash\n");
  EXPECT_THAT(complete({"inquiry", "t"}), AllOf(HasSubstr("transfer\t"), HasSubstr("timeline\t")));
  EXPECT_EQ(complete({"nonsense", "x", "--what"}), "");
}

// ---- Colour -------------------------------------------------------------------------------------

TEST(Table, ColoursTakeNoRoom) {
  Table table({"a", "b"});
  table.Add({{"xx", Colour::kRed}, "1"});
  table.Add({"y", "22"});
  std::ostringstream plain, coloured;
  table.Print(plain);
  table.Print(coloured, true);
  EXPECT_EQ(plain.str(), "a    b\nxx   1\ny   22\n");
  EXPECT_THAT(coloured.str(), HasSubstr("\x1b[31mxx\x1b[0m   1\n"));
  EXPECT_EQ(CutLine("\x1b[31mabc\x1b[0md", 2), "\x1b[31mab\x1b[0m\x1b[0m");
}

}  // namespace
}  // namespace firstline::cli
