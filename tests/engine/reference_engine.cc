#include "tests/engine/reference_engine.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/engine/engine_text.h"

namespace firstline::engine::proof {
struct ReferenceEngine::Fold {
  ReferenceEngine& self;
  const Engine& engine;

  ModelInquiry& I(InquiryIx ix) { return self.model_.inquiries.at(engine.inquiry(ix).id); }
  ModelAgent& A(AgentIx ix) { return self.model_.agents.at(engine.AgentId(ix)); }
  template <class T>
  const T* CommandAs() const {
    return self.command_ == nullptr ? nullptr : std::get_if<T>(&self.command_->body);
  }

  // Observe has taken the configuration already: what it led to may come earlier in the list.
  std::string operator()(const WorkspaceApplied&) { return ""; }
  std::string operator()(const AgentUpserted& e) {
    ModelAgent& agent = self.model_.agents[engine.AgentId(e.agent)];
    const bool fresh = agent.config.id.empty();
    agent.config = engine.ConfigOf(e.agent);
    if (!fresh) return "";
    agent.sequence = engine.agent(e.agent).sequence;
    agent.last_offered = 0;
    return "";
  }
  std::string operator()(const AgentDeleted& e) {
    self.model_.agents.erase(e.agent_id);
    return "";
  }
  std::string operator()(const InquirySubmitted& e) {
    const auto* submit = CommandAs<Submit>();
    if (submit == nullptr) return "an inquiry appears without a Submit";
    const std::string said = e.hit.get() == nullptr ? "" : e.hit.get()->rule;
    const NaiveDecision decision =
        NaiveClassify(self.model_, *submit, self.command_->advice.get());
    if (submit->queue.empty() && decision.rule == nullptr && decision.verdict == nullptr) {
      return "an inquiry is classified that fits no rule";
    }
    std::string wrong =
        Differs("the rule", said, decision.rule == nullptr ? "" : decision.rule->id);
    const auto* trace = e.classifier.get();
    if (wrong.empty()) {
      wrong = Differs("what came of the classifier", trace == nullptr ? "" : Text(trace->outcome),
                      decision.outcome ? Text(*decision.outcome) : "");
    }
    if (!wrong.empty()) return wrong;
    const ModelInquiry inquiry = self.Draft(*submit);
    if (!self.IsUndecided() && self.IsTooSlowFor(inquiry)) return inquiry.id + " would wait too long and is let in";
    ++self.arrivals_;
    self.model_.inquiries[inquiry.id] = inquiry;
    return Differs("the inquiry submitted", engine.inquiry(e.inquiry).id, inquiry.id);
  }
  std::string operator()(const InquiryUpdated& e) {
    const auto* update = CommandAs<Update>();
    if (update == nullptr) return "an inquiry is updated without an Update";
    ModelInquiry& inquiry = I(e.inquiry);
    if (update->customer) inquiry.customer = *update->customer;
    if (update->priority) inquiry.priority = *update->priority;
    if (update->requirement) inquiry.own = *update->requirement;
    if (update->preferred_agents) inquiry.preferred = Unique(*update->preferred_agents);
    return "";
  }
  // Who is being deleted is not there any more, though it is told after its work has gone back.
  void NoteLost(const std::string& agent) {
    if (CommandAs<DeleteAgents>() == nullptr && CommandAs<ApplyConfig>() == nullptr) return;
    const auto it = self.model_.agents.find(agent);
    if (it != self.model_.agents.end()) it->second.presence = Presence::kOffline;
  }
  std::string operator()(const InquiryEnqueued& e) {
    if (e.cause == EnqueueCause::kAgentLost) NoteLost(I(e.inquiry).agent);
    const bool fresh = e.cause == EnqueueCause::kSubmitted;
    const std::string& queue = I(e.inquiry).queue;
    if (fresh && engine.QueueId(e.queue) != queue) return "it should be in queue " + queue;
    self.Enqueue(I(e.inquiry), engine.QueueId(e.queue), e.cause);
    const bool enters = fresh || e.cause == EnqueueCause::kTransferred ||
                        e.cause == EnqueueCause::kOverflowed ||
                        e.cause == EnqueueCause::kResumed || e.cause == EnqueueCause::kReopened;
    if (enters) self.NoteAtOnce(I(e.inquiry));
    return "";
  }
  std::string operator()(const StepReached& e) {
    ModelInquiry& inquiry = I(e.inquiry);
    const QueueConfig& queue = self.model_.Queue(inquiry.queue);
    if (inquiry.state != InquiryState::kWaiting) return "a step is reached without waiting";
    if (e.step != inquiry.step + 1) return "a step is left out";
    if (e.step > queue.steps.size()) return "a step is reached that the route does not have";
    const StepConfig& step = queue.steps[e.step - 1u];
    if (self.at_once_ != inquiry.id && !self.IsDue(inquiry, step)) {
      return absl::StrCat(inquiry.id, " reaches a step too early");
    }
    inquiry.step = e.step;
    self.NoteAtOnce(inquiry);
    return "";
  }
  std::string operator()(const HoldEnded& e) {
    ModelInquiry& inquiry = I(e.inquiry);
    if (!inquiry.held) return absl::StrCat(inquiry.id, " was not held");
    inquiry.held = false;
    return "";
  }
  std::string operator()(const ReservationChanged& e) {
    ModelInquiry& inquiry = I(e.inquiry);
    const std::string agent = engine.AgentId(e.agent);
    if (!e.reserved) {
      if (inquiry.reserved != agent) return "a reservation ends that was not made";
      inquiry.reserved.clear();
      return "";
    }
    const bool is_due = !self.due_.empty() && self.due_.front() == Match{inquiry.id, agent};
    if (!is_due) return "a reservation that no overtaking asks for";
    self.due_.erase(self.due_.begin());
    inquiry.reserved = agent;
    return "";
  }
  std::string operator()(const OfferCreated& e) {
    ModelInquiry& inquiry = I(e.inquiry);
    const std::string agent = engine.AgentId(e.agent);
    if (self.round_ != inquiry.id) {
      if (std::string wrong = self.CheckRound(); !wrong.empty()) return wrong;
    }
    if (inquiry.state == InquiryState::kOffered) {
      std::string wrong = self.CheckAsked(inquiry, agent);
      if (self.before_round_) self.Overtake(*self.before_round_, {inquiry.id, agent});
      A(e.agent).last_offered = ++self.order_;
      return wrong;
    }
    const bool is_directed = self.TakeDirected({inquiry.id, agent});
    if (!is_directed) {
      std::string wrong = self.CheckMatch({inquiry.id, agent});
      if (!wrong.empty()) return wrong;
      self.BeginRound(inquiry);
      self.Overtake(self.model_, {inquiry.id, agent});
      self.round_ = inquiry.id;
      self.round_held_ = inquiry.held;
    }
    self.Charge(inquiry.queue);
    self.NoteTaken(inquiry);
    inquiry.agent = agent;
    inquiry.asked = {agent};
    inquiry.held = false;
    self.SetState(inquiry, InquiryState::kOffered);
    A(e.agent).last_offered = ++self.order_;
    return "";
  }
  std::string operator()(const OfferEnded& e) {
    ModelInquiry& inquiry = I(e.inquiry);
    // Cancelling or closing is told first, then that the offer went with it.
    if (IsEnded(inquiry.state) && e.outcome == OfferOutcome::kRescinded) return "";
    if (inquiry.state != InquiryState::kOffered) return "an offer ends that was not open";
    const std::string agent = engine.AgentId(e.agent);
    if (std::erase(inquiry.asked, agent) == 0) return "an offer ends that another agent had";
    if (!inquiry.asked.empty()) inquiry.agent = inquiry.asked.front();
    if (e.outcome == OfferOutcome::kDeclined) {
      const auto* decline = CommandAs<Decline>();
      if (decline == nullptr) return "an offer is declined without a Decline";
      const Span again = self.model_.Queue(inquiry.queue).ask_decliners_after;
      const Span wait = decline->retry_after.us != 0 ? decline->retry_after : again;
      self.Bar(inquiry, agent, wait.us == 0 ? kNever : self.model_.now + wait);
      std::erase(inquiry.decliners, agent);
      const bool is_last = again.us > 0 && inquiry.excluded.count(agent) == 0;
      if (is_last) inquiry.decliners.push_back(agent);
    }
    if (e.outcome == OfferOutcome::kExpired) {
      self.Bar(inquiry, agent, self.model_.now + self.BackOffOf(inquiry).duration);
    }
    return "";
  }
  std::string operator()(const InquiryAssigned& e) {
    ModelInquiry& inquiry = I(e.inquiry);
    const std::string agent = engine.AgentId(e.agent);
    if (e.automatic) {
      std::string wrong = self.CheckMatch({inquiry.id, agent});
      if (!wrong.empty()) return wrong;
      self.BeginRound(inquiry);
      self.Overtake(self.model_, {inquiry.id, agent});
      self.Charge(inquiry.queue);
      self.NoteTaken(inquiry);
      A(e.agent).last_offered = ++self.order_;
      inquiry.held = false;
    } else if (e.cause == AssignCause::kClaimed || e.cause == AssignCause::kDirected) {
      std::string wrong = self.CheckGiven(inquiry, agent, e.cause);
      if (!wrong.empty()) return wrong;
      self.Charge(inquiry.queue);
      self.NoteTaken(inquiry);
      A(e.agent).last_offered = ++self.order_;
      inquiry.held = false;
    } else if (inquiry.state != InquiryState::kOffered || inquiry.agent != agent) {
      return absl::StrCat(inquiry.id, " is assigned without an offer");
    }
    inquiry.agent = agent;
    self.SetState(inquiry, InquiryState::kAssigned);
    inquiry.assign_time = self.model_.now;
    inquiry.parked_total = {};
    self.NoteHandled(agent, {self.model_.now, 1, 0});
    return "";
  }
  std::string operator()(const FirstReplyTimedOut& e) {
    ModelInquiry& inquiry = I(e.inquiry);
    self.Bar(inquiry, engine.AgentId(e.agent),
             self.model_.now + self.BackOffOf(inquiry).duration);
    return "";
  }
  std::string operator()(const InquiryParked& e) {
    self.SetState(I(e.inquiry), InquiryState::kParked);
    I(e.inquiry).park_time = self.model_.now;
    return "";
  }
  std::string operator()(const InquiryResumed& e) {
    ModelInquiry& inquiry = I(e.inquiry);
    if (e.to_agent) {
      self.SetState(inquiry, InquiryState::kAssigned);
      inquiry.parked_total = inquiry.parked_total + (self.model_.now - inquiry.park_time);
      return "";
    }
    std::vector<std::string> preferred = {inquiry.agent};
    preferred.insert(preferred.end(), inquiry.preferred.begin(), inquiry.preferred.end());
    inquiry.preferred = Unique(preferred);
    if (inquiry.preferred.size() > limits::kPreferredMax) inquiry.preferred.pop_back();
    return "";
  }
  std::string operator()(const InquiryTransferred& e) {
    const auto* transfer = CommandAs<Transfer>();
    if (CommandAs<AssignTo>() != nullptr) return "";
    if (transfer == nullptr) return "an inquiry is transferred without a Transfer";
    ModelInquiry& inquiry = I(e.inquiry);
    std::erase_if(inquiry.barred,
                  [&](const auto& entry) { return !inquiry.excluded.count(entry.first); });
    inquiry.decliners.clear();
    const std::string& chosen = transfer->preferred_agent;
    if (e.agent.IsSet() && engine.AgentId(e.agent) != chosen) {
      self.Bar(inquiry, engine.AgentId(e.agent), kNever);
    }
    if (transfer->requirement) inquiry.own = *transfer->requirement;
    inquiry.preferred.clear();
    if (!chosen.empty()) inquiry.preferred.push_back(chosen);
    return "";
  }
  std::string operator()(const InquiryClosed& e) {
    self.SetState(I(e.inquiry), InquiryState::kClosed);
    return "";
  }
  std::string operator()(const InquiryCancelled& e) {
    ModelInquiry& inquiry = I(e.inquiry);
    if (inquiry.state == InquiryState::kWaiting) {
      self.NoteGone(inquiry, e.reason == CancelReason::kAbandoned);
    }
    self.SetState(inquiry, InquiryState::kCancelled);
    inquiry.gave_up = e.reason == CancelReason::kAbandoned && !inquiry.answered_here;
    return "";
  }
  std::string operator()(const InquiryPurged& e) {
    const auto it = self.model_.inquiries.find(e.inquiry_id);
    if (it == self.model_.inquiries.end()) return "an unknown inquiry is purged";
    if (!IsEnded(it->second.state)) return absl::StrCat(e.inquiry_id, " is purged while open");
    self.model_.inquiries.erase(it);
    return "";
  }
  std::string operator()(const PresenceChanged& e) {
    ModelAgent& agent = A(e.agent);
    const bool begins =
        e.presence == Presence::kAvailable && agent.presence != Presence::kAvailable;
    agent.presence = e.presence;
    if (begins) self.NoteIdle(agent.config.id);
    return "";
  }
  std::string operator()(const BackOffStarted& e) {
    if (e.queue.IsSet()) {
      A(e.agent).backs_off_from.insert(engine.QueueId(e.queue));
    } else {
      A(e.agent).back_off = true;
    }
    return "";
  }
  std::string operator()(const BackOffEnded& e) {
    if (e.queue.IsSet()) {
      A(e.agent).backs_off_from.erase(engine.QueueId(e.queue));
    } else {
      A(e.agent).back_off = false;
    }
    return "";
  }
  std::string operator()(const WrapUpStarted& e) {
    const ModelInquiry& inquiry = self.model_.inquiries.at(e.inquiry_id);
    const bool queue_only = self.model_.Queue(inquiry.queue).wrap_up_queue_only;
    if (e.units != (queue_only ? 0 : inquiry.units)) return "a wrap-up holds other units";
    A(e.agent).wrap_ups.insert({e.inquiry_id, {inquiry.channel, inquiry.queue, e.units}});
    return "";
  }
  std::string operator()(const WrapUpFinished& e) {
    ModelAgent& agent = A(e.agent);
    const auto it = agent.wrap_ups.find(e.inquiry_id);
    if (it == agent.wrap_ups.end()) return "a wrap-up ends that never began";
    const bool held_units = it->second.units != 0;
    agent.wrap_ups.erase(it);
    if (held_units) self.NoteIdle(agent.config.id);
    return "";
  }
  std::string operator()(const InquiryDirected& e) {
    const ModelInquiry& inquiry = I(e.inquiry);
    const std::string agent = engine.AgentId(e.agent);
    if (CommandAs<AssignTo>() == nullptr) return "nobody asked for that assignment";
    const auto& asked = inquiry.asked;
    const bool is_asked = inquiry.state == InquiryState::kOffered &&
                          std::find(asked.begin(), asked.end(), agent) != asked.end();
    if (is_asked && !e.with_offer) return "";  // it accepts, so to say
    self.directed_ = {inquiry.id, agent};
    if (is_asked) return "";
    const std::set<Override> aside(e.overrides.begin(), e.overrides.end());
    const bool may = MayTake(self.model_, inquiry, agent, aside);
    return may || self.IsUndecided() ? "" : agent + " may not be given " + inquiry.id;
  }
  std::string operator()(const InquiryReopened& e) {
    ModelInquiry& inquiry = I(e.inquiry);
    const auto* reopen = CommandAs<Reopen>();
    if (reopen == nullptr) return "an inquiry is reopened without a Reopen";
    const QueueConfig& queue = self.model_.Queue(inquiry.queue);
    if (inquiry.state != InquiryState::kClosed) return "something is reopened that was not closed";
    if (self.model_.now - inquiry.end_time >= queue.reopen_within) return "it is reopened too late";
    if (!queue.reopen_keeps_age) inquiry.arrival_time = self.model_.now;
    const std::string first = reopen->agent_id.empty() ? inquiry.last_agent : reopen->agent_id;
    inquiry.preferred.clear();
    if (self.model_.agents.count(first) > 0) inquiry.preferred.push_back(first);
    inquiry.barred.clear();
    inquiry.excluded.clear();
    inquiry.decliners.clear();
    return "";
  }
  // Nothing that matching depends on.
  std::string operator()(const WrapUpExtended&) { return ""; }
  std::string operator()(const OwnerChanged&) { return ""; }
  std::string operator()(const DeadlinesExtended&) { return ""; }
  std::string operator()(const RecordQuarantined&) { return ""; }
  std::string operator()(const FirstReplyWarned&) { return ""; }
  std::string operator()(const MessageRecorded&) { return ""; }
  std::string operator()(const FirstResponded&) { return ""; }
  std::string operator()(const FeedbackRecorded&) { return ""; }
  std::string operator()(const SessionOpened&) { return ""; }
  std::string operator()(const SessionEnded&) { return ""; }
};

std::string ReferenceEngine::Observe(const Engine& engine, const Command* command) {
  command_ = command;
  bool takes_config = command != nullptr && std::holds_alternative<ApplyConfig>(command->body);
  for (const Event& event : engine.events()) {
    if (event.time < model_.now) return "an event is older than the one before it";
    if (!std::holds_alternative<OfferCreated>(event.body)) {
      if (const std::string wrong = CheckRound(); !wrong.empty()) return wrong;
    }
    model_.now = event.time;
    // What timers did on the way to the command happened before it.
    if (takes_config && BeginsConfig(engine, event)) {
      TakeConfig(engine.config());
      takes_config = false;
    }
    if (!at_once_.empty() && !std::holds_alternative<StepReached>(event.body) &&
        !std::holds_alternative<ReservationChanged>(event.body)) {
      return at_once_ + " should reach its next step at once: nobody is there";
    }
    const std::string wrong = std::visit(Fold{*this, engine}, event.body);
    if (!wrong.empty()) {
      return absl::StrCat(wrong, "\n  at event: ", Text(engine, event, Time{}));
    }
  }
  if (const std::string wrong = CheckRound(); !wrong.empty()) return wrong;
  model_.now = std::max(model_.now, engine.now());
  for (const auto& [id, inquiry] : model_.inquiries) {
    if (inquiry.state != InquiryState::kWaiting || inquiry.step == 0) continue;
    const StepConfig& step =
        model_.Queue(inquiry.queue).steps.at(static_cast<size_t>(inquiry.step) - 1);
    // A configuration may put such a step where the inquiry is already.
    if (step.close && configurations_ == 1) return id + " waits behind a step that ends it";
  }
  if (!IsUndecided()) {
    if (const std::optional<Match> left = NextMatch(model_)) {
      return absl::StrCat(left->inquiry, " waits although ", left->agent, " could take it");
    }
  }
  if (engine.NextDeadline() > engine.now()) {
    if (const std::string wrong = CheckStates(); !wrong.empty()) return wrong;
  }
  for (const std::string& wrong :
       {CheckReservations(), CompareInquiries(engine), CompareAgents(engine),
        CompareQualification(engine), CompareWaits(engine)}) {
    if (!wrong.empty()) return wrong;
  }
  return "";
}

}  // namespace firstline::engine::proof
