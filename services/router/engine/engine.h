// The routing engine of one workspace: a deterministic state machine.
//
//   Engine engine("acme");
//   engine.Apply(now, {ApplyConfig{...}});
//   Outcome outcome = engine.Apply(now, {Submit{.inquiry_id = "i1", ...}});
//   Encode(engine, engine.events());          // before the next Apply or Tick
//   engine.ClearEvents();
//   Changes changed = engine.TakeChanges();   // at the end of a batch
//
// The same commands at the same times give the same state, events and outcomes, on every machine.
// Threads: one at a time. Time is an argument and never goes back: an earlier `now` counts as the
// latest seen. Nothing here blocks, allocates without bound, or fails but by Rejection.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "services/router/engine/agent.h"
#include "services/router/engine/command.h"
#include "services/router/engine/config.h"
#include "services/router/engine/event.h"
#include "services/router/engine/explain.h"
#include "services/router/engine/inquiry.h"
#include "services/router/engine/rejection.h"
#include "services/router/engine/requirement.h"
#include "services/router/engine/types.h"
#include "services/router/engine/wait_history.h"

namespace firstline::engine {

// The outcome of a request id, remembered for repeats.
struct RememberedRequest {
  std::string id;
  uint64_t digest = 0;  // of the command's content
  Time expire;
  Receipt receipt;
};

// How far a queue's turn has moved on; see Engine::Impl::Charge.
struct QueuePass {
  std::string queue;
  int64_t pass = 0;
  friend bool operator==(const QueuePass&, const QueuePass&) = default;
};

// The few numbers beside the records.
struct Counters {
  uint64_t config_version = 0;    // the etag; 0: never configured
  uint64_t inquiry_sequence = 0;  // last given
  uint64_t agent_sequence = 0;    // last given, for idle and round-robin order
  Time now;                       // latest time seen
  int64_t virtual_pass = 0;       // the greatest pass that was served
  std::vector<QueuePass> passes;  // by queue, as configured; none where no queue has a weight
};

// What a batch has to write. Every handle at most once.
struct Changes {
  std::vector<InquiryIx> inquiries;
  std::vector<std::string> purged_inquiries;
  std::vector<AgentIx> agents;
  std::vector<std::string> deleted_agents;
  std::vector<std::string> requests;            // remembered: FindRequest gives them
  std::vector<std::string> forgotten_requests;
  std::vector<QueueIx> waits;                   // whose WaitsOf has changed
  std::vector<std::string> forgotten_waits;     // queues that judge expected waits no more
  bool config = false;
  bool counters = false;
  bool empty() const;
};

// A queue's numbers of the moment.
struct QueueGauges {
  uint32_t waiting = 0, offered = 0, assigned = 0, parked = 0;
  Time oldest_waiting;  // create_time of the oldest waiting; unset: none waits
};

class Engine {
 public:
  explicit Engine(std::string workspace);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Applies the command whole or rejects it and changes nothing (not even the remembered requests).
  // O(1) amortised but for configuration commands, which are O(agents + open inquiries).
  Outcome Apply(Time now, const Command& command);
  // Fires every timer due at or before `now`, in order of due time.
  void Tick(Time now);
  // When the next timer is due; kNever without one.
  Time NextDeadline() const;

  // ---- What happened ----
  const std::vector<Event>& events() const;
  void ClearEvents();
  Changes TakeChanges();

  // ---- Views: valid until the next Apply, Tick or Restore ----
  const std::string& workspace() const;
  Time now() const;
  const WorkspaceConfig& config() const;
  const Counters& counters() const;
  std::string etag() const;  // "" before the first ApplyConfig

  InquiryIx FindInquiry(std::string_view id) const;  // unset: unknown
  AgentIx FindAgent(std::string_view id) const;      // unset: unknown or deleted
  QueueIx FindQueue(std::string_view id) const;
  ChannelIx FindChannel(std::string_view id) const;
  const RememberedRequest* FindRequest(std::string_view id) const;

  // Any handle that was ever given may be asked for; deleted agents, queues and channels keep their
  // id, because ended inquiries refer to them.
  const Inquiry& inquiry(InquiryIx ix) const;
  const Agent& agent(AgentIx ix) const;
  const std::string& AgentId(AgentIx ix) const;      // "" for an unset handle
  const std::string& QueueId(QueueIx ix) const;
  const std::string& ChannelId(ChannelIx ix) const;
  const QueueConfig& queue(QueueIx ix) const;        // of a deleted queue: its last config
  const ChannelConfig& channel(ChannelIx ix) const;
  const std::string& NameText(NameIx ix) const;      // "" for an unset handle
  const std::string& VendorOf(NameIx team) const;
  const Profile& profile(ProfileIx ix) const;
  const Requirement& requirement(RequirementIx ix) const;
  RequirementSpec Spec(RequirementIx ix) const;      // with names
  const Requirement& QueueRequirement(QueueIx ix) const;  // what it adds to every inquiry's
  AgentConfig ConfigOf(AgentIx ix) const;            // as upserted
  QueueGauges Gauges(QueueIx ix) const;

  // In ascending handle order, which is not an order of time. `visit` returns false to stop.
  void ForEachInquiry(const std::function<bool(InquiryIx, const Inquiry&)>& visit) const;
  void ForEachAgent(const std::function<bool(AgentIx, const Agent&)>& visit) const;
  void ForEachQueue(const std::function<bool(QueueIx, const QueueConfig&)>& visit) const;
  void ForEachRequest(const std::function<bool(const RememberedRequest&)>& visit) const;
  size_t open_inquiries() const;
  size_t inquiries() const;  // with retained ones
  size_t agents() const;

  // The first closed gate; kNone: the agent may be offered `units` on `channel`.
  Gate GateOf(const Agent& agent, ChannelIx channel, int units) const;
  // What closes the queue alone to the agent; kNone: nothing.
  Gate QueueGateOf(const Agent& agent, QueueIx queue) const;
  // What an inquiry's present line asks. Meaningless for ended inquiries.
  Audience AudienceOf(const Inquiry& inquiry) const;

  // ---- Explanations: by the checks that matching runs; nothing changes, not even a draw is made ----

  // Why the inquiry is with nobody, or with whom it is: who may take it and in which order, and what
  // stands in the way of all others. One that does not wait is judged as if it did. Not for ended
  // ones. `now`: not before now(). O(agents), and what a few of them lack in detail.
  InquiryExplanation ExplainInquiry(InquiryIx ix, Time now, const ExplainOptions& options) const;
  // Why the inquiries that wait are not with the agent. O(lines looked at).
  AgentExplanation ExplainAgent(AgentIx ix, Time now, size_t heads_max) const;
  // What Apply(now, submit) would lead to, the body of which must be a Submit. An inquiry id that is
  // known is refused as Apply would; an empty one is none.
  DryRun ExplainSubmit(const Command& submit, Time now, const ExplainOptions& options) const;
  // What the inquiry that waits at that place of its line may expect from now on; unset: too little
  // has happened to tell, or it does not wait for its turn (held, suspended). O(1).
  std::optional<WaitQuantiles> ExpectedWait(InquiryIx ix, const Place& place, Time now) const;
  // The same of one that would come now and have to wait, behind all others of the queue.
  std::optional<WaitQuantiles> ExpectedWait(QueueIx ix, Time now) const;
  // Where a waiting inquiry stands.
  Place PlaceOf(InquiryIx ix) const;
  // How a queue was served lately, if a limit or a step goes by it: then it is part of the state. Null:
  // it is told from alone.
  const WaitHistory* WaitsOf(QueueIx ix) const;

  // ---- Recovery: on a fresh engine, in this order, then FinishRestore ----
  // Records written by an older configuration are kept; names they use are interned.
  void RestoreConfig(const WorkspaceConfig& config, const Counters& counters);
  // `agent` needs its config part applied by `RestoreAgent(config, state)`: profile, capacity and
  // team come from `config`; presence, sessions, gates, wrap-ups and order from `state`.
  void RestoreAgent(const AgentConfig& config, Agent state);
  // After the agents: what was offered to or held by one that is not there waits again, which the
  // next TakeOver tells.
  void RestoreInquiry(Inquiry inquiry);
  void RestoreRequest(RememberedRequest request);
  // Of a queue that does not judge expected waits, it is ignored.
  void RestoreWaits(std::string_view queue, const WaitHistory& history);
  // Builds every derived index. No matching happens before the first Apply or Tick.
  void FinishRestore();
  // Handles for decoding; they create what is missing (an agent that was deleted, a queue of an
  // older configuration).
  AgentIx AgentHandle(std::string_view id);
  QueueIx QueueHandle(std::string_view id);
  ChannelIx ChannelHandle(std::string_view id);
  NameIx NameHandle(std::string_view name);
  RequirementIx RequirementHandle(const RequirementSpec& spec, ChannelIx channel, int units);

  // Checks every invariant of the engine by full scans and returns the first violation, or "".
  // For tests: O(agents * waiting inquiries) with `work_conserving`.
  std::string CheckInvariants(bool work_conserving) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Stable 64-bit content digest of a command's body (FNV-1a over its fields), for idempotency.
uint64_t Digest(const Body& body);

}  // namespace firstline::engine
