// The fast matcher: lines of waiting inquiries, pools of available agents, and the two questions
// "who is best for this inquiry?" and "which inquiry is first for this agent?". Both are exact: they
// give what full scans in canonical order would give (tests/engine/reference_engine.h does those).
//
// Shape. A line's inquiries stand in one static order. Agents with equal profiles stand together, in
// each dynamic order some queue uses, so the head of a profile is its best agent. Which profiles
// qualify for a line (column) and which lines a profile qualifies for (row) are bitsets, brought up
// to date when used from a log of the profiles and lines born since.
//
// Threads: the engine's. Private to the engine.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "services/router/engine/bitset.h"
#include "services/router/engine/checks.h"
#include "services/router/engine/skill_index.h"
#include "services/router/engine/wait_history.h"
#include "services/router/engine/world.h"

namespace firstline::engine {

// Serving order. fifo: due = arrival; credit: arrival - credit; strict: rank = -priority; deadline:
// arrival - credit + target; minus the step's credit. lifo: all mirrored, so that the newest comes
// first, before those of queues with another order. Comparable across lines.
struct WaitKey {
  int64_t rank = 0;
  int64_t due_us = 0;
  uint64_t sequence = 0;
  InquiryIx inquiry;
  friend auto operator<=>(const WaitKey&, const WaitKey&) = default;
};
WaitKey KeyOf(const World& world, const Inquiry& inquiry, InquiryIx ix);
inline WaitKey KeyOf(const World& world, InquiryIx ix) {
  return KeyOf(world, world.inquiry(ix), ix);
}

// A place in the serving order of the moment. Where queues have weights, the one that has had least
// of its share comes first (pass, see Engine::Impl::Charge); without, pass is 0 and the key decides.
struct Turn {
  int64_t pass = 0;
  WaitKey key;
  friend auto operator<=>(const Turn&, const Turn&) = default;
};

// Keeps one cached bitset in step with a table whose members come and go.
struct Synced {
  Bitset bits;
  uint32_t seen = 0;        // entries of the log already considered
  uint32_t generation = 0;  // of the log
};

// Members born, in order. Deaths need no entry: a dead member is never asked for.
template <class Ix>
class BirthLog {
 public:
  void Add(Ix ix) { log_.push_back(ix); }
  bool IsLong(size_t live) const { return log_.size() > 2 * live + 1024; }
  void Restart(std::vector<Ix> live) {
    log_ = std::move(live);
    ++generation_;
  }
  // How many births `cache` has not seen.
  size_t Unseen(const Synced& cache) const {
    return log_.size() - (cache.generation == generation_ ? cache.seen : 0);
  }
  // Calls assign(ix) for every birth `cache` has not seen.
  template <class Assign>
  void Sync(Synced& cache, const Assign& assign) const {
    if (cache.generation != generation_) cache = {.bits = {}, .seen = 0, .generation = generation_};
    for (; cache.seen < log_.size(); ++cache.seen) assign(log_[cache.seen]);
  }

 private:
  std::vector<Ix> log_;
  uint32_t generation_ = 0;
};

class Matcher {
 public:
  // With static criteria, up to this many candidate profiles are scored one by one; above it the
  // line's static ranking is followed, which stops early (tests/bench/engine_bench).
  static constexpr size_t kScanMax = 256;

  explicit Matcher(World& world) : world_(world) {}

  // Forgets everything and takes profiles and channels from the world; call UpdateAgent and Enqueue
  // for each agent and waiting inquiry afterwards.
  void Reset();
  void ProfileBorn(ProfileIx profile);

  // Puts a waiting inquiry into the line of its queue, step and requirement, or, when held, into the
  // list of its preferred agent. Its key's fields must not change before Dequeue.
  void Enqueue(InquiryIx inquiry);
  void Dequeue(InquiryIx inquiry);
  // Call after anything that moves an agent's gates, room or order changed.
  void UpdateAgent(AgentIx agent);
  // Takes the agent out of all pools (before its profile changes, or when it is deleted).
  void RemoveAgent(AgentIx agent);

  // The best agent that may be offered the waiting inquiry now; unset: none.
  AgentIx BestAgent(InquiryIx inquiry, Time now);
  // The first waiting inquiry in serving order that may be offered to the agent now.
  std::optional<Turn> FirstInquiry(AgentIx agent, Time now);
  Turn TurnOf(const WaitKey& key) const {
    return {world_.shares ? world_.PassOf(world_.inquiry(key.inquiry).queue) : 0, key};
  }
  // Calls visit(key) for waiting inquiries of all lines in serving order. `visit` says what to do
  // next: it must not change lines other than by dequeuing the visited inquiry.
  enum class Next { kContinue, kDropLine };
  void ForEachInOrder(const std::function<Next(const WaitKey&)>& visit);
  // The first that an offer of `inquiry` to the agent passes over because it needs more room: of a
  // queue that limits overtakes, within the agent's capacity, with no agent reserved. Unset: none.
  InquiryIx FirstOvertaken(InquiryIx inquiry, AgentIx agent, Time now);
  // Whether anybody who is available or away qualifies. O(profiles); only where the world watches.
  bool HasStaff(const Audience& audience, const Requirement& requirement) const;
  // Of the agents who suit the waiting inquiry at its step; only where the world watches staff.
  struct Staff {
    uint32_t logged_in = 0;  // available or away
    uint32_t available = 0;
  };
  Staff StaffFor(InquiryIx inquiry);
  Staff StaffFor(const Audience& audience, const Requirement& requirement) const;  // O(profiles)
  // Whether any of these numbers may have changed since the last call.
  bool TakeStaffChanged() { return std::exchange(staff_changed_, false); }
  // Call instead of changing Inquiry::reserved.
  void SetReserved(InquiryIx inquiry, AgentIx agent);
  // Whether an agent is reserved for some inquiry of the same line.
  bool HasReserved(InquiryIx inquiry) const;
  // Inquiries held for the agent, in serving order.
  std::vector<InquiryIx> HeldFor(AgentIx agent) const;

  size_t lines() const { return live_lines_; }

  // ---- Expected waits (wait_history.h): call besides Enqueue and Dequeue ----

  void NoteWait(InquiryIx inquiry, Time now);     // after Enqueue of one that begins to wait
  void NoteStart(InquiryIx inquiry, Time now);    // before Dequeue of one that is offered
  void NoteReturn(InquiryIx inquiry);             // after Enqueue of one whose offer came to nothing
  void NoteLeft(InquiryIx inquiry, Time now, bool gave_up);  // before Dequeue of one that ends
  // Of a waiting inquiry at `place` of its line; unset: the line's history is too short.
  std::optional<WaitQuantiles> Expect(InquiryIx inquiry, uint32_t place, Time now) const;
  // The same of one that would come; unset as well where no such line is known.
  std::optional<WaitQuantiles> ExpectIn(QueueIx queue, RequirementIx requirement, uint32_t place,
                                        Time now) const;
  // Where one with that key would stand among all that wait in the queue, held ones left out. At most
  // limits::kPlacesMax lines and inquiries that are not simply before it are looked at.
  uint32_t PlaceIn(QueueIx queue, const WaitKey& key) const;
  // Whether some agent may take an inquiry that stands in no line. O(profiles).
  bool IsAnybodyFree(const Ask& ask, const Inquiry& inquiry, Time now) const;
  // The place of one that has just begun to wait: counted where it is near, else taken to be last.
  uint32_t PlaceOfNew(InquiryIx inquiry) const;

  // ---- For explanations ----

  // By criterion of the queue's selection, then the agent's sequence: smaller is better.
  using Score = std::array<int64_t, limits::kCriteriaMax + 1>;
  Score ScoreOf(const Ask& ask, const Inquiry& inquiry, AgentIx agent, Time now) const;
  // Where an inquiry with that key stands, or would stand. O(inquiries before it), at most
  // limits::kPlacesMax of them and as many lines.
  Place PlaceOf(const WaitKey& key, QueueIx queue, RequirementIx requirement) const;
  // Calls visit(first inquiry, how many wait) for lines in which somebody waits, at most
  // limits::kLinesLookedAtMax; false: there are more. A line whose first inquiry is not for the agent
  // is told with the first that is, where that is among its first few.
  bool ForEachHead(AgentIx agent, Time now,
                   const std::function<void(const WaitKey&, size_t)>& visit) const;

 private:
  using StaticScore = std::array<int64_t, 4>;
  static constexpr int64_t kNotStatic = INT64_MAX;
  // used / units, comparable over agents.
  static int64_t LoadOf(const Agent& agent) {
    return agent.used * int64_t{1'000'000'000} / std::max<int>(agent.units, 1);
  }
  // All lines of a queue and requirement, whatever their step.
  struct Flow {
    WaitHistory history;
    uint32_t waiting = 0;  // in them, held ones left out
    uint32_t lines = 0;
  };
  struct Line {
    QueueIx queue;
    uint32_t flow = 0;
    uint8_t step = 0;
    RequirementIx requirement;
    ChannelIx channel;
    uint16_t units = 1;
    bool live = false;
    uint32_t reserved = 0;  // inquiries for which an agent is reserved
    uint32_t held = 0;  // inquiries of this line that stand in a held list instead
    bool idle = false;  // nobody waits in it or is held for it
    uint32_t idle_stamp = 0;
    absl::btree_set<WaitKey> waiting;
    Synced column;  // profiles that qualify
    std::vector<std::pair<StaticScore, ProfileIx>> ranking;  // of qualifying profiles, best first
    uint32_t ranking_seen = 0, ranking_generation = UINT32_MAX;
  };
  using LineKey = std::tuple<QueueIx, uint8_t, RequirementIx>;
  // Of agents of one profile to whom the same queues are closed.
  struct ClosedKey {
    size_t order = 0;
    uint32_t profile = 0;
    std::vector<QueueIx> queues;  // ascending, not empty
    friend auto operator<=>(const ClosedKey&, const ClosedKey&) = default;
  };
  struct Pool {  // agents open on one channel
    Bitset profiles;                                                 // with at least one agent
    std::vector<std::vector<absl::btree_set<AgentKey>>> by_profile;  // [order][profile]
    // Those with closed queues stand here instead, so that a line of such a queue leaves out all of
    // them at once.
    absl::btree_map<ClosedKey, absl::btree_set<AgentKey>> closed;
    std::vector<std::vector<AgentKey>> heads;  // [order][profile]: first of both, if any
    std::vector<std::vector<AgentKey>> bests;  // [order][profile / 64]: least of 64 heads, if any
    std::vector<absl::btree_set<AgentKey>> all;                      // [order]; kept from kWalkFrom profiles on
    size_t agents = 0;
  };

  void CountStaff(AgentSlot& slot);
  LineIx LineFor(const Inquiry& inquiry);
  uint32_t FlowFor(QueueIx queue, RequirementIx requirement);
  void LeaveFlow(const Line& line);
  Flow& FlowOf(InquiryIx inquiry) {
    return flows_[lines_[world_.inquiries.slots[inquiry.value].line.value].flow];
  }
  void RetireIdleLines();
  static void NoteHeads(Pool& pool, uint32_t profile);
  // Calls visit(queues, agents) for every group of the profile with closed queues.
  template <class Visit>
  static void ForEachClosed(const Pool& pool, size_t order, uint32_t profile, const Visit& visit) {
    if (pool.closed.empty()) return;
    auto at = pool.closed.lower_bound(ClosedKey{order, profile, {}});
    for (; at != pool.closed.end() && at->first.order == order && at->first.profile == profile; ++at) {
      visit(at->first.queues, at->second);
    }
  }
  static void InsertInto(Pool& pool, const AgentSlot& slot);
  static void EraseFrom(Pool& pool, const AgentSlot& slot);
  // The first of the profile, whatever is closed; null: nobody is there.
  static const AgentKey* FirstOf(const Pool& pool, size_t order, uint32_t profile);
  void NoteHead(LineIx line);
  const Bitset& Column(Line& line);
  const Bitset& Row(ProfileIx profile);
  const std::vector<std::pair<StaticScore, ProfileIx>>& Ranking(Line& line);

  bool IsUsable(const Line& line, const Inquiry& inquiry, AgentIx agent, Time now) const;
  const AgentKey* FirstUsable(const absl::btree_set<AgentKey>& agents, const Line& line,
                              const Inquiry& inquiry, Time now) const;
  // The first of the profile's available agents that may be offered the inquiry; null: none.
  const AgentKey* HeadOf(const Pool& pool, const Line& line, const Inquiry& inquiry,
                         ProfileIx profile, Time now) const;
  AgentIx BestButDecliners(InquiryIx inquiry, Time now);
  AgentIx FirstDecliner(InquiryIx inquiry, Time now) const;  // who declined longest ago
  AgentIx BestInPools(InquiryIx inquiry, Time now);
  bool MayTakeReserved(InquiryIx inquiry, AgentIx agent, Time now) const;
  AgentIx BestOfAll(const Pool& pool, Line& line, const Inquiry& inquiry, Time now);
  AgentIx BestByScan(const Pool& pool, Line& line, const Inquiry& inquiry, Time now);
  AgentIx BestByHeads(const Pool& pool, Line& line, const Inquiry& inquiry, Time now);
  AgentIx BestByWalk(const Pool& pool, Line& line, const Inquiry& inquiry, Time now);
  AgentIx BestByRank(const Pool& pool, Line& line, const Inquiry& inquiry, Time now);
  AgentIx BestPreferred(const Line& line, const Inquiry& inquiry, Time now) const;
  Ask AskOf(const Line& line) const;
  static int64_t StaticValue(Criterion criterion, const Ask& ask, const Profile& profile);
  Score ScoreOf(const Line& line, const Inquiry& inquiry, AgentIx agent, Time now) const {
    return ScoreOf(AskOf(line), inquiry, agent, now);
  }
  static std::pair<int64_t, int> LanguageOf(const Ask& ask, const Profile& profile);
  int64_t WeightedScore(const Ask& ask, const Agent& agent, Time now) const;
  std::optional<WaitKey> FirstUsable(const Line& line, AgentIx agent, Time now) const;
  AgentKey AgentKeyOf(const Agent& agent, AgentIx ix, size_t order) const;
  bool Qualify(const Line& line, ProfileIx profile) const;
  std::vector<Level> AskedBy(const Line& line) const;
  Bitset ProfilesWithSkillsOf(const Line& line) const;
  Bitset LinesBeyond(ProfileIx profile) const;

  World& world_;
  Slab<Line> lines_;
  absl::btree_map<LineKey, LineIx> line_index_;
  Slab<Flow> flows_;
  absl::btree_map<std::pair<QueueIx, RequirementIx>, uint32_t> flow_index_;
  size_t live_lines_ = 0;
  std::vector<std::pair<LineIx, uint32_t>> idle_lines_;  // oldest first, with the line's stamp
  size_t idle_from_ = 0;
  size_t idle_count_ = 0;
  uint32_t idle_clock_ = 0;
  Bitset waiting_lines_;         // lines with a waiting inquiry
  std::vector<WaitKey> heads_;   // by line: its first inquiry
  BirthLog<LineIx> line_log_;
  BirthLog<ProfileIx> profile_log_;
  std::vector<Synced> rows_;     // by profile
  SkillIndex profile_skills_;    // what profiles have
  SkillIndex line_skills_;       // what lines ask for
  std::vector<Staff> staff_;     // by profile
  bool staff_changed_ = false;
  std::vector<Pool> pools_;      // by channel
  bool walks_ = false;           // `all` orders are kept
  absl::btree_map<AgentIx, absl::btree_set<WaitKey>> held_;
};

}  // namespace firstline::engine
