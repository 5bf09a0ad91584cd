#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>
#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "common/sync/bounded_inbox.h"
#include "common/sync/mutex.h"
#include "common/sync/owned_thread.h"

namespace firstline::sync {
namespace {

using std::chrono::hours;
using std::chrono::nanoseconds;

constexpr nanoseconds kForever = nanoseconds::max();
constexpr nanoseconds kNoWait = nanoseconds(0);

TEST(BoundedInboxTest, KeepsOrderAndRefusesAtTheBound) {
  BoundedInbox<int> inbox(3);
  EXPECT_TRUE(inbox.TryPush(1));
  EXPECT_TRUE(inbox.TryPush(2));
  EXPECT_TRUE(inbox.TryPush(3));
  EXPECT_FALSE(inbox.TryPush(4));
  EXPECT_EQ(inbox.size(), 3u);
  std::vector<int> out;
  EXPECT_TRUE(inbox.PopAll(out, kForever));
  EXPECT_EQ(out, (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(inbox.size(), 0u);
  EXPECT_TRUE(inbox.TryPush(5));
  EXPECT_TRUE(inbox.PopAll(out, kForever));  // Appends to what is there.
  EXPECT_EQ(out, (std::vector<int>{1, 2, 3, 5}));
}

TEST(BoundedInboxTest, ALowerLimitTurnsAwayOnlyThoseWhoUseIt) {
  BoundedInbox<int> inbox(3);
  int item = 1;
  EXPECT_TRUE(inbox.TryPushBelow(2, item));
  EXPECT_TRUE(inbox.TryPushBelow(2, item));
  EXPECT_FALSE(inbox.TryPushBelow(2, item));
  EXPECT_TRUE(inbox.TryPushBelow(100, item));
  EXPECT_FALSE(inbox.TryPushBelow(100, item));  // The capacity holds whatever the limit.
}

TEST(BoundedInboxTest, ARefusedItemStaysWithTheCaller) {
  BoundedInbox<std::unique_ptr<int>> inbox(1);
  auto first = std::make_unique<int>(1);
  auto second = std::make_unique<int>(2);
  EXPECT_TRUE(inbox.TryPush(first));
  EXPECT_EQ(first, nullptr);
  EXPECT_FALSE(inbox.TryPush(second));
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(*second, 2);
}

TEST(BoundedInboxTest, OfManyAtOnceThoseGetInThatFit) {
  BoundedInbox<std::string> inbox(5);
  std::vector<std::string> first = {"a", "b"}, second = {"c", "d", "e"};
  EXPECT_EQ(inbox.TryPushAllBelow(9, first), 2u);
  EXPECT_EQ(inbox.TryPushAllBelow(4, second), 2u);
  EXPECT_EQ(second.back(), "e");
  std::vector<std::string> out;
  EXPECT_TRUE(inbox.PopAll(out, std::chrono::hours(1)));
  EXPECT_EQ(out, (std::vector<std::string>{"a", "b", "c", "d"}));
  inbox.Close();
  EXPECT_EQ(inbox.TryPushAllBelow(5, second), 0u);
}

TEST(BoundedInboxTest, AnEmptyInboxTimesOutAndStaysUsable) {
  BoundedInbox<int> inbox(1);
  std::vector<int> out;
  EXPECT_TRUE(inbox.PopAll(out, kNoWait));
  EXPECT_TRUE(inbox.PopAll(out, nanoseconds(-5)));
  EXPECT_TRUE(inbox.PopAll(out, nanoseconds(1000)));
  EXPECT_TRUE(out.empty());
}

TEST(BoundedInboxTest, ClosedGivesOutWhatIsLeftAndThenEnds) {
  BoundedInbox<int> inbox(4);
  EXPECT_TRUE(inbox.TryPush(1));
  inbox.Close();
  inbox.Close();
  EXPECT_FALSE(inbox.TryPush(2));
  std::vector<int> out;
  EXPECT_TRUE(inbox.PopAll(out, kForever));
  EXPECT_EQ(out, std::vector<int>{1});
  EXPECT_FALSE(inbox.PopAll(out, kForever));
  EXPECT_EQ(out.size(), 1u);
}

TEST(BoundedInboxTest, CloseWakesAWaitingConsumer) {
  BoundedInbox<int> inbox(1);
  std::atomic<bool> ended = false;
  OwnedThread consumer("consumer", [&] {
    std::vector<int> out;
    while (inbox.PopAll(out, kForever)) out.clear();
    ended = true;
  });
  inbox.Close();
  consumer.Join();
  EXPECT_TRUE(ended);
}

// Every item arrives once and each producer's items arrive in order, through a bound so small that
// producers meet it all the time.
TEST(BoundedInboxTest, ManyProducersOneConsumer) {
  constexpr int kProducers = 4;
  constexpr int kItemsEach = 5000;
  struct Item {
    int producer;
    int number;
  };
  BoundedInbox<Item> inbox(8);
  std::vector<OwnedThread> producers;
  for (int producer = 0; producer < kProducers; ++producer) {
    producers.emplace_back("producer", [&inbox, producer] {
      for (int number = 0; number < kItemsEach; ++number) {
        Item item{producer, number};
        while (!inbox.TryPush(item)) std::this_thread::yield();
      }
    });
  }
  std::array<int, kProducers> next{};
  std::vector<Item> batch;
  for (int received = 0; received < kProducers * kItemsEach;) {
    batch.clear();
    ASSERT_TRUE(inbox.PopAll(batch, kForever));
    ASSERT_LE(batch.size(), inbox.capacity());
    for (const Item& item : batch) {
      ASSERT_EQ(item.number, next[static_cast<std::size_t>(item.producer)]++);
      ++received;
    }
  }
  for (OwnedThread& producer : producers) producer.Join();
  EXPECT_EQ(inbox.size(), 0u);
}

TEST(CondVarTest, WaitSeesWhatTheNotifierWrote) {
  Mutex mutex;
  CondVar changed;
  int value = 0;
  OwnedThread writer("writer", [&] {
    MutexLock lock(mutex);
    value = 42;
    changed.NotifyOne();
  });
  {
    MutexLock lock(mutex);
    while (value == 0) changed.Wait(mutex);
    EXPECT_EQ(value, 42);
    EXPECT_FALSE(changed.WaitUntil(mutex, std::chrono::steady_clock::now() - hours(1)));
  }
}

TEST(OwnedThreadTest, JoinsWhenDestroyedAndWhenReplaced) {
  std::atomic<int> finished = 0;
  {
    OwnedThread thread("first", [&] { ++finished; });
    thread = OwnedThread("second", [&] { ++finished; });
    EXPECT_GE(finished, 1);
    EXPECT_TRUE(thread.joinable());
  }
  EXPECT_EQ(finished, 2);
  OwnedThread none;
  none.Join();
  EXPECT_FALSE(none.joinable());
}

TEST(OwnedThreadTest, CarriesItsName) {
  std::string seen;
  OwnedThread thread("a-name-longer-than-the-kernel-keeps", [&] {
    std::array<char, 16> name{};
    pthread_getname_np(pthread_self(), name.data(), name.size());
    seen = name.data();
  });
  thread.Join();
  EXPECT_EQ(seen, "a-name-longer-t");
}

}  // namespace
}  // namespace firstline::sync
