// `firstline inquiry timeline`: events as sentences.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "services/cli/timeline.h"

namespace firstline::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(Timeline, TellsWhoEndedItAndWhatCameBeforeItsTime) {
  v1::Workspace config;
  v1::Queue& queue = *config.add_queues();
  queue.set_id("vip");
  queue.add_steps()->set_close(true);
  queue.mutable_steps(0)->set_at_once_if_nobody(true);
  queue.mutable_steps(0)->mutable_after()->set_seconds(60);
  Timeline timeline(config);
  v1::Event event;
  event.set_inquiry_id("c1");
  event.set_queue_id("vip");
  event.mutable_time()->set_seconds(1000);
  event.mutable_inquiry_enqueued()->set_queue("vip");
  event.mutable_inquiry_enqueued()->set_cause(v1::ENQUEUE_CAUSE_SUBMITTED);
  timeline.Take(event);
  event.mutable_step_reached()->set_step(1);
  timeline.Take(event);
  event.mutable_inquiry_cancelled()->set_reason(v1::CANCEL_REASON_ROUTE_ENDED);
  timeline.Take(event);
  EXPECT_EQ(timeline.steps()[1].what,
            "reached step 1 of vip: its end, before its time, because nobody is there for it");
  EXPECT_EQ(timeline.steps()[2].by, "router");
  EXPECT_THAT(timeline.steps()[2].what, StartsWith("cancelled: route ended"));
}

TEST(Timeline, ForgetsWhatWasTakenBack) {
  const v1::Workspace config;
  Timeline timeline(config);
  v1::Inquiry inquiry;
  v1::Event event;
  event.set_inquiry_id("c1");
  const auto take = [&](const char* id) {
    event.set_id(id);
    timeline.Take(event);
  };
  event.mutable_inquiry_submitted();
  take("1-9");
  inquiry.set_state(v1::INQUIRY_STATE_WAITING);
  event.mutable_offer_created()->set_offer_id("c1/1");
  take("1-10");
  event.mutable_inquiry_assigned();
  take("3-1");
  timeline.TakeBack("1-9");
  ASSERT_EQ(timeline.steps().size(), 1u);
  EXPECT_TRUE(timeline.Reaches(inquiry));
  event.mutable_offer_created()->set_offer_id("c1/1");
  take("2-1");
  inquiry.set_state(v1::INQUIRY_STATE_OFFERED);
  inquiry.mutable_counts()->set_offers(1);
  EXPECT_TRUE(timeline.Reaches(inquiry));
}

TEST(Timeline, TellsWhoChoseTheQueue) {
  const v1::Workspace config;
  const auto told = [&](v1::ClassifierOutcome outcome, const std::string& rule) {
    v1::Event event;
    event.set_inquiry_id("c1");
    v1::InquirySubmitted& submitted = *event.mutable_inquiry_submitted();
    submitted.mutable_inquiry()->mutable_spec()->set_channel("chat");
    submitted.mutable_inquiry()->mutable_spec()->set_queue("care");
    submitted.set_rule(rule);
    submitted.add_passed_over()->set_rule("refunds");
    submitted.mutable_passed_over(0)->set_key("topic");
    submitted.mutable_classifier()->set_classifier("intents");
    submitted.mutable_classifier()->set_outcome(outcome);
    submitted.mutable_classifier()->set_label("v2");
    submitted.mutable_classifier()->set_subject("nowhere");
    Timeline timeline(config);
    timeline.Take(event);
    return timeline.steps()[0].what;
  };
  EXPECT_EQ(told(v1::CLASSIFIER_OUTCOME_VERDICT, ""),
            "submitted: chat for care; sent there by classifier intents (v2); by no rule, not by "
            "refunds because of topic");
  EXPECT_EQ(told(v1::CLASSIFIER_OUTCOME_DEADLINE, "rest"),
            "submitted: chat for care; classifier intents did not answer in time (v2); sent there by "
            "rule rest, not by refunds because of topic");
  EXPECT_THAT(told(v1::CLASSIFIER_OUTCOME_UNKNOWN_QUEUE, "rest"),
              HasSubstr("was not followed: there is no queue 'nowhere' (v2)"));
  // Each outcome has words of its own.
  std::set<std::string> words;
  for (int i = 1; i < v1::ClassifierOutcome_ARRAYSIZE; ++i) {
    words.insert(told(static_cast<v1::ClassifierOutcome>(i), ""));
  }
  EXPECT_EQ(words.size(), 11u);
}

TEST(Timeline, ExplainsStepsOfRoutes) {
  v1::Workspace config;
  v1::Queue& queue = *config.add_queues();
  queue.set_id("vip");
  queue.add_steps()->set_lower_levels(3);
  queue.add_steps()->add_drop_skills("vip");
  Timeline timeline(config);
  v1::Event event;
  event.set_inquiry_id("c1");
  event.set_queue_id("vip");
  for (const int step : {1, 2, 9}) {
    event.mutable_step_reached()->set_step(step);
    timeline.Take(event);
  }
  ASSERT_EQ(timeline.steps().size(), 3u);
  EXPECT_EQ(timeline.steps()[0].what, "reached step 1 of vip: levels lowered by 3");
  EXPECT_EQ(timeline.steps()[1].what, "reached step 2 of vip: without vip");
  EXPECT_EQ(timeline.steps()[2].what, "reached step 9 of vip");
  EXPECT_EQ(Elapsed(245'000'000), "4m05s");
  EXPECT_EQ(Elapsed(59'960'000), "60.0s");
  EXPECT_EQ(Elapsed(3'600'000'000), "1h00m");
}

}  // namespace
}  // namespace firstline::cli
