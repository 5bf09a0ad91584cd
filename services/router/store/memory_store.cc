#include "services/router/store/memory_store.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/router/store/lineage.h"

namespace firstline::store {
namespace {

int64_t SystemTimeUs() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

Reply Plain(Result result, std::string detail = {}) {
  Reply reply;
  reply.result = result;
  reply.detail = std::move(detail);
  return reply;
}

// Writes the batch's contents; the caller has checked that it may.
void Apply(const Batch& batch, MemoryWorkspace& workspace) {
  for (const EventEntry& event : batch.events) {
    const bool follows = workspace.events.empty() || workspace.events.back().id < event.id;
    if (follows) workspace.events.push_back(event);
  }
  while (workspace.events.size() > batch.keep_events_max) workspace.events.pop_front();
  for (const Put& put : batch.puts) {
    workspace.tables[static_cast<size_t>(put.table)].insert_or_assign(put.key, put.bytes);
  }
  for (const Erase& erase : batch.erases) {
    workspace.tables[static_cast<size_t>(erase.table)].erase(erase.key);
  }
  workspace.ownership->sequence = batch.base_sequence + 1;
  workspace.ownership->batch_id = batch.batch_id;
}

bool IsApplied(const Batch& batch, const OwnershipRecord& record) {
  return record.sequence == batch.base_sequence + 1 && record.batch_id == batch.batch_id;
}

EventId LastEvent(const MemoryWorkspace& workspace) {
  return workspace.events.empty() ? EventId{} : workspace.events.back().id;
}

// The first event with an id above `id`.
std::deque<EventEntry>::const_iterator After(const std::deque<EventEntry>& events, EventId id) {
  return std::upper_bound(events.begin(), events.end(), id,
                          [](EventId a, const EventEntry& b) { return a < b.id; });
}

EventPage Lost(CursorState state, EventId last_common) {
  EventPage page;
  page.state = state;
  page.last_common = last_common;
  return page;
}

}  // namespace

MemoryBackend::MemoryBackend(ClockUs now_us, MemoryFlaws flaws)
    : now_us_(now_us ? std::move(now_us) : SystemTimeUs), flaws_(flaws) {}

Reply MemoryBackend::Run(const Request& request) {
  sync::MutexLock lock(mutex_);
  Reply reply;
  // Not a visitor with a lambda: the thread-safety analysis does not see the lock inside one.
  if (const auto* observe = std::get_if<Observe>(&request)) reply = Do(*observe);
  if (const auto* acquire = std::get_if<Acquire>(&request)) reply = Do(*acquire);
  if (const auto* renew = std::get_if<Renew>(&request)) reply = Do(*renew);
  if (const auto* release = std::get_if<Release>(&request)) reply = Do(*release);
  if (const auto* commit = std::get_if<Commit>(&request)) reply = Do(*commit);
  if (const auto* load = std::get_if<Load>(&request)) reply = Do(*load);
  if (const auto* rebuild = std::get_if<Rebuild>(&request)) reply = Do(*rebuild);
  if (const auto* drop = std::get_if<Drop>(&request)) reply = Do(*drop);
  if (const auto* list = std::get_if<ListWorkspaces>(&request)) reply = Do(*list);
  if (const auto* announce = std::get_if<Announce>(&request)) reply = Do(*announce);
  changed_.NotifyAll();
  return reply;
}

Reply MemoryBackend::Do(const Observe& request) {
  Reply reply = WithRecord(Result::kOk, request.workspace);
  reply.store_time_us = now_us_();
  return reply;
}

Reply MemoryBackend::Do(const Acquire& request) {
  const OwnershipRecord* stored = Ownership(request.workspace);
  const bool unchanged = request.seen ? stored && *stored == *request.seen : !stored;
  if (!unchanged) return WithRecord(Result::kFenced, request.workspace);
  const int64_t now_us = now_us_();
  OwnershipRecord record = request.seen.value_or(OwnershipRecord{});
  const uint64_t next = record.token.epoch + 1;
  record.token.epoch =
      flaws_.epoch_ignores_clock
          ? next
          : std::max({next, request.least_epoch, static_cast<uint64_t>(now_us)});
  record.token.nonce = request.nonce;
  record.address = request.address;
  record.renewals = 0;
  record.released = false;
  Mutable(request.workspace).ownership = record;
  now_.registry.insert(request.workspace);
  Reply reply = WithRecord(Result::kOk, request.workspace);
  reply.store_time_us = now_us;
  return reply;
}

Reply MemoryBackend::Do(const Renew& request) {
  if (auto refusal = Fence(request.workspace, request.token)) return *refusal;
  ++Mutable(request.workspace).ownership->renewals;
  now_.registry.insert(request.workspace);
  Reply reply = WithRecord(Result::kOk, request.workspace);
  reply.store_time_us = now_us_();
  return reply;
}

Reply MemoryBackend::Do(const Release& request) {
  const OwnershipRecord* record = Ownership(request.workspace);
  if (!record || record->token != request.token) {
    return WithRecord(Result::kFenced, request.workspace);
  }
  if (record->sequence != request.sequence) {
    return WithRecord(Result::kOutOfOrder, request.workspace);
  }
  Mutable(request.workspace).ownership->released = true;
  return Plain(Result::kOk);
}

Reply MemoryBackend::Do(const Commit& request) {
  if (auto why = Malformation(request.batch)) return Plain(Result::kBroken, *why);
  const bool exists = Ownership(request.workspace) != nullptr;
  if (!flaws_.skip_token_check || !exists) {
    if (auto refusal = Fence(request.workspace, request.token)) return *refusal;
  }
  const MemoryWorkspace& stored = *Find(request.workspace);
  const Batch& batch = request.batch;
  const bool known_generation = stored.ownership->generation == request.generation;
  if (!known_generation) return WithRecord(Result::kOutOfOrder, request.workspace);
  if (!flaws_.skip_sequence_check) {
    if (IsApplied(batch, *stored.ownership)) return Plain(Result::kOk);
    if (stored.ownership->sequence != batch.base_sequence) {
      return WithRecord(Result::kOutOfOrder, request.workspace);
    }
  }
  if (!batch.events.empty() && batch.events.front().id <= LastEvent(stored)) {
    return Plain(Result::kBroken, absl::StrCat("event ", ToString(batch.events.front().id),
                                               " does not follow ", ToString(LastEvent(stored))));
  }
  Apply(batch, Mutable(request.workspace));
  return Plain(Result::kOk);
}

Reply MemoryBackend::Do(const Load& request) {
  if (auto refusal = Fence(request.workspace, request.token)) return *refusal;
  const MemoryWorkspace& stored = *Find(request.workspace);
  State state;
  for (int table = 0; table < kTableCount; ++table) {
    for (const auto& [key, bytes] : stored.tables[static_cast<size_t>(table)]) {
      state.records.push_back({static_cast<Table>(table), key, bytes});
    }
  }
  state.last_event = LastEvent(stored);
  Reply reply = Plain(Result::kOk);
  reply.state = std::move(state);
  return reply;
}

Reply MemoryBackend::Do(const Rebuild& request) {
  if (auto why = Malformation(request.batch)) return Plain(Result::kBroken, *why);
  if (!request.batch.erases.empty()) return Plain(Result::kBroken, "a rebuild erases nothing");
  if (auto refusal = Fence(request.workspace, request.token)) return *refusal;
  const OwnershipRecord& record = *Ownership(request.workspace);
  if (record.generation == request.generation) {
    if (IsApplied(request.batch, record)) return Plain(Result::kOk);
    return WithRecord(Result::kOutOfOrder, request.workspace);
  }
  MemoryWorkspace fresh;
  fresh.ownership = record;
  fresh.ownership->generation = request.generation;
  fresh.events = Find(request.workspace)->events;
  Apply(request.batch, fresh);
  now_.workspaces[request.workspace] = std::make_shared<MemoryWorkspace>(std::move(fresh));
  return Plain(Result::kOk);
}

Reply MemoryBackend::Do(const Drop& request) {
  if (Ownership(request.workspace)) {
    if (auto refusal = Fence(request.workspace, request.token)) return *refusal;
    now_.workspaces.erase(request.workspace);
  }
  now_.registry.erase(request.workspace);
  return Plain(Result::kOk);
}

Reply MemoryBackend::Do(const ListWorkspaces&) {
  Reply reply = Plain(Result::kOk);
  reply.workspaces.assign(now_.registry.begin(), now_.registry.end());
  return reply;
}

Reply MemoryBackend::Do(const Announce& request) {
  const int64_t now_us = now_us_();
  now_.pods[request.address] = now_us + request.ttl_ms * 1000;
  std::erase_if(now_.pods, [now_us](const auto& pod) { return pod.second <= now_us; });
  Reply reply = Plain(Result::kOk);
  for (const auto& [address, until] : now_.pods) reply.pods.push_back(address);
  return reply;
}

const MemoryWorkspace* MemoryBackend::Find(const WorkspaceId& workspace) const {
  const auto it = now_.workspaces.find(workspace);
  return it == now_.workspaces.end() ? nullptr : it->second.get();
}

const OwnershipRecord* MemoryBackend::Ownership(const WorkspaceId& workspace) const {
  const MemoryWorkspace* stored = Find(workspace);
  return stored && stored->ownership ? &*stored->ownership : nullptr;
}

std::optional<Reply> MemoryBackend::Fence(const WorkspaceId& workspace, const Token& token) const {
  const OwnershipRecord* record = Ownership(workspace);
  if (record && record->token == token && !record->released) return std::nullopt;
  return WithRecord(Result::kFenced, workspace);
}

Reply MemoryBackend::WithRecord(Result result, const WorkspaceId& workspace) const {
  Reply reply = Plain(result);
  if (const OwnershipRecord* record = Ownership(workspace)) reply.ownership = *record;
  return reply;
}

MemoryWorkspace& MemoryBackend::Mutable(const WorkspaceId& workspace) {
  std::shared_ptr<const MemoryWorkspace>& slot = now_.workspaces[workspace];
  if (!slot) {
    slot = std::make_shared<MemoryWorkspace>();
  } else if (slot.use_count() > 1) {
    slot = std::make_shared<MemoryWorkspace>(*slot);
  }
  // Ours alone now, and created by make_shared<MemoryWorkspace>: the object itself is not const.
  return const_cast<MemoryWorkspace&>(*slot);
}

EventPage MemoryBackend::Read(const WorkspaceId& workspace, EventId cursor, size_t max,
                              int64_t wait_ms) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(wait_ms);
  sync::MutexLock lock(mutex_);
  while (true) {
    EventPage page = ReadNow(workspace, cursor, max);
    if (page.state != CursorState::kOk || !page.events.empty() || wait_ms <= 0) return page;
    if (!changed_.WaitUntil(mutex_, deadline)) return ReadNow(workspace, cursor, max);
  }
}

EventPage MemoryBackend::ReadNow(const WorkspaceId& workspace, EventId cursor, size_t max) const {
  static const std::deque<EventEntry> kNone;
  const bool exists = Ownership(workspace) != nullptr;
  const std::deque<EventEntry>& events = exists ? Find(workspace)->events : kNone;
  auto next = After(events, cursor);
  if (cursor != EventId{}) {
    if (events.empty() && flaws_.ignore_lineage) return {};
    if (events.empty()) return Lost(CursorState::kRewound, {});
    const EventId before_oldest = Predecessor(events.front().id);
    if (cursor < before_oldest) return Lost(CursorState::kExpired, before_oldest);
    const EventId common = next == events.begin() ? before_oldest : std::prev(next)->id;
    if (common != cursor && !flaws_.ignore_lineage) {
      return Lost(CursorState::kRewound, LastInCommon(cursor, common));
    }
  }
  EventPage page;
  while (next != events.end() && page.events.size() < max) page.events.push_back(*next++);
  return page;
}

EventId MemoryBackend::Last(const WorkspaceId& workspace) {
  sync::MutexLock lock(mutex_);
  return Ownership(workspace) ? LastEvent(*Find(workspace)) : EventId{};
}

MemoryImage MemoryBackend::Copy() {
  sync::MutexLock lock(mutex_);
  return now_;
}

void MemoryBackend::Restore(const MemoryImage& image) {
  sync::MutexLock lock(mutex_);
  now_ = image;
  changed_.NotifyAll();
}

void MemoryBackend::RestoreWorkspace(const WorkspaceId& workspace, const MemoryImage& image) {
  sync::MutexLock lock(mutex_);
  const auto it = image.workspaces.find(workspace);
  if (it == image.workspaces.end()) {
    now_.workspaces.erase(workspace);
  } else {
    now_.workspaces[workspace] = it->second;
  }
  changed_.NotifyAll();
}

void MemoryBackend::RestoreOwnership(const WorkspaceId& workspace,
                                     std::optional<OwnershipRecord> ownership) {
  sync::MutexLock lock(mutex_);
  Mutable(workspace).ownership = std::move(ownership);
  changed_.NotifyAll();
}

std::vector<Reply> MemoryStore::Execute(const std::vector<Request>& requests) {
  std::vector<Reply> replies;
  replies.reserve(requests.size());
  for (const Request& request : requests) replies.push_back(backend_->Run(request));
  return replies;
}

EventPage MemoryStore::Read(const WorkspaceId& workspace, EventId cursor, size_t max,
                            int64_t wait_ms) {
  return backend_->Read(workspace, cursor, max, wait_ms);
}

std::optional<EventId> MemoryStore::Last(const WorkspaceId& workspace) {
  return backend_->Last(workspace);
}

}  // namespace firstline::store
