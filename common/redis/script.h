// A Lua script that is sent by its digest.
//
//   static const Script kCommit(R"(return redis.call('SET', KEYS[1], ARGV[1]))");
//   absl::StatusOr<Reply> reply = kCommit.Run(connection, {{key}}, {{value}});
//
// Thread rule: immutable; any thread.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/redis/connection.h"

namespace firstline::redis {

class Script {
 public:
  explicit Script(std::string source);

  // 40 lower-case hexadecimal digits, as Redis computes them.
  const std::string& sha1() const { return sha1_; }
  const std::string& source() const { return source_; }

  // EVALSHA and, where the server does not know the script, EVAL, which also teaches it. Executed
  // at most once; kDisconnected leaves it open whether it was. Nothing may be pending.
  absl::StatusOr<Reply> Run(Connection& connection, Arguments keys, Arguments arguments) const;

  // Appends an EVALSHA to a pipeline. Its reply may be kNoScript (after SCRIPT FLUSH or a restart):
  // then Load and append again.
  void Append(Connection& connection, Arguments keys, Arguments arguments) const;

  // SCRIPT LOAD. Idempotent.
  absl::Status Load(Connection& connection) const;

 private:
  std::string source_;
  std::string sha1_;
};

}  // namespace firstline::redis
