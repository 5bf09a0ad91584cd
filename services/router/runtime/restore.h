// How the store's record compares with what its living owner knows to be confirmed.
#pragma once

#include <cstdint>

#include "services/router/runtime/committer.h"
#include "services/router/store/port.h"

namespace firstline::runtime {

enum class Standing : uint8_t {
  kSynced,   // nothing is missing
  kApplied,  // the batch under way has arrived, whatever its replies said
  kBehind,   // recent batches are missing and the ring holds them all
  kLost,     // something else: only a rebuild makes it right
};

// What the owner knows.
struct Confirmed {
  const Ring& ring;
  uint64_t generation = 0;
  const Closed* closed = nullptr;  // the batch under way, if any
  // Confirmed when the request was sent: only what was confirmed then must be in its reply.
  uint64_t sequence_when_asked = 0;
};

// `record` carries the owner's token.
Standing Compare(const store::OwnershipRecord& record, const Confirmed& confirmed);

}  // namespace firstline::runtime
