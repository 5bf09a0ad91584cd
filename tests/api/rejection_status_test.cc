// Each rejection of the engine, and each answer of the runtime, has its published error.
#include "services/router/api/rejection_status.h"

#include <gtest/gtest.h>

#include <set>

#include "common/status/reason.h"
#include "firstline/v1/error.pb.h"

namespace firstline::api {
namespace {

using absl::StatusCode;
using engine::Rejection;

struct Row {
  Rejection rejection;
  StatusCode code;
  const char* reason;
  const char* metadata = "";  // key that tells the subject
  bool retry = false;
};

const Row kRows[] = {
    {Rejection::kInvalidField, StatusCode::kInvalidArgument, "INVALID_FIELD"},
    {Rejection::kWhenOutOfRange, StatusCode::kInvalidArgument, "WHEN_OUT_OF_RANGE"},
    {Rejection::kRequestIdReused, StatusCode::kAlreadyExists, "REQUEST_ID_REUSED"},
    {Rejection::kUnknownInquiry, StatusCode::kNotFound, "UNKNOWN_INQUIRY", "inquiry"},
    {Rejection::kUnknownAgent, StatusCode::kNotFound, "UNKNOWN_AGENT", "agent"},
    {Rejection::kUnknownQueue, StatusCode::kNotFound, "UNKNOWN_QUEUE", "queue"},
    {Rejection::kUnknownChannel, StatusCode::kNotFound, "UNKNOWN_CHANNEL", "channel"},
    {Rejection::kUnknownOffer, StatusCode::kNotFound, "UNKNOWN_OFFER", "offer"},
    {Rejection::kUnknownReason, StatusCode::kInvalidArgument, "UNKNOWN_REASON", "reason"},
    {Rejection::kNotClassified, StatusCode::kFailedPrecondition, "NOT_CLASSIFIED", "inquiry"},
    {Rejection::kInquiryIdReused, StatusCode::kAlreadyExists, "INQUIRY_ID_REUSED", "inquiry"},
    {Rejection::kMessageIdReused, StatusCode::kAlreadyExists, "MESSAGE_ID_REUSED", "message"},
    {Rejection::kInquiryEnded, StatusCode::kFailedPrecondition, "INQUIRY_ENDED", "inquiry"},
    {Rejection::kInquiryNotEnded, StatusCode::kFailedPrecondition, "INQUIRY_NOT_ENDED",
     "inquiry"},
    {Rejection::kInquiryNotAssigned, StatusCode::kFailedPrecondition, "INQUIRY_NOT_ASSIGNED",
     "inquiry"},
    {Rejection::kInquiryNotParked, StatusCode::kFailedPrecondition, "INQUIRY_NOT_PARKED",
     "inquiry"},
    {Rejection::kChannelNotMessaging, StatusCode::kFailedPrecondition, "CHANNEL_NOT_MESSAGING",
     "inquiry"},
    {Rejection::kNotAssignee, StatusCode::kFailedPrecondition, "NOT_ASSIGNEE", "inquiry"},
    {Rejection::kOfferNotYours, StatusCode::kFailedPrecondition, "OFFER_NOT_YOURS", "offer"},
    {Rejection::kOfferEnded, StatusCode::kFailedPrecondition, "OFFER_ENDED", "offer"},
    {Rejection::kOfferTaken, StatusCode::kFailedPrecondition, "OFFER_TAKEN", "offer"},
    {Rejection::kInquiryNotWaiting, StatusCode::kFailedPrecondition, "INQUIRY_NOT_WAITING",
     "inquiry"},
    {Rejection::kClaimNotAllowed, StatusCode::kFailedPrecondition, "CLAIM_NOT_ALLOWED", "queue"},
    {Rejection::kAgentNotSuited, StatusCode::kFailedPrecondition, "AGENT_NOT_SUITED", "mismatch"},
    {Rejection::kGateClosed, StatusCode::kFailedPrecondition, "GATE_CLOSED", "gate"},
    {Rejection::kReopenNotAllowed, StatusCode::kFailedPrecondition, "REOPEN_NOT_ALLOWED",
     "inquiry"},
    {Rejection::kWrapUpLimit, StatusCode::kFailedPrecondition, "WRAP_UP_LIMIT", "queue"},
    {Rejection::kNoWrapUp, StatusCode::kFailedPrecondition, "NO_WRAP_UP", "inquiry"},
    {Rejection::kFeedbackGiven, StatusCode::kFailedPrecondition, "FEEDBACK_GIVEN", "inquiry"},
    {Rejection::kAgentBusy, StatusCode::kFailedPrecondition, "AGENT_BUSY", "agent"},
    {Rejection::kEtagMismatch, StatusCode::kAborted, "ETAG_MISMATCH", "etag"},
    {Rejection::kConfigInvalid, StatusCode::kInvalidArgument, "CONFIG_INVALID"},
    {Rejection::kQueueInUse, StatusCode::kFailedPrecondition, "QUEUE_IN_USE", "queue"},
    {Rejection::kChannelInUse, StatusCode::kFailedPrecondition, "CHANNEL_IN_USE", "channel"},
    {Rejection::kQueueFull, StatusCode::kResourceExhausted, "QUEUE_FULL", "queue", true},
    {Rejection::kTooManyInquiries, StatusCode::kResourceExhausted, "TOO_MANY_INQUIRIES", "", true},
    {Rejection::kTooManyAgents, StatusCode::kResourceExhausted, "TOO_MANY_AGENTS"},
    {Rejection::kTooManySessions, StatusCode::kResourceExhausted, "TOO_MANY_SESSIONS", "", true},
    {Rejection::kTooManyRequirements, StatusCode::kResourceExhausted, "TOO_MANY_REQUIREMENTS", "",
     true},
    {Rejection::kTooManyNames, StatusCode::kResourceExhausted, "TOO_MANY_NAMES"},
    {Rejection::kNobodyLoggedIn, StatusCode::kFailedPrecondition, "NOBODY_LOGGED_IN", "queue"},
    {Rejection::kWaitTooLong, StatusCode::kFailedPrecondition, "WAIT_TOO_LONG", "queue"},
};

bool IsPublished(const std::string& reason) {
  v1::ErrorReason parsed;
  return v1::ErrorReason_Parse("ERROR_REASON_" + reason, &parsed);
}

TEST(RejectionStatus, EachRejectionHasCodeReasonAndMetadata) {
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.reason);
    const absl::Status status = ToStatus(row.rejection, "subject", kNoCommand);
    const auto info = status::GetErrorInfo(status);
    ASSERT_TRUE(info.has_value());
    EXPECT_EQ(status.code(), row.code);
    EXPECT_EQ(info->reason, row.reason);
    EXPECT_TRUE(IsPublished(info->reason));
    EXPECT_EQ(info->retry_after.has_value(), row.retry);
    if (*row.metadata == '\0') {
      EXPECT_TRUE(info->metadata.empty());
    } else {
      EXPECT_EQ(info->metadata.at(row.metadata), "subject");
    }
  }
}

TEST(RejectionStatus, TheTableHasEveryRejectionInOrder) {
  int expected = 0;
  for (const Row& row : kRows) EXPECT_EQ(static_cast<int>(row.rejection), ++expected);
  EXPECT_EQ(expected, static_cast<int>(Rejection::kWaitTooLong));
}

TEST(RejectionStatus, FieldsFollowTheRequest) {
  const auto field = [](Rejection rejection, CommandKind kind, const char* subject = "x") {
    const auto info = status::GetErrorInfo(ToStatus(rejection, subject, kind));
    return info && !info->violations.empty() ? info->violations[0].field : "";
  };
  EXPECT_EQ(field(Rejection::kUnknownQueue, KindOf<engine::Submit>()), "inquiry.queue");
  EXPECT_EQ(field(Rejection::kUnknownQueue, KindOf<engine::Transfer>()), "queue");
  EXPECT_EQ(field(Rejection::kUnknownInquiry, KindOf<engine::Accept>()), "offer_id");
  EXPECT_EQ(field(Rejection::kUnknownInquiry, KindOf<engine::Update>()), "inquiry.id");
  EXPECT_EQ(field(Rejection::kUnknownInquiry, KindOf<engine::Close>()), "inquiry_id");
  EXPECT_EQ(field(Rejection::kInvalidField, KindOf<engine::Submit>(), "units"), "inquiry.units");
  EXPECT_EQ(field(Rejection::kInvalidField, KindOf<engine::Cancel>(), "inquiry_id"), "inquiry_id");
  EXPECT_EQ(field(Rejection::kConfigInvalid, KindOf<engine::ApplyConfig>(), "queues[0].id: twice"),
            "workspace.queues[0].id");
  EXPECT_EQ(field(Rejection::kConfigInvalid, KindOf<engine::UpsertAgents>(), "agents[0].id: twice"),
            "agents[0].id");
}

TEST(RejectionStatus, AnswersOfTheRuntimeSayWhetherToRetry) {
  using runtime::UnavailableReason;
  struct AnswerRow {
    runtime::Answer answer;
    StatusCode code;
    const char* reason;
    bool retry;
  };
  const engine::Span delay = engine::Milliseconds(250);
  const auto unavailable = [&](UnavailableReason reason) {
    return runtime::Unavailable{reason, delay};
  };
  const AnswerRow rows[] = {
      {runtime::NotOwner{"pod-2:7600"}, StatusCode::kUnavailable, "NOT_OWNER", true},
      {runtime::UnknownWorkspace{}, StatusCode::kNotFound, "UNKNOWN_WORKSPACE", false},
      {unavailable(UnavailableReason::kStarting), StatusCode::kUnavailable, "WORKSPACE_LOADING",
       true},
      {unavailable(UnavailableReason::kStore), StatusCode::kUnavailable, "STORE_UNAVAILABLE",
       true},
      {unavailable(UnavailableReason::kLapsed), StatusCode::kUnavailable, "STORE_UNAVAILABLE",
       true},
      {unavailable(UnavailableReason::kNewerFormat), StatusCode::kUnavailable, "NEWER_FORMAT",
       true},
      {unavailable(UnavailableReason::kBroken), StatusCode::kUnavailable, "WORKSPACE_BROKEN",
       true},
      {unavailable(UnavailableReason::kNotReplicated), StatusCode::kUnavailable, "NOT_REPLICATED",
       true},
      {unavailable(UnavailableReason::kShuttingDown), StatusCode::kUnavailable, "SHUTTING_DOWN",
       true},
      {runtime::Overloaded{delay}, StatusCode::kResourceExhausted, "OVERLOADED", true},
      {runtime::ClockNotDriven{}, StatusCode::kFailedPrecondition, "CLOCK_NOT_DRIVEN", false},
      {runtime::DeadlinePassed{}, StatusCode::kDeadlineExceeded, "DEADLINE_PASSED", false},
  };
  for (const AnswerRow& row : rows) {
    SCOPED_TRACE(row.reason);
    const absl::Status status = ToStatus(row.answer, "w");
    const auto info = status::GetErrorInfo(status);
    ASSERT_TRUE(info.has_value());
    EXPECT_EQ(status.code(), row.code);
    EXPECT_EQ(info->reason, row.reason);
    EXPECT_TRUE(IsPublished(info->reason));
    EXPECT_EQ(info->retry_after.has_value(), row.retry);
  }
  const auto owner = status::GetErrorInfo(ToStatus(runtime::NotOwner{"pod-2:7600"}, "w"));
  EXPECT_EQ(owner->metadata.at("owner"), "pod-2:7600");
  EXPECT_TRUE(ToStatus(runtime::Done{}, "w").ok());
}

}  // namespace
}  // namespace firstline::api
