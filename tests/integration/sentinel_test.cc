// Real routers on a primary with two replicas and three Sentinels, under load, with the settings
// that deploy/redis ships: the primary is killed, stopped and comes back as a stale one, owners are
// killed beside it. What was acknowledged is there exactly once, but for the window that is stated.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "common/redis/connection.h"
#include "tests/common/sentinel_group.h"
#include "tests/integration/load.h"
#include "tests/support/router_process.h"

namespace firstline::test {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

constexpr size_t kSome = 200;

class SentinelTest : public testing::Test {
 protected:
  explicit SentinelTest(std::vector<std::string> arguments = {})
      : options_{.store = group_.target(), .extra_arguments = std::move(arguments)} {}

  static SentinelGroupOptions Shipped() {
    const std::string folder = FIRSTLINE_SOURCE_DIR "/deploy/redis/";
    return {.server = {.append_only = true,
                       .config = "include " + folder + "redis.conf\ninclude " + folder +
                                 "replicated.conf\n"}};
  }
  RouterProcess& Owner() {
    const auto record = group_.primary().Connect()->Call({"HGET", "fl:{shop}:own", "address"});
    EXPECT_TRUE(record.ok());
    const std::string address(record->view().AsString().value());
    return address == a_.address() ? a_ : b_;
  }
  // The longest silence from `since` until some have been acknowledged from now on.
  milliseconds Silence(Load::Clock::time_point since) {
    EXPECT_TRUE(load_->Acknowledge(kSome)) << "nobody takes over";
    return load_->LongestSilence(since);
  }
  static void Tell(const std::string& what, int64_t value) {
    RecordProperty(what, static_cast<int>(value));
    std::cout << "[ measured ] " << what << " = " << value << "\n";
  }

  SentinelGroup group_{Shipped()};
  const RouterProcessOptions options_;
  RouterProcess a_{options_}, b_{options_};
  const std::unique_ptr<Load> load_ =
      std::make_unique<Load>(std::vector<std::string>{a_.address(), b_.address()});
};

TEST_F(SentinelTest, PrimaryKilledThenStoppedAndBack) {
  load_->Start(2);
  ASSERT_TRUE(load_->Acknowledge(kSome));
  RedisServer& killed = group_.primary();
  auto since = Load::Clock::now();
  killed.Kill();
  Tell("silence_after_kill_ms", Silence(since).count());
  group_.AwaitOtherPrimary();
  // It comes back as the primary it was, until the Sentinels tell it otherwise.
  killed.Restart();
  group_.AwaitHealed();
  ASSERT_TRUE(load_->Acknowledge(kSome));

  RedisServer& stopped = group_.primary();
  since = Load::Clock::now();
  stopped.Pause();
  Tell("silence_after_stop_ms", Silence(since).count());
  group_.AwaitOtherPrimary();
  stopped.Resume();
  EXPECT_EQ(SentinelGroup::RoleOf(stopped), "master") << "no stale primary, so nothing is proven";
  ASSERT_TRUE(load_->Acknowledge(kSome));
  ExpectExactlyOnce(*load_);
}

// ---- Long ---------------------------------------------------------------------------------------

class SentinelLongTest : public SentinelTest {
 protected:
  explicit SentinelLongTest(std::vector<std::string> more = {})
      : SentinelTest(With("--lease-ms=3000", std::move(more))) {}
  static std::vector<std::string> With(const std::string& argument,
                                       std::vector<std::string> more) {
    more.push_back(argument);
    return more;
  }

  // Both end at the same moment.
  void KillOwnerAndPrimary() {
    RouterProcess& owner = Owner();
    owner.Signal(SIGKILL);
    group_.primary().Kill();
    owner.Wait();
  }
  // Acknowledged inquiries that are not in the history, by how long before `end` they were
  // acknowledged. Nothing may be there twice.
  std::vector<milliseconds> Lost(Load::Clock::time_point end) {
    load_->Stop();
    const Load::Told told = load_->History();
    for (const auto& [id, count] : told.submitted) EXPECT_EQ(count, 1) << id;
    for (const auto& [id, count] : told.assigned) EXPECT_EQ(count, 1) << id;
    std::vector<milliseconds> lost;
    for (const auto& [id, at] : load_->acknowledged_at()) {
      if (told.submitted.count(id) == 0) lost.push_back(duration_cast<milliseconds>(end - at));
    }
    return lost;
  }
};

TEST_F(SentinelLongTest, OverAndOver) {
  load_->Start(4);
  for (int round = 0; round < 6; ++round) {
    ASSERT_TRUE(load_->Acknowledge(kSome));
    RedisServer& primary = group_.primary();
    if (round % 2 == 0) {
      primary.Kill();
      group_.AwaitOtherPrimary();
      ASSERT_TRUE(load_->Acknowledge(kSome));
      primary.Restart();
    } else {
      primary.Pause();
      group_.AwaitOtherPrimary();
      primary.Resume();
    }
    ASSERT_TRUE(load_->Acknowledge(kSome));
    group_.AwaitHealed();
    // Only now: an owner and the primary it would restore must not fail within one window.
    RouterProcess& owner = Owner();
    owner.Signal(SIGKILL);
    owner.Wait();
    ASSERT_TRUE(load_->Acknowledge(kSome)) << "the other router does not take over";
    owner.Restart();
  }
  ExpectExactlyOnce(*load_);
}

// The new primary lacks what was acknowledged last, and nobody follows it, so it takes no writes:
// the lease ends before the owner can restore anything.
TEST_F(SentinelLongTest, ALonePrimaryGetsBackWhatItLacksAfterTheLease) {
  load_->Start(4);
  ASSERT_TRUE(load_->Acknowledge(kSome));
  const std::vector<RedisServer*> replicas = group_.replicas();
  for (RedisServer* replica : replicas) replica->Pause();
  ASSERT_GT(load_->AcknowledgedWithin(milliseconds(1000), 1'000'000), 0u);
  // What is on its way to the replicas is lost as well.
  for (RedisServer* replica : replicas) replica->Kill();
  group_.primary().Kill();
  replicas[0]->Restart();
  group_.AwaitOtherPrimary();
  EXPECT_EQ(load_->AcknowledgedWithin(milliseconds(7000), 0), 0u) << "it was not alone";
  replicas[1]->Restart();
  ASSERT_TRUE(load_->Acknowledge(kSome)) << "nobody takes over";
  ExpectExactlyOnce(*load_);
  int owners = 0;
  for (const v1::Event& event : load_->History().events) {
    owners += event.has_owner_changed();
    EXPECT_FALSE(event.owner_changed().lost()) << event.ShortDebugString();
  }
  EXPECT_GT(owners, 1) << "the lease did not end, so nothing is proven";
}

// What is lost when the owner and the primary die together is what no replica had yet.
TEST_F(SentinelLongTest, OwnerAndPrimaryKilledTogether) {
  load_->Start(4);
  ASSERT_TRUE(load_->Acknowledge(10 * kSome));
  const auto end = Load::Clock::now();
  KillOwnerAndPrimary();
  group_.AwaitOtherPrimary();
  ASSERT_TRUE(load_->Acknowledge(kSome)) << "nobody takes over";
  const std::vector<milliseconds> lost = Lost(end);
  Tell("lost", static_cast<int64_t>(lost.size()));
  for (const milliseconds age : lost) EXPECT_LT(age, milliseconds(1000));
}

class SentinelLongWaitTest : public SentinelLongTest {
 protected:
  SentinelLongWaitTest() : SentinelLongTest({"--wait-replicas=1", "--wait-ms=500"}) {}
};

// The Sentinels choose the replica that received most, so one that has what was waited for.
TEST_F(SentinelLongWaitTest, NothingIsLostWithOwnerAndPrimary) {
  load_->Start(4);
  ASSERT_TRUE(load_->Acknowledge(10 * kSome));
  const auto end = Load::Clock::now();
  KillOwnerAndPrimary();
  group_.AwaitOtherPrimary();
  ASSERT_TRUE(load_->Acknowledge(kSome)) << "nobody takes over";
  EXPECT_EQ(Lost(end).size(), 0u);
}

// The widest that this window gets: the replicas hear nothing any more, and the primary goes on
// until min-replicas-max-lag.
TEST_F(SentinelLongTest, TheWindowIsBoundedByTheLagAllowed) {
  constexpr milliseconds kWindow(4000);  // deploy/redis/replicated.conf, and a second
  load_->Start(4);
  ASSERT_TRUE(load_->Acknowledge(kSome));
  const auto parted = Load::Clock::now();
  for (RedisServer* replica : group_.replicas()) replica->Pause();
  while (load_->AcknowledgedWithin(milliseconds(1500), 0) > 0) {
  }
  auto last = parted;
  for (const auto& [id, at] : load_->acknowledged_at()) last = std::max(last, at);
  Tell("acknowledged_after_parting_ms", duration_cast<milliseconds>(last - parted).count());
  EXPECT_LT(last - parted, kWindow);

  // What is on its way to the replicas is lost as well.
  for (RedisServer* replica : group_.replicas()) replica->Kill();
  KillOwnerAndPrimary();
  for (RedisServer* replica : group_.replicas()) replica->Restart();
  group_.AwaitOtherPrimary();
  ASSERT_TRUE(load_->Acknowledge(kSome)) << "nobody takes over";
  const std::vector<milliseconds> lost = Lost(last);
  Tell("lost", static_cast<int64_t>(lost.size()));
  EXPECT_FALSE(lost.empty()) << "nothing was lost, so nothing is proven";
  for (const milliseconds age : lost) EXPECT_LT(age, kWindow);
}

}  // namespace
}  // namespace firstline::test
