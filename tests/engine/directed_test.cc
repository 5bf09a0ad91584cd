// What is claimed, given by hand, opened again and made longer, and what refuses it.
#include <gtest/gtest.h>

#include "tests/engine/workbench.h"

namespace firstline::engine::proof {
namespace {

TEST(DirectedTest, Rejections) {
  WorkspaceConfig config = Workbench::SmallWorkspace();
  config.queues[0].allow_claim = true;
  config.queues[0].reopen_within = Seconds(60);
  config.queues[0].wrap_up = Seconds(30);
  Workbench bench(config);
  bench.Submit("i1");
  bench.Submit("shut", "chat", "other");
  bench.AddAgent({.id = "a1"});
  EXPECT_EQ(bench.Reject(Claim{"i1", ""}), Rejection::kInvalidField);
  EXPECT_EQ(bench.Reject(Claim{"nothing", "a1"}), Rejection::kUnknownInquiry);
  EXPECT_EQ(bench.Reject(Claim{"i1", "nobody"}), Rejection::kUnknownAgent);
  EXPECT_EQ(bench.Reject(Claim{"shut", "a1"}), Rejection::kClaimNotAllowed);
  EXPECT_EQ(bench.Reject(Claim{"i1", "a1"}), Rejection::kGateClosed);
  EXPECT_EQ(bench.Reject(AssignTo{"i1", "a1", false, {}, ""}), Rejection::kInvalidField);
  EXPECT_EQ(bench.Reject(AssignTo{"i1", "nobody", false, {}, "x"}), Rejection::kUnknownAgent);
  const std::vector<Override> twice = {Override::kPresence, Override::kPresence};
  EXPECT_EQ(bench.Reject(AssignTo{"i1", "a1", false, twice, "x"}), Rejection::kInvalidField);
  EXPECT_EQ(bench.Reject(AssignTo{"i1", "a1", false, {Override::kPresence}, "x"}),
            Rejection::kGateClosed)
      << "nobody is given anything while offline";
  bench.Online("a2");
  EXPECT_EQ(bench.Reject(Claim{"i1", "a1"}), Rejection::kInquiryNotWaiting);
  bench.Accept("i1");
  EXPECT_EQ(bench.Reject(Claim{"i1", "a1"}), Rejection::kInquiryNotWaiting);
  EXPECT_EQ(bench.Reject(Reopen{"i1", ""}), Rejection::kInquiryNotEnded);
  bench.Do(Close{"i1", Resolution::kResolved, ""});
  EXPECT_EQ(bench.Reject(Claim{"i1", "a1"}), Rejection::kInquiryEnded);
  EXPECT_EQ(bench.Reject(AssignTo{"i1", "a1", false, {}, "x"}), Rejection::kInquiryEnded);
  EXPECT_EQ(bench.Reject(Reopen{"i1", "nobody"}), Rejection::kUnknownAgent);
  EXPECT_EQ(bench.Reject(ExtendWrapUp{"a2", "i1", Seconds(1)}), Rejection::kWrapUpLimit);
  EXPECT_EQ(bench.Reject(ExtendWrapUp{"a2", "i1", {}}), Rejection::kInvalidField);
  EXPECT_EQ(bench.Reject(ExtendWrapUp{"a2", "other", Seconds(1)}), Rejection::kNoWrapUp);
  bench.Advance(Seconds(60));
  EXPECT_EQ(bench.Reject(Reopen{"i1", ""}), Rejection::kReopenNotAllowed);
  bench.Do(engine::Submit{.inquiry_id = "i2", .channel = "chat", .queue = "q",
                          .requirement = {.skills = {{"x", 1}}}});
  EXPECT_EQ(bench.Reject(Claim{"i2", "a2"}), Rejection::kAgentNotSuited);
  EXPECT_EQ(bench.Reject(AssignTo{"i2", "a2", false, {}, "x"}), Rejection::kAgentNotSuited);
}

}  // namespace
}  // namespace firstline::engine::proof
