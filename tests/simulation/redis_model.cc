#include "tests/simulation/redis_model.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace firstline::simulation {
namespace {

constexpr int64_t kRememberEveryUs = 100'000;
constexpr size_t kPastMax = 60;
constexpr int kLossPercent = 4;
constexpr int kLatePercent = 30;  // of requests given up: they arrive all the same

bool IsWrite(const store::Request& request) {
  return !std::holds_alternative<store::Observe>(request) &&
         !std::holds_alternative<store::Load>(request) &&
         !std::holds_alternative<store::ListWorkspaces>(request);
}

}  // namespace

RedisModel::RedisModel(Schedule& schedule, Random& random, Judge& judge, store::MemoryFlaws flaws)
    : schedule_(schedule),
      random_(random),
      judge_(judge),
      backend_([this] { return kUnixUs + schedule_.now_us(); }, flaws) {
  Remember();
}

void RedisModel::Remember() {
  past_.push_back({schedule_.now_us(), backend_.Copy()});
  if (past_.size() > kPastMax) past_.pop_front();
  schedule_.After(kRememberEveryUs, [this] { Remember(); });
}

int64_t RedisModel::Delay() {
  return random_.Chance(95) ? random_.Between(50, 400) : random_.Between(400, 30'000);
}

void RedisModel::Send(uint64_t connection, store::Request request, Done done) {
  const int64_t now = schedule_.now_us();
  if (lossy_ && random_.Chance(kLossPercent)) {
    schedule_.After(kRequestTimeoutUs, [done] { done({}); });
    if (random_.Chance(kLatePercent)) {
      // The client has given up, the bytes are still under way.
      schedule_.After(random_.Between(0, 3 * kRequestTimeoutUs),
                      [this, request] { Run(request); });
    }
    return;
  }
  const int64_t arrival = std::max(now + Delay(), arrival_us_[connection]);
  arrival_us_[connection] = arrival;
  const bool answer = !lossy_ || !random_.Chance(kLossPercent);
  schedule_.At(arrival, [this, request = std::move(request), done = std::move(done), answer] {
    Execute(request, done, answer);
  });
}

void RedisModel::Execute(const store::Request& request, const Done& done, bool answer) {
  if (schedule_.now_us() < stalled_until_us_) {
    schedule_.After(kRequestTimeoutUs, [done] { done({}); });
    return;
  }
  if (schedule_.now_us() < refusing_until_us_ && IsWrite(request)) {
    store::Reply refused;
    refused.result = store::Result::kRefused;
    schedule_.After(Delay(), [done, refused] { done(refused); });
    return;
  }
  const store::Reply reply = Run(request);
  if (answer) {
    schedule_.After(Delay(), [done, reply] { done(reply); });
  } else {
    schedule_.After(kRequestTimeoutUs, [done] { done({}); });
  }
}

store::Reply RedisModel::Run(const store::Request& request) {
  store::Token held;
  const auto* commit = std::get_if<store::Commit>(&request);
  if (commit != nullptr) {
    judge_.OnCommitSeen(*commit);
    const store::Reply seen = backend_.Run(store::Observe{commit->workspace});
    if (seen.ownership) held = seen.ownership->token;
  }
  store::Reply reply = backend_.Run(request);
  if (reply.result != store::Result::kOk) return reply;
  if (commit != nullptr) judge_.OnCommitTaken(*commit, held);
  if (const auto* acquire = std::get_if<store::Acquire>(&request); acquire && reply.ownership) {
    judge_.OnAcquired(acquire->workspace, reply.ownership->token);
    owners_[acquire->workspace].push_back(*reply.ownership);
  }
  if (const auto* rebuild = std::get_if<store::Rebuild>(&request)) judge_.OnRebuilt(*rebuild);
  return reply;
}

void RedisModel::StallFor(int64_t us) {
  stalled_until_us_ = std::max(stalled_until_us_, schedule_.now_us() + us);
}
void RedisModel::RefuseFor(int64_t us) {
  refusing_until_us_ = std::max(refusing_until_us_, schedule_.now_us() + us);
}

void RedisModel::RollBack(int64_t age_us, const std::vector<WorkspaceId>& workspaces,
                          bool excused) {
  const Past* chosen = &past_.front();
  for (const Past& past : past_) {
    if (past.time_us <= schedule_.now_us() - age_us) chosen = &past;
  }
  const auto token_of = [this](const WorkspaceId& workspace) {
    const store::Reply seen = backend_.Run(store::Observe{workspace});
    return seen.ownership ? seen.ownership->token : store::Token{};
  };
  std::map<WorkspaceId, store::Token> before;
  for (const WorkspaceId& workspace : workspaces) before[workspace] = token_of(workspace);
  backend_.Restore(chosen->image);
  for (const WorkspaceId& workspace : workspaces) {
    // Back before the present owner's time there is nobody who could restore.
    const bool orphaned = !(before[workspace] == token_of(workspace));
    if (orphaned) AllowTwoOwners();
    judge_.OnRollback(workspace, backend_.Last(workspace), excused || orphaned);
  }
}

void RedisModel::ForgetPast() {
  past_.clear();
  past_.push_back({schedule_.now_us(), backend_.Copy()});
}

void RedisModel::RollBackOwnership(const WorkspaceId& workspace) {
  const std::vector<store::OwnershipRecord>& earlier = owners_[workspace];
  const store::Reply seen = backend_.Run(store::Observe{workspace});
  if (earlier.size() < 2 || !seen.ownership) return;
  store::OwnershipRecord record = *seen.ownership;
  const store::OwnershipRecord& old = earlier[earlier.size() - 2];
  record.token = old.token;
  record.address = old.address;
  record.renewals = old.renewals;
  backend_.RestoreOwnership(workspace, record);
  AllowTwoOwners();
}

void RedisModel::AllowTwoOwners() {
  judge_.AllowTwoOwners(true);
  schedule_.After(kTwoOwnersUs, [this] { judge_.AllowTwoOwners(false); });
}

void RedisModel::Heal() {
  lossy_ = false;
  stalled_until_us_ = 0;
  refusing_until_us_ = 0;
}

}  // namespace firstline::simulation
