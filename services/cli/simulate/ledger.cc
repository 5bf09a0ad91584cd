#include "services/cli/simulate/ledger.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace firstline::simulate {

std::int64_t ToUs(double seconds) {
  return std::llround(std::min(seconds, static_cast<double>(kFarUs) / 1e6) * 1e6);
}

Ledger::Ledger(const engine::WorkspaceConfig& config, const RunOptions& options)
    : options_(options), samples_(static_cast<std::size_t>(options.batches)) {
  warm_up_us_ = ToUs(options.warm_up_s);
  if (options.calls == 0 && options.horizon_s > 0) horizon_us_ = ToUs(options.horizon_s);
  for (const engine::QueueConfig& queue : config.queues) {
    limits_.push_back({queue.answer_target.us, queue.short_abandon.us});
  }
  waiting_.resize(limits_.size());
  for (Sample& sample : samples_) sample.queues.resize(limits_.size());
  batch_ = BatchAt(0);
}

// ---- Time ---------------------------------------------------------------------------------------

// By customers, batches change when customers come.
int Ledger::BatchAt(std::int64_t time_us) const {
  if (time_us < warm_up_us_ || time_us >= horizon_us_ || full_) return kNone;
  const std::int64_t batches = options_.batches;
  if (options_.calls > 0) {
    return static_cast<int>(counted_ * static_cast<std::uint64_t>(batches) / options_.calls);
  }
  if (horizon_us_ == kFarUs) return 0;
  const std::int64_t length_us = (horizon_us_ - warm_up_us_) / batches;
  return static_cast<int>(std::min((time_us - warm_up_us_) / length_us, batches - 1));
}

std::int64_t Ledger::BatchEnd(int batch) const {
  if (batch == kNone) return now_us_ < warm_up_us_ ? warm_up_us_ : kFarUs;
  if (options_.calls > 0 || horizon_us_ == kFarUs) return kFarUs;
  if (batch == options_.batches - 1) return horizon_us_;
  return warm_up_us_ + (horizon_us_ - warm_up_us_) / options_.batches * (batch + 1);
}

void Ledger::MoveTo(std::int64_t time_us, const Occupancy& occupancy) {
  while (now_us_ < time_us) {
    const std::int64_t end_us = std::min(time_us, BatchEnd(batch_));
    Observe(end_us - now_us_, occupancy);
    now_us_ = end_us;
    batch_ = BatchAt(now_us_);
  }
}

void Ledger::Observe(std::int64_t span_us, const Occupancy& occupancy) {
  if (batch_ == kNone) return;
  Sample& sample = samples_[static_cast<std::size_t>(batch_)];
  const double span_s = static_cast<double>(span_us) / 1e6;
  const auto add = [span_s](QueueTally& tally, const Units& units, std::int64_t waiting) {
    tally.span_s += span_s;
    tally.waiting_area_s += span_s * static_cast<double>(waiting);
    tally.busy_area_s += span_s * static_cast<double>(units.used);
    tally.capacity_area_s += span_s * static_cast<double>(units.there);
  };
  std::int64_t all = 0;
  for (std::size_t q = 0; q < waiting_.size(); ++q) {
    add(sample.queues[q], occupancy.of_queue(q), waiting_[q]);
    all += waiting_[q];
  }
  add(sample.all, occupancy.all(), all);
}

// ---- Customers ----------------------------------------------------------------------------------

Ledger::Entry Ledger::Come(std::size_t queue) {
  ++waiting_[queue];
  const Entry entry{queue, batch_};
  if (batch_ == kNone) return entry;
  ++counted_;
  ++undecided_;
  full_ = options_.calls > 0 && counted_ == options_.calls;
  Add(entry, &QueueTally::offered);
  batch_ = BatchAt(now_us_);
  return entry;
}

void Ledger::Block(const Entry& entry) {
  StopWaiting(entry, 0);
  Add(entry, &QueueTally::blocked);
}

void Ledger::Answer(const Entry& entry, std::int64_t wait_us) {
  StopWaiting(entry, wait_us);
  Add(entry, &QueueTally::served);
  Add(entry, &QueueTally::served_wait_s, static_cast<double>(wait_us) / 1e6);
  if (wait_us <= limits_[entry.queue].answer_us) Add(entry, &QueueTally::in_time);
}

void Ledger::Leave(const Entry& entry, std::int64_t wait_us) {
  StopWaiting(entry, wait_us);
  Add(entry, &QueueTally::abandoned);
  if (wait_us <= limits_[entry.queue].short_us) Add(entry, &QueueTally::short_left);
}

void Ledger::Forget(const Entry& entry) {
  StopWaiting(entry, 0);
  Add(entry, &QueueTally::unserved);
  if (entry.counted()) Add(entry, &QueueTally::waited);
}

void Ledger::StopWaiting(const Entry& entry, std::int64_t wait_us) {
  --waiting_[entry.queue];
  if (!entry.counted()) return;
  --undecided_;
  if (wait_us > 0) Add(entry, &QueueTally::waited);
  Add(entry, &QueueTally::wait_s, static_cast<double>(wait_us) / 1e6);
}

void Ledger::Add(const Entry& entry, double QueueTally::*what, double amount) {
  if (!entry.counted()) return;
  Sample& sample = samples_[static_cast<std::size_t>(entry.batch)];
  sample.queues[entry.queue].*what += amount;
  sample.all.*what += amount;
}

std::vector<Sample> Ledger::Close(const Occupancy& occupancy) {
  if (horizon_us_ != kFarUs) MoveTo(horizon_us_, occupancy);
  return std::move(samples_);
}

}  // namespace firstline::simulate
