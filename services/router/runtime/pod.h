// One router process without its I/O: every workspace it knows, as a deterministic state machine.
//
//   Pod pod(options, codec, observer, random);
//   pod.Submit(std::move(call), now);           // inputs, as many as there are
//   pod.OnReply(id, reply, sent, received);
//   pod.Advance(now);                           // at pod.NextWake() at the latest
//   for (StoreRequest& r : pod.TakeRequests()) ...send...   // then the outputs, in this order
//   for (TicketAnswer& a : pod.TakeAnswers(clock.now())) ...
//
// The same inputs give the same outputs. `now` never decreases over calls, whatever the function.
// Threads: one. Nothing here blocks, reads a clock or draws a random number but through `random`.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "services/router/runtime/boot_time.h"
#include "services/router/runtime/call.h"
#include "services/router/runtime/codec_port.h"
#include "services/router/runtime/observer.h"
#include "services/router/runtime/options.h"
#include "services/router/runtime/owner.h"
#include "services/router/store/port.h"

namespace firstline::runtime {

// Fast requests are small and hold up commits if they wait: they deserve a connection of their own.
// The order among fast requests must be kept on the wire; slow ones are independent of all others.
enum class Lane : uint8_t { kFast, kSlow };

struct StoreRequest {
  uint64_t id = 0;
  Lane lane = Lane::kSlow;
  store::Request request;
};

struct WorkspaceStatus {
  WorkspaceId workspace;
  Phase phase = Phase::kObserving;
  std::string owner;      // address in the ownership record last seen; "" for none
  size_t open_calls = 0;
  BootTime lease_until{};  // of a token held here: when it ends unless renewed
  uint64_t epoch = 0;      // the same token's
  bool keeps_tail = false; // of a term that is over: what the store may lack
};

class Pod final : private Outbox {
 public:
  // `codec` and `observer` must outlive the pod.
  Pod(PodOptions options, const Codec& codec, Observer& observer, RandomSource random);
  ~Pod() override;
  Pod(const Pod&) = delete;
  Pod& operator=(const Pod&) = delete;

  // ---- Inputs ----
  // Takes a call; its answer appears in TakeAnswers now or later.
  void Submit(Call call, BootTime now);
  // Somebody vouches that these sessions live. Unknown workspaces and sessions are ignored.
  void Beat(const WorkspaceId& workspace, const std::vector<SessionRef>& sessions, BootTime now);
  // As Owner::Look. Unknown workspaces are looked for.
  void Look(const WorkspaceId& workspace, BootTime now);
  // The reply to request `id`, once each; `sent` was read before the request left, `received` after
  // the reply came.
  void OnReply(uint64_t id, store::Reply reply, BootTime sent, BootTime received);
  // As Owner::HandOver. Unknown workspaces are ignored.
  void HandOver(const WorkspaceId& workspace, const std::string& successor, BootTime now);
  // Lets time act. Cheap when nothing is due.
  void Advance(BootTime now);
  // Begins to give everything up in order: new calls are refused, open ones finished, ownership
  // released. `drained()` says when nothing is left to wait for. Idempotent.
  void Shutdown(BootTime now);

  // ---- Outputs ----
  // Also closes the batches that were gathered since, so that calls taken together go together.
  std::vector<StoreRequest> TakeRequests();
  // Answers whose owner's lease has run out by `now` become Unavailable{kLapsed}: read the clock
  // right before the call, not before the answers were computed.
  std::vector<TicketAnswer> TakeAnswers(BootTime now);
  // When Advance has something to do; kNeverBoot for never. Right after TakeRequests.
  BootTime NextWake() const;
  bool drained() const;

  // ---- Views ----
  const PodOptions& options() const { return options_; }
  // Calls taken and not answered.
  size_t open_calls() const { return open_calls_; }
  // Ascending by name. What the registry and callers made known.
  std::vector<WorkspaceStatus> Workspaces() const;
  // The registry was read, and since then the ownership of each workspace that it named first: what
  // Workspaces() tells is whole.
  bool listed() const { return listed_ && unsighted_.empty(); }
  // When a store request last succeeded; kNeverBoot before the first time.
  BootTime last_store_success() const { return last_success_; }
  // The engine of an active workspace; null for others. For views and tests.
  const engine::Engine* EngineOf(const WorkspaceId& workspace) const;

 private:
  struct Held {  // an answer, and until when it may be given
    TicketAnswer answer;
    BootTime valid_until;
  };

  // Outbox
  uint64_t Send(const WorkspaceId& workspace, store::Request request) override;
  void Give(Ticket ticket, Answer answer, BootTime valid_until) override;
  uint64_t Random() override { return random_(); }

  struct Watched {
    std::unique_ptr<Owner> owner;
    BootTime wake = kNeverBoot;  // as in wakes_
  };

  // The owner, new when the workspace was not known.
  Owner& Find(const WorkspaceId& workspace);
  void See(BootTime now);
  // Notes the owner's next wake, or forgets it when there is nothing to know about it.
  void Settle(const WorkspaceId& workspace);
  void List(BootTime now);
  void OnListed(const store::Reply& reply, BootTime now);
  void Announce();
  void Balance(const std::vector<std::string>& pods, BootTime now);

  const PodOptions options_;
  const Codec& codec_;
  Observer& observer_;
  const RandomSource random_;

  std::map<WorkspaceId, Watched> owners_;
  std::set<std::pair<BootTime, WorkspaceId>> wakes_;
  std::set<WorkspaceId> touched_;  // had inputs since the last TakeRequests
  BootTime now_{};                 // latest seen
  BootTime next_list_{};
  bool listing_ = false;
  bool listed_ = false;
  std::set<WorkspaceId> unsighted_;  // of the first list
  bool shutdown_ = false;
  std::set<uint64_t> announcing_;  // requests under way: two at the end
  BootTime last_success_ = kNeverBoot;

  uint64_t last_request_ = 0;
  std::unordered_map<uint64_t, WorkspaceId> asked_;  // looked up only; "": the registry
  std::vector<StoreRequest> requests_;
  std::vector<Held> answers_;
  size_t open_calls_ = 0;
};

}  // namespace firstline::runtime
