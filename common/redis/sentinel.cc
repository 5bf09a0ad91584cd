#include "common/redis/sentinel.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/redis/error.h"

namespace firstline::redis {
namespace {

absl::string_view Absl(std::string_view text) { return {text.data(), text.size()}; }

// What a server calls itself: "master", "slave", "sentinel".
absl::StatusOr<std::string> RoleOf(Connection& connection) {
  const auto reply = connection.Call({"ROLE"});
  if (!reply.ok()) return reply.status();
  const auto first = reply->At(0);
  if (!first.ok()) return first.status();
  const auto role = first->AsString();
  if (!role.ok()) return role.status();
  return std::string(*role);
}

}  // namespace

SentinelLocator::SentinelLocator(Target target, std::chrono::milliseconds timeout,
                                 std::shared_ptr<const Tls> tls)
    : target_(std::move(target)),
      timeout_(std::min(timeout, kAnswerTimeout)),
      tls_(std::move(tls)) {
  for (const Address& seed : target_.seeds) sentinels_.push_back({seed, nullptr});
}

SentinelLocator::~SentinelLocator() = default;

absl::StatusOr<Address> SentinelLocator::Locate(std::string_view) {
  if (primary_) return *primary_;
  auto named = AskAround();
  if (named.ok()) primary_ = *named;
  return named;
}

absl::StatusOr<std::vector<Address>> SentinelLocator::LocateAll() {
  auto primary = Locate({});
  if (!primary.ok()) return primary.status();
  return std::vector{*std::move(primary)};
}

absl::Status SentinelLocator::Admit(Connection& connection) {
  const auto role = RoleOf(connection);
  if (!role.ok()) return role.status();
  if (*role == "master") return absl::OkStatus();
  return MakeError(ErrorKind::kDisconnected,
                   absl::StrCat("Redis: the server that the Sentinels name is a ", *role, " yet"));
}

void SentinelLocator::Doubt(const Address& server, std::string_view) {
  if (primary_ == server) primary_.reset();
}

absl::Status SentinelLocator::Confirm(const Address& server) {
  const auto named = AskAround();
  if (!named.ok()) return named.status();
  if (*named == server) return absl::OkStatus();
  return MakeError(ErrorKind::kDisconnected,
                   absl::StrCat("Redis: the Sentinels name ", named->ToString(), " and not ",
                                server.ToString(), " any more"));
}

absl::StatusOr<Address> SentinelLocator::AskAround() {
  struct Votes {
    Address server;
    std::size_t count = 0;
  };
  const std::size_t majority = sentinels_.size() / 2 + 1;
  std::vector<Votes> all;
  std::string trouble;
  std::optional<Address> elected;
  for (Sentinel& sentinel : sentinels_) {
    const auto named = Ask(sentinel);
    if (!named.ok()) {
      absl::StrAppend(&trouble, "; ", named.status().message());
      continue;
    }
    auto votes = std::find_if(all.begin(), all.end(),
                              [&](const Votes& v) { return v.server == *named; });
    if (votes == all.end()) votes = all.insert(all.end(), {*named, 0});
    if (++votes->count < majority) continue;
    elected = votes->server;
    break;
  }
  std::stable_partition(sentinels_.begin(), sentinels_.end(),
                        [](const Sentinel& s) { return s.connection != nullptr; });
  if (elected) return *std::move(elected);
  for (const Votes& votes : all) {
    absl::StrAppend(&trouble, "; ", votes.count, " name ", votes.server.ToString());
  }
  return MakeError(ErrorKind::kDisconnected,
                   absl::StrCat("Redis: no primary that ", majority, " of ", sentinels_.size(),
                                " Sentinels name", trouble));
}

absl::StatusOr<Address> SentinelLocator::Ask(Sentinel& sentinel) {
  if (sentinel.connection != nullptr) {
    auto named = AskOn(*sentinel.connection);
    if (!sentinel.connection->broken()) return named;
    sentinel.connection.reset();
  }
  auto opened = Connection::Open({.address = sentinel.address,
                                  .connect_timeout = timeout_,
                                  .command_timeout = timeout_,
                                  .tls = tls_});
  if (!opened.ok()) return opened.status();
  auto named = AskOn(**opened);
  if (!(*opened)->broken()) sentinel.connection = *std::move(opened);
  return named;
}

absl::StatusOr<Address> SentinelLocator::AskOn(Connection& connection) const {
  const auto reply = connection.Call({"SENTINEL", "get-master-addr-by-name", target_.primary_name});
  if (!reply.ok()) return reply.status();
  if (reply->is_nil()) {
    return MakeError(ErrorKind::kOther,
                     absl::StrCat("a Sentinel knows no primary called ", target_.primary_name));
  }
  const auto parts = reply->AsStrings();
  if (!parts.ok()) return parts.status();
  if (parts->size() != 2) return MakeError(ErrorKind::kOther, "a Sentinel's answer is malformed");
  const absl::string_view host = Absl((*parts)[0]), port = Absl((*parts)[1]);
  const bool is_v6 = absl::StrContains(host, ':');
  auto named = Address::ParseHost(is_v6 ? absl::StrCat("[", host, "]:", port)
                                        : absl::StrCat(host, ":", port),
                                  target_.server.port);
  if (!named.ok()) return MakeError(ErrorKind::kOther, "a Sentinel's answer is malformed");
  named->user = target_.server.user;
  named->password = target_.server.password;
  named->database = target_.server.database;
  return named;
}

}  // namespace firstline::redis
