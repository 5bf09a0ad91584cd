// The primary as a majority of its Sentinels names it.
//
// Sentinels agree on a new primary by a majority and tell one another; while that spreads, and when
// they are parted, some still name the old one. A server is in charge here only while more than
// half of all Sentinels listed name it, asked at that moment. Two majorities share a Sentinel, and
// no Sentinel goes back to an older primary, so two servers are never in charge at the same moment:
// whoever is parted from the majority, with the old primary or without, learns nothing and stops.
//
// They are asked one after the other, those first that answered last time, until enough agree. So
// one that hangs costs its timeouts once.
//
// Thread rule: as Locator.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "common/redis/locator.h"

namespace firstline::redis {

class SentinelLocator final : public Locator {
 public:
  // `timeout`: to reach a Sentinel and to be answered by it, each; kAnswerTimeout if that is less.
  SentinelLocator(Target target, std::chrono::milliseconds timeout,
                  std::shared_ptr<const Tls> tls = nullptr);
  ~SentinelLocator() override;

  absl::StatusOr<Address> Locate(std::string_view key) override;
  absl::StatusOr<std::vector<Address>> LocateAll() override;
  // ROLE must be master: Sentinel names a server before it has been told.
  absl::Status Admit(Connection& connection) override;
  void Doubt(const Address& server, std::string_view trouble) override;
  absl::Status Confirm(const Address& server) override;

  // Sentinels do nothing but answer: one that takes longer is not well.
  static constexpr std::chrono::milliseconds kAnswerTimeout{500};

 private:
  struct Sentinel {
    Address address;
    std::unique_ptr<Connection> connection;  // null until it is asked, and after a failure
  };

  // Whom more than half of them name.
  absl::StatusOr<Address> AskAround();
  // Asks, on a new connection if the old one does not serve any more.
  absl::StatusOr<Address> Ask(Sentinel& sentinel);
  absl::StatusOr<Address> AskOn(Connection& connection) const;

  const Target target_;
  const std::chrono::milliseconds timeout_;
  const std::shared_ptr<const Tls> tls_;
  std::vector<Sentinel> sentinels_;  // in the order in which they are asked
  std::optional<Address> primary_;   // unset: to be asked for
};

}  // namespace firstline::redis
