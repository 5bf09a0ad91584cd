// The engine's state machine, shared by its source files. Private to the engine.
//
// Who does what: apply_inquiry.cc, submit.cc and apply_agent.cc apply commands, apply_config.cc configuration,
// asked.cc knows requirements,
// flow.cc moves inquiries between states and matches, flow_offer.cc offers them, flow_agent.cc does what happens to agents,
// steps_by_state.cc moves on who waits for a state, customers.cc knows who came before,
// explain.cc and explain_dry_run.cc say why, expect.cc tells what waits to expect,
// reserve.cc keeps capacity for what is overtaken too often, gates.cc says what keeps an agent from
// taking something,
// timers.cc fires what is due, restore.cc builds an engine from records, engine.cc is the public
// face, invariants.cc checks everything by full scan.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "services/router/engine/classify.h"
#include "services/router/engine/config_check.h"
#include "services/router/engine/engine.h"
#include "services/router/engine/matcher.h"
#include "services/router/engine/requests.h"
#include "services/router/engine/world.h"

namespace firstline::engine {

// One pending deadline. Fires by time, inquiries before agents, then by age: an order that survives a
// restart, because it uses no handle before the sequence decides.
struct Timer {
  Time due;
  enum class Kind : uint8_t { kInquiry, kAgent } kind = Kind::kInquiry;
  uint64_t sequence = 0;
  uint32_t index = 0;
  friend auto operator<=>(const Timer&, const Timer&) = default;
};

// Whether as many are there as the condition says.
bool IsThere(const Matcher::Staff& staff, const StepWhen& when);

inline bool IsId(std::string_view id) { return !id.empty() && id.size() <= limits::kIdBytesMax; }

// FNV-1a, the same on every machine.
uint64_t HashOf(std::string_view text);

struct Engine::Impl {
  explicit Impl(std::string workspace);

  World world;
  Matcher matcher{world};
  Requests requests;
  std::vector<Event> events;
  Changes changes;
  absl::btree_set<Timer> timers;
  struct Ended {
    Time end;
    uint64_t sequence;
    InquiryIx inquiry;
  };
  std::deque<Ended> ended;  // by end time: what retention purges next
  // By customer (its hash) and arrival: every open and retained inquiry that names one. Kept only
  // where some queue asks who came before.
  absl::btree_set<std::tuple<uint64_t, uint64_t, InquiryIx>> customers;
  std::vector<InquiryIx> purged;   // gone, but the events of this call may still point to them
  Time call_begin;                 // what ended before has no event in this call
  std::vector<InquiryIx> touched;  // newly waiting: Settle looks for an agent
  std::vector<AgentIx> freed;      // may take more: Settle looks for inquiries
  bool released = false;           // a reservation ended: SettleAll begins anew
  bool skipping = false;           // SkipSteps is at work
  // Work of agents who were not among the records; told with the next OwnerChanged.
  struct Lost {
    InquiryIx inquiry;
    AgentIx agent;
    bool offered = false;   // an offer ended; else it was a conversation
    bool requeued = false;  // nobody has it any more: it waits
  };
  std::vector<Lost> lost;
  bool settle_all = false;         // anything may match: Settle walks every line
  // Waiting inquiries whose step is due but for its condition: by queue, step and what they ask, each
  // by arrival.
  absl::btree_map<std::tuple<QueueIx, uint8_t, RequirementIx>,
                  absl::btree_set<std::pair<uint64_t, InquiryIx>>>
      watches;
  absl::btree_map<QueueIx, uint32_t> slow_watches;  // how many of these wait until it is too slow
  std::vector<QueueIx> review_queues;  // what conditions of these depend on has changed
  bool review_all = false;             // ... of any queue
  Time calendar_due = kNever;          // some calendar may open or close
  Time now;
  CallerRef caller;                // of the running command; null while timers fire
  InquiryIx receipt_inquiry;       // whom the running command's receipt is about
  AgentIx receipt_agent;

  // ---- apply_*.cc: each checks everything, then acts ----
  Outcome Apply(Time at, const Command& command);
  Outcome Do(const Submit&, const Command&);
  Outcome Do(const Update&, const Command&);
  Outcome Do(const Cancel&, const Command&);
  Outcome Do(const Transfer&, const Command&);
  Outcome Do(const RecordMessage&, const Command&);
  Outcome Do(const Park&, const Command&);
  Outcome Do(const Resume&, const Command&);
  Outcome Do(const Close&, const Command&);
  Outcome Do(const RecordFeedback&, const Command&);
  Outcome Do(const SetPresence&, const Command&);
  Outcome Do(const OpenSession&, const Command&);
  Outcome Do(const CloseSession&, const Command&);
  Outcome Do(const LapseSessions&, const Command&);
  Outcome Do(const Accept&, const Command&);
  Outcome Do(const Decline&, const Command&);
  Outcome Do(const FinishWrapUp&, const Command&);
  Outcome Do(const ApplyConfig&, const Command&);
  Outcome Do(const UpsertAgents&, const Command&);
  Outcome Do(const DeleteAgents&, const Command&);
  Outcome Do(const TakeOver&, const Command&);
  Outcome Do(const Extend&, const Command&);
  Outcome Do(const NoteQuarantine&, const Command&);
  Outcome Do(const Claim&, const Command&);
  Outcome Do(const AssignTo&, const Command&);
  Outcome Do(const Reopen&, const Command&);
  Outcome Do(const ExtendWrapUp&, const Command&);

  Outcome Done(InquiryIx inquiry, bool replayed = false);
  Outcome Done(AgentIx agent, bool replayed = false);
  void FillReceipt(Receipt& receipt) const;
  static Outcome Reject(Rejection rejection, std::string_view subject);
  Outcome CheckSubmit(const Submit&, const Command&) const;  // but for what its queue must have room
  Outcome CheckRoom(const Submit&, QueueIx queue) const;
  // Everything that may refuse a new inquiry, and what becomes of it by verdict or rules.
  struct Admission {
    const Submit* submit = nullptr;  // with its queue; the caller's or `classified`
    std::optional<Submit> classified;
    std::optional<Classification> how;  // of one that names no queue
  };
  Outcome ChooseQueue(const Submit&, const Command&, Admission& admission) const;
  // Fills in what the classifier wants of the inquiry where that can be done.
  ClassifierTrace Judge(const Submit&, const Advice* advice, std::optional<Submit>& classified) const;
  std::string UnknownSkillIn(const RequirementSpec& spec) const;
  // `at`: the time to judge by, not before now.
  Outcome CheckNew(const Submit&, const Command&, Time at, Admission& admission) const;
  // All of a new inquiry but its requirement and what the past adds.
  void Draft(const Submit&, const Command&, Inquiry& inquiry) const;
  bool IsStaffed(const Submit&, QueueIx queue) const;  // at some step of its route
  bool WouldWaitTooLong(const Submit&, const Command&, QueueIx queue, Time at) const;
  // `how`: null when the caller named the queue.
  Outcome Create(const Submit&, const Command&, const Classification* how);
  Rejection CheckSpec(const RequirementSpec& spec, std::string* subject) const;
  // Room for the names a spec brings: interning must not fail after the checks.
  Rejection CheckNewNames(const RequirementSpec& spec) const;
  bool WhenIsPlausible(const Command& command, Time create) const;
  // Unset with a rejection in `outcome` when unknown or `when` is implausible.
  InquiryIx FindForCommand(std::string_view id, const Command& command, Outcome& outcome) const;
  // The open offer that an agent answers; nullopt with a rejection in `outcome`, or with the receipt
  // of the same answer given before.
  struct OpenOffer {
    InquiryIx inquiry;
    AgentIx agent;
  };
  template <class Answer>
  std::optional<OpenOffer> FindOpenOffer(const Answer& c, OfferOutcome answer,
                                         const Command& command, Outcome& outcome);
  AgentIx FindLiveAgent(std::string_view id) const;
  Rejection CheckHolder(const std::string& agent_id, const Inquiry& inquiry) const;
  QueueIx FindLiveQueue(std::string_view id) const;
  ChannelIx FindLiveChannel(std::string_view id) const;

  // ---- lost_agent.cc ----
  void LoseConversations(AgentIx ix);  // those left alone for long enough
  Time LostDeadline(const Agent& agent) const;

  // ---- apply_directed.cc ----
  struct Refusal {
    Rejection rejection = Rejection::kNone;
    std::string_view what;
  };
  // The first thing that keeps the agent from the inquiry, in the order of the checks, but for those
  // set aside.
  Refusal RefusalOf(InquiryIx ix, AgentIx agent, const std::vector<Override>& overrides) const;
  bool IsAsked(const Inquiry& inquiry, AgentIx agent) const;  // may accept its open offer
  void Release(InquiryIx ix);  // from whoever has it; Give must follow
  void Give(InquiryIx ix, AgentIx agent, AssignCause cause, bool with_offer);

  // ---- asked.cc ----
  RequirementIx AcquireRequirement(const RequirementSpec& spec, ChannelIx channel, int units);
  void SetAsked(InquiryIx ix);  // merges its own requirement with its queue's

  // ---- flow.cc: the transitions ----
  template <class E>
  // The counters carry the time: a state that is read back must not be older than its last event.
  void Emit(E body) {
    events.emplace_back(now, std::move(body), caller);
    changes.counters = true;
  }
  void Touch(InquiryIx ix);  // its record changed
  void Touch(AgentIx ix);
  void EnterQueue(InquiryIx ix, QueueIx queue, EnqueueCause cause);  // resets the queue clocks
  void Wait(InquiryIx ix, EnqueueCause cause);  // puts it into its line; clocks as they are
  void LeaveLine(InquiryIx ix);                 // no-op when it does not wait
  void SetState(InquiryIx ix, InquiryState state);  // keeps the queue's gauges
  void SetQueue(InquiryIx ix, QueueIx queue);
  void Count(const Inquiry& inquiry, int by);
  void Unhold(InquiryIx ix);
  bool MayHold(const Inquiry& inquiry, const Ask& ask) const;
  void Charge(QueueIx queue);  // for an offer, where queues have weights
  void Assign(InquiryIx ix, AgentIx agent, AssignCause cause);
  void Return(InquiryIx ix, EnqueueCause cause);  // back to the front of its queue with its age
  void TakeUnits(InquiryIx ix, AgentIx agent);
  void GiveUnits(InquiryIx ix, AgentIx agent);
  void LeaveAgent(InquiryIx ix, bool wrap_up);  // ends offer, assignment or parking
  void StartWrapUp(InquiryIx ix);
  // Frees its units. AgentChanged must follow.
  void EndWrapUp(AgentIx ix, size_t index, bool by_agent);
  void End(InquiryIx ix, InquiryState state);
  void Cancelled(InquiryIx ix, CancelReason reason);  // ends it, wherever it is
  void Closed(InquiryIx ix, Resolution resolution);
  Span HandleTime(const Inquiry& inquiry) const;
  const BackOffConfig& BackOffOf(QueueIx queue) const;
  void Miss(AgentIx agent, QueueIx queue);
  void Answered(AgentIx agent, QueueIx queue);
  void NoteClosedQueues(Agent& agent);
  void EndQueueBackOffs(AgentIx ix);  // those that are over
  void DropQueueBackOffs();            // of queues that have none any more
  void DropQueueBackOffs(AgentIx ix);
  void ReplyByPerson(InquiryIx ix, AgentIx agent);
  void MakeRoom(std::vector<Exception>& exceptions) const;
  void AddException(Inquiry& inquiry, AgentIx agent, Time until);
  void AddDecliner(Inquiry& inquiry, AgentIx agent, Time until);
  bool ResumeParked(InquiryIx ix);
  void AgentChanged(AgentIx ix);  // gates, room or order: pools, timers, work list
  void NoteIdle(AgentIx ix);
  void NoteHandled(AgentIx ix, int assignments, Span time);
  void CheckRate(AgentIx ix);  // the gate alone: pools and timers must follow
  void SetAgentPresence(AgentIx ix, Presence presence, std::string_view reason);
  void RescindOffers(AgentIx ix);
  void FinishDrain(AgentIx ix);
  void EndSession(AgentIx ix, std::string_view session, SessionEnd cause);
  void Settle();  // matches what can be matched and moves on what waits for a state
  void Match();
  void SettleAll();
  bool SettleOne();
  uint64_t NextAgentSequence() { return ++world.counters.agent_sequence; }

  // ---- steps_by_state.cc ----
  const StepWhen* ConditionOf(const Inquiry& inquiry) const;  // of its next step; null: none
  bool IsStepDue(const Inquiry& inquiry) const;  // it waits for a condition alone
  void Watch(InquiryIx ix);
  void Unwatch(InquiryIx ix);  // no-op when it is in no watch
  void StepDue(InquiryIx ix);
  bool CalendarIs(const std::string& id, bool open, Time at) const;
  // Whether all of it is there that is the same for the whole queue, `waiting` in it.
  bool HoldsInQueue(QueueIx queue, const StepWhen& when, uint32_t waiting, Time at) const;
  bool WaitIs(const QueueSlot& queue, const StepWhen& when, uint32_t waiting, Time at) const;
  bool Holds(InquiryIx ix, const StepWhen& when);
  std::vector<std::pair<uint64_t, InquiryIx>> Reviewed();
  bool ReviewSteps();  // once; true when some inquiry went on
  std::string CheckWatches(bool settled);  // invariants.cc
  Time NextCalendarChange() const;
  bool FireCalendar(Time limit);  // true when one changed at or before `limit`
  void CountSlow(const Inquiry& inquiry, bool stands);  // in a watch
  Time NextWaitReview() const;    // kNever: nobody waits until a queue is too slow
  bool FireWaitReview(Time limit);
  bool FireStates(Time limit);    // the earlier of the two

  // ---- customers.cc ----
  void Remember(InquiryIx ix);
  void Forget(InquiryIx ix);
  void RecogniseCustomer(Inquiry& inquiry) const;  // a new one: its place and agent of before
  bool KeepsPlace(const Inquiry& before, const Inquiry& inquiry) const;
  bool IsLastAgent(const Inquiry& before, Span within, Time at) const;

  // ---- reserve.cc ----
  struct Overtaking {
    InquiryIx inquiry;
    AgentIx by;  // has too little room for it
  };
  // What an offer to `agent` and `others` passes over; call before any of them is occupied.
  std::vector<Overtaking> OvertakingsOf(InquiryIx ix, AgentIx agent,
                                        const std::vector<AgentIx>& others);
  void Overtaken(InquiryIx ix, AgentIx by);  // by an offer to that agent, for want of room
  bool MayReserve(InquiryIx ix, AgentIx agent) const;
  void CheckReservation(InquiryIx ix);  // after what it asks or where it waits changed
  void EndReservation(InquiryIx ix);    // no-op without one

  // ---- expect.cc: for expected waits ----
  WaitHistory& HistoryOf(QueueIx queue);  // to be changed
  void NoteStart(InquiryIx ix);  // it waits, and is offered
  void PrepareWaits(QueueSlot& slot, QueueIx ix);  // after its configuration changed
  void NoteLeft(InquiryIx ix, bool gave_up);
  void NoteExpected(InquiryIx ix);  // what may be expected of one that was just submitted
  std::optional<WaitQuantiles> ExpectAt(InquiryIx ix, const Place& place, Time at) const;
  // ---- restore.cc ----
  void LoseAgents(InquiryIx ix);
  void LoseAgent(InquiryIx ix);
  void TellLost();

  // ---- flow_offer.cc ----
  void MakeOffer(InquiryIx ix, AgentIx agent);
  std::vector<AgentIx> ChooseOthers(InquiryIx ix, AgentIx first);
  void TakeTo(InquiryIx ix, AgentIx agent);  // from its line to the agent's work
  void Occupy(InquiryIx ix, AgentIx agent);
  void TellOffer(InquiryIx ix, AgentIx agent);
  // Ends it for everybody who was asked; the inquiry must leave `offer_agent` afterwards.
  void EndOffer(InquiryIx ix, OfferOutcome outcome);
  // Ends it for one of them. True when nobody else may accept: the inquiry has left its agents and
  // must go somewhere.
  bool EndOfferTo(InquiryIx ix, AgentIx agent, OfferOutcome outcome);
  void DismissOthers(InquiryIx ix, OfferOutcome outcome);
  void LeaveOffer(InquiryIx ix, AgentIx agent);  // frees what it held for the inquiry
  void AcceptBy(InquiryIx ix, AgentIx agent);  // who was asked
  void PutFirst(InquiryIx ix, AgentIx agent);  // who was also asked becomes `offer_agent`

  // ---- timers.cc ----
  void SetDeadline(InquiryIx ix, Time due);
  void SetDeadline(AgentIx ix, Time due);
  void RefreshDeadline(InquiryIx ix);  // from its state
  void RefreshDeadline(AgentIx ix);
  Time WaitingDeadline(const Inquiry& inquiry) const;
  void FireUntil(Time limit, bool inclusive);
  void Fire(const Timer& timer);
  bool ExpireExceptions(Inquiry& inquiry);
  void FireWaiting(InquiryIx ix);
  void FireAgent(AgentIx ix);
  void FireStep(InquiryIx ix);  // its next one, if it is due
  void ReachStep(InquiryIx ix);
  bool MaySkip(const Inquiry& inquiry) const;
  bool SkipsStep(const QueueSlot& queue, size_t step, const Requirement& asked) const;
  QueueIx OverflowOf(const StepConfig& step) const;  // where it leads now; unset: nowhere
  void SkipSteps(InquiryIx ix);  // those that do not wait when nobody is there
  void PurgeEnded();
  void Purge(InquiryIx ix);
  void FreeSlot(InquiryIx ix);
  void FreePurged();
  Time NextDeadline() const;

  // ---- apply_config.cc ----
  void InstallConfig(WorkspaceConfig config);
  void PrepareQueue(QueueSlot& slot, QueueIx ix);
  void PrepareChannels();
  void PrepareSelections();
  void PrepareShares();
  void UpsertAgent(const AgentConfig& config);
  void InstallAgent(AgentIx ix, const AgentConfig& config);
  void RemoveAgent(AgentIx ix);
  Profile ProfileOf(const AgentConfig& config);
  // ---- explain_dry_run.cc ----
  struct Supposed {
    Inquiry inquiry;
    Requirement own, asked;
    std::vector<std::string> new_names;
  };
  // In its queue, created, arrived and entered at `at`.
  Supposed SupposeIn(const Submit&, const Command&, QueueIx queue, Time at) const;
  // `Holds` for whoever asks this, were so many waiting in the queue.
  bool WouldHold(const Ask& ask, const StepWhen& when, uint32_t waiting, Time at) const;
  bool MoveOn(QueueIx queue, uint32_t waiting, bool too_slow, Time at) const;
  bool MayGoOn(const Supposed& supposed, const StepConfig& step, Time at, DryRun& run) const;
  void Suppose(const Submit&, const Command&, Supposed& supposed) const;
  void EnterSupposed(Supposed& supposed, QueueIx queue) const;
  void FollowRoute(Supposed& supposed, Time at, DryRun& run) const;
  std::optional<WaitQuantiles> ExpectSupposed(const Supposed& supposed, const Place& place,
                                              Time at) const;

  // ---- explain.cc ----
  // Fills in what is the same for inquiries that are and that are supposed.
  void ExplainCandidates(const Ask& ask, InquiryIx ix, Time at, const ExplainOptions& options,
                         InquiryExplanation& out) const;
  Candidate Describe(const Ask& ask, const Inquiry& inquiry, InquiryIx ix, AgentIx agent,
                     Time at) const;
  LaterFit FitsLater(const Ask& ask, const Inquiry& inquiry, const Profile& profile) const;
  void ExplainWaiting(const Ask& ask, InquiryExplanation& out) const;

  // Lines, pools, gauges and timers from the records. Holds are judged anew, but after a restore only
  // those for agents who are gone: a restart decides nothing.
  void RebuildDerived(bool restored);
  void RestoreReservation(InquiryIx ix, bool restored);
};

}  // namespace firstline::engine
