// Real routers on a Redis Cluster of six nodes, under load: the workspace's slot is moved to another
// server while it is written, a server dies. What was acknowledged is there exactly once.
#include <gtest/gtest.h>

#include <iostream>
#include <memory>
#include <string>

#include "tests/common/cluster_group.h"
#include "tests/integration/load.h"
#include "tests/support/router_process.h"

namespace firstline::test {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

constexpr size_t kSome = 200;

class ClusterTest : public testing::Test {
 protected:
  static void Tell(const std::string& what, milliseconds value) {
    RecordProperty(what, static_cast<int>(value.count()));
    std::cout << "[ measured ] " << what << " = " << value.count() << " ms\n";
  }
  // The workspace's slot goes to another server, as redis-cli --cluster reshard does it.
  void Reshard() {
    RedisServer& to = cluster_.AnotherPrimary(own_);
    const auto began = Load::Clock::now();
    cluster_.BeginMove(own_, to);
    cluster_.FinishMove(own_, to);
    Tell("slot_moved_in", duration_cast<milliseconds>(Load::Clock::now() - began));
    ASSERT_TRUE(load_->Acknowledge(kSome)) << "the slot is not found again";
    Tell("silence_of_a_move", load_->LongestSilence(began));
    EXPECT_EQ(&cluster_.HolderOf(own_), &to);
  }

  const std::string own_ = "fl:{shop}:own";
  ClusterGroup cluster_;
  const RouterProcessOptions options_ = {.store = cluster_.target(), .extra_arguments = {}};
  RouterProcess a_{options_}, b_{options_};
  const std::unique_ptr<Load> load_ =
      std::make_unique<Load>(std::vector<std::string>{a_.address(), b_.address()});
};

TEST_F(ClusterTest, SlotMovedUnderLoadThenItsServerKilled) {
  load_->Start(2);
  ASSERT_TRUE(load_->Acknowledge(kSome));
  for (int i = 0; i < 3; ++i) Reshard();

  RedisServer& killed = cluster_.HolderOf(own_);
  const auto since = Load::Clock::now();
  killed.Kill();
  ASSERT_TRUE(load_->Acknowledge(kSome)) << "the replica is not found";
  Tell("silence_after_kill", load_->LongestSilence(since));
  killed.Restart();
  ASSERT_TRUE(load_->Acknowledge(kSome));
  ExpectExactlyOnce(*load_);
}

}  // namespace
}  // namespace firstline::test
