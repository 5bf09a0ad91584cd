// An agent: what is stored, and what matching derives.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "services/router/engine/limits.h"
#include "services/router/engine/types.h"

namespace firstline::engine {

struct Session {
  std::string id;
  uint64_t sequence = 0;  // last presence sequence applied
};

// Capacity held after a conversation; without units only its queue is closed.
struct WrapUp {
  std::string inquiry_id;
  ChannelIx channel;
  QueueIx queue;
  uint16_t units = 0;
  Time start;
  Time until;
  Span extended = {};  // by the agent, within `until`
};

// Misses in a queue that has a back-off of its own.
struct QueueBackOff {
  QueueIx queue;
  uint16_t misses = 0;  // in a row
  uint16_t count = 0;   // back-offs since the agent last replied in this queue
  Time until;           // the queue is closed; unset: open
};

// Something an agent did: assignments begun, and time handled in conversations that ended.
struct Handled {
  Time at;
  uint16_t assignments = 0;
  Span time;
};

// Why an agent takes nothing now, on the whole, on one channel or from one queue; in the order of the
// checks.
enum class Gate : uint8_t {
  kNone,
  kPresence,         // offline or away
  kDrain,
  kBackOff,
  kRateLimit,        // as many assignments lately as allowed
  kReserved,         // for an inquiry that was overtaken too often
  kCapacity,         // total units
  kChannelCapacity,  // units on this channel
  kExclusive,        // an exclusive channel, and the agent has other work; or the other way round
  kQueueBackOff,     // misses in this queue
  kQueueWrapUp,      // wrap-up that closes this queue alone
};

struct Agent {
  std::string id;
  uint32_t sequence = 0;  // order of creation: the last tie-break of every selection
  AgentKind kind = AgentKind::kPerson;
  NameIx team;        // unset: none
  ProfileIx profile;
  uint16_t units = 1;  // total capacity
  std::array<uint16_t, limits::kChannelsMax> channel_units{};  // by ChannelIx; total where not set

  Presence presence = Presence::kOffline;
  std::string reason;  // of kAway
  Time presence_since;
  Time lost_since;    // its last session lapsed, and it did not come back; unset: no such thing
  std::vector<Session> sessions;
  bool presence_leased = false;  // presence was set by a session: ends with the last one

  // A reply ends a row of misses: a message to the customer, or on a live channel the accept. It does
  // so here whichever queue it is in, and in the back-off of its own queue.
  uint16_t misses = 0;         // in a row
  uint16_t back_off_count = 0; // back-offs since the agent last replied
  Time back_off_until;         // unset: none
  Time rate_limited_until;     // gate closed; kNever: until an offer ends. Unset: open
  Time idle_since;             // last work ended or presence began
  uint64_t idle_sequence = 0;  // orders equal idle_since
  uint64_t offered_sequence = 0;  // round robin: grows with every offer
  std::vector<WrapUp> wrap_ups;
  std::vector<QueueBackOff> queue_back_offs;  // oldest first
  std::vector<Handled> handled;  // by time; kept only where a selection counts it

  // Derived from inquiries and wrap-ups; rebuilt on recovery.
  uint16_t used = 0;
  uint16_t closed_queues = 0;  // wrap-ups and back-offs that close a queue
  uint16_t exclusive = 0;      // the workspace's exclusive channels, as bits by ChannelIx
  std::array<uint16_t, limits::kChannelsMax> interrupts{};  // by channel: those it interrupts, as bits
  std::array<uint16_t, limits::kChannelsMax> channel_used{};
  InquiryIx reserved_for;  // takes nothing else: see Inquiry::reserved
  std::vector<InquiryIx> work;  // offered, assigned, parked: ascending by time taken

  Time deadline = kNever;  // earliest of wrap-ups, back-offs and rate limit
};

// Units of all work that stands in the way of the channel's: what it may interrupt does not.
int UsedAgainst(const Agent& agent, ChannelIx channel);
// What the channel's own maximum leaves.
inline int LeftOf(const Agent& agent, ChannelIx channel) {
  return agent.channel_units[channel.value] - agent.channel_used[channel.value];
}

}  // namespace firstline::engine
