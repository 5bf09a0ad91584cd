// The rules of the gateway, one by one.
#include "services/router/gateway/gateway.h"

#include <gtest/gtest.h>

namespace firstline::gateway {
namespace {

using engine::Milliseconds;
using engine::Seconds;
using How = Ended::How;

class GatewayTest : public ::testing::Test {
 protected:
  WorkId Command(BootTime deadline = runtime::kNeverBoot) {
    return gateway_.Submit({.workspace = "w", .ordered = true, .deadline = deadline}, now_);
  }
  WorkId Read() { return gateway_.Submit({.workspace = "w"}, now_); }
  void Pass(Span span) {
    now_ = now_ + span;
    gateway_.Advance(now_);
  }
  // The attempts since the last call, expected to be `count`.
  std::vector<Attempt> Attempts(size_t count) {
    std::vector<Attempt> attempts = gateway_.TakeAttempts();
    EXPECT_EQ(attempts.size(), count);
    attempts.resize(count);
    return attempts;
  }
  bool Final(const Attempt& attempt, uint64_t epoch) {
    return gateway_.OnEnded(attempt.id, attempt.number, {.how = How::kFinal, .epoch = epoch},
                            now_);
  }
  void NotThere(const Attempt& attempt, const std::string& owner = "") {
    EXPECT_FALSE(gateway_.OnEnded(attempt.id, attempt.number,
                                  {.how = How::kNotThere, .owner = owner}, now_));
  }

  BootTime now_{1'000'000};
  Gateway gateway_{{.self = "me:1"}};
};

TEST_F(GatewayTest, TheFirstCommandFindsOutTheEpochAndTheRestFollowWithIt) {
  Command(), Command(), Command();
  const Attempt first = Attempts(1)[0];
  EXPECT_EQ(first.where, "");
  EXPECT_EQ(first.epoch, 0u);
  EXPECT_TRUE(Final(first, 7));
  for (const Attempt& attempt : Attempts(2)) {
    EXPECT_EQ(attempt.epoch, 7u);
    EXPECT_TRUE(Final(attempt, 7));
  }
  Command(), Command();
  Attempts(2);
}

TEST_F(GatewayTest, ReadsNeedNoEpoch) {
  Read(), Read();
  for (const Attempt& attempt : Attempts(2)) EXPECT_EQ(attempt.epoch, 0u);
}

TEST_F(GatewayTest, GoesToTheOwnerAtOnceAndStays) {
  Command();
  NotThere(Attempts(1)[0], "b:1");
  const Attempt there = Attempts(1)[0];
  EXPECT_EQ(there.where, "b:1");
  EXPECT_TRUE(Final(there, 3));
  Read();
  EXPECT_EQ(Attempts(1)[0].where, "b:1");
}

TEST_F(GatewayTest, NothingIsSentBeforeEverythingInFlightHasEnded) {
  Command();
  Final(Attempts(1)[0], 3);
  Command(), Command();
  const std::vector<Attempt> flying = Attempts(2);
  NotThere(flying[0], "b:1");
  Command();
  Attempts(0);
  NotThere(flying[1], "b:1");
  const Attempt probe = Attempts(1)[0];  // One, with any epoch.
  EXPECT_EQ(probe.id, flying[0].id);
  EXPECT_EQ(probe.where, "b:1");
  EXPECT_EQ(probe.epoch, 0u);
  Final(probe, 4);
  const std::vector<Attempt> rest = Attempts(2);
  EXPECT_EQ(rest[0].id, flying[1].id);
  EXPECT_EQ(rest[1].epoch, 4u);
}

TEST_F(GatewayTest, ALaterOneThatIsRefusedWaitsForAnEarlierOneThatIsNot) {
  Command();
  Final(Attempts(1)[0], 3);
  Command(), Command();
  const std::vector<Attempt> flying = Attempts(2);
  NotThere(flying[1], "b:1");
  Attempts(0);
  EXPECT_TRUE(Final(flying[0], 3));
  EXPECT_EQ(Attempts(1)[0].where, "b:1");
}

TEST_F(GatewayTest, LooksAndPausesWhenNobodyIsKnown) {
  Command();
  NotThere(Attempts(1)[0]);
  EXPECT_EQ(gateway_.TakeLooks(), std::vector<WorkspaceId>{"w"});
  Attempts(0);
  EXPECT_EQ(gateway_.NextWake(), now_ + Milliseconds(2));
  Pass(Milliseconds(2));
  NotThere(Attempts(1)[0]);
  EXPECT_EQ(gateway_.NextWake(), now_ + Milliseconds(4));
}

TEST_F(GatewayTest, TwoPodsThatPointAtEachOtherAreNotAskedWithoutAPause) {
  Command();
  NotThere(Attempts(1)[0], "b:1");
  NotThere(Attempts(1)[0], "c:1");
  NotThere(Attempts(1)[0], "b:1");
  NotThere(Attempts(1)[0], "c:1");
  Attempts(0);
  Pass(Milliseconds(2));
  EXPECT_EQ(Attempts(1)[0].where, "");
}

TEST_F(GatewayTest, AHintAtThisPodComesHome) {
  Command();
  NotThere(Attempts(1)[0], "b:1");
  NotThere(Attempts(1)[0], "me:1");
  EXPECT_EQ(Attempts(1)[0].where, "");
}

TEST_F(GatewayTest, GivesUpAtTheDeadlineOrWithoutPatience) {
  const WorkId hasty = Command(now_ + Seconds(1));
  const WorkId patient = Command();
  NotThere(Attempts(1)[0]);
  Pass(Milliseconds(5));
  NotThere(Attempts(1)[0]);
  EXPECT_TRUE(gateway_.TakeGivenUp().empty());
  now_ = now_ + Seconds(1);
  gateway_.Advance(now_);
  EXPECT_EQ(gateway_.TakeGivenUp(), std::vector<WorkId>{hasty});
  NotThere(Attempts(1)[0]);
  Pass(Seconds(30));
  EXPECT_EQ(gateway_.TakeGivenUp(), std::vector<WorkId>{patient});
  EXPECT_EQ(gateway_.open(), 0u);
}

TEST_F(GatewayTest, ALostPeersWorkIsTriedAgainInItsOrderAndLateAnswersAreIgnored) {
  Command();
  NotThere(Attempts(1)[0], "b:1");
  Final(Attempts(1)[0], 3);
  Command(), Command();
  const std::vector<Attempt> flying = Attempts(2);
  gateway_.OnPeerLost("b:1", now_);
  EXPECT_FALSE(Final(flying[0], 3));
  Pass(Milliseconds(2));
  const Attempt again = Attempts(1)[0];
  EXPECT_EQ(again.id, flying[0].id);
  EXPECT_EQ(again.where, "");
}

TEST_F(GatewayTest, APeerThatDoesNotAnswerIsDoubtedAndLeftWhenAnotherOwns) {
  Command();
  NotThere(Attempts(1)[0], "b:1");
  Attempts(1);
  Pass(Milliseconds(999));
  EXPECT_TRUE(gateway_.TakeLooks().empty());
  Pass(Milliseconds(1));
  EXPECT_EQ(gateway_.TakeLooks().size(), 1u);
  gateway_.OnSeen("w", "b:1", now_);
  Attempts(0);
  Pass(Milliseconds(1000));
  EXPECT_EQ(gateway_.TakeLooks().size(), 1u);
  gateway_.OnSeen("w", "c:1", now_);
  Pass(Milliseconds(2));
  Attempts(1);
}

TEST_F(GatewayTest, ForgetsWorkspacesThatAreNothing) {
  Read();
  EXPECT_TRUE(Final(Attempts(1)[0], 0));
  EXPECT_EQ(gateway_.NextWake(), runtime::kNeverBoot);
  EXPECT_EQ(gateway_.open(), 0u);
}

}  // namespace
}  // namespace firstline::gateway
