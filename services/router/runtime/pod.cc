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

void Pod::HandOver(const WorkspaceId& workspace, const std::string& successor, BootTime now) {
  See(now);
  const auto it = owners_.find(workspace);
  if (it == owners_.end()) return;
  touched_.insert(workspace);
  it->second.owner->HandOver(successor, now);
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
  if (announcing_.erase(id) > 0) {
    if (reply.result == store::Result::kOk && !shutdown_) Balance(reply.pods, received);
    return;
  }
  if (workspace.empty()) return OnListed(reply, received);
  const auto it = owners_.find(workspace);
  if (it == owners_.end()) return;
  touched_.insert(workspace);
  it->second.owner->OnReply(id, std::move(reply), sent, received);
  if (it->second.owner->sighted()) unsighted_.erase(workspace);
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
  if (options_.spread) Announce();
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
    all.push_back({workspace, owner.phase(), owner.owner_address(), owner.open_calls(),
                   owner.lease_until(), owner.epoch(), owner.keeps_tail()});
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
    unsighted_.erase(workspace);
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
  if (options_.spread) Announce();
}

void Pod::Announce() {
  const int64_t lives_us = shutdown_ ? 0 : options_.lease.us * limits::kAnnouncedLeases;
  announcing_.insert(Send(WorkspaceId(), store::Announce{options_.address, lives_us / 1000}));
}

// At most one workspace a lease moves from a pod, and only where that makes the two more alike: so
// it comes to rest. The one that is moved has the fewest open calls.
void Pod::Balance(const std::vector<std::string>& pods, BootTime now) {
  std::map<std::string, size_t> owned;
  for (const std::string& pod : pods) owned[pod] = 0;
  std::pair<size_t, Watched*> quietest{0, nullptr};
  for (auto& [workspace, watched] : owners_) {
    const std::string owner = watched.owner->owner_address();
    if (const auto it = owned.find(owner); it != owned.end()) ++it->second;
    if (owner != options_.address || watched.owner->phase() != Phase::kActive) continue;
    const size_t open = watched.owner->open_calls();
    if (quietest.second == nullptr || open < quietest.first) quietest = {open, &watched};
  }
  const auto idlest = std::min_element(
      owned.begin(), owned.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  if (idlest == owned.end() || quietest.second == nullptr) return;
  if (owned[options_.address] < idlest->second + 2) return;
  HandOver(quietest.second->owner->workspace(), idlest->first, now);
}

void Pod::OnListed(const store::Reply& reply, BootTime now) {
  listing_ = false;
  if (reply.result != store::Result::kOk) {
    next_list_ = now + limits::kRetryMax;
    return;
  }
  if (!listed_ && !shutdown_) {
    unsighted_.insert(reply.workspaces.begin(), reply.workspaces.end());
    std::erase_if(unsighted_, [](const WorkspaceId& workspace) { return workspace.empty(); });
    for (const auto& [workspace, watched] : owners_) {
      if (watched.owner->sighted()) unsighted_.erase(workspace);
    }
  }
  listed_ = true;
  if (shutdown_) return;
  for (const WorkspaceId& workspace : reply.workspaces) {
    if (!workspace.empty()) Find(workspace);
  }
}

}  // namespace firstline::runtime
