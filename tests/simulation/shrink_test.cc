// A failing seed becomes small, still fails, and always becomes the same.
#include "tests/simulation/shrink.h"

#include <gtest/gtest.h>

namespace firstline::simulation {
namespace {

TEST(Shrink, AFailureBecomesSmallAndStaysOne) {
  SimulationOptions options;
  options.seed = 2;
  options.flaws.skip_token_check = true;
  for (; Simulate(options).violation.empty(); ++options.seed) ASSERT_LT(options.seed, 1000u);
  const size_t before = PlanOf(options).size();
  const Shrunk small = Shrink(options, 60), again = Shrink(options, 60);
  EXPECT_LT(small.options.plan->size(), before);
  EXPECT_LE(small.runs, 60);
  EXPECT_EQ(Simulate(small.options).violation, small.violation);
  EXPECT_NE(small.violation, "");
  EXPECT_EQ(Describe(small), Describe(again));
}

TEST(Plan, HasFewKindsAtATimeAndNoLossyOnesWhereNoneAreWanted) {
  for (uint64_t seed = 1; seed < 50; ++seed) {
    for (const Fault& fault : MakePlan({.seed = seed, .lossless = true})) {
      EXPECT_LT(fault.kind, kFirstLossy) << ToString(fault);
    }
  }
}

}  // namespace
}  // namespace firstline::simulation
