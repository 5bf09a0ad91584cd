#include "tests/simulation/redis_model.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace firstline::simulation {
namespace {

constexpr size_t kPastMax = 60;
constexpr int64_t kClockOffMaxUs = 3'000'000;
constexpr size_t kOwnersMax = 16;
constexpr int kLossPercent = 4;
constexpr int kEarlyPercent = 10;  // of reads of history: they find less
// In which a former owner has brought back what is missing: limits::kTailRetry and some round trips.
constexpr int64_t kTurnUs = 500'000;
constexpr int kLatePercent = 30;  // of requests given up: they arrive all the same

bool IsWrite(const store::Request& request) {
  return !std::holds_alternative<store::Observe>(request) &&
         !std::holds_alternative<store::Load>(request) &&
         !std::holds_alternative<store::ListWorkspaces>(request);
}

}  // namespace

RedisModel::RedisModel(Schedule& schedule, Random random, Judge& judge, store::MemoryFlaws flaws)
    : schedule_(schedule),
      random_(random),
      judge_(judge),
      flaws_(flaws),
      primary_(std::make_shared<Server>(schedule, flaws, 0)) {
  Remember();
}

// ---- Requests -----------------------------------------------------------------------------------

int64_t RedisModel::Delay() {
  return random_.Chance(95) ? random_.Between(50, 400) : random_.Between(400, 30'000);
}

RedisModel::Link& RedisModel::LinkOf(int pod) {
  Link& link = links_[pod];
  if (link.server == nullptr) link.server = primary_;
  return link;
}

void RedisModel::Switch(Link& link) {
  if (link.server == primary_) return;
  link.server = primary_;
  link.broken = {true, true, true};
}

void RedisModel::Send(const Connection& connection, store::Request request, Done done) {
  Link& link = LinkOf(connection.pod);
  const int64_t now = schedule_.now_us();
  if (std::exchange(link.broken[connection.fast ? 1 : 0], false)) {
    return schedule_.After(Delay(), [done] { done({}); });
  }
  const bool cut = IsCut(link) && !link.replies_only;
  if (cut || (lossy_ && random_.Chance(kLossPercent))) {
    schedule_.After(kRequestTimeoutUs, [done] { done({}); });
    if (random_.Chance(kLatePercent)) {
      // The client has given up, the bytes are still under way.
      schedule_.After(random_.Between(0, 3 * kRequestTimeoutUs),
                      [this, request, server = link.server] {
                        if (!server->demoted) Run(*server, request);
                      });
    }
    return;
  }
  int64_t& last = arrival_us_[{connection.pod, connection.line}];
  const int64_t arrival = std::max(now + Delay(), last);
  if (connection.fast) last = arrival;
  const bool answer = !lossy_ || !random_.Chance(kLossPercent);
  Sent sent{std::move(request), std::move(done), answer, connection.pod, link.server};
  schedule_.At(arrival, [this, sent = std::move(sent)] { Execute(sent); });
}

void RedisModel::Execute(const Sent& sent) {
  const Done& done = sent.done;
  if (sent.server->demoted) return schedule_.After(Delay(), [done] { done({}); });
  if (schedule_.now_us() < stalled_until_us_) {
    schedule_.After(kRequestTimeoutUs, [done] { done({}); });
    return;
  }
  if (schedule_.now_us() < refusing_until_us_ && IsWrite(sent.request)) {
    store::Reply refused;
    refused.result = store::Result::kRefused;
    schedule_.After(Delay(), [done, refused] { done(refused); });
    return;
  }
  const store::Reply reply = Run(*sent.server, sent.request);
  const Link& link = LinkOf(sent.pod);
  if (sent.answer && link.server == sent.server && !IsCut(link)) {
    schedule_.After(Delay(), [done, reply] { done(reply); });
  } else {
    schedule_.After(kRequestTimeoutUs, [done] { done({}); });
  }
}

store::Reply RedisModel::Run(Server& server, const store::Request& request) {
  store::Token held;
  const auto* commit = std::get_if<store::Commit>(&request);
  if (commit != nullptr) {
    judge_.OnCommitSeen(*commit);
    held = RecordOf(server, commit->workspace).token;
  }
  store::Reply reply = server.backend.Run(request);
  if (reply.result != store::Result::kOk) return reply;
  if (commit != nullptr) judge_.OnCommitTaken(*commit, held, kUnixUs + schedule_.now_us());
  if (const auto* acquire = std::get_if<store::Acquire>(&request); acquire && reply.ownership) {
    OnAcquired(server, *acquire, *reply.ownership);
  }
  if (const auto* rebuild = std::get_if<store::Rebuild>(&request)) judge_.OnRebuilt(*rebuild);
  const auto* release = std::get_if<store::Release>(&request);
  // The memory is gone, and on a former primary nobody will see that the workspace was given up.
  if (release != nullptr && &server != primary_.get()) Forsake(release->workspace);
  return reply;
}

void RedisModel::OnAcquired(Server& server, const store::Acquire& acquire,
                            const store::OwnershipRecord& record) {
  judge_.OnAcquired(acquire.workspace, record.token);
  // Writes were taken again a moment before another's turn came.
  if (schedule_.now_us() < alone_until_us_ + kTurnUs) judge_.Excuse(acquire.workspace);
  std::deque<store::OwnershipRecord>& owners = owners_[acquire.workspace];
  owners.push_back(record);
  if (owners.size() > kOwnersMax) owners.pop_front();
  std::map<uint64_t, EventId>& strays = strays_[acquire.workspace];
  const EventId last = server.backend.Last(acquire.workspace);
  if (&server != primary_.get()) strays[record.token.epoch] = last;
  const auto retaken = strays.find(acquire.least_epoch - 1);
  if (acquire.least_epoch == 0 || retaken == strays.end()) return;
  // Where another wrote to this primary meanwhile, its history is over: of two owners the one of the
  // later epoch goes on.
  if (last.epoch == retaken->first || !(retaken->second < last)) return;
  AllowTwoOwners(0);
  judge_.OnLost(acquire.workspace, retaken->second, last, true);
}

RedisModel::Server* RedisModel::Reached(int pod) {
  Link& link = LinkOf(pod);
  const bool broken = std::exchange(link.broken[2], false);
  const bool reachable = !broken && !IsCut(link) && !link.server->demoted &&
                         schedule_.now_us() >= stalled_until_us_ &&
                         !(lossy_ && random_.Chance(kLossPercent));
  return reachable ? link.server.get() : nullptr;
}

store::EventPage RedisModel::ReadNow(int pod, const WorkspaceId& workspace, EventId cursor,
                                     size_t max) {
  Server* server = Reached(pod);
  if (server == nullptr) {
    return {.state = store::CursorState::kUnavailable, .events = {}, .last_common = {}};
  }
  store::EventPage page = server->backend.Read(workspace, cursor, max, 0);
  if (!page.events.empty() && random_.Chance(kEarlyPercent)) {
    page.events.resize(static_cast<size_t>(
        random_.Below(static_cast<int64_t>(page.events.size()))));
  }
  return page;
}

std::optional<EventId> RedisModel::LastNow(int pod, const WorkspaceId& workspace) {
  Server* server = Reached(pod);
  if (server == nullptr) return std::nullopt;
  return server->backend.Last(workspace);
}

store::EventPage PodLog::Read(const WorkspaceId& workspace, EventId cursor, size_t max,
                              int64_t /*wait_ms*/) {
  store::EventPage page = redis_.ReadNow(pod_, workspace, cursor, max);
  if (page.state == store::CursorState::kUnavailable) unreachable_ = true;
  return page;
}

std::optional<EventId> PodLog::Last(const WorkspaceId& workspace) {
  const std::optional<EventId> last = redis_.LastNow(pod_, workspace);
  if (!last) unreachable_ = true;
  return last;
}

// ---- Faults -------------------------------------------------------------------------------------

void RedisModel::StallFor(int64_t us) {
  stalled_until_us_ = std::max(stalled_until_us_, schedule_.now_us() + us);
}
void RedisModel::RefuseFor(int64_t us) {
  refusing_until_us_ = std::max(refusing_until_us_, schedule_.now_us() + us);
}

void RedisModel::BeAloneFor(int64_t us) {
  RefuseFor(us);
  alone_until_us_ = refusing_until_us_;
}

void RedisModel::Cut(int pod, int64_t us, bool replies_only) {
  Link& link = LinkOf(pod);
  link.cut_until_us = std::max(link.cut_until_us, schedule_.now_us() + us);
  link.replies_only = replies_only;
}

void RedisModel::StepClock(int64_t us) {
  primary_->clock_us = std::clamp(primary_->clock_us + us, -kClockOffMaxUs, kClockOffMaxUs);
  judge_.OnStoreClock(primary_->clock_us);
}

void RedisModel::Remember() {
  past_.push_back({schedule_.now_us(), primary_->backend.Copy()});
  if (past_.size() > kPastMax) past_.pop_front();
}

const RedisModel::Past& RedisModel::PastBefore(int64_t time_us) const {
  const Past* chosen = &past_.front();
  for (const Past& past : past_) {
    if (past.time_us <= time_us) chosen = &past;
  }
  return *chosen;
}

store::OwnershipRecord RedisModel::RecordOf(Server& server, const WorkspaceId& workspace) {
  const store::Reply seen = server.backend.Run(store::Observe{workspace});
  return seen.ownership.value_or(store::OwnershipRecord{});
}

bool RedisModel::IsOrphaned(const store::OwnershipRecord& was, Server& server,
                            const WorkspaceId& workspace) {
  return was.released || !(was.token == RecordOf(server, workspace).token);
}

void RedisModel::RollBack(int64_t age_us, const std::vector<WorkspaceId>& workspaces,
                          bool excused) {
  rewound_ = true;
  const Past& chosen = PastBefore(schedule_.now_us() - age_us);
  std::map<WorkspaceId, std::pair<store::OwnershipRecord, EventId>> before;
  for (const WorkspaceId& workspace : workspaces) {
    before[workspace] = {RecordOf(*primary_, workspace), backend().Last(workspace)};
  }
  backend().Restore(chosen.image);
  // What came after it never was: nothing may come back to that.
  const int64_t chosen_us = chosen.time_us;
  std::erase_if(past_, [chosen_us](const Past& past) { return past.time_us > chosen_us; });
  for (const auto& [workspace, was] : before) {
    const bool orphaned = IsOrphaned(was.first, *primary_, workspace);
    if (orphaned) AllowTwoOwners(0);
    judge_.OnLost(workspace, backend().Last(workspace), was.second, excused || orphaned);
  }
}

void RedisModel::FailOver(int64_t age_us, int64_t split_us, int64_t clock_us,
                          const std::vector<WorkspaceId>& workspaces, bool excused) {
  rewound_ = true;
  const ServerPtr old = primary_;
  primary_ = std::make_shared<Server>(schedule_, flaws_, clock_us);
  judge_.OnStoreClock(clock_us);
  primary_->backend.Restore(PastBefore(schedule_.now_us() - age_us).image);
  past_.clear();
  Remember();
  forsaken_.clear();
  std::map<WorkspaceId, EventId> kept;
  std::map<WorkspaceId, bool> forgiven;
  for (const WorkspaceId& workspace : workspaces) {
    kept[workspace] = backend().Last(workspace);
    const bool orphaned = IsOrphaned(RecordOf(*old, workspace), *primary_, workspace);
    if (orphaned || excused) AllowTwoOwners(split_us);
    forgiven[workspace] = orphaned || excused;
    judge_.OnLost(workspace, kept[workspace], old->backend.Last(workspace), forgiven[workspace]);
  }
  for (auto& [pod, link] : links_) {
    schedule_.After(random_.Below(split_us + 1), [this, pod = pod] { Switch(LinkOf(pod)); });
  }
  schedule_.After(split_us, [this, old, kept, forgiven] {
    old->demoted = true;
    for (auto& [pod, link] : links_) Switch(link);
    for (const auto& [workspace, last] : kept) {
      judge_.OnLost(workspace, last, old->backend.Last(workspace),
                    forgiven.at(workspace) || forsaken_.contains(workspace));
    }
  });
}

void RedisModel::Forsake(const WorkspaceId& workspace) {
  forsaken_.insert(workspace);
  judge_.Excuse(workspace);
}

void RedisModel::ForgetPast() {
  past_.clear();
  Remember();
}

void RedisModel::RollBackOwnership(const WorkspaceId& workspace) {
  const std::deque<store::OwnershipRecord>& earlier = owners_[workspace];
  const store::Reply seen = backend().Run(store::Observe{workspace});
  if (earlier.size() < 2 || !seen.ownership) return;
  store::OwnershipRecord record = *seen.ownership;
  const store::OwnershipRecord& old = earlier[earlier.size() - 2];
  record.token = old.token;
  record.address = old.address;
  record.renewals = old.renewals;
  backend().RestoreOwnership(workspace, record);
  AllowTwoOwners(0);
}

void RedisModel::AllowTwoOwners(int64_t us) {
  judge_.AllowTwoOwners(true);
  schedule_.After(us + kTwoOwnersUs, [this] { judge_.AllowTwoOwners(false); });
}

void RedisModel::Heal() {
  lossy_ = false;
  stalled_until_us_ = 0;
  refusing_until_us_ = 0;
  alone_until_us_ = std::min(alone_until_us_, schedule_.now_us());
  for (auto& [pod, link] : links_) link.cut_until_us = 0;
}

}  // namespace firstline::simulation
