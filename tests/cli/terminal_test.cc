// The program itself, as people and shells start it: an agent's shift through pipes and on a
// terminal, the live screen, Ctrl-C, exit codes, completion in bash.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/cli/conversation.h"
#include "tests/cli/live_router.h"
#include "tests/common/redis_server.h"

namespace firstline::cli {
namespace {

using test::Conversation;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class TerminalTest : public test::LiveRouterTest {
 protected:
  std::vector<std::string> Program(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {FIRSTLINE_CLI, "--server", address()});
    return arguments;
  }
  void Submit(const std::string& id) {
    Get({"inquiry", "submit", "--id", id, "--channel", "chat", "--queue", "sales"});
  }
  std::string StateOf(const std::string& id) {
    const std::string table = Get({"inquiry", "list"});
    const std::size_t at = table.find("\n" + id);
    return at == std::string::npos ? "" : table.substr(at + 1, table.find('\n', at + 1) - at - 1);
  }
};

// ---- agent work ---------------------------------------------------------------------------------

TEST_F(TerminalTest, AnAgentWorksThroughPipes) {
  Conversation ann(Program({"agent", "work", "ann"}), false);
  ASSERT_TRUE(ann.Meets("you are AVAILABLE")) << ann.heard();
  Submit("c1");
  ASSERT_TRUE(ann.Meets("offer of c1 (sales, chat)")) << ann.heard();
  EXPECT_TRUE(ann.Meets("s left: accept or decline")) << ann.heard();
  ann.Say("accept\n");
  ASSERT_TRUE(ann.Meets("you have c1 (sales, chat)")) << ann.heard();
  ann.Say("reply hello there\n");
  ASSERT_TRUE(ann.Meets("replied to c1")) << ann.heard();
  ann.Say("park\n");
  ASSERT_TRUE(ann.Meets("parked c1")) << ann.heard();
  ann.Say("resume\n");
  ASSERT_TRUE(ann.Meets("you have c1")) << ann.heard();
  ann.Say("close c1 unresolved\n");
  ASSERT_TRUE(ann.Meets("wrap-up of c1")) << ann.heard();
  ann.Say("finish\n");
  ASSERT_TRUE(ann.Meets("wrap-up is over: c1")) << ann.heard();
  ann.Say("break lunch\n");
  ASSERT_TRUE(ann.Meets("you are AWAY: lunch")) << ann.heard();
  ann.Say("back\nquit\n");
  EXPECT_EQ(ann.Wait(), 0);
  EXPECT_THAT(ann.heard(), Not(HasSubstr("\x1b")));
  EXPECT_THAT(StateOf("c1"), HasSubstr("CLOSED"));
  EXPECT_THAT(Get({"agent", "list"}), Not(HasSubstr("AVAILABLE")));
  EXPECT_THAT(Get({"inquiry", "timeline", "c1"}),
              AllOf(HasSubstr("ann       took the offer"), HasSubstr("closed: unresolved")));
}

TEST_F(TerminalTest, AScriptWaitsForItsOffersAndItsEndIsTheEndOfTheShift) {
  Conversation ann(Program({"agent", "work", "ann"}), false);
  ann.Say("wait offer\ndecline 3600\nwait idle\nwait offer\naccept\nclose\nfinish");
  ann.Hush();
  ASSERT_TRUE(ann.Meets("AVAILABLE")) << ann.heard();
  Submit("c1");
  ASSERT_TRUE(ann.Meets("no longer offered: c1")) << ann.heard();
  Submit("c2");
  EXPECT_EQ(ann.Wait(), 0) << ann.heard();
  EXPECT_THAT(StateOf("c1"), HasSubstr("WAITING"));
  EXPECT_THAT(StateOf("c2"), HasSubstr("CLOSED"));
}

TEST_F(TerminalTest, AScriptEndsWithTheCodeOfItsFirstMistake) {
  Conversation ann(Program({"agent", "work", "ann"}), false);
  ann.Say("acept\naccept\nlist\n");
  ann.Hush();
  EXPECT_EQ(ann.Wait(), static_cast<int>(ExitCode::kUsage));
  EXPECT_THAT(ann.heard(), HasSubstr("you hold nothing"));
  Conversation nobody(Program({"agent", "work", "nan"}), false);
  EXPECT_EQ(nobody.Wait(), static_cast<int>(ExitCode::kNotFound));
}

TEST_F(TerminalTest, CtrlCEndsAShiftWithAGoodbye) {
  Conversation ann(Program({"agent", "work", "ann", "-o", "jsonl"}), false);
  ASSERT_TRUE(ann.Meets("\"presence\":\"AVAILABLE\"")) << ann.heard();
  ann.Signal(SIGINT);
  EXPECT_EQ(ann.Wait(), 0);
  EXPECT_THAT(Get({"agent", "list"}), Not(HasSubstr("AVAILABLE")));
}

TEST_F(TerminalTest, OnATerminalThePromptShowsWhatIsHeldAndWhatIsTyped) {
  Conversation ann(Program({"agent", "work", "ann"}), true);
  ASSERT_TRUE(ann.Meets("ann available > ")) << ann.heard();
  Submit("c1");
  ASSERT_TRUE(ann.Meets("offer c1 ")) << ann.heard();
  ann.Say("acceptx\x7f");
  ASSERT_TRUE(ann.Meets("s left > accept")) << ann.heard();
  ann.Say("\n");
  ASSERT_TRUE(ann.Meets("has c1 > ")) << ann.heard();
  ann.Say("\x04");
  ASSERT_TRUE(ann.Meets("still yours when you are back: c1")) << ann.heard();
  EXPECT_EQ(ann.Wait(), 0);
}

// ---- The live screen ----------------------------------------------------------------------------

TEST_F(TerminalTest, TopDrawsOneScreenAndPutsTheTerminalBack) {
  Conversation top(Program({"top", "--interval", "0.1"}), true);
  ASSERT_TRUE(top.Meets("\x1b[?1049h")) << top.heard();
  ASSERT_TRUE(top.Meets("0 waiting; 0 of 2 agents available")) << top.heard();
  Submit("c1");
  ASSERT_TRUE(top.Meets("1 waiting")) << top.heard();
  top.Say("q");
  EXPECT_EQ(top.Wait(), 0);
  EXPECT_THAT(top.heard(), HasSubstr("\x1b[?25h\x1b[?1049l"));

  Conversation interrupted(Program({"agent", "watch"}), true);
  ASSERT_TRUE(interrupted.Meets("OFFLINE")) << interrupted.heard();
  interrupted.Say("\x03");  // as the terminal sends it
  EXPECT_EQ(interrupted.Wait(), 0);
  EXPECT_THAT(interrupted.heard(), HasSubstr("\x1b[?1049l"));
}

class ReturningRouterTest : public TerminalTest {
 protected:
  std::string Store() const override { return "unix:" + redis_.address().unix_path; }

  test::RedisServer redis_;
};

// Each in the way it has of saying so: a line of the screen, or a line of standard error.
TEST_F(ReturningRouterTest, EveryViewSaysThatItIsGoneAndGoesOn) {
  Conversation top(Program({"top", "--interval", "0.1"}), true);
  Conversation agents(Program({"agent", "watch", "--interval", "0.1"}), true);
  Conversation queues(Program({"queue", "watch", "--interval", "0.1"}), true);
  ASSERT_TRUE(top.Meets("0 waiting; 0 of 2")) << top.heard();
  ASSERT_TRUE(agents.Meets("0 of 2 agents")) << agents.heard();
  ASSERT_TRUE(queues.Meets("0 waiting")) << queues.heard();
  router_->Stop();
  for (Conversation* view : {&top, &agents, &queues}) {
    ASSERT_TRUE(view->Meets("no answer, asking again: ")) << view->heard();
  }
  ASSERT_TRUE(top.Meets("0 waiting; 0 of 2")) << "what was shown last stays";
  StartRouter();
  Submit("c1");
  Get({"agent", "set", "ben", "--presence", "available"});
  EXPECT_TRUE(top.Meets("1 waiting")) << top.heard();
  EXPECT_TRUE(agents.Meets("1 of 2 agents")) << agents.heard();
  EXPECT_TRUE(queues.Meets("the router answers again")) << queues.heard();
  EXPECT_TRUE(queues.Meets("1 waiting")) << queues.heard();
  for (Conversation* view : {&top, &agents, &queues}) {
    view->Say("\x03");
    EXPECT_EQ(view->Wait(), 0);
  }
}

// What follows on standard output is as if nothing had been.
TEST_F(ReturningRouterTest, SnapshotsForProgramsHaveNoWordOfIt) {
  Conversation queues(Program({"queue", "watch", "sales", "--interval", "0.1", "-o", "jsonl"}),
                      false);
  ASSERT_TRUE(queues.Meets("\"waiting\":\"0\"")) << queues.heard();
  router_->Stop();
  StartRouter();
  Submit("c1");
  ASSERT_TRUE(queues.Meets("\"waiting\":\"1\"")) << queues.heard();
  queues.Signal(SIGINT);
  EXPECT_EQ(queues.Wait(), 0);
  EXPECT_THAT(queues.heard(), AllOf(Not(HasSubstr("again")), Not(HasSubstr("\n\n"))));
}

TEST_F(TerminalTest, AViewEndsWithTheWorkspace) {
  Conversation queues(Program({"queue", "watch", "--interval", "0.1"}), true);
  ASSERT_TRUE(queues.Meets("0 waiting")) << queues.heard();
  router_->Stop();
  StartRouter();  // its memory is gone
  EXPECT_EQ(queues.Wait(), static_cast<int>(ExitCode::kNotFound)) << queues.heard();
}

TEST_F(TerminalTest, NoColorIsRespected) {
  setenv("NO_COLOR", "1", 1);
  Conversation plain(Program({"agent", "list"}), true);
  EXPECT_EQ(plain.Wait(), 0);
  EXPECT_THAT(plain.heard(), AllOf(HasSubstr("OFFLINE"), Not(HasSubstr("\x1b"))));
  unsetenv("NO_COLOR");
  Conversation coloured(Program({"agent", "list"}), true);
  EXPECT_EQ(coloured.Wait(), 0);
  EXPECT_THAT(coloured.heard(), HasSubstr("\x1b[2mOFFLINE\x1b[0m"));
}

// ---- Following ----------------------------------------------------------------------------------

TEST_F(TerminalTest, FollowsUntilCtrlC) {
  Conversation events(Program({"events", "--follow", "--from", "0-0"}), false);
  ASSERT_TRUE(events.Meets("WorkspaceApplied")) << events.heard();
  Submit("c1");
  ASSERT_TRUE(events.Meets("c1  sales  -  InquirySubmitted")) << events.heard();
  events.Signal(SIGINT);
  EXPECT_EQ(events.Wait(), 0);

  Conversation watch(Program({"inquiry", "watch", "c1"}), false);
  ASSERT_TRUE(watch.Meets("InquiryEnqueued")) << watch.heard();
  Get({"inquiry", "cancel", "c1"});
  ASSERT_TRUE(watch.Meets("InquiryCancelled")) << watch.heard();
  EXPECT_EQ(watch.Wait(), 0);
}

// ---- Exit codes and completion ------------------------------------------------------------------

TEST_F(TerminalTest, EndsWithTheDocumentedCodes) {
  const auto code = [this](const std::vector<std::string>& arguments) {
    return Conversation(Program(arguments), false).Wait();
  };
  EXPECT_EQ(code({"queue", "list"}), 0);
  EXPECT_EQ(code({"config", "apply", "--create", File("s.yaml", test::kShop)}), 1);
  EXPECT_EQ(code({"queue", "lits"}), 2);
  EXPECT_EQ(code({"config", "apply", File("b.yaml", "id: [")}), 3);
  EXPECT_EQ(code({"inquiry", "get", "c1"}), 4);
  EXPECT_EQ(code({"--server", "127.0.0.1:1", "--timeout", "0.2", "queue", "list"}), 5);
  const std::string voice = "id: shop\nchannels: [{id: voice, kind: CHANNEL_KIND_LIVE}]\n";
  EXPECT_EQ(code({"config", "diff", "--patch", File("d.yaml", voice)}), 7);  // 6: app_test.cc
}

TEST_F(TerminalTest, BashCompletesWithTheScriptSourced) {
  const std::string folder = std::filesystem::path(FIRSTLINE_CLI).parent_path();
  setenv("FIRSTLINE_SERVER", address().c_str(), 1);
  // What readline does when Tab is pressed behind these words.
  const auto complete = [&](const std::string& words, int last) {
    Conversation bash(
        {"bash", "--norc", "-c",
         absl::StrCat("PATH=", folder, ":$PATH; source <(firstline completion bash); COMP_WORDS=(",
                      words, "); COMP_CWORD=", last, "; _firstline; echo \"${COMPREPLY[*]}\"")},
        false);
    EXPECT_EQ(bash.Wait(), 0);
    return bash.heard();
  };
  EXPECT_EQ(complete("firstline inqu", 1), "inquiry\n");
  EXPECT_EQ(complete("firstline inquiry t", 2), "transfer timeline\n");
  EXPECT_EQ(complete("firstline queue stats ''", 3), "care sales\n");
  EXPECT_EQ(complete("firstline agent set ann --presence = a", 6), "available away\n");
  EXPECT_EQ(complete("firstline config diff ''", 3), "\n");  // files are bash's own
}

// What the shell writes with completion loaded; skips where there is no such shell.
std::string Shell(const std::vector<std::string>& command) {
  Conversation shell(command, false);
  EXPECT_EQ(shell.Wait(), 0) << shell.heard();
  return shell.heard();
}

bool IsInstalled(const std::string& shell) {
  return std::system(absl::StrCat("command -v ", shell, " >/dev/null 2>&1").c_str()) == 0;
}

TEST_F(TerminalTest, ZshCompletesWithTheScriptSourced) {
  if (!IsInstalled("zsh")) GTEST_SKIP() << "zsh is not installed here";
  const std::string folder = std::filesystem::path(FIRSTLINE_CLI).parent_path();
  // Without a line editor: what the script would have described.
  EXPECT_EQ(Shell({"zsh", "-fc",
                   absl::StrCat("PATH=", folder,
                                ":$PATH; compdef() { :; }\n"
                                "source <(firstline completion zsh)\n"
                                "_describe() { shift; print -rl -- \"${(@P)1}\"; }\n"
                                "_files() { print FILES; }\n"
                                "words=(firstline inquiry ti); CURRENT=3; _firstline\n"
                                "words=(firstline config apply ''); CURRENT=4; _firstline\n")}),
            "timeline:tell who decided what about an inquiry, when and why\nFILES\n");
}

TEST_F(TerminalTest, FishCompletesWithTheScriptSourced) {
  if (!IsInstalled("fish")) GTEST_SKIP() << "fish is not installed here";
  const std::string folder = std::filesystem::path(FIRSTLINE_CLI).parent_path();
  setenv("HOME", folder_.path().c_str(), 1);
  EXPECT_EQ(Shell({"fish", "--no-config", "-c",
                   absl::StrCat("set PATH ", folder,
                                " $PATH; firstline completion fish | source;"
                                "complete -C 'firstline inquiry ti';"
                                "complete -C 'firstline agent set ann --presence d'")}),
            "timeline\ttell who decided what about an inquiry, when and why\ndraining\n");
}

}  // namespace
}  // namespace firstline::cli
