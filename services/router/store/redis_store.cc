#include "services/router/store/redis_store.h"

#include <algorithm>
#include <type_traits>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/redis/error.h"
#include "services/router/store/redis_generation.h"
#include "services/router/store/redis_protocol.h"
#include "services/router/store/redis_scripts.h"

namespace firstline::store {
namespace {

template <typename... Kinds>
bool IsOneOf(const Request& request) {
  return (std::holds_alternative<Kinds>(request) || ...);
}

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

// ---- Appending ----

// A script call on the ownership record alone.
void AppendTokenCall(redis::Connection& connection, const redis::Script& script,
                     const WorkspaceId& workspace, const Token& token) {
  ArgumentList arguments;
  arguments.AddNumber(token.epoch);
  arguments.AddNumber(token.nonce);
  const std::string key = OwnershipKey(workspace);
  const std::string_view keys[] = {key};
  script.Append(connection, keys, arguments.view());
}

void AppendAcquire(redis::Connection& connection, const Acquire& request) {
  ArgumentList arguments;
  arguments.AddNumber(request.nonce);
  arguments.Add(request.address);
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
  arguments.Reserve(16 + 2 * batch.events.size() + 2 * batch.puts.size() + batch.erases.size());
  for (uint64_t number : {request.token.epoch, request.token.nonce, request.generation,
                          batch.base_sequence, batch.base_sequence + 1, batch.batch_id,
                          batch.keep_events_max, uint64_t{batch.events.size()}}) {
    arguments.AddNumber(number);
  }
  const Put* puts = batch.puts.data();
  const Erase* erases = batch.erases.data();
  for (uint64_t n : CountByTable(puts, puts + batch.puts.size())) arguments.AddNumber(n);
  for (uint64_t n : CountByTable(erases, erases + batch.erases.size())) arguments.AddNumber(n);
  AddEvents(batch.events, arguments);
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
    AppendTokenCall(connection, scripts.release, release->workspace, release->token);
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

// "maxmemory_policy:noeviction" among the lines of INFO.
std::string InfoValue(std::string_view info, std::string_view name) {
  for (absl::string_view line :
       absl::StrSplit(absl::string_view(info.data(), info.size()), "\r\n")) {
    const std::pair<std::string, std::string> pair = absl::StrSplit(line, absl::MaxSplits(':', 1));
    if (pair.first == name) return pair.second;
  }
  return {};
}

}  // namespace

RedisStore::RedisStore(RedisStoreOptions options) : options_(std::move(options)) {}
RedisStore::~RedisStore() = default;

absl::StatusOr<redis::Connection*> RedisStore::Connect() {
  if (connection_ && !connection_->broken()) return connection_.get();
  connection_.reset();
  auto opened = redis::Connection::Open(options_.connection);
  if (!opened.ok()) return opened.status();
  connection_ = *std::move(opened);
  // A refusal is met again by the first call, as NOSCRIPT; only a lost connection counts here.
  LoadScripts(*connection_).IgnoreError();
  if (connection_->broken()) {
    connection_.reset();
    return redis::MakeError(redis::ErrorKind::kDisconnected, "Redis: lost while loading scripts");
  }
  return connection_.get();
}

std::vector<Reply> RedisStore::Execute(const std::vector<Request>& requests) {
  std::vector<Reply> replies(requests.size());
  if (requests.empty()) return replies;
  const auto connection = Connect();
  if (!connection.ok()) {
    for (Reply& reply : replies) reply.detail = std::string(connection.status().message());
    return replies;
  }
  size_t at = 0;
  while (at < requests.size()) {
    size_t end = at;
    while (end < requests.size() && !RunsAlone(requests[end])) ++end;
    if (end == at) {
      replies[at] = RunAlone(**connection, requests[at]);
      ++end;
    } else {
      RunPipeline({&requests[at], end - at}, {&replies[at], end - at});
    }
    at = end;
  }
  GiveUpBadConnection(replies);
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
  // Twice: a server that was flushed or restarted asks for the scripts first, having done nothing.
  for (int attempt = 0; attempt < 2 && !due.empty(); ++attempt) {
    for (size_t i : due) AppendRequest(*connection_, requests[i]);
    std::vector<size_t> forgotten;
    for (size_t i : due) {
      const auto reply = connection_->ReadReply();
      if (redis::KindOf(reply.status()) == redis::ErrorKind::kNoScript) forgotten.push_back(i);
      replies[i] = ReadReplyTo(requests[i], reply);
    }
    due = std::move(forgotten);
    if (due.empty()) break;
    if (absl::Status status = LoadScripts(*connection_); !status.ok()) {
      for (size_t i : due) replies[i] = ErrorReply(status);
      break;
    }
  }
  UpdateRegistry(requests, replies);
}

void RedisStore::UpdateRegistry(std::span<const Request> requests, std::span<Reply> replies) {
  std::vector<size_t> changed;
  for (size_t i = 0; i < requests.size(); ++i) {
    if (replies[i].result != Result::kOk || !IsOneOf<Acquire, Renew, Drop>(requests[i])) continue;
    const bool drop = std::holds_alternative<Drop>(requests[i]);
    connection_->Append({drop ? "SREM" : "SADD", kRegistryKey, WorkspaceOf(requests[i])});
    changed.push_back(i);
  }
  for (size_t i : changed) {
    const auto reply = connection_->ReadReply();
    // An entry that is missing comes with the next renewal; one that is left needs the resend.
    const bool drop = std::holds_alternative<Drop>(requests[i]);
    if (!reply.ok() && drop) replies[i] = ErrorReply(reply.status());
  }
}

Reply RedisStore::RunAlone(redis::Connection& connection, const Request& request) {
  if (const auto* load = std::get_if<Load>(&request)) {
    return LoadGeneration(connection, *load, options_.load_page);
  }
  if (const auto* rebuild = std::get_if<Rebuild>(&request)) {
    return RebuildGeneration(connection, *rebuild, options_.rebuild_chunk);
  }
  Reply reply = RunDrop(connection, std::get<Drop>(request));
  UpdateRegistry({&request, 1}, {&reply, 1});
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

void RedisStore::GiveUpBadConnection(std::span<const Reply> replies) {
  const bool demoted = std::any_of(replies.begin(), replies.end(), [](const Reply& reply) {
    return reply.result == Result::kRefused && reply.detail.find("READONLY") != std::string::npos;
  });
  if (demoted || (connection_ && connection_->broken())) connection_.reset();
}

absl::Status RedisStore::CheckServer() {
  const auto connection = Connect();
  if (!connection.ok()) return connection.status();
  std::string text;
  for (std::string_view section : {"server", "memory"}) {
    const auto info = (*connection)->Call({"INFO", section});
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

}  // namespace firstline::store
