#include "services/router/runtime/committer.h"

#include <utility>

namespace firstline::runtime {

size_t BytesOf(const store::Batch& batch) {
  size_t bytes = 0;
  for (const store::Put& put : batch.puts) bytes += put.key.size() + put.bytes.size();
  for (const store::Erase& erase : batch.erases) bytes += erase.key.size();
  for (const store::EventEntry& event : batch.events) bytes += event.bytes.size();
  return bytes;
}

void Ring::Begin(uint64_t sequence, uint64_t batch_id) {
  sequence_ = sequence;
  batch_id_ = batch_id;
  base_id_ = batch_id;
  batches_.clear();
  kept_.clear();
  bytes_ = 0;
}

void Ring::Add(store::Batch batch, BootTime now) {
  sequence_ = batch.base_sequence + 1;
  batch_id_ = batch.batch_id;
  kept_.push_back({BytesOf(batch), now});
  bytes_ += kept_.back().bytes;
  batches_.push_back(std::move(batch));
  Trim(now);
}

void Ring::Trim(BootTime now) {
  while (!batches_.empty() && (batches_.size() > bounds_.batches || bytes_ > bounds_.bytes ||
                               now - kept_.front().since > bounds_.age)) {
    base_id_ = batches_.front().batch_id;
    bytes_ -= kept_.front().bytes;
    batches_.pop_front();
    kept_.pop_front();
  }
}

std::optional<uint64_t> Ring::IdAt(uint64_t sequence) const {
  const uint64_t first = sequence_ - batches_.size();  // what the oldest kept batch follows
  if (sequence < first || sequence > sequence_) return std::nullopt;
  return sequence == first ? base_id_ : batches_[sequence - first - 1].batch_id;
}

const store::Batch* Ring::After(uint64_t sequence) const {
  const uint64_t first = sequence_ - batches_.size();
  if (sequence < first || sequence >= sequence_) return nullptr;
  return &batches_[sequence - first];
}

}  // namespace firstline::runtime
