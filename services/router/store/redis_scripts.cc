#include "services/router/store/redis_scripts.h"

#include <string>

#include "services/router/store/redis_protocol.h"

namespace firstline::store::redis_scripts {
namespace {

redis::Script Compose(std::string_view shebang, std::string_view body,
                      std::string_view more = {}) {
  std::string source(shebang);
  source.append(kPrelude).append(more).append(body);
  return redis::Script(std::move(source));
}

static_assert(kEventsAnEntryMax == 16, "kCommit divides by it");

constexpr std::string_view kReads = "#!lua flags=no-writes";
constexpr std::string_view kWrites = "#!lua";
constexpr std::string_view kWritesWithoutMemory = "#!lua flags=allow-oom";

}  // namespace

const Scripts& Get() {
  static const Scripts scripts = {
      .observe = Compose(kReads, kObserve),
      .acquire = Compose(kWritesWithoutMemory, kAcquire),
      .renew = Compose(kWritesWithoutMemory, kRenew),
      .release = Compose(kWritesWithoutMemory, kRelease),
      .commit = Compose(kWrites, kCommit, kEventCount),
      .rebuild_write = Compose(kWrites, kRebuildWrite),
      .rebuild_flip = Compose(kWrites, kRebuildFlip, kEventCount),
      .discard = Compose(kWritesWithoutMemory, kDiscard),
      .drop = Compose(kWritesWithoutMemory, kDrop),
      .publish = Compose(kWrites, kPublish),
      .announce = redis::Script(std::string(kWritesWithoutMemory).append(kAnnounce)),
  };
  return scripts;
}

}  // namespace firstline::store::redis_scripts
