// Every bound and default of the runtime, with its reason.
#pragma once

#include <cstddef>
#include <cstdint>

#include "services/router/engine/types.h"

namespace firstline::runtime::limits {

using engine::Milliseconds;
using engine::Seconds;
using engine::Span;

// Ownership. Short enough that a dead owner is replaced before people hang up, long enough that a
// Redis failover (some seconds) does not cost the owner its memory.
inline constexpr Span kLease = Seconds(10);
inline constexpr int kRenewalsPerLease = 3;     // two may be lost
inline constexpr int kDriftShare = 100;         // observers wait 1 % longer: clocks differ in rate
// A pod announces itself once a lease, for three: one or two announcements may be lost.
inline constexpr int kAnnouncedLeases = 3;
// A store that answers within this may be waited for by the loop thread, which has nothing else to do
// then; a slower one would hold up the pod's other workspaces.
inline constexpr Span kPromptReply = Milliseconds(5);
// And only for a commit of at most so many events: while Redis takes a larger one, the loop thread
// had better go on with the commands that come meanwhile.
inline constexpr size_t kCommitHereEventsMax = 8;
inline constexpr Span kRetryMin = Milliseconds(20);   // back-off of a request in doubt or refused
inline constexpr Span kRetryMax = Milliseconds(1000);
// Between attempts to bring back what is missing after a lease ran out: before another's turn comes.
inline constexpr Span kTailRetry = Milliseconds(250);

// A batch. Beyond these the next one begins; one command may exceed the bytes.
inline constexpr size_t kBatchCommandsMax = 512;
inline constexpr size_t kBatchBytesMax = 1 << 20;  // of events: about half of what is written

// Recent batches kept for restores: some seconds of heavy load, which is more than a Redis with
// appendfsync everysec or an asynchronous replica loses.
inline constexpr size_t kRingBatchesMax = 8192;
inline constexpr size_t kRingBytesMax = 64 << 20;
inline constexpr Span kRingAgeMax = Seconds(60);  // a quiet workspace need not keep any
inline constexpr int kReplayWindow = 32;  // batches replayed in one pipeline

// While a batch is in doubt or refused new calls may wait this long and this many; then they are
// told UNAVAILABLE.
inline constexpr Span kDoubtWait = Seconds(2);
inline constexpr size_t kDoubtCallsMax = 1024;

// Time without a commit that counts as a stall and moves people's deadlines.
inline constexpr Span kStallThreshold = Milliseconds(500);
// Workspace time approaches the store's by at most this share of the time that passes.
inline constexpr int kSlewShare = 20;

// Calls taken and not answered. A call is about 1 KiB.
inline constexpr size_t kWorkspaceCallsMax = 16'384;
inline constexpr size_t kPodCallsMax = 65'536;
// Shares of these bounds, in percent, from which a kind of call is turned away.
inline constexpr size_t kSubmitShare = 50;
inline constexpr size_t kOrdinaryShare = 80;
inline constexpr Span kOverloadRetry = Milliseconds(200);

// Sessions vouched for, per workspace: an agent has at most 16, most have one.
inline constexpr size_t kSessionsMax = 400'000;
// Sessions ended by one command when they lapse together.
inline constexpr size_t kLapsesPerCommand = 1000;

static_assert(kSubmitShare < kOrdinaryShare && kOrdinaryShare < 100);
static_assert(kWorkspaceCallsMax <= kPodCallsMax && kBatchCommandsMax <= kWorkspaceCallsMax);
static_assert(kDoubtCallsMax < kWorkspaceCallsMax);
static_assert(kRingAgeMax > kLease, "an owner must see a rollback before it forgets");
static_assert(kRetryMax < kLease && kStallThreshold < kDoubtWait && kDoubtWait < kLease);

}  // namespace firstline::runtime::limits
