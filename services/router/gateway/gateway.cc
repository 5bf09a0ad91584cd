#include "services/router/gateway/gateway.h"

#include <algorithm>
#include <utility>

namespace firstline::gateway {
namespace {

// Hints from peers followed without a pause; more are two pods that point at each other.
constexpr int kHopsMax = 3;

}  // namespace

// ---- Inputs -----------------------------------------------------------------------------------

WorkId Gateway::Submit(const Work& work, BootTime now) {
  const WorkId id = ++last_id_;
  Route& route = routes_[work.workspace];
  const bool endless = work.deadline == runtime::kNeverBoot;
  route.waiting.emplace_hint(route.waiting.end(), id,
                             Item{.ordered = work.ordered,
                                  .deadline = endless ? now + options_.patience : work.deadline});
  routes_of_.emplace(id, work.workspace);
  Pump(route, now);
  if (!route.waiting.empty()) {
    route.next_deadline = std::min(route.next_deadline, route.waiting.rbegin()->second.deadline);
  }
  if (!route.waiting.empty() || !route.where.empty()) Note(work.workspace, route);
  return id;
}

bool Gateway::OnEnded(WorkId id, uint64_t number, const Ended& ended, BootTime now) {
  const auto of = routes_of_.find(id);
  if (of == routes_of_.end()) return false;
  const auto at = routes_.find(of->second);
  Route& route = at->second;
  const auto item = route.sent.find(id);
  if (item == route.sent.end() || item->second.attempt != number) return false;
  if (ended.how != Ended::How::kFinal) {
    Refuse(at->first, route, item, ended, now);
    Pump(route, now);
    Note(at->first, route);
    return false;
  }
  if (item->second.ordered) {
    --route.ordered_sent;
    if (ended.epoch != 0 && !route.settling) route.epoch = ended.epoch;
    if (route.ordered_sent == 0) route.settling = false;
  }
  route.failures = route.hops = 0;
  route.sent.erase(item);
  routes_of_.erase(of);
  Pump(route, now);
  const bool known = route.epoch != 0 || !route.where.empty();
  if (!known && route.waiting.empty() && route.sent.empty()) {
    unsettled_.erase(at->first);
    routes_.erase(at);
  }
  return true;
}

void Gateway::OnPeerLost(const std::string& address, BootTime now) {
  for (auto& [workspace, route] : routes_) {
    const bool concerned =
        route.where == address ||
        std::any_of(route.sent.begin(), route.sent.end(),
                    [&](const auto& sent) { return sent.second.where == address; });
    if (concerned) Recall(workspace, route, now);
  }
}

void Gateway::OnSeen(const WorkspaceId& workspace, const std::string& owner, BootTime now) {
  const auto at = routes_.find(workspace);
  if (at == routes_.end() || at->second.where.empty() || at->second.where == owner) return;
  Recall(workspace, at->second, now);
}

void Gateway::Advance(BootTime now) {
  for (auto it = unsettled_.begin(); it != unsettled_.end();) {
    const WorkspaceId& workspace = *it;
    Route& route = routes_.at(workspace);
    GiveUpOverdue(route, now);
    LookIfStale(workspace, route, now);
    Pump(route, now);
    const bool settled = route.waiting.empty() && (route.where.empty() || route.sent.empty());
    it = settled ? unsettled_.erase(it) : std::next(it);
  }
}

BootTime Gateway::NextWake() const {
  BootTime wake = runtime::kNeverBoot;
  for (const WorkspaceId& workspace : unsettled_) {
    const Route& route = routes_.at(workspace);
    if (!route.waiting.empty()) {
      wake = std::min(wake, route.next_deadline);
      if (!route.settling && route.ordered_sent == 0) wake = std::min(wake, route.paused_until);
    }
    if (!route.where.empty() && !route.sent.empty()) {
      const BootTime stale = route.sent.begin()->second.sent + options_.stale_after;
      wake = std::min(wake, std::max(stale, route.next_look));
    }
  }
  return wake;
}

// ---- Refusals ---------------------------------------------------------------------------------

void Gateway::Wait(Route& route, Items::node_type item) {
  item.mapped().attempt = 0;
  route.next_deadline = std::min(route.next_deadline, item.mapped().deadline);
  route.waiting.insert(std::move(item));
}

void Gateway::Note(const WorkspaceId& workspace, const Route& route) {
  if (!route.waiting.empty() || !route.where.empty()) unsettled_.insert(workspace);
}

void Gateway::Refuse(const WorkspaceId& workspace, Route& route, Items::iterator item,
                     const Ended& ended, BootTime now) {
  const bool ordered = item->second.ordered;
  const bool current = item->second.where == route.where;
  if (ordered) {
    --route.ordered_sent;
    route.epoch = 0;
  }
  Wait(route, route.sent.extract(item));
  // The first refusal decides; the others of the same owner say the same.
  if (current && !route.settling) Redirect(workspace, route, ended, now);
  route.settling = route.ordered_sent > 0;
}

void Gateway::Redirect(const WorkspaceId& workspace, Route& route, const Ended& ended,
                       BootTime now) {
  const bool hinted = ended.how == Ended::How::kNotThere && !ended.owner.empty() &&
                      route.hops < kHopsMax;
  if (hinted) {
    ++route.hops;
    route.where = ended.owner == options_.self ? std::string() : ended.owner;
    return;
  }
  // This pod looks, and takes the workspace if it is free.
  looks_.push_back(workspace);
  route.where.clear();
  route.hops = 0;
  Span pause{options_.pause_min.us << std::min(route.failures++, 10)};
  if (ended.how == Ended::How::kLater) pause = std::max(pause, ended.retry_after);
  route.paused_until = now + std::min(pause, options_.pause_max);
}

// Everything in flight elsewhere is to be tried again.
void Gateway::Recall(const WorkspaceId& workspace, Route& route, BootTime now) {
  while (!route.sent.empty()) Wait(route, route.sent.extract(route.sent.begin()));
  route.ordered_sent = 0;
  route.settling = false;
  route.epoch = 0;
  Redirect(workspace, route, {.how = Ended::How::kNotThere}, now);
  Pump(route, now);
  Note(workspace, route);
}

void Gateway::GiveUpOverdue(Route& route, BootTime now) {
  if (now < route.next_deadline) return;
  route.next_deadline = runtime::kNeverBoot;
  for (auto item = route.waiting.begin(); item != route.waiting.end();) {
    if (now < item->second.deadline) {
      route.next_deadline = std::min(route.next_deadline, item->second.deadline);
      ++item;
      continue;
    }
    given_up_.push_back(item->first);
    routes_of_.erase(item->first);
    item = route.waiting.erase(item);
  }
}

void Gateway::LookIfStale(const WorkspaceId& workspace, Route& route, BootTime now) {
  if (route.where.empty() || route.sent.empty() || now < route.next_look) return;
  if (now < route.sent.begin()->second.sent + options_.stale_after) return;
  route.next_look = now + options_.stale_after;
  looks_.push_back(workspace);
}

// ---- Attempts ---------------------------------------------------------------------------------

bool Gateway::Blocked(const Route& route, const Item& item, BootTime now) const {
  if (now < route.paused_until) return true;
  if (options_.bugs.forget_order) return false;
  if (route.settling) return true;
  return item.ordered && route.epoch == 0 && route.ordered_sent > 0;
}

void Gateway::Pump(Route& route, BootTime now) {
  while (!route.waiting.empty() && !Blocked(route, route.waiting.begin()->second, now)) {
    Send(route, route.waiting.begin(), now);
  }
}

void Gateway::Send(Route& route, Items::iterator item, BootTime now) {
  Item& sending = item->second;
  sending.attempt = ++last_attempt_;
  sending.where = route.where;
  sending.sent = now;
  if (sending.ordered) ++route.ordered_sent;
  attempts_.push_back({item->first, sending.attempt, route.where,
                       sending.ordered ? route.epoch : 0});
  route.sent.insert(route.waiting.extract(item));
}

}  // namespace firstline::gateway
