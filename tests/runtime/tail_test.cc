// What was confirmed outlives a lease that ran out.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/runtime/ten_inquiries.h"

namespace firstline::runtime {
namespace {

using engine::Milliseconds;
using engine::Seconds;

bool Everything(const store::Request&) { return true; }
bool IsWrite(const store::Request& request) {
  return !Is<store::Observe>(request) && !Is<store::Load>(request) &&
         !Is<store::ListWorkspaces>(request);
}

// The other watches.
struct TwoPods : TenInquiries {
  explicit TwoPods(const PodOptions& options = {}) : TenInquiries(options) { b.Settle(); }

  void Pass(Span span) {
    const BootTime end = world.now + span;
    while (world.now < end) {
      world.Sleep(Milliseconds(50));
      a.Settle();
      b.Settle();
    }
  }
  // A new primary that lacks the tail and takes no writes, because nobody follows it.
  void FailOver() {
    world.backend.Restore(before_tail);
    Refuse(true);
  }
  void Refuse(bool refuse) {
    a.refuse = b.refuse = refuse ? Match(IsWrite) : nullptr;
  }
  int Found() { return FoundBy(a.phase() == Phase::kActive ? a : b); }
  // In which it says that events may be missing.
  int Gaps() {
    const auto events = world.Events();
    return static_cast<int>(std::count_if(events.begin(), events.end(), [](const auto& text) {
      return text.find(" lost") != std::string::npos;
    }));
  }
};

class TailTest : public testing::Test, protected TwoPods {
 protected:
  using TwoPods::TwoPods;
  // Once the store takes writes again.
  void ExpectBroughtBackAndDrained() {
    Refuse(false);
    Pass(Seconds(1));
    EXPECT_TRUE(a.pod->drained());
    Pass(Seconds(15));
    EXPECT_EQ(Found(), 10);
  }
};

TEST_F(TailTest, IsBroughtBackWhenTheStoreTakesWritesAgain) {
  FailOver();
  Pass(Seconds(14));
  EXPECT_EQ(a.observer.Of(Incident::kLapsed), 1);
  EXPECT_EQ(a.observer.dropped, 1);
  Refuse(false);
  Pass(Milliseconds(500));
  EXPECT_EQ(a.phase(), Phase::kObserving) << "a sight of its own record is nobody's lease";
  EXPECT_EQ(a.observer.Of(Incident::kReplayed), 1);
  Pass(Seconds(11));
  EXPECT_EQ(Found(), 10);
  EXPECT_EQ(Gaps(), 0);
}

// Redis takes writes again at any moment of the other's wait.
TEST_F(TailTest, NobodyElseComesFirstUnlessItsTurnComesAtThatMoment) {
  int first = 0, all = 0;
  for (int ms = 10'000; ms < 31'000; ms += 50, ++all) {
    SCOPED_TRACE(ms);
    TwoPods again;
    again.FailOver();
    again.Pass(Milliseconds(ms));
    again.Refuse(false);
    again.Pass(limits::kTailRetry + Milliseconds(50));
    const bool its_turn = again.b.phase() == Phase::kActive;
    again.Pass(Seconds(25));
    EXPECT_EQ(again.Found(), its_turn ? 5 : 10);
    first += its_turn ? 1 : 0;
  }
  EXPECT_LT(first * 30, all) << "a quarter second of a lease";
}

TEST_F(TailTest, CallsAreToldMeanwhile) {
  FailOver();
  Pass(Seconds(14));
  for (int s = 0; s < 10; ++s) {
    const Ticket ticket = a.Call(SubmitInquiry("new" + std::to_string(s)));
    Pass(Seconds(2));
    ASSERT_TRUE(a.Answered(ticket)) << s;
    EXPECT_TRUE(As<Unavailable>(a.AnswerTo(ticket))) << s;
  }
}

// A batch was in doubt when the lease ended, and is stored.
TEST_F(TailTest, AlsoBehindABatchInDoubt) {
  a.lose_reply = IsCommit;
  a.Call(SubmitInquiry("doubted"));
  a.Settle();
  a.lose_reply = nullptr;
  Refuse(true);
  Pass(Seconds(14));
  ASSERT_EQ(a.observer.Of(Incident::kLapsed), 1);
  FailOver();
  Pass(Seconds(1));
  Refuse(false);
  Pass(Seconds(15));
  EXPECT_EQ(Found(), 10);
}

TEST_F(TailTest, WhoIsRefusedWaitsForAFullLeaseAgain) {
  a.cut = Everything;  // for good
  Pass(Seconds(5));
  b.refuse = IsWrite;
  Pass(Seconds(6));  // its turn would have been after ten
  b.refuse = nullptr;
  Pass(Seconds(8));
  EXPECT_NE(b.phase(), Phase::kActive);
  Pass(Seconds(3));
  EXPECT_EQ(b.phase(), Phase::kActive);
}

TEST_F(TailTest, IsStillThereWhenTheStoreGoesBackLater) {
  a.refuse = IsWrite;
  b.refuse = IsWrite;
  Pass(Seconds(11));
  EXPECT_EQ(a.observer.Of(Incident::kLapsed), 1);
  FailOver();
  Pass(Seconds(1));
  Refuse(false);
  Pass(Seconds(12));
  EXPECT_EQ(Found(), 10);
}

TEST_F(TailTest, IsForgottenWhenAnotherHasOwned) {
  a.cut = Everything;
  Pass(Seconds(12));
  ASSERT_EQ(b.phase(), Phase::kActive);
  const store::OwnershipRecord record = *world.Record();
  a.cut = nullptr;
  Pass(Milliseconds(2000));
  world.backend.Restore(before_tail);  // The living owner restores what it was given.
  b.cut = Everything;
  a.log.clear();
  Pass(Seconds(3));
  EXPECT_EQ(std::count_if(a.log.begin(), a.log.end(), Is<store::Commit>), 0);
  EXPECT_GT(record.token.epoch, world.Record()->token.epoch);
}

TEST_F(TailTest, IsBroughtBackBeforeAPodEnds) {
  FailOver();
  Pass(Seconds(14));
  a.pod->Shutdown(world.now);
  Pass(Seconds(1));
  EXPECT_FALSE(a.pod->drained());
  ExpectBroughtBackAndDrained();
}

TEST_F(TailTest, IsBroughtBackAlsoWhenItsOwnerCouldNotRelease) {
  FailOver();
  a.pod->Shutdown(world.now);
  Pass(Seconds(14));
  EXPECT_EQ(a.observer.Of(Incident::kLapsed), 1);
  EXPECT_FALSE(a.pod->drained());
  ExpectBroughtBackAndDrained();
}

// Told to go before it could look how the store stands.
TEST_F(TailTest, APodDoesNotEndBeforeItHasLooked) {
  a.cut = b.cut = Everything;
  Pass(Seconds(14));
  ASSERT_EQ(a.observer.Of(Incident::kLapsed), 1);
  a.pod->Shutdown(world.now);
  a.Settle();
  EXPECT_FALSE(a.pod->drained());
  FailOver();
  a.cut = b.cut = nullptr;
  Pass(Seconds(3));
  EXPECT_FALSE(a.pod->drained());
  ExpectBroughtBackAndDrained();
}

TEST_F(TailTest, WithNothingMissingAPodEndsAtOnce) {
  Refuse(true);
  Pass(Seconds(14));
  a.pod->Shutdown(world.now);
  a.Settle();
  EXPECT_TRUE(a.pod->drained());
}

class ShortTailTest : public TailTest {
 protected:
  ShortTailTest() : TailTest(PodOptions{.ring_batches_max = 2}) {}
};

TEST_F(ShortTailTest, BeyondTheRingItIsGoneAndSaidToBe) {
  FailOver();
  Pass(Seconds(14));
  Refuse(false);
  Pass(Seconds(25));
  EXPECT_EQ(Found(), 5);
  EXPECT_EQ(Gaps(), 1);
}

}  // namespace
}  // namespace firstline::runtime
