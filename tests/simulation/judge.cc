#include "tests/simulation/judge.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "services/router/store/codec.h"

namespace firstline::simulation {

void Judge::OnCommitSeen(const store::Commit& commit) {
  auto& batches = workspaces_[commit.workspace].batches;
  auto [known, fresh] =
      batches.try_emplace({commit.token.epoch, commit.batch.base_sequence}, commit.batch);
  if (!fresh && known->second.batch_id == commit.batch.batch_id &&
      !(known->second == commit.batch)) {
    Fail("a batch was resent with other content");
  }
}

void Judge::OnCommitTaken(const store::Commit& commit, const store::Token& held) {
  if (!(held == commit.token)) Fail("the store took the commit of a pod that is not the owner");
  if (commit.batch.events.empty()) return;
  EventId& high = workspaces_[commit.workspace].high;
  high = std::max(high, commit.batch.events.back().id);
}

void Judge::OnAcquired(const WorkspaceId& workspace, const store::Token& token) {
  uint64_t& epoch = workspaces_[workspace].epoch;
  if (token.epoch <= epoch) Fail(absl::StrCat("epoch ", token.epoch, " was issued again"));
  epoch = std::max(epoch, token.epoch);
}

void Judge::OnRebuilt(const store::Rebuild& rebuild) {
  if (rebuild.batch.events.empty()) return;
  EventId& high = workspaces_[rebuild.workspace].high;
  high = std::max(high, rebuild.batch.events.back().id);
}

void Judge::OnRollback(const WorkspaceId& name, EventId kept, bool excused) {
  Workspace& workspace = workspaces_[name];
  if (!(kept < workspace.high)) return;
  (excused ? workspace.excused : workspace.pending).push_back({kept, workspace.high});
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

}  // namespace firstline::simulation
