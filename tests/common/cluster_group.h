// A Redis Cluster of three primaries with a replica each: six real processes on loopback.
//
//   test::ClusterGroup cluster;
//   auto target = redis::Target::Parse(cluster.target());
//   cluster.HolderOf("fl:{shop}:own").Kill();
//
// Everything that fails here fails the test and throws.
//
// Thread rule: as RedisServer.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/common/redis_server.h"

namespace firstline::test {

class ClusterGroup {
 public:
  static constexpr std::size_t kPrimaries = 3;
  // A primary that is silent for so long is taken for dead.
  static constexpr int kNodeTimeoutMs = 1500;

  // Returns when every node knows the whole map and every replica follows.
  ClusterGroup();

  // cluster://..., with the nodes that were primaries at first.
  std::string target() const;

  RedisServer& node(std::size_t i) { return *nodes_[i]; }
  std::size_t size() const { return nodes_.size(); }
  // The primary that has the key's slot, as the nodes that run agree.
  RedisServer& HolderOf(std::string_view key);
  // A primary other than that.
  RedisServer& AnotherPrimary(std::string_view key);
  // Every server that takes itself for a primary with slots.
  std::vector<RedisServer*> Primaries();

  // Begins to move the key's slot to `to`: from here on it is being migrated.
  void BeginMove(std::string_view key, RedisServer& to);
  // Moves one key; its slot is being moved to `to`.
  void MoveKey(const std::string& key, RedisServer& to);
  // All that are left of the slot, then the slot itself.
  void FinishMove(std::string_view key, RedisServer& to);
  // The keys of the slot that its holder still has.
  std::vector<std::string> KeysLeft(std::string_view key);

 private:
  std::string IdOf(RedisServer& node) const;

  std::vector<std::unique_ptr<RedisServer>> nodes_;
};

}  // namespace firstline::test
