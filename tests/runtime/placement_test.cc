// How workspaces spread over the pods that live.
#include <algorithm>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/runtime/rig.h"

namespace firstline::runtime {
namespace {

using engine::Milliseconds;
using engine::Seconds;

class Placement : public ::testing::Test {
 protected:
  static PodOptions Options() {
    PodOptions options;
    options.lease = Seconds(10);
    options.spread = true;
    return options;
  }

  Rig& Add(const std::string& address) {
    rigs_.push_back(std::make_unique<Rig>(world_, address, Options()));
    return *rigs_.back();
  }
  // Creates workspaces w0, w1, ... at the pod.
  void Create(Rig& rig, int count) {
    for (int i = 0; i < count; ++i) {
      rig.pod->Submit({.ticket = static_cast<Ticket>(1000 + i),
                       .workspace = absl::StrCat("w", i),
                       .body = Configuration(),
                       .create_if_missing = true},
                      world_.now);
      rig.Settle();
    }
  }
  void Run(Span span) {
    const BootTime end = world_.now + span;
    while (world_.now < end) {
      world_.now = world_.now + Milliseconds(250);
      for (const auto& rig : rigs_) rig->Settle();
    }
  }
  // Workspaces active at each pod, in the order of Add.
  std::vector<size_t> Shares() const {
    std::vector<size_t> shares;
    for (const auto& rig : rigs_) {
      size_t active = 0;
      for (const WorkspaceStatus& status : rig->pod->Workspaces()) {
        if (status.phase == Phase::kActive) ++active;
      }
      shares.push_back(active);
    }
    return shares;
  }
  int Released() const {
    int released = 0;
    for (const auto& rig : rigs_) released += rig->observer.Of(Incident::kReleased);
    return released;
  }

  World world_;
  std::vector<std::unique_ptr<Rig>> rigs_;
};

TEST_F(Placement, ANewPodGetsItsShareOneWorkspaceALease) {
  Create(Add("a:1"), 6);
  EXPECT_EQ(Shares(), std::vector<size_t>({6}));
  Add("b:1");
  Run(Seconds(21));
  EXPECT_GE(Shares()[1], 1u);
  EXPECT_LE(Shares()[1], 2u);
  Run(Seconds(40));
  EXPECT_EQ(Shares(), std::vector<size_t>({3, 3}));
}

TEST_F(Placement, ComesToRest) {
  Create(Add("a:1"), 5);
  Add("b:1");
  Add("c:1");
  Run(Seconds(120));
  std::vector<size_t> shares = Shares();
  std::sort(shares.begin(), shares.end());
  EXPECT_EQ(shares, std::vector<size_t>({1, 2, 2}));
  const int released = Released();
  Run(Seconds(120));
  EXPECT_EQ(Released(), released);
}

TEST_F(Placement, AlonePodKeepsEverything) {
  Create(Add("a:1"), 4);
  Run(Seconds(60));
  EXPECT_EQ(Shares(), std::vector<size_t>({4}));
  EXPECT_EQ(Released(), 0);
}

TEST_F(Placement, APodThatIsGoneGetsNothing) {
  Create(Add("a:1"), 4);
  Add("b:1");
  rigs_.back()->cut = [](const store::Request&) { return true; };  // It cannot announce itself.
  Run(Seconds(60));
  EXPECT_EQ(Shares()[0], 4u);
  EXPECT_EQ(Released(), 0);
}

// Where the registry cannot be read it is asked for again and again, with an announcement each time.
TEST_F(Placement, ALateAnnouncementIsNotTakenForTheRegistry) {
  Rig& a = Add("a:1");
  a.refuse = [](const store::Request& request) { return Is<store::ListWorkspaces>(request); };
  a.hold = [](const store::Request& request) { return Is<store::Announce>(request); };
  Run(Seconds(5));
  a.hold = nullptr;
  a.DeliverHeld();
  EXPECT_FALSE(a.pod->listed());
}

TEST_F(Placement, WhoHandsOverAnswersWhatIsOpenAndLeavesTheWorkspaceToOthers) {
  Rig& a = Add("a:1");
  Rig& b = Add("b:1");
  a.Configure();
  b.Settle();
  const Ticket open = a.Call(SubmitInquiry("i1"));
  a.pod->HandOver(kWorkspace, "b:1", world_.now);
  const Ticket late = a.Call(SubmitInquiry("i2"));
  a.Settle();
  EXPECT_TRUE(Applied(a.AnswerTo(open)));
  ASSERT_TRUE(As<Unavailable>(a.AnswerTo(late)));
  EXPECT_EQ(As<Unavailable>(a.AnswerTo(late))->reason, UnavailableReason::kStarting);
  EXPECT_TRUE(world_.Record()->released);
  a.Settle();
  EXPECT_TRUE(world_.Record()->released) << "taken back";
  b.pod->Look(kWorkspace, world_.now);
  b.Settle();
  EXPECT_EQ(world_.Record()->address, "b:1");
  EXPECT_EQ(b.state_of("i1"), "offered");
}

// Redis came back without its last writes a moment before, and nobody has noticed yet.
TEST_F(Placement, WhoHandsOverBringsBackFirstWhatTheStoreLost) {
  Rig& a = Add("a:1");
  Rig& b = Add("b:1");
  a.Configure();
  b.Settle();
  const store::MemoryImage before = world_.backend.Copy();
  const Ticket lost = a.Call(SubmitInquiry("i1"));
  a.Settle();
  EXPECT_TRUE(Applied(a.AnswerTo(lost)));
  world_.Sleep(Milliseconds(1));
  world_.backend.Restore(before);
  a.pod->HandOver(kWorkspace, "b:1", world_.now);
  a.Settle();
  EXPECT_TRUE(world_.Record()->released);
  b.pod->Look(kWorkspace, world_.now);
  b.Settle();
  EXPECT_EQ(b.state_of("i1"), "offered");
}

TEST_F(Placement, WhoIsToldToGoBringsBackFirstWhatTheStoreLost) {
  Rig& a = Add("a:1");
  Rig& b = Add("b:1");
  a.Configure();
  b.Settle();
  const store::MemoryImage before = world_.backend.Copy();
  a.Call(SubmitInquiry("i1"));
  a.Settle();
  world_.Sleep(Milliseconds(1));
  world_.backend.Restore(before);
  a.refuse = [](const store::Request& request) { return Is<store::Commit>(request); };
  a.pod->Shutdown(world_.now);
  a.Settle();
  EXPECT_FALSE(a.pod->drained()) << "gave up what it alone has";
  a.refuse = nullptr;
  Run(Seconds(1));
  EXPECT_TRUE(a.pod->drained());
  b.pod->Look(kWorkspace, world_.now);
  b.Settle();
  EXPECT_EQ(b.state_of("i1"), "offered");
}

TEST_F(Placement, WhatNobodyTakesComesBackAfterALease) {
  Rig& a = Add("a:1");
  a.Configure();
  a.pod->HandOver(kWorkspace, "b:1", world_.now);
  Run(Seconds(9));
  EXPECT_TRUE(world_.Record()->released);
  Run(Seconds(5));
  EXPECT_FALSE(world_.Record()->released);
  EXPECT_EQ(world_.Record()->address, "a:1");
}

}  // namespace
}  // namespace firstline::runtime
