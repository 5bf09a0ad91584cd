#include "services/router/store/redis_store.h"

#include <algorithm>
#include <initializer_list>
#include <set>
#include <type_traits>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/redis/error.h"
#include "services/router/store/redis_generation.h"
#include "services/router/store/redis_inspection.h"
#include "services/router/store/redis_protocol.h"
#include "services/router/store/redis_scripts.h"

namespace firstline::store {
namespace {

template <typename... Kinds>
bool IsOneOf(const Request& request) {
  return (std::holds_alternative<Kinds>(request) || ...);
}

// A server that was flushed or restarted asks for the scripts first, one that lost the slot names
// another, and either has done nothing.
constexpr int kAttempts = 3;

bool RunsAlone(const Request& request) { return IsOneOf<Load, Rebuild, Drop>(request); }

const WorkspaceId& WorkspaceOf(const Request& request) {
  static const WorkspaceId kNone;
  return std::visit(
      [](const auto& r) -> const WorkspaceId& {
        if constexpr (requires { r.workspace; }) {
          return r.workspace;
        } else {
          return kNone;
        }
      },
      request);
}

// What decides on which server a request is carried out.
std::string KeyOf(const Request& request) {
  if (std::holds_alternative<ListWorkspaces>(request)) return std::string(kRegistryKey);
  if (std::holds_alternative<Announce>(request)) return std::string(kPodsKey);
  return OwnershipKey(WorkspaceOf(request));
}

// ---- Appending ----

// A script call on the ownership record alone.
// Of a script that takes the token first.
void AppendTokenCall(redis::Connection& connection, const redis::Script& script,
                     const WorkspaceId& workspace, const Token& token,
                     std::initializer_list<uint64_t> more = {}) {
  ArgumentList arguments;
  arguments.AddNumber(token.epoch);
  arguments.AddNumber(token.nonce);
  for (uint64_t number : more) arguments.AddNumber(number);
  const std::string key = OwnershipKey(workspace);
  const std::string_view keys[] = {key};
  script.Append(connection, keys, arguments.view());
}

void AppendAcquire(redis::Connection& connection, const Acquire& request) {
  ArgumentList arguments;
  arguments.AddNumber(request.nonce);
  arguments.Add(request.address);
  arguments.AddNumber(request.least_epoch);
  if (request.seen) {
    arguments.AddNumber(request.seen->token.epoch);
    arguments.AddNumber(request.seen->token.nonce);
    arguments.Add(request.seen->address);
    arguments.AddNumber(request.seen->renewals);
    arguments.AddNumber(request.seen->sequence);
    arguments.AddNumber(request.seen->batch_id);
    arguments.AddNumber(request.seen->generation);
    arguments.AddNumber(request.seen->released ? 1 : 0);
  }
  const std::string key = OwnershipKey(request.workspace);
  const std::string_view keys[] = {key};
  redis_scripts::Get().acquire.Append(connection, keys, arguments.view());
}

void AppendCommit(redis::Connection& connection, const Commit& request) {
  const Batch& batch = request.batch;
  ArgumentList keys;
  keys.AddOwned(OwnershipKey(request.workspace));
  AddGenerationKeys(request.workspace, request.generation, keys);

  ArgumentList arguments;
  const auto entries = SplitIntoEntries(batch.events);
  arguments.Reserve(16 + 2 * entries.size() + 2 * batch.events.size() + 2 * batch.puts.size() +
                    batch.erases.size());
  for (uint64_t number : {request.token.epoch, request.token.nonce, request.generation,
                          batch.base_sequence, batch.base_sequence + 1, batch.batch_id,
                          batch.keep_events_max, uint64_t{entries.size()}}) {
    arguments.AddNumber(number);
  }
  const Put* puts = batch.puts.data();
  const Erase* erases = batch.erases.data();
  for (uint64_t n : CountByTable(puts, puts + batch.puts.size())) arguments.AddNumber(n);
  for (uint64_t n : CountByTable(erases, erases + batch.erases.size())) arguments.AddNumber(n);
  for (std::span<const EventEntry> entry : entries) {
    arguments.AddOwned(ToString(entry.back().id));
    arguments.AddNumber(entry.size());
    for (const EventEntry& event : entry) {
      arguments.Add(kEventField);
      arguments.Add(event.bytes);
    }
  }
  AddPuts(puts, puts + batch.puts.size(), arguments);
  for (int table = 0; table < kTableCount; ++table) {
    for (const Erase& erase : batch.erases) {
      if (erase.table == static_cast<Table>(table)) arguments.Add(erase.key);
    }
  }
  redis_scripts::Get().commit.Append(connection, keys.view(), arguments.view());
}

void AppendRequest(redis::Connection& connection, const Request& request) {
  const redis_scripts::Scripts& scripts = redis_scripts::Get();
  if (const auto* observe = std::get_if<Observe>(&request)) {
    const std::string key = OwnershipKey(observe->workspace);
    const std::string_view keys[] = {key};
    scripts.observe.Append(connection, keys, {});
  } else if (const auto* acquire = std::get_if<Acquire>(&request)) {
    AppendAcquire(connection, *acquire);
  } else if (const auto* renew = std::get_if<Renew>(&request)) {
    AppendTokenCall(connection, scripts.renew, renew->workspace, renew->token);
  } else if (const auto* release = std::get_if<Release>(&request)) {
    AppendTokenCall(connection, scripts.release, release->workspace, release->token,
                    {release->sequence});
  } else if (const auto* commit = std::get_if<Commit>(&request)) {
    AppendCommit(connection, *commit);
  } else if (const auto* announce = std::get_if<Announce>(&request)) {
    ArgumentList arguments;
    arguments.Add(announce->address);
    arguments.AddNumber(static_cast<uint64_t>(announce->ttl_ms));
    const std::string_view keys[] = {kPodsKey};
    scripts.announce.Append(connection, keys, arguments.view());
  } else {
    connection.Append({"SMEMBERS", kRegistryKey});
  }
}

// ---- Reading ----

// A list of names into `names` of the reply, ascending.
Reply ReadNames(const absl::StatusOr<redis::Reply>& reply,
                std::vector<std::string> Reply::*names) {
  if (!reply.ok()) return ErrorReply(reply.status());
  const auto texts = reply->AsStrings();
  if (!texts.ok()) return ErrorReply(texts.status());
  Reply result;
  result.result = Result::kOk;
  (result.*names).assign(texts->begin(), texts->end());
  std::sort((result.*names).begin(), (result.*names).end());
  return result;
}

Reply ReadReplyTo(const Request& request, const absl::StatusOr<redis::Reply>& reply) {
  if (std::holds_alternative<ListWorkspaces>(request)) return ReadNames(reply, &Reply::workspaces);
  if (std::holds_alternative<Announce>(request)) return ReadNames(reply, &Reply::pods);
  return ReadScriptReply(reply);
}

// Nothing was sent: nobody could be connected to, for whatever reason.
Reply NotReached(const absl::Status& status) {
  Reply reply;
  reply.detail = std::string(status.message());
  return reply;
}

std::optional<Reply> Unfit(const Request& request) {
  const auto* commit = std::get_if<Commit>(&request);
  if (!commit) return std::nullopt;
  const auto why = Malformation(commit->batch);
  if (!why) return std::nullopt;
  Reply reply;
  reply.result = Result::kBroken;
  reply.detail = *why;
  return reply;
}

absl::Status Check(redis::Connection& connection) {
  std::string text;
  for (std::string_view section : {"server", "memory"}) {
    const auto info = connection.Call({"INFO", section});
    if (!info.ok()) return info.status();
    const auto lines = info->AsString();
    if (!lines.ok()) return lines.status();
    text.append(*lines);
  }
  const std::string version = InfoValue(text, "redis_version");
  int major = 0;
  if (!absl::SimpleAtoi(version.substr(0, version.find('.')), &major) || major < 7) {
    return absl::FailedPreconditionError(absl::StrCat("Redis ", version, ": 7 or later is needed"));
  }
  const std::string policy = InfoValue(text, "maxmemory_policy");
  if (policy == "noeviction") return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "maxmemory-policy is ", policy, " and would delete state; set it to noeviction"));
}

bool IsAsk(const Reply& reply) {
  const auto redirection = redis::RedirectionOf(reply.detail);
  return redirection && redirection->ask;
}

redis::ServersOptions ServersOf(const RedisStoreOptions& options) {
  redis::ServersOptions servers = options.servers;
  if (options.wait_replicas > 0) servers.command_timeout += options.wait;
  return servers;
}

}  // namespace

RedisStore::RedisStore(RedisStoreOptions options)
    : options_(std::move(options)),
      // A refusal is met again by the first call, as NOSCRIPT.
      servers_(ServersOf(options_), [](redis::Connection& c) { LoadScripts(c).IgnoreError(); }) {}
RedisStore::~RedisStore() = default;

std::vector<Reply> RedisStore::Execute(const std::vector<Request>& requests) {
  std::vector<Reply> replies(requests.size());
  if (std::any_of(requests.begin(), requests.end(), IsOneOf<Observe, Acquire, Renew>)) {
    servers_.Confirm();
  }
  size_t at = 0;
  while (at < requests.size()) {
    size_t end = at;
    while (end < requests.size() && !RunsAlone(requests[end])) ++end;
    if (end == at) {
      replies[at] = RunAlone(requests[at]);
      ++end;
    } else {
      RunPipeline({&requests[at], end - at}, {&replies[at], end - at});
    }
    at = end;
  }
  servers_.EndRound();
  return replies;
}

void RedisStore::RunPipeline(std::span<const Request> requests, std::span<Reply> replies) {
  std::vector<size_t> due;
  for (size_t i = 0; i < requests.size(); ++i) {
    if (auto unfit = Unfit(requests[i])) {
      replies[i] = *std::move(unfit);
    } else {
      due.push_back(i);
    }
  }
  for (int attempt = 0; attempt < kAttempts && !due.empty(); ++attempt) {
    due = RunRound(requests, replies, due);
  }
  UpdateRegistry(requests, replies);
}

// Sends what is due and reads the replies. Returns what was not done and may be sent again at once.
std::vector<size_t> RedisStore::RunRound(std::span<const Request> requests,
                                         std::span<Reply> replies,
                                         const std::vector<size_t>& due) {
  std::vector<std::pair<size_t, redis::Connection*>> sent;
  sent.reserve(due.size());
  std::set<redis::Connection*> written;
  for (size_t i : due) {
    const auto connection = servers_.For(KeyOf(requests[i]));
    if (!connection.ok()) {
      replies[i] = NotReached(connection.status());
      continue;
    }
    AppendRequest(**connection, requests[i]);
    sent.emplace_back(i, *connection);
    if (IsOneOf<Acquire, Renew, Commit>(requests[i])) written.insert(*connection);
  }
  if (options_.wait_replicas == 0) written.clear();
  for (redis::Connection* connection : written) AppendWait(*connection);
  for (const auto& [i, connection] : sent) connection->Flush().IgnoreError();
  std::vector<size_t> again;
  std::vector<Asking> asking;
  std::set<redis::Connection*> forgetful;
  for (const auto& [i, connection] : sent) {
    const auto reply = connection->ReadReply();
    Note(*connection, reply.status());
    replies[i] = ReadReplyTo(requests[i], reply);
    switch (redis::KindOf(reply.status())) {
      case redis::ErrorKind::kNoScript: forgetful.insert(connection); break;
      case redis::ErrorKind::kMoved:
        if (!IsAsk(replies[i])) break;
        asking.push_back({i, connection});
        continue;
      default: continue;
    }
    again.push_back(i);
  }
  for (redis::Connection* connection : written) {
    if (ReadWait(*connection)) continue;
    for (const auto& [i, used] : sent) replies[i].replicated &= used != connection;
  }
  for (redis::Connection* connection : forgetful) LoadScripts(*connection).IgnoreError();
  for (const Asking& asked : asking) {
    replies[asked.request] = Ask(*asked.from, requests[asked.request], replies[asked.request]);
  }
  return again;
}

// While a slot is being moved, the server that it leaves sends there what it has no key of any more.
// Not waited for: what is written there is not replicated, as far as anybody knows.
Reply RedisStore::Ask(redis::Connection& from, const Request& request, Reply sent_away) {
  const auto connection = servers_.Asked(from, sent_away.detail);
  if (!connection.ok()) return sent_away;
  (*connection)->Append({"ASKING"});
  AppendRequest(**connection, request);
  const absl::Status asking = (*connection)->ReadReply().status();
  const auto reply = (*connection)->ReadReply();
  if (!asking.ok()) return sent_away;
  if (redis::KindOf(reply.status()) == redis::ErrorKind::kNoScript) {
    LoadScripts(**connection).IgnoreError();
  }
  Reply answer = ReadReplyTo(request, reply);
  answer.replicated = options_.wait_replicas == 0;
  return answer;
}

void RedisStore::Note(const redis::Connection& connection, const absl::Status& status) {
  if (status.ok()) return;
  const absl::string_view message = status.message();
  servers_.Note(connection, {message.data(), message.size()});
}

void RedisStore::AppendWait(redis::Connection& connection) const {
  connection.Append({"WAIT", absl::StrCat(options_.wait_replicas),
                     absl::StrCat(options_.wait.count())});
}

// Whether enough replicas have everything. An error says that they have not.
bool RedisStore::ReadWait(redis::Connection& connection) {
  const auto reply = connection.ReadReply();
  const auto count = reply.ok() ? reply->AsInteger() : reply.status();
  return count.ok() && *count >= options_.wait_replicas;
}

void RedisStore::UpdateRegistry(std::span<const Request> requests, std::span<Reply> replies) {
  std::vector<size_t> changed;
  for (size_t i = 0; i < requests.size(); ++i) {
    if (replies[i].result != Result::kOk || !IsOneOf<Acquire, Renew, Drop>(requests[i])) continue;
    changed.push_back(i);
  }
  if (changed.empty()) return;
  const auto connection = servers_.For(kRegistryKey);
  for (size_t i : changed) {
    if (!connection.ok()) break;
    const bool drop = std::holds_alternative<Drop>(requests[i]);
    (*connection)->Append({drop ? "SREM" : "SADD", kRegistryKey, WorkspaceOf(requests[i])});
  }
  for (size_t i : changed) {
    absl::Status status = connection.status();
    if (status.ok()) {
      status = (*connection)->ReadReply().status();
      Note(**connection, status);
    }
    // An entry that is missing comes with the next renewal; one that is left needs the resend.
    const bool drop = std::holds_alternative<Drop>(requests[i]);
    if (!status.ok() && drop) replies[i] = ErrorReply(status);
  }
}

Reply RedisStore::RunAlone(const Request& request) {
  const auto connection = servers_.For(KeyOf(request));
  if (!connection.ok()) return NotReached(connection.status());
  Reply reply;
  if (const auto* load = std::get_if<Load>(&request)) {
    reply = LoadGeneration(**connection, *load, options_.load_page);
  } else if (const auto* rebuild = std::get_if<Rebuild>(&request)) {
    reply = RebuildGeneration(**connection, *rebuild, options_.rebuild_chunk);
    if (options_.wait_replicas > 0 && reply.result == Result::kOk) {
      AppendWait(**connection);
      reply.replicated = ReadWait(**connection);
    }
  } else {
    reply = RunDrop(**connection, std::get<Drop>(request));
    UpdateRegistry({&request, 1}, {&reply, 1});
  }
  if (reply.result == Result::kRefused) servers_.Note(**connection, reply.detail);
  return reply;
}

Reply RedisStore::RunDrop(redis::Connection& connection, const Drop& request) {
  const auto present = PresentRecord(connection, request.workspace, request.token);
  if (!present.ok()) return ErrorReply(present.status());
  const uint64_t generation = present->value_or(OwnershipRecord{}).generation;
  ArgumentList keys, arguments;
  keys.AddOwned(OwnershipKey(request.workspace));
  AddGenerationKeys(request.workspace, generation, keys);
  arguments.AddNumber(request.token.epoch);
  arguments.AddNumber(request.token.nonce);
  arguments.AddNumber(generation);
  return ReadScriptReply(redis_scripts::Get().drop.Run(connection, keys.view(), arguments.view()));
}

absl::Status RedisStore::CheckServer() {
  const auto all = servers_.All();
  absl::Status checked = all.status();
  for (size_t i = 0; checked.ok() && i < all->size(); ++i) checked = Check(*(*all)[i]);
  servers_.EndRound();
  return checked;
}

}  // namespace firstline::store
