// The matcher's two questions.
#include <algorithm>
#include <limits>
#include <queue>

#include "services/router/engine/matcher.h"

namespace firstline::engine {
namespace {

// A walk in best-first order ends at the first who qualifies, but those who rarely qualify gather at
// its front: it is given up after this many steps.
constexpr int kWalkSteps = 16;

}  // namespace

// ---- Line -> agent ------------------------------------------------------------------------------

bool Matcher::IsUsable(const Line& line, const Inquiry& inquiry, AgentIx ix, Time now) const {
  const Agent& agent = world_.agent(ix);
  if (RoomOf(agent, line.channel) < line.units || IsClosedIn(agent, line.queue)) return false;
  return inquiry.exceptions.empty() || !(IsExcepted(inquiry, ix, now) || IsDecliner(inquiry, ix, now));
}

const AgentKey* Matcher::HeadOf(const Pool& pool, const Line& line, const Inquiry& inquiry,
                                ProfileIx profile, Time now) const {
  const auto order = static_cast<size_t>(world_.queue(line.queue).selection.order);
  // The first is kept aside, because it is nearly always the one.
  const AgentKey& first = pool.heads[order][profile.value];
  if (IsUsable(line, inquiry, first.agent, now)) return &first;
  const AgentKey* best = FirstUsable(pool.by_profile[order][profile.value], line, inquiry, now);
  ForEachClosed(pool, order, profile.value, [&](const auto& queues, const auto& agents) {
    if (std::binary_search(queues.begin(), queues.end(), line.queue)) return;
    const AgentKey* key = FirstUsable(agents, line, inquiry, now);
    if (key != nullptr && (best == nullptr || *key < *best)) best = key;
  });
  return best;
}

const AgentKey* Matcher::FirstUsable(const absl::btree_set<AgentKey>& agents, const Line& line,
                                     const Inquiry& inquiry, Time now) const {
  for (const AgentKey& key : agents) {
    if (IsUsable(line, inquiry, key.agent, now)) return &key;
  }
  return nullptr;
}

AgentIx Matcher::BestByScan(const Pool& pool, Line& line, const Inquiry& inquiry, Time now) {
  AgentIx best;
  Score best_score{};
  Bitset::ForEachCommon(Column(line), pool.profiles, [&](uint32_t p) {
    const AgentKey* head = HeadOf(pool, line, inquiry, {p}, now);
    if (head == nullptr) return;
    const Score score = ScoreOf(line, inquiry, head->agent, now);
    if (best.IsSet() && best_score <= score) return;
    best = head->agent;
    best_score = score;
  });
  return best;
}

AgentIx Matcher::BestOfAll(const Pool& pool, Line& line, const Inquiry& inquiry, Time now) {
  const auto order = static_cast<size_t>(world_.queue(line.queue).selection.order);
  AgentIx best;
  Score best_score{};
  const auto look_at = [&](const absl::btree_set<AgentKey>& agents) {
    for (const AgentKey& key : agents) {
      if (!IsUsable(line, inquiry, key.agent, now)) continue;
      const Score score = ScoreOf(line, inquiry, key.agent, now);
      if (best.IsSet() && best_score <= score) continue;
      best = key.agent;
      best_score = score;
    }
  };
  Bitset::ForEachCommon(Column(line), pool.profiles, [&](uint32_t p) {
    look_at(pool.by_profile[order][p]);
    ForEachClosed(pool, order, p, [&](const auto& queues, const auto& agents) {
      if (!std::binary_search(queues.begin(), queues.end(), line.queue)) look_at(agents);
    });
  });
  return best;
}

// Where dynamic criteria alone decide, the head's key is its score. Blocks and heads that cannot beat
// the best so far are left out without a look at who qualifies.
AgentIx Matcher::BestByHeads(const Pool& pool, Line& line, const Inquiry& inquiry, Time now) {
  const auto order = static_cast<size_t>(world_.queue(line.queue).selection.order);
  const std::vector<AgentKey>& heads = pool.heads[order];
  const std::vector<AgentKey>& bests = pool.bests[order];
  const Bitset& column = Column(line);
  const size_t blocks = std::min({column.blocks(), pool.profiles.blocks(), bests.size()});
  AgentKey best = kLastKey;
  for (size_t block = 0; block < blocks; ++block) {
    if (!(bests[block] < best)) continue;
    Bitset::ForEachCommonIn(block, column, pool.profiles, [&](uint32_t p) {
      if (!(heads[p] < best)) return;
      const AgentKey* head = HeadOf(pool, line, inquiry, {p}, now);
      if (head != nullptr) best = std::min(best, *head);
    });
  }
  return best.agent;
}

AgentIx Matcher::BestByWalk(const Pool& pool, Line& line, const Inquiry& inquiry, Time now) {
  const Bitset& column = Column(line);
  const auto order = static_cast<size_t>(world_.queue(line.queue).selection.order);
  int steps = 0;
  for (const AgentKey& key : pool.all[order]) {
    if (++steps > kWalkSteps) return BestByHeads(pool, line, inquiry, now);
    if (!column.Test(world_.agent(key.agent).profile.value)) continue;
    if (IsUsable(line, inquiry, key.agent, now)) return key.agent;
  }
  return {};
}

AgentIx Matcher::BestByRank(const Pool& pool, Line& line, const Inquiry& inquiry, Time now) {
  AgentIx best;
  Score best_score{};
  const StaticScore* rank = nullptr;
  for (const auto& [score, profile] : Ranking(line)) {
    if (rank != nullptr && score != *rank) break;
    if (!pool.profiles.Test(profile.value)) continue;
    const AgentKey* head = HeadOf(pool, line, inquiry, profile, now);
    if (head == nullptr) continue;
    rank = &score;
    const Score full = ScoreOf(line, inquiry, head->agent, now);
    if (best.IsSet() && best_score <= full) continue;
    best = head->agent;
    best_score = full;
  }
  return best;
}

AgentIx Matcher::BestPreferred(const Line& line, const Inquiry& inquiry, Time now) const {
  AgentIx best;
  Score best_score{};
  for (AgentIx ix : inquiry.preferred) {
    if (inquiry.held && ix != inquiry.preferred[0]) break;  // the others wait for the hold to end
    const AgentSlot& slot = world_.agents[ix.value];
    if (!slot.live || (slot.open_mask >> line.channel.value & 1) == 0) continue;
    if (!IsUsable(line, inquiry, ix, now) || !Qualify(line, slot.it.profile)) continue;
    const Score score = ScoreOf(line, inquiry, ix, now);
    if (best.IsSet() && best_score <= score) continue;
    best = ix;
    best_score = score;
  }
  return best;
}

bool Matcher::IsAnybodyFree(const Ask& ask, const Inquiry& inquiry, Time now) const {
  const ChannelIx channel = ask.requirement.channel;
  const auto is_free = [&](AgentIx agent) {
    return MayTake(world_, ask, inquiry, InquiryIx{}, agent, now);
  };
  // Agents whose room is too little for all that has waited so far stand in no pool.
  if (ask.requirement.units < world_.channels[channel.value].units_min) {
    for (uint32_t a = 0; a < world_.agents.size(); ++a) {
      if (world_.agents[a].live && is_free({a})) return true;
    }
    return false;
  }
  const Pool& pool = pools_[channel.value];
  bool found = false;
  const auto look_at = [&](const absl::btree_set<AgentKey>& agents) {
    found = found || std::any_of(agents.begin(), agents.end(),
                                 [&](const AgentKey& key) { return is_free(key.agent); });
  };
  Bitset::ForEachCommon(pool.profiles, pool.profiles, [&](uint32_t p) {
    if (found) return;
    if (Qualifies(ask.audience, ask.requirement, world_.profiles[{p}]) != Mismatch::kNone) return;
    look_at(pool.by_profile[0][p]);
    ForEachClosed(pool, 0, p, [&](const auto&, const auto& agents) { look_at(agents); });
  });
  return found;
}

bool Matcher::MayTakeReserved(InquiryIx ix, AgentIx agent, Time now) const {
  const Inquiry& inquiry = world_.inquiry(ix);
  return !IsDecliner(inquiry, agent, now) &&
         MayTake(world_, engine::AskOf(world_, inquiry), inquiry, ix, agent, now);
}

AgentIx Matcher::FirstDecliner(InquiryIx ix, Time now) const {
  const Inquiry& inquiry = world_.inquiry(ix);
  if (inquiry.held) return {};
  for (const Exception& e : inquiry.exceptions) {
    if (!e.last || e.until > now || !world_.agents[e.agent.value].live) continue;
    if (MayTake(world_, engine::AskOf(world_, inquiry), inquiry, ix, e.agent, now)) return e.agent;
  }
  return {};
}

AgentIx Matcher::BestAgent(InquiryIx ix, Time now) {
  const AgentIx best = BestButDecliners(ix, now);
  if (best.IsSet() || world_.inquiry(ix).exceptions.empty()) return best;
  return FirstDecliner(ix, now);
}

AgentIx Matcher::BestButDecliners(InquiryIx ix, Time now) {
  const AgentIx best = BestInPools(ix, now);
  const Inquiry& inquiry = world_.inquiry(ix);
  const AgentIx reserved = inquiry.reserved;
  if (!reserved.IsSet() || !MayTakeReserved(ix, reserved, now)) return best;
  if (!best.IsSet()) return reserved;
  const Line& line = lines_[world_.inquiries.slots[ix.value].line.value];
  const bool is_better =
      ScoreOf(line, inquiry, reserved, now) < ScoreOf(line, inquiry, best, now);
  return is_better ? reserved : best;
}

AgentIx Matcher::BestInPools(InquiryIx ix, Time now) {
  const Inquiry& inquiry = world_.inquiry(ix);
  Line& line = lines_[world_.inquiries.slots[ix.value].line.value];
  const Selection& selection = world_.queue(line.queue).selection;
  const Pool& pool = pools_[line.channel.value];
  if (pool.agents == 0) return {};
  AgentIx preferred;
  if (inquiry.held || (selection.prefers && !inquiry.preferred.empty())) {
    preferred = BestPreferred(line, inquiry, now);
  }
  if (inquiry.held) return preferred.IsSet() && preferred == inquiry.preferred[0] ? preferred : AgentIx{};
  if (preferred.IsSet() && selection.prefers_first) return preferred;

  AgentIx best;
  if (selection.scans) {
    best = BestOfAll(pool, line, inquiry, now);
  } else if (selection.walkable) {
    best = walks_ ? BestByWalk(pool, line, inquiry, now) : BestByHeads(pool, line, inquiry, now);
  } else if (selection.rankable &&
             Bitset::CountCommon(Column(line), pool.profiles, kScanMax + 1) > kScanMax) {
    best = BestByRank(pool, line, inquiry, now);
  } else {
    best = BestByScan(pool, line, inquiry, now);
  }
  if (!preferred.IsSet() || !best.IsSet()) return best.IsSet() ? best : preferred;
  return ScoreOf(line, inquiry, preferred, now) < ScoreOf(line, inquiry, best, now) ? preferred : best;
}

// ---- Agent -> line ------------------------------------------------------------------------------

std::optional<WaitKey> Matcher::FirstUsable(const Line& line, AgentIx agent, Time now) const {
  for (const WaitKey& key : line.waiting) {
    if (!IsExcepted(world_.inquiry(key.inquiry), agent, now)) return key;
  }
  return std::nullopt;
}

std::optional<Turn> Matcher::FirstInquiry(AgentIx ix, Time now) {
  const AgentSlot& slot = world_.agents[ix.value];
  if (!slot.live) return std::nullopt;
  const Agent& agent = slot.it;
  std::optional<Turn> first;
  const bool shares = world_.shares;
  if (const InquiryIx only = agent.reserved_for; only.IsSet()) {
    if (MayTakeReserved(only, ix, now)) first = TurnOf(KeyOf(world_, only));
    return first;
  }
  if (slot.open_mask == 0) return first;
  std::array<int, limits::kChannelsMax> room{};
  for (uint32_t c = 0; c < pools_.size(); ++c) {
    if ((slot.open_mask >> c & 1) != 0) room[c] = RoomOf(agent, {c});
  }
  Bitset::ForEachCommon(Row(agent.profile), waiting_lines_, [&](uint32_t l) {
    if (first && !shares && first->key < heads_[l]) return;
    const Line& line = lines_[l];
    const int64_t pass = shares ? world_.PassOf(line.queue) : 0;
    if (first && shares && *first < Turn{pass, heads_[l]}) return;
    if (room[line.channel.value] < line.units || IsClosedIn(agent, line.queue)) return;
    const std::optional<WaitKey> key = FirstUsable(line, ix, now);
    if (key && (!first || Turn{pass, *key} < *first)) first = Turn{pass, *key};
  });
  auto held = held_.find(ix);
  if (held == held_.end()) return first;
  for (const WaitKey& key : held->second) {
    const Turn turn = TurnOf(key);
    if (first && *first < turn) {
      if (world_.shares) continue;  // a later one may be of a queue whose turn comes before
      break;
    }
    const Line& line = lines_[world_.inquiries.slots[key.inquiry.value].line.value];
    if (room[line.channel.value] < line.units || IsClosedIn(agent, line.queue)) continue;
    if (!Qualify(line, agent.profile)) continue;
    if (IsExcepted(world_.inquiry(key.inquiry), ix, now)) continue;
    first = turn;
    if (!world_.shares) break;
  }
  return first;
}

InquiryIx Matcher::FirstOvertaken(InquiryIx ix, AgentIx agent_ix, Time now) {
  const Agent& agent = world_.agent(agent_ix);
  const Turn own = TurnOf(KeyOf(world_, ix));
  Turn first = own;
  Bitset::ForEachCommon(Row(agent.profile), waiting_lines_, [&](uint32_t l) {
    const Line& line = lines_[l];
    if (world_.queue(line.queue).config.max_overtakes == 0) return;
    if (line.units <= RoomOf(agent, line.channel)) return;
    if (line.units > SizeOf(agent, line.channel) || IsClosedIn(agent, line.queue)) return;
    const int64_t pass = world_.shares ? world_.PassOf(line.queue) : 0;
    for (const WaitKey& key : line.waiting) {
      if (!(Turn{pass, key} < first)) return;
      const Inquiry& inquiry = world_.inquiry(key.inquiry);
      if (inquiry.reserved.IsSet() || IsExcepted(inquiry, agent_ix, now)) continue;
      if (IsDecliner(inquiry, agent_ix, now)) continue;
      first = {pass, key};
      return;
    }
  });
  return first == own ? InquiryIx{} : first.key.inquiry;
}

void Matcher::SetReserved(InquiryIx ix, AgentIx agent) {
  InquirySlot& slot = world_.inquiries.slots[ix.value];
  if (slot.line.IsSet()) {
    uint32_t& count = lines_[slot.line.value].reserved;
    count += (agent.IsSet() ? 1u : 0u) - (slot.it.reserved.IsSet() ? 1u : 0u);
  }
  slot.it.reserved = agent;
}

bool Matcher::HasReserved(InquiryIx ix) const {
  return lines_[world_.inquiries.slots[ix.value].line.value].reserved > 0;
}

void Matcher::ForEachInOrder(const std::function<Next(const WaitKey&)>& visit) {
  // (turn, its line or held list): a merge of all lines by their next inquiry.
  using Entry = std::pair<Turn, const absl::btree_set<WaitKey>*>;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> next;
  for (uint32_t l = 0; l < lines_.size(); ++l) {
    if (lines_[l].live && !lines_[l].waiting.empty()) {
      next.push({TurnOf(*lines_[l].waiting.begin()), &lines_[l].waiting});
    }
  }
  for (const auto& [agent, waiting] : held_) {
    if (!world_.shares) {
      next.push({TurnOf(*waiting.begin()), &waiting});
      continue;
    }
    // Of several queues: their turns do not follow the order of the list.
    for (const WaitKey& key : waiting) next.push({TurnOf(key), nullptr});
  }
  while (!next.empty()) {
    const auto [turn, waiting] = next.top();
    next.pop();
    if (const Turn present = TurnOf(turn.key); present != turn) {
      next.push({present, waiting});  // its queue was served meanwhile
      continue;
    }
    // The visit may empty and destroy a held list: look up what follows first.
    std::optional<WaitKey> following;
    if (waiting != nullptr) {
      const auto after = waiting->upper_bound(turn.key);
      if (after != waiting->end()) following = *after;
    }
    if (visit(turn.key) == Next::kDropLine || !following) continue;
    next.push({TurnOf(*following), waiting});
  }
}

std::vector<InquiryIx> Matcher::HeldFor(AgentIx agent) const {
  std::vector<InquiryIx> inquiries;
  auto held = held_.find(agent);
  if (held == held_.end()) return inquiries;
  for (const WaitKey& key : held->second) inquiries.push_back(key.inquiry);
  return inquiries;
}

}  // namespace firstline::engine
