// Giving a workspace up, so that nothing is lost with this owner's memory of it.
#include "services/router/runtime/owner.h"

namespace firstline::runtime {

using store::Result;

// What callers are told meanwhile.
Answer Owner::Farewell() const {
  if (shutdown_) return Unavailable{UnavailableReason::kShuttingDown, limits::kRetryMax};
  // The successor is told to look at once.
  if (leaving_) return Unavailable{UnavailableReason::kStarting, limits::kRetryMin};
  return Unavailable{refused_reason_, limits::kRetryMax};
}

void Owner::Release() {
  releasing_ = true;
  asked_.load = 0;
  failures_ = 0;
  FlushQueue(Farewell());
  SendRelease();
}

void Owner::SendRelease() {
  next_try_ = kNeverBoot;
  asked_.release =
      outbox_.Send(workspace_, store::Release{workspace_, token_, ring_.sequence()});
}

void Owner::OnReleased(const store::Reply& reply, BootTime sent, BootTime now) {
  switch (reply.result) {
    case Result::kOk: return FinishRelease(now);
    case Result::kFenced: return OnFenced(reply.ownership, sent, now);
    case Result::kBroken: return DropMemory(Farewell(), now);  // Others wait for the lease.
    case Result::kOutOfOrder: break;
    case Result::kUnknown: release_doubted_ = true; [[fallthrough]];
    case Result::kRefused: return ScheduleRetry(now);
  }
  if (!reply.ownership) return ScheduleRetry(now);
  const store::OwnershipRecord& record = *reply.ownership;
  if (!engine_) {  // There is nothing to put it right with.
    ring_.Begin(record.sequence, record.batch_id);
    return SendRelease();
  }
  // Harmless even if the release was taken before, at a store that has gone back since: the next owner
  // takes the workspace again and goes on from what was confirmed here, or writes its own state anew.
  Restore(Compare(record, {ring_, generation_, nullptr, ring_.sequence()}), record, now);
}

void Owner::FinishRelease(BootTime now) {
  observer_.Count(workspace_, Incident::kReleased);
  if (!successor_.empty()) observer_.HandedOver(workspace_, successor_);
  if (leaving_ && !shutdown_) yield_until_ = now + options_.lease;
  DropMemory(Farewell(), now);
}

}  // namespace firstline::runtime
