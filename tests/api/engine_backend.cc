#include "tests/api/engine_backend.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"

namespace firstline::api {
namespace {

constexpr uint64_t kEpoch = 7;

bool After(store::EventId cursor, const store::EventEntry& entry) { return cursor < entry.id; }

}  // namespace

void EngineBackend::Submit(runtime::Call call, Callback done) {
  std::function<void()> give;
  {
    sync::MutexLock lock(mutex_);
    runtime::Answer answer = answer_all_ ? *answer_all_ : Answer(call);
    give = [done = std::move(done), answer = std::move(answer)] { done(answer); };
    if (holding_) {
      held_.push_back(std::move(give));
      give = nullptr;
    }
  }
  if (committed) committed();
  if (give) give();
}

runtime::Answer EngineBackend::Answer(runtime::Call& call) {
  if (std::holds_alternative<engine::Command>(call.body)) return Apply(call);
  const auto found = workspaces_.find(call.workspace);
  if (found == workspaces_.end()) return runtime::UnknownWorkspace{};
  Workspace& workspace = found->second;
  if (const auto* query = std::get_if<runtime::Query>(&call.body)) {
    (*query)(*workspace.engine);
    return runtime::Done{{}, {kEpoch, workspace.last_n}};
  }
  if (const auto* advance = std::get_if<runtime::AdvanceTime>(&call.body)) {
    if (!driven) return runtime::ClockNotDriven{};
    if (advance->to < now_) {
      return runtime::Done{{.rejection = engine::Rejection::kInvalidField, .subject = "to"}, {}};
    }
    now_ = advance->to;
    workspace.engine->Tick(now_);
    return runtime::Done{{}, Commit(workspace)};
  }
  const auto& drop = std::get<runtime::DropWorkspace>(call.body);
  if (!drop.etag.empty() && drop.etag != workspace.engine->etag()) {
    return runtime::Done{
        {.rejection = engine::Rejection::kEtagMismatch, .subject = workspace.engine->etag()}, {}};
  }
  if (!drop.force && workspace.engine->open_inquiries() > 0) {
    return runtime::Done{{.rejection = engine::Rejection::kQueueInUse}, {}};
  }
  telemetry_.Dropped(call.workspace);
  workspaces_.erase(found);
  return runtime::Done{};
}

runtime::Answer EngineBackend::Apply(runtime::Call& call) {
  auto found = workspaces_.find(call.workspace);
  const bool fresh = found == workspaces_.end();
  if (fresh && !call.create_if_missing) return runtime::UnknownWorkspace{};
  if (fresh) {
    found = workspaces_.try_emplace(call.workspace).first;
    found->second.engine = std::make_unique<engine::Engine>(call.workspace);
    telemetry_.Loaded(call.workspace, *found->second.engine);
  }
  Workspace& workspace = found->second;
  runtime::Done done{workspace.engine->Apply(now_, std::get<engine::Command>(call.body)), {}};
  const auto* submit =
      std::get_if<engine::Submit>(&std::get<engine::Command>(call.body).body);
  if (submit != nullptr && !done.outcome.ok()) {
    telemetry_.Refused(call.workspace, *workspace.engine, *submit, done.outcome);
  }
  if (!done.outcome.ok() && fresh) {
    telemetry_.Dropped(call.workspace);
    workspaces_.erase(found);
    return done;
  }
  done.cursor = Commit(workspace);
  return done;
}

store::EventId EngineBackend::Commit(Workspace& workspace) {
  engine::Engine& engine = *workspace.engine;
  if (!engine.events().empty()) {
    telemetry_.Applied(engine.workspace(), engine);
    telemetry_.Sealed(engine.workspace());
    std::vector<store::EventEntry> entries =
        codec_.EncodeEvents(engine, {kEpoch, workspace.last_n + 1});
    workspace.last_n += entries.size();
    std::move(entries.begin(), entries.end(), std::back_inserter(workspace.events));
    engine.ClearEvents();
    telemetry_.Committed(engine.workspace(), engine, {});
  }
  engine.TakeChanges();
  return {kEpoch, workspace.last_n};
}

void EngineBackend::Beat(const runtime::WorkspaceId&, std::vector<runtime::SessionRef> sessions) {
  sync::MutexLock lock(mutex_);
  last_beat_ = std::move(sessions);
}

std::vector<runtime::SessionRef> EngineBackend::last_beat() {
  sync::MutexLock lock(mutex_);
  return last_beat_;
}

void EngineBackend::ListWorkspaces(Listed done) {
  std::vector<std::string> names;
  {
    sync::MutexLock lock(mutex_);
    for (const auto& [name, workspace] : workspaces_) names.push_back(name);
  }
  done(std::move(names));
}

store::EventPage EngineBackend::Read(const std::string& workspace, store::EventId cursor,
                                     size_t max, int64_t) {
  sync::MutexLock lock(mutex_);
  const auto found = workspaces_.find(workspace);
  store::EventPage page;
  if (found == workspaces_.end()) return page;
  const Workspace& history = found->second;
  const bool from_start = cursor == store::EventId{};
  if (!from_start && cursor < history.trimmed) {
    page.state = store::CursorState::kExpired;
    page.last_common = history.trimmed;
    return page;
  }
  auto next = std::upper_bound(history.events.begin(), history.events.end(), cursor, After);
  const store::EventId common =
      next == history.events.begin() ? history.trimmed : std::prev(next)->id;
  if (!from_start && common != cursor) {
    page.state = store::CursorState::kRewound;
    page.last_common = common;
    return page;
  }
  while (next != history.events.end() && page.events.size() < max) {
    page.events.push_back(*next++);
  }
  return page;
}

std::optional<store::EventId> EngineBackend::Last(const std::string& workspace) {
  sync::MutexLock lock(mutex_);
  const auto found = workspaces_.find(workspace);
  if (found == workspaces_.end()) return store::EventId{};
  return found->second.events.empty() ? found->second.trimmed : found->second.events.back().id;
}

std::string EngineBackend::Fingerprint() {
  sync::MutexLock lock(mutex_);
  std::string text;
  for (auto& [name, workspace] : workspaces_) {
    absl::StrAppend(&text, name, " ", workspace.last_n, "\n");
    std::vector<store::Put> puts = codec_.EncodeAll(*workspace.engine);
    std::sort(puts.begin(), puts.end(),
              [](const auto& a, const auto& b) { return a.key < b.key; });
    for (const store::Put& put : puts) absl::StrAppend(&text, put.key, "=", put.bytes, "\n");
  }
  return text;
}

void EngineBackend::Advance(engine::Span span) {
  {
    sync::MutexLock lock(mutex_);
    now_ = now_ + span;
    for (auto& [name, workspace] : workspaces_) {
      workspace.engine->Tick(now_);
      Commit(workspace);
    }
  }
  if (committed) committed();
}

store::EventId EngineBackend::AppendEvents(const std::string& workspace,
                                           std::vector<v1::Event> events) {
  store::EventId last;
  {
    sync::MutexLock lock(mutex_);
    Workspace& history = workspaces_.at(workspace);
    for (v1::Event& event : events) {
      last = {kEpoch, ++history.last_n};
      event.set_id(store::ToString(last));
      history.events.push_back({last, event.SerializeAsString()});
    }
  }
  if (committed) committed();
  return last;
}

void EngineBackend::AnswerAll(std::optional<runtime::Answer> answer) {
  sync::MutexLock lock(mutex_);
  answer_all_ = std::move(answer);
}

void EngineBackend::HoldAnswers() {
  sync::MutexLock lock(mutex_);
  holding_ = true;
}

void EngineBackend::Release() {
  std::vector<std::function<void()>> held;
  {
    sync::MutexLock lock(mutex_);
    holding_ = false;
    held.swap(held_);
  }
  for (auto& give : held) give();
}

size_t EngineBackend::held() {
  sync::MutexLock lock(mutex_);
  return held_.size();
}

void EngineBackend::Trim(const std::string& workspace, store::EventId id) {
  sync::MutexLock lock(mutex_);
  Workspace& history = workspaces_.at(workspace);
  std::erase_if(history.events, [&](const auto& entry) { return entry.id <= id; });
  history.trimmed = id;
}

void EngineBackend::Rewind(const std::string& workspace, store::EventId id) {
  sync::MutexLock lock(mutex_);
  std::erase_if(workspaces_.at(workspace).events,
                [&](const auto& entry) { return entry.id > id; });
}

}  // namespace firstline::api
