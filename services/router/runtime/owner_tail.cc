// What was confirmed in a term outlives its lease. A store that takes no writes for that long (no
// replica follows it, its disk is full) lets every lease run out; if it also lacks the last writes
// of the primary before it, nobody but the former owner has them.
//
// It is safe because the batches go out under the token of that term: the store takes them only
// while nobody has owned since, and one after the other behind what it has.
#include <utility>

#include "services/router/runtime/owner.h"

namespace firstline::runtime {

using store::Result;

// A pod that goes ends after a look that misses nothing.
void Owner::KeepTail() {
  tail_kept_ = !ring_.batches().empty() && !options_.bugs.forget_tail;
}

void Owner::ForgetTail() {
  tail_missing_ = false;
  if (!std::exchange(tail_kept_, false)) return;
  ring_.Begin(ring_.sequence(), ring_.batch_id());
}

// Of a pod that goes, with nothing missing.
void Owner::EndObserving() {
  ForgetTail();
  StopReplaying();
  phase_ = Phase::kEnded;
}

// After a look at the record. True while something is missing, or may be.
bool Owner::BringBack(BootTime now) {
  if (replaying_) return true;
  if (!tail_kept_) return false;
  const auto& record = sighting_.record();
  const bool ours = record && record->token == token_ && !record->released;
  const Standing standing =
      ours ? Compare(*record, {ring_, generation_, nullptr, ring_.sequence()}) : Standing::kLost;
  // Also with a batch that was in doubt when the lease ended.
  const bool ahead =
      ours && record->generation == generation_ && record->sequence > ring_.sequence();
  if (standing == Standing::kSynced || ahead) {
    tail_missing_ = false;
    return false;
  }
  if (standing != Standing::kBehind) {  // Another went on, or only the whole state would do.
    ForgetTail();
    return false;
  }
  if (!std::exchange(tail_missing_, true)) observer_.Count(workspace_, Incident::kReplayed);
  StartReplaying(record->sequence, now);
  return true;
}

void Owner::OnBroughtBack(const store::Reply& reply, BootTime now) {
  if (reply.result == Result::kOk) {
    ++replay_done_;
    return Replay(now);
  }
  StopReplaying();
  if (reply.result == Result::kBroken) ForgetTail();
  next_observe_ = now + limits::kTailRetry;  // That look shows how the store stands.
}

}  // namespace firstline::runtime
