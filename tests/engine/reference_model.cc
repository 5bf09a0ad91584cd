// What follows for the reference's model from what happened.
#include <algorithm>
#include <stdexcept>
#include <vector>

#include "tests/engine/reference_engine.h"

namespace firstline::engine::proof {

bool Model::HasShares() const {
  return std::any_of(config.queues.begin(), config.queues.end(),
                     [](const QueueConfig& queue) { return queue.weight > 0; });
}

const QueueConfig& Model::Queue(const std::string& id) const {
  for (const QueueConfig& queue : config.queues) {
    if (queue.id == id) return queue;
  }
  throw std::logic_error("the model knows no queue " + id);
}

std::vector<std::string> Unique(const std::vector<std::string>& names) {
  std::vector<std::string> unique;
  for (const std::string& name : names) {
    if (std::find(unique.begin(), unique.end(), name) == unique.end()) unique.push_back(name);
  }
  return unique;
}

std::vector<const ModelInquiry*> Before(const Model& model, const ModelInquiry& inquiry) {
  std::map<uint64_t, const ModelInquiry*> by_arrival;
  for (const auto& [id, other] : model.inquiries) {
    const bool same = !other.customer.empty() && other.customer == inquiry.customer;
    if (same && other.sequence < inquiry.sequence) by_arrival[other.sequence] = &other;
  }
  std::vector<const ModelInquiry*> before;
  for (auto it = by_arrival.rbegin(); it != by_arrival.rend() && before.size() < 8; ++it) {
    before.push_back(it->second);
  }
  return before;
}

ModelInquiry ReferenceEngine::Draft(const Submit& submit) const {
  ModelInquiry inquiry;
  inquiry.id = submit.inquiry_id;
  inquiry.channel = submit.channel;
  inquiry.own = submit.requirement;
  inquiry.queue = submit.queue;
  inquiry.priority = submit.priority;
  const auto decide = [&](const auto& by) {
    inquiry.queue = by.queue;
    inquiry.own = Together(submit.requirement, by.requirement);
    if (by.priority) inquiry.priority = *by.priority;
  };
  const NaiveDecision decision = NaiveClassify(model_, submit, command_->advice.get());
  if (decision.rule != nullptr) decide(*decision.rule);
  if (decision.verdict != nullptr) decide(*decision.verdict);
  inquiry.units = submit.units;
  for (const ChannelConfig& channel : model_.config.channels) {
    if (submit.units == 0 && channel.id == submit.channel) inquiry.units = channel.units;
  }
  inquiry.sequence = arrivals_ + 1;
  inquiry.create_time = inquiry.arrival_time = inquiry.enqueue_time = model_.now;
  inquiry.preferred = Unique(submit.preferred_agents);
  inquiry.customer = submit.customer;
  ComeBack(inquiry);
  for (const std::string& agent : submit.excluded_agents) inquiry.barred[agent] = kNever;
  inquiry.excluded = {submit.excluded_agents.begin(), submit.excluded_agents.end()};
  inquiry.state = InquiryState::kCancelled;  // waits nowhere yet
  return inquiry;
}

bool ReferenceEngine::IsTooSlowFor(const ModelInquiry& inquiry) const {
  return !MayHold(inquiry) && WaitsTooLong(model_, inquiry);
}

std::string ReferenceEngine::CheckRefused(const Submit& submit) const {
  const bool had_to_be = IsUndecided() || IsTooSlowFor(Draft(submit));
  return had_to_be ? "" : submit.inquiry_id + " need not have waited so long";
}

void ReferenceEngine::TakeConfig(const WorkspaceConfig& config) {
  if (config == model_.config) return;
  ++configurations_;
  model_.config = config;
  const auto is_gone = [&](const auto& entry) {
    return std::none_of(config.queues.begin(), config.queues.end(),
                        [&](const QueueConfig& queue) { return queue.id == entry.first; });
  };
  std::erase_if(model_.passes, is_gone);
  if (!model_.HasShares()) {
    model_.passes.clear();
    model_.virtual_pass = 0;
  }
  std::map<std::string, WaitHistory> waits = std::move(model_.waits);
  model_.waits.clear();
  for (const QueueConfig& queue : config.queues) {
    if (JudgesWait(queue)) model_.waits[queue.id] = waits[queue.id];
  }
  for (auto& [id, agent] : model_.agents) {
    if (!KeepsHandled()) agent.handled.clear();
  }
  for (auto& [id, inquiry] : model_.inquiries) {
    if (IsEnded(inquiry.state)) continue;
    const auto steps = static_cast<int>(model_.Queue(inquiry.queue).steps.size());
    inquiry.step = std::min(inquiry.step, steps);
    inquiry.held = inquiry.held && MayHold(inquiry);
  }
}

// An offer costs its queue 1 / weight.
void ReferenceEngine::Charge(const std::string& queue) {
  if (!model_.HasShares()) return;
  int64_t& pass = model_.passes[queue];
  model_.virtual_pass = std::max(model_.virtual_pass, pass);
  pass += 720'720'000 / std::max(1, model_.Queue(queue).weight);
}

// Whoever stops working on an inquiry becomes idle then.
void ReferenceEngine::SetState(ModelInquiry& inquiry, InquiryState state) {
  if (inquiry.state == InquiryState::kAssigned && state != InquiryState::kAssigned) {
    NoteIdle(inquiry.agent);
  }
  NoteEnd(inquiry, state);
  if (IsEnded(state)) {
    const bool served =
        inquiry.state == InquiryState::kAssigned || inquiry.state == InquiryState::kParked;
    inquiry.last_agent = served ? inquiry.agent : "";
    inquiry.end_time = model_.now;
  }
  if (state == InquiryState::kAssigned) inquiry.answered_here = true;
  inquiry.state = state;
}

// The time of a conversation counts once the agent is done with it.
void ReferenceEngine::NoteEnd(const ModelInquiry& inquiry, InquiryState next) {
  const auto with_agent = [](InquiryState s) {
    return s == InquiryState::kAssigned || s == InquiryState::kParked;
  };
  if (!with_agent(inquiry.state) || with_agent(next)) return;
  const Time end = inquiry.state == InquiryState::kParked ? inquiry.park_time : model_.now;
  const Span time = end - inquiry.assign_time - inquiry.parked_total;
  NoteHandled(inquiry.agent, {model_.now, 0, time.us});
}

// Kept only while some queue looks at it, and no longer than the window is when something is added.
bool ReferenceEngine::KeepsHandled() const {
  if (model_.config.settings.rate_limit.assignments > 0) return true;
  for (const QueueConfig& queue : model_.config.queues) {
    for (Criterion c : queue.selection) {
      if (c == Criterion::kFewestHandled || c == Criterion::kLeastHandleTime) return true;
      if (c == Criterion::kScore && queue.score.handled > 0) return true;
    }
  }
  return false;
}

void ReferenceEngine::NoteHandled(const std::string& agent, const ModelHandled& entry) {
  const auto it = model_.agents.find(agent);
  if (it == model_.agents.end() || !KeepsHandled()) return;
  std::erase_if(it->second.handled, [&](const ModelHandled& old) {
    const SettingsConfig& settings = model_.config.settings;
    return model_.now - old.at >= std::max(settings.fairness_window, settings.rate_limit.window);
  });
  it->second.handled.push_back(entry);
}

void ReferenceEngine::NoteIdle(const std::string& agent) {
  const auto it = model_.agents.find(agent);
  if (it == model_.agents.end()) return;
  it->second.idle_since = ++order_;
  it->second.idle_from = model_.now;
}

void ReferenceEngine::Bar(ModelInquiry& inquiry, const std::string& agent, Time until) {
  std::erase_if(inquiry.barred, [this](const auto& entry) { return entry.second <= model_.now; });
  const auto known = inquiry.barred.find(agent);
  if (known != inquiry.barred.end()) {
    known->second = std::max(known->second, until);
    return;
  }
  auto& decliners = inquiry.decliners;
  const auto is_free = [&](const std::string& other) { return inquiry.barred.count(other) == 0; };
  const auto free = static_cast<size_t>(std::count_if(decliners.begin(), decliners.end(), is_free));
  const bool is_decliner = std::find(decliners.begin(), decliners.end(), agent) != decliners.end();
  const bool is_full = inquiry.barred.size() + free >= limits::kExceptionsMax && !is_decliner;
  if (is_full && free > 0) {
    std::string first;
    for (const std::string& other : decliners) {
      if (is_free(other) && (first.empty() || other < first)) first = other;
    }
    std::erase(decliners, first);
  } else if (is_full) {
    auto soonest = inquiry.barred.end();
    for (auto it = inquiry.barred.begin(); it != inquiry.barred.end(); ++it) {
      if (inquiry.excluded.count(it->first) > 0) continue;
      if (soonest == inquiry.barred.end() || it->second < soonest->second) soonest = it;
    }
    std::erase(decliners, soonest->first);
    inquiry.barred.erase(soonest);
  }
  inquiry.barred[agent] = until;
}

// A hold is worth while only if the first preferred agent is there (available or away) and suits.
bool ReferenceEngine::MayHold(const ModelInquiry& inquiry) const {
  if (model_.Queue(inquiry.queue).preferred_hold.us <= 0 || inquiry.preferred.empty()) return false;
  const std::string& first = inquiry.preferred.front();
  const auto agent = model_.agents.find(first);
  if (agent == model_.agents.end()) return false;
  const Presence presence = agent->second.presence;
  if (presence != Presence::kAvailable && presence != Presence::kAway) return false;
  const auto barred = inquiry.barred.find(first);
  if (barred != inquiry.barred.end() && barred->second > model_.now) return false;
  const auto& decliners = inquiry.decliners;
  if (std::find(decliners.begin(), decliners.end(), first) != decliners.end()) return false;
  return NaiveQualifies(model_, inquiry).at(first) == Mismatch::kNone;
}

void ReferenceEngine::ComeBack(ModelInquiry& inquiry) const {
  const QueueConfig& queue = model_.Queue(inquiry.queue);
  const std::vector<const ModelInquiry*> before = Before(model_, inquiry);
  if (!before.empty() && before[0]->gave_up && before[0]->queue == inquiry.queue &&
      model_.now - before[0]->end_time < queue.keep_place) {
    inquiry.arrival_time = before[0]->arrival_time;
  }
  if (!inquiry.preferred.empty() || queue.last_agent_within.us == 0) return;
  for (const ModelInquiry* other : before) {
    const bool ended = IsEnded(other->state);
    if (ended && model_.now - other->end_time >= queue.last_agent_within) continue;
    const bool serves =
        other->state == InquiryState::kAssigned || other->state == InquiryState::kParked;
    const std::string& served_by = ended ? other->last_agent : serves ? other->agent : "";
    const auto agent = model_.agents.find(served_by);
    if (agent == model_.agents.end() || agent->second.config.kind == AgentKind::kBot) continue;
    inquiry.preferred.push_back(served_by);
    return;
  }
}

void ReferenceEngine::Enqueue(ModelInquiry& inquiry, const std::string& queue, EnqueueCause cause) {
  if (cause == EnqueueCause::kOverflowed) NoteGone(inquiry, false);
  SetState(inquiry, InquiryState::kWaiting);
  inquiry.agent.clear();
  inquiry.queue = queue;
  inquiry.held = false;
  NoteWaits(inquiry, cause);
  const auto waits_here = [&](const auto& entry) {
    return entry.second.state == InquiryState::kWaiting && entry.second.queue == queue;
  };
  if (model_.HasShares() && cause != EnqueueCause::kDirected &&
      std::count_if(model_.inquiries.begin(), model_.inquiries.end(), waits_here) == 1) {
    model_.passes[queue] = std::max(model_.passes[queue], model_.virtual_pass);
  }
  switch (cause) {
    case EnqueueCause::kSubmitted:
    case EnqueueCause::kTransferred:
    case EnqueueCause::kOverflowed:
    case EnqueueCause::kResumed:
    case EnqueueCause::kReopened:
      inquiry.overtakes = 0;
      inquiry.answered_here = false;
      inquiry.enqueue_time = model_.now;
      inquiry.step = 0;
      inquiry.held = MayHold(inquiry);
      return;
    case EnqueueCause::kDeclined:
    case EnqueueCause::kExpired:
    case EnqueueCause::kFirstReplyTimeout:
    case EnqueueCause::kAgentLost:
    case EnqueueCause::kUpdated:
    case EnqueueCause::kDirected:
      return;
  }
}

// ---- Expected waits -----------------------------------------------------------------------------

WaitHistory* ReferenceEngine::WaitsOf(const std::string& queue) {
  const auto it = model_.waits.find(queue);
  return it == model_.waits.end() ? nullptr : &it->second;
}

// Who had to wait counts, not who was offered as soon as it came.
void ReferenceEngine::NoteTaken(ModelInquiry& inquiry) {
  WaitHistory* waits = WaitsOf(inquiry.queue);
  const bool waited = inquiry.placed && inquiry.enqueue_time < model_.now;
  if (waits != nullptr && waited) waits->Started(model_.now, model_.now - inquiry.enqueue_time);
  inquiry.offer_time = model_.now;
  inquiry.placed = false;
}

void ReferenceEngine::NoteWaits(ModelInquiry& inquiry, EnqueueCause cause) {
  inquiry.placed = cause != EnqueueCause::kDirected;
  WaitHistory* waits = WaitsOf(inquiry.queue);
  if (waits == nullptr || !inquiry.placed) return;
  const bool comes_back = cause == EnqueueCause::kDeclined || cause == EnqueueCause::kExpired ||
                          cause == EnqueueCause::kFirstReplyTimeout ||
                          cause == EnqueueCause::kAgentLost;
  if (comes_back && inquiry.offer_time > inquiry.enqueue_time) waits->Returned();
  if (CountWaiting(model_, inquiry.queue) == 1) waits->Began(model_.now);
}

void ReferenceEngine::NoteGone(ModelInquiry& inquiry, bool gave_up) {
  WaitHistory* waits = WaitsOf(inquiry.queue);
  if (waits == nullptr || !inquiry.placed) return;
  const bool last = CountWaiting(model_, inquiry.queue) == 1;
  waits->Left(model_.now, model_.now - inquiry.enqueue_time, gave_up, last);
  inquiry.placed = false;
}

}  // namespace firstline::engine::proof
