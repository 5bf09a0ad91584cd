#include "services/router/runtime/pod.h"

#include <algorithm>
#include <utility>

#include "services/router/runtime/admission.h"
#include "services/router/runtime/limits.h"

namespace firstline::runtime {
namespace {

Lane LaneOf(const store::Request& request) {
  const bool fast = std::holds_alternative<store::Commit>(request) ||
                    std::holds_alternative<store::Renew>(request) ||
                    std::holds_alternative<store::Release>(request);
  return fast ? Lane::kFast : Lane::kSlow;
}

}  // namespace

Pod::Pod(PodOptions options, const Codec& codec, Observer& observer, RandomSource random)
    : options_(std::move(options)),
      codec_(codec),
      observer_(observer),
      random_(std::move(random)) {}

Pod::~Pod() = default;

// ---- Inputs -----------------------------------------------------------------------------------

void Pod::Submit(Call call, BootTime now) {
  See(now);
  ++open_calls_;
  if (open_calls_ > Allowance(UrgencyOf(call.body), options_.pod_calls_max)) {
    observer_.Count(call.workspace, Incident::kShed);
    return Give(call.ticket, Overloaded{limits::kOverloadRetry}, kNeverBoot);
  }
  if (shutdown_ && owners_.find(call.workspace) == owners_.end()) {
    return Give(call.ticket, Unavailable{UnavailableReason::kShuttingDown, limits::kRetryMax},
                kNeverBoot);
  }
  Owner& owner = Find(call.workspace);
  owner.Submit(std::move(call), now);
}

void Pod::Beat(const WorkspaceId& workspace, const std::vector<SessionRef>& sessions,
               BootTime now) {
  See(now);
  const auto it = owners_.find(workspace);
  if (it == owners_.end()) return;
  touched_.insert(workspace);
  it->second.owner->Beat(sessions, now);
}

void Pod::Look(const WorkspaceId& workspace, BootTime now) {
  See(now);
  if (shutdown_) return;
  Owner& owner = Find(workspace);
  owner.Look(now);
  owner.Advance(now);
}

void Pod::OnReply(uint64_t id, store::Reply reply, BootTime sent, BootTime received) {
  See(received);
  const auto asked = asked_.find(id);
  if (asked == asked_.end()) return;
  const WorkspaceId workspace = std::move(asked->second);
  asked_.erase(asked);
  if (reply.result != store::Result::kUnknown && reply.result != store::Result::kRefused) {
    last_success_ = received;
  }
  if (workspace.empty()) return OnListed(reply, received);
  const auto it = owners_.find(workspace);
  if (it == owners_.end()) return;
  touched_.insert(workspace);
  it->second.owner->OnReply(id, std::move(reply), sent, received);
}

void Pod::Advance(BootTime now) {
  See(now);
  if (!listing_ && !shutdown_ && now >= next_list_) List(now);
  while (!wakes_.empty() && wakes_.begin()->first <= now) {
    const WorkspaceId workspace = wakes_.begin()->second;
    wakes_.erase(wakes_.begin());
    Watched& watched = owners_.at(workspace);
    watched.wake = kNeverBoot;  // Until Settle: once a moment is enough.
    touched_.insert(workspace);
    watched.owner->Advance(now);
  }
}

void Pod::Shutdown(BootTime now) {
  See(now);
  if (shutdown_) return;
  shutdown_ = true;
  for (auto& [workspace, watched] : owners_) {
    touched_.insert(workspace);
    watched.owner->Shutdown(now);
  }
}

// ---- Outputs ----------------------------------------------------------------------------------

std::vector<StoreRequest> Pod::TakeRequests() {
  for (const WorkspaceId& workspace : std::exchange(touched_, {})) {
    const auto it = owners_.find(workspace);
    if (it == owners_.end()) continue;
    it->second.owner->Flush(now_);
    Settle(workspace);
  }
  return std::exchange(requests_, {});
}

std::vector<TicketAnswer> Pod::TakeAnswers(BootTime now) {
  See(now);
  std::vector<TicketAnswer> answers;
  answers.reserve(answers_.size());
  for (Held& held : answers_) {
    if (now >= held.valid_until) {
      held.answer.answer = Unavailable{UnavailableReason::kLapsed, limits::kRetryMax};
    }
    answers.push_back(std::move(held.answer));
  }
  answers_.clear();
  return answers;
}

BootTime Pod::NextWake() const {
  if (!touched_.empty()) return now_;
  BootTime wake = listing_ || shutdown_ ? kNeverBoot : next_list_;
  if (!wakes_.empty()) wake = std::min(wake, wakes_.begin()->first);
  return wake;
}

bool Pod::drained() const {
  return shutdown_ && std::all_of(owners_.begin(), owners_.end(), [](const auto& entry) {
           return entry.second.owner->Drained();
         });
}

// ---- Views ------------------------------------------------------------------------------------

std::vector<WorkspaceStatus> Pod::Workspaces() const {
  std::vector<WorkspaceStatus> all;
  all.reserve(owners_.size());
  for (const auto& [workspace, watched] : owners_) {
    const Owner& owner = *watched.owner;
    all.push_back({workspace, owner.phase(), owner.owner_address(), owner.open_calls()});
  }
  return all;
}

const engine::Engine* Pod::EngineOf(const WorkspaceId& workspace) const {
  const auto it = owners_.find(workspace);
  return it == owners_.end() ? nullptr : it->second.owner->engine();
}

// ---- What owners ask of the pod ----------------------------------------------------------------

uint64_t Pod::Send(const WorkspaceId& workspace, store::Request request) {
  const uint64_t id = ++last_request_;
  asked_.emplace(id, workspace);
  const Lane lane = LaneOf(request);
  requests_.push_back({id, lane, std::move(request)});
  return id;
}

void Pod::Give(Ticket ticket, Answer answer, BootTime valid_until) {
  --open_calls_;
  answers_.push_back({{ticket, std::move(answer)}, valid_until});
}

// ---- The workspaces ---------------------------------------------------------------------------

Owner& Pod::Find(const WorkspaceId& workspace) {
  touched_.insert(workspace);
  const auto [it, added] = owners_.try_emplace(workspace);
  if (!added) return *it->second.owner;
  Outbox& outbox = *this;
  it->second.owner = std::make_unique<Owner>(workspace, options_, codec_, observer_, outbox);
  it->second.owner->Advance(now_);  // Begins to observe.
  return *it->second.owner;
}

void Pod::See(BootTime now) { now_ = std::max(now_, now); }

void Pod::Settle(const WorkspaceId& workspace) {
  const auto it = owners_.find(workspace);
  Watched& watched = it->second;
  if (watched.wake != kNeverBoot) wakes_.erase({watched.wake, workspace});
  if (watched.owner->Idle()) {
    owners_.erase(it);
    return;
  }
  watched.wake = watched.owner->NextWake();
  if (watched.wake != kNeverBoot) wakes_.insert({watched.wake, workspace});
}

void Pod::List(BootTime now) {
  listing_ = true;
  next_list_ = now + options_.lease;
  Send(WorkspaceId(), store::ListWorkspaces{});
}

void Pod::OnListed(const store::Reply& reply, BootTime now) {
  listing_ = false;
  if (reply.result != store::Result::kOk) {
    next_list_ = now + limits::kRetryMax;
    return;
  }
  listed_ = true;
  if (shutdown_) return;
  for (const WorkspaceId& workspace : reply.workspaces) {
    if (!workspace.empty()) Find(workspace);
  }
}

}  // namespace firstline::runtime
