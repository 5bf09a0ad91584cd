// Why a command was not applied. One enumeration, in the order in which the checks run; the API maps
// each to a canonical code and a published reason by one exhaustive switch.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "services/router/engine/types.h"

namespace firstline::engine {

enum class Rejection : uint8_t {
  kNone,
  // Form: the command can never succeed as it is.
  kInvalidField,       // out of range, too long, empty, malformed; `subject` names the field
  kWhenOutOfRange,     // `when` before the inquiry's creation or too far ahead
  kRequestIdReused,    // the request id was used with other content
  // Things named that do not exist.
  kUnknownInquiry,
  kUnknownAgent,
  kUnknownQueue,
  kUnknownChannel,
  kUnknownOffer,
  kUnknownReason,      // away reason not in the configured list
  kNotClassified,      // no queue is named and no rule fits
  // Identity.
  kInquiryIdReused,    // the inquiry id exists with other content
  kMessageIdReused,    // the message id exists with another author
  // State.
  kInquiryEnded,       // closed or cancelled
  kInquiryNotEnded,    // feedback needs a closed inquiry
  kInquiryNotAssigned, // message by agent, park, close by agent need an assignment
  kInquiryNotParked,
  kChannelNotMessaging,  // live conversations cannot be parked
  kNotAssignee,        // another agent holds the inquiry
  kOfferNotYours,      // the offer was made to another agent
  kOfferEnded,         // declined, expired, rescinded or superseded
  kOfferTaken,         // another agent accepted it first
  kInquiryNotWaiting,  // claimed, but offered to or held by others
  kClaimNotAllowed,    // the queue's agents may not claim
  kAgentNotSuited,     // `subject` names what the inquiry asks and the agent lacks
  kGateClosed,         // `subject` names the gate that keeps the agent from it
  kReopenNotAllowed,   // not closed, too long ago, or the queue reopens nothing
  kWrapUpLimit,        // extended by more than the queue allows
  kNoWrapUp,
  kFeedbackGiven,      // feedback with other content was recorded before
  kAgentBusy,          // delete without force while holding work
  // Configuration.
  kEtagMismatch,
  kConfigInvalid,      // `subject` holds path and problem
  kQueueInUse,         // removed queue still has open inquiries
  kChannelInUse,
  // Bounds: may succeed later.
  kQueueFull,
  kTooManyInquiries,
  kTooManyAgents,
  kTooManySessions,
  kTooManyRequirements,
  kTooManyNames,
  kNobodyLoggedIn,     // the queue refuses what nobody logged in could take
  kWaitTooLong,        // the queue refuses what would have to wait so long
};
std::string_view ToString(Rejection rejection);  // "kQueueFull" -> "QUEUE_FULL"

// What an applied command did, short enough to be remembered for repeats.
struct Receipt {
  Time apply_time;
  InquiryState state = InquiryState::kWaiting;  // of the inquiry named, after the command
  std::string agent_id;                         // who is offered or holds it; may be empty
  uint32_t offer_number = 0;                    // of the last offer; 0: none yet
  bool replayed = false;                        // a repeat: nothing was done now
  friend bool operator==(const Receipt&, const Receipt&) = default;
};

struct Outcome {
  Rejection rejection = Rejection::kNone;
  std::string subject;  // of a rejection: the field, id or problem; for people and error metadata
  Receipt receipt;
  bool ok() const { return rejection == Rejection::kNone; }
};

}  // namespace firstline::engine
