#include "tests/common/sentinel_group.h"

#include <chrono>
#include <functional>
#include <stdexcept>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace firstline::test {
namespace {

constexpr char kName[] = "shop";
constexpr std::size_t kNobody = static_cast<std::size_t>(-1);
// A server is taken for dead after a second, which a busy machine does not keep it waiting for.
constexpr int kDownAfterMs = 1000;
constexpr int kFailoverTimeoutMs = 3000;
constexpr std::chrono::seconds kPatience(60);

void Await(const std::string& what, const std::function<bool()>& holds) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("never: " + what);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

std::string PortOf(const RedisServer& server) {
  return std::to_string(server.tcp_address().port);
}

std::string Info(RedisServer& server, std::string_view section) {
  const auto info = server.Connect()->Call({"INFO", section});
  return info.ok() ? std::string(info->AsString().value_or("")) : std::string();
}

// A field of SENTINEL MASTER; empty when there is none.
std::string Field(RedisServer& sentinel, std::string_view name) {
  const auto reply = sentinel.Connect()->Call({"SENTINEL", "MASTER", kName});
  if (!reply.ok()) return {};
  const auto texts = reply->AsStrings();
  for (std::size_t i = 0; texts.ok() && i + 1 < texts->size(); i += 2) {
    if ((*texts)[i] == name) return std::string((*texts)[i + 1]);
  }
  return {};
}

}  // namespace

SentinelGroup::SentinelGroup(SentinelGroupOptions options) {
  options.server.tcp = true;
  for (int i = 0; i <= options.replicas; ++i) {
    RedisServerOptions server = options.server;
    server.extra_arguments = {"--repl-diskless-sync-delay", "0"};
    if (i > 0) {
      server.extra_arguments.insert(server.extra_arguments.end(),
                                    {"--replicaof", "127.0.0.1", PortOf(*servers_[0])});
    }
    servers_.push_back(std::make_unique<RedisServer>(std::move(server)));
  }
  AwaitHealed();
  for (std::size_t i = 0; i < kSentinels; ++i) {
    RedisServerOptions sentinel;
    sentinel.tcp = true;
    sentinel.config = absl::StrCat(
        "sentinel monitor ", kName, " 127.0.0.1 ", PortOf(*servers_[0]), " 2\n",
        "sentinel down-after-milliseconds ", kName, " ", kDownAfterMs, "\n",
        "sentinel failover-timeout ", kName, " ", kFailoverTimeoutMs, "\n");
    sentinel.extra_arguments = {"--sentinel"};
    sentinels_.push_back(std::make_unique<RedisServer>(std::move(sentinel)));
  }
  const std::string others = std::to_string(kSentinels - 1);
  const std::string replicas = std::to_string(options.replicas);
  for (const auto& sentinel : sentinels_) {
    Await("the Sentinels know one another", [&] {
      return Field(*sentinel, "num-other-sentinels") == others &&
             Field(*sentinel, "num-slaves") == replicas;
    });
  }
}

std::string SentinelGroup::target() const {
  std::string hosts;
  for (const auto& sentinel : sentinels_) {
    absl::StrAppend(&hosts, hosts.empty() ? "" : ",", "127.0.0.1:", PortOf(*sentinel));
  }
  return absl::StrCat("sentinel://", hosts, "/", kName);
}

std::vector<RedisServer*> SentinelGroup::replicas() {
  std::vector<RedisServer*> others;
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    if (i != primary_) others.push_back(servers_[i].get());
  }
  return others;
}

std::string SentinelGroup::RoleOf(RedisServer& server) {
  const auto reply = server.Connect()->Call({"ROLE"});
  if (!reply.ok()) return {};
  const auto role = reply->At(0);
  return role.ok() ? std::string(role->AsString().value_or("")) : std::string();
}

std::size_t SentinelGroup::Named() const {
  std::string port;
  for (const auto& sentinel : sentinels_) {
    if (!sentinel->running()) continue;
    const std::string named = Field(*sentinel, "port");
    if (!port.empty() && named != port) return kNobody;
    port = named;
  }
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    if (PortOf(*servers_[i]) == port) return i;
  }
  return kNobody;
}

void SentinelGroup::AwaitOtherPrimary() {
  std::size_t named = kNobody;
  Await("the Sentinels name another primary", [&] {
    named = Named();
    return named != kNobody && named != primary_ && RoleOf(*servers_[named]) == "master";
  });
  primary_ = named;
}

void SentinelGroup::AwaitHealed() {
  const std::string wanted = absl::StrCat("connected_slaves:", servers_.size() - 1, "\r\n");
  Await("every replica follows the primary", [&] {
    // The Sentinels may have moved on since that was last looked for.
    if (!sentinels_.empty() && Named() != kNobody) primary_ = Named();
    if (!absl::StrContains(Info(primary(), "replication"), wanted)) return false;
    for (RedisServer* replica : replicas()) {
      if (!absl::StrContains(Info(*replica, "replication"), "master_link_status:up")) return false;
    }
    return true;
  });
}

}  // namespace firstline::test
