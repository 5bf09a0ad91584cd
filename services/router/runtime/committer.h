// Batches on their way into the store: what is gathered, the one that is under way, and the recent
// ones that were confirmed.
//
// Rules kept here: a batch is built once and never changes (resends and replays are byte-identical);
// at most one is not confirmed; answers are bound to the batch that holds the state they saw.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "services/router/runtime/boot_time.h"
#include "services/router/runtime/call.h"
#include "services/router/store/port.h"

namespace firstline::runtime {

// The batch that is being filled.
struct Gathering {
  std::vector<store::EventEntry> events;
  std::vector<store::Put> puts;      // beside the engine's changes: records put aside
  std::vector<store::Erase> erases;
  std::vector<TicketAnswer> answers;
  size_t commands = 0;
  size_t event_bytes = 0;
  bool dirty = false;  // the state was changed since the last batch was closed
};

// The batch that was closed and is not confirmed.
struct Closed {
  store::Batch batch;
  bool rebuild = false;  // carries the whole state: goes out as store::Rebuild
  size_t batches = 1;    // how many closed batches it stands for (a rebuild swallows the one before)
  std::vector<TicketAnswer> answers;
  size_t commands = 0;
  size_t bytes = 0;
  BootTime first_sent;
  int attempts = 0;
};

size_t BytesOf(const store::Batch& batch);

// Confirmed batches, newest last, bounded by count, bytes and age; and the place in the store's
// sequence. What is older than the ring is restored by a rebuild, so it need not be long.
class Ring {
 public:
  struct Bounds {
    size_t batches = 0;
    size_t bytes = 0;
    Span age;
  };
  explicit Ring(Bounds bounds) : bounds_(bounds) {}

  // The state was just read, or written whole: nothing can be replayed from before.
  void Begin(uint64_t sequence, uint64_t batch_id);
  // `batch` was confirmed.
  void Add(store::Batch batch, BootTime now);
  // Forgets what has become too old.
  void Trim(BootTime now);

  uint64_t sequence() const { return sequence_; }  // of the last confirmed batch
  uint64_t batch_id() const { return batch_id_; }
  // The id of the batch that made `sequence`; nullopt when it is not known any more.
  std::optional<uint64_t> IdAt(uint64_t sequence) const;
  // The batch that follows `sequence`; null when it is not kept.
  const store::Batch* After(uint64_t sequence) const;
  const std::deque<store::Batch>& batches() const { return batches_; }

 private:
  struct Kept {
    size_t bytes = 0;
    BootTime since;
  };

  const Bounds bounds_;
  uint64_t sequence_ = 0;
  uint64_t batch_id_ = 0;
  uint64_t base_id_ = 0;  // of the batch before the oldest kept
  std::deque<store::Batch> batches_;
  std::deque<Kept> kept_;  // of each batch
  size_t bytes_ = 0;
};

}  // namespace firstline::runtime
