// What happened, in order. Small values with handles: resolve them through the engine before the next
// Apply or Tick (store/event_codec.h does). Immutable facts of an inquiry (attributes, requirement)
// are read from the engine; what changes within a command is in the event.
//
// Together they tell the whole public state: folding a workspace's events gives it back.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "services/router/engine/advice.h"
#include "services/router/engine/caller.h"
#include "services/router/engine/rare.h"
#include "services/router/engine/requirement.h"
#include "services/router/engine/types.h"

namespace firstline::engine {

struct WorkspaceApplied { uint64_t version; };
struct AgentUpserted { AgentIx agent; };
struct AgentDeleted { std::string agent_id; };
struct OwnerChanged { uint64_t epoch; std::string address, previous_event; bool lost_tail; };
struct DeadlinesExtended { Span span; };
struct RecordQuarantined { std::string table, key, problem; };

// A rule that did not fit: by the channel (no key) or by the first condition that failed.
struct RuleMiss { std::string rule, key; };
// The rule that chose its queue (empty: the classifier did), and the first rules before that.
struct RuleHit { std::string rule; std::vector<RuleMiss> passed_over; };
// hit: unset where no rule was looked at. classifier: unset where it was not its turn.
struct InquirySubmitted { InquiryIx inquiry; Rare<RuleHit> hit; Rare<ClassifierTrace> classifier = {}; };
struct InquiryUpdated { InquiryIx inquiry; };
struct InquiryEnqueued { InquiryIx inquiry; QueueIx queue; EnqueueCause cause; };
struct StepReached { InquiryIx inquiry; QueueIx queue; uint8_t step; };
struct HoldEnded { InquiryIx inquiry; QueueIx queue; };  // no longer held for the preferred agent
// The agent takes nothing but the inquiry until there is room for it, or (not reserved) does again.
struct ReservationChanged { InquiryIx inquiry; QueueIx queue; AgentIx agent; bool reserved; };
struct OfferCreated { InquiryIx inquiry; QueueIx queue; AgentIx agent; uint32_t number; Time expire; uint16_t units; };
struct OfferEnded { InquiryIx inquiry; QueueIx queue; AgentIx agent; uint32_t number; OfferOutcome outcome; };
// wait: since the present queue was entered. first: the first assignment since then, the one that
// counts as the answer. automatic: auto_accept, without an offer.
struct InquiryAssigned { InquiryIx inquiry; QueueIx queue; AgentIx agent; uint32_t number; Span wait; bool first; bool automatic; uint16_t units; AssignCause cause = AssignCause::kOffer; };
struct FirstReplyWarned { InquiryIx inquiry; QueueIx queue; AgentIx agent; };
struct FirstReplyTimedOut { InquiryIx inquiry; QueueIx queue; AgentIx agent; };
// response: now - oldest unanswered customer message; -1 us when there was none.
struct MessageRecorded { InquiryIx inquiry; QueueIx queue; AgentIx agent; Author author; std::string message_id; Time when; Span response; };
// One a kind of responder and inquiry. Spans are -1 us where the start never happened.
struct FirstResponded { InquiryIx inquiry; QueueIx queue; AgentIx agent; bool by_bot; Span from_create, from_human_queue, from_assign; };
struct InquiryParked { InquiryIx inquiry; QueueIx queue; AgentIx agent; };
struct InquiryResumed { InquiryIx inquiry; QueueIx queue; AgentIx agent; bool to_agent; };  // else queued
struct InquiryTransferred { InquiryIx inquiry; QueueIx from, to; AgentIx agent; Span handle; };
struct InquiryClosed { InquiryIx inquiry; QueueIx queue; AgentIx agent; Resolution resolution; Span handle; bool answered; };
struct InquiryCancelled { InquiryIx inquiry; QueueIx queue; AgentIx agent; CancelReason reason; Span wait; Span handle; bool was_waiting; bool is_short; bool answered; };
// Somebody gives it to the agent; the offer or the assignment follows.
struct InquiryDirected { InquiryIx inquiry; QueueIx queue; AgentIx agent; bool with_offer; std::vector<Override> overrides; std::string reason; };
// agent: who had it last. closed: for how long.
struct InquiryReopened { InquiryIx inquiry; QueueIx queue; AgentIx agent; Span closed; };
struct InquiryPurged { std::string inquiry_id; };
struct FeedbackRecorded { InquiryIx inquiry; QueueIx queue; AgentIx agent; uint8_t csat; int8_t resolved; };

struct PresenceChanged { AgentIx agent; Presence presence; std::string reason; };
struct SessionOpened { AgentIx agent; std::string session_id; };
struct SessionEnded { AgentIx agent; std::string session_id; SessionEnd cause; };
// queue: the one it closes; unset: all.
struct BackOffStarted { AgentIx agent; Time until; uint16_t misses; QueueIx queue = {}; };
struct BackOffEnded { AgentIx agent; QueueIx queue = {}; };
struct WrapUpStarted { AgentIx agent; QueueIx queue; std::string inquiry_id; Time until; uint16_t units; };
struct WrapUpExtended { AgentIx agent; QueueIx queue; std::string inquiry_id; Time until; Span by; };
struct WrapUpFinished { AgentIx agent; QueueIx queue; std::string inquiry_id; Span duration; bool early; };

using EventBody =
    std::variant<WorkspaceApplied, AgentUpserted, AgentDeleted, OwnerChanged, DeadlinesExtended,
                 RecordQuarantined, InquirySubmitted, InquiryUpdated, InquiryEnqueued, StepReached,
                 HoldEnded, ReservationChanged, OfferCreated, OfferEnded, InquiryAssigned,
                 FirstReplyWarned, FirstReplyTimedOut, MessageRecorded, FirstResponded,
                 InquiryParked, InquiryResumed,
                 InquiryTransferred, InquiryClosed, InquiryCancelled, InquiryPurged,
                 FeedbackRecorded, PresenceChanged, SessionOpened, SessionEnded, BackOffStarted,
                 BackOffEnded, WrapUpStarted, WrapUpFinished, WrapUpExtended, InquiryDirected,
                 InquiryReopened>;

struct Event {
  Event() = default;
  // Of one kind of body, which is built in its place, or of an EventBody: moving that asks what it
  // holds.
  template <class Body>
  Event(Time at, Body what, CallerRef by = nullptr)
      : time(at), body(std::move(what)), caller(std::move(by)) {}

  Time time;
  EventBody body;
  CallerRef caller = nullptr;  // of the command that led to it; null: time did, or nobody is known
};

}  // namespace firstline::engine
