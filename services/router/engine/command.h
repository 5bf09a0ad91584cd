// Everything that can be asked of a workspace, as data with names. A command is applied whole or
// rejected whole. Ranges are those of limits.h; `Engine::Apply` checks them again, so that no caller
// can break the engine, but only the API's validation gives field paths.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "services/router/engine/advice.h"
#include "services/router/engine/caller.h"
#include "services/router/engine/config.h"
#include "services/router/engine/types.h"

namespace firstline::engine {

using Attributes = std::vector<std::pair<std::string, std::string>>;  // ascending, unique keys

// ---- Inquiries --------------------------------------------------------------------------------

// Repeating the same content for a known id gives the first outcome; other content is rejected.
struct Submit {
  std::string inquiry_id;
  std::string channel;
  std::string queue;  // empty: the workspace's rules decide
  RequirementSpec requirement;
  int priority = 0;
  int units = 0;  // 0: the channel's
  std::string customer;
  Attributes attributes;
  std::vector<std::string> preferred_agents;
  std::vector<std::string> excluded_agents;
};
// Only what is set changes. A waiting or offered inquiry is queued anew with its age.
struct Update {
  std::string inquiry_id;
  std::optional<int> priority;
  std::optional<RequirementSpec> requirement;
  std::optional<std::string> customer;
  std::optional<Attributes> attributes;
  std::optional<std::vector<std::string>> preferred_agents;
};
struct Cancel {
  std::string inquiry_id;
  CancelReason reason = CancelReason::kOther;
};
struct Transfer {
  std::string inquiry_id;
  std::string queue;  // empty: the same
  std::optional<RequirementSpec> requirement;
  std::string preferred_agent;  // empty: none
  std::string agent_id;         // empty: by the platform; else must hold the inquiry
};
struct RecordMessage {
  std::string inquiry_id;
  std::string message_id;
  Author author = Author::kCustomer;
  std::string agent_id;  // required for kAgent: must hold the inquiry
};
struct Park {
  std::string inquiry_id;
  std::string agent_id;  // as Close::agent_id
};
struct Resume {
  std::string inquiry_id;
  std::string agent_id;  // as Close::agent_id
};
struct Close {
  std::string inquiry_id;
  Resolution resolution = Resolution::kResolved;
  std::string agent_id;  // empty: by the platform; else must hold the inquiry
};
struct RecordFeedback {
  std::string inquiry_id;
  int csat = 0;  // 1..5
  std::optional<bool> resolved;
};

// An agent takes a waiting inquiry itself; one that is offered to it is accepted. Gates apply.
// Repeating it is a success.
struct Claim {
  std::string inquiry_id;
  std::string agent_id;
};
// Gives an open inquiry to an agent, from whoever has it. What stands in the way refuses it, but for
// what `overrides` names. Repeating it is a success.
struct AssignTo {
  std::string inquiry_id;
  std::string agent_id;
  bool with_offer = false;  // the agent may decline
  std::vector<Override> overrides;  // each once
  std::string reason;  // 1..kReasonBytesMax bytes: recorded
};
// Opens a closed inquiry again: it waits for who had it last, or for anybody.
struct Reopen {
  std::string inquiry_id;
  std::string agent_id;  // preferred instead of who had it; empty: that one
};

// ---- Agents -----------------------------------------------------------------------------------

// With a session id, `sequence` must grow within the session; older ones are ignored (they are
// repeats). The first use of a session id opens it. Without one, presence does not depend on a lease.
struct SetPresence {
  std::string agent_id;
  Presence presence = Presence::kAvailable;
  std::string reason;  // kAway only
  std::string session_id;
  uint64_t sequence = 0;
};
// Opens a session without changing presence (a watch stream). Idempotent.
struct OpenSession {
  std::string agent_id;
  std::string session_id;
};
// Ends one session; the agent goes offline when it was the last. Unknown sessions: no effect.
struct CloseSession {
  std::string agent_id;
  std::string session_id;
};
// The runtime saw no sign of life of these sessions for the grace period.
struct LapseSessions {
  std::vector<std::pair<std::string, std::string>> sessions;  // agent id, session id
};
struct Accept {
  std::string inquiry_id;
  uint32_t offer_number = 0;
  std::string agent_id;
};
struct Decline {
  std::string inquiry_id;
  uint32_t offer_number = 0;
  std::string agent_id;
  Span retry_after;  // not offered to this agent before; 0: never again
};
struct FinishWrapUp {
  std::string agent_id;
  std::string inquiry_id;
};

// Makes a wrap-up longer, by no more than its queue allows in all.
struct ExtendWrapUp {
  std::string agent_id;
  std::string inquiry_id;
  Span by;  // more than 0
};

// ---- Configuration ----------------------------------------------------------------------------

// Whole: replaces everything given; agents are replaced only if `agents` is set (missing ones are
// deleted). Patch: upserts by id, removes what is listed; settings and rules only as a whole.
struct ApplyConfig {
  bool whole = true;
  WorkspaceConfig config;
  bool patch_settings = false;  // patch only: take config.settings
  bool patch_rules = false;     // patch only: take config.rules and config.external
  std::optional<std::vector<AgentConfig>> agents;
  std::vector<std::string> remove_queues;
  std::vector<std::string> remove_channels;
  std::vector<std::string> remove_teams;
  std::vector<std::string> remove_calendars = {};
  std::string etag;  // empty: any; else must equal the present one
};
struct UpsertAgents {
  std::vector<AgentConfig> agents;
};
// Agents that hold offers, assignments or parked inquiries are rejected unless `force`: then these
// return to their queue's front.
struct DeleteAgents {
  std::vector<std::string> agent_ids;
  bool force = false;
};

// ---- From the runtime -------------------------------------------------------------------------

// A new owner begins. Appends OwnerChanged.
struct TakeOver {
  uint64_t epoch = 0;
  std::string address;
  std::string previous_event;  // last event id found
  bool lost_tail = false;      // state newer than `previous_event` may have been acknowledged
};
// The workspace could not commit for this long: people's deadlines (offer, wrap-up, back-off, first
// reply) move by as much. Measuring clocks do not.
struct Extend {
  Span span;
};
// A stored record could not be read; it was put aside.
struct NoteQuarantine {
  std::string table;
  std::string key;
  std::string problem;
};

using Body = std::variant<Submit, Update, Cancel, Transfer, RecordMessage, Park, Resume, Close,
                          RecordFeedback, SetPresence, OpenSession, CloseSession, LapseSessions,
                          Accept, Decline, FinishWrapUp, ApplyConfig, UpsertAgents, DeleteAgents,
                          TakeOver, Extend, NoteQuarantine, Claim, AssignTo, Reopen, ExtendWrapUp>;

struct Command {
  Body body;
  std::string request_id;  // empty: only natural ids protect against repeats
  Time when;               // the caller's clock; unset: none. In [create, now + tolerance]
  CallerRef caller = nullptr;  // for its events; decides nothing, and is no part of its content
  std::shared_ptr<const Advice> advice = nullptr;  // Submit without a queue; no part of its content
};

}  // namespace firstline::engine
