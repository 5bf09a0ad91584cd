#include "common/redis/locator.h"

#include <utility>

#include "common/redis/cluster.h"
#include "common/redis/sentinel.h"

namespace firstline::redis {
namespace {

// One server that never moves; whoever moves its name or address answers for when.
class FixedLocator final : public Locator {
 public:
  explicit FixedLocator(Address server) : server_(std::move(server)) {}

  absl::StatusOr<Address> Locate(std::string_view) override { return server_; }
  absl::StatusOr<std::vector<Address>> LocateAll() override { return std::vector{server_}; }
  absl::Status Admit(Connection&) override { return absl::OkStatus(); }
  void Doubt(const Address&, std::string_view) override {}
  absl::Status Confirm(const Address&) override { return absl::OkStatus(); }

 private:
  const Address server_;
};

}  // namespace

std::unique_ptr<Locator> Locator::Make(const Target& target,
                                       std::chrono::milliseconds connect_timeout,
                                       std::shared_ptr<const Tls> tls) {
  switch (target.kind) {
    case Target::Kind::kFixed: break;
    case Target::Kind::kSentinel:
      return std::make_unique<SentinelLocator>(target, connect_timeout, std::move(tls));
    case Target::Kind::kCluster:
      return std::make_unique<ClusterLocator>(target, connect_timeout, std::move(tls));
  }
  return std::make_unique<FixedLocator>(target.server);
}

}  // namespace firstline::redis
