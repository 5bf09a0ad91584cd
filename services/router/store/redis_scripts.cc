#include "services/router/store/redis_scripts.h"

#include <string>

namespace firstline::store::redis_scripts {
namespace {

redis::Script Compose(std::string_view shebang, std::string_view body) {
  std::string source(shebang);
  source.append(kPrelude).append(body);
  return redis::Script(std::move(source));
}

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
      .commit = Compose(kWrites, kCommit),
      .rebuild_write = Compose(kWrites, kRebuildWrite),
      .rebuild_flip = Compose(kWrites, kRebuildFlip),
      .discard = Compose(kWritesWithoutMemory, kDiscard),
      .drop = Compose(kWritesWithoutMemory, kDrop),
      .announce = redis::Script(std::string(kWritesWithoutMemory).append(kAnnounce)),
  };
  return scripts;
}

}  // namespace firstline::store::redis_scripts
