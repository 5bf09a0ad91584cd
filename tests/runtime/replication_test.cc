// A store that was told to wait for replicas and says that too few have what it stores.
#include <gtest/gtest.h>

#include "tests/runtime/rig.h"

namespace firstline::runtime {
namespace {

using engine::Milliseconds;
using engine::Seconds;

bool IsRenewal(const store::Request& request) { return Is<store::Renew>(request); }
bool IsEither(const store::Request& request) { return IsCommit(request) || IsRenewal(request); }

class ReplicationTest : public ::testing::Test {
 protected:
  ReplicationTest() { a_.Configure(); }

  Ticket Submit(const std::string& id) {
    const Ticket ticket = a_.Call(SubmitInquiry(id));
    a_.Settle();
    return ticket;
  }
  Ticket Read() {
    const Ticket ticket = a_.Call(Query([](const engine::Engine&) {}));
    a_.Settle();
    return ticket;
  }
  bool NotReplicated(Ticket ticket) {
    const auto* answer = As<Unavailable>(a_.AnswerTo(ticket));
    return answer != nullptr && answer->reason == UnavailableReason::kNotReplicated &&
           answer->retry_after > Span{};
  }

  World world_;
  Rig a_{world_, "a:1"};
};

TEST_F(ReplicationTest, ItIsAppliedAndARepeatTellsTheOutcomeOnceItIsReplicated) {
  const size_t before = world_.Events().size();
  a_.unreplicated = IsEither;
  EXPECT_TRUE(NotReplicated(Submit("i1")));
  EXPECT_EQ(a_.observer.Of(Incident::kNotReplicated), 1);
  const size_t after = world_.Events().size();
  EXPECT_GT(after, before);
  EXPECT_EQ(a_.observer.sealed, a_.observer.committed);

  a_.Run(Seconds(2));
  EXPECT_TRUE(NotReplicated(Submit("i1"))) << "a repeat, which writes nothing";
  EXPECT_TRUE(NotReplicated(Read())) << "what a failover may undo is shown to nobody";
  a_.unreplicated = nullptr;
  a_.Run(Seconds(1));
  EXPECT_TRUE(Applied(a_.AnswerTo(Submit("i1")))) << "the renewal told that they caught up";
  EXPECT_TRUE(Applied(a_.AnswerTo(Read())));
  EXPECT_EQ(world_.Events().size(), after) << "applied once";
}

TEST_F(ReplicationTest, TheNextBatchTellsOfThoseBefore) {
  a_.unreplicated = IsCommit;
  EXPECT_TRUE(NotReplicated(Submit("i1")));
  a_.unreplicated = nullptr;
  EXPECT_TRUE(Applied(a_.AnswerTo(Submit("i2"))));
  EXPECT_TRUE(Applied(a_.AnswerTo(Submit("i1"))));
}

TEST_F(ReplicationTest, ARenewalFromBeforeTheBatchTellsNothing) {
  a_.hold_reply = IsRenewal;
  a_.Run(Seconds(4));  // A renewal is under way.
  a_.unreplicated = IsCommit;
  EXPECT_TRUE(NotReplicated(Submit("i1")));
  a_.DeliverHeld();
  a_.Settle();
  EXPECT_TRUE(NotReplicated(Read()));
  a_.hold_reply = nullptr;
  a_.Run(Seconds(1));
  EXPECT_TRUE(Applied(a_.AnswerTo(Read())));
}

TEST_F(ReplicationTest, ARenewalAloneHoldsUpNothing) {
  a_.unreplicated = IsRenewal;
  a_.Run(Seconds(4));
  EXPECT_TRUE(Applied(a_.AnswerTo(Read())));
  EXPECT_EQ(a_.phase(), Phase::kActive);
  EXPECT_EQ(a_.observer.Of(Incident::kNotReplicated), 0);
}

// After a rollback the batches that are replayed count, each for all before it.
TEST_F(ReplicationTest, AReplayThatIsNotReplicatedIsTold) {
  const store::MemoryImage before = world_.backend.Copy();
  Submit("i1");
  Submit("i2");
  world_.backend.RestoreWorkspace(kWorkspace, before);
  a_.unreplicated = IsCommit;
  const Ticket noticed = Submit("i3");
  EXPECT_TRUE(NotReplicated(noticed));
  EXPECT_GT(a_.observer.Of(Incident::kReplayed), 0);
  a_.unreplicated = nullptr;
  a_.Run(Seconds(1));
  EXPECT_TRUE(Applied(a_.AnswerTo(Submit("i3"))));
}

}  // namespace
}  // namespace firstline::runtime
