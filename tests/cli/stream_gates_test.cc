// What the checker makes of offers to several agents and of queues that are closed to one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "tests/cli/judged_tape.h"

namespace firstline::check {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(StreamChecker, AnOfferToSeveralEndsForEachByItself) {
  EventTape tape;
  tape.Workspace({QueueFor("sales")});
  tape.Agent("ann", {"sales"});
  tape.Agent("bob", {"sales"});
  tape.Submit("c1", "sales");
  tape.Offer("c1", "ann");
  tape.Offer("c1", "bob");
  tape.Submit("c2", "sales");  // waits: both hold c1
  tape.At(1010);
  tape.EndOffer("c1", "ann", v1::OFFER_OUTCOME_TAKEN);
  tape.Assign("c1", "bob");
  tape.Offer("c2", "ann");
  tape.Assign("c2", "ann");
  tape.At(1020);
  tape.Close("c1", "bob");
  tape.Close("c2", "ann");
  EXPECT_THAT(Judge(tape), IsEmpty());
  tape.Remove([](const v1::Event& e) { return e.has_offer_ended(); });
  EXPECT_THAT(Judge(tape), ElementsAre("capacity c2"));
}

// The tape's queue is closed to ann from `begin` to `end`; she has room all along.
void ExpectsTheQueueClosed(const std::function<void(v1::Event&)>& begin,
                           const std::function<void(v1::Event&)>& end) {
  EventTape tape;
  tape.Workspace({QueueFor("sales"), QueueFor("care")});
  tape.Agent("ann", {"sales", "care"});
  tape.Submit("c1", "sales");
  tape.Assign("c1", "ann");
  tape.At(1010);
  tape.Close("c1", "ann");
  v1::Event& closed = tape.Next("c1", "ann");
  closed.set_queue_id("sales");
  begin(closed);
  tape.At(1020);
  tape.Submit("c2", "sales");  // waits
  tape.Submit("c3", "care");
  tape.Assign("c3", "ann");
  tape.At(1030);
  tape.Close("c3", "ann");
  tape.At(1050);
  v1::Event& open = tape.Next("c1", "ann");
  open.set_queue_id("sales");
  end(open);
  const std::string opened = open.id();
  tape.Assign("c2", "ann");
  tape.Close("c2", "ann");
  EXPECT_THAT(Judge(tape), IsEmpty());
  tape.Remove([&](const v1::Event& e) { return e.id() == opened; });
  EXPECT_THAT(Judge(tape), ElementsAre("gate c2"));
}

TEST(StreamChecker, AWrapUpWithoutUnitsClosesItsQueue) {
  ExpectsTheQueueClosed([](v1::Event& e) { e.mutable_wrap_up_started(); },
                        [](v1::Event& e) { e.mutable_wrap_up_finished(); });
}

TEST(StreamChecker, ABackOffOfAQueueClosesItAlone) {
  ExpectsTheQueueClosed([](v1::Event& e) { e.mutable_back_off_started(); },
                        [](v1::Event& e) { e.mutable_back_off_ended(); });
}

}  // namespace
}  // namespace firstline::check
