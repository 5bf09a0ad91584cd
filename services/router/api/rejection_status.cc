#include "services/router/api/rejection_status.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "common/status/reason.h"

namespace firstline::api {
namespace {

using absl::StatusCode;
using engine::Rejection;

// Where a retry may help: long enough for some inquiries to end.
constexpr std::chrono::milliseconds kBoundRetry{1000};

struct Published {
  StatusCode code;
  std::string_view message;
  std::string_view key = {};    // of the metadata that tells `subject`
  std::string_view field = {};  // usual field of the request
  bool retry = false;
};

Published Publish(Rejection rejection) {
  switch (rejection) {
    case Rejection::kNone:
      break;
    case Rejection::kInvalidField:
      return {StatusCode::kInvalidArgument, "a field is not valid"};
    case Rejection::kWhenOutOfRange:
      return {StatusCode::kInvalidArgument, "`when` is before the creation or too far ahead", "",
              "when"};
    case Rejection::kRequestIdReused:
      return {StatusCode::kAlreadyExists, "the request id was used with other content", "",
              "request_id"};
    case Rejection::kUnknownInquiry:
      return {StatusCode::kNotFound, "no such inquiry", "inquiry", "inquiry_id"};
    case Rejection::kUnknownAgent:
      return {StatusCode::kNotFound, "no such agent", "agent", "agent_id"};
    case Rejection::kUnknownQueue:
      return {StatusCode::kNotFound, "no such queue", "queue", "queue"};
    case Rejection::kUnknownChannel:
      return {StatusCode::kNotFound, "no such channel", "channel", "channel"};
    case Rejection::kUnknownOffer:
      return {StatusCode::kNotFound, "no such offer", "offer", "offer_id"};
    case Rejection::kUnknownReason:
      return {StatusCode::kInvalidArgument, "not one of the workspace's away reasons", "reason",
              "reason"};
    case Rejection::kNotClassified:
      return {StatusCode::kFailedPrecondition, "no queue is named and no rule fits", "inquiry",
              "queue"};
    case Rejection::kInquiryIdReused:
      return {StatusCode::kAlreadyExists, "the inquiry id exists with other content", "inquiry",
              "inquiry_id"};
    case Rejection::kMessageIdReused:
      return {StatusCode::kAlreadyExists, "the message id exists with another author", "message",
              "message_id"};
    case Rejection::kInquiryEnded:
      return {StatusCode::kFailedPrecondition, "the inquiry has ended", "inquiry", "inquiry_id"};
    case Rejection::kInquiryNotEnded:
      return {StatusCode::kFailedPrecondition, "the inquiry has not ended", "inquiry",
              "inquiry_id"};
    case Rejection::kInquiryNotAssigned:
      return {StatusCode::kFailedPrecondition, "no agent has the inquiry", "inquiry",
              "inquiry_id"};
    case Rejection::kInquiryNotParked:
      return {StatusCode::kFailedPrecondition, "the inquiry is not parked", "inquiry",
              "inquiry_id"};
    case Rejection::kChannelNotMessaging:
      return {StatusCode::kFailedPrecondition, "a live conversation cannot be parked", "inquiry",
              "inquiry_id"};
    case Rejection::kNotAssignee:
      return {StatusCode::kFailedPrecondition, "another agent has the inquiry", "inquiry",
              "agent_id"};
    case Rejection::kOfferNotYours:
      return {StatusCode::kFailedPrecondition, "the offer was made to another agent", "offer",
              "agent_id"};
    case Rejection::kOfferEnded:
      return {StatusCode::kFailedPrecondition, "the offer has ended", "offer", "offer_id"};
    case Rejection::kOfferTaken:
      return {StatusCode::kFailedPrecondition, "another agent accepted the offer first", "offer",
              "offer_id"};
    case Rejection::kInquiryNotWaiting:
      return {StatusCode::kFailedPrecondition, "the inquiry does not wait", "inquiry",
              "inquiry_id"};
    case Rejection::kClaimNotAllowed:
      return {StatusCode::kFailedPrecondition, "the queue lets nobody claim", "queue",
              "inquiry_id"};
    case Rejection::kAgentNotSuited:
      return {StatusCode::kFailedPrecondition, "the agent does not suit the inquiry", "mismatch",
              "agent_id"};
    case Rejection::kGateClosed:
      return {StatusCode::kFailedPrecondition, "the agent cannot take it now", "gate", "agent_id"};
    case Rejection::kReopenNotAllowed:
      return {StatusCode::kFailedPrecondition, "the inquiry cannot be opened again", "inquiry",
              "inquiry_id"};
    case Rejection::kWrapUpLimit:
      return {StatusCode::kFailedPrecondition, "the queue lets no wrap-up be that much longer",
              "queue", "by"};
    case Rejection::kNoWrapUp:
      return {StatusCode::kFailedPrecondition, "the agent is not in wrap-up for that inquiry",
              "inquiry", "inquiry_id"};
    case Rejection::kFeedbackGiven:
      return {StatusCode::kFailedPrecondition, "other feedback was recorded before", "inquiry",
              "feedback"};
    case Rejection::kAgentBusy:
      return {StatusCode::kFailedPrecondition, "the agent holds work", "agent", "agent_ids"};
    case Rejection::kEtagMismatch:
      return {StatusCode::kAborted, "the configuration changed since it was read", "etag", "etag"};
    case Rejection::kConfigInvalid:
      return {StatusCode::kInvalidArgument, "the configuration is not consistent"};
    case Rejection::kQueueInUse:
      return {StatusCode::kFailedPrecondition, "the queue is in use", "queue", "workspace.queues"};
    case Rejection::kChannelInUse:
      return {StatusCode::kFailedPrecondition, "the channel is in use", "channel",
              "workspace.channels"};
    case Rejection::kQueueFull:
      return {StatusCode::kResourceExhausted, "the queue is full", "queue", "", true};
    case Rejection::kTooManyInquiries:
      return {StatusCode::kResourceExhausted, "too many open inquiries", "", "", true};
    case Rejection::kTooManyAgents:
      return {StatusCode::kResourceExhausted, "too many agents"};
    case Rejection::kTooManySessions:
      return {StatusCode::kResourceExhausted, "too many sessions of one agent", "", "", true};
    case Rejection::kTooManyRequirements:
      return {StatusCode::kResourceExhausted, "too many distinct requirements", "", "", true};
    case Rejection::kTooManyNames:
      return {StatusCode::kResourceExhausted, "too many distinct names"};
    case Rejection::kNobodyLoggedIn:
      return {StatusCode::kFailedPrecondition, "nobody is logged in who could take it", "queue"};
    case Rejection::kWaitTooLong:
      return {StatusCode::kFailedPrecondition, "it would have to wait longer than its queue allows",
              "queue"};
  }
  return {StatusCode::kInternal, "a rejection without a reason"};
}

// Fields that are not where most requests have them.
std::string FieldOf(Rejection rejection, std::string_view usual, std::string_view subject,
                    CommandKind kind) {
  const bool submit = kind == KindOf<engine::Submit>();
  const bool offer = kind == KindOf<engine::Accept>() || kind == KindOf<engine::Decline>();
  switch (rejection) {
    case Rejection::kInvalidField:
      return submit ? absl::StrCat("inquiry.", std::string(subject)) : std::string(subject);
    case Rejection::kConfigInvalid: {
      const std::string path(subject.substr(0, subject.find(": ")));
      return kind == KindOf<engine::ApplyConfig>() ? absl::StrCat("workspace.", path) : path;
    }
    case Rejection::kUnknownInquiry:
      if (kind == KindOf<engine::Update>()) return "inquiry.id";
      return offer ? "offer_id" : std::string(usual);
    case Rejection::kInquiryEnded:
      if (kind == KindOf<engine::Update>()) return "inquiry.id";
      return std::string(usual);
    case Rejection::kUnknownAgent:
      if (submit || kind == KindOf<engine::Update>()) return "inquiry";
      if (kind == KindOf<engine::Transfer>()) return "preferred_agent";
      return kind == KindOf<engine::DeleteAgents>() ? "agent_ids" : std::string(usual);
    case Rejection::kUnknownQueue:
    case Rejection::kUnknownChannel:
    case Rejection::kNotClassified:
      return submit ? absl::StrCat("inquiry.", std::string(usual)) : std::string(usual);
    case Rejection::kInquiryIdReused:
      return "inquiry.id";
    default:
      return std::string(usual);
  }
}

std::chrono::milliseconds ToDelay(engine::Span span) {
  return std::chrono::milliseconds(std::max<int64_t>(span.us / 1000, 1));
}

absl::Status Unavailable(std::string_view message, std::string_view reason,
                         std::chrono::milliseconds retry_after) {
  return status::Error(StatusCode::kUnavailable, message,
                       {.reason = std::string(reason), .retry_after = retry_after});
}

absl::Status FromUnavailable(const runtime::Unavailable& answer) {
  using Reason = runtime::UnavailableReason;
  const std::chrono::milliseconds delay = ToDelay(answer.retry_after);
  switch (answer.reason) {
    case Reason::kStarting:
      return Unavailable("the workspace is being taken over", "WORKSPACE_LOADING", delay);
    case Reason::kStore:
      return Unavailable("the store takes nothing now", "STORE_UNAVAILABLE", delay);
    case Reason::kLapsed:
      return Unavailable("ownership lapsed before the commit was confirmed: repeat the call",
                         "STORE_UNAVAILABLE", delay);
    case Reason::kNewerFormat:
      return Unavailable("the workspace was written by a newer version", "NEWER_FORMAT",
                         delay);
    case Reason::kBroken:
      return Unavailable("the workspace cannot be opened", "WORKSPACE_BROKEN", delay);
    case Reason::kShuttingDown:
      return Unavailable("the pod is going away", "SHUTTING_DOWN", delay);
    case Reason::kNotReplicated:
      return Unavailable("applied, but not yet on enough replicas: repeat the call for its outcome",
                         "NOT_REPLICATED", delay);
  }
  return absl::InternalError("an unavailability without a reason");
}

struct AnswerToStatus {
  std::string_view workspace;
  CommandKind kind;

  absl::Status operator()(const runtime::Done& done) const {
    if (done.outcome.ok()) return absl::OkStatus();
    return api::ToStatus(done.outcome.rejection, done.outcome.subject, kind);
  }
  absl::Status operator()(const runtime::NotOwner& answer) const {
    status::ErrorInfo info{.reason = "NOT_OWNER", .retry_after = std::chrono::milliseconds(100)};
    if (!answer.address.empty()) info.metadata["owner"] = answer.address;
    return status::Error(StatusCode::kUnavailable, "another pod owns the workspace",
                         std::move(info));
  }
  absl::Status operator()(const runtime::UnknownWorkspace&) const {
    return status::Error(StatusCode::kNotFound, "no such workspace",
                         {.reason = "UNKNOWN_WORKSPACE",
                          .metadata = {{"workspace", std::string(workspace)}},
                          .violations = {{"workspace", "does not exist"}}});
  }
  absl::Status operator()(const runtime::Unavailable& answer) const {
    return FromUnavailable(answer);
  }
  absl::Status operator()(const runtime::Overloaded& answer) const {
    return status::Error(
        StatusCode::kResourceExhausted, "the owner is behind",
        {.reason = "OVERLOADED", .retry_after = ToDelay(answer.retry_after)});
  }
  absl::Status operator()(const runtime::ClockNotDriven&) const {
    return status::Error(StatusCode::kFailedPrecondition, "the router's clock is not driven",
                         {.reason = "CLOCK_NOT_DRIVEN"});
  }
  absl::Status operator()(const runtime::DeadlinePassed&) const {
    return status::Error(StatusCode::kDeadlineExceeded, "not begun before the caller's deadline",
                         {.reason = "DEADLINE_PASSED"});
  }
};

}  // namespace

absl::Status ToStatus(Rejection rejection, std::string_view subject, CommandKind kind) {
  const Published published = Publish(rejection);
  if (published.code == StatusCode::kInternal) return absl::InternalError("unknown rejection");
  const std::string field = FieldOf(rejection, published.field, subject, kind);
  status::ErrorInfo info{.reason = std::string(ToString(rejection))};
  if (!published.key.empty()) {
    info.metadata[std::string(published.key)] = std::string(subject);
  }
  if (!field.empty()) info.violations.push_back({field, std::string(published.message)});
  if (published.retry) info.retry_after = kBoundRetry;
  std::string message(published.message);
  if (!subject.empty()) absl::StrAppend(&message, ": ", std::string(subject));
  return status::Error(published.code, message, std::move(info));
}

absl::Status ToStatus(const runtime::Answer& answer, std::string_view workspace,
                      CommandKind kind) {
  return std::visit(AnswerToStatus{workspace, kind}, answer);
}

absl::Status ShuttingDown() {
  return FromUnavailable({runtime::UnavailableReason::kShuttingDown, engine::Milliseconds(100)});
}

}  // namespace firstline::api
