#include "tests/simulation/judge.h"

#include <algorithm>
#include <tuple>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "services/router/store/codec.h"

namespace firstline::simulation {
namespace {

constexpr size_t kBatchesMax = 10'000;
// Half of the slowest round trip, what clocks drift between renewals, and some.
constexpr int64_t kTimeSlackUs = 700'000;

}  // namespace

void Judge::OnCommitSeen(const store::Commit& commit) {
  auto& batches = workspaces_[commit.workspace].batches;
  auto [known, fresh] =
      batches.try_emplace({commit.token.epoch, commit.batch.base_sequence}, commit.batch);
  if (!fresh && known->second.batch_id == commit.batch.batch_id &&
      !(known->second == commit.batch)) {
    Fail("a batch was resent with other content");
  }
  if (batches.size() > kBatchesMax) batches.erase(batches.begin());
}

void Judge::OnCommitTaken(const store::Commit& commit, const store::Token& held,
                          int64_t unix_us) {
  if (!(held == commit.token)) Fail("the store took the commit of a pod that is not the owner");
  if (commit.batch.events.empty()) return;
  EventId& high = workspaces_[commit.workspace].high;
  high = std::max(high, commit.batch.events.back().id);
  CheckTime(commit.batch, unix_us);
}

void Judge::CheckTime(const store::Batch& batch, int64_t unix_us) {
  v1::Event event;
  if (!event.ParseFromString(batch.events.back().bytes)) return Fail("not an event");
  const int64_t time_us = event.time().seconds() * 1'000'000 + event.time().nanos() / 1000;
  if (time_us <= unix_us + fast_us_ + kTimeSlackUs) return;
  Fail(absl::StrCat("workspace time is ", (time_us - unix_us) / 1000,
                    " ms ahead, the store's clock at most ", fast_us_ / 1000, " ms: ",
                    event.ShortDebugString()));
}

void Judge::OnAcquired(const WorkspaceId& workspace, const store::Token& token) {
  if (workspaces_[workspace].epochs.insert(token.epoch).second) return;
  Fail(absl::StrCat("epoch ", token.epoch, " was issued again"));
}

void Judge::OnRebuilt(const store::Rebuild& rebuild) {
  if (rebuild.batch.events.empty()) return;
  EventId& high = workspaces_[rebuild.workspace].high;
  high = std::max(high, rebuild.batch.events.back().id);
}

void Judge::OnLost(const WorkspaceId& name, EventId after, EventId until, bool excused) {
  Workspace& workspace = workspaces_[name];
  if (!(after < until)) return;
  (excused ? workspace.excused : workspace.pending).push_back({after, until});
}

bool Judge::IsWhole(const WorkspaceId& name) const {
  const auto it = workspaces_.find(name);
  return !was_two_owners_ && (it == workspaces_.end() || it->second.excused.empty());
}

void Judge::Excuse(const WorkspaceId& name) {
  Workspace& workspace = workspaces_[name];
  workspace.excused.insert(workspace.excused.end(), workspace.pending.begin(),
                           workspace.pending.end());
  workspace.pending.clear();
}

bool Judge::IsExcused(const WorkspaceId& name, EventId cursor) const {
  auto it = workspaces_.find(name);
  if (it == workspaces_.end()) return false;
  return std::any_of(it->second.excused.begin(), it->second.excused.end(),
                     [&](const Range& r) { return r.after < cursor && cursor <= r.until; });
}

void Judge::OnAnswer(const WorkspaceId& name, EventId cursor) {
  const Workspace& workspace = workspaces_[name];
  if (workspace.high < cursor) {
    Fail(absl::StrCat("an answer with cursor ", ToString(cursor),
                      " left before its commit, the newest committed event is ",
                      ToString(workspace.high)));
  }
}

EventId Judge::Heard(const WorkspaceId& name) const {
  auto it = workspaces_.find(name);
  return it == workspaces_.end() ? EventId{} : it->second.heard;
}

void Judge::OnHeard(const WorkspaceId& name, EventId cursor, EventId asked_after,
                    bool is_mutation) {
  Workspace& workspace = workspaces_[name];
  if (cursor < asked_after && two_owners_ == 0 && !IsExcused(name, asked_after)) {
    Fail(absl::StrCat("a stale answer: it saw ", ToString(cursor), ", but ",
                      ToString(asked_after), " was acknowledged before it was asked"));
  }
  workspace.heard = std::max(workspace.heard, cursor);
  if (is_mutation && cursor.n != 0) workspace.acknowledged.insert(cursor);
}

void Judge::CheckHistory(const WorkspaceId& name, const std::vector<store::EventEntry>& events,
                         const store::State& state) {
  Workspace& workspace = workspaces_[name];
  std::set<EventId> present;
  for (const store::EventEntry& entry : events) {
    if (!present.empty() && !(*present.rbegin() < entry.id)) Fail("event ids do not ascend");
    present.insert(entry.id);
  }
  History history(sessions_);
  for (const store::EventEntry& entry : events) {
    if (std::string wrong = history.Add(entry); !wrong.empty()) {
      return Fail(absl::StrCat(ToString(entry.id), ": ", wrong));
    }
  }
  CheckStreams(name, events);
  for (const EventId& id : workspace.acknowledged) {
    if (present.contains(id) || IsExcused(name, id) || id < history.gap()) continue;
    return Fail(absl::StrCat("acknowledged event ", ToString(id), " is lost"));
  }
  engine::Engine engine(name);
  const runtime::Decoded decoded = store::RecordCodec().Decode(state, engine);
  if (decoded.refusal) return Fail(absl::StrCat("the state cannot be read: ", *decoded.refusal));
  if (!decoded.quarantined.empty()) return Fail("a record had to be quarantined");
  if (std::string wrong = engine.CheckInvariants(false); !wrong.empty()) return Fail(wrong);
  gap_ = history.gap().n != 0;
  if (std::string wrong = history.CompareWith(engine); !wrong.empty()) {
    Fail(absl::StrCat("folding the events does not give the state: ", wrong));
  }
}

void Judge::CheckStreams(const WorkspaceId& name,
                         const std::vector<store::EventEntry>& events) {
  if (!IsWhole(name)) return;  // What was lost may come late, by a repeat.
  std::map<std::string, int> last;
  bool gap = false;
  for (const store::EventEntry& entry : events) {
    v1::Event event;
    event.ParseFromString(entry.bytes);
    if (event.owner_changed().lost()) {
      gap = true;
      last.clear();
    }
    const std::string& message = event.message_recorded().message_id();
    const std::vector<std::string> id = absl::StrSplit(message, '/');
    int number = 0;
    if (id.size() != 2 || !absl::SimpleAtoi(id[1], &number) || failed_.contains(message)) continue;
    const auto [at, first] = last.try_emplace(id[0], gap ? number - 1 : 0);
    int& before = at->second;
    while (failed_.contains(absl::StrCat(id[0], "/", before + 1))) ++before;
    if (number != before + 1) {
      return Fail(absl::StrCat("order lost: command ", number, " of stream ", id[0],
                               " was applied after ", before));
    }
    before = number;
  }
}

EventId Judge::GapIn(const std::vector<store::EventEntry>& events) {
  EventId gap;
  for (const store::EventEntry& entry : events) {
    v1::Event event;
    if (event.ParseFromString(entry.bytes) && event.owner_changed().lost()) gap = entry.id;
  }
  return gap;
}

// Before a gap that the history admits there may have been two of it, and the reader saw the other.
void Judge::CheckFollowed(const WorkspaceId& name,
                          const std::vector<store::EventEntry>& followed,
                          const std::vector<store::EventEntry>& events) {
  const EventId gap = GapIn(events);
  const auto counts = [gap](const store::EventEntry& entry) { return !(entry.id < gap); };
  auto mine = std::find_if(followed.begin(), followed.end(), counts);
  auto theirs = std::find_if(events.begin(), events.end(), counts);
  std::tie(mine, theirs) = std::mismatch(mine, followed.end(), theirs, events.end());
  if (mine == followed.end() && theirs == events.end()) return;
  Fail(absl::StrCat("who followed the history of ", name, " has ",
                    mine == followed.end() ? "nothing" : ToString(mine->id), " where it has ",
                    theirs == events.end() ? "nothing" : ToString(theirs->id)));
}

}  // namespace firstline::simulation
