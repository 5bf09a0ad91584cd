// The canonical rule by full scans over plain data with names: who qualifies, who is available,
// which inquiry is first, which agent is best. Written from the engine's headers, shares no code
// with it and is as slow as it looks.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "services/router/engine/command.h"
#include "services/router/engine/config.h"
#include "services/router/engine/requirement.h"
#include "services/router/engine/types.h"
#include "services/router/engine/wait_history.h"

namespace firstline::engine::proof {

struct ModelInquiry {
  std::string id, channel, queue, customer;
  RequirementSpec own;
  int units = 1;
  int priority = 0;
  uint64_t sequence = 0;
  Time create_time, enqueue_time, arrival_time;
  Time end_time;
  bool gave_up = false;    // abandoned while it waited, before anybody had it in its last queue
  bool answered_here = false;
  std::string last_agent;  // once it has ended
  Time assign_time, park_time;
  Time offer_time;      // when it last left its place for an agent
  bool placed = false;  // it stands in a line, and was not just taken from somebody to be given away
  Span parked_total;
  std::vector<std::string> preferred;
  std::map<std::string, Time> barred;  // agent -> until; kNever: for good
  std::set<std::string> excluded;      // barred by the caller: stays through transfers
  std::vector<std::string> decliners;  // asked, while not barred, after all others and in this order
  InquiryState state = InquiryState::kWaiting;
  int step = 0;
  bool held = false;
  std::string agent;
  std::vector<std::string> asked;  // who may accept the open offer, `agent` first
  int overtakes = 0;     // in the present queue
  std::string reserved;  // the agent who takes nothing else
};

struct ModelWrapUp {
  std::string channel, queue;
  int units = 0;  // 0: the queue is closed
};

struct ModelHandled {
  Time at;
  int assignments = 0;
  int64_t time_us = 0;
};

struct ModelAgent {
  AgentConfig config;
  uint64_t sequence = 0;  // of creation
  Presence presence = Presence::kOffline;
  bool back_off = false;
  std::set<std::string> backs_off_from;  // queues
  uint64_t idle_since = 0;                           // smaller: idle longer
  uint64_t last_offered = 0;                         // smaller: longer ago
  Time idle_from;
  std::vector<ModelHandled> handled;  // all of it
  std::multimap<std::string, ModelWrapUp> wrap_ups;  // by inquiry id
};

struct Model {
  WorkspaceConfig config;
  std::map<std::string, ModelInquiry> inquiries;
  std::map<std::string, ModelAgent> agents;  // no deleted ones
  Time now;
  std::map<std::string, int64_t> passes;  // by queue, where queues have weights
  int64_t virtual_pass = 0;
  std::map<std::string, WaitHistory> waits;  // of queues that decide by it

  bool HasShares() const;
  const QueueConfig& Queue(const std::string& id) const;
};

std::vector<std::string> Unique(const std::vector<std::string>& names);
// Those of the same customer that came before it, the latest first, at most 8.
std::vector<const ModelInquiry*> Before(const Model& model, const ModelInquiry& inquiry);
// Who decides about an inquiry that names no queue (canonical_classify.cc).
struct NaiveDecision {
  const Verdict* verdict = nullptr;  // of the advice
  const RuleConfig* rule = nullptr;  // null beside a verdict, and where none fits
  std::optional<ClassifierOutcome> outcome;  // where it was the classifier's turn
};
NaiveDecision NaiveClassify(const Model& model, const Submit& submit, const Advice* advice);
// Whether what is there fulfils the condition.
bool Compares(const std::vector<std::string>& there, const Condition& condition);
// What both ask together: the narrower range of a skill, the first's languages unless there are none,
// all of the rest.
RequirementSpec Together(const RequirementSpec& first, const RequirementSpec& second);
// Agent -> units held by offers, assignments and wrap-ups; absent: none.
std::map<std::string, int> UnitsInUse(const Model& model);
// What its queue adds to what the inquiry asks: the higher minimum, the queue's languages when the
// inquiry names none, all labels.
RequirementSpec Asked(const Model& model, const ModelInquiry& inquiry);
// By agent, whether they may serve the inquiry at its step; gates and exceptions aside.
std::map<std::string, Mismatch> NaiveQualifies(const Model& model, const ModelInquiry& inquiry);
// (rank, due in us, arrival), mirrored for lifo: smaller is served first.
std::tuple<int64_t, int64_t, uint64_t> ServingKey(const Model& model, const ModelInquiry& inquiry);
struct Match {
  std::string inquiry, agent;
  friend bool operator==(const Match&, const Match&) = default;
};
// The first inquiry that giving `match` passes over because its agent has too little room for it, in
// serving order; "" when there is none, or none that counts overtakes and has nobody reserved.
std::string NextOvertaken(const Model& model, const Match& match);
// Whether nobody who is available or away may serve the inquiry at its step. A suspended queue
// waits for its agents: false.
bool NobodyThere(const Model& model, const ModelInquiry& inquiry);
// The agent's draw for the inquiry; smaller is better.
int64_t Lot(const Model& model, const ModelInquiry& inquiry, const ModelAgent& agent);
// Whether the agent has units left for the inquiry on its channel.
bool HasRoom(const Model& model, const ModelInquiry& inquiry, const std::string& agent);
bool IsAtRateLimit(const Model& model, const std::string& agent);
// Whether the agent may be given the inquiry by somebody, or take it: `aside` does not count.
bool MayTake(const Model& model, const ModelInquiry& inquiry, const std::string& agent,
             const std::set<Override>& aside);
// Whether what the step waits for is there.
bool NaiveHolds(const Model& model, const ModelInquiry& inquiry, const StepWhen& when);
bool NaiveIsOpen(const CalendarConfig& calendar, Time at);
// Whether a queue's limit or some step of it goes by expected waits.
bool JudgesWait(const QueueConfig& queue);
int CountWaiting(const Model& model, const std::string& queue);
// Whether the queue refuses an inquiry that is about to enter it.
bool WaitsTooLong(const Model& model, const ModelInquiry& inquiry);
// Whether the agent may be reserved for the waiting inquiry: it suits, is there and large enough.
bool MayBeReserved(const Model& model, const ModelInquiry& inquiry, const std::string& agent);
// Who is asked next beside those who are asked already; nullopt: nobody else could take it.
std::optional<std::string> NextAsked(const Model& model, const ModelInquiry& inquiry);
// What the rule does next: the first inquiry in serving order that has a candidate gets its best.
std::optional<Match> NextMatch(const Model& model);

}  // namespace firstline::engine::proof
