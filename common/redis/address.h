// Where a Redis is and how to log on there.
//
//   absl::StatusOr<Address> address = Address::Parse("redis://app:secret@cache.example:6380/2");
//
// Thread rule: values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace firstline::redis {

struct Address {
  // Reads one of
  //   HOST, HOST:PORT, [V6]:PORT                also where HOST is named unix
  //   /PATH, unix:/PATH, unix:///PATH           a unix socket
  //   redis://[[USER][:PASSWORD]@]HOST[:PORT][/DATABASE]
  //   rediss://...                              the same over TLS
  // USER and PASSWORD may be percent-encoded. kInvalidArgument says what is wrong and never repeats
  // the password.
  static absl::StatusOr<Address> Parse(std::string_view text);

  // HOST, HOST:PORT or [V6]:PORT alone.
  static absl::StatusOr<Address> ParseHost(std::string_view text, std::uint16_t default_port);

  // "host:port" or "unix:/path", with "/database" unless that is 0; without user and password, so
  // that it may be logged.
  std::string ToString() const;

  bool is_unix() const { return !unix_path.empty(); }

  std::string host;             // Name or number, without brackets; empty for a unix socket.
  std::uint16_t port = 6379;    // 1..65535.
  std::string unix_path;        // Absolute; empty for TCP.
  std::string user;             // Empty: the default user.
  std::string password;         // Empty: no AUTH.
  bool tls = false;
  int database = 0;             // 0..65535, which is more than any server is set up for.

  friend bool operator==(const Address&, const Address&) = default;
};

}  // namespace firstline::redis
