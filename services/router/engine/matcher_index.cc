// The matcher's memory: lines, pools, and which profile qualifies for which line.
#include <algorithm>

#include "services/router/engine/matcher.h"

namespace firstline::engine {
namespace {

// With fewer profiles than this no walk can win, so the global orders are not kept.
constexpr size_t kWalkFrom = 512;
// Lines nobody waits in are kept for reuse up to this many.
constexpr size_t kIdleLinesMax = 4096;
// From this many unseen births on, the filter by skills pays.
constexpr size_t kFilterFrom = 32;

// Over the profiles that qualify.
template <typename Qualified>
Matcher::Staff SumOf(const std::vector<Matcher::Staff>& staff, const Qualified& qualified) {
  Matcher::Staff sum;
  for (uint32_t p = 0; p < staff.size(); ++p) {
    if (staff[p].logged_in == 0 || !qualified(p)) continue;
    sum.logged_in += staff[p].logged_in;
    sum.available += staff[p].available;
  }
  return sum;
}

}  // namespace

WaitKey KeyOf(const World& world, const Inquiry& inquiry, InquiryIx ix) {
  const QueueSlot& queue = world.queue(inquiry.queue);
  WaitKey key{.rank = 0, .due_us = inquiry.arrival_time.us, .sequence = inquiry.sequence,
              .inquiry = ix};
  const size_t step = std::min<size_t>(inquiry.step, queue.credits.size() - 1);
  key.due_us -= queue.credits[step].us;
  const Serving serving = queue.config.serving;
  if (serving == Serving::kLifo) {
    key.due_us = -inquiry.arrival_time.us - queue.credits[step].us;
    key.sequence = UINT64_MAX - inquiry.sequence;
  }
  if (serving == Serving::kStrict) key.rank = -int64_t{inquiry.priority};
  if (serving == Serving::kCredit || serving == Serving::kDeadline) {
    auto credit = queue.config.credits.find(inquiry.priority);
    if (credit != queue.config.credits.end()) key.due_us -= credit->second.us;
  }
  if (serving == Serving::kDeadline) key.due_us += queue.config.first_response_target.us;
  return key;
}

// ---- Building -----------------------------------------------------------------------------------

void Matcher::Reset() {
  for (uint32_t i = 0; i < lines_.size(); ++i) {
    if (lines_[i].live) world_.requirements.Release(lines_[i].requirement);
  }
  lines_ = {};
  line_index_.clear();
  flows_ = {};
  flow_index_.clear();
  live_lines_ = 0;
  idle_lines_.clear();
  idle_from_ = 0;
  idle_count_ = 0;
  waiting_lines_.Clear();
  heads_.clear();
  line_log_.Restart({});
  held_.clear();
  rows_.clear();
  line_skills_ = {};
  profile_skills_ = {};
  std::vector<ProfileIx> live;
  for (uint32_t p = 0; p < world_.profiles.slots(); ++p) {
    if (!world_.profiles.IsLive({p})) continue;
    live.push_back({p});
    profile_skills_.Set(p, world_.profiles[{p}].skills);
  }
  profile_log_.Restart(std::move(live));
  staff_.clear();
  walks_ = world_.profiles.size() >= kWalkFrom;
  pools_.assign(world_.channels.size(), {});
  for (Pool& pool : pools_) {
    pool.by_profile.resize(world_.orders.size());
    pool.heads.resize(world_.orders.size());
    pool.bests.resize(world_.orders.size());
    pool.all.resize(world_.orders.size());
  }
  for (uint32_t a = 0; a < world_.agents.size(); ++a) {
    world_.agents[a].open_mask = 0;
    world_.agents[a].closed_in.clear();
    world_.agents[a].staffs = {};
    world_.agents[a].staffs_available = false;
    world_.agents[a].keys.assign(world_.orders.size(), {});
  }
}

void Matcher::ProfileBorn(ProfileIx profile) {
  if (profile.value < rows_.size()) rows_[profile.value] = {.bits = {}, .seen = 0, .generation = UINT32_MAX};
  profile_log_.Add(profile);
  profile_skills_.Set(profile.value, world_.profiles[profile].skills);
  if (profile_log_.IsLong(world_.profiles.slots())) {
    std::vector<ProfileIx> live;
    for (uint32_t p = 0; p < world_.profiles.slots(); ++p) {
      if (world_.profiles.IsLive({p})) live.push_back({p});
    }
    profile_log_.Restart(std::move(live));
  }
  if (walks_ || world_.profiles.size() < kWalkFrom) return;
  walks_ = true;
  for (Pool& pool : pools_) {
    for (size_t order = 0; order < pool.all.size(); ++order) {
      for (const auto& agents : pool.by_profile[order]) {
        pool.all[order].insert(agents.begin(), agents.end());
      }
    }
    for (const auto& [key, agents] : pool.closed) {
      pool.all[key.order].insert(agents.begin(), agents.end());
    }
  }
}

LineIx Matcher::LineFor(const Inquiry& inquiry) {
  auto [it, fresh] =
      line_index_.try_emplace({inquiry.queue, inquiry.step, inquiry.asked}, LineIx{});
  if (!fresh) return it->second;
  const LineIx ix{lines_.Allocate()};
  it->second = ix;
  Line& line = lines_[ix.value];
  const Requirement& requirement = world_.requirements[inquiry.asked];
  line.queue = inquiry.queue;
  line.step = inquiry.step;
  line.requirement = inquiry.asked;
  line.channel = requirement.channel;
  line.units = requirement.units;
  line.live = true;
  line.flow = FlowFor(line.queue, line.requirement);
  world_.requirements.Share(inquiry.asked);
  ++live_lines_;
  if (heads_.size() <= ix.value) heads_.resize(ix.value + 1);
  line_log_.Add(ix);
  line_skills_.Set(ix.value, AskedBy(line));
  if (line_log_.IsLong(lines_.size())) {
    std::vector<LineIx> live;
    for (uint32_t l = 0; l < lines_.size(); ++l) {
      if (lines_[l].live) live.push_back({l});
    }
    line_log_.Restart(std::move(live));
  }
  return ix;
}

void Matcher::RetireIdleLines() {
  const auto is_stale = [this](const std::pair<LineIx, uint32_t>& entry) {
    const Line& line = lines_[entry.first.value];
    return !line.live || !line.idle || line.idle_stamp != entry.second;
  };
  for (; idle_from_ < idle_lines_.size(); ++idle_from_) {
    if (is_stale(idle_lines_[idle_from_])) continue;
    if (idle_count_ <= kIdleLinesMax) break;
    const LineIx ix = idle_lines_[idle_from_].first;
    Line& line = lines_[ix.value];
    line_index_.erase({line.queue, line.step, line.requirement});
    LeaveFlow(line);
    world_.requirements.Release(line.requirement);
    line_skills_.Set(ix.value, {});
    lines_.Free(ix.value);
    --live_lines_;
    --idle_count_;
  }
  if (idle_lines_.size() <= 2 * idle_count_ + kIdleLinesMax) return;
  idle_lines_.erase(idle_lines_.begin(), idle_lines_.begin() + static_cast<int64_t>(idle_from_));
  idle_from_ = 0;
  std::erase_if(idle_lines_, is_stale);
}

void Matcher::NoteHead(LineIx ix) {
  Line& line = lines_[ix.value];
  waiting_lines_.Assign(ix.value, !line.waiting.empty());
  if (!line.waiting.empty()) heads_[ix.value] = *line.waiting.begin();
  const bool idle = line.waiting.empty() && line.held == 0;
  if (idle != line.idle) idle_count_ += idle ? 1 : size_t{0} - 1;
  line.idle = idle;
  if (!idle) return;
  line.idle_stamp = ++idle_clock_;
  idle_lines_.push_back({ix, line.idle_stamp});
  RetireIdleLines();
}

void Matcher::Enqueue(InquiryIx ix) {
  Inquiry& inquiry = world_.inquiry(ix);
  InquirySlot& slot = world_.inquiries.slots[ix.value];
  const LineIx line_ix = LineFor(inquiry);
  slot.line = line_ix;
  const WaitKey key = KeyOf(world_, ix);
  Line& line = lines_[line_ix.value];
  if (inquiry.reserved.IsSet()) ++line.reserved;
  if (inquiry.held) {
    held_[inquiry.preferred[0]].insert(key);
    ++line.held;
    NoteHead(line_ix);
    return;
  }
  ++flows_[line.flow].waiting;
  line.waiting.insert(line.waiting.end(), key);
  if (*line.waiting.begin() == key) NoteHead(line_ix);
}

void Matcher::Dequeue(InquiryIx ix) {
  const Inquiry& inquiry = world_.inquiry(ix);
  InquirySlot& slot = world_.inquiries.slots[ix.value];
  if (!slot.line.IsSet()) return;
  const LineIx line_ix = slot.line;
  slot.line = {};
  const WaitKey key = KeyOf(world_, ix);
  Line& line = lines_[line_ix.value];
  if (inquiry.reserved.IsSet()) --line.reserved;
  if (inquiry.held) {
    auto held = held_.find(inquiry.preferred[0]);
    held->second.erase(key);
    if (held->second.empty()) held_.erase(held);
    if (--line.held == 0 && line.waiting.empty()) NoteHead(line_ix);
    return;
  }
  const bool was_head = *line.waiting.begin() == key;
  line.waiting.erase(key);
  --flows_[line.flow].waiting;
  if (was_head) NoteHead(line_ix);
}

// ---- Pools --------------------------------------------------------------------------------------

AgentKey Matcher::AgentKeyOf(const Agent& agent, AgentIx ix, size_t order) const {
  AgentKey key{.criteria = {}, .sequence = agent.sequence, .agent = ix};
  const std::vector<Criterion>& criteria = world_.orders[order];
  for (size_t i = 0; i < criteria.size(); ++i) {
    switch (criteria[i]) {
      case Criterion::kLoad: key.criteria[i] = static_cast<uint64_t>(LoadOf(agent)); break;
      case Criterion::kIdleTime: key.criteria[i] = agent.idle_sequence; break;
      case Criterion::kRoundRobin: key.criteria[i] = agent.offered_sequence; break;
      default: break;
    }
  }
  return key;
}

void Matcher::UpdateAgent(AgentIx ix) {
  AgentSlot& slot = world_.agents[ix.value];
  const Agent& agent = slot.it;
  if (world_.watches_staff) CountStaff(slot);
  uint32_t open = 0;
  for (uint32_t c = 0; slot.live && c < pools_.size(); ++c) {
    const ChannelSlot& channel = world_.channels[c];
    if (channel.live && GateOf(agent, {c}, channel.units_min) == Gate::kNone) open |= 1u << c;
  }
  if (open == 0 && slot.open_mask == 0) return;
  bool moved = false;
  std::array<AgentKey, 16> fresh;
  for (size_t order = 0; order < slot.keys.size(); ++order) {
    fresh[order] = AgentKeyOf(agent, ix, order);
    moved |= fresh[order] != slot.keys[order];
  }
  std::vector<QueueIx> closed_in = ClosedQueuesOf(agent);
  if (!moved && open == slot.open_mask && closed_in == slot.closed_in) return;
  RemoveAgent(ix);
  for (size_t order = 0; order < slot.keys.size(); ++order) slot.keys[order] = fresh[order];
  slot.open_mask = open;
  slot.closed_in = std::move(closed_in);
  const uint32_t profile = agent.profile.value;
  for (uint32_t mask = open; mask != 0; mask &= mask - 1) {
    Pool& pool = pools_[static_cast<size_t>(std::countr_zero(mask))];
    ++pool.agents;
    for (size_t order = 0; order < slot.keys.size(); ++order) {
      auto& profiles = pool.by_profile[order];
      if (profiles.size() <= profile) {
        profiles.resize(std::max<size_t>(profile + 1, profiles.size() * 2));
        pool.heads[order].resize(profiles.size());
        pool.bests[order].resize(profiles.size() / 64 + 1, kLastKey);
      }
      if (walks_) pool.all[order].insert(fresh[order]);
    }
    InsertInto(pool, slot);
    pool.profiles.Assign(profile, true);
    NoteHeads(pool, profile);
  }
}

void Matcher::InsertInto(Pool& pool, const AgentSlot& slot) {
  const uint32_t profile = slot.it.profile.value;
  for (size_t order = 0; order < slot.keys.size(); ++order) {
    if (slot.closed_in.empty()) {
      pool.by_profile[order][profile].insert(slot.keys[order]);
    } else {
      pool.closed[ClosedKey{order, profile, slot.closed_in}].insert(slot.keys[order]);
    }
  }
}

void Matcher::EraseFrom(Pool& pool, const AgentSlot& slot) {
  const uint32_t profile = slot.it.profile.value;
  for (size_t order = 0; order < slot.keys.size(); ++order) {
    if (slot.closed_in.empty()) {
      pool.by_profile[order][profile].erase(slot.keys[order]);
      continue;
    }
    const auto at = pool.closed.find(ClosedKey{order, profile, slot.closed_in});
    at->second.erase(slot.keys[order]);
    if (at->second.empty()) pool.closed.erase(at);
  }
}

void Matcher::CountStaff(AgentSlot& slot) {
  const Presence presence = slot.it.presence;
  const bool there =
      slot.live && (presence == Presence::kAvailable || presence == Presence::kAway);
  const bool available = there && presence == Presence::kAvailable;
  const ProfileIx profile = there ? slot.it.profile : ProfileIx{};
  if (slot.staffs == profile && slot.staffs_available == available) return;
  staff_changed_ = true;
  if (slot.staffs.IsSet()) {
    --staff_[slot.staffs.value].logged_in;
    if (slot.staffs_available) --staff_[slot.staffs.value].available;
  }
  slot.staffs = profile;
  slot.staffs_available = available;
  if (!profile.IsSet()) return;
  if (staff_.size() <= profile.value) staff_.resize(profile.value + 1);
  ++staff_[profile.value].logged_in;
  if (available) ++staff_[profile.value].available;
}

Matcher::Staff Matcher::StaffFor(InquiryIx ix) {
  Line& line = lines_[world_.inquiries.slots[ix.value].line.value];
  const Bitset& column = Column(line);
  return SumOf(staff_, [&](uint32_t profile) { return column.Test(profile); });
}

Matcher::Staff Matcher::StaffFor(const Audience& audience, const Requirement& requirement) const {
  return SumOf(staff_, [&](uint32_t profile) {
    return Qualifies(audience, requirement, world_.profiles[{profile}]) == Mismatch::kNone;
  });
}

bool Matcher::HasStaff(const Audience& audience, const Requirement& requirement) const {
  for (uint32_t p = 0; p < staff_.size(); ++p) {
    if (staff_[p].logged_in == 0) continue;
    if (Qualifies(audience, requirement, world_.profiles[{p}]) == Mismatch::kNone) return true;
  }
  return false;
}

const AgentKey* Matcher::FirstOf(const Pool& pool, size_t order, uint32_t profile) {
  const auto& agents = pool.by_profile[order][profile];
  const AgentKey* first = agents.empty() ? nullptr : &*agents.begin();
  ForEachClosed(pool, order, profile, [&](const auto&, const auto& closed) {
    if (first == nullptr || *closed.begin() < *first) first = &*closed.begin();
  });
  return first;
}

void Matcher::NoteHeads(Pool& pool, uint32_t profile) {
  for (size_t order = 0; order < pool.heads.size(); ++order) {
    const AgentKey* first = FirstOf(pool, order, profile);
    std::vector<AgentKey>& heads = pool.heads[order];
    AgentKey& best = pool.bests[order][profile / 64];
    const bool was_best = heads[profile] == best;
    if (first != nullptr) heads[profile] = *first;
    if (first != nullptr && heads[profile] < best) {
      best = heads[profile];
    } else if (was_best) {
      best = kLastKey;
      Bitset::ForEachCommonIn(profile / 64, pool.profiles, pool.profiles,
                              [&](uint32_t p) { best = std::min(best, heads[p]); });
    }
  }
}

void Matcher::RemoveAgent(AgentIx ix) {
  AgentSlot& slot = world_.agents[ix.value];
  const uint32_t profile = slot.it.profile.value;
  for (uint32_t mask = slot.open_mask; mask != 0; mask &= mask - 1) {
    Pool& pool = pools_[static_cast<size_t>(std::countr_zero(mask))];
    --pool.agents;
    for (size_t order = 0; walks_ && order < slot.keys.size(); ++order) {
      pool.all[order].erase(slot.keys[order]);
    }
    EraseFrom(pool, slot);
    if (FirstOf(pool, 0, profile) == nullptr) pool.profiles.Assign(profile, false);
    NoteHeads(pool, profile);
  }
  slot.open_mask = 0;
  slot.closed_in.clear();
}

// ---- Caches -------------------------------------------------------------------------------------

Ask Matcher::AskOf(const Line& line) const {
  return {AudienceAt(world_.queue(line.queue), line.step), world_.requirements[line.requirement]};
}

bool Matcher::Qualify(const Line& line, ProfileIx profile) const {
  const Ask ask = AskOf(line);
  return Qualifies(ask.audience, ask.requirement, world_.profiles[profile]) == Mismatch::kNone;
}

// The skills and levels left to ask for at the line's step.
std::vector<Level> Matcher::AskedBy(const Line& line) const {
  const QueueSlot& queue = world_.queue(line.queue);
  const Audience& audience =
      queue.audiences[std::min<size_t>(line.step, queue.audiences.size() - 1)];
  std::vector<Level> asked;
  for (Level level : world_.requirements[line.requirement].skills) {
    if (std::binary_search(audience.dropped_skills.begin(), audience.dropped_skills.end(),
                           level.name)) {
      continue;
    }
    level.level = static_cast<uint8_t>(std::max(1, level.level - audience.lowered));
    asked.push_back(level);
  }
  return asked;
}

// The first skill's holders, less those who lack another. Only for lines that ask for a skill.
Bitset Matcher::ProfilesWithSkillsOf(const Line& line) const {
  const std::vector<Level> asked = AskedBy(line);
  Bitset with = profile_skills_.AtLeast(asked[0].name, asked[0].level);
  for (size_t i = 1; i < asked.size(); ++i) {
    with.IntersectWith(profile_skills_.AtLeast(asked[i].name, asked[i].level));
  }
  return with;
}

// Lines that ask for more of some skill than the profile has.
Bitset Matcher::LinesBeyond(ProfileIx profile) const {
  Bitset beyond;
  const std::vector<Level>& held = world_.profiles[profile].skills;
  line_skills_.ForEachSkill([&](NameIx skill) {
    beyond.UniteWith(line_skills_.AtLeast(skill, LevelOf(held, skill) + 1));
  });
  return beyond;
}

const Bitset& Matcher::Column(Line& line) {
  const bool filtered =
      profile_log_.Unseen(line.column) >= kFilterFrom && !AskedBy(line).empty();
  const Bitset with = filtered ? ProfilesWithSkillsOf(line) : Bitset();
  profile_log_.Sync(line.column, [&](ProfileIx p) {
    const bool may = world_.profiles.IsLive(p) && (!filtered || with.Test(p.value));
    line.column.bits.Assign(p.value, may && Qualify(line, p));
  });
  return line.column.bits;
}

const Bitset& Matcher::Row(ProfileIx profile) {
  if (rows_.size() <= profile.value) {
    rows_.resize(std::max<size_t>(profile.value + 1, rows_.size() * 2),
                 Synced{.bits = {}, .seen = 0, .generation = UINT32_MAX});
  }
  Synced& row = rows_[profile.value];
  const bool filtered = line_log_.Unseen(row) >= kFilterFrom;
  const Bitset beyond = filtered ? LinesBeyond(profile) : Bitset();
  line_log_.Sync(row, [&](LineIx l) {
    const bool may = lines_[l.value].live && !beyond.Test(l.value);
    row.bits.Assign(l.value, may && Qualify(lines_[l.value], profile));
  });
  return row.bits;
}

const std::vector<std::pair<Matcher::StaticScore, ProfileIx>>& Matcher::Ranking(Line& line) {
  const Bitset& column = Column(line);
  if (line.ranking_seen == line.column.seen && line.ranking_generation == line.column.generation) {
    return line.ranking;
  }
  line.ranking.clear();
  line.ranking_seen = line.column.seen;
  line.ranking_generation = line.column.generation;
  const Selection& selection = world_.queue(line.queue).selection;
  for (uint32_t p = 0; p < world_.profiles.slots(); ++p) {
    if (!world_.profiles.IsLive({p}) || !column.Test(p)) continue;
    StaticScore score{};
    size_t at = 0;
    for (Criterion criterion : selection.criteria) {
      const int64_t value = StaticValue(criterion, AskOf(line), world_.profiles[{p}]);
      if (value != kNotStatic && at < score.size()) score[at++] = value;
    }
    line.ranking.push_back({score, {p}});
  }
  std::sort(line.ranking.begin(), line.ranking.end());
  return line.ranking;
}

}  // namespace firstline::engine
