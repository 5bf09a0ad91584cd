// Who asked, on every event that a command led to, and on no other.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tests/engine/workbench.h"

namespace firstline::engine::proof {
namespace {

CallerRef Somebody(const std::string& subject) {
  return std::make_shared<const Caller>(
      Caller{.role = CallerRole::kPlatform, .subject = subject, .on_behalf_of = "eve"});
}

class CallerTest : public testing::Test {
 protected:
  Outcome Do(Body body, const std::string& subject, const std::string& request_id = "") {
    bench_.Forget();
    return bench_.engine().Apply(bench_.now(),
                                 {std::move(body), request_id, {}, Somebody(subject)});
  }
  // The events by `subject`, and those by nobody; others fail.
  std::pair<size_t, size_t> EventsBy(const std::string& subject) {
    std::pair<size_t, size_t> counts;
    for (const Event& event : bench_.engine().events()) {
      if (event.caller == nullptr) {
        ++counts.second;
        continue;
      }
      EXPECT_EQ(*event.caller, *Somebody(subject));
      ++counts.first;
    }
    return counts;
  }

  Workbench bench_;
};

using Counts = std::pair<size_t, size_t>;

TEST_F(CallerTest, EveryEventOfACommandTellsIt) {
  bench_.Online("ann");
  ASSERT_TRUE(Do(Submit{.inquiry_id = "i1", .channel = "chat", .queue = "q"}, "kay").ok());
  // Submitted, enqueued, and what matching made of it: offered.
  EXPECT_EQ(EventsBy("kay"), Counts(3, 0));
  EXPECT_NE(bench_.Find<OfferCreated>(), nullptr);
  ASSERT_TRUE(Do(Accept{"i1", 1, "ann"}, "ann").ok());
  EXPECT_EQ(EventsBy("ann"), Counts(1, 0));
  EXPECT_EQ(bench_.Broken(), "");
}

// What is due goes first, and is nobody's doing.
TEST_F(CallerTest, TimersHaveNone) {
  bench_.Online("ann");
  Do(Submit{.inquiry_id = "i1", .channel = "chat", .queue = "q"}, "kay");
  bench_.Forget();
  const Time later = bench_.now() + Seconds(3600);
  bench_.engine().Apply(later, {SetPresence{.agent_id = "ann", .presence = Presence::kDraining},
                                "", {}, Somebody("kay")});
  const auto [hers, nobodys] = EventsBy("kay");
  EXPECT_GE(hers, 1u);     // the presence, and an offer that it ends
  EXPECT_GE(nobodys, 2u);  // the offer ran out and the inquiry waits again
  EXPECT_EQ(bench_.engine().events().back().caller->subject, "kay");
  bench_.engine().ClearEvents();
  bench_.engine().Tick(later + Seconds(3600));
  EXPECT_EQ(EventsBy("kay").first, 0u);
}

TEST_F(CallerTest, WhoDidNothingIsNotTold) {
  const Submit submit{.inquiry_id = "i1", .channel = "chat", .queue = "q"};
  ASSERT_TRUE(Do(submit, "kay", "r1").ok());
  EXPECT_FALSE(Do(Cancel{"none"}, "max").ok());
  EXPECT_EQ(EventsBy("max"), Counts(0, 0));
  // A repeat by another, and what follows of somebody who is not known.
  EXPECT_TRUE(Do(submit, "max", "r1").receipt.replayed);
  EXPECT_EQ(EventsBy("max"), Counts(0, 0));
  bench_.Do(Cancel{"i1"});
  EXPECT_EQ(EventsBy("max"), Counts(0, 1));
}

// It is no part of what a command says: the state is the same whoever asks.
TEST_F(CallerTest, ItDecidesNothing) {
  Command known{Submit{.inquiry_id = "i1"}, "r", {}, Somebody("kay")};
  Command unknown{Submit{.inquiry_id = "i1"}, "r", {}};
  EXPECT_EQ(Digest(known.body), Digest(unknown.body));
}

}  // namespace
}  // namespace firstline::engine::proof
