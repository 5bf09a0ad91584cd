// What failover.sh --check judges by must find what is missing and what is there twice.
#include "tests/bench/ledger.h"

#include <gtest/gtest.h>

#include <string>

namespace firstline::bench {
namespace {

class LedgerTest : public testing::Test {
 protected:
  // Two inquiries of `workspace` as told to their callers, and as they happened.
  void Tell(const std::string& workspace) {
    for (const char* inquiry : {"i1", "i2"}) {
      ledger_.Submitted(workspace, inquiry);
      ledger_.Cancelled(workspace, inquiry);
    }
  }
  void Submit(const std::string& workspace, const std::string& inquiry) {
    v1::Event event;
    event.set_inquiry_id(inquiry);
    event.mutable_inquiry_submitted();
    ledger_.Read(workspace, event);
  }
  void Cancel(const std::string& workspace, const std::string& inquiry) {
    v1::Event event;
    event.set_inquiry_id(inquiry);
    event.mutable_inquiry_cancelled();
    ledger_.Read(workspace, event);
  }
  void Happen(const std::string& workspace) {
    for (const char* inquiry : {"i1", "i2"}) {
      Submit(workspace, inquiry);
      Cancel(workspace, inquiry);
    }
  }

  Ledger ledger_;
};

TEST_F(LedgerTest, WhatHappenedAsToldIsGood) {
  Tell("w0");
  Happen("w0");
  Submit("w0", "unanswered");
  v1::Event event;
  event.set_inquiry_id("i1");
  event.mutable_inquiry_enqueued();
  ledger_.Read("w0", event);
  const LedgerCheck check = ledger_.Judge();
  EXPECT_EQ(check.acknowledged, 4);
  EXPECT_EQ(check.lost, 0);
  EXPECT_EQ(check.doubled, 0);
  EXPECT_EQ(check.example, "");
}

TEST_F(LedgerTest, WhatIsMissingIsLost) {
  Tell("w0");
  Submit("w0", "i1");
  Cancel("w0", "i1");
  Submit("w0", "i2");
  LedgerCheck check = ledger_.Judge();
  EXPECT_EQ(check.lost, 1) << "a cancellation";
  EXPECT_EQ(check.example, "w0 i2 is lost");
  ledger_.Submitted("w0", "i3");
  check = ledger_.Judge();
  EXPECT_EQ(check.lost, 2) << "and a submission";
  EXPECT_EQ(check.acknowledged, 5);
  EXPECT_EQ(check.doubled, 0);
}

// Elsewhere is not there.
TEST_F(LedgerTest, AWorkspaceThatIsEmptyLostEverything) {
  Tell("w0");
  Happen("w1");
  EXPECT_EQ(ledger_.Judge().lost, 4);
}

TEST_F(LedgerTest, WhatHappenedTwiceIsDoubledWhoeverWasToldOfIt) {
  Tell("w0");
  Happen("w0");
  Submit("w0", "i1");
  LedgerCheck check = ledger_.Judge();
  EXPECT_EQ(check.doubled, 1);
  EXPECT_EQ(check.lost, 0);
  EXPECT_EQ(check.example, "w0 i1 is doubled");
  Cancel("w0", "i2");
  for (int i = 0; i < 2; ++i) Submit("w1", "unanswered");
  EXPECT_EQ(ledger_.Judge().doubled, 3);
}

}  // namespace
}  // namespace firstline::bench
