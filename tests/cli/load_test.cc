// `firstline load` against a real router on the store in memory: whole lives of inquiries in both
// loops and by both kinds of calls, what is reported, and what is said about mistakes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <sstream>

#include "services/cli/app.h"
#include "services/router/app.h"

namespace firstline::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

struct Said {
  ExitCode exit;
  std::string out, err;
};

class LoadCommand : public testing::Test {
 protected:
  void SetUp() override {
    unsetenv("FIRSTLINE_SERVER");
    unsetenv("FIRSTLINE_WORKSPACE");
    router::AppOptions options;
    options.listen = "127.0.0.1:0";
    options.metrics_listen = "";
    options.store = "memory";
    auto app = router::App::Start(options);
    ASSERT_TRUE(app.ok()) << app.status();
    app_ = *std::move(app);
  }

  Said Do(const std::vector<std::string>& arguments) {
    std::vector<std::string> all = {"--server",
                                    "127.0.0.1:" + std::to_string(app_->grpc_port()), "load"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    std::ostringstream out, err;
    const ExitCode exit = cli::Run(all, out, err);
    return {exit, out.str(), err.str()};
  }
  // With JSON, which must be complete: what came was acknowledged, served and found.
  nlohmann::json WholeLives(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"-o", "json"});
    const Said said = Do(arguments);
    EXPECT_EQ(said.exit, ExitCode::kOk) << said.err;
    const auto report = nlohmann::json::parse(said.out);
    EXPECT_GT(report["inquiries"]["came"], 50);
    EXPECT_EQ(report["inquiries"]["acknowledged"], report["inquiries"]["came"]);
    EXPECT_EQ(report["inquiries"]["closed"], report["inquiries"]["came"]);
    EXPECT_EQ(report["history"]["known"], report["inquiries"]["came"]);
    EXPECT_EQ(report["history"]["lost"], 0);
    EXPECT_EQ(report["history"]["doubled"], 0);
    for (const char* operation : {"submit", "offer", "accept", "reply", "close"}) {
      EXPECT_GT(report["operations"][operation]["latency"]["count"], 0) << operation;
      EXPECT_THAT(report["operations"][operation]["refusals"], IsEmpty()) << operation;
    }
    return report;
  }

  std::unique_ptr<router::App> app_;
};

TEST_F(LoadCommand, ClosedLoopOnStreams) {
  WholeLives({"--outstanding", "16", "--duration", "1s", "--warm-up", "100ms", "--agents", "20"});
}

TEST_F(LoadCommand, ClosedLoopOfUnaryCallsEndsAfterACount) {
  const auto report = WholeLives({"--outstanding", "8", "--calls", "unary", "--streams", "2",
                                  "--count", "300", "--duration", "1m", "--warm-up", "0s"});
  EXPECT_EQ(report["inquiries"]["came"], 300);
  EXPECT_LT(report["measured_s"], 50);
}

TEST_F(LoadCommand, OpenLoopKeepsItsRateAndHandleTime) {
  const auto report =
      WholeLives({"--rate", "200", "--pattern", "poisson", "--duration", "2s", "--warm-up", "500ms",
                  "--handle", "100ms", "--handle-spread", "fixed", "--seed", "3"});
  // 500 are expected; 4 standard deviations.
  EXPECT_NEAR(report["inquiries"]["came"].get<double>(), 500, 90);
  EXPECT_FALSE(report["windows"].empty());
}

// One place for one agent, and conversations that outlast the load: what does not fit into the queue
// is refused with a time to come back, and counted.
TEST_F(LoadCommand, CountsWhatIsShed) {
  const Said said = Do({"--rate", "400", "--duration", "1s", "--warm-up", "0s", "--agents", "1",
                        "--capacity", "1", "--queues", "1", "--queue-length", "5", "--handle", "1h",
                        "--drain", "0s", "-o", "json"});
  ASSERT_EQ(said.exit, ExitCode::kOk) << said.err;
  const auto report = nlohmann::json::parse(said.out);
  EXPECT_EQ(report["inquiries"]["acknowledged"], 6);
  EXPECT_GT(report["inquiries"]["shed"], 300);
  EXPECT_EQ(report["inquiries"]["open"], 6);
  EXPECT_EQ(report["operations"]["submit"]["refusals"]["QUEUE_FULL"], report["inquiries"]["shed"]);
  EXPECT_EQ(report["operations"]["submit"]["shed_without_retry_info"], 0);
  EXPECT_EQ(report["history"]["known"], 6);
  EXPECT_EQ(report["history"]["refused_but_known"], 0);
}

TEST_F(LoadCommand, KeepsWaitingInquiriesAndRefusesAnotherLoadThere) {
  const std::vector<std::string> waiting = {"--agents", "0", "--count", "200", "--duration", "30s",
                                            "--warm-up", "0s", "--keep"};
  const Said first = Do(waiting);
  ASSERT_EQ(first.exit, ExitCode::kOk) << first.err;
  EXPECT_THAT(first.out, AllOf(HasSubstr("200 acknowledged"), HasSubstr("200 left open"),
                               HasSubstr("known 200, lost 0, doubled 0")));
  const Said second = Do(waiting);
  EXPECT_EQ(second.exit, ExitCode::kRefused);
  EXPECT_THAT(second.err, AllOf(HasSubstr("workspace load exists"), HasSubstr("--replace")));
  std::vector<std::string> again = waiting;
  again.back() = "--reuse";
  EXPECT_THAT(Do(again).out, HasSubstr("known 200, lost 0, doubled 0")) << "others are no concern";
  std::vector<std::string> replacing = waiting;
  replacing.push_back("--replace");
  EXPECT_EQ(Do(replacing).exit, ExitCode::kOk);
}

TEST_F(LoadCommand, SaysWhatIsWrongWithTheCommandLine) {
  const auto wrong = [&](const std::vector<std::string>& arguments) {
    const Said said = Do(arguments);
    EXPECT_EQ(said.exit, ExitCode::kUsage) << said.err;
    EXPECT_THAT(said.out, IsEmpty());
    return said.err;
  };
  EXPECT_THAT(wrong({"--duration", "ten"}), AllOf(HasSubstr("--duration"), HasSubstr("1m30s")));
  EXPECT_THAT(wrong({"--rate", "-4"}), HasSubstr("--rate"));
  EXPECT_THAT(wrong({"--pattern", "poisson"}), HasSubstr("--rate"));
  EXPECT_THAT(wrong({"--pattern", "waves", "--rate", "4"}), HasSubstr("'waves' is no pattern"));
  EXPECT_THAT(wrong({"--agents", "30000"}), HasSubstr("need 2"));
  EXPECT_THAT(wrong({"--outstandin", "4"}), HasSubstr("did you mean '--outstanding'?"));
}

TEST_F(LoadCommand, HelpHasExamples) {
  const Said said = Do({"--help"});
  EXPECT_EQ(said.exit, ExitCode::kOk);
  EXPECT_THAT(said.out, AllOf(HasSubstr("Example:"), HasSubstr("--pattern burst"),
                              HasSubstr("closed loop"), HasSubstr("--handle")));
}

}  // namespace
}  // namespace firstline::cli
