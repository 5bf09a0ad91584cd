// Who holds a key now: the question behind which a fixed address, Sentinel and Cluster stand, so
// that who keeps data in Redis need not know which it is.
//
//   std::unique_ptr<Locator> locator = Locator::Make(target, timeouts);
//   absl::StatusOr<Address> server = locator->Locate("fl:workspaces");
//   ...  if (!status.ok()) locator->Doubt(*server, status.message());      // it is looked for again
//
// Used through servers.h, which holds the connections.
//
// Thread rule: one thread at a time. Functions may block for the timeouts they were made with.
#pragma once

#include <chrono>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/redis/address.h"
#include "common/redis/connection.h"
#include "common/redis/target.h"

namespace firstline::redis {

class Locator {
 public:
  // `tls`: for connections to Sentinels and nodes, as in ConnectionOptions.
  static std::unique_ptr<Locator> Make(const Target& target,
                                       std::chrono::milliseconds connect_timeout,
                                       std::shared_ptr<const Tls> tls = nullptr);

  virtual ~Locator() = default;

  // The server that takes writes of `key`, ready to be logged on to. As it is known; where it is
  // not, or in doubt, those who know are asked. kDisconnected: nobody says.
  virtual absl::StatusOr<Address> Locate(std::string_view key) = 0;

  // Every server that takes writes of some key.
  virtual absl::StatusOr<std::vector<Address>> LocateAll() = 0;

  // Whether a server just connected to may be used as what Locate said it is.
  virtual absl::Status Admit(Connection& connection) = 0;

  // `server` failed with this message, or said with it that another is in charge: that is believed
  // where it names who, and otherwise those who know are asked before it is located again.
  virtual void Doubt(const Address& server, std::string_view trouble) = 0;

  // Asks those who know, now and whatever is known already, whether `server` is still in charge.
  // kDisconnected: they say otherwise, or too few of them say anything.
  virtual absl::Status Confirm(const Address& server) = 0;
};

}  // namespace firstline::redis
