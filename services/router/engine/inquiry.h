// An inquiry: the record that is stored, and everything the engine derives its indexes from.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "services/router/engine/command.h"
#include "services/router/engine/limits.h"
#include "services/router/engine/rare.h"
#include "services/router/engine/types.h"

namespace firstline::engine {

// An agent who is not to be offered this inquiry before `until` (kNever: not at all).
struct Exception {
  AgentIx agent;
  Time until = kNever;
  bool named_by_caller = false;
  bool last = false;  // declined: from `until` on, then unset, asked when nobody else can take it
};

// An agent who was asked beside `offer_agent`.
struct AlsoAsked {
  AgentIx agent;
  bool open = true;  // may still accept
  OfferOutcome outcome = OfferOutcome::kRescinded;  // once it is not
};

struct Inquiry {
  std::string id;
  std::string customer;    // opaque reference of the platform
  std::string attributes;  // packed, see PackAttributes
  RequirementIx asked;     // as asked merged with its queue's; holds channel and units
  RequirementIx own;       // as asked by the caller alone, kept for transfers and reads
  ChannelIx channel;
  QueueIx queue;
  InquiryState state = InquiryState::kWaiting;
  AgentIx reserved;        // who takes nothing else until there is room for it; while it waits
  uint16_t overtakes = 0;  // offers that passed it over for want of room, in the present queue
  uint16_t units = 1;      // what it costs an agent; fixed at Submit
  uint8_t priority = 0;
  uint8_t step = 0;        // index into the queue's route: 0 = as asked, k = after steps[k-1]
  bool held = false;       // waits for preferred[0] alone (preferred_hold)
  bool replied = false;    // its agent has replied since the assignment (live: accepted)
  bool warned = false;     // first-reply warning given for this assignment
  bool step_due = false;   // the time of its next step has come, but not yet its condition
  bool answered_here = false;  // was assigned since it entered the present queue

  // Clocks. Receive times at the owner; unset: has not happened.
  Time create_time;        // the first Submit was applied
  Time create_when;        // the caller's `when`, kept beside
  Time arrival_time;       // its age in the serving order: creation, or that of the place it kept
  Time human_queue_time;   // first entered a human queue
  Time enqueue_time;       // entered the present queue: steps and waits count from here
  Time offer_time;
  Time assign_time;        // present or last assignment
  Time first_response_time;
  Time bot_response_time;
  Time unanswered_since;   // oldest customer message no agent or bot has replied to
  Time park_time;
  Time end_time;
  Span parked_total;       // not handle time
  Time deadline = kNever;  // of the present state: next step, offer, first reply, purge

  // What was expected of its wait when it was submitted, in ms; 0: nothing, or it is over. Not stored:
  // after a take-over the next ones are foretold.
  uint32_t expected_p50_ms = 0, expected_p90_ms = 0;

  uint64_t sequence = 0;   // arrival order, workspace-wide; final tie-break of serving order
  AgentIx agent;           // offered to (the first who may still accept) / held by; after the end: the last
  uint32_t offer_number = 0;  // of the last offer made
  AgentIx offer_agent;     // of the last offer made, kept for repeats
  OfferOutcome offer_outcome = OfferOutcome::kRescinded;  // of that offer, once it ended
  bool offer_open = false;
  Rare<std::vector<AlsoAsked>> also_asked = {};  // with that offer; kept for repeats
  std::vector<AgentIx> preferred;
  std::vector<Exception> exceptions;

  // Identity of repeats.
  uint64_t digest = 0;     // of the Submit's content
  struct Message {
    uint64_t id_hash = 0;
    Author author = Author::kCustomer;
  };
  std::vector<Message> recent_messages;  // newest last, at most kRecentMessagesMax

  // Outcome.
  CancelReason cancel_reason = CancelReason::kOther;
  Resolution resolution = Resolution::kResolved;
  uint8_t csat = 0;             // 0: no feedback
  int8_t feedback_resolved = -1;  // -1 not said, 0 no, 1 yes
  uint16_t declines = 0, misses = 0, transfers = 0, returns = 0, reopens = 0;
};

// "key\0value\0" pairs, ascending by key: one allocation an inquiry.
std::string PackAttributes(const Attributes& attributes);
Attributes UnpackAttributes(std::string_view packed);

}  // namespace firstline::engine
