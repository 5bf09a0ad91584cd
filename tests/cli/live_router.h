// A real router in this process, with the memory store and one workspace `shop`, for tests of the
// command line.
//
// Thread rule: its own threads; the fixture's by one.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/cli/app.h"
#include "services/router/app.h"
#include "tests/support/temp_folder.h"

namespace firstline::test {

// Ann alone serves sales, ben alone care. Messages, so that conversations can be parked.
inline constexpr char kShop[] = R"(
id: shop
settings: {away_reasons: [lunch]}
channels: [{id: chat, kind: CHANNEL_KIND_MESSAGING, units: 1}]
teams: [{id: day}]
queues:
  - id: sales
    requirement: {skills: [{skill: sales, min_level: 2}]}
    steps: [{after: 1h, lower_levels: 1}]
    offer_timeout: 5m
    wrap_up: 5m
  - id: care
    requirement: {skills: [{skill: care}]}
    offer_timeout: 5m
agents:
  - {id: ann, team: day, skills: [{skill: sales, level: 5}], capacity: {units: 2}}
  - {id: ben, skills: [{skill: care, level: 5}]}
)";

struct Said {
  cli::ExitCode exit;
  std::string out, err;
};

class LiveRouterTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"FIRSTLINE_SERVER", "FIRSTLINE_WORKSPACE", "FIRSTLINE_OUTPUT",
                             "FIRSTLINE_CONTEXT", "NO_COLOR"}) {
      unsetenv(name);
    }
    setenv("FIRSTLINE_CONFIG", folder_.File("config.yaml").c_str(), 1);
    StartRouter();
    ASSERT_FALSE(HasFatalFailure());
    ASSERT_EQ(Do({"config", "apply", File("shop.yaml", kShop)}).exit, cli::ExitCode::kOk);
  }
  void TearDown() override {
    if (router_) router_->Stop();
  }

  // Again on the same port, which is what whoever watches knows.
  void StartRouter() {
    router::AppOptions options;
    options.listen = absl::StrCat("127.0.0.1:", port_);
    options.metrics_listen = "";
    options.store = Store();
    auto started = router::App::Start(options);
    ASSERT_TRUE(started.ok()) << started.status();
    router_ = *std::move(started);
    port_ = router_->grpc_port();
  }
  // As AppOptions::store.
  virtual std::string Store() const { return "memory"; }

  std::string address() const { return absl::StrCat("127.0.0.1:", port_); }

  Said Plain(const std::vector<std::string>& arguments) {
    std::ostringstream out, err;
    const cli::ExitCode exit = cli::Run(arguments, out, err);
    return {exit, out.str(), err.str()};
  }
  Said Do(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--server", address()});
    return Plain(arguments);
  }
  // Must succeed; what it wrote.
  std::string Get(const std::vector<std::string>& arguments) {
    const Said said = Do(arguments);
    EXPECT_EQ(said.exit, cli::ExitCode::kOk) << ::testing::PrintToString(arguments) << said.err;
    return said.out;
  }
  std::string File(const std::string& name, const std::string& text) {
    const std::string path = folder_.File(name);
    std::ofstream(path) << text;
    return path;
  }

  const TempFolder folder_;
  std::unique_ptr<router::App> router_;
  int port_ = 0;
};

}  // namespace firstline::test
