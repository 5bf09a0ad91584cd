#include "services/router/runtime/restore.h"

#include <optional>

namespace firstline::runtime {

Standing Compare(const store::OwnershipRecord& record, const Confirmed& confirmed) {
  const Ring& ring = confirmed.ring;
  if (record.generation != confirmed.generation) return Standing::kLost;
  if (record.sequence > ring.sequence()) {
    const bool ours = confirmed.closed != nullptr && record.sequence == ring.sequence() + 1 &&
                      record.batch_id == confirmed.closed->batch.batch_id;
    return ours ? Standing::kApplied : Standing::kLost;
  }
  const std::optional<uint64_t> id = ring.IdAt(record.sequence);
  if (record.sequence >= confirmed.sequence_when_asked) {
    // What was confirmed since the request was sent need not be in its reply; and of what is no
    // longer kept there is nothing to compare.
    return !id || *id == record.batch_id ? Standing::kSynced : Standing::kLost;
  }
  return id && *id == record.batch_id ? Standing::kBehind : Standing::kLost;
}

}  // namespace firstline::runtime
