// Real days through the real router: gRPC, the engine, Redis. The logs are not part of the project;
// where they are absent these tests are skipped. FIRSTLINE_DATA names the folder they are in.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "services/cli/replay/replay.h"
#include "services/cli/replay/scenario.h"
#include "services/router/app.h"
#include "tests/common/redis_server.h"

namespace firstline::replay {
namespace {

using ::testing::IsEmpty;

std::filesystem::path DataFolder() {
  const char* given = std::getenv("FIRSTLINE_DATA");
  return given != nullptr ? std::filesystem::path(given)
                          : std::filesystem::path(FIRSTLINE_SOURCE_DIR) / "../shared/data";
}

std::string Read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

#define SKIP_WITHOUT_DATA(file)                                                            \
  if (!std::filesystem::exists(DataFolder() / (file))) {                                   \
    GTEST_SKIP() << "the logs are not here: " << (DataFolder() / (file)) << " is missing;" \
                 << " FIRSTLINE_DATA names their folder";                                  \
  }

std::string Violations(const Report& report) {
  std::string text;
  for (const check::Violation& violation : report.violations) {
    absl::StrAppend(&text, ToString(violation), "\n");
    if (text.size() > 2000) break;
  }
  return text;
}

// A driven router with a Redis of its own.
class RealDay : public ::testing::Test {
 protected:
  void SetUp() override {
    router::AppOptions options;
    options.listen = "127.0.0.1:0";
    options.metrics_listen = "";
    options.store = "unix:" + redis_.address().unix_path;
    options.driven_clock = true;
    auto started = router::App::Start(options);
    ASSERT_TRUE(started.ok()) << started.status();
    app_ = *std::move(started);
    client_ = std::make_unique<client::Client>(
        client::Options{.targets = {absl::StrCat("127.0.0.1:", app_->grpc_port())}});
  }
  void TearDown() override {
    if (app_) app_->Stop();
  }

  Report PlayDay(const CallLog& log, const std::string& workspace) {
    return Replay(*client_, log, WorkspaceFor(log, workspace, ServesBy::kSkills), {});
  }

  test::RedisServer redis_;
  std::unique_ptr<router::App> app_;
  std::unique_ptr<client::Client> client_;
};

class CallCentre : public RealDay, public ::testing::WithParamInterface<const char*> {};

TEST_P(CallCentre, HoldsEveryRuleAllDay) {
  const std::string stem = std::string("vanad_2014/") + GetParam();
  SKIP_WITHOUT_DATA(stem + "_calls.csv");
  const auto log = ReadCentre(Read(DataFolder() / (stem + "_calls.csv")),
                              Read(DataFolder() / (stem + "_roster.csv")));
  ASSERT_TRUE(log.ok()) << log.status();
  const Report report = PlayDay(*log, "day");
  Print(report, cli::Format::kTable, std::cout);
  EXPECT_THAT(Violations(report), IsEmpty());
  EXPECT_EQ(report.total.here.offered, log->calls.size());
  EXPECT_EQ(report.total.here.answered + report.total.here.abandoned + report.given_up,
            log->calls.size());
  EXPECT_EQ(report.totals.inquiries, log->calls.size());
}

INSTANTIATE_TEST_SUITE_P(Days, CallCentre, ::testing::Values("2014-03-12", "2014-05-26"),
                         [](const auto& day) {
                           std::string name = day.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST_F(RealDay, WaitsAsAnExactModelSays) {
  constexpr char kFile[] = "simulated_fifo/calls_2021_jan_apr.csv";
  SKIP_WITHOUT_DATA(kFile);
  const std::string calls = Read(DataFolder() / kFile);
  const auto dates = DatesOf(calls);
  ASSERT_TRUE(dates.ok()) << dates.status();
  std::uint64_t compared = 0;
  double largest_s = 0;
  for (const std::string& date : *dates) {
    const auto log = ReadFifo(calls, date, 4);
    ASSERT_TRUE(log.ok()) << log.status();
    const Report report = PlayDay(*log, "day-" + date);
    EXPECT_THAT(Violations(report), IsEmpty()) << date;
    EXPECT_EQ(report.waits.agreeing, report.waits.calls)
        << date << ": " << report.waits.largest_call << " differs by " << report.waits.largest_s;
    compared += report.waits.calls;
    largest_s = std::max(largest_s, report.waits.largest_s);
  }
  std::cout << compared << " waits on " << dates->size() << " days, largest difference "
            << largest_s << " s\n";
  EXPECT_GT(compared, 1000u);
}

}  // namespace
}  // namespace firstline::replay
