// What each public event means for the figures.
#include <algorithm>
#include <utility>

#include "tests/telemetry/figures_checker.h"

namespace firstline::testing {
namespace {

int64_t Us(const google::protobuf::Timestamp& t) {
  return t.seconds() * 1'000'000 + t.nanos() / 1000;
}
int64_t Us(const google::protobuf::Duration& d) {
  return d.seconds() * 1'000'000 + d.nanos() / 1000;
}

bool Within(int64_t us, const google::protobuf::Duration& target) {
  return Us(target) == 0 || us <= Us(target);
}

const char* CauseName(v1::EnqueueCause cause) {
  switch (cause) {
    case v1::ENQUEUE_CAUSE_SUBMITTED:
      return "submitted";
    case v1::ENQUEUE_CAUSE_TRANSFERRED:
      return "transferred";
    case v1::ENQUEUE_CAUSE_OVERFLOWED:
      return "overflowed";
    case v1::ENQUEUE_CAUSE_DECLINED:
      return "declined";
    case v1::ENQUEUE_CAUSE_EXPIRED:
      return "expired";
    case v1::ENQUEUE_CAUSE_FIRST_REPLY_TIMEOUT:
      return "first_reply_timeout";
    case v1::ENQUEUE_CAUSE_AGENT_LOST:
      return "agent_lost";
    case v1::ENQUEUE_CAUSE_RESUMED:
      return "resumed";
    case v1::ENQUEUE_CAUSE_DIRECTED:
      return "directed";
    case v1::ENQUEUE_CAUSE_REOPENED:
      return "reopened";
    default:
      return "updated";
  }
}

// A return to the same queue keeps its clocks; these begin a new stay.
bool EntersQueue(v1::EnqueueCause cause) {
  return cause == v1::ENQUEUE_CAUSE_SUBMITTED || cause == v1::ENQUEUE_CAUSE_TRANSFERRED ||
         cause == v1::ENQUEUE_CAUSE_OVERFLOWED || cause == v1::ENQUEUE_CAUSE_RESUMED ||
         cause == v1::ENQUEUE_CAUSE_REOPENED;
}

const char* OutcomeName(v1::OfferOutcome outcome) {
  switch (outcome) {
    case v1::OFFER_OUTCOME_DECLINED:
      return "declined";
    case v1::OFFER_OUTCOME_EXPIRED:
      return "expired";
    case v1::OFFER_OUTCOME_RESCINDED:
      return "rescinded";
    case v1::OFFER_OUTCOME_AGENT_LOST:
      return "agent_lost";
    case v1::OFFER_OUTCOME_TAKEN:
      return "taken";
    default:
      return "";  // accepted: counted with the assignment
  }
}

}  // namespace

void FiguresChecker::Read(const v1::Event& event) {
  workspace_ = event.workspace();
  now_ = Us(event.time());
  switch (event.kind_case()) {
    case v1::Event::kWorkspaceApplied:
      return ReadConfiguration(event);
    case v1::Event::kAgentUpserted:
      return ReadAgent(event);
    case v1::Event::kAgentDeleted:
      return ForgetAgent(event.agent_id());
    case v1::Event::kPresenceChanged:
    case v1::Event::kBackOffStarted:
    case v1::Event::kBackOffEnded:
      return ReadPresence(event);
    case v1::Event::kInquirySubmitted:
      return ReadSubmitted(event);
    case v1::Event::kInquiryDirected:
      inquiries_[event.inquiry_id()].directed = true;
      return;
    case v1::Event::kInquiryEnqueued:
      return ReadEnqueued(event);
    case v1::Event::kStepReached:
    case v1::Event::kHoldEnded:
      return ReadStep(event);
    case v1::Event::kOfferCreated:
    case v1::Event::kOfferEnded:
      return ReadOffer(event);
    case v1::Event::kInquiryAssigned:
      return ReadAssigned(event);
    case v1::Event::kFirstReplyWarning:
    case v1::Event::kFirstReplyTimedOut:
      return ReadLateReply(event);
    case v1::Event::kMessageRecorded:
      return ReadMessage(event);
    case v1::Event::kFirstResponded:
      return ReadFirstResponse(event);
    case v1::Event::kInquiryParked:
    case v1::Event::kInquiryResumed:
      return ReadParking(event);
    case v1::Event::kInquiryTransferred:
      return ReadTransferred(event);
    case v1::Event::kInquiryClosed:
    case v1::Event::kInquiryCancelled:
      return ReadEnded(event);
    case v1::Event::kFeedbackRecorded:
      return ReadFeedback(event);
    case v1::Event::kWrapUpStarted:
    case v1::Event::kWrapUpFinished:
      return ReadWrapUp(event);
    default:
      return;  // of no meaning for figures
  }
}

// ---- Configuration and agents -----------------------------------------------------------------

void FiguresChecker::ReadConfiguration(const v1::Event& event) {
  config_ = event.workspace_applied().workspace();
  queues_.clear();
  for (const v1::Queue& queue : config_.queues()) queues_[queue.id()] = queue;
}

void FiguresChecker::ForgetAgent(const std::string& id) {
  Integrate(agents_[id], now_);
  agents_.erase(id);
  // Its figures go with it.
  std::erase_if(series_, [&](const auto& entry) {
    const Series& series = entry.second;
    return series.name.rfind("agent_", 0) == 0 && series.labels.at("agent") == id;
  });
}

void FiguresChecker::ReadAgent(const v1::Event& event) {
  const v1::Agent& config = event.agent_upserted().agent();
  Agent& agent = agents_[config.id()];
  Integrate(agent, now_);
  agent.exists = true;
  agent.is_person = config.kind() != v1::AGENT_KIND_BOT;
  agent.team = config.team();
  agent.units = config.has_capacity() ? config.capacity().units() : 1;
  agent.channel_units.clear();
  for (const auto& [channel, units] : config.capacity().per_channel()) {
    agent.channel_units[channel] = units;
  }
  agent.skills.clear();
  for (const auto& skill : config.skills()) agent.skills[skill.skill()] = skill.level();
  agent.languages.clear();
  for (const auto& l : config.languages()) agent.languages[l.language()] = l.level();
  agent.labels = {config.labels().begin(), config.labels().end()};
  agent.memberships.clear();
  for (const auto& m : config.memberships()) agent.memberships[m.queue()] = m;
}

void FiguresChecker::ReadPresence(const v1::Event& event) {
  Agent& agent = agents_[event.agent_id()];
  if (event.has_presence_changed()) {
    Integrate(agent, now_);
    agent.presence = event.presence_changed().presence();
  }
  if (event.has_back_off_started()) {
    agent.back_off_until = Us(event.back_off_started().until_time());
  }
  if (event.has_back_off_ended()) agent.back_off_until = 0;
}

// ---- Units ------------------------------------------------------------------------------------

void FiguresChecker::Integrate(Agent& agent, int64_t until) {
  const int64_t us = until - agent.since;
  agent.since = until;
  if (us <= 0 || !agent.exists || agent.presence == v1::PRESENCE_OFFLINE) return;
  const LabelMap team = {{"workspace", workspace_}, {"team", agent.team}};
  Add("firstline_busy_unit_seconds_total", team, us * agent.used);
  Add("firstline_capacity_unit_seconds_total", team, us * agent.units);
}

void FiguresChecker::SetUnits(const std::string& id, const std::string& channel, int32_t by) {
  Agent& agent = agents_[id];
  Integrate(agent, now_);
  agent.used += by;
  agent.channel_used[channel] += by;
}

void FiguresChecker::Hold(Inquiry& inquiry, const std::string& id, const std::string& channel) {
  inquiry.holder = id;
  inquiry.units_held = true;
  SetUnits(id, channel, inquiry.units);
  const Agent& agent = agents_[id];
  const auto limit = agent.channel_units.find(channel);
  const bool fits = agent.used <= agent.units && (limit == agent.channel_units.end() ||
                                                  agent.channel_used.at(channel) <= limit->second);
  const bool may_exceed = std::exchange(inquiry.directed, false);
  if (!fits && !may_exceed) Add("firstline_capacity_violations_total", {{"workspace", workspace_}});
}

// One of several who were asked: the others keep theirs.
void FiguresChecker::ReleaseFrom(Inquiry& inquiry, const std::string& agent) {
  if (inquiry.also_asked.empty()) return Release(inquiry);
  const auto other = std::find(inquiry.also_asked.begin(), inquiry.also_asked.end(), agent);
  if (other != inquiry.also_asked.end()) *other = inquiry.holder;
  if (agents_.count(agent) != 0) SetUnits(agent, inquiry.channel, -inquiry.units);
  inquiry.holder = inquiry.also_asked.back();
  inquiry.also_asked.pop_back();
}

void FiguresChecker::Release(Inquiry& inquiry) {
  if (inquiry.units_held && agents_.count(inquiry.holder) != 0) {
    SetUnits(inquiry.holder, inquiry.channel, -inquiry.units);
  }
  inquiry.units_held = false;
  inquiry.offer_open = false;
  inquiry.holder.clear();
}

int64_t FiguresChecker::HandleTime(const Inquiry& inquiry) const {
  const int64_t until = inquiry.state == Inquiry::kParked ? inquiry.parked_since : now_;
  return until - inquiry.assigned - inquiry.parked_total;
}

// ---- Inquiries --------------------------------------------------------------------------------

void FiguresChecker::ReadSubmitted(const v1::Event& event) {
  Inquiry& inquiry = inquiries_[event.inquiry_id()];
  inquiry = {};
  inquiry.created = inquiry.unanswered_since = now_;
  inquiry.channel = event.inquiry_submitted().inquiry().spec().channel();
}

void FiguresChecker::ReadStep(const v1::Event& event) {
  const std::string step =
      event.has_hold_ended() ? "hold" : std::to_string(event.step_reached().step());
  Add("firstline_route_steps_reached_total",
      Flow(event.queue_id(), inquiries_[event.inquiry_id()].channel), "step", step);
}

void FiguresChecker::ReadLateReply(const v1::Event& event) {
  const LabelMap work = Work(event, inquiries_[event.inquiry_id()]);
  if (event.has_first_reply_warning()) return Add("firstline_first_reply_warnings_total", work);
  Add("firstline_first_reply_timeouts_total", work);
  AddAgent("agent_first_reply_timeouts", event.agent_id());
}

void FiguresChecker::ReadEnqueued(const v1::Event& event) {
  Inquiry& inquiry = inquiries_[event.inquiry_id()];
  const v1::EnqueueCause cause = event.inquiry_enqueued().cause();
  Release(inquiry);
  if (EntersQueue(cause)) {
    if (cause == v1::ENQUEUE_CAUSE_OVERFLOWED) {
      Add("firstline_inquiries_overflowed_out_total", Flow(inquiry.queue, inquiry.channel));
    }
    inquiry.queue = event.queue_id();
    inquiry.entered = now_;
    inquiry.answered_here = false;
    const bool is_human = queues_[inquiry.queue].kind() != v1::QUEUE_KIND_BOT;
    if (is_human && inquiry.human_queue < 0) inquiry.human_queue = now_;
  }
  inquiry.state = Inquiry::kWaiting;
  const LabelMap flow = Flow(inquiry.queue, inquiry.channel);
  Add("firstline_inquiries_enqueued_total", flow, "cause", CauseName(cause));
  if (cause == v1::ENQUEUE_CAUSE_SUBMITTED) Add("firstline_inquiries_submitted_total", flow);
}

void FiguresChecker::ReadOffer(const v1::Event& event) {
  Inquiry& inquiry = inquiries_[event.inquiry_id()];
  const LabelMap work = Work(event, inquiry);
  if (event.has_offer_created()) {
    inquiry.units = event.offer_created().units();
    if (inquiry.offer_open) inquiry.also_asked.push_back(inquiry.holder);
    inquiry.state = Inquiry::kOffered;
    inquiry.offer_open = true;
    Hold(inquiry, event.agent_id(), inquiry.channel);
    return Add("firstline_offers_total", work);
  }
  const std::string outcome = OutcomeName(event.offer_ended().outcome());
  if (outcome.empty()) return;
  if (inquiry.offer_open) ReleaseFrom(inquiry, event.agent_id());
  Add("firstline_offers_ended_total", work, "outcome", outcome);
  AddAgent("agent_offers_ended", event.agent_id(), {{"outcome", outcome}});
}

void FiguresChecker::ReadAssigned(const v1::Event& event) {
  Inquiry& inquiry = inquiries_[event.inquiry_id()];
  const v1::InquiryAssigned& assigned = event.inquiry_assigned();
  const LabelMap work = Work(event, inquiry);
  if (!inquiry.offer_open) {
    inquiry.units = assigned.units();
    Hold(inquiry, event.agent_id(), inquiry.channel);
  }
  inquiry.offer_open = false;
  inquiry.state = Inquiry::kAssigned;
  inquiry.assigned = now_;
  inquiry.parked_total = 0;
  const std::string end = assigned.automatic() ? "auto_accepted" : "accepted";
  Add("firstline_assignments_total", work);
  AddAgent("agent_assignments", event.agent_id());
  if (assigned.cause() != v1::ASSIGNMENT_CAUSE_CLAIMED &&
      assigned.cause() != v1::ASSIGNMENT_CAUSE_DIRECTED) {
    Add("firstline_offers_ended_total", work, "outcome", end);
    AddAgent("agent_offers_ended", event.agent_id(), {{"outcome", end}});
  }
  const bool first = !inquiry.answered_here;
  inquiry.answered_here = true;
  for (const v1::Channel& channel : config_.channels()) {
    const bool is_live = channel.kind() == v1::CHANNEL_KIND_LIVE;
    if (channel.id() == inquiry.channel && is_live) inquiry.unanswered_since = -1;
  }
  if (!first) return;
  const int64_t wait = now_ - inquiry.entered;
  Span("firstline_answered_wait_seconds", work, wait);
  if (!Within(wait, queues_[inquiry.queue].answer_target())) return;
  Add("firstline_answered_within_target_total", work);
}

void FiguresChecker::ReadMessage(const v1::Event& event) {
  Inquiry& inquiry = inquiries_[event.inquiry_id()];
  if (event.message_recorded().author() == v1::AUTHOR_CUSTOMER) {
    if (inquiry.unanswered_since < 0) inquiry.unanswered_since = now_;
    return;
  }
  const int64_t since = inquiry.unanswered_since;
  inquiry.unanswered_since = -1;
  const bool by_person =
      event.message_recorded().author() == v1::AUTHOR_AGENT && agents_[event.agent_id()].is_person;
  if (!by_person || since < 0) return;
  Span("firstline_reply_seconds", Work(event, inquiry), now_ - since);
  SpanAgent("agent_reply", event.agent_id(), now_ - since);
}

void FiguresChecker::ReadFirstResponse(const v1::Event& event) {
  Inquiry& inquiry = inquiries_[event.inquiry_id()];
  const LabelMap work = Work(event, inquiry);
  if (event.first_responded().by() == v1::RESPONDER_BOT) {
    if (inquiry.bot_replied) return;  // once an inquiry
    inquiry.bot_replied = true;
    return Span("firstline_bot_response_seconds", work, now_ - inquiry.created);
  }
  if (inquiry.replied) return;  // once an inquiry, however often it moves
  inquiry.replied = true;
  const google::protobuf::Duration target = queues_[inquiry.queue].first_response_target();
  const std::pair<const char*, int64_t> clocks[] = {{"create", inquiry.created},
                                                    {"human_queue", inquiry.human_queue},
                                                    {"assign", inquiry.assigned}};
  for (const auto& [clock, since] : clocks) {
    if (since < 0) continue;
    LabelMap labels = work;
    labels["clock"] = clock;
    Span("firstline_first_response_seconds", labels, now_ - since);
    if (!Within(now_ - since, target)) continue;
    Add("firstline_first_response_within_target_total", labels);
  }
  SpanAgent("agent_from_assign", event.agent_id(), now_ - inquiry.assigned);
  if (Within(now_ - inquiry.assigned, target)) {
    AddAgent("agent_from_assign_within_target", event.agent_id());
  }
}

void FiguresChecker::ReadParking(const v1::Event& event) {
  Inquiry& inquiry = inquiries_[event.inquiry_id()];
  if (event.has_inquiry_parked()) {
    SetUnits(inquiry.holder, inquiry.channel, -inquiry.units);
    inquiry.units_held = false;
    inquiry.state = Inquiry::kParked;
    inquiry.parked_since = now_;
    return;
  }
  if (!event.inquiry_resumed().to_agent()) return;  // it waits again: the next event says so
  inquiry.state = Inquiry::kAssigned;
  inquiry.parked_total += now_ - inquiry.parked_since;
  Hold(inquiry, event.agent_id(), inquiry.channel);
}

void FiguresChecker::ReadTransferred(const v1::Event& event) {
  Inquiry& inquiry = inquiries_[event.inquiry_id()];
  const std::string from = event.inquiry_transferred().from_queue();
  Add("firstline_inquiries_transferred_out_total", Flow(from, inquiry.channel));
  const bool was_held = inquiry.state == Inquiry::kAssigned || inquiry.state == Inquiry::kParked;
  if (was_held) {
    LabelMap work = Work(event, inquiry);
    work["queue"] = from;
    Span("firstline_handle_seconds", work, HandleTime(inquiry));
    SpanAgent("agent_handle", inquiry.holder, HandleTime(inquiry));
  }
  Release(inquiry);
}

void FiguresChecker::ReadEnded(const v1::Event& event) {
  Inquiry& inquiry = inquiries_[event.inquiry_id()];
  const LabelMap work = Work(event, inquiry);
  const bool was_held = inquiry.state == Inquiry::kAssigned || inquiry.state == Inquiry::kParked;
  std::string outcome = inquiry.replied ? "closed" : "closed_without_reply";
  if (event.has_inquiry_closed() && !inquiry.replied) {
    Add("firstline_inquiries_closed_without_reply_total", work);
  }
  if (was_held) {
    Span("firstline_handle_seconds", work, HandleTime(inquiry));
    SpanAgent("agent_handle", inquiry.holder, HandleTime(inquiry));
    if (event.has_inquiry_closed()) AddAgent("agent_handled", inquiry.holder);
  }
  if (event.has_inquiry_cancelled()) {
    if (!inquiry.replied) Add("firstline_inquiries_unanswered_total", work);
    const int64_t wait = now_ - inquiry.entered;
    const bool left = event.inquiry_cancelled().reason() == v1::CANCEL_REASON_ABANDONED;
    const bool is_short = wait < Us(queues_[inquiry.queue].short_abandon());
    outcome = !left                   ? "cancelled"
              : inquiry.answered_here ? "left"
              : is_short              ? "short_abandoned"
                                      : "abandoned";
    if (left && !inquiry.answered_here) {
      Span("firstline_abandoned_wait_seconds", Flow(inquiry.queue, inquiry.channel), wait);
    }
  }
  Add("firstline_inquiries_ended_total", work, "outcome", outcome);
  inquiry.last_agent = was_held ? inquiry.holder : "";
  // An open offer ends with an event of its own.
  if (!inquiry.offer_open) Release(inquiry);
  inquiry.state = Inquiry::kEnded;
}

void FiguresChecker::ReadFeedback(const v1::Event& event) {
  const Inquiry& inquiry = inquiries_[event.inquiry_id()];
  const v1::Feedback& feedback = event.feedback_recorded().feedback();
  const LabelMap work = Work(event, inquiry);
  Add("firstline_csat_total", work, "score", std::to_string(feedback.csat()));
  AddAgent("agent_csat", inquiry.last_agent, {{"score", std::to_string(feedback.csat())}});
  if (!feedback.has_resolved()) return;
  const std::string resolved = feedback.resolved() ? "yes" : "no";
  Add("firstline_feedback_resolved_total", work, "resolved", resolved);
  AddAgent("agent_feedback_resolved", inquiry.last_agent, {{"resolved", resolved}});
}

void FiguresChecker::ReadWrapUp(const v1::Event& event) {
  auto& wrap_ups = agents_[event.agent_id()].wrap_ups;
  const std::string channel = inquiries_[event.inquiry_id()].channel;
  if (event.has_wrap_up_started()) {
    wrap_ups[event.inquiry_id()] = {now_, event.wrap_up_started().units()};
    return SetUnits(event.agent_id(), channel, event.wrap_up_started().units());
  }
  const auto [since, units] = wrap_ups[event.inquiry_id()];
  wrap_ups.erase(event.inquiry_id());
  SetUnits(event.agent_id(), channel, -units);
  LabelMap work = Flow(event.queue_id(), channel);
  work["team"] = event.team_id();
  Span("firstline_wrap_up_seconds", work, now_ - since);
  SpanAgent("agent_wrap_up", event.agent_id(), now_ - since);
}

}  // namespace firstline::testing
