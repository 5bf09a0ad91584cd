// Submissions that name no queue, a served workspace, and a real classifier on a socket: whatever it
// does, they are answered, in order, and who decided is told.
#include <gmock/gmock.h>

#include <thread>

#include "absl/strings/str_cat.h"
#include "common/rpc/error.h"
#include "common/status/reason.h"
#include "tests/api/classifier_fixture.h"

namespace firstline::api {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

// ---- What it says -----------------------------------------------------------------------------

TEST_F(ClassifierTest, AVerdictIsApplied) {
  Build();
  classifier_.Say([](const auto&, v1::ClassifyResponse& response) {
    response = Text<v1::ClassifyResponse>(
        "label: 'refund-request' verdict { queue: 'refunds' priority: 7"
        " requirement { skills { skill: 'senior' min_level: 3 } } }");
  });
  Must<v1::SubmitInquiryResponse>(
      "RoutingService.SubmitInquiry",
      "workspace: 'w' inquiry { id: 'i1' channel: 'chat' priority: 2 customer: 'Erika'"
      " attributes { key: 'topic' value: 'refund' }"
      " requirement { languages { language: 'de' min_level: 1 } } }");
  const v1::InquirySubmitted told = SubmittedOf("i1");
  EXPECT_EQ(told.inquiry().spec().queue(), "refunds");
  EXPECT_EQ(told.inquiry().spec().priority(), 7);
  EXPECT_EQ(told.inquiry().spec().requirement().skills(0).skill(), "senior");
  EXPECT_EQ(told.inquiry().spec().requirement().languages(0).language(), "de");
  EXPECT_EQ(told.rule(), "");
  EXPECT_EQ(told.classifier().classifier(), "intents");
  EXPECT_EQ(told.classifier().outcome(), v1::CLASSIFIER_OUTCOME_VERDICT);
  EXPECT_EQ(told.classifier().label(), "refund-request");
  // It knows what it has to know, and not who the customer is.
  ASSERT_EQ(classifier_.asked(), 1u);
  const v1::ClassifyRequest asked = classifier_.requests()[0];
  EXPECT_EQ(asked.workspace(), "w");
  EXPECT_EQ(asked.inquiry_id(), "i1");
  EXPECT_EQ(asked.channel(), "chat");
  EXPECT_EQ(asked.priority(), 2);
  EXPECT_EQ(asked.attributes().at("topic"), "refund");
  EXPECT_EQ(asked.requirement().languages(0).language(), "de");
  EXPECT_EQ(asked.SerializeAsString().find("Erika"), std::string::npos);
}

TEST_F(ClassifierTest, WithoutAVerdictTheRulesDecide) {
  Build();
  classifier_.Say([](const auto&, v1::ClassifyResponse& response) { response.set_label("unsure"); });
  EXPECT_EQ(OutcomeOf("i1"), v1::CLASSIFIER_OUTCOME_NO_VERDICT);
  EXPECT_EQ(SubmittedOf("i1").rule(), "rest");
  EXPECT_EQ(SubmittedOf("i1").classifier().label(), "unsure");
}

TEST_F(ClassifierTest, AWrongVerdictIsPutAside) {
  Build();
  const auto check = [&](const std::string& id, const std::string& words,
                         v1::ClassifierOutcome outcome, const std::string& subject) {
    classifier_.Say([&](const auto&, v1::ClassifyResponse& response) {
      response = Text<v1::ClassifyResponse>(words);
    });
    EXPECT_EQ(OutcomeOf(id), outcome) << words;
    EXPECT_EQ(SubmittedOf(id).classifier().subject(), subject) << words;
    EXPECT_EQ(SubmittedOf(id).rule(), "rest") << words;
  };
  check("i1", "verdict { queue: 'nowhere' }", v1::CLASSIFIER_OUTCOME_UNKNOWN_QUEUE, "nowhere");
  check("i2", "verdict { queue: 'refunds' requirement { skills { skill: 'magic' min_level: 1 } } }",
        v1::CLASSIFIER_OUTCOME_UNKNOWN_SKILL, "magic");
  check("i3", "verdict { queue: 'refunds' priority: 10 }", v1::CLASSIFIER_OUTCOME_OUT_OF_BOUNDS,
        "priority");
  check("i4", "verdict { }", v1::CLASSIFIER_OUTCOME_OUT_OF_BOUNDS, "queue");
  check("i5", absl::StrCat("verdict { queue: 'refunds' } label: '", std::string(129, 'x'), "'"),
        v1::CLASSIFIER_OUTCOME_OUT_OF_BOUNDS, "label");
  check("i8", "verdict { queue: 'refunds' } label: 'a\\033[2J'", v1::CLASSIFIER_OUTCOME_OUT_OF_BOUNDS,
        "label");
  check("i6", "verdict { queue: 'refunds' requirement { skills { skill: 'senior' min_level: 11 } } }",
        v1::CLASSIFIER_OUTCOME_OUT_OF_BOUNDS, "requirement.skills[0].min_level");
  // At the bound it counts.
  classifier_.Say([&](const auto&, v1::ClassifyResponse& response) {
    response.set_label(std::string(128, 'x'));
    response.mutable_verdict()->set_queue("refunds");
  });
  EXPECT_EQ(OutcomeOf("i7"), v1::CLASSIFIER_OUTCOME_VERDICT);
}

TEST_F(ClassifierTest, AMessageThatIsTooLargeIsAnError) {
  Build();
  classifier_.Say([](const auto&, v1::ClassifyResponse& response) {
    response.set_label(std::string(limits::kClassifierResponseBytesMax, 'x'));
  });
  EXPECT_EQ(OutcomeOf("i1"), v1::CLASSIFIER_OUTCOME_UNAVAILABLE);
}

TEST_F(ClassifierTest, AskedAfterTheRulesItIsAskedWhereNoneFitsButTheDefault) {
  Build("ask: CLASSIFIER_TURN_AFTER_RULES");
  classifier_.SayQueue("sales");
  Submit("i1", "attributes { key: 'topic' value: 'refund' }");
  EXPECT_EQ(SubmittedOf("i1").rule(), "refunds");
  EXPECT_FALSE(SubmittedOf("i1").has_classifier());
  EXPECT_EQ(classifier_.asked(), 0u);
  EXPECT_EQ(OutcomeOf("i2"), v1::CLASSIFIER_OUTCOME_VERDICT);
  EXPECT_EQ(SubmittedOf("i2").passed_over(0).rule(), "refunds");
  EXPECT_EQ(classifier_.asked(), 1u);
}

TEST_F(ClassifierTest, NobodyIsAskedAboutAnInquiryThatNamesItsQueueNorByADryRun) {
  Build();
  classifier_.SayQueue("refunds");
  Submit("i1", "queue: 'care'");
  EXPECT_FALSE(SubmittedOf("i1").has_classifier());
  const auto run = Must<v1::ExplainSubmitResponse>(
      "ExplainService.ExplainSubmit", "workspace: 'w' inquiry { channel: 'chat' }");
  EXPECT_EQ(run.rule(), "rest");
  EXPECT_EQ(run.classifier(), "intents");
  EXPECT_EQ(classifier_.asked(), 0u);
}

TEST_F(ClassifierTest, AnUnknownNameIsNoErrorAndIsTold) {
  Build("classifier: 'other'");
  EXPECT_EQ(OutcomeOf("i1"), v1::CLASSIFIER_OUTCOME_UNKNOWN_CLASSIFIER);
  EXPECT_EQ(SubmittedOf("i1").rule(), "rest");
  EXPECT_EQ(classifier_.asked(), 0u);
}

// ---- When it fails ----------------------------------------------------------------------------

TEST_F(ClassifierTest, ASlowOneIsNotWaitedForBeyondItsDeadline) {
  Build("deadline { nanos: 50000000 }");
  classifier_.Hold();
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(OutcomeOf("i1"), v1::CLASSIFIER_OUTCOME_DEADLINE);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  EXPECT_EQ(SubmittedOf("i1").rule(), "rest");
}

TEST_F(ClassifierTest, ADeadOneAndAnErrorAreTheSame) {
  Build();
  classifier_.Fail(grpc::StatusCode::INTERNAL);
  EXPECT_EQ(OutcomeOf("i1"), v1::CLASSIFIER_OUTCOME_UNAVAILABLE);
  classifier_.Kill();
  EXPECT_EQ(OutcomeOf("i2"), v1::CLASSIFIER_OUTCOME_UNAVAILABLE);
  EXPECT_EQ(SubmittedOf("i2").rule(), "rest");
}

TEST_F(ClassifierTest, TheBreakerOpensAndTriesAgainWithOne) {
  Build();
  classifier_.Fail(grpc::StatusCode::INTERNAL);
  for (int i = 0; i < ClassifierBreaker::kFailuresMax; ++i) {
    EXPECT_EQ(OutcomeOf(absl::StrCat("f", i)), v1::CLASSIFIER_OUTCOME_UNAVAILABLE);
  }
  EXPECT_EQ(heard_.breakers(), 1);
  EXPECT_EQ(OutcomeOf("open"), v1::CLASSIFIER_OUTCOME_BREAKER_OPEN);
  EXPECT_EQ(classifier_.asked(), 5u);
  backend_.boot_us += ClassifierBreaker::kOpenFor.us - 1;
  EXPECT_EQ(OutcomeOf("still"), v1::CLASSIFIER_OUTCOME_BREAKER_OPEN);
  // The probe fails: it stays open for as long again.
  backend_.boot_us += 1;
  EXPECT_EQ(OutcomeOf("probe"), v1::CLASSIFIER_OUTCOME_UNAVAILABLE);
  EXPECT_EQ(OutcomeOf("again"), v1::CLASSIFIER_OUTCOME_BREAKER_OPEN);
  classifier_.SayQueue("refunds");
  backend_.boot_us += ClassifierBreaker::kOpenFor.us;
  EXPECT_EQ(OutcomeOf("good"), v1::CLASSIFIER_OUTCOME_VERDICT);
  EXPECT_EQ(OutcomeOf("closed"), v1::CLASSIFIER_OUTCOME_VERDICT);
  EXPECT_EQ(heard_.breakers(), 0);
}

TEST_F(ClassifierTest, TheBreakerIsOfOneWorkspace) {
  Build();
  Configure("v", "");
  classifier_.Fail(grpc::StatusCode::INTERNAL);
  for (int i = 0; i < ClassifierBreaker::kFailuresMax; ++i) Submit(absl::StrCat("f", i));
  classifier_.SayQueue("refunds");
  EXPECT_EQ(OutcomeOf("i1"), v1::CLASSIFIER_OUTCOME_BREAKER_OPEN);
  Submit("i1", "", "v");
  EXPECT_EQ(SubmittedOf("i1", "v").classifier().outcome(), v1::CLASSIFIER_OUTCOME_VERDICT);
}

// That they get no answer is their doing: half of the time they have is all there is.
TEST_F(ClassifierTest, CallersInAHurryGetTheirAnswerAndOpenNoBreaker) {
  Build("deadline { seconds: 2 }");
  classifier_.Hold();
  for (int i = 0; i <= ClassifierBreaker::kFailuresMax; ++i) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(600));
    v1::SubmitInquiryResponse response;
    const std::string id = absl::StrCat("h", i);
    const grpc::Status status = routing()->SubmitInquiry(&context, RequestOf(id), &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(SubmittedOf(id).classifier().outcome(), v1::CLASSIFIER_OUTCOME_DEADLINE);
  }
  classifier_.SayQueue("refunds");
  classifier_.Release();
  EXPECT_EQ(OutcomeOf("calm"), v1::CLASSIFIER_OUTCOME_VERDICT);
}

TEST_F(ClassifierTest, ManyDeadlinesLeadToANewConnection) {
  TestClassifier silent;
  silent.Hold();
  ClassifierClient client({.addresses = {{"silent", silent.address()}}, .credentials = nullptr});
  for (int i = 0; i < 21; ++i) {
    std::promise<ClassifierAnswer::How> answered;
    client.Ask("silent", {}, std::chrono::milliseconds(20),
               [&](ClassifierAnswer answer) { answered.set_value(answer.how); });
    EXPECT_EQ(answered.get_future().get(), ClassifierAnswer::How::kDeadline);
  }
  // Some of the first may have run out before they were connected.
  while (silent.peers().size() < 2) {
    std::promise<void> over;
    client.Ask("silent", {}, std::chrono::milliseconds(200),
               [&](ClassifierAnswer) { over.set_value(); });
    over.get_future().get();
  }
}

// ---- Repeats ----------------------------------------------------------------------------------

TEST_F(ClassifierTest, ARepeatHasTheFirstOutcomeAndIsNotAskedAbout) {
  Build();
  classifier_.SayQueue("refunds");
  EXPECT_FALSE(Submit("i1").receipt().replayed());
  classifier_.SayQueue("care");
  EXPECT_TRUE(Submit("i1").receipt().replayed());
  EXPECT_EQ(InquiryOf("i1").spec().queue(), "refunds");
  EXPECT_EQ(classifier_.asked(), 1u);
}

// Two at a time may both be asked about; the first to be applied counts.
TEST_F(ClassifierTest, ARepeatWhileItIsAskedIsTheSameSubmission) {
  Build();
  classifier_.Hold();
  int words = 0;
  classifier_.Say([&](const auto&, v1::ClassifyResponse& response) {
    response.mutable_verdict()->set_queue(words++ == 0 ? "refunds" : "sales");
  });
  std::vector<v1::SubmitInquiryResponse> responses(2);
  std::vector<std::thread> callers;
  for (auto& response : responses) {
    callers.emplace_back([&] { response = Submit("i1"); });
  }
  AwaitAsked(2);
  classifier_.Release();
  for (std::thread& caller : callers) caller.join();
  EXPECT_NE(responses[0].receipt().replayed(), responses[1].receipt().replayed());
  EXPECT_EQ(InquiryOf("i1").spec().queue(), SubmittedOf("i1").inquiry().spec().queue());
}

// ---- Order ------------------------------------------------------------------------------------

TEST_F(ClassifierTest, OrderOnAStreamIsKeptWhileASubmissionWaits) {
  Build();
  classifier_.SayQueue("refunds");
  classifier_.Hold();
  Commands commands(*this);
  commands.Submit("a");
  commands.Cancel("a");
  commands.Submit("named", "queue: 'care'");
  commands.Submit("b");
  commands.Cancel("b");
  commands.Send();
  // Both are asked about at the same time; nothing of the stream is applied meanwhile ...
  AwaitAsked(2);
  EXPECT_TRUE(InquiryOf("named").spec().id().empty());
  // ... while others go on: unary calls, another stream, another workspace on the same one.
  Submit("unary", "queue: 'care'");
  Commands other(*this);
  other.Submit("other", "queue: 'care'");
  other.Send();
  EXPECT_THAT(other.Take(1), ElementsAre(Pair(0u, "")));
  Configure("v", "");
  commands.Submit("elsewhere", "queue: 'care'", "v");
  commands.Send();
  EXPECT_THAT(commands.Take(1), ElementsAre(Pair(5u, "")));
  // The second's verdict does not overtake the first's.
  classifier_.ReleaseOne("b");
  EXPECT_TRUE(InquiryOf("b").spec().id().empty());
  classifier_.ReleaseOne("a");
  EXPECT_THAT(commands.Take(5), ElementsAre(Pair(0u, ""), Pair(1u, ""), Pair(2u, ""), Pair(3u, ""),
                                            Pair(4u, "")));
  EXPECT_THAT(SubmittedIds(), ElementsAre("unary", "other", "a", "named", "b"));
  EXPECT_EQ(InquiryOf("a").state(), v1::INQUIRY_STATE_CANCELLED);
  EXPECT_EQ(SubmittedOf("a").inquiry().spec().queue(), "refunds");
}

TEST_F(ClassifierTest, ARefusedSubmissionHoldsUpNobodyBehindIt) {
  Build();
  classifier_.SayQueue("refunds");
  Commands commands(*this);
  commands.Submit("a", "excluded_agents: 'nobody'");
  commands.Submit("b");
  commands.Cancel("b");
  commands.Send();
  EXPECT_THAT(commands.Take(3),
              ElementsAre(Pair(0u, "UNKNOWN_AGENT"), Pair(1u, ""), Pair(2u, "")));
}

// ---- Bounds -----------------------------------------------------------------------------------

TEST_F(ClassifierTest, BeyondTheBoundTheRulesDecideAtOnce) {
  Build("deadline { seconds: 2 }");
  classifier_.SayQueue("refunds");
  classifier_.Hold();
  constexpr size_t kMore = 1000;
  UnaryCalls calls(*this);
  for (size_t i = 0; i < limits::kAskedPerWorkspaceMax + kMore; ++i) {
    calls.Submit(absl::StrCat("i", i));
  }
  calls.AwaitOk(kMore);
  EXPECT_EQ(classifier_.asked(), limits::kAskedPerWorkspaceMax);
  EXPECT_EQ(Outcomes()[v1::CLASSIFIER_OUTCOME_BUSY], kMore);
  classifier_.Release();
  calls.AwaitOk(limits::kAskedPerWorkspaceMax);
  const auto outcomes = Outcomes();
  EXPECT_EQ(outcomes.at(v1::CLASSIFIER_OUTCOME_BUSY), kMore);
  // On a slow machine some of them are late.
  const auto late = outcomes.find(v1::CLASSIFIER_OUTCOME_DEADLINE);
  EXPECT_EQ(outcomes.at(v1::CLASSIFIER_OUTCOME_VERDICT) +
                (late == outcomes.end() ? 0 : late->second),
            limits::kAskedPerWorkspaceMax);
  EXPECT_EQ(heard_.asking(), 0);
}

TEST_F(ClassifierTest, WhatWaitsBehindItIsBounded) {
  held_max_ = 100;
  Build("deadline { seconds: 2 }");
  classifier_.Hold();
  constexpr size_t kStreams = 2, kCommands = 60;
  std::vector<std::unique_ptr<Commands>> streams;
  for (size_t s = 0; s < kStreams; ++s) {
    Commands& stream = *streams.emplace_back(std::make_unique<Commands>(*this));
    stream.Submit(absl::StrCat("first", s));
    for (size_t i = 1; i < kCommands; ++i) stream.Cancel(absl::StrCat("x", s, i));
    stream.Send();
  }
  AwaitAsked(2);
  size_t overloaded = 0;
  for (auto& stream : streams) {
    for (const auto& [id, reason] : stream->Take(kCommands)) {
      overloaded += reason == "OVERLOADED" ? 1 : 0;
    }
  }
  EXPECT_EQ(overloaded, kStreams * kCommands - held_max_);
}

// ---- Leaving ----------------------------------------------------------------------------------

TEST_F(ClassifierTest, ACallerWhoGoesAwayLeavesASubmissionThatIsMadeOnce) {
  Build("deadline { seconds: 2 }");
  classifier_.SayQueue("refunds");
  classifier_.Hold();
  grpc::ClientContext context;
  std::thread caller([&] {
    v1::SubmitInquiryResponse response;
    EXPECT_EQ(routing()->SubmitInquiry(&context, RequestOf("i1"), &response).error_code(),
              grpc::StatusCode::CANCELLED);
  });
  auto gone = std::make_unique<Commands>(*this);
  gone->Submit("i2");
  gone->Cancel("i2");
  gone->Send();
  AwaitAsked(2);
  context.TryCancel();
  caller.join();
  gone->Leave();
  gone.reset();
  classifier_.Release();
  while (InquiryOf("i1").spec().id().empty()) std::this_thread::yield();
  while (InquiryOf("i2").state() != v1::INQUIRY_STATE_CANCELLED) std::this_thread::yield();
  EXPECT_TRUE(Submit("i1").receipt().replayed());
  EXPECT_EQ(heard_.asking(), 0);
}

TEST_F(ClassifierTest, AServerStopsWhileItIsAsked) {
  Build("deadline { seconds: 2 }");
  classifier_.Hold();
  Commands commands(*this);
  commands.Submit("i1");
  commands.Cancel("i1");
  commands.Send();
  std::thread caller([&] {
    grpc::ClientContext context;
    v1::SubmitInquiryResponse response;
    const auto status = rpc::FromGrpc(routing()->SubmitInquiry(&context, RequestOf("i2"), &response));
    EXPECT_EQ(status::ReasonOf(status), "SHUTTING_DOWN") << status;
  });
  AwaitAsked(2);
  const std::string before = backend_.Fingerprint();
  backend_.AnswerAll(runtime::Unavailable{runtime::UnavailableReason::kShuttingDown, {}});
  const auto begin = std::chrono::steady_clock::now();
  server_->Stop(std::chrono::seconds(20));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
  caller.join();
  EXPECT_THAT(commands.Take(2),
              ElementsAre(Pair(0u, "SHUTTING_DOWN"), Pair(1u, "SHUTTING_DOWN")));
  EXPECT_EQ(backend_.Fingerprint(), before);
}

}  // namespace
}  // namespace firstline::api
