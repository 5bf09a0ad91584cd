// The engine's tables: what its parts share. Private to the engine.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "services/router/engine/agent.h"
#include "services/router/engine/config.h"
#include "services/router/engine/engine.h"
#include "services/router/engine/id_index.h"
#include "services/router/engine/inquiry.h"
#include "services/router/engine/interned.h"
#include "services/router/engine/names.h"
#include "services/router/engine/oldest.h"
#include "services/router/engine/requirement.h"
#include "services/router/engine/slab.h"
#include "services/router/engine/wait_history.h"

namespace firstline::engine {

// An agent's place in one dynamic order: smaller is better. `sequence` and `agent` make it total.
struct AgentKey {
  std::array<uint64_t, 3> criteria{};
  uint32_t sequence = 0;
  AgentIx agent;
  friend auto operator<=>(const AgentKey&, const AgentKey&) = default;
};
// After every agent's key.
inline constexpr AgentKey kLastKey{.criteria = {UINT64_MAX, UINT64_MAX, UINT64_MAX},
                                   .sequence = UINT32_MAX,
                                   .agent = {}};

// A queue's selection, prepared for the matcher.
struct Selection {
  std::vector<Criterion> criteria;
  int order = 0;              // which dynamic order its load, idle and round-robin criteria form
  bool prefers = false;       // kPreferred is among the criteria
  bool prefers_first = false; // ... before all others
  bool walkable = false;      // nothing but dynamic criteria beside kPreferred
  bool rankable = false;      // static criteria first, then dynamic ones
  bool scans = false;         // has criteria that no order is kept for: every agent is looked at
};

struct InquirySlot {
  Inquiry it;
  LineIx line;        // while it waits in one
  bool live = false;
  bool dirty = false;
};
struct AgentSlot {
  Agent it;
  AgentConfig config;           // as upserted
  ProfileIx staffs;             // counted as logged in with this profile; unset: is not
  bool staffs_available = false;  // ... and as available
  uint32_t open_mask = 0;       // channels in whose pool the agent stands
  std::vector<AgentKey> keys;   // by dynamic order, as in the pools
  std::vector<QueueIx> closed_in;  // queues closed to it alone, ascending, as in the pools
  bool live = false;            // false: deleted, only the id is kept
  bool dirty = false;
};
struct QueueSlot {
  std::string id;
  QueueConfig config;
  std::vector<Audience> audiences;  // by step
  std::vector<Span> credits;        // by step, accumulated
  Selection selection;
  Requirement requirement;          // the queue's own, canonical
  bool asks = false;                // it is not empty
  uint32_t share = 0;               // index into the counters' passes, where queues have weights
  uint32_t waiting = 0, offered = 0, assigned = 0, parked = 0;
  WaitHistory history;              // of all that wait here
  Oldest oldest;
  bool live = false;
  bool judges_wait = false;  // a limit or a step goes by `history`: it is stored
  bool wait_dirty = false;   // ... and has changed
};
struct ChannelSlot {
  std::string id;
  ChannelConfig config;
  int units_min = 1;  // least units any line of the channel has asked for: room that counts as open
  bool live = false;
};

// A table of slots under ids; slots are never given back, because ended inquiries refer to them.
template <class Slot>
class SlotTable {
 public:
  SlotTable() : index_(this) {}
  uint32_t Find(std::string_view id) const { return index_.Find(id); }
  uint32_t FindOrAdd(std::string_view id) {
    if (uint32_t known = Find(id); known != IdIndex<SlotTable>::kNone) return known;
    const uint32_t added = slots_.Allocate();
    SetId(slots_[added], id);
    index_.Insert(added);
    return added;
  }
  Slot& operator[](uint32_t i) { return slots_[i]; }
  const Slot& operator[](uint32_t i) const { return slots_[i]; }
  uint32_t size() const { return slots_.size(); }
  std::string_view IdOf(uint32_t i) const { return GetId(slots_[i]); }

 private:
  static void SetId(AgentSlot& slot, std::string_view id) { slot.it.id = id; }
  static std::string_view GetId(const AgentSlot& slot) { return slot.it.id; }
  template <class S>
  static void SetId(S& slot, std::string_view id) { slot.id = id; }
  template <class S>
  static std::string_view GetId(const S& slot) { return slot.id; }
  Slab<Slot, 16> slots_;  // few at a time: most workspaces have few queues
  IdIndex<SlotTable> index_;
};

struct InquiryTable {
  Slab<InquirySlot> slots;
  IdIndex<InquiryTable> index{this};
  std::string_view IdOf(uint32_t i) const { return slots[i].it.id; }
};

struct World {
  std::string workspace;
  WorkspaceConfig config;
  Counters counters;
  Names names;
  Interned<Requirement, RequirementIx> requirements;
  Interned<Profile, ProfileIx> profiles;
  InquiryTable inquiries;
  SlotTable<AgentSlot> agents;
  SlotTable<QueueSlot> queues;
  SlotTable<ChannelSlot> channels;
  std::vector<std::vector<Criterion>> orders;  // distinct dynamic orders of all queues, never empty
  uint16_t exclusive_channels = 0;  // bits by ChannelIx
  std::array<uint16_t, limits::kChannelsMax> interrupts{};  // by channel: as Agent::interrupts
  bool shares = false;         // queues have weights
  bool limits_rate = false;
  bool limits_overtakes = false;
  bool watches_staff = false;  // some queue asks whether anybody is logged in
  bool watches_hours = false;  // some step waits for a calendar
  bool keeps_handled = false;  // some selection counts what agents handled
  bool knows_customers = false;  // some queue asks who came before
  size_t live_agents = 0;
  size_t open_inquiries = 0;

  Inquiry& inquiry(InquiryIx ix) { return inquiries.slots[ix.value].it; }
  const Inquiry& inquiry(InquiryIx ix) const { return inquiries.slots[ix.value].it; }
  Agent& agent(AgentIx ix) { return agents[ix.value].it; }
  const Agent& agent(AgentIx ix) const { return agents[ix.value].it; }
  QueueSlot& queue(QueueIx ix) { return queues[ix.value]; }
  const QueueSlot& queue(QueueIx ix) const { return queues[ix.value]; }
  int64_t PassOf(QueueIx ix) const { return counters.passes[queue(ix).share].pass; }
  const ChannelConfig& channel(ChannelIx ix) const { return channels[ix.value].config; }
};

// What the agent did after `begin`.
Handled HandledSince(const Agent& agent, Time begin);
// Units the agent still has for a channel; 0 when it has none (or an excess).
int RoomOf(const Agent& agent, ChannelIx channel);
// All units a channel may take of the agent, in use or not.
int SizeOf(const Agent& agent, ChannelIx channel);
// The first closed gate for `units` on `channel`; a reservation for `inquiry` does not count.
Gate GateOf(const Agent& agent, ChannelIx channel, int units, InquiryIx inquiry = {});
// What closes the queue alone to the agent; kNone: nothing.
Gate QueueGateOf(const Agent& agent, QueueIx queue);
// All queues closed to it alone, ascending.
std::vector<QueueIx> ClosedQueuesOf(const Agent& agent);
inline bool IsClosedIn(const Agent& agent, QueueIx queue) {
  return agent.closed_queues != 0 && QueueGateOf(agent, queue) != Gate::kNone;
}
// Whether work on an exclusive channel keeps the agent from this one, or other work from an exclusive
// one.
bool IsShutOut(const Agent& agent, ChannelIx channel);
// Whether `agent` declined the inquiry and may be asked again, after all others.
bool IsDecliner(const Inquiry& inquiry, AgentIx agent, Time now);
// Whether `agent` is barred from the inquiry by its exceptions at `now`.
bool IsExcepted(const Inquiry& inquiry, AgentIx agent, Time now);

}  // namespace firstline::engine
