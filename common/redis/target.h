// Which servers hold the data, as an operator writes it down: one server, a primary that Sentinels
// watch, or a cluster.
//
//   absl::StatusOr<Target> target =
//       Target::Parse("sentinel://app:secret@s1.example,s2.example,s3.example/shop");
//
// Thread rule: values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/redis/address.h"

namespace firstline::redis {

inline constexpr std::uint16_t kSentinelPort = 26379;

struct Target {
  enum class Kind { kFixed, kSentinel, kCluster };

  Target() = default;
  // One server that never moves.
  Target(Address address) : server(std::move(address)) {}  // NOLINT: an address is a target

  // Reads what Address::Parse reads, or
  //   sentinel://[USER[:PASSWORD]@]HOST[:PORT],HOST[:PORT],.../NAME[/DATABASE][?auth=[USER]:PASSWORD]
  //       all Sentinels that watch the primary NAME (port 26379): a majority of those listed
  //       decides. USER and PASSWORD are those of the Redis servers, `auth` those of the Sentinels.
  //   cluster://[USER[:PASSWORD]@]HOST[:PORT],HOST[:PORT],...
  //       some nodes of a cluster, enough for one of them to be there (port 6379).
  // kInvalidArgument says what is wrong and never repeats a password.
  static absl::StatusOr<Target> Parse(std::string_view text);

  // As Parse reads it, without users and passwords, so that it may be logged.
  std::string ToString() const;

  Kind kind = Kind::kFixed;
  // kFixed: the server. Otherwise how to log on to any: user, password and database.
  Address server;
  // kSentinel: the Sentinels; kCluster: the nodes to begin with. At least one, all different.
  std::vector<Address> seeds;
  std::string primary_name;  // kSentinel
};

}  // namespace firstline::redis
