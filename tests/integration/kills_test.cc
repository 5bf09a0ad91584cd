// Several routers and workspaces under load, while routers are killed, stopped, cut off from one
// another, slowed down, replaced and scaled: load goes on after each, and every acknowledged inquiry
// is there exactly once. For half a minute, or, from a seed, for as long as wanted.
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/common/redis_server.h"
#include "tests/integration/load.h"
#include "tests/support/router_process.h"

namespace firstline::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr size_t kWorkspaces = 4;
constexpr size_t kSome = 20;

class Kills : public testing::Test {
 protected:
  void Start(int routers) {
    const RouterProcessOptions options{.store = "unix:" + redis_.address().unix_path,
                                       .behind_network = true,
                                       .extra_arguments = {"--lease-ms=1000"}};
    std::vector<std::string> targets;
    for (int i = 0; i < routers; ++i) {
      routers_.push_back(std::make_unique<RouterProcess>(options));
      targets.push_back(routers_.back()->address());
    }
    for (size_t i = 0; i < kWorkspaces; ++i) {
      loads_.push_back(std::make_unique<Load>(targets, absl::StrCat("shop", i)));
      loads_.back()->Start(1, milliseconds(2));
    }
    Progress("at the start");
  }

  void Progress(const std::string& when) {
    for (size_t i = 0; i < loads_.size(); ++i) {
      ASSERT_TRUE(loads_[i]->Acknowledge(kSome)) << "shop" << i << " stands still " << when;
    }
  }

  void Kill(RouterProcess& router) {
    router.Signal(SIGKILL);
    EXPECT_EQ(router.Wait(), -SIGKILL);
    Progress("after a kill");
    router.Restart();
    Progress("after a restart");
  }
  void Stop(RouterProcess& router) {
    router.Signal(SIGSTOP);
    Progress("while one is stopped");
    router.Signal(SIGCONT);
    Progress("when it goes on");
  }
  // The others reach it no more, nor does who follows the owner; it reaches them, and Redis.
  void CutOff(RouterProcess& router) {
    router.network().Hold(true);
    Progress("while one is cut off");
    router.network().Hold(false);
    Progress("when it is back");
  }
  void Break(RouterProcess& router) {
    router.network().Cut();
    Progress("after connections broke");
  }
  void Slow(milliseconds span) {
    for (const auto& router : routers_) router->network().Delay(span);
    Progress(absl::StrCat("at a delay of ", span.count(), " ms"));
    for (const auto& router : routers_) router->network().Delay({});
  }
  void End(RouterProcess& router) {
    router.Signal(SIGTERM);
    EXPECT_EQ(router.Wait(), 0);
    Progress("after one was told to go");
  }
  void Roll() {
    for (const auto& router : routers_) {
      End(*router);
      router->Restart();
    }
    Progress("after all were replaced");
  }
  // All but one go, and come back.
  void Scale() {
    for (size_t i = 1; i < routers_.size(); ++i) End(*routers_[i]);
    for (size_t i = 1; i < routers_.size(); ++i) {
      routers_[i]->Restart();
      Progress("after one came");
    }
  }

  void ExpectAllExactlyOnce() {
    for (const auto& load : loads_) ExpectExactlyOnce(*load);
  }

  RedisServer redis_{{.append_only = true}};
  std::vector<std::unique_ptr<RouterProcess>> routers_;
  std::vector<std::unique_ptr<Load>> loads_;
};

TEST_F(Kills, OneOfEach) {
  Start(3);
  Kill(*routers_[0]);
  Stop(*routers_[1]);
  Break(*routers_[2]);
  CutOff(*routers_[0]);
  Slow(milliseconds(30));
  Roll();
  ExpectAllExactlyOnce();
}

// FIRSTLINE_KILLS_SECONDS and FIRSTLINE_KILLS_SEED, for more or for the same again.
int Setting(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::atoi(text);
}

TEST_F(Kills, ForMinutesInAnyOrder) {
  const int seed = Setting("FIRSTLINE_KILLS_SEED", static_cast<int>(std::random_device()() >> 1));
  const int seconds = Setting("FIRSTLINE_KILLS_SECONDS", 180);
  std::cout << "FIRSTLINE_KILLS_SEED=" << seed << "\n";
  std::mt19937 random(static_cast<uint32_t>(seed));
  const auto end = steady_clock::now() + std::chrono::seconds(seconds);
  Start(5);
  Scale();
  while (!HasFatalFailure() && steady_clock::now() < end) {
    RouterProcess& router = *routers_[random() % routers_.size()];
    switch (random() % 6) {
      case 0: Kill(router); break;
      case 1: Stop(router); break;
      case 2: CutOff(router); break;
      case 3: Break(router); break;
      case 4: Slow(milliseconds(1 + static_cast<int>(random() % 50))); break;
      case 5: Roll(); break;
    }
  }
  ExpectAllExactlyOnce();
}

}  // namespace
}  // namespace firstline::test
