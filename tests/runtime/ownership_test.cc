// Who may act, since when, and until when.
#include <gtest/gtest.h>

#include "tests/runtime/rig.h"

namespace firstline::runtime {
namespace {

using engine::Milliseconds;
using engine::Seconds;

TEST(Ownership, ABeginnerTakesWhatNobodyHasAtOnce) {
  World world;
  Rig a(world, "a:1");
  a.Settle();
  const Ticket ticket = a.Call(Configuration(), true);
  a.Settle();
  EXPECT_TRUE(Applied(a.AnswerTo(ticket)));
  EXPECT_EQ(a.phase(), Phase::kActive);
  ASSERT_TRUE(world.Record());
  EXPECT_EQ(world.Record()->address, "a:1");
  EXPECT_EQ(world.Record()->token.epoch, static_cast<uint64_t>(kUnixUs + world.now.us));
  EXPECT_EQ(world.Events().front(), "owner a:1");
}

TEST(Ownership, UnknownWorkspacesAreSaidToBeUnknownAndForgotten) {
  World world;
  Rig a(world, "a:1");
  const Ticket ticket = a.Call(SubmitInquiry("i1"));
  EXPECT_FALSE(a.Answered(ticket)) << "before the store was asked";
  a.Settle();
  EXPECT_TRUE(As<UnknownWorkspace>(a.AnswerTo(ticket)));
  EXPECT_TRUE(a.pod->Workspaces().empty());
  EXPECT_FALSE(world.Record());
}

TEST(Ownership, ARejectedFirstConfigurationLeavesNothingBehind) {
  World world;
  Rig a(world, "a:1");
  engine::Command bad = Configuration();
  std::get<engine::ApplyConfig>(bad.body).config.queues.front().id = "";
  const Ticket ticket = a.Call(bad, true);
  a.Run(Seconds(1));
  ASSERT_TRUE(As<Done>(a.AnswerTo(ticket)));
  EXPECT_FALSE(Applied(a.AnswerTo(ticket)));
  EXPECT_FALSE(world.Record());
  EXPECT_TRUE(a.pod->Workspaces().empty());
}

TEST(Ownership, OthersReferToTheOwner) {
  World world;
  Rig a(world, "a:1"), b(world, "b:1");
  a.Configure();
  b.Settle();
  const Ticket ticket = b.Call(SubmitInquiry("i1"));
  b.Settle();
  ASSERT_TRUE(As<NotOwner>(b.AnswerTo(ticket)));
  EXPECT_EQ(As<NotOwner>(b.AnswerTo(ticket))->address, "a:1");
}

TEST(Ownership, ASilentOwnerIsReplacedAfterAFullLeaseAndNotBefore) {
  World world;
  Rig a(world, "a:1"), b(world, "b:1");
  a.Configure();
  b.Settle();
  const BootTime seen = world.now;
  while (world.now < seen + limits::kLease) {
    world.Sleep(Milliseconds(50));
    b.Settle();
    ASSERT_NE(b.phase(), Phase::kActive) << (world.now - seen).us;
  }
  b.Run(Seconds(1));
  EXPECT_EQ(b.phase(), Phase::kActive);
  EXPECT_EQ(world.Record()->address, "b:1");
  EXPECT_EQ(b.state_of("i1"), "");
}

TEST(Ownership, ALivingOwnerIsNotReplaced) {
  World world;
  Rig a(world, "a:1"), b(world, "b:1");
  a.Configure();
  for (int i = 0; i < 600; ++i) {
    world.Sleep(Milliseconds(100));
    a.Settle();
    b.Settle();
  }
  EXPECT_EQ(a.phase(), Phase::kActive);
  EXPECT_EQ(b.phase(), Phase::kObserving);
}

TEST(Ownership, TheBugTrustsAStaleHint) {
  World world;
  PodOptions options;
  options.bugs.trust_redis_expiry = true;
  Rig a(world, "a:1"), b(world, "b:1", options);
  a.Configure();
  b.Run(Seconds(4));
  EXPECT_EQ(b.phase(), Phase::kActive);
}

TEST(Ownership, AFailedObservationStartsTheWaitAnew) {
  World world;
  Rig a(world, "a:1"), b(world, "b:1");
  a.Configure();
  b.Run(Seconds(6));
  b.cut = [](const store::Request&) { return true; };
  b.Run(Seconds(3));
  b.cut = nullptr;
  b.Run(Seconds(9));
  EXPECT_EQ(b.phase(), Phase::kObserving) << "18 s after the first sight, 9 s after the second";
  b.Run(Seconds(4));
  EXPECT_EQ(b.phase(), Phase::kActive);
}

TEST(Ownership, AReleasedWorkspaceIsTakenAtOnce) {
  World world;
  Rig a(world, "a:1"), b(world, "b:1");
  a.Configure();
  b.Settle();
  a.pod->Shutdown(world.now);
  a.Settle();
  EXPECT_TRUE(a.pod->drained());
  EXPECT_TRUE(world.Record()->released);
  EXPECT_EQ(a.observer.dropped, 1);
  b.Run(Seconds(4));  // its next look
  EXPECT_EQ(b.phase(), Phase::kActive);
}

TEST(Ownership, AnOwnerWhoseLeaseRanOutDropsItsMemoryWhateverTheStoreSays) {
  World world;
  Rig a(world, "a:1");
  a.Configure();
  a.hold = [](const store::Request& r) { return Is<store::Commit>(r); };
  const Ticket ticket = a.Call(SubmitInquiry("i1"));
  a.Settle();
  world.Sleep(limits::kLease + Seconds(1));
  a.DeliverHeld();  // The store takes the batch and says so: too late.
  a.Settle();
  ASSERT_TRUE(As<Unavailable>(a.AnswerTo(ticket)));
  EXPECT_EQ(As<Unavailable>(a.AnswerTo(ticket))->reason, UnavailableReason::kLapsed);
  EXPECT_EQ(a.phase(), Phase::kObserving);
  EXPECT_EQ(a.observer.dropped, 1);
  EXPECT_EQ(a.observer.Of(Incident::kLapsed), 1);
}

TEST(Ownership, AnswersComputedInTimeAreNotGivenTooLate) {
  World world;
  Rig a(world, "a:1");
  a.Configure();
  const uint64_t ticket = 77;
  a.pod->Submit({ticket, kWorkspace, kNeverBoot, Query([](const engine::Engine&) {}), false},
                world.now);
  const auto answers = a.pod->TakeAnswers(world.now + limits::kLease);  // stopped in between
  ASSERT_EQ(answers.size(), 1u);
  ASSERT_TRUE(As<Unavailable>(answers[0].answer));
  EXPECT_EQ(As<Unavailable>(answers[0].answer)->reason, UnavailableReason::kLapsed);
}

TEST(Ownership, TheLeaseCountsFromBeforeTheRenewalWasSent) {
  World world;
  Rig a(world, "a:1");
  a.Configure();
  const BootTime acquired = world.now;
  a.hold_reply = [](const store::Request& r) { return Is<store::Renew>(r); };
  a.Run(Seconds(9));
  a.DeliverHeld();  // sent about 3.3 s after the acquisition, its reply 9 s after
  a.Run(Seconds(4));
  EXPECT_EQ(a.phase(), Phase::kActive) << "13 s: covered by the renewal sent at 3.3 s";
  a.Run(Seconds(1), Milliseconds(10));
  EXPECT_EQ(a.observer.Of(Incident::kLapsed), 1) << (world.now - acquired).us;
}

TEST(Ownership, AForeignTokenEndsItAndNamesTheOwner) {
  World world;
  Rig a(world, "a:1"), b(world, "b:1");
  a.Configure();
  auto record = *world.Record();
  world.backend.Run(store::Acquire{kWorkspace, record, 999, "b:1"});
  const Ticket ticket = a.Call(SubmitInquiry("i1"));
  a.Settle();
  ASSERT_TRUE(As<NotOwner>(a.AnswerTo(ticket)));
  EXPECT_EQ(As<NotOwner>(a.AnswerTo(ticket))->address, "b:1");
  EXPECT_EQ(a.observer.Of(Incident::kFenced), 1);
  EXPECT_EQ(a.observer.dropped, 1);
  EXPECT_EQ(a.observer.committed_events, world.Events().size());
}

TEST(Ownership, AnAcquisitionWhoseReplyWasLostIsRecognised) {
  World world;
  Rig a(world, "a:1");
  int lost = 0;
  a.lose_reply = [&lost](const store::Request& r) { return Is<store::Acquire>(r) && lost++ == 0; };
  a.Settle();
  a.Call(Configuration(), true);
  a.Run(Seconds(1));
  EXPECT_EQ(a.phase(), Phase::kActive);
  const Ticket ticket = a.Call(SubmitInquiry("i1"));
  a.Settle();
  EXPECT_TRUE(Applied(a.AnswerTo(ticket)));
}

TEST(Ownership, TwoAcquirersMakeOneOwner) {
  World world;
  Rig a(world, "a:1"), b(world, "b:1"), c(world, "c:1");
  a.Configure();
  for (int i = 0; i < 130; ++i) {
    world.Sleep(Milliseconds(100));
    b.Settle();
    c.Settle();
  }
  EXPECT_EQ((b.phase() == Phase::kActive) + (c.phase() == Phase::kActive), 1);
}

TEST(Ownership, AStoreThatIsDownAtTheStartIsAStateNotAnEnd) {
  World world;
  Rig a(world, "a:1");
  a.cut = [](const store::Request&) { return true; };
  const Ticket early = a.Call(Configuration(), true);
  a.Run(Seconds(20));
  ASSERT_TRUE(As<Unavailable>(a.AnswerTo(early)));
  EXPECT_EQ(As<Unavailable>(a.AnswerTo(early))->reason, UnavailableReason::kStore);
  EXPECT_FALSE(a.pod->listed());
  a.cut = nullptr;
  a.Run(Seconds(5));
  EXPECT_TRUE(a.pod->listed());
  const Ticket later = a.Call(Configuration(), true);
  a.Settle();
  EXPECT_TRUE(Applied(a.AnswerTo(later)));
}

// A list without the workspaces whose owner is still to be read would call them deleted.
TEST(Ownership, ThePodKnowsTheListOnceItKnowsWhoOwnsWhat) {
  World world;
  Rig a(world, "a:1");
  a.Call(Configuration(), true);
  a.Settle();
  Rig b(world, "b:1");
  b.cut = [](const store::Request& request) {
    return std::holds_alternative<store::Observe>(request);
  };
  b.Run(Seconds(2));
  EXPECT_FALSE(b.pod->listed());
  b.cut = nullptr;
  b.Run(Seconds(5));
  ASSERT_TRUE(b.pod->listed());
  ASSERT_EQ(b.pod->Workspaces().size(), 1u);
  EXPECT_EQ(b.pod->Workspaces()[0].owner, "a:1");
}

TEST(Ownership, OrphansAreAdoptedFromTheRegistry) {
  World world;
  {
    Rig a(world, "a:1");
    a.Configure();
    a.Call(SubmitInquiry("i1"));
    a.Settle();
  }
  Rig b(world, "b:1");
  b.Run(Seconds(12));
  EXPECT_EQ(b.phase(), Phase::kActive);
  EXPECT_EQ(b.state_of("i1"), "offered");
}

TEST(Ownership, ANewerFormatIsRefusedAndLeftToOthers) {
  World world;
  Rig a(world, "a:1");
  a.Configure();
  a.pod->Shutdown(world.now);
  a.Settle();
  world.codec.RefuseEverything(true);
  Rig b(world, "b:1");
  b.Settle();
  const Ticket ticket = b.Call(SubmitInquiry("i1"));
  b.Settle();
  ASSERT_TRUE(As<Unavailable>(b.AnswerTo(ticket)));
  EXPECT_EQ(As<Unavailable>(b.AnswerTo(ticket))->reason, UnavailableReason::kNewerFormat);
  EXPECT_TRUE(world.Record()->released);
  world.codec.RefuseEverything(false);
  b.Run(Seconds(15));
  EXPECT_EQ(b.phase(), Phase::kActive);
}

TEST(Ownership, AnUnreadableRecordIsPutAsideWithAnEventAndSurvivesARebuild) {
  World world;
  Rig a(world, "a:1");
  a.Configure();
  a.Call(SubmitInquiry("i1"));
  a.Call(SubmitInquiry("i2"));
  a.Settle();
  a.pod->Shutdown(world.now);
  a.Settle();
  world.codec.Corrupt("i1");
  Rig b(world, "b:1");
  b.Settle();
  b.Settle();
  EXPECT_EQ(b.phase(), Phase::kActive);
  EXPECT_EQ(b.state_of("i1"), "");
  EXPECT_EQ(b.state_of("i2"), "offered");
  const auto events = world.Events();
  EXPECT_NE(std::find(events.begin(), events.end(), "quarantined inquiry/i1"), events.end());
  const auto has = [&](store::Table table, const std::string& key) {
    const auto state = world.backend.Run(store::Load{kWorkspace, world.Record()->token}).state;
    return std::any_of(state->records.begin(), state->records.end(), [&](const auto& record) {
      return record.table == table && record.key == key;
    });
  };
  EXPECT_TRUE(has(store::Table::kMeta, "aside/i1"));
  EXPECT_FALSE(has(store::Table::kInquiry, "i1"));

  world.backend.Restore({});
  b.Run(Seconds(5));
  EXPECT_EQ(b.observer.Of(Incident::kRebuilt), 1);
  EXPECT_TRUE(has(store::Table::kMeta, "aside/i1"));
}

TEST(Ownership, DropRemovesEverythingAndAnswersAfterwards) {
  World world;
  Rig a(world, "a:1");
  a.Configure();
  a.Call(SubmitInquiry("i1"));
  const Ticket busy = a.Call(DropWorkspace{"", false});
  const Ticket stale = a.Call(DropWorkspace{"other", true});
  const Ticket right = a.Call(DropWorkspace{"", true});
  const Ticket after = a.Call(SubmitInquiry("i2"));
  EXPECT_FALSE(a.Answered(right));
  a.Settle();
  EXPECT_EQ(As<Done>(a.AnswerTo(busy))->outcome.rejection, engine::Rejection::kQueueInUse);
  EXPECT_EQ(As<Done>(a.AnswerTo(stale))->outcome.rejection, engine::Rejection::kEtagMismatch);
  EXPECT_TRUE(Applied(a.AnswerTo(right)));
  EXPECT_TRUE(As<UnknownWorkspace>(a.AnswerTo(after)));
  EXPECT_FALSE(world.Record());
  EXPECT_TRUE(a.pod->Workspaces().empty());
}

TEST(Ownership, ShutdownFinishesWhatIsOpenAndRefusesTheRest) {
  World world;
  Rig a(world, "a:1");
  a.Configure();
  a.hold = [](const store::Request& r) { return Is<store::Commit>(r); };
  const Ticket open = a.Call(SubmitInquiry("i1"));
  a.Settle();
  a.pod->Shutdown(world.now);
  const Ticket late = a.Call(SubmitInquiry("i2"));
  a.Settle();
  EXPECT_FALSE(a.pod->drained());
  EXPECT_EQ(As<Unavailable>(a.AnswerTo(late))->reason, UnavailableReason::kShuttingDown);
  a.hold = nullptr;
  a.DeliverHeld();
  a.Settle();
  EXPECT_TRUE(Applied(a.AnswerTo(open)));
  EXPECT_TRUE(a.pod->drained());
  EXPECT_TRUE(world.Record()->released);
}

}  // namespace
}  // namespace firstline::runtime
