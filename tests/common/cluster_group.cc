#include "tests/common/cluster_group.h"

#include <chrono>
#include <functional>
#include <stdexcept>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/redis/cluster.h"

namespace firstline::test {
namespace {

constexpr std::chrono::seconds kPatience(60);

void Await(const std::string& what, const std::function<bool()>& holds) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("never: " + what);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

redis::Reply Must(RedisServer& server, const std::vector<std::string>& command) {
  const std::vector<std::string_view> views(command.begin(), command.end());
  auto reply = server.Connect()->Call(views);
  if (!reply.ok()) {
    throw std::runtime_error(absl::StrCat(command[0], ": ", reply.status().message()));
  }
  return *std::move(reply);
}

std::string Text(RedisServer& server, const std::vector<std::string>& command) {
  return std::string(Must(server, command).AsString().value());
}

bool Says(RedisServer& server, const std::vector<std::string>& command, const std::string& what) {
  return absl::StrContains(Text(server, command), what);
}

std::string PortOf(const RedisServer& server) {
  return std::to_string(server.tcp_address().port);
}

std::string SlotText(std::string_view key) { return std::to_string(redis::SlotOf(key)); }

// A line of CLUSTER NODES, for people and for us:
// id host:port@bus flags primary ping pong epoch link slots...
struct Node {
  std::string id, port, flags;
  std::vector<std::string> slots;
};

std::vector<Node> NodesOf(RedisServer& server) {
  std::vector<Node> nodes;
  const std::string text = Text(server, {"CLUSTER", "NODES"});
  for (absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    const std::vector<std::string> words = absl::StrSplit(line, ' ');
    if (words.size() < 8) continue;
    const std::string address = words[1].substr(0, words[1].find('@'));
    nodes.push_back({words[0], address.substr(address.rfind(':') + 1), words[2],
                     {words.begin() + 8, words.end()}});
  }
  return nodes;
}

bool HasSlot(const Node& node, int slot) {
  for (const std::string& range : node.slots) {
    if (range.front() == '[') continue;
    const std::size_t dash = range.find('-');
    const int first = std::stoi(range.substr(0, dash));
    const int last = dash == std::string::npos ? first : std::stoi(range.substr(dash + 1));
    if (first <= slot && slot <= last) return true;
  }
  return false;
}

}  // namespace

ClusterGroup::ClusterGroup() {
  for (std::size_t i = 0; i < 2 * kPrimaries; ++i) {
    nodes_.push_back(std::make_unique<RedisServer>(RedisServerOptions{
        .append_only = true,
        .tcp = true,
        .cluster = true,
        .extra_arguments = {"--cluster-node-timeout", std::to_string(kNodeTimeoutMs),
                            // As deploy/README.md has it: a server that is gone takes its own
                            // slots along, not everybody's.
                            "--cluster-require-full-coverage", "no",
                            "--repl-diskless-sync-delay", "0"}}));
  }
  constexpr int kShare = redis::kSlots / static_cast<int>(kPrimaries);
  for (std::size_t i = 0; i < kPrimaries; ++i) {
    const int first = static_cast<int>(i) * kShare;
    const int last = i + 1 == kPrimaries ? redis::kSlots - 1 : first + kShare - 1;
    Must(*nodes_[i], {"CLUSTER", "ADDSLOTSRANGE", std::to_string(first), std::to_string(last)});
    Must(*nodes_[i], {"CLUSTER", "SET-CONFIG-EPOCH", std::to_string(i + 1)});
  }
  for (std::size_t i = 1; i < nodes_.size(); ++i) {
    Must(*nodes_[0], {"CLUSTER", "MEET", "127.0.0.1", PortOf(*nodes_[i]),
                      std::to_string(nodes_[i]->bus_port())});
  }
  for (const auto& node : nodes_) {
    Await("the nodes know one another", [&] {
      return Says(*node, {"CLUSTER", "INFO"},
                  absl::StrCat("cluster_known_nodes:", nodes_.size(), "\r\n"));
    });
  }
  for (std::size_t i = 0; i < kPrimaries; ++i) {
    Must(*nodes_[kPrimaries + i], {"CLUSTER", "REPLICATE", IdOf(*nodes_[i])});
  }
  for (const auto& node : nodes_) {
    Await("the cluster is whole", [&] {
      std::size_t replicas = 0;
      for (const Node& known : NodesOf(*node)) replicas += absl::StrContains(known.flags, "slave");
      return replicas == kPrimaries && Says(*node, {"CLUSTER", "INFO"}, "cluster_state:ok");
    });
  }
  for (std::size_t i = kPrimaries; i < nodes_.size(); ++i) {
    Await("the replicas follow", [&] {
      return Says(*nodes_[i], {"INFO", "replication"}, "master_link_status:up");
    });
  }
}

std::string ClusterGroup::target() const {
  std::string hosts;
  for (std::size_t i = 0; i < kPrimaries; ++i) {
    absl::StrAppend(&hosts, i == 0 ? "" : ",", "127.0.0.1:", PortOf(*nodes_[i]));
  }
  return absl::StrCat("cluster://", hosts);
}

std::string ClusterGroup::IdOf(RedisServer& node) const { return Text(node, {"CLUSTER", "MYID"}); }

std::vector<RedisServer*> ClusterGroup::Primaries() {
  std::vector<RedisServer*> primaries;
  for (const auto& node : nodes_) {
    if (!node->running() || node->paused()) continue;
    for (const Node& known : NodesOf(*node)) {
      const bool itself = absl::StrContains(known.flags, "myself");
      if (itself && absl::StrContains(known.flags, "master") && !known.slots.empty()) {
        primaries.push_back(node.get());
      }
    }
  }
  return primaries;
}

RedisServer& ClusterGroup::HolderOf(std::string_view key) {
  const int slot = redis::SlotOf(key);
  std::string port;
  Await("the nodes agree on who holds a slot", [&] {
    port.clear();
    for (const auto& node : nodes_) {
      if (!node->running() || node->paused()) continue;
      std::string named;
      for (const Node& known : NodesOf(*node)) {
        if (HasSlot(known, slot) && !absl::StrContains(known.flags, "fail")) named = known.port;
      }
      if (named.empty() || (!port.empty() && named != port)) return false;
      port = named;
    }
    return true;
  });
  for (const auto& node : nodes_) {
    if (PortOf(*node) == port) return *node;
  }
  throw std::runtime_error("a slot is held by a stranger");
}

RedisServer& ClusterGroup::AnotherPrimary(std::string_view key) {
  RedisServer& holder = HolderOf(key);
  for (RedisServer* primary : Primaries()) {
    if (primary != &holder) return *primary;
  }
  throw std::runtime_error("there is no other primary");
}

void ClusterGroup::BeginMove(std::string_view key, RedisServer& to) {
  RedisServer& from = HolderOf(key);
  Must(to, {"CLUSTER", "SETSLOT", SlotText(key), "IMPORTING", IdOf(from)});
  Must(from, {"CLUSTER", "SETSLOT", SlotText(key), "MIGRATING", IdOf(to)});
}

void ClusterGroup::MoveKey(const std::string& key, RedisServer& to) {
  Must(HolderOf(key), {"MIGRATE", "127.0.0.1", PortOf(to), key, "0", "30000"});
}

std::vector<std::string> ClusterGroup::KeysLeft(std::string_view key) {
  const redis::Reply reply =
      Must(HolderOf(key), {"CLUSTER", "GETKEYSINSLOT", SlotText(key), "1000"});
  const auto keys = reply.AsStrings().value();
  return {keys.begin(), keys.end()};
}

void ClusterGroup::FinishMove(std::string_view key, RedisServer& to) {
  RedisServer& from = HolderOf(key);
  for (const std::string& left : KeysLeft(key)) MoveKey(left, to);
  const std::string id = IdOf(to);
  Must(to, {"CLUSTER", "SETSLOT", SlotText(key), "NODE", id});
  Must(from, {"CLUSTER", "SETSLOT", SlotText(key), "NODE", id});
}

}  // namespace firstline::test
