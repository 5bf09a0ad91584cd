// Explanations of what is: who may take an inquiry and what bars everybody else, why the inquiries
// that wait are not with an agent.
#include "services/router/engine/explain.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "services/router/engine/impl.h"

namespace firstline::engine {
namespace {

// How far down the checks an obstacle stands: who gets far is near to a match.
int DepthOf(const Obstacle& obstacle) {
  return static_cast<int>(obstacle.kind) * 64 + static_cast<int>(obstacle.misfit.kind) +
         static_cast<int>(obstacle.gate.gate);
}

// Counts first obstacles, in the order of the checks.
class Tally {
 public:
  void Add(const Obstacle& first) {
    const Key key{DepthOf(first), first.misfit.name, first.misfit.index};
    if (last_ == nullptr || key != last_key_) {  // most are as the one before
      auto [it, fresh] = counts_.try_emplace(key);
      if (fresh) it->second.first = first;
      last_ = &it->second;
      last_key_ = key;
    }
    ++last_->agents;
  }
  std::vector<ObstacleCount> Take() const {
    std::vector<ObstacleCount> counts;
    for (const auto& [key, count] : counts_) {
      // What is true of one of them only is not told of all.
      ObstacleCount& told = counts.emplace_back(count);
      told.first.until = told.first.gate.until = {};
      told.first.misfit.held = told.first.gate.left = 0;
    }
    return counts;
  }

 private:
  using Key = std::tuple<int, NameIx, size_t>;
  std::map<Key, ObstacleCount> counts_;
  ObstacleCount* last_ = nullptr;
  Key last_key_;
};

// Keeps the `max` least of what is added.
template <class T>
class Least {
 public:
  explicit Least(size_t max) : max_(max) {}
  void Add(T value) {
    if (max_ == 0 || (kept_.size() == max_ && !(value < kept_.front()))) return;
    kept_.push_back(std::move(value));
    std::push_heap(kept_.begin(), kept_.end());
    if (kept_.size() <= max_) return;
    std::pop_heap(kept_.begin(), kept_.end());
    kept_.pop_back();
  }
  bool full() const { return max_ > 0 && kept_.size() == max_; }
  const T& greatest() const { return kept_.front(); }  // of what is kept; only when full
  std::vector<T> TakeSorted() {
    std::sort(kept_.begin(), kept_.end());
    return std::move(kept_);
  }

 private:
  size_t max_;
  std::vector<T> kept_;
};

// Who declined first is asked first again.
int64_t DeclineOf(const Inquiry& inquiry, AgentIx agent) {
  const auto at = std::find_if(inquiry.exceptions.begin(), inquiry.exceptions.end(),
                               [&](const Exception& e) { return e.agent == agent && e.last; });
  return at - inquiry.exceptions.begin();
}

Obstacle FirstObstacle(const World& world, const Ask& ask, const Inquiry& inquiry, InquiryIx ix,
                       AgentIx agent, Time at) {
  Obstacle first;
  VisitObstacles(world, ask, inquiry, ix, agent, at, [&first](const Obstacle& obstacle) {
    first = obstacle;
    return true;
  });
  return first;
}

// When an inquiry that still waits reaches the step at the latest; kNever: perhaps never, because the
// step waits for a state.
Time StepTime(const Inquiry& inquiry, const StepConfig& step) {
  if (!step.when) return inquiry.enqueue_time + step.after;
  return step.at_latest.us > 0 ? inquiry.enqueue_time + step.at_latest : kNever;
}

// When wrap-ups that end by themselves will have given enough; unset: they alone will not.
Time RoomFrom(const Agent& agent, const ClosedGate& gate, ChannelIx channel) {
  std::vector<std::pair<Time, int>> ends;
  for (const WrapUp& wrap_up : agent.wrap_ups) {
    const bool is_passed_over =
        channel.IsSet() && (agent.interrupts[channel.value] >> wrap_up.channel.value & 1) != 0;
    const bool counts = gate.gate == Gate::kCapacity ? !is_passed_over : wrap_up.channel == channel;
    if (counts && wrap_up.units > 0) ends.push_back({wrap_up.until, wrap_up.units});
  }
  std::sort(ends.begin(), ends.end());
  int left = gate.left;
  for (const auto& [until, units] : ends) {
    left += units;
    if (left >= gate.needed) return until;
  }
  return {};
}

std::vector<Obstacle> ObstaclesOf(const World& world, const Ask& ask, const Inquiry& inquiry,
                                  InquiryIx ix, AgentIx agent, Time at) {
  std::vector<Obstacle> all;
  VisitObstacles(world, ask, inquiry, ix, agent, at, [&](Obstacle obstacle) {
    const Gate gate = obstacle.gate.gate;
    if (gate == Gate::kCapacity || gate == Gate::kChannelCapacity) {
      obstacle.gate.until = RoomFrom(world.agent(agent), obstacle.gate, ask.requirement.channel);
    }
    if (obstacle.kind == Obstacle::Kind::kHeldForAnother) {
      obstacle.until = inquiry.enqueue_time + world.queue(inquiry.queue).config.preferred_hold;
    }
    all.push_back(obstacle);
    return false;
  });
  return all;
}

}  // namespace

LaterFit Engine::Impl::FitsLater(const Ask& ask, const Inquiry& inquiry,
                                 const Profile& profile) const {
  const QueueSlot& queue = world.queue(ask.queue());
  if (Qualifies(ask.audience, ask.requirement, profile) == Mismatch::kNone) return {};
  for (size_t step = inquiry.step; step < queue.config.steps.size(); ++step) {
    const StepConfig& reached = queue.config.steps[step];
    if (reached.close || !reached.overflow_to.empty()) return {};
    if (Qualifies(queue.audiences[step + 1], ask.requirement, profile) != Mismatch::kNone) continue;
    return {step + 1, StepTime(inquiry, reached)};
  }
  return {};
}

Candidate Engine::Impl::Describe(const Ask& ask, const Inquiry& inquiry, InquiryIx ix,
                                 AgentIx agent, Time at) const {
  Candidate candidate;
  candidate.agent = agent;
  candidate.asked_last = IsDecliner(inquiry, agent, at);
  candidate.obstacles = ObstaclesOf(world, ask, inquiry, ix, agent, at);
  candidate.later = FitsLater(ask, inquiry, world.profiles[world.agent(agent).profile]);
  const Matcher::Score score = matcher.ScoreOf(ask, inquiry, agent, at);
  size_t value = 0;
  for (Criterion criterion : world.queue(ask.queue()).selection.criteria) {
    candidate.score.push_back({criterion, score[value++]});
  }
  return candidate;
}

// One pass over the agents finds the first obstacle of each; only those listed are looked at closely.
void Engine::Impl::ExplainCandidates(const Ask& ask, InquiryIx ix, Time at,
                                     const ExplainOptions& options,
                                     InquiryExplanation& out) const {
  // Who may take it by score, then everybody else by how near they are.
  using Standing = std::tuple<int, Matcher::Score, uint32_t, AgentIx>;
  Least<Standing> nearest(std::min(options.candidates_max, limits::kCandidatesMax));
  std::vector<Standing> named;
  const auto stand = [&](AgentIx agent, const Obstacle& first) {
    const uint32_t sequence = world.agent(agent).sequence;
    if (first.kind != Obstacle::Kind::kNone) return Standing{-DepthOf(first), {}, sequence, agent};
    if (IsDecliner(out.inquiry, agent, at)) {
      return Standing{INT32_MIN + 1, {DeclineOf(out.inquiry, agent)}, sequence, agent};
    }
    return Standing{INT32_MIN, matcher.ScoreOf(ask, out.inquiry, agent, at), sequence, agent};
  };
  for (AgentIx agent : options.named) {
    named.push_back(stand(agent, FirstObstacle(world, ask, out.inquiry, ix, agent, at)));
  }
  std::vector<uint32_t> ranks(named.size(), 1);
  Tally tally;
  for (uint32_t a = 0; a < world.agents.size(); ++a) {
    const AgentSlot& slot = world.agents[a];
    if (!slot.live || (options.sees && !options.sees(slot.it))) continue;
    ++out.agents;
    const Obstacle first = FirstObstacle(world, ask, out.inquiry, ix, {a}, at);
    const bool fits = first.kind == Obstacle::Kind::kNone;
    if (!fits) {
      tally.Add(first);
      // Most are far from a match: they need not be compared.
      if (nearest.full() && -DepthOf(first) > std::get<0>(nearest.greatest())) continue;
    }
    const Standing standing = stand({a}, first);
    if (fits) {
      ++out.matching;
      for (size_t n = 0; n < named.size(); ++n) ranks[n] += standing < named[n] ? 1 : 0;
    }
    const auto is_named = [&](const Standing& other) { return std::get<3>(other).value == a; };
    if (std::none_of(named.begin(), named.end(), is_named)) nearest.Add(standing);
  }
  out.counts = tally.Take();
  for (size_t n = 0; n < named.size(); ++n) {
    Candidate candidate = Describe(ask, out.inquiry, ix, std::get<3>(named[n]), at);
    if (candidate.obstacles.empty()) candidate.rank = ranks[n];
    out.candidates.push_back(std::move(candidate));
  }
  uint32_t rank = 0;  // among those who are not named
  for (const Standing& standing : nearest.TakeSorted()) {
    Candidate candidate = Describe(ask, out.inquiry, ix, std::get<3>(standing), at);
    if (candidate.obstacles.empty()) {
      candidate.rank = ++rank;
      for (const Standing& other : named) candidate.rank += other < standing ? 1 : 0;
    }
    out.candidates.push_back(std::move(candidate));
  }
}

void Engine::Impl::ExplainWaiting(const Ask& ask, InquiryExplanation& out) const {
  const QueueConfig& queue = world.queue(ask.queue()).config;
  const Inquiry& inquiry = out.inquiry;
  out.next_step_time = inquiry.step < queue.steps.size()
                           ? StepTime(inquiry, queue.steps[inquiry.step])
                           : kNever;
  if (inquiry.held) out.hold_until = inquiry.enqueue_time + queue.preferred_hold;
}

InquiryExplanation Engine::ExplainInquiry(InquiryIx ix, Time at,
                                          const ExplainOptions& options) const {
  const World& world = impl_->world;
  InquiryExplanation out;
  out.inquiry = world.inquiry(ix);
  out.asked = Spec(out.inquiry.asked);
  out.new_names_from = static_cast<uint32_t>(world.names.size());
  out.next_step_time = kNever;
  const Ask ask = AskOf(world, out.inquiry);
  if (out.inquiry.state == InquiryState::kWaiting) {
    out.place = PlaceOf(ix);
    out.expected = ExpectedWait(ix, out.place, at);
    impl_->ExplainWaiting(ask, out);
  }
  impl_->ExplainCandidates(ask, ix, at, options, out);
  return out;
}

Place Engine::PlaceOf(InquiryIx ix) const {
  const Inquiry& inquiry = impl_->world.inquiry(ix);
  return impl_->matcher.PlaceOf(KeyOf(impl_->world, ix), inquiry.queue, inquiry.asked);
}

// ---- Agents -------------------------------------------------------------------------------------

namespace {

// Whatever the channel: one that interrupts others may still have room.
bool IsFull(const Agent& agent) {
  for (uint32_t c = 0; c < limits::kChannelsMax; ++c) {
    if (agent.interrupts[c] != 0 && UsedAgainst(agent, {c}) < agent.units) return false;
  }
  return agent.used >= agent.units;
}

// Gates of the agent itself, whatever it is asked for.
std::vector<ClosedGate> OwnGates(const Agent& agent) {
  std::vector<ClosedGate> gates;
  VisitGates(agent, ChannelIx{0}, 0, {}, [&gates](const ClosedGate& closed) {
    const bool by_channel = closed.gate == Gate::kChannelCapacity || closed.gate == Gate::kExclusive;
    if (closed.gate != Gate::kCapacity && !by_channel) gates.push_back(closed);
    return false;
  });
  if (!IsFull(agent)) return gates;
  ClosedGate full{Gate::kCapacity, {}, 1, agent.units - agent.used};
  full.until = RoomFrom(agent, full, {});
  gates.push_back(full);
  return gates;
}

bool IsOwnGate(const Obstacle& obstacle) {
  return obstacle.kind == Obstacle::Kind::kGate && obstacle.gate.gate < Gate::kQueueBackOff;
}

}  // namespace

AgentExplanation Engine::ExplainAgent(AgentIx ix, Time at, size_t heads_max) const {
  const World& world = impl_->world;
  const Matcher& matcher = impl_->matcher;
  AgentExplanation out;
  out.gates = OwnGates(world.agent(ix));
  using Standing = std::tuple<int, Turn, size_t>;
  Least<Standing> nearest(std::min(heads_max, limits::kCandidatesMax));
  Tally tally;
  std::optional<Turn> next;
  const auto look = [&](const WaitKey& key, size_t waiting) {
    const Inquiry& inquiry = world.inquiry(key.inquiry);
    const Obstacle first = FirstObstacle(world, AskOf(world, inquiry), inquiry, key.inquiry, ix, at);
    ++out.lines;
    if (first.kind >= Obstacle::Kind::kGate) ++out.suiting;
    tally.Add(first);
    const Turn turn = matcher.TurnOf(key);
    nearest.Add({-DepthOf(first), turn, waiting});
    if (!IsOwnGate(first) || (next && *next < turn)) return;
    const std::vector<Obstacle> all =
        ObstaclesOf(world, AskOf(world, inquiry), inquiry, key.inquiry, ix, at);
    if (std::all_of(all.begin(), all.end(), IsOwnGate)) next = turn;
  };
  out.more_lines = !matcher.ForEachHead(ix, at, look);
  for (const auto& [depth, turn, waiting] : nearest.TakeSorted()) {
    const Inquiry& inquiry = world.inquiry(turn.key.inquiry);
    const Ask ask = AskOf(world, inquiry);
    out.heads.push_back({turn.key.inquiry, waiting,
                         ObstaclesOf(world, ask, inquiry, turn.key.inquiry, ix, at),
                         impl_->FitsLater(ask, inquiry, world.profiles[world.agent(ix).profile])});
  }
  out.counts = tally.Take();
  if (next) out.next = next->key.inquiry;
  return out;
}

// ---- The matcher's part -------------------------------------------------------------------------

Place Matcher::PlaceOf(const WaitKey& key, QueueIx queue, RequirementIx requirement) const {
  Place place{1, 1, false};
  uint32_t looks = 0;
  for (auto at = line_index_.lower_bound({queue, 0, RequirementIx{0}});
       at != line_index_.end() && std::get<0>(at->first) == queue && !place.capped; ++at) {
    const bool same = std::get<2>(at->first) == requirement;
    if (++looks > limits::kPlacesMax) place.capped = true;
    for (const WaitKey& other : lines_[at->second.value].waiting) {
      if (place.capped || !(other < key)) break;
      ++place.in_queue;
      if (same) ++place.in_line;
      if (++looks > limits::kPlacesMax) place.capped = true;
    }
  }
  return place;
}

bool Matcher::ForEachHead(AgentIx agent, Time now,
                          const std::function<void(const WaitKey&, size_t)>& visit) const {
  uint32_t looked = 0;
  Bitset::ForEachCommon(waiting_lines_, waiting_lines_, [&](uint32_t l) {
    if (++looked > limits::kLinesLookedAtMax) return;
    const Line& line = lines_[l];
    const WaitKey* first = &heads_[l];
    size_t looks = 0;
    for (const WaitKey& key : line.waiting) {
      if (++looks > limits::kFirstOfLineMax) break;
      if (IsExcepted(world_.inquiry(key.inquiry), agent, now)) continue;
      first = &key;
      break;
    }
    visit(*first, line.waiting.size());
  });
  auto held = held_.find(agent);
  if (held != held_.end()) {
    for (const WaitKey& key : held->second) {
      if (++looked <= limits::kLinesLookedAtMax) visit(key, 1);
    }
  }
  return looked <= limits::kLinesLookedAtMax;
}

}  // namespace firstline::engine
