#include "services/router/store/event_codec.h"

#include <google/protobuf/arena.h>

#include <array>
#include <variant>

#include "services/router/store/caller_codec.h"
#include "services/router/store/public_enums.h"
#include "services/router/store/public_messages.h"

namespace firstline::store {
namespace {

using engine::AgentIx;
using engine::InquiryIx;
using engine::QueueIx;

// One overload an event kind.
class Writer {
 public:
  Writer(const engine::Engine& engine, v1::Event* out) : engine_(engine), out_(out) {}

  // ---- The workspace ----

  void operator()(const engine::WorkspaceApplied&) {
    WriteWorkspace(engine_, out_->mutable_workspace_applied()->mutable_workspace());
  }
  void operator()(const engine::AgentUpserted& event) {
    About(event.agent);
    v1::AgentUpserted* to = out_->mutable_agent_upserted();
    WriteMessage(engine_.ConfigOf(event.agent), to->mutable_agent());
    to->set_generation(engine_.counters().config_version);
  }
  void operator()(const engine::AgentDeleted& event) {
    out_->set_agent_id(event.agent_id);
    out_->mutable_agent_deleted()->set_generation(engine_.counters().config_version);
  }
  void operator()(const engine::OwnerChanged& event) {
    v1::OwnerChanged* to = out_->mutable_owner_changed();
    to->set_epoch(event.epoch);
    to->set_address(event.address);
    to->set_previous_event(event.previous_event);
    to->set_lost(event.lost_tail);
  }
  void operator()(const engine::DeadlinesExtended& event) {
    WriteMessage(event.span, out_->mutable_deadlines_extended()->mutable_span());
  }
  void operator()(const engine::RecordQuarantined& event) {
    v1::RecordQuarantined* to = out_->mutable_record_quarantined();
    to->set_table(event.table);
    to->set_key(event.key);
    to->set_detail(event.problem);
  }

  // ---- Inquiries ----

  void WriteHit(const engine::RuleHit& hit) {
    v1::InquirySubmitted* to = out_->mutable_inquiry_submitted();
    to->set_rule(hit.rule);
    for (const engine::RuleMiss& miss : hit.passed_over) {
      v1::RulePassedOver* passed = to->add_passed_over();
      passed->set_rule(miss.rule);
      passed->set_key(miss.key);
    }
  }

  void WriteTrace(const engine::ClassifierTrace& trace) {
    v1::ClassifierTrace* to = out_->mutable_inquiry_submitted()->mutable_classifier();
    to->set_classifier(trace.classifier);
    to->set_outcome(ToProto(trace.outcome));
    to->set_label(trace.label);
    to->set_subject(trace.subject);
  }

  void operator()(const engine::InquirySubmitted& event) {
    const engine::Inquiry& inquiry = About(event.inquiry, engine_.inquiry(event.inquiry).queue);
    v1::Inquiry* to = out_->mutable_inquiry_submitted()->mutable_inquiry();
    WriteSpec(engine_, inquiry, to->mutable_spec());
    if (event.hit.get() != nullptr) WriteHit(*event.hit.get());
    if (event.classifier.get() != nullptr) WriteTrace(*event.classifier.get());
    // As received: what the same command made of it is told by the events that follow.
    to->set_state(v1::INQUIRY_STATE_WAITING);
    to->set_units(inquiry.units);
    WriteMessage(inquiry.create_time, to->mutable_create_time());
    if (inquiry.arrival_time != inquiry.create_time) {
      WriteMessage(inquiry.arrival_time, to->mutable_arrival_time());
    }
    if (inquiry.create_when.IsSet()) {
      WriteMessage(inquiry.create_when, to->mutable_create_when());
    }
    if (inquiry.unanswered_since.IsSet()) {
      WriteMessage(inquiry.unanswered_since, to->mutable_unanswered_since_time());
    }
  }
  void operator()(const engine::InquiryUpdated& event) {
    const engine::Inquiry& inquiry = About(event.inquiry, engine_.inquiry(event.inquiry).queue);
    WriteSpec(engine_, inquiry, out_->mutable_inquiry_updated()->mutable_spec());
  }
  void operator()(const engine::InquiryEnqueued& event) {
    const engine::Inquiry& inquiry = About(event.inquiry, event.queue);
    v1::InquiryEnqueued* to = out_->mutable_inquiry_enqueued();
    to->set_queue(engine_.QueueId(event.queue));
    to->set_cause(ToProto(event.cause));
    to->set_step(inquiry.step);
    WriteMessage(inquiry.enqueue_time, to->mutable_enqueue_time());
    if (inquiry.human_queue_time.IsSet()) {
      WriteMessage(inquiry.human_queue_time, to->mutable_human_queue_time());
    }
    to->set_held(inquiry.held);
  }
  void operator()(const engine::StepReached& event) {
    About(event.inquiry, event.queue);
    out_->mutable_step_reached()->set_step(event.step);
  }
  void operator()(const engine::ReservationChanged& event) {
    About(event.inquiry, event.queue);
    About(event.agent);
    out_->mutable_reservation_changed()->set_reserved(event.reserved);
  }
  void operator()(const engine::HoldEnded& event) {
    About(event.inquiry, event.queue);
    out_->mutable_hold_ended();
  }
  void operator()(const engine::OfferCreated& event) {
    const engine::Inquiry& inquiry = About(event.inquiry, event.queue, event.agent);
    v1::OfferCreated* to = out_->mutable_offer_created();
    to->set_offer_id(OfferId(inquiry.id, event.number));
    WriteMessage(event.expire, to->mutable_expire_time());
    to->set_channel(engine_.ChannelId(inquiry.channel));
    to->set_units(event.units);
  }
  void operator()(const engine::OfferEnded& event) {
    const engine::Inquiry& inquiry = About(event.inquiry, event.queue, event.agent);
    v1::OfferEnded* to = out_->mutable_offer_ended();
    to->set_offer_id(OfferId(inquiry.id, event.number));
    to->set_outcome(ToProto(event.outcome));
  }
  void operator()(const engine::InquiryAssigned& event) {
    const engine::Inquiry& inquiry = About(event.inquiry, event.queue, event.agent);
    v1::InquiryAssigned* to = out_->mutable_inquiry_assigned();
    to->set_offer_id(OfferId(inquiry.id, event.number));
    WriteMessage(event.wait, to->mutable_wait());
    to->set_first(event.first);
    to->set_automatic(event.automatic);
    to->set_cause(ToProto(event.cause));
    to->set_channel(engine_.ChannelId(inquiry.channel));
    to->set_units(event.units);
    const engine::Span target = engine_.queue(event.queue).answer_target;
    to->set_within_target(target.us == 0 || event.wait <= target);  // no target: all are
  }
  void operator()(const engine::FirstReplyWarned& event) {
    About(event.inquiry, event.queue, event.agent);
    out_->mutable_first_reply_warning();
  }
  void operator()(const engine::FirstReplyTimedOut& event) {
    About(event.inquiry, event.queue, event.agent);
    out_->mutable_first_reply_timed_out();
  }
  void operator()(const engine::MessageRecorded& event) {
    About(event.inquiry, event.queue, event.agent);
    v1::MessageRecorded* to = out_->mutable_message_recorded();
    to->set_message_id(event.message_id);
    to->set_author(ToProto(event.author));
    if (event.when.IsSet()) WriteMessage(event.when, to->mutable_when());
    if (event.response.us >= 0) WriteMessage(event.response, to->mutable_response_time());
  }
  void operator()(const engine::FirstResponded& event) {
    About(event.inquiry, event.queue, event.agent);
    v1::FirstResponded* to = out_->mutable_first_responded();
    to->set_by(event.by_bot ? v1::RESPONDER_BOT : v1::RESPONDER_HUMAN);
    if (event.from_create.us >= 0) WriteMessage(event.from_create, to->mutable_from_create());
    if (event.from_human_queue.us >= 0) {
      WriteMessage(event.from_human_queue, to->mutable_from_human_queue());
    }
    if (event.from_assign.us >= 0) WriteMessage(event.from_assign, to->mutable_from_assign());
    WriteMessage(engine_.queue(event.queue).first_response_target, to->mutable_target());
  }
  void operator()(const engine::InquiryParked& event) {
    About(event.inquiry, event.queue, event.agent);
    out_->mutable_inquiry_parked();
  }
  void operator()(const engine::InquiryResumed& event) {
    About(event.inquiry, event.queue, event.agent);
    out_->mutable_inquiry_resumed()->set_to_agent(event.to_agent);
  }
  void operator()(const engine::InquiryTransferred& event) {
    const engine::Inquiry& inquiry = About(event.inquiry, event.from, event.agent);
    v1::InquiryTransferred* to = out_->mutable_inquiry_transferred();
    to->set_from_queue(engine_.QueueId(event.from));
    to->set_to_queue(engine_.QueueId(event.to));
    if (event.agent.IsSet()) WriteMessage(event.handle, to->mutable_handle_time());
    WriteSpec(engine_, inquiry, to->mutable_spec());
  }
  void operator()(const engine::InquiryClosed& event) {
    About(event.inquiry, event.queue, event.agent);
    v1::InquiryClosed* to = out_->mutable_inquiry_closed();
    to->set_resolution(ToProto(event.resolution));
    if (event.agent.IsSet()) WriteMessage(event.handle, to->mutable_handle_time());
    to->set_answered(event.answered);
  }
  void operator()(const engine::InquiryCancelled& event) {
    About(event.inquiry, event.queue, event.agent);
    v1::InquiryCancelled* to = out_->mutable_inquiry_cancelled();
    to->set_reason(ToProto(event.reason));
    WriteMessage(event.wait, to->mutable_wait());
    if (event.agent.IsSet()) WriteMessage(event.handle, to->mutable_handle_time());
    to->set_was_waiting(event.was_waiting);
    to->set_short_abandon(event.is_short);
    to->set_answered(event.answered);
  }
  void operator()(const engine::InquiryDirected& event) {
    About(event.inquiry, event.queue, event.agent);
    v1::InquiryDirected* to = out_->mutable_inquiry_directed();
    to->set_with_offer(event.with_offer);
    for (engine::Override aside : event.overrides) to->add_overrides(ToProto(aside));
    to->set_reason(event.reason);
  }
  void operator()(const engine::InquiryReopened& event) {
    const engine::Inquiry& inquiry = About(event.inquiry, event.queue, event.agent);
    v1::InquiryReopened* to = out_->mutable_inquiry_reopened();
    WriteMessage(event.closed, to->mutable_closed());
    WriteMessage(inquiry.arrival_time, to->mutable_arrival_time());
    WriteSpec(engine_, inquiry, to->mutable_spec());
  }
  void operator()(const engine::InquiryPurged& event) {
    out_->set_inquiry_id(event.inquiry_id);
    out_->mutable_inquiry_purged();
  }
  void operator()(const engine::FeedbackRecorded& event) {
    About(event.inquiry, event.queue, event.agent);
    v1::Feedback* to = out_->mutable_feedback_recorded()->mutable_feedback();
    to->set_csat(event.csat);
    if (event.resolved >= 0) to->set_resolved(event.resolved > 0);
  }

  // ---- Agents ----

  void operator()(const engine::PresenceChanged& event) {
    About(event.agent);
    v1::PresenceChanged* to = out_->mutable_presence_changed();
    to->set_presence(ToProto(event.presence));
    to->set_reason(event.reason);
  }
  void operator()(const engine::SessionOpened& event) {
    About(event.agent);
    out_->mutable_session_opened()->set_session_id(event.session_id);
  }
  void operator()(const engine::SessionEnded& event) {
    About(event.agent);
    v1::SessionClosed* to = out_->mutable_session_closed();
    to->set_session_id(event.session_id);
    to->set_cause(ToProto(event.cause));
  }
  void operator()(const engine::BackOffStarted& event) {
    About(event.agent);
    v1::BackOffStarted* to = out_->mutable_back_off_started();
    WriteMessage(event.until, to->mutable_until_time());
    to->set_misses(event.misses);
    if (event.queue.IsSet()) out_->set_queue_id(engine_.QueueId(event.queue));
  }
  void operator()(const engine::BackOffEnded& event) {
    About(event.agent);
    if (event.queue.IsSet()) out_->set_queue_id(engine_.QueueId(event.queue));
    out_->mutable_back_off_ended();
  }
  void operator()(const engine::WrapUpStarted& event) {
    About(event.agent);
    out_->set_inquiry_id(event.inquiry_id);
    out_->set_queue_id(engine_.QueueId(event.queue));
    v1::WrapUpStarted* to = out_->mutable_wrap_up_started();
    WriteMessage(event.until, to->mutable_until_time());
    to->set_units(event.units);
  }
  void operator()(const engine::WrapUpExtended& event) {
    About(event.agent);
    out_->set_inquiry_id(event.inquiry_id);
    out_->set_queue_id(engine_.QueueId(event.queue));
    v1::WrapUpExtended* to = out_->mutable_wrap_up_extended();
    WriteMessage(event.until, to->mutable_until_time());
    WriteMessage(event.by, to->mutable_by());
  }
  void operator()(const engine::WrapUpFinished& event) {
    About(event.agent);
    out_->set_inquiry_id(event.inquiry_id);
    out_->set_queue_id(engine_.QueueId(event.queue));
    v1::WrapUpFinished* to = out_->mutable_wrap_up_finished();
    WriteMessage(event.duration, to->mutable_duration());
    to->set_early(event.early);
  }

 private:
  void About(AgentIx agent) {
    if (!agent.IsSet()) return;
    out_->set_agent_id(engine_.AgentId(agent));
    const engine::NameIx team = engine_.agent(agent).team;
    if (!team.IsSet()) return;
    out_->set_team_id(engine_.NameText(team));
    out_->set_vendor(engine_.VendorOf(team));
  }
  const engine::Inquiry& About(InquiryIx ix, QueueIx queue, AgentIx agent = {}) {
    const engine::Inquiry& inquiry = engine_.inquiry(ix);
    out_->set_inquiry_id(inquiry.id);
    out_->set_queue_id(engine_.QueueId(queue));
    About(agent);
    return inquiry;
  }

  const engine::Engine& engine_;
  v1::Event* const out_;
};

}  // namespace

void WriteEvent(const engine::Engine& engine, const engine::Event& event, EventId id,
                v1::Event* out) {
  out->set_id(ToString(id));
  WriteMessage(event.time, out->mutable_time());
  out->set_workspace(engine.workspace());
  if (event.caller != nullptr) WriteCaller(*event.caller, out->mutable_caller());
  std::visit(Writer(engine, out), event.body);
}

std::vector<EventEntry> EncodeEvents(const engine::Engine& engine, EventId first) {
  // Messages are built in this block and forgotten; only the largest events go beyond it.
  alignas(8) std::array<char, 4096> block;
  google::protobuf::ArenaOptions options;
  options.initial_block = block.data();
  options.initial_block_size = block.size();
  google::protobuf::Arena arena(options);

  std::vector<EventEntry> entries;
  entries.reserve(engine.events().size());
  EventId id = first;
  for (const engine::Event& event : engine.events()) {
    auto* message = google::protobuf::Arena::CreateMessage<v1::Event>(&arena);
    WriteEvent(engine, event, id, message);
    entries.push_back({id, message->SerializeAsString()});
    arena.Reset();
    ++id.n;
  }
  return entries;
}

}  // namespace firstline::store
