// A primary with replicas, watched by three Sentinels: seven real processes on loopback.
//
//   test::SentinelGroup group;
//   auto target = redis::Target::Parse(group.target());
//   group.primary().Kill();
//   group.AwaitOtherPrimary();     // primary() is another server now
//
// Everything that fails here fails the test and throws.
//
// Thread rule: as RedisServer.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "tests/common/redis_server.h"

namespace firstline::test {

struct SentinelGroupOptions {
  int replicas = 2;
  // Of every server; tcp is set here. Not its extra_arguments.
  RedisServerOptions server = {};
};

class SentinelGroup {
 public:
  // Returns when every Sentinel knows the others and all replicas.
  explicit SentinelGroup(SentinelGroupOptions options = {});

  // sentinel://..., with all Sentinels.
  std::string target() const;

  // The server that was the primary when that was last looked for.
  RedisServer& primary() { return *servers_[primary_]; }
  // Of the servers, without the primary.
  std::vector<RedisServer*> replicas();
  RedisServer& sentinel(std::size_t i) { return *sentinels_[i]; }
  static constexpr std::size_t kSentinels = 3;

  // Waits until all Sentinels that run name another server than primary(), and it is one.
  void AwaitOtherPrimary();
  // Waits until every server is up and in its place: one primary and its replicas, all in step.
  void AwaitHealed();

  // "master" or "slave", as the server says.
  static std::string RoleOf(RedisServer& server);

 private:
  // Whom the Sentinels name, as an index; no server while they disagree.
  std::size_t Named() const;

  std::vector<std::unique_ptr<RedisServer>> servers_;
  std::vector<std::unique_ptr<RedisServer>> sentinels_;
  std::size_t primary_ = 0;
};

}  // namespace firstline::test
