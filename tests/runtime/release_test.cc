// Giving a workspace up: nothing is lost with the memory of who leaves, whatever happens to Redis
// and to the release meanwhile.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/runtime/ten_inquiries.h"

namespace firstline::runtime {
namespace {

using engine::Milliseconds;
using engine::Seconds;

bool IsRelease(const store::Request& request) { return Is<store::Release>(request); }

class ReleaseTest : public testing::Test, protected TenInquiries {
 protected:
  void GoBack(const store::MemoryImage& image) { world.backend.Restore(image); }
  // Redis goes back between everything the owner ever asked and its release.
  void GoBackAtTheRelease(const store::MemoryImage& image) {
    a.cut = [this, image, done = false](const store::Request& request) mutable {
      if (IsRelease(request) && !std::exchange(done, true)) GoBack(image);
      return false;
    };
  }
  void Leave() {
    a.pod->Shutdown(world.now);
    a.Settle();
  }
  // The release is taken and its first reply lost.
  void LeaveInDoubt() {
    a.lose_reply = [done = false](const store::Request& request) mutable {
      return IsRelease(request) && !std::exchange(done, true);
    };
    Leave();
  }
  // Submitted inquiries that the next owner finds, each once.
  int Found() {
    b.Run(Seconds(4));
    return FoundBy(b);
  }
};

TEST_F(ReleaseTest, WhatRedisLostInTheLastMomentIsBroughtBack) {
  GoBackAtTheRelease(before_tail);
  Leave();
  EXPECT_TRUE(a.pod->drained());
  EXPECT_EQ(a.observer.Of(Incident::kReplayed), 1);
  EXPECT_TRUE(world.Record()->released);
  EXPECT_EQ(Found(), 10);
}

TEST_F(ReleaseTest, AHandoverToo) {
  GoBackAtTheRelease(before_tail);
  a.pod->HandOver(kWorkspace, "b:1", world.now);
  a.Settle();
  EXPECT_TRUE(world.Record()->released);
  EXPECT_EQ(Found(), 10);
}

TEST_F(ReleaseTest, AlsoWhatTheRingDoesNotHave) {
  World other;
  other.Sleep(Seconds(1));
  PodOptions options;
  options.ring_batches_max = 2;
  Rig owner(other, "a:1", options), next(other, "b:1");
  owner.Configure();
  const store::MemoryImage old = other.backend.Copy();
  for (int i = 0; i < 10; ++i) {
    owner.Call(SubmitInquiry("i" + std::to_string(i)));
    owner.Settle();
  }
  owner.cut = [&, done = false](const store::Request& request) mutable {
    if (IsRelease(request) && !std::exchange(done, true)) other.backend.Restore(old);
    return false;
  };
  owner.pod->Shutdown(other.now);
  owner.Settle();
  EXPECT_TRUE(owner.pod->drained());
  EXPECT_EQ(owner.observer.Of(Incident::kRebuilt), 1);
  next.Run(Seconds(4));
  for (int i = 0; i < 10; ++i) EXPECT_NE(next.state_of("i" + std::to_string(i)), "") << i;
}

TEST_F(ReleaseTest, ARecordOfBeforeTheAcquisitionIsTakenAgainAndReleased) {
  a.cut = [&, done = false](const store::Request& request) mutable {
    if (IsRelease(request) && !std::exchange(done, true)) {
      GoBack(before_tail);
      store::OwnershipRecord record = *world.Record();
      --record.token.epoch;
      world.backend.RestoreOwnership(kWorkspace, record);
    }
    return false;
  };
  Leave();
  EXPECT_TRUE(a.pod->drained());
  EXPECT_TRUE(world.Record()->released);
  EXPECT_EQ(Found(), 10);
}

// Taken, the reply lost, and then the store goes back to before both.
TEST_F(ReleaseTest, OneInDoubtIsSentAgainAndFindsWhatIsMissing) {
  LeaveInDoubt();
  EXPECT_TRUE(world.Record()->released);
  EXPECT_FALSE(a.pod->drained());
  GoBack(before_tail);
  a.Run(Seconds(1));
  EXPECT_TRUE(a.pod->drained());
  EXPECT_TRUE(world.Record()->released);
  EXPECT_EQ(Found(), 10);
}

TEST_F(ReleaseTest, OneInDoubtThatWasTakenIsForgottenWhenAnotherOwns) {
  LeaveInDoubt();
  EXPECT_EQ(Found(), 10);  // The other takes it at once.
  const store::OwnershipRecord record = *world.Record();
  a.Run(Seconds(1));
  EXPECT_TRUE(a.pod->drained());
  EXPECT_EQ(world.Record()->token, record.token);
  EXPECT_EQ(world.Record()->sequence, record.sequence);
}

// The next owner may have acknowledged what this one knows nothing of.
TEST_F(ReleaseTest, OneInDoubtTakesNothingAgain) {
  store::OwnershipRecord record = *world.Record();
  --record.token.epoch;
  LeaveInDoubt();
  world.backend.RestoreOwnership(kWorkspace, record);
  a.log.clear();
  a.Run(Seconds(1));
  EXPECT_TRUE(a.pod->drained());
  EXPECT_EQ(world.Record()->token, record.token);
  EXPECT_EQ(std::count_if(a.log.begin(), a.log.end(), Is<store::Acquire>), 0);
}

// Redis goes back to before the release and what went ahead of it, while the next owner is at work:
// the one that left puts its own part right, the next one the rest.
TEST_F(ReleaseTest, OneInDoubtDoesNotDisturbTheNextOwner) {
  LeaveInDoubt();
  b.Run(Seconds(0));
  ASSERT_EQ(b.phase(), Phase::kActive);
  const Ticket ticket = b.Call(SubmitInquiry("new"));
  b.Settle();
  ASSERT_TRUE(Applied(b.AnswerTo(ticket)));
  GoBack(before_tail);
  a.Run(Seconds(1));
  EXPECT_TRUE(a.pod->drained());
  EXPECT_EQ(Found(), 10);
  EXPECT_EQ(b.observer.dropped, 0);
  EXPECT_EQ(b.state_of("new"), "waiting") << "the agent is full";
  const auto events = world.Events();
  EXPECT_EQ(std::count(events.begin(), events.end(), "submitted new"), 1);
}

TEST_F(ReleaseTest, NothingIsAppliedOnceItWasSent) {
  a.hold = IsRelease;
  Leave();
  a.log.clear();
  const Ticket ticket = a.Call(SubmitInquiry("late"));
  EXPECT_EQ(As<Unavailable>(a.AnswerTo(ticket))->reason, UnavailableReason::kShuttingDown);
  a.Run(Seconds(9));  // Offers run out meanwhile, and there is no renewal.
  EXPECT_TRUE(a.log.empty());
  EXPECT_EQ(a.observer.dropped, 0) << "the memory stays";
  a.hold = nullptr;
  a.DeliverHeld();
  a.Settle();
  EXPECT_TRUE(a.pod->drained());
  EXPECT_EQ(a.observer.Of(Incident::kReleased), 1);
  EXPECT_EQ(Found(), 10);
}

TEST_F(ReleaseTest, ItIsTriedUntilTheLeaseIsOver) {
  a.refuse = IsRelease;
  Leave();
  EXPECT_FALSE(a.pod->drained());
  a.Run(limits::kLease);
  EXPECT_TRUE(a.pod->drained());
  EXPECT_GT(std::count_if(a.log.begin(), a.log.end(), IsRelease), 5);
  EXPECT_EQ(a.observer.Of(Incident::kLapsed), 1);
  EXPECT_EQ(a.observer.Of(Incident::kReleased), 0);
  b.Run(limits::kLease + Seconds(1));
  EXPECT_EQ(Found(), 10);
}

TEST_F(ReleaseTest, RefusedForAWhileItIsTakenThen) {
  a.refuse = IsRelease;
  Leave();
  a.Run(Seconds(2));
  EXPECT_FALSE(a.pod->drained());
  a.refuse = nullptr;
  a.Run(Seconds(2));
  EXPECT_TRUE(a.pod->drained());
  EXPECT_EQ(Found(), 10);
}

TEST_F(ReleaseTest, WhoHasReadNothingHasNothingToPutRight) {
  a.pod->Shutdown(world.now);
  a.Settle();
  b.hold = [](const store::Request& request) { return Is<store::Load>(request); };
  b.Settle();
  ASSERT_EQ(b.phase(), Phase::kLoading);
  store::OwnershipRecord record = *world.Record();
  record.sequence -= 1;
  world.backend.RestoreOwnership(kWorkspace, record);
  b.pod->Shutdown(world.now);
  b.Settle();
  EXPECT_TRUE(b.pod->drained());
  EXPECT_TRUE(world.Record()->released);
  EXPECT_EQ(b.observer.Of(Incident::kReleased), 1);
}

}  // namespace
}  // namespace firstline::runtime
