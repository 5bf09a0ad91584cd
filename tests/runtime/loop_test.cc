// The loop with its threads, on the store in memory; meant to be run under the thread sanitizer.
#include "services/router/runtime/loop.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "services/router/store/memory_store.h"
#include "tests/runtime/rig.h"

namespace firstline::runtime {
namespace {

using std::chrono::seconds;

// The system's clock, ahead of it by what the store is said to take.
class AheadClock final : public clock::Clock {
 public:
  std::chrono::nanoseconds BootTime() const override { return system_.BootTime() + ahead.load(); }
  std::chrono::nanoseconds SystemTime() const override { return system_.SystemTime(); }
  std::atomic<std::chrono::nanoseconds> ahead{std::chrono::nanoseconds(0)};

 private:
  clock::SystemClock system_;
};

// Executes on the memory store, but only while the gate is open.
class GatedStore final : public store::Store {
 public:
  GatedStore(std::shared_ptr<store::MemoryBackend> backend, AheadClock& clock)
      : clock_(clock), store_(std::move(backend)) {}
  std::vector<store::Reply> Execute(const std::vector<store::Request>& requests) override {
    ++calls;
    clock_.ahead = clock_.ahead.load() + takes.load();
    last_thread = std::this_thread::get_id();
    largest = std::max(largest.load(), requests.size());
    sync::MutexLock lock(mutex_);
    while (closed_) changed_.Wait(mutex_);
    return store_.Execute(requests);
  }
  void Close(bool closed) {
    sync::MutexLock lock(mutex_);
    closed_ = closed;
    changed_.NotifyAll();
  }
  std::atomic<size_t> calls{0};
  std::atomic<size_t> largest{0};
  std::atomic<std::thread::id> last_thread{};
  // By the clock. Slower than what the loop waits for itself, unless a test says otherwise.
  std::atomic<std::chrono::nanoseconds> takes{std::chrono::milliseconds(6)};

 private:
  AheadClock& clock_;
  store::MemoryStore store_;
  sync::Mutex mutex_;
  sync::CondVar changed_;
  bool closed_ FIRSTLINE_GUARDED_BY(mutex_) = false;
};

class LoopTest : public ::testing::Test {
 protected:
  std::unique_ptr<Loop> MakeLoop(const std::string& address, size_t inbox_max = 65'536) {
    LoopOptions options;
    options.pod.address = address;
    options.inbox_max = inbox_max;
    auto fast_store = std::make_unique<GatedStore>(backend, clock);
    fast = fast_store.get();
    LoopStores stores{std::move(fast_store), std::make_unique<store::MemoryStore>(backend)};
    return std::make_unique<Loop>(options, codec, observer, [this] { return ++random; }, clock,
                                  std::move(stores));
  }
  static Answer Ask(Loop& loop, CallBody body, bool create = false,
                    const std::string& workspace = kWorkspace) {
    auto promise = std::make_shared<std::promise<Answer>>();
    auto future = promise->get_future();
    loop.Submit({0, workspace, kNeverBoot, std::move(body), create},
                [promise](Answer answer) { promise->set_value(std::move(answer)); });
    return future.get();
  }

  static std::thread::id ThreadOf(Loop& loop) {
    std::thread::id id;
    EXPECT_TRUE(loop.Run([&id](const Pod&) { id = std::this_thread::get_id(); }));
    return id;
  }

  AheadClock clock;
  SnapshotCodec codec;
  Observer observer;
  std::atomic<uint64_t> random{0};
  std::shared_ptr<store::MemoryBackend> backend = std::make_shared<store::MemoryBackend>();
  GatedStore* fast = nullptr;
};

TEST_F(LoopTest, AnswersCallsOfManyThreads) {
  auto loop = MakeLoop("a:1");
  ASSERT_TRUE(Applied(Ask(*loop, Configuration(), true)));
  constexpr int kThreads = 4, kCalls = 200;
  std::vector<std::thread> threads;
  std::atomic<int> applied{0};
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kCalls; ++i) {
        const std::string id = std::to_string(t) + "-" + std::to_string(i);
        applied += Applied(Ask(*loop, SubmitInquiry(id)));
        loop->Beat(kWorkspace, {{"ann", "s1"}});
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(applied, kThreads * kCalls);
  size_t known = 0;
  ASSERT_TRUE(loop->Run([&known](const Pod& pod) {
    known = pod.EngineOf(kWorkspace)->inquiries();
  }));
  EXPECT_EQ(known, static_cast<size_t>(kThreads * kCalls));
  EXPECT_TRUE(loop->store_ready());
  loop->Stop(seconds(10));
  EXPECT_TRUE(backend->Run(store::Observe{kWorkspace}).ownership->released);
}

TEST_F(LoopTest, CommitsOfManyWorkspacesShareARoundTrip) {
  auto loop = MakeLoop("a:1");
  constexpr int kWorkspaces = 20;
  for (int i = 0; i < kWorkspaces; ++i) {
    ASSERT_TRUE(Applied(Ask(*loop, Configuration(), true, "w" + std::to_string(i))));
  }
  fast->Close(true);
  std::vector<std::future<Answer>> answers;
  for (int i = 0; i < kWorkspaces; ++i) {
    auto promise = std::make_shared<std::promise<Answer>>();
    answers.push_back(promise->get_future());
    loop->Submit({0, "w" + std::to_string(i), kNeverBoot, SubmitInquiry("i1"), false},
                 [promise](Answer answer) { promise->set_value(std::move(answer)); });
  }
  ASSERT_TRUE(loop->Run([](const Pod&) {}));  // all were taken
  ASSERT_TRUE(loop->Run([](const Pod&) {}));  // and their commits sent
  fast->Close(false);
  for (auto& answer : answers) EXPECT_TRUE(Applied(answer.get()));
  EXPECT_GE(fast->largest, 10u);
}

TEST_F(LoopTest, APromptStoreIsWaitedForByTheLoopItself) {
  auto loop = MakeLoop("a:1");
  ASSERT_TRUE(Applied(Ask(*loop, Configuration(), true)));
  const std::thread::id own = ThreadOf(*loop);
  ASSERT_TRUE(Applied(Ask(*loop, SubmitInquiry("i1"))));
  EXPECT_NE(fast->last_thread.load(), own);
  fast->takes = std::chrono::nanoseconds(0);
  ASSERT_TRUE(Applied(Ask(*loop, SubmitInquiry("i2"))));  // shows that it is prompt
  ASSERT_TRUE(Applied(Ask(*loop, SubmitInquiry("i3"))));
  EXPECT_EQ(fast->last_thread.load(), own);
  // A long commit is left to the other thread all the same.
  std::vector<std::future<Answer>> answers;
  std::vector<Submission> many;
  for (size_t i = 0; i <= limits::kCommitHereEventsMax; ++i) {
    auto promise = std::make_shared<std::promise<Answer>>();
    answers.push_back(promise->get_future());
    many.push_back({{0, kWorkspace, kNeverBoot, SubmitInquiry("m" + std::to_string(i)), false},
                    [promise](Answer given) { promise->set_value(std::move(given)); }});
  }
  loop->SubmitAll(std::move(many));
  for (auto& given : answers) EXPECT_TRUE(Applied(given.get()));
  EXPECT_NE(fast->last_thread.load(), own);
  fast->takes = std::chrono::milliseconds(6);
  ASSERT_TRUE(Applied(Ask(*loop, SubmitInquiry("i4"))));  // shows that it is no longer
  ASSERT_TRUE(Applied(Ask(*loop, SubmitInquiry("i5"))));
  EXPECT_NE(fast->last_thread.load(), own);
  // And so a store that hangs does not hold up the loop.
  fast->Close(true);
  std::promise<Answer> answer;
  loop->Submit({0, kWorkspace, kNeverBoot, SubmitInquiry("i6"), false},
               [&answer](Answer given) { answer.set_value(std::move(given)); });
  EXPECT_TRUE(loop->Run([](const Pod&) {}));
  EXPECT_TRUE(loop->Run([](const Pod&) {}));
  fast->Close(false);
  EXPECT_TRUE(Applied(answer.get_future().get()));
}

TEST_F(LoopTest, AFullInboxTurnsAwayAtOnce) {
  auto loop = MakeLoop("a:1", 4);
  // The store's replies take room as well: let the first ones pass.
  ASSERT_TRUE(As<UnknownWorkspace>(Ask(*loop, Query([](const engine::Engine&) {}))));
  std::promise<void> entered, leave;
  std::thread blocker([&] {
    loop->Run([&](const Pod&) {
      entered.set_value();
      leave.get_future().wait();
    });
  });
  entered.get_future().wait();  // The loop thread is busy now.
  std::atomic<int> overloaded{0}, answered{0};
  for (int i = 0; i < 10; ++i) {
    loop->Submit({0, kWorkspace, kNeverBoot, SubmitInquiry("i"), false}, [&](Answer answer) {
      ++answered;
      overloaded += As<Overloaded>(answer) != nullptr;
    });
  }
  EXPECT_EQ(overloaded, 6);
  // Many at once are turned away as well, each.
  std::vector<Submission> many;
  for (int i = 0; i < 3; ++i) {
    many.push_back({{0, kWorkspace, kNeverBoot, SubmitInquiry("i"), false}, [&](Answer answer) {
                      ++answered;
                      overloaded += As<Overloaded>(answer) != nullptr;
                    }});
  }
  loop->SubmitAll(std::move(many));
  EXPECT_EQ(overloaded, 9);
  leave.set_value();
  blocker.join();
  loop->Stop(seconds(10));
  EXPECT_EQ(answered, 13);
}

TEST_F(LoopTest, StopAnswersEverythingEvenWhenTheStoreHangs) {
  auto loop = MakeLoop("a:1");
  ASSERT_TRUE(Applied(Ask(*loop, Configuration(), true)));
  fast->Close(true);
  std::promise<Answer> open;
  loop->Submit({0, kWorkspace, kNeverBoot, SubmitInquiry("i1"), false},
               [&open](Answer answer) { open.set_value(std::move(answer)); });
  std::thread opener([&] {  // the store's own timeout
    open.get_future().wait();
    fast->Close(false);
  });
  loop->Stop(std::chrono::milliseconds(50));
  opener.join();
  EXPECT_TRUE(As<Unavailable>(Ask(*loop, SubmitInquiry("i2"))));
  EXPECT_FALSE(loop->Run([](const Pod&) {}));
}

TEST_F(LoopTest, AStopHandsOverWithoutWaitingForALease) {
  auto a = MakeLoop("a:1");
  ASSERT_TRUE(Applied(Ask(*a, Configuration(), true)));
  ASSERT_TRUE(Applied(Ask(*a, SubmitInquiry("i1"))));
  a->Stop(seconds(10));
  auto b = MakeLoop("b:1");
  bool known = false;
  const Answer answer = Ask(*b, Query([&known](const engine::Engine& engine) {
    known = engine.FindInquiry("i1").IsSet();
  }));
  EXPECT_TRUE(Applied(answer));
  EXPECT_TRUE(known);
}

TEST_F(LoopTest, StopIsQuickWithNothingToDoAndMayBeRepeated) {
  auto loop = MakeLoop("a:1");
  loop->Stop(seconds(10));
  loop->Stop(seconds(10));
  loop.reset();
  MakeLoop("b:1");  // the destructor alone
}

}  // namespace
}  // namespace firstline::runtime
