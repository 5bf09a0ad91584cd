// Bounds of the API itself, each with its reason; those of the data are engine::limits.
#pragma once

#include <chrono>
#include <cstddef>

#include "services/router/engine/limits.h"

namespace firstline::api::limits {

// A request beyond this is cut off by the transport, without a reason. Large enough for a whole
// configuration with 10,000 agents, and for what is too long to be refused by name.
inline constexpr int kMessageBytesMax = 16 << 20;
inline constexpr int kMetadataBytesMax = 16 << 10;

// Pages.
inline constexpr int kPageSizeDefault = 100;
inline constexpr int kPageSizeMax = 1000;
// Things looked at for one page with a filter: bounds how long the owner's thread is held.
inline constexpr size_t kPageVisitsMax = 50'000;

// Explanations: for people, who read a screenful.
inline constexpr size_t kExplainedDefault = 10;
inline constexpr size_t kExplainedAgentsMax = 20;  // named by one request

// The batched stream. A batch is answered in about a millisecond, so that this many in flight keep
// an owner busy from one stream.
inline constexpr int kBatchCommandsMax = 64;
inline constexpr size_t kStreamCommandsMax = 4096;
inline constexpr size_t kResultsPerMessageMax = 512;
static_assert(kStreamCommandsMax % kBatchCommandsMax == 0);
inline constexpr size_t kCommandStreamsMax = 1000;  // of platforms' backends, a few each

// Watch streams. One costs some 20 kB.
inline constexpr size_t kWatchStreamsMax = 20'000;
inline constexpr size_t kEventsPerMessageMax = 256;
inline constexpr size_t kAgentsPerMessageMax = 1000;
inline constexpr size_t kAgentsPerStreamMax = 20'000;
inline constexpr size_t kSnapshotAgentsMax = 100;
inline constexpr size_t kEventKindsMax = 64;
// Inquiries of one stream: the owner's thread is held while it counts their places, some 100 us each in
// the longest queues.
inline constexpr int kWatchedInquiriesMax = 100;
// Events an agent stream may be behind before it is given a snapshot instead.
inline constexpr size_t kAgentBacklogMax = 4096;
// Recent events kept for all watchers of a workspace; older ones are read from the store.
inline constexpr size_t kRecentEventsMax = 4096;
inline constexpr std::chrono::seconds kHeartbeat{5};
inline constexpr std::chrono::seconds kWatchLease{15};

// Concurrent calls on one connection: unary calls of a busy platform share one.
inline constexpr int kStreamsPerConnectionMax = 10'000;
// Unary calls open at a time: gRPC holds some 31 kB for each. More than the runtime takes of one
// workspace, so that there submits are shed before others.
inline constexpr size_t kUnaryCallsMax = 20'000;
// Calls and commands of all callers that are not answered.
// A message to a peer is closed at this size. A call that is larger goes alone, if the peer will take
// it: a request of nearly kMessageBytesMax can be served by its owner's own callers alone.
inline constexpr size_t kForwardBytesMax = 4 << 20;
inline constexpr size_t kForwardedCallBytesMax = kMessageBytesMax - 1024;
inline constexpr size_t kForwardedCallsMax = 16'384;  // from one peer
inline constexpr size_t kOpenCallsMax = 100'000;

// Submissions that wait for a classifier (classifying_backend.h). Open questions: a classifier that takes
// 200 ms is asked 1,280 times a second by one workspace then; beyond it the rules decide at once.
inline constexpr size_t kAskedPerWorkspaceMax = 256;
inline constexpr size_t kAskedMax = 1024;
// Commands that wait for one, behind others or while it is looked whether it is to be asked.
inline constexpr size_t kHeldCommandsMax = 16'384;
inline constexpr int kClassifierResponseBytesMax = 64 << 10;
inline constexpr size_t kClassifiersMax = 16;  // labels of metrics
// Workspaces whose breakers are remembered; beyond it those that are over are forgotten.
inline constexpr size_t kBreakersMax = 1024;

// Configuration.
inline constexpr size_t kChangesMax = 1000;
inline constexpr size_t kWarningsMax = 100;
inline constexpr size_t kAwayReasonsMax = 64;
inline constexpr size_t kWorkspaceNameBytesMax = 64;

inline constexpr size_t kViolationsMax = 16;

// Lines in the log about calls of traces, of all callers: one is some 300 bytes.
inline constexpr int kCallLinesPerSecond = 100;
// Lines about calls that were refused to their callers.
inline constexpr int kRefusalLinesPerSecond = 50;
// Of a token's or certificate's subject, in events and in the log.
inline constexpr size_t kSubjectBytesMax = 256;

}  // namespace firstline::api::limits
