// Batches: what goes together, when answers leave, and what is done about replies that do not come.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/runtime/rig.h"

namespace firstline::runtime {
namespace {

using engine::Milliseconds;
using engine::Seconds;

std::vector<store::Commit> Commits(const Rig& rig) {
  std::vector<store::Commit> commits;
  for (const store::Request& request : rig.log) {
    if (const auto* commit = std::get_if<store::Commit>(&request)) commits.push_back(*commit);
  }
  return commits;
}


int CountOf(const std::vector<std::string>& texts, const std::string& text) {
  return static_cast<int>(std::count(texts.begin(), texts.end(), text));
}

class CommitTest : public ::testing::Test {
 protected:
  void Begin(PodOptions options = {}) {
    a = std::make_unique<Rig>(world, "a:1", std::move(options));
    a->Configure();
    a->log.clear();
  }
  UnavailableReason ReasonOf(Ticket ticket) {
    return As<Unavailable>(a->AnswerTo(ticket))->reason;
  }

  World world;
  std::unique_ptr<Rig> a;
};

TEST_F(CommitTest, CallsTakenTogetherGoTogetherAndAnswersWaitForTheStore) {
  Begin();
  a->hold = IsCommit;
  const Ticket first = a->Call(SubmitInquiry("i1"));
  const Ticket second = a->Call(SubmitInquiry("i2"));
  a->Settle();
  const Ticket third = a->Call(SubmitInquiry("i3"));  // gathers behind the batch under way
  a->Settle();
  EXPECT_EQ(Commits(*a).size(), 1u);
  EXPECT_FALSE(a->Answered(first) || a->Answered(second) || a->Answered(third));
  a->hold = nullptr;
  a->DeliverHeld();
  a->Settle();
  EXPECT_EQ(Commits(*a).size(), 2u);
  EXPECT_TRUE(Applied(a->AnswerTo(first)) && Applied(a->AnswerTo(second)) &&
              Applied(a->AnswerTo(third)));
  EXPECT_EQ(a->observer.sealed, a->observer.committed);
  EXPECT_EQ(a->observer.committed_events, world.Events().size());
}

TEST_F(CommitTest, TheCursorNamesTheLastEventOfTheCommand) {
  Begin();
  const Ticket ticket = a->Call(SubmitInquiry("i1"));
  a->Settle();
  const store::EventId cursor = As<Done>(a->AnswerTo(ticket))->cursor;
  EXPECT_EQ(cursor, world.backend.Last(kWorkspace));
  EXPECT_EQ(cursor.epoch, world.Record()->token.epoch);
  EXPECT_EQ(cursor.n, world.Events().size());
}

TEST_F(CommitTest, RejectionsAndReadsWaitForTheStateTheySaw) {
  Begin();
  a->hold = IsCommit;
  a->Call(SubmitInquiry("i1"));
  a->Settle();
  bool seen = false;
  const Ticket read = a->Call(Query([&seen](const engine::Engine& engine) {
    seen = engine.FindInquiry("i1").IsSet();
  }));
  const Ticket rejected = a->Call(AcceptOffer("i1", 7));
  a->Settle();
  EXPECT_TRUE(seen) << "the read sees what is not committed yet";
  EXPECT_FALSE(a->Answered(read));
  EXPECT_FALSE(a->Answered(rejected));
  a->DeliverHeld();
  a->Settle();
  EXPECT_TRUE(a->Answered(read));
  EXPECT_EQ(As<Done>(a->AnswerTo(rejected))->outcome.rejection, engine::Rejection::kUnknownOffer);
}

TEST_F(CommitTest, OnlySubmissionsThatAreRefusedAreToldAsSuch) {
  Begin();
  engine::Command nowhere = SubmitInquiry("i1");
  std::get<engine::Submit>(nowhere.body).queue = "nowhere";
  a->Call(SubmitInquiry("i2"));
  a->Call(nowhere);
  a->Call(AcceptOffer("i2", 7));
  a->Settle();
  ASSERT_EQ(a->observer.refused.size(), 1u);
  EXPECT_EQ(a->observer.refused[0],
            std::pair(std::string("i1"), engine::Rejection::kUnknownQueue));
}

TEST_F(CommitTest, AReadWithNothingUnderWayLeavesAtOnce) {
  Begin();
  const Ticket read = a->Call(Query([](const engine::Engine&) {}));
  EXPECT_TRUE(Applied(a->AnswerTo(read)));
  EXPECT_TRUE(Commits(*a).empty());
}

TEST_F(CommitTest, ManyReadsAtOnceAreAllAnswered) {
  PodOptions options;
  options.batch_commands_max = 4;
  Begin(options);
  std::vector<Ticket> reads;
  for (int i = 0; i < 20; ++i) reads.push_back(a->Call(Query([](const engine::Engine&) {})));
  a->hold = IsCommit;
  a->Call(SubmitInquiry("i1"));
  a->Settle();
  for (int i = 0; i < 20; ++i) reads.push_back(a->Call(Query([](const engine::Engine&) {})));
  a->hold = nullptr;
  a->DeliverHeld();
  a->Settle();
  for (const Ticket read : reads) EXPECT_TRUE(a->Answered(read));
}

TEST_F(CommitTest, TheBugAnswersBeforeTheCommit) {
  PodOptions options;
  options.bugs.answer_before_commit = true;
  Begin(options);
  a->hold = IsCommit;
  EXPECT_TRUE(a->Answered(a->Call(SubmitInquiry("i1"))));
}

TEST_F(CommitTest, ABatchInDoubtIsResentByteIdenticalAndAppliedOnce) {
  Begin();
  int lost = 0;
  a->lose_reply = [&](const store::Request& r) { return IsCommit(r) && lost++ < 3; };
  const Ticket first = a->Call(SubmitInquiry("i1"));
  a->Settle();
  EXPECT_FALSE(a->Answered(first));
  const Ticket second = a->Call(SubmitInquiry("i2"));
  a->Run(Seconds(1), Milliseconds(10));
  EXPECT_TRUE(Applied(a->AnswerTo(first)));
  EXPECT_TRUE(Applied(a->AnswerTo(second)));
  const auto commits = Commits(*a);
  ASSERT_GE(commits.size(), 5u);
  for (size_t i = 1; i < 4; ++i) EXPECT_EQ(commits[i].batch, commits[0].batch);
  EXPECT_EQ(CountOf(world.Events(), "submitted i1"), 1);
  EXPECT_EQ(CountOf(world.Events(), "submitted i2"), 1);
  EXPECT_EQ(a->observer.Of(Incident::kDoubted), 3);
}

TEST_F(CommitTest, TheBugResendsAChangedBatch) {
  PodOptions options;
  options.bugs.resend_changed_batch = true;
  Begin(options);
  int lost = 0;
  a->lose_reply = [&](const store::Request& r) { return IsCommit(r) && lost++ == 0; };
  a->Call(SubmitInquiry("i1"));
  a->Settle();
  const Ticket second = a->Call(SubmitInquiry("i2"));
  a->Run(Seconds(1), Milliseconds(10));
  EXPECT_TRUE(Applied(a->AnswerTo(second)));
  EXPECT_EQ(CountOf(world.Events(), "submitted i2"), 0) << "acknowledged and lost";
}

TEST_F(CommitTest, ARefusedBatchIsRetriedAndNewCallsAreTurnedAwayAfterAWhile) {
  Begin();
  a->refuse = IsCommit;
  const Ticket open = a->Call(SubmitInquiry("i1"));
  a->Run(Seconds(1));
  const Ticket patient = a->Call(SubmitInquiry("i2"));
  EXPECT_FALSE(a->Answered(patient));
  a->Run(Seconds(2));
  const Ticket late = a->Call(SubmitInquiry("i3"));
  ASSERT_TRUE(a->Answered(late));
  EXPECT_EQ(ReasonOf(late), UnavailableReason::kStore);
  const Ticket read = a->Call(Query([](const engine::Engine&) {}));
  ASSERT_TRUE(a->Answered(read));
  EXPECT_EQ(ReasonOf(read), UnavailableReason::kStore);
  EXPECT_FALSE(a->Answered(open)) << "what was applied is never unapplied";
  a->refuse = nullptr;
  a->Run(Seconds(2));
  EXPECT_TRUE(Applied(a->AnswerTo(open)));
  EXPECT_TRUE(Applied(a->AnswerTo(patient)));
  EXPECT_EQ(a->state_of("i3"), "");
  const auto commits = Commits(*a);
  EXPECT_EQ(commits[0].batch, commits[1].batch);
  EXPECT_GT(a->observer.Of(Incident::kRefused), 2);
}

TEST_F(CommitTest, InDoubtOnlySoManyCallsMayWait) {
  PodOptions options;
  options.doubt_calls_max = 10;
  Begin(options);
  a->refuse = IsCommit;
  std::vector<Ticket> tickets;
  a->Call(SubmitInquiry("i"));
  a->Settle();
  for (int i = 0; i < 20; ++i) {
    tickets.push_back(a->Call(SubmitInquiry("i" + std::to_string(i))));
  }
  EXPECT_FALSE(a->Answered(tickets.front()));
  ASSERT_TRUE(a->Answered(tickets.back()));
  EXPECT_EQ(ReasonOf(tickets.back()), UnavailableReason::kStore);
}

TEST_F(CommitTest, ABatchIsBoundedAndWhatDoesNotFitFollows) {
  PodOptions options;
  options.batch_commands_max = 4;
  Begin(options);
  std::vector<Ticket> tickets;
  for (int i = 0; i < 11; ++i) {
    tickets.push_back(a->Call(SubmitInquiry("i" + std::to_string(i))));
  }
  a->Settle();
  EXPECT_EQ(Commits(*a).size(), 3u);
  for (const Ticket ticket : tickets) EXPECT_TRUE(Applied(a->AnswerTo(ticket)));
}

TEST_F(CommitTest, ABatchThatCanNeverBeStoredReloadsTheWorkspace) {
  Begin();
  a->Call(SubmitInquiry("i1"));
  a->Settle();
  bool broken = true;
  a->break_ = [&](const store::Request& r) { return IsCommit(r) && std::exchange(broken, false); };
  const Ticket bad = a->Call(SubmitInquiry("i2"));
  a->Run(Seconds(2));
  EXPECT_EQ(ReasonOf(bad), UnavailableReason::kBroken);
  EXPECT_EQ(a->observer.Of(Incident::kReloaded), 1);
  EXPECT_EQ(a->observer.dropped, 1);
  EXPECT_EQ(a->phase(), Phase::kActive);
  EXPECT_EQ(a->state_of("i1"), "offered");
  EXPECT_EQ(a->state_of("i2"), "");
  const Ticket again = a->Call(SubmitInquiry("i2"));
  a->Settle();
  EXPECT_TRUE(Applied(a->AnswerTo(again)));
}

TEST_F(CommitTest, ACallWhoseDeadlineHasPassedIsNotBegun) {
  PodOptions options;
  options.batch_commands_max = 1;
  Begin(options);
  a->hold = IsCommit;
  a->Call(SubmitInquiry("i1"));
  a->Settle();
  a->Call(SubmitInquiry("i2"));  // fills the next batch
  const Ticket late = a->Call(SubmitInquiry("i3"), false, world.now + Milliseconds(100));
  world.Sleep(Milliseconds(200));
  a->hold = nullptr;
  a->DeliverHeld();
  a->Settle();
  EXPECT_TRUE(As<DeadlinePassed>(a->AnswerTo(late)));
  EXPECT_EQ(a->state_of("i3"), "");
}

TEST_F(CommitTest, UnderOverloadSubmitsAreShedFirst) {
  PodOptions options;
  options.workspace_calls_max = 10;
  Begin(options);
  a->hold = IsCommit;
  std::vector<Ticket> submits;
  for (int i = 0; i < 8; ++i) {
    submits.push_back(a->Call(SubmitInquiry("i" + std::to_string(i))));
  }
  a->Settle();
  for (size_t i = 5; i < 8; ++i) EXPECT_TRUE(As<Overloaded>(a->AnswerTo(submits[i]))) << i;
  std::vector<Ticket> reads;
  for (int i = 0; i < 5; ++i) reads.push_back(a->Call(Query([](const engine::Engine&) {})));
  EXPECT_FALSE(a->Answered(reads[2]));
  EXPECT_TRUE(As<Overloaded>(a->AnswerTo(reads[3])));
  const Ticket accept = a->Call(AcceptOffer("i0"));
  EXPECT_FALSE(a->Answered(accept));
  a->DeliverHeld();
  a->hold = nullptr;
  a->Settle();
  EXPECT_TRUE(Applied(a->AnswerTo(accept)));
  EXPECT_EQ(a->observer.Of(Incident::kShed), 5);
  EXPECT_EQ(a->pod->open_calls(), 0u);
}

TEST_F(CommitTest, ThePodIsBoundedToo) {
  PodOptions options;
  options.pod_calls_max = 4;
  Begin(options);
  a->hold = IsCommit;
  std::vector<Ticket> tickets;
  for (int i = 0; i < 3; ++i) {
    tickets.push_back(a->Call(SubmitInquiry("i" + std::to_string(i))));
  }
  EXPECT_FALSE(a->Answered(tickets[1]));
  EXPECT_TRUE(As<Overloaded>(a->AnswerTo(tickets[2])));
}

// ---- Restoring -----------------------------------------------------------------------------------

class RestoreTest : public CommitTest {
 protected:
  // Submits one inquiry a batch.
  void SubmitMany(int from, int to) {
    for (int i = from; i < to; ++i) {
      a->Call(SubmitInquiry("i" + std::to_string(i)));
      a->Settle();
    }
  }
  size_t StoredInquiries() {
    const auto reply = world.backend.Run(store::Load{kWorkspace, world.Record()->token});
    return static_cast<size_t>(
        std::count_if(reply.state->records.begin(), reply.state->records.end(),
                      [](const auto& r) { return r.table == store::Table::kInquiry; }));
  }
};

TEST_F(RestoreTest, AStoreThatLostItsTailGetsTheSameBatchesAgain) {
  Begin();
  SubmitMany(0, 50);
  const store::MemoryImage old = world.backend.Copy();
  SubmitMany(50, 150);
  const auto history = world.backend.Read(kWorkspace, {}, 100'000, 0).events;
  world.backend.Restore(old);
  EXPECT_EQ(StoredInquiries(), 50u);
  a->Run(Seconds(4));  // the next renewal sees it
  EXPECT_EQ(StoredInquiries(), 150u);
  EXPECT_EQ(world.backend.Read(kWorkspace, {}, 100'000, 0).events, history);
  EXPECT_EQ(a->observer.Of(Incident::kReplayed), 1);
  EXPECT_EQ(a->observer.Of(Incident::kRebuilt), 0);
  EXPECT_EQ(a->phase(), Phase::kActive);
}

TEST_F(RestoreTest, TheTestFailsWithRestoreSwitchedOff) {
  PodOptions options;
  options.bugs.forget_restore = true;
  Begin(options);
  SubmitMany(0, 5);
  const store::MemoryImage old = world.backend.Copy();
  SubmitMany(5, 10);
  world.backend.Restore(old);
  a->Run(Seconds(4));
  EXPECT_EQ(StoredInquiries(), 5u);
}

TEST_F(RestoreTest, ACommitNoticesFirstAndItsAnswerComesAfterTheRestore) {
  Begin();
  SubmitMany(0, 5);
  const store::MemoryImage old = world.backend.Copy();
  SubmitMany(5, 10);
  world.backend.Restore(old);
  const Ticket ticket = a->Call(SubmitInquiry("new"));
  a->Settle();
  EXPECT_TRUE(Applied(a->AnswerTo(ticket)));
  EXPECT_EQ(StoredInquiries(), 11u);
}

TEST_F(RestoreTest, ReadsWaitWhileTheStoreIsBehind) {
  Begin();
  SubmitMany(0, 5);
  const store::MemoryImage old = world.backend.Copy();
  SubmitMany(5, 10);
  world.backend.Restore(old);
  a->hold = IsCommit;
  a->Run(Seconds(4));
  ASSERT_EQ(a->phase(), Phase::kRestoring);
  const Ticket read = a->Call(Query([](const engine::Engine&) {}));
  EXPECT_FALSE(a->Answered(read));
  a->hold = nullptr;
  a->DeliverHeld();
  a->Settle();
  EXPECT_TRUE(a->Answered(read));
}

TEST_F(RestoreTest, LostAndRefusedRepliesDoNotStopAReplay) {
  Begin();
  SubmitMany(0, 5);
  const store::MemoryImage old = world.backend.Copy();
  SubmitMany(5, 95);
  world.backend.Restore(old);
  int n = 0;
  a->lose_reply = [&](const store::Request& r) { return IsCommit(r) && ++n % 7 == 0 && n < 60; };
  a->refuse = [&](const store::Request& r) { return IsCommit(r) && n == 20 && ++n; };
  a->Run(Seconds(9));
  EXPECT_EQ(StoredInquiries(), 95u);
  EXPECT_EQ(a->phase(), Phase::kActive);
  EXPECT_EQ(a->observer.Of(Incident::kRebuilt), 0);
}

TEST_F(RestoreTest, ManyReadsDuringARestoreAreAllAnswered) {
  PodOptions options;
  options.batch_commands_max = 4;
  Begin(options);
  SubmitMany(0, 5);
  const store::MemoryImage old = world.backend.Copy();
  SubmitMany(5, 10);
  world.backend.Restore(old);
  a->hold = IsCommit;
  a->Run(Seconds(4));
  ASSERT_EQ(a->phase(), Phase::kRestoring);
  std::vector<Ticket> reads;
  for (int i = 0; i < 20; ++i) reads.push_back(a->Call(Query([](const engine::Engine&) {})));
  a->hold = nullptr;
  a->DeliverHeld();
  a->Settle();
  for (const Ticket read : reads) EXPECT_TRUE(a->Answered(read));
}

TEST_F(RestoreTest, BeyondTheRingTheStateIsWrittenAnew) {
  PodOptions options;
  options.ring_batches_max = 3;
  Begin(options);
  SubmitMany(0, 5);
  const store::MemoryImage old = world.backend.Copy();
  SubmitMany(5, 15);
  world.backend.Restore(old);
  a->Run(Seconds(4));
  EXPECT_EQ(StoredInquiries(), 15u);
  EXPECT_EQ(a->observer.Of(Incident::kRebuilt), 1);
  EXPECT_EQ(world.Record()->generation, 1u);
  const Ticket ticket = a->Call(SubmitInquiry("new"));
  a->Settle();
  EXPECT_TRUE(Applied(a->AnswerTo(ticket)));
  EXPECT_EQ(StoredInquiries(), 16u);
  EXPECT_EQ(a->observer.sealed, a->observer.committed);
}

TEST_F(RestoreTest, ARebuildThatIsItselfRolledBackIsDoneAgain) {
  PodOptions options;
  options.ring_batches_max = 3;
  Begin(options);
  SubmitMany(0, 5);
  const store::MemoryImage old = world.backend.Copy();
  SubmitMany(5, 15);
  world.backend.Restore(old);
  a->Run(Seconds(4));
  SubmitMany(15, 17);
  world.backend.Restore(old);
  const Ticket ticket = a->Call(SubmitInquiry("new"));
  a->Settle();
  EXPECT_TRUE(Applied(a->AnswerTo(ticket)));
  EXPECT_EQ(StoredInquiries(), 18u);
  EXPECT_EQ(a->observer.Of(Incident::kRebuilt), 2);
}

TEST_F(RestoreTest, ARebuildInDoubtIsResentAndTakesWaitingAnswersAlong) {
  PodOptions options;
  options.ring_batches_max = 3;
  Begin(options);
  SubmitMany(0, 5);
  const store::MemoryImage old = world.backend.Copy();
  SubmitMany(5, 15);
  world.backend.Restore(old);
  int lost = 0;
  a->lose_reply = [&](const store::Request& r) { return Is<store::Rebuild>(r) && lost++ < 2; };
  const Ticket first = a->Call(SubmitInquiry("x"));
  a->Settle();
  const Ticket second = a->Call(SubmitInquiry("y"));
  EXPECT_FALSE(a->Answered(first));
  a->Run(Seconds(1), Milliseconds(10));
  EXPECT_TRUE(Applied(a->AnswerTo(first)));
  EXPECT_TRUE(Applied(a->AnswerTo(second)));
  EXPECT_EQ(StoredInquiries(), 17u);
  EXPECT_EQ(a->observer.sealed, a->observer.committed);
}

TEST_F(RestoreTest, AnEmptyStoreIsFilledByTheLivingOwner) {
  Begin();
  SubmitMany(0, 10);
  world.backend.Restore({});
  a->Run(Seconds(4));
  ASSERT_TRUE(world.Record());
  EXPECT_EQ(StoredInquiries(), 10u);
  EXPECT_EQ(a->observer.Of(Incident::kFenced), 1);
  EXPECT_EQ(a->observer.dropped, 0);
  EXPECT_EQ(world.backend.Run(store::ListWorkspaces{}).workspaces.size(), 1u);
}

TEST_F(RestoreTest, ARolledBackOwnershipRecordIsTakenAgainByTheLivingOwner) {
  Begin();
  SubmitMany(0, 5);
  const store::MemoryImage under_a = world.backend.Copy();
  a->pod->Shutdown(world.now);
  a->Settle();
  Rig b(world, "b:1");
  b.Run(Seconds(1));
  ASSERT_EQ(b.phase(), Phase::kActive);
  const Ticket ticket = b.Call(SubmitInquiry("new"));
  b.Settle();
  ASSERT_TRUE(Applied(b.AnswerTo(ticket)));
  const uint64_t epoch = world.Record()->token.epoch;
  world.backend.Restore(under_a);
  b.Run(Seconds(4));
  EXPECT_EQ(world.Record()->address, "b:1");
  EXPECT_GT(world.Record()->token.epoch, epoch);
  EXPECT_EQ(StoredInquiries(), 6u);
  EXPECT_EQ(b.observer.dropped, 0);
  const Ticket again = b.Call(SubmitInquiry("newer"));
  b.Settle();
  EXPECT_TRUE(Applied(b.AnswerTo(again)));
  EXPECT_EQ(As<Done>(b.AnswerTo(again))->cursor.epoch, world.Record()->token.epoch);
}

TEST_F(RestoreTest, ALateCommitUnderARolledBackRecordDoesNotSurvive) {
  Begin();
  SubmitMany(0, 5);
  // a stops with a batch on its way; b takes over; the ownership record alone is rolled back.
  a->hold = IsCommit;
  a->Call(SubmitInquiry("late"));
  a->Settle();
  const auto record_of_a = world.Record();
  Rig b(world, "b:1");
  b.Run(Seconds(12));
  ASSERT_EQ(b.phase(), Phase::kActive);
  b.Call(SubmitInquiry("acknowledged"));
  b.Settle();
  world.backend.RestoreOwnership(kWorkspace, record_of_a);
  a->hold = nullptr;
  a->DeliverHeld();
  b.Run(Seconds(4));
  a->Settle();
  EXPECT_EQ(world.Record()->address, "b:1");
  const auto events = world.Events();
  EXPECT_EQ(CountOf(events, "submitted late"), 0);
  EXPECT_EQ(CountOf(events, "submitted acknowledged"), 1);
  EXPECT_EQ(StoredInquiries(), 6u);
}

TEST_F(RestoreTest, ALapsedOwnerRestoresNothing) {
  Begin();
  SubmitMany(0, 5);
  const auto record_of_a = world.Record();
  Rig b(world, "b:1");
  b.Run(Seconds(12));
  ASSERT_EQ(b.phase(), Phase::kActive);
  a->Settle();  // wakes up after 12 s
  EXPECT_EQ(a->observer.dropped, 1);
  EXPECT_EQ(a->observer.Of(Incident::kRebuilt), 0);
  EXPECT_EQ(world.Record()->address, "b:1");
}

TEST_F(RestoreTest, TheBugRestoresAfterTheLease) {
  PodOptions options;
  options.bugs.restore_when_lapsed = true;
  Begin(options);
  SubmitMany(0, 5);
  Rig b(world, "b:1");
  b.Run(Seconds(12));
  b.Call(SubmitInquiry("acknowledged"));
  b.Settle();
  EXPECT_EQ(StoredInquiries(), 6u);
  a->Run(Seconds(1));
  EXPECT_EQ(StoredInquiries(), 5u) << "acknowledged and overwritten";
}

TEST_F(RestoreTest, ATailThatIsMissedAtTakeOverIsSaid) {
  Begin();
  SubmitMany(0, 5);
  const store::MemoryImage old = world.backend.Copy();
  SubmitMany(5, 10);
  Rig b(world, "b:1");
  b.Run(Seconds(2));            // sees ten
  world.backend.Restore(old);   // a is dead, nobody can restore
  b.Run(Seconds(25));
  EXPECT_EQ(b.phase(), Phase::kActive);
  EXPECT_EQ(CountOf(world.Events(), "owner b:1 lost"), 1);
}

}  // namespace
}  // namespace firstline::runtime
