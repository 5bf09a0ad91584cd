#include "common/redis/locator.h"

#include <utility>

#include "common/redis/sentinel.h"

namespace firstline::redis {
namespace {

// One server that never moves; whoever moves its name or address answers for when.
class FixedLocator final : public Locator {
 public:
  explicit FixedLocator(Address server) : server_(std::move(server)) {}

  absl::StatusOr<Address> Locate(std::string_view) override { return server_; }
  absl::Status Admit(Connection&) override { return absl::OkStatus(); }
  void Doubt(const Address&, const absl::Status&) override {}
  absl::Status Confirm(const Address&) override { return absl::OkStatus(); }

 private:
  const Address server_;
};

}  // namespace

std::unique_ptr<Locator> Locator::Make(const Target& target,
                                       std::chrono::milliseconds connect_timeout) {
  if (target.kind == Target::Kind::kSentinel) {
    return std::make_unique<SentinelLocator>(target, connect_timeout);
  }
  return std::make_unique<FixedLocator>(target.server);
}

}  // namespace firstline::redis
