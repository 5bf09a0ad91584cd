// Who holds a key in a Redis Cluster.
//
// Keys are spread over 16,384 slots by the hash of what stands between their first braces, and
// slots over primaries. The map is read (CLUSTER SLOTS) from any node that answers, when it is first
// needed and when a server that it names fails; MOVED corrects a slot of it.
//
// Nobody confirms a primary here as Sentinels do: a primary that is parted from most others stops
// by itself after cluster-node-timeout, and its replica is elected after that.
//
// Thread rule: as Locator.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "common/redis/error.h"
#include "common/redis/locator.h"

namespace firstline::redis {

// CRC16 (XMODEM) of the key, or of what stands between its first '{' and the next '}' if that is
// not empty, modulo kSlots: as the Redis Cluster specification has it.
int SlotOf(std::string_view key);

class ClusterLocator final : public Locator {
 public:
  // `timeout`: to reach a node and to be answered by it, each, when it is asked for the map;
  // kAnswerTimeout if that is less.
  ClusterLocator(Target target, std::chrono::milliseconds timeout,
                 std::shared_ptr<const Tls> tls = nullptr);

  absl::StatusOr<Address> Locate(std::string_view key) override;
  absl::StatusOr<std::vector<Address>> LocateAll() override;
  absl::Status Admit(Connection&) override { return absl::OkStatus(); }
  // A replica, or a primary without the slot, says MOVED.
  void Doubt(const Address& server, std::string_view trouble) override;
  absl::Status Confirm(const Address&) override { return absl::OkStatus(); }

  static constexpr std::chrono::milliseconds kAnswerTimeout{500};

 private:
  static constexpr int kUnknown = -1;

  // Reads the map from whoever answers.
  absl::Status Refresh();
  absl::Status ReadMap(const Address& from);
  absl::Status TakeRange(ReplyView range, const Address& from);
  int NodeAt(std::string_view host, std::uint16_t port);

  const Target target_;
  const std::chrono::milliseconds timeout_;
  const std::shared_ptr<const Tls> tls_;
  std::vector<Address> nodes_;    // primaries, with what it takes to log on
  std::vector<int> holders_;      // by slot: which of nodes_, or kUnknown
  std::vector<Address> doubted_;  // asked for the map after everybody else
};

}  // namespace firstline::redis
