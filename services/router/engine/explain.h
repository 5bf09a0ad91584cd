// Why an inquiry is not with an agent: what Engine::ExplainInquiry, ExplainAgent and DryRun tell. They
// run on the very checks by which the engine matches (checks.h) and change nothing.
//
// Threads: values.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "services/router/engine/agent.h"
#include "services/router/engine/inquiry.h"
#include "services/router/engine/rejection.h"
#include "services/router/engine/requirement.h"
#include "services/router/engine/types.h"
#include "services/router/engine/wait_history.h"

namespace firstline::engine {

// A gate that is closed to an agent, or in a queue.
struct ClosedGate {
  Gate gate = Gate::kNone;
  Time until;      // when it opens by itself; unset: not by itself, or that is not known
  int needed = 0;  // capacity gates: units asked for
  int left = 0;    // ... and units that are free, below 0 where a change of configuration left less
};

// One thing that stands between an inquiry and an agent.
struct Obstacle {
  // In the order of the checks.
  enum class Kind : uint8_t {
    kNone,
    kHeldForAnother,  // it waits for its preferred agent alone
    kMisfit,          // the agent does not have what is asked
    kGate,            // the agent, or the queue to the agent, is closed
    kExcluded,        // by whoever submitted it
    kExcepted,        // the agent declined it or missed it
  };
  Kind kind = Kind::kNone;
  Misfit misfit = {};
  ClosedGate gate = {};
  Time until = {};  // of kHeldForAnother and kExcepted; unset: for good
};

// Where an inquiry stands among those that wait, from 1. `capped`: further back than was counted.
struct Place {
  uint32_t in_line = 0;   // of its queue and requirement, at any step
  uint32_t in_queue = 0;  // of all that wait in its queue
  bool capped = false;
};

// The next step of the route at which an agent would have what is asked.
struct LaterFit {
  size_t step = 0;  // 0: at none
  Time time;        // when an inquiry that still waits reaches it; kNever: it waits for a state
};

struct CriterionValue {
  Criterion criterion = Criterion::kPreferred;
  int64_t value = 0;  // smaller is better
};

struct Candidate {
  AgentIx agent;
  uint32_t rank = 0;                 // among those who may take it, from 1; 0: may not
  std::vector<Obstacle> obstacles;   // in the order of the checks; empty: may take it
  std::vector<CriterionValue> score; // in the order of the queue's selection; the lowest wins, equals
                                     // go to the agent who was created first
  LaterFit later;                    // of one who lacks something
  bool asked_last = false;           // declined it before: ranks behind all who did not
};

// How many agents have the same first obstacle.
struct ObstacleCount {
  Obstacle first;
  uint32_t agents = 0;
};

struct ExplainOptions {
  size_t candidates_max = 10;  // listed: those who may take it by rank, then the nearest to it
  std::vector<AgentIx> named;  // listed whatever stands in the way, before the others
  std::function<bool(const Agent&)> sees;  // unset: everybody; agents it refuses are not counted
};

struct InquiryExplanation {
  Inquiry inquiry;        // as it is, or as a dry run would make it; `asked` and `own` unset then
  RequirementSpec asked;  // with its queue's; what the numbers of groups and conditions refer to
  Place place;            // while it waits
  std::optional<WaitQuantiles> expected;  // from now on, of one that waits for its turn
  Time hold_until;        // held for preferred[0] till then
  Time next_step_time;    // of the next step of the route; kNever: none, or it waits for a state
  uint32_t agents = 0;    // looked at
  uint32_t matching = 0;  // may take it
  std::vector<Candidate> candidates;
  std::vector<ObstacleCount> counts;  // of those who may not, in the order of the checks
  // Names that Obstacle refers to and the workspace does not know, from handle `new_names_from` on.
  std::vector<std::string> new_names;
  uint32_t new_names_from = 0;
};

// What Submit would lead to.
struct DryRun {
  Outcome outcome;                     // of a submission that would be refused; else ok
  std::string rule;                    // that chose the queue; empty: it was named
  std::string classifier;              // would be asked, and decide instead if it has a verdict; else empty
  std::vector<QueueIx> passed_through; // queues it would be moved on from at once
  bool ends = false;                   // a step of the route would cancel it at once
  // A step that waits for a state comes next, and others in the queue would go on before it: whether
  // it goes on as well depends on what they leave behind.
  bool undecided = false;
  InquiryExplanation explanation;      // unless it is refused; the first candidate would get it
};

// The first inquiry of a line, as an agent sees it.
struct Head {
  InquiryIx inquiry;
  size_t waiting = 0;               // in its line
  std::vector<Obstacle> obstacles;  // never empty for an engine at rest
  LaterFit later;
};

struct AgentExplanation {
  std::vector<ClosedGate> gates;    // closed whatever the inquiry: presence, back-off, ...
  uint32_t lines = 0;               // in which somebody waits, and which were looked at
  bool more_lines = false;          // more than were looked at
  uint32_t suiting = 0;             // of these, lines the agent has what is asked for
  std::vector<Head> heads;          // nearest first, then in serving order
  std::vector<ObstacleCount> counts;  // lines by first obstacle
  InquiryIx next;                   // what the agent would be offered if its gates opened; unset: none
};

}  // namespace firstline::engine
