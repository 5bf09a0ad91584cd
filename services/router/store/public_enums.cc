#include "services/router/store/public_enums.h"

#include <utility>

namespace firstline::store {
namespace {

template <class Engine, class Proto>
using Pair = std::pair<Engine, Proto>;

constexpr Pair<engine::AgentKind, v1::AgentKind> kAgentKindPairs[] = {
    {engine::AgentKind::kPerson, v1::AGENT_KIND_PERSON},
    {engine::AgentKind::kBot, v1::AGENT_KIND_BOT},
};

constexpr Pair<engine::AssignCause, v1::AssignmentCause> kAssignCausePairs[] = {
    {engine::AssignCause::kOffer, v1::ASSIGNMENT_CAUSE_OFFER},
    {engine::AssignCause::kAutomatic, v1::ASSIGNMENT_CAUSE_AUTOMATIC},
    {engine::AssignCause::kClaimed, v1::ASSIGNMENT_CAUSE_CLAIMED},
    {engine::AssignCause::kDirected, v1::ASSIGNMENT_CAUSE_DIRECTED},
};

constexpr Pair<engine::ClassifierTurn, v1::ClassifierTurn> kClassifierTurnPairs[] = {
    {engine::ClassifierTurn::kBeforeRules, v1::CLASSIFIER_TURN_BEFORE_RULES},
    {engine::ClassifierTurn::kAfterRules, v1::CLASSIFIER_TURN_AFTER_RULES},
};
constexpr Pair<engine::ClassifierOutcome, v1::ClassifierOutcome> kClassifierOutcomePairs[] = {
    {engine::ClassifierOutcome::kVerdict, v1::CLASSIFIER_OUTCOME_VERDICT},
    {engine::ClassifierOutcome::kNoVerdict, v1::CLASSIFIER_OUTCOME_NO_VERDICT},
    {engine::ClassifierOutcome::kOutOfBounds, v1::CLASSIFIER_OUTCOME_OUT_OF_BOUNDS},
    {engine::ClassifierOutcome::kUnknownQueue, v1::CLASSIFIER_OUTCOME_UNKNOWN_QUEUE},
    {engine::ClassifierOutcome::kUnknownSkill, v1::CLASSIFIER_OUTCOME_UNKNOWN_SKILL},
    {engine::ClassifierOutcome::kDeadline, v1::CLASSIFIER_OUTCOME_DEADLINE},
    {engine::ClassifierOutcome::kUnavailable, v1::CLASSIFIER_OUTCOME_UNAVAILABLE},
    {engine::ClassifierOutcome::kBreakerOpen, v1::CLASSIFIER_OUTCOME_BREAKER_OPEN},
    {engine::ClassifierOutcome::kBusy, v1::CLASSIFIER_OUTCOME_BUSY},
    {engine::ClassifierOutcome::kUnknownClassifier, v1::CLASSIFIER_OUTCOME_UNKNOWN_CLASSIFIER},
    {engine::ClassifierOutcome::kNotAsked, v1::CLASSIFIER_OUTCOME_NOT_ASKED},
};
constexpr Pair<engine::WaitQuantile, v1::WaitQuantile> kWaitQuantilePairs[] = {
    {engine::WaitQuantile::kP50, v1::WAIT_QUANTILE_P50},
    {engine::WaitQuantile::kP90, v1::WAIT_QUANTILE_P90},
};
constexpr Pair<engine::LostAgent, v1::LostAgentPolicy> kLostAgentPairs[] = {
    {engine::LostAgent::kKeep, v1::LOST_AGENT_POLICY_KEEP},
    {engine::LostAgent::kRequeue, v1::LOST_AGENT_POLICY_REQUEUE},
    {engine::LostAgent::kClose, v1::LOST_AGENT_POLICY_CLOSE},
};

constexpr Pair<engine::Override, v1::AssignmentOverride> kOverridePairs[] = {
    {engine::Override::kRequirement, v1::ASSIGNMENT_OVERRIDE_REQUIREMENT},
    {engine::Override::kPresence, v1::ASSIGNMENT_OVERRIDE_PRESENCE},
    {engine::Override::kBackOff, v1::ASSIGNMENT_OVERRIDE_BACK_OFF},
    {engine::Override::kRateLimit, v1::ASSIGNMENT_OVERRIDE_RATE_LIMIT},
    {engine::Override::kReserved, v1::ASSIGNMENT_OVERRIDE_RESERVED},
    {engine::Override::kWrapUp, v1::ASSIGNMENT_OVERRIDE_WRAP_UP},
    {engine::Override::kExclusion, v1::ASSIGNMENT_OVERRIDE_EXCLUSION},
    {engine::Override::kCapacity, v1::ASSIGNMENT_OVERRIDE_CAPACITY},
};

constexpr Pair<engine::Author, v1::Author> kAuthorPairs[] = {
    {engine::Author::kCustomer, v1::AUTHOR_CUSTOMER},
    {engine::Author::kAgent, v1::AUTHOR_AGENT},
    {engine::Author::kBot, v1::AUTHOR_BOT},
};

constexpr Pair<engine::CancelReason, v1::CancelReason> kCancelReasonPairs[] = {
    {engine::CancelReason::kAbandoned, v1::CANCEL_REASON_ABANDONED},
    {engine::CancelReason::kWithdrawn, v1::CANCEL_REASON_WITHDRAWN},
    {engine::CancelReason::kDuplicate, v1::CANCEL_REASON_DUPLICATE},
    {engine::CancelReason::kOther, v1::CANCEL_REASON_OTHER},
    {engine::CancelReason::kRouteEnded, v1::CANCEL_REASON_ROUTE_ENDED},
};

constexpr Pair<engine::ChannelKind, v1::ChannelKind> kChannelKindPairs[] = {
    {engine::ChannelKind::kLive, v1::CHANNEL_KIND_LIVE},
    {engine::ChannelKind::kMessaging, v1::CHANNEL_KIND_MESSAGING},
};

constexpr Pair<engine::Comparison, v1::Comparison> kComparisonPairs[] = {
    {engine::Comparison::kEqual, v1::COMPARISON_EQUAL},
    {engine::Comparison::kNotEqual, v1::COMPARISON_NOT_EQUAL},
    {engine::Comparison::kIn, v1::COMPARISON_IN},
    {engine::Comparison::kLess, v1::COMPARISON_LESS},
    {engine::Comparison::kLessOrEqual, v1::COMPARISON_LESS_OR_EQUAL},
    {engine::Comparison::kGreater, v1::COMPARISON_GREATER},
    {engine::Comparison::kGreaterOrEqual, v1::COMPARISON_GREATER_OR_EQUAL},
};

constexpr Pair<engine::Criterion, v1::Criterion> kCriterionPairs[] = {
    {engine::Criterion::kPreferred, v1::CRITERION_PREFERRED},
    {engine::Criterion::kLanguageLevel, v1::CRITERION_LANGUAGE_LEVEL},
    {engine::Criterion::kSkillLevel, v1::CRITERION_SKILL_LEVEL},
    {engine::Criterion::kFewestSkills, v1::CRITERION_FEWEST_SKILLS},
    {engine::Criterion::kTier, v1::CRITERION_TIER},
    {engine::Criterion::kLoad, v1::CRITERION_LOAD},
    {engine::Criterion::kIdleTime, v1::CRITERION_IDLE_TIME},
    {engine::Criterion::kRoundRobin, v1::CRITERION_ROUND_ROBIN},
    {engine::Criterion::kPosition, v1::CRITERION_POSITION},
    {engine::Criterion::kFewestHandled, v1::CRITERION_FEWEST_HANDLED},
    {engine::Criterion::kLeastHandleTime, v1::CRITERION_LEAST_HANDLE_TIME},
    {engine::Criterion::kRandom, v1::CRITERION_RANDOM},
    {engine::Criterion::kScore, v1::CRITERION_SCORE},
};

constexpr Pair<engine::EnqueueCause, v1::EnqueueCause> kEnqueueCausePairs[] = {
    {engine::EnqueueCause::kSubmitted, v1::ENQUEUE_CAUSE_SUBMITTED},
    {engine::EnqueueCause::kTransferred, v1::ENQUEUE_CAUSE_TRANSFERRED},
    {engine::EnqueueCause::kOverflowed, v1::ENQUEUE_CAUSE_OVERFLOWED},
    {engine::EnqueueCause::kDeclined, v1::ENQUEUE_CAUSE_DECLINED},
    {engine::EnqueueCause::kExpired, v1::ENQUEUE_CAUSE_EXPIRED},
    {engine::EnqueueCause::kFirstReplyTimeout, v1::ENQUEUE_CAUSE_FIRST_REPLY_TIMEOUT},
    {engine::EnqueueCause::kAgentLost, v1::ENQUEUE_CAUSE_AGENT_LOST},
    {engine::EnqueueCause::kResumed, v1::ENQUEUE_CAUSE_RESUMED},
    {engine::EnqueueCause::kUpdated, v1::ENQUEUE_CAUSE_UPDATED},
    {engine::EnqueueCause::kDirected, v1::ENQUEUE_CAUSE_DIRECTED},
    {engine::EnqueueCause::kReopened, v1::ENQUEUE_CAUSE_REOPENED},
};

constexpr Pair<engine::InquiryState, v1::InquiryState> kInquiryStatePairs[] = {
    {engine::InquiryState::kWaiting, v1::INQUIRY_STATE_WAITING},
    {engine::InquiryState::kOffered, v1::INQUIRY_STATE_OFFERED},
    {engine::InquiryState::kAssigned, v1::INQUIRY_STATE_ASSIGNED},
    {engine::InquiryState::kParked, v1::INQUIRY_STATE_PARKED},
    {engine::InquiryState::kClosed, v1::INQUIRY_STATE_CLOSED},
    {engine::InquiryState::kCancelled, v1::INQUIRY_STATE_CANCELLED},
};

constexpr Pair<engine::OfferOutcome, v1::OfferOutcome> kOfferOutcomePairs[] = {
    {engine::OfferOutcome::kAccepted, v1::OFFER_OUTCOME_ACCEPTED},
    {engine::OfferOutcome::kDeclined, v1::OFFER_OUTCOME_DECLINED},
    {engine::OfferOutcome::kExpired, v1::OFFER_OUTCOME_EXPIRED},
    {engine::OfferOutcome::kRescinded, v1::OFFER_OUTCOME_RESCINDED},
    {engine::OfferOutcome::kAgentLost, v1::OFFER_OUTCOME_AGENT_LOST},
    {engine::OfferOutcome::kTaken, v1::OFFER_OUTCOME_TAKEN},
};

constexpr Pair<engine::Presence, v1::Presence> kPresencePairs[] = {
    {engine::Presence::kOffline, v1::PRESENCE_OFFLINE},
    {engine::Presence::kAvailable, v1::PRESENCE_AVAILABLE},
    {engine::Presence::kAway, v1::PRESENCE_AWAY},
    {engine::Presence::kDraining, v1::PRESENCE_DRAINING},
};

constexpr Pair<engine::QueueKind, v1::QueueKind> kQueueKindPairs[] = {
    {engine::QueueKind::kHuman, v1::QUEUE_KIND_HUMAN},
    {engine::QueueKind::kBot, v1::QUEUE_KIND_BOT},
};

constexpr Pair<engine::Resolution, v1::Resolution> kResolutionPairs[] = {
    {engine::Resolution::kResolved, v1::RESOLUTION_RESOLVED},
    {engine::Resolution::kUnresolved, v1::RESOLUTION_UNRESOLVED},
    {engine::Resolution::kSpam, v1::RESOLUTION_SPAM},
    {engine::Resolution::kNoReplyNeeded, v1::RESOLUTION_NO_REPLY_NEEDED},
    {engine::Resolution::kOther, v1::RESOLUTION_OTHER},
};

constexpr Pair<engine::Serving, v1::Serving> kServingPairs[] = {
    {engine::Serving::kFifo, v1::SERVING_FIFO},
    {engine::Serving::kCredit, v1::SERVING_CREDIT},
    {engine::Serving::kStrict, v1::SERVING_STRICT},
    {engine::Serving::kDeadline, v1::SERVING_DEADLINE},
    {engine::Serving::kLifo, v1::SERVING_LIFO},
};

constexpr Pair<engine::SessionEnd, v1::SessionCloseCause> kSessionEndPairs[] = {
    {engine::SessionEnd::kClosed, v1::SESSION_CLOSE_CAUSE_GOODBYE},
    {engine::SessionEnd::kLapsed, v1::SESSION_CLOSE_CAUSE_LAPSED},
};

// An engine value that is missing above is a bug that tests/store/public_enums_test.cc finds.
template <class Engine, class Proto, size_t kSize>
Proto Find(const Pair<Engine, Proto> (&pairs)[kSize], Engine value) {
  for (const auto& [engine_value, proto_value] : pairs) {
    if (engine_value == value) return proto_value;
  }
  return Proto{};
}

template <class Engine, class Proto, size_t kSize>
std::optional<Engine> FindBack(const Pair<Engine, Proto> (&pairs)[kSize], Proto value) {
  for (const auto& [engine_value, proto_value] : pairs) {
    if (proto_value == value) return engine_value;
  }
  return std::nullopt;
}

}  // namespace

v1::AgentKind ToProto(engine::AgentKind value) { return Find(kAgentKindPairs, value); }
v1::AssignmentCause ToProto(engine::AssignCause value) { return Find(kAssignCausePairs, value); }
v1::AssignmentOverride ToProto(engine::Override value) { return Find(kOverridePairs, value); }
v1::ClassifierTurn ToProto(engine::ClassifierTurn value) {
  return Find(kClassifierTurnPairs, value);
}
v1::ClassifierOutcome ToProto(engine::ClassifierOutcome value) {
  return Find(kClassifierOutcomePairs, value);
}
v1::WaitQuantile ToProto(engine::WaitQuantile value) { return Find(kWaitQuantilePairs, value); }
v1::LostAgentPolicy ToProto(engine::LostAgent value) { return Find(kLostAgentPairs, value); }
v1::Author ToProto(engine::Author value) { return Find(kAuthorPairs, value); }
v1::CancelReason ToProto(engine::CancelReason value) { return Find(kCancelReasonPairs, value); }
v1::ChannelKind ToProto(engine::ChannelKind value) { return Find(kChannelKindPairs, value); }
v1::Comparison ToProto(engine::Comparison value) { return Find(kComparisonPairs, value); }
v1::Criterion ToProto(engine::Criterion value) { return Find(kCriterionPairs, value); }
v1::EnqueueCause ToProto(engine::EnqueueCause value) { return Find(kEnqueueCausePairs, value); }
v1::InquiryState ToProto(engine::InquiryState value) { return Find(kInquiryStatePairs, value); }
v1::OfferOutcome ToProto(engine::OfferOutcome value) { return Find(kOfferOutcomePairs, value); }
v1::Presence ToProto(engine::Presence value) { return Find(kPresencePairs, value); }
v1::QueueKind ToProto(engine::QueueKind value) { return Find(kQueueKindPairs, value); }
v1::Resolution ToProto(engine::Resolution value) { return Find(kResolutionPairs, value); }
v1::Serving ToProto(engine::Serving value) { return Find(kServingPairs, value); }
v1::SessionCloseCause ToProto(engine::SessionEnd value) { return Find(kSessionEndPairs, value); }

std::optional<engine::AgentKind> FromProto(v1::AgentKind value) {
  return FindBack(kAgentKindPairs, value);
}
std::optional<engine::AssignCause> FromProto(v1::AssignmentCause value) {
  return FindBack(kAssignCausePairs, value);
}
std::optional<engine::Override> FromProto(v1::AssignmentOverride value) {
  return FindBack(kOverridePairs, value);
}
std::optional<engine::ClassifierTurn> FromProto(v1::ClassifierTurn value) {
  return FindBack(kClassifierTurnPairs, value);
}
std::optional<engine::ClassifierOutcome> FromProto(v1::ClassifierOutcome value) {
  return FindBack(kClassifierOutcomePairs, value);
}
std::optional<engine::WaitQuantile> FromProto(v1::WaitQuantile value) {
  return FindBack(kWaitQuantilePairs, value);
}
std::optional<engine::LostAgent> FromProto(v1::LostAgentPolicy value) {
  return FindBack(kLostAgentPairs, value);
}
std::optional<engine::Author> FromProto(v1::Author value) { return FindBack(kAuthorPairs, value); }
std::optional<engine::CancelReason> FromProto(v1::CancelReason value) {
  return FindBack(kCancelReasonPairs, value);
}
std::optional<engine::ChannelKind> FromProto(v1::ChannelKind value) {
  return FindBack(kChannelKindPairs, value);
}
std::optional<engine::Comparison> FromProto(v1::Comparison value) {
  return FindBack(kComparisonPairs, value);
}
std::optional<engine::Criterion> FromProto(v1::Criterion value) {
  return FindBack(kCriterionPairs, value);
}
std::optional<engine::EnqueueCause> FromProto(v1::EnqueueCause value) {
  return FindBack(kEnqueueCausePairs, value);
}
std::optional<engine::InquiryState> FromProto(v1::InquiryState value) {
  return FindBack(kInquiryStatePairs, value);
}
std::optional<engine::OfferOutcome> FromProto(v1::OfferOutcome value) {
  return FindBack(kOfferOutcomePairs, value);
}
std::optional<engine::Presence> FromProto(v1::Presence value) {
  return FindBack(kPresencePairs, value);
}
std::optional<engine::QueueKind> FromProto(v1::QueueKind value) {
  return FindBack(kQueueKindPairs, value);
}
std::optional<engine::Resolution> FromProto(v1::Resolution value) {
  return FindBack(kResolutionPairs, value);
}
std::optional<engine::Serving> FromProto(v1::Serving value) {
  return FindBack(kServingPairs, value);
}
std::optional<engine::SessionEnd> FromProto(v1::SessionCloseCause value) {
  return FindBack(kSessionEndPairs, value);
}

}  // namespace firstline::store
