#include "services/router/telemetry/gatherer.h"

#include <algorithm>
#include <string>
#include <utility>

namespace firstline::telemetry {

using engine::AgentIx;
using engine::ChannelIx;
using engine::Engine;
using engine::InquiryIx;
using engine::QueueIx;
using engine::Span;
using engine::Time;

// ---- Additions --------------------------------------------------------------------------------

void Additions::SetLoad(AgentFigures& agent, Time time, const engine::Agent* now, TeamLoad* team) {
  const bool online = now != nullptr && now->presence != engine::Presence::kOffline;
  list_.push_back(Load{&agent, team, time, now != nullptr ? now->used : uint16_t{0},
                       now != nullptr ? now->units : uint16_t{0}, online});
}

void Additions::Add(const Load& add) {
  SettleLoad(*add.agent, add.time);
  add.agent->load_since = std::max(add.agent->load_since, add.time);
  add.agent->online = add.online;
  add.agent->used = add.used;
  add.agent->units = add.units;
  add.agent->team_load = add.team;
}

void Additions::Make() {
  for (const auto& addition : list_) {
    std::visit([](const auto& add) { Add(add); }, addition);
  }
  list_.clear();
  kept_.clear();
  first_ = {};
}

// ---- What each event means --------------------------------------------------------------------

namespace {

// No target: everything is within.
bool Within(Span span, Span target) { return target.us == 0 || span <= target; }

OfferEnd EndOf(engine::OfferOutcome outcome) {
  switch (outcome) {
    case engine::OfferOutcome::kAccepted:
      return OfferEnd::kAccepted;
    case engine::OfferOutcome::kDeclined:
      return OfferEnd::kDeclined;
    case engine::OfferOutcome::kExpired:
      return OfferEnd::kExpired;
    case engine::OfferOutcome::kRescinded:
      return OfferEnd::kRescinded;
    case engine::OfferOutcome::kAgentLost:
      return OfferEnd::kAgentLost;
    case engine::OfferOutcome::kTaken:
      return OfferEnd::kTaken;
  }
  return OfferEnd::kRescinded;
}

// `answered`: an agent had it since it entered its present queue; then it counts among the
// answered.
Outcome OutcomeOf(const engine::InquiryCancelled& event, bool answered) {
  if (event.reason != engine::CancelReason::kAbandoned) return Outcome::kCancelled;
  if (answered) return Outcome::kLeft;
  return event.is_short ? Outcome::kShortAbandoned : Outcome::kAbandoned;
}

}  // namespace

struct Gatherer::Visitor {
  Gatherer& gatherer;
  const Engine& engine;
  Additions& additions;
  Time time;
  InquiryIx stepped;      // reached a step in this round
  QueueIx stepped_queue;  // ... while in this queue
  InquiryIx directed = {};  // somebody gave it to an agent, maybe beyond its capacity

  ChannelIx ChannelOf(InquiryIx ix) const { return engine.inquiry(ix).channel; }
  Flow& FlowOf(QueueIx queue, InquiryIx inquiry) const {
    return gatherer.FlowOf(engine, queue, ChannelOf(inquiry));
  }
  template <class E>
  Work& WorkOf(const E& event) const {
    return gatherer.WorkOf(engine, event.queue, ChannelOf(event.inquiry), event.agent);
  }
  AgentFigures* AgentOf(AgentIx ix) const { return gatherer.AgentOf(engine, ix, time); }
  void Touch(AgentIx agent) const {
    if (agent.IsSet()) gatherer.touched_.push_back(agent);
  }
  template <class E>
  void Give(const E& event) const {
    Touch(event.agent);
    gatherer.given_.emplace_back(event.agent, ChannelOf(event.inquiry));
  }
  void Count(uint64_t& counter) const { additions.Count(counter); }

  void EndOffer(Work& work, AgentIx ix, OfferEnd end) const {
    Count(work.offer_ends[static_cast<size_t>(end)]);
    AgentFigures* agent = AgentOf(ix);
    if (agent == nullptr) return;
    Count(agent->offer_ends[static_cast<size_t>(end)]);
    if (end == OfferEnd::kExpired) Count(agent->misses);
  }
  void Handle(Work& work, AgentIx ix, Span handle) const {
    additions.Sum(work.handle, handle.us);
    if (AgentFigures* agent = AgentOf(ix)) additions.Sum(agent->handle, handle.us);
  }
  // The first offer ends the wait that was foretold.
  template <class E>
  void CompareWait(const E& event) const {
    const engine::Inquiry& inquiry = engine.inquiry(event.inquiry);
    if (event.number != 1 || inquiry.expected_p50_ms == 0) return;
    if (event.agent != inquiry.offer_agent) return;  // asked beside the first
    const int64_t waited_ms = (time - inquiry.enqueue_time).us / 1000;
    Flow& flow = FlowOf(event.queue, event.inquiry);
    Count(flow.wait_predictions);
    if (waited_ms <= inquiry.expected_p50_ms) Count(flow.wait_within_p50);
    if (waited_ms <= inquiry.expected_p90_ms) Count(flow.wait_within_p90);
  }
  void Respond(ResponseClock& clock, Span span, Span target) const {
    if (span.us < 0) return;  // that clock never started
    additions.Observe(clock.histogram, span);
    if (Within(span, target)) Count(clock.within_target);
  }

  // Without meaning for any figure.
  template <class E>
  void operator()(const E&) {}

  void operator()(const engine::AgentUpserted& event) { Touch(event.agent); }
  void operator()(const engine::InquirySubmitted& event) {
    const engine::ClassifierTrace* trace = event.classifier.get();
    if (trace == nullptr) return;
    Count(gatherer.figures_.classified[static_cast<size_t>(trace->outcome)]);
  }
  void operator()(const engine::AgentDeleted& event) {
    auto figures = gatherer.figures_.ForgetAgent(event.agent_id);
    std::fill(gatherer.agents_.begin(), gatherer.agents_.end(), nullptr);
    gatherer.ForgetWrapUps(engine);
    if (figures == nullptr) return;
    // What the team was credited with until now is not forgotten with the agent.
    additions.SetLoad(*figures, time, nullptr, nullptr);
    additions.Keep(std::move(figures));
  }

  void operator()(const engine::StepReached& event) {
    Count(FlowOf(event.queue, event.inquiry).steps[std::min<size_t>(event.step, kRouteSteps - 1)]);
    stepped = event.inquiry;
    stepped_queue = event.queue;
  }
  void operator()(const engine::HoldEnded& event) {
    Count(FlowOf(event.queue, event.inquiry).steps[0]);
  }
  void operator()(const engine::ReservationChanged&) {}
  void operator()(const engine::InquiryEnqueued& event) {
    Flow& flow = FlowOf(event.queue, event.inquiry);
    Count(flow.enqueued[static_cast<size_t>(event.cause)]);
    if (event.cause == engine::EnqueueCause::kSubmitted) Count(flow.submitted);
    if (event.cause != engine::EnqueueCause::kOverflowed || stepped != event.inquiry) return;
    Count(FlowOf(stepped_queue, event.inquiry).overflowed_out);
  }

  void operator()(const engine::InquiryDirected& event) { directed = event.inquiry; }
  void operator()(const engine::OfferCreated& event) {
    Count(WorkOf(event).offers);
    event.inquiry == directed ? Touch(event.agent) : Give(event);
    CompareWait(event);
  }
  void operator()(const engine::OfferEnded& event) {
    Touch(event.agent);
    // Acceptance is counted with the assignment it leads to.
    if (event.outcome == engine::OfferOutcome::kAccepted) return;
    EndOffer(WorkOf(event), event.agent, EndOf(event.outcome));
  }
  void operator()(const engine::InquiryAssigned& event) {
    Work& work = WorkOf(event);
    Count(work.assignments);
    // What was claimed or directed was no offer.
    const bool is_offer = event.cause == engine::AssignCause::kOffer;
    if (is_offer || event.automatic) {
      EndOffer(work, event.agent, is_offer ? OfferEnd::kAccepted : OfferEnd::kAutoAccepted);
    }
    if (AgentFigures* agent = AgentOf(event.agent)) Count(agent->assignments);
    // An accepted offer was within capacity when it was made; only what is new can break the bound.
    const bool is_bound = event.automatic || event.cause == engine::AssignCause::kClaimed;
    is_bound ? Give(event) : Touch(event.agent);
    if (event.automatic) CompareWait(event);
    if (!event.first) return;
    additions.Observe(work.answered_wait, event.wait);
    if (Within(event.wait, engine.queue(event.queue).answer_target)) {
      Count(work.answered_within_target);
    }
  }
  void operator()(const engine::FirstReplyWarned& event) {
    Count(WorkOf(event).first_reply_warnings);
  }
  void operator()(const engine::FirstReplyTimedOut& event) {
    Count(WorkOf(event).first_reply_timeouts);
    Touch(event.agent);
    if (AgentFigures* agent = AgentOf(event.agent)) Count(agent->first_reply_timeouts);
  }
  void operator()(const engine::MessageRecorded& event) {
    // What bots reply is no part of ART, whoever reports it.
    if (event.author != engine::Author::kAgent || event.response.us < 0 ||
        engine.agent(event.agent).kind != engine::AgentKind::kPerson) {
      return;
    }
    additions.Sum(WorkOf(event).reply, event.response.us);
    if (AgentFigures* agent = AgentOf(event.agent)) additions.Sum(agent->reply, event.response.us);
  }
  void operator()(const engine::FirstResponded& event) {
    Work& work = WorkOf(event);
    if (event.by_bot) {
      additions.Observe(work.bot_response, event.from_create);
      return;
    }
    const Span target = engine.queue(event.queue).first_response_target;
    const std::array<Span, kClocks> spans = {event.from_create, event.from_human_queue,
                                             event.from_assign};
    for (size_t i = 0; i < kClocks; ++i) Respond(work.first_response[i], spans[i], target);
    AgentFigures* agent = AgentOf(event.agent);
    if (agent != nullptr) Respond(agent->from_assign, event.from_assign, target);
  }
  void operator()(const engine::InquiryParked& event) { Touch(event.agent); }
  void operator()(const engine::InquiryResumed& event) {
    if (event.to_agent) Give(event);
  }
  void operator()(const engine::InquiryTransferred& event) {
    Count(FlowOf(event.from, event.inquiry).transferred_out);
    Touch(event.agent);
    if (!event.agent.IsSet()) return;
    Work& work = gatherer.WorkOf(engine, event.from, ChannelOf(event.inquiry), event.agent);
    Handle(work, event.agent, event.handle);
  }
  void operator()(const engine::InquiryClosed& event) {
    Work& work = WorkOf(event);
    const Outcome outcome = event.answered ? Outcome::kClosed : Outcome::kClosedWithoutReply;
    Count(work.outcomes[static_cast<size_t>(outcome)]);
    if (!event.agent.IsSet()) return;
    Touch(event.agent);
    Handle(work, event.agent, event.handle);
    if (AgentFigures* agent = AgentOf(event.agent)) Count(agent->handled);
  }
  void operator()(const engine::InquiryCancelled& event) {
    Work& work = WorkOf(event);
    const Outcome outcome = OutcomeOf(event, engine.inquiry(event.inquiry).answered_here);
    Count(work.outcomes[static_cast<size_t>(outcome)]);
    if (!event.answered) Count(work.unanswered);
    Touch(event.agent);
    if (event.agent.IsSet()) Handle(work, event.agent, event.handle);
    if (outcome != Outcome::kAbandoned && outcome != Outcome::kShortAbandoned) return;
    additions.Observe(FlowOf(event.queue, event.inquiry).abandoned_wait, event.wait);
  }
  void operator()(const engine::FeedbackRecorded& event) {
    Work& work = WorkOf(event);
    AgentFigures* agent = AgentOf(event.agent);
    if (event.csat >= 1 && event.csat <= work.csat.size()) {
      Count(work.csat[event.csat - 1u]);
      if (agent != nullptr) additions.Sum(agent->csat, event.csat);
    }
    if (event.resolved < 0) return;
    Count(event.resolved > 0 ? work.feedback_resolved : work.feedback_unresolved);
    if (agent == nullptr) return;
    Count(event.resolved > 0 ? agent->feedback_resolved : agent->feedback_unresolved);
  }

  void operator()(const engine::PresenceChanged& event) { Touch(event.agent); }
  void operator()(const engine::WrapUpStarted& event) {
    Touch(event.agent);
    for (const engine::WrapUp& wrap_up : engine.agent(event.agent).wrap_ups) {
      if (wrap_up.inquiry_id != event.inquiry_id) continue;
      gatherer.wrap_ups_[{event.agent.value, event.inquiry_id}] = wrap_up.channel;
    }
  }
  void operator()(const engine::WrapUpFinished& event) {
    Touch(event.agent);
    ChannelIx channel;
    const auto known = gatherer.wrap_ups_.find({event.agent.value, event.inquiry_id});
    if (known != gatherer.wrap_ups_.end()) {
      channel = known->second;
      gatherer.wrap_ups_.erase(known);
    }
    Work& work = gatherer.WorkOf(engine, event.queue, channel, event.agent);
    additions.Sum(work.wrap_up, event.duration.us);
    if (AgentFigures* agent = AgentOf(event.agent)) {
      additions.Sum(agent->wrap_up, event.duration.us);
    }
  }
};

// ---- Gatherer ---------------------------------------------------------------------------------

bool IsWithinCapacity(const engine::Agent& agent, ChannelIx channel) {
  if (channel.value >= agent.channel_used.size()) return true;  // its inquiry is gone already
  // What interrupts other work may have come since.
  int used = engine::UsedAgainst(agent, channel);
  for (size_t c = 0; c < agent.channel_used.size(); ++c) {
    if (agent.interrupts[c] != 0 && c != channel.value) used -= agent.channel_used[c];
  }
  return used <= agent.units &&
         agent.channel_used[channel.value] <= agent.channel_units[channel.value];
}

namespace {

template <class T>
void SortUnique(std::vector<T>& list) {
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
}

}  // namespace

void Gatherer::Begin(const Engine& engine, Additions& additions) {
  engine.ForEachAgent([&](AgentIx ix, const engine::Agent& agent) {
    if (agent.presence != engine::Presence::kOffline) SetLoad(engine, ix, engine.now(), additions);
    for (const engine::WrapUp& wrap_up : agent.wrap_ups) {
      wrap_ups_[{ix.value, wrap_up.inquiry_id}] = wrap_up.channel;
    }
    return true;
  });
}

void Gatherer::Gather(const Engine& engine, Additions& additions) {
  if (engine.events().empty()) return;
  Visitor visitor{*this, engine, additions, {}, {}, {}};
  for (const engine::Event& event : engine.events()) {
    visitor.time = event.time;
    additions.Extend(event.time);
    std::visit(visitor, event.body);
  }
  SortUnique(touched_);
  for (const AgentIx agent : touched_) SetLoad(engine, agent, visitor.time, additions);
  SortUnique(given_);
  for (const auto& [agent, channel] : given_) {
    if (IsWithinCapacity(engine.agent(agent), channel)) continue;
    additions.Count(figures_.capacity_violations);
  }
  touched_.clear();
  given_.clear();
}

void Gatherer::CountRefusal(const Engine& engine, const engine::Submit& submit,
                            const engine::Outcome& outcome) {
  Refusal refusal;
  switch (outcome.rejection) {
    case engine::Rejection::kQueueFull: refusal = Refusal::kQueueFull; break;
    case engine::Rejection::kNobodyLoggedIn: refusal = Refusal::kNobodyLoggedIn; break;
    case engine::Rejection::kWaitTooLong: refusal = Refusal::kWaitTooLong; break;
    default: return;
  }
  // These name the queue, which may be the rules' or the classifier's choice.
  Flow& flow = FlowOf(engine, engine.FindQueue(outcome.subject), engine.FindChannel(submit.channel));
  ++flow.refused[static_cast<size_t>(refusal)];
}

Flow& Gatherer::FlowOf(const Engine& engine, QueueIx queue, ChannelIx channel) {
  Flow*& flow = flows_[{queue.value, channel.value}];
  if (flow == nullptr) {
    flow = &figures_.FlowOf(queue.IsSet() ? engine.QueueId(queue) : "",
                            channel.IsSet() ? engine.ChannelId(channel) : "");
  }
  return *flow;
}

Work& Gatherer::WorkOf(const Engine& engine, QueueIx queue, ChannelIx channel, AgentIx agent) {
  const engine::NameIx team = agent.IsSet() ? engine.agent(agent).team : engine::NameIx{};
  Work*& work = works_[{queue.value, channel.value, team.value}];
  if (work == nullptr) {
    const Place place{queue.IsSet() ? std::string_view(engine.QueueId(queue)) : "",
                      channel.IsSet() ? std::string_view(engine.ChannelId(channel)) : "",
                      team.IsSet() ? std::string_view(engine.NameText(team)) : ""};
    work = &figures_.WorkOf(place);
  }
  return *work;
}

AgentFigures* Gatherer::AgentOf(const Engine& engine, AgentIx agent, Time now) {
  if (!agent.IsSet()) return nullptr;
  if (agent.value >= agents_.size()) agents_.resize(agent.value + 1u, nullptr);
  AgentFigures*& figures = agents_[agent.value];
  if (figures == nullptr && engine.FindAgent(engine.AgentId(agent)).IsSet()) {
    figures = &figures_.AgentOf(engine.AgentId(agent), now);
  }
  return figures;
}

void Gatherer::SetLoad(const Engine& engine, AgentIx ix, Time time, Additions& additions) {
  AgentFigures* figures = AgentOf(engine, ix, time);
  if (figures == nullptr) return;
  const engine::Agent& agent = engine.agent(ix);
  const std::string_view team =
      agent.team.IsSet() ? std::string_view(engine.NameText(agent.team)) : "";
  additions.SetLoad(*figures, time, &agent, &figures_.LoadOf(team));
}

void Gatherer::ForgetWrapUps(const Engine& engine) {
  absl::erase_if(wrap_ups_, [&](const auto& entry) {
    return !engine.FindAgent(engine.AgentId(AgentIx{entry.first.first})).IsSet();
  });
}

}  // namespace firstline::telemetry
