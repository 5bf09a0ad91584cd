// Configuration: installing queues, channels and agents, and deriving everything from them again.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "services/router/engine/impl.h"

namespace firstline::engine {
namespace {

// Depends on the inquiry, on the time or on more than an order is kept for.
bool NeedsScan(Criterion c) {
  return c == Criterion::kFewestHandled || c == Criterion::kLeastHandleTime ||
         c == Criterion::kRandom || c == Criterion::kScore;
}

bool CountsHandled(const QueueConfig& queue) {
  return std::any_of(queue.selection.begin(), queue.selection.end(), [&](Criterion c) {
    return c == Criterion::kFewestHandled || c == Criterion::kLeastHandleTime ||
           (c == Criterion::kScore && queue.score.handled > 0);
  });
}

bool AsksForStaff(const QueueConfig& queue) {
  return queue.refuse_if_nobody ||
         std::any_of(queue.steps.begin(), queue.steps.end(),
                     [](const StepConfig& step) {
                       return step.at_once_if_nobody || (step.when && step.when->CountsAgents());
                     });
}

bool AsksForHours(const QueueConfig& queue) {
  return std::any_of(queue.steps.begin(), queue.steps.end(), [](const StepConfig& step) {
    return step.when && !(step.when->open.empty() && step.when->closed.empty());
  });
}

bool IsDynamic(Criterion c) {
  return c == Criterion::kLoad || c == Criterion::kIdleTime || c == Criterion::kRoundRobin;
}

size_t NamesOf(const AgentConfig& agent) {
  return agent.skills.size() + agent.languages.size() + 2 * agent.labels.size() + 1;
}

template <class Config>
bool HasId(const std::vector<Config>& configs, std::string_view id) {
  return std::any_of(configs.begin(), configs.end(),
                     [&](const Config& config) { return config.id == id; });
}

}  // namespace

// ---- Commands -----------------------------------------------------------------------------------

Outcome Engine::Impl::Do(const ApplyConfig& c, const Command&) {
  if (!c.etag.empty() && c.etag != absl::StrCat(world.counters.config_version)) {
    return Reject(Rejection::kEtagMismatch, absl::StrCat(world.counters.config_version));
  }
  WorkspaceConfig next = Merge(world.config, c);
  if (auto problems = CheckConfig(next); !problems.empty()) {
    return Reject(Rejection::kConfigInvalid,
                  absl::StrCat(problems[0].path, ": ", problems[0].message));
  }
  size_t names = 0;
  for (const QueueConfig& queue : next.queues) {
    names += NamesIn(queue.requirement);
    for (const StepConfig& step : queue.steps) {
      names += step.drop_skills.size() + step.drop_labels.size();
    }
  }
  if (world.names.size() + names + next.teams.size() > limits::kNamesMax) {
    return Reject(Rejection::kTooManyNames, "queues");
  }
  for (uint32_t q = 0; q < world.queues.size(); ++q) {
    const QueueSlot& slot = world.queues[q];
    const uint32_t open = slot.waiting + slot.offered + slot.assigned + slot.parked;
    if (slot.live && open > 0 && !HasId(next.queues, slot.id)) {
      return Reject(Rejection::kQueueInUse, slot.id);
    }
  }
  for (uint32_t i = 0; i < world.inquiries.slots.size(); ++i) {
    const InquirySlot& slot = world.inquiries.slots[i];
    if (!slot.live || IsEnded(slot.it.state)) continue;
    const std::string& id = world.channels[slot.it.channel.value].id;
    if (!HasId(next.channels, id)) return Reject(Rejection::kChannelInUse, id);
  }
  // A channel keeps its bit for as long as the workspace lives: ended inquiries refer to it.
  const auto fresh_channels =
      std::count_if(next.channels.begin(), next.channels.end(), [&](const ChannelConfig& channel) {
        return world.channels.Find(channel.id) == IdIndex<SlotTable<ChannelSlot>>::kNone;
      });
  if (world.channels.size() + static_cast<size_t>(fresh_channels) > limits::kChannelsMax) {
    return Reject(Rejection::kConfigInvalid, "channels: too many channel ids were ever used");
  }
  if (c.agents) {
    for (size_t i = 0; i < c.agents->size(); ++i) {
      auto problems = CheckAgent((*c.agents)[i], next, absl::StrCat("agents[", i, "]"));
      if (problems.empty()) continue;
      return Reject(Rejection::kConfigInvalid,
                    absl::StrCat(problems[0].path, ": ", problems[0].message));
    }
    if (c.agents->size() > limits::kAgentsMax) return Reject(Rejection::kTooManyAgents, "agents");
  }
  // Agents that stay as they are must fit as well.
  std::vector<std::string_view> given;
  for (size_t i = 0; c.agents && i < c.agents->size(); ++i) given.push_back((*c.agents)[i].id);
  std::sort(given.begin(), given.end());
  if (std::adjacent_find(given.begin(), given.end()) != given.end()) {
    return Reject(Rejection::kConfigInvalid, "agents: duplicate id");
  }
  for (uint32_t a = 0; a < world.agents.size() && !(c.whole && c.agents); ++a) {
    const AgentSlot& slot = world.agents[a];
    if (!slot.live || std::binary_search(given.begin(), given.end(), slot.it.id)) continue;
    auto problems = CheckAgent(slot.config, next, absl::StrCat("agents[", slot.it.id, "]"));
    if (problems.empty()) continue;
    return Reject(Rejection::kConfigInvalid,
                  absl::StrCat(problems[0].path, ": ", problems[0].message));
  }

  InstallConfig(std::move(next));
  RebuildDerived(false);
  if (c.agents) {
    std::vector<std::string_view> kept;
    for (const AgentConfig& agent : *c.agents) {
      UpsertAgent(agent);
      kept.push_back(agent.id);
    }
    std::sort(kept.begin(), kept.end());
    for (uint32_t a = 0; c.whole && a < world.agents.size(); ++a) {
      const AgentSlot& slot = world.agents[a];
      if (slot.live && !std::binary_search(kept.begin(), kept.end(), slot.it.id)) RemoveAgent({a});
    }
  }
  ++world.counters.config_version;
  changes.config = true;
  Emit(WorkspaceApplied{world.counters.config_version});
  settle_all = true;
  return {};
}

Outcome Engine::Impl::Do(const UpsertAgents& c, const Command&) {
  if (c.agents.empty() || c.agents.size() > limits::kAgentsPerUpsertMax) {
    return Reject(Rejection::kInvalidField, "agents");
  }
  size_t names = 0, fresh = 0;
  for (size_t i = 0; i < c.agents.size(); ++i) {
    auto problems = CheckAgent(c.agents[i], world.config, absl::StrCat("agents[", i, "]"));
    if (!problems.empty()) {
      return Reject(Rejection::kConfigInvalid,
                    absl::StrCat(problems[0].path, ": ", problems[0].message));
    }
    names += NamesOf(c.agents[i]);
    if (!FindLiveAgent(c.agents[i].id).IsSet()) ++fresh;
  }
  if (world.live_agents + fresh > limits::kAgentsMax) {
    return Reject(Rejection::kTooManyAgents, "agents");
  }
  if (world.names.size() + names > limits::kNamesMax) {
    return Reject(Rejection::kTooManyNames, "agents");
  }
  for (const AgentConfig& agent : c.agents) UpsertAgent(agent);
  return {};
}

Outcome Engine::Impl::Do(const DeleteAgents& c, const Command&) {
  if (c.agent_ids.empty() || c.agent_ids.size() > limits::kAgentsPerUpsertMax) {
    return Reject(Rejection::kInvalidField, "agent_ids");
  }
  for (const std::string& id : c.agent_ids) {
    const AgentIx ix = FindLiveAgent(id);
    if (!ix.IsSet()) return Reject(Rejection::kUnknownAgent, id);
    if (!c.force && !world.agent(ix).work.empty()) return Reject(Rejection::kAgentBusy, id);
  }
  for (const std::string& id : c.agent_ids) {
    const AgentIx ix = FindLiveAgent(id);
    if (ix.IsSet()) RemoveAgent(ix);
  }
  return {};
}

// ---- Installing ---------------------------------------------------------------------------------

void Engine::Impl::InstallConfig(WorkspaceConfig config) {
  world.config = std::move(config);
  for (const TeamConfig& team : world.config.teams) world.names.Intern(team.id);
  for (uint32_t c = 0; c < world.channels.size(); ++c) world.channels[c].live = false;
  for (const ChannelConfig& channel : world.config.channels) {
    ChannelSlot& slot = world.channels[world.channels.FindOrAdd(channel.id)];
    slot.config = channel;
    slot.units_min = channel.units;
    slot.live = true;
  }
  PrepareChannels();
  for (uint32_t a = 0; a < world.agents.size(); ++a) {
    world.agents[a].it.exclusive = world.exclusive_channels;
    world.agents[a].it.interrupts = world.interrupts;
  }
  for (uint32_t q = 0; q < world.queues.size(); ++q) world.queues[q].live = false;
  for (const QueueConfig& queue : world.config.queues) {
    const QueueIx ix{world.queues.FindOrAdd(queue.id)};
    QueueSlot& slot = world.queue(ix);
    slot.config = queue;
    slot.live = true;
  }
  for (uint32_t q = 0; q < world.queues.size(); ++q) {
    PrepareQueue(world.queues[q], {q});
    PrepareWaits(world.queues[q], {q});
  }
  PrepareSelections();
  PrepareShares();
}

void Engine::Impl::PrepareChannels() {
  world.exclusive_channels = 0;
  world.interrupts.fill(0);
  for (uint32_t c = 0; c < world.channels.size() && c < limits::kChannelsMax; ++c) {
    const ChannelSlot& slot = world.channels[c];
    if (!slot.live) continue;
    const auto bit = static_cast<uint16_t>(1u << c);
    if (slot.config.exclusive) world.exclusive_channels |= bit;
    for (const std::string& other : slot.config.interrupted_by) {
      world.interrupts[world.channels.Find(other)] |= bit;
    }
  }
}

// Every queue keeps its pass; without weights there are none.
void Engine::Impl::PrepareShares() {
  const auto& queues = world.config.queues;
  world.shares = std::any_of(queues.begin(), queues.end(),
                             [](const QueueConfig& queue) { return queue.weight > 0; });
  std::vector<QueuePass> before = std::move(world.counters.passes);
  world.counters.passes.clear();
  if (!world.shares) {
    world.counters.virtual_pass = 0;
    return;
  }
  for (const QueueConfig& queue : queues) {
    const auto known = std::find_if(before.begin(), before.end(),
                                    [&](const QueuePass& p) { return p.queue == queue.id; });
    QueueSlot& slot = world.queues[world.queues.Find(queue.id)];
    slot.share = static_cast<uint32_t>(world.counters.passes.size());
    world.counters.passes.push_back({queue.id, known == before.end() ? 0 : known->pass});
  }
}

void Engine::Impl::PrepareQueue(QueueSlot& slot, QueueIx ix) {
  slot.audiences.clear();
  slot.credits.clear();
  slot.requirement = Canonical(slot.config.requirement,
                               [this](std::string_view name) { return world.names.Intern(name); });
  slot.asks = slot.requirement != Requirement{};
  Audience audience{.queue = ix, .tier_max = static_cast<uint8_t>(slot.config.first_tier),
                    .lowered = 0, .any_language = false, .dropped_skills = {}};
  Span credit;
  audience.suspended = slot.config.suspended;
  slot.audiences.push_back(audience);
  slot.credits.push_back(credit);
  for (const StepConfig& step : slot.config.steps) {
    audience.lowered = static_cast<uint8_t>(
        std::min(audience.lowered + step.lower_levels, limits::kLevelMax));
    audience.any_language |= step.drop_languages;
    if (step.tier != 0) audience.tier_max = static_cast<uint8_t>(step.tier);
    for (const std::string& skill : step.drop_skills) {
      audience.dropped_skills.push_back(world.names.Intern(skill));
    }
    std::sort(audience.dropped_skills.begin(), audience.dropped_skills.end());
    for (const std::string& label : step.drop_labels) {
      audience.dropped_labels.push_back(world.names.Intern(label));
    }
    std::sort(audience.dropped_labels.begin(), audience.dropped_labels.end());
    credit = credit + step.credit;
    slot.audiences.push_back(audience);
    slot.credits.push_back(credit);
  }
}

void Engine::Impl::PrepareSelections() {
  world.orders.clear();
  const auto& queues = world.config.queues;
  world.limits_overtakes = std::any_of(queues.begin(), queues.end(), [](const QueueConfig& queue) {
    return queue.max_overtakes > 0;
  });
  world.watches_staff = std::any_of(queues.begin(), queues.end(), AsksForStaff);
  world.watches_hours = std::any_of(queues.begin(), queues.end(), AsksForHours);
  world.knows_customers = std::any_of(queues.begin(), queues.end(), [](const QueueConfig& queue) {
    return queue.keep_place.us > 0 || queue.last_agent_within.us > 0;
  });
  world.limits_rate = world.config.settings.rate_limit.assignments > 0;
  world.keeps_handled = world.limits_rate;
  for (uint32_t q = 0; q < world.queues.size(); ++q) {
    Selection& selection = world.queues[q].selection;
    selection = {};
    selection.criteria = world.queues[q].config.selection;
    std::vector<Criterion> order;
    bool static_after_dynamic = false, has_static = false;
    for (size_t i = 0; i < selection.criteria.size(); ++i) {
      const Criterion c = selection.criteria[i];
      if (NeedsScan(c)) {
        selection.scans = true;
      } else if (c == Criterion::kPreferred) {
        selection.prefers = true;
        selection.prefers_first = i == 0;
      } else if (IsDynamic(c)) {
        order.push_back(c);
      } else {
        has_static = true;
        static_after_dynamic |= !order.empty();
      }
    }
    world.keeps_handled |= world.queues[q].live && CountsHandled(world.queues[q].config);
    selection.walkable = !has_static;
    selection.rankable = has_static && !static_after_dynamic;
    auto known = std::find(world.orders.begin(), world.orders.end(), order);
    selection.order = static_cast<int>(known - world.orders.begin());
    if (known == world.orders.end()) world.orders.push_back(order);
  }
  if (world.orders.empty()) world.orders.emplace_back();
}

Profile Engine::Impl::ProfileOf(const AgentConfig& config) {
  return ProfileFrom(
      config, [this](std::string_view name) { return world.names.Intern(name); },
      [this](std::string_view queue) { return QueueIx{world.queues.FindOrAdd(queue)}; });
}

void Engine::Impl::UpsertAgent(const AgentConfig& config) {
  const AgentIx ix{world.agents.FindOrAdd(config.id)};
  InstallAgent(ix, config);
  Emit(AgentUpserted{ix});
  AgentChanged(ix);
}

void Engine::Impl::InstallAgent(AgentIx ix, const AgentConfig& config) {
  AgentSlot& slot = world.agents[ix.value];
  Agent& agent = slot.it;
  matcher.RemoveAgent(ix);
  if (!slot.live) {
    const std::string id = agent.id;
    agent = {};
    agent.id = id;
    agent.sequence = static_cast<uint32_t>(NextAgentSequence());
    slot.keys.assign(world.orders.size(), {});
    slot.live = true;
    ++world.live_agents;
  }
  slot.config = config;
  const ProfileIx before = agent.profile;
  const size_t profiles = world.profiles.size();
  agent.profile = world.profiles.Acquire(ProfileOf(config));
  if (world.profiles.size() > profiles) matcher.ProfileBorn(agent.profile);
  if (before.IsSet()) world.profiles.Release(before);
  agent.exclusive = world.exclusive_channels;
  agent.interrupts = world.interrupts;
  agent.kind = config.kind;
  agent.team = config.team.empty() ? NameIx{} : world.names.Intern(config.team);
  agent.units = static_cast<uint16_t>(config.units);
  agent.channel_units.fill(static_cast<uint16_t>(config.units));
  for (const auto& [channel, units] : config.channel_units) {
    const uint32_t c = world.channels.FindOrAdd(channel);
    if (c < limits::kChannelsMax) agent.channel_units[c] = static_cast<uint16_t>(units);
  }
}

void Engine::Impl::RemoveAgent(AgentIx ix) {
  AgentSlot& slot = world.agents[ix.value];
  Agent& agent = slot.it;
  agent.presence = Presence::kOffline;  // takes nothing while its work goes back
  matcher.UpdateAgent(ix);
  if (agent.reserved_for.IsSet()) EndReservation(agent.reserved_for);
  for (InquiryIx held : matcher.HeldFor(ix)) Unhold(held);
  for (const std::vector<InquiryIx> work = agent.work; InquiryIx inquiry : work) {
    if (world.inquiry(inquiry).state == InquiryState::kOffered) {
      if (!EndOfferTo(inquiry, ix, OfferOutcome::kAgentLost)) continue;
    } else {
      LeaveAgent(inquiry, false);
    }
    Return(inquiry, EnqueueCause::kAgentLost);
  }
  SetDeadline(ix, kNever);
  matcher.RemoveAgent(ix);
  const std::string id = agent.id;
  world.profiles.Release(agent.profile);
  slot.live = false;
  --world.live_agents;
  slot.config = {};
  agent = {};
  agent.id = id;
  changes.deleted_agents.push_back(id);
  Emit(AgentDeleted{id});
}

void Engine::Impl::RestoreReservation(InquiryIx ix, bool restored) {
  Inquiry& inquiry = world.inquiry(ix);
  const AgentIx agent = inquiry.reserved;
  if (!agent.IsSet()) return;
  const AgentSlot& slot = world.agents[agent.value];
  const bool keeps = restored ? slot.live : MayReserve(ix, agent);
  if (keeps && !slot.it.reserved_for.IsSet()) {
    world.agent(agent).reserved_for = ix;
    return;
  }
  inquiry.reserved = {};
  Touch(ix);
  Emit(ReservationChanged{ix, inquiry.queue, agent, false});
}

void Engine::Impl::RebuildDerived(bool restored) {
  timers.clear();
  freed.clear();
  touched.clear();
  customers.clear();
  watches.clear();
  slow_watches.clear();
  review_all = true;
  calendar_due = NextCalendarChange();
  for (uint32_t a = 0; a < world.agents.size(); ++a) {
    AgentSlot& slot = world.agents[a];
    if (!slot.live) continue;
    // Handles in profiles follow queues that may have come or gone.
    const ProfileIx before = slot.it.profile;
    slot.it.profile = world.profiles.Acquire(ProfileOf(slot.config));
    if (before.IsSet()) world.profiles.Release(before);
  }
  matcher.Reset();
  for (uint32_t q = 0; q < world.queues.size(); ++q) {
    QueueSlot& queue = world.queues[q];
    queue.waiting = queue.offered = queue.assigned = queue.parked = 0;
    queue.oldest.Clear();
  }
  DropQueueBackOffs();
  for (uint32_t a = 0; a < world.agents.size(); ++a) {
    if (!world.agents[a].live) continue;
    Agent& agent = world.agents[a].it;
    if (!world.keeps_handled && !agent.handled.empty()) {
      agent.handled.clear();
      Touch(AgentIx{a});
    }
    agent.deadline = kNever;
    agent.reserved_for = {};
    NoteClosedQueues(agent);
    // A limit that ends at this very moment has ended or not: a restart keeps what was decided.
    if (!restored || agent.rate_limited_until == kNever) CheckRate(AgentIx{a});
    RefreshDeadline(AgentIx{a});
  }
  std::vector<std::pair<InquiryIx, Time>> waiting;  // with the deadline that is stored
  for (uint32_t i = 0; i < world.inquiries.slots.size(); ++i) {
    if (!world.inquiries.slots[i].live) continue;
    const InquiryIx ix{i};
    Inquiry& inquiry = world.inquiry(ix);
    Remember(ix);
    if (IsEnded(inquiry.state)) continue;
    SetAsked(ix);
    Count(inquiry, +1);
    const Time due = inquiry.deadline;
    inquiry.deadline = kNever;
    // Of those that do not wait as well: they may come back to their place.
    const QueueSlot& queue = world.queue(inquiry.queue);
    if (inquiry.step > queue.config.steps.size()) {
      inquiry.step = static_cast<uint8_t>(queue.config.steps.size());
      Touch(ix);
    }
    if (inquiry.step_due && !IsStepDue(inquiry)) {
      inquiry.step_due = false;
      Touch(ix);
    }
    if (inquiry.state != InquiryState::kWaiting) {
      if (due != kNever) SetDeadline(ix, due);
      continue;
    }
    ChannelSlot& channel = world.channels[inquiry.channel.value];
    channel.units_min = std::min<int>(channel.units_min, inquiry.units);
    waiting.push_back({ix, due});
  }
  // Slots are in another order after a restore; what the outside sees must not follow them.
  std::sort(waiting.begin(), waiting.end(), [this](const auto& a, const auto& b) {
    return world.inquiry(a.first).sequence < world.inquiry(b.first).sequence;
  });
  for (const auto& [ix, stored_due] : waiting) RestoreReservation(ix, restored);
  for (uint32_t a = 0; a < world.agents.size(); ++a) matcher.UpdateAgent({a});
  for (const auto& [ix, stored_due] : waiting) {
    Inquiry& inquiry = world.inquiry(ix);
    const bool keeps = inquiry.held && (restored ? world.agents[inquiry.preferred[0].value].live
                                                 : MayHold(inquiry, AskOf(world, inquiry)));
    if (inquiry.held && !keeps) {
      inquiry.held = false;
      Touch(ix);
      Emit(HoldEnded{ix, inquiry.queue});
    }
    matcher.Enqueue(ix);
    if (inquiry.step_due) Watch(ix);
    world.queue(inquiry.queue).oldest.Add(inquiry.sequence, ix);
    RefreshDeadline(ix);
    if (inquiry.deadline != stored_due) Touch(ix);
  }
}

}  // namespace firstline::engine
