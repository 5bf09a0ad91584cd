#include "services/router/api/convert_view.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "services/router/store/public_enums.h"
#include "services/router/store/public_messages.h"

namespace firstline::api {
namespace {

// Sets a time that has come.
void WriteSet(engine::Time time, google::protobuf::Timestamp* (*make)(v1::Inquiry*),
              v1::Inquiry* out) {
  if (time.IsSet()) store::WriteMessage(time, make(out));
}

void WriteTimes(const engine::Inquiry& inquiry, v1::Inquiry* out) {
  using I = v1::Inquiry;
  store::WriteMessage(inquiry.create_time, out->mutable_create_time());
  if (inquiry.arrival_time != inquiry.create_time) {
    store::WriteMessage(inquiry.arrival_time, out->mutable_arrival_time());
  }
  WriteSet(inquiry.create_when, [](I* i) { return i->mutable_create_when(); }, out);
  WriteSet(inquiry.human_queue_time, [](I* i) { return i->mutable_human_queue_time(); }, out);
  WriteSet(inquiry.enqueue_time, [](I* i) { return i->mutable_enqueue_time(); }, out);
  WriteSet(inquiry.assign_time, [](I* i) { return i->mutable_assign_time(); }, out);
  WriteSet(inquiry.first_response_time, [](I* i) { return i->mutable_first_response_time(); },
           out);
  WriteSet(inquiry.bot_response_time, [](I* i) { return i->mutable_first_bot_response_time(); },
           out);
  WriteSet(inquiry.unanswered_since, [](I* i) { return i->mutable_unanswered_since_time(); }, out);
  WriteSet(inquiry.end_time, [](I* i) { return i->mutable_close_time(); }, out);
  if (inquiry.state == engine::InquiryState::kParked) {
    WriteSet(inquiry.park_time, [](I* i) { return i->mutable_park_time(); }, out);
  }
  if (inquiry.state == engine::InquiryState::kOffered) {
    WriteSet(inquiry.deadline, [](I* i) { return i->mutable_offer_expire_time(); }, out);
  }
}

void WriteOutcome(const engine::Inquiry& inquiry, v1::Inquiry* out) {
  if (inquiry.state == engine::InquiryState::kClosed) {
    out->set_resolution(store::ToProto(inquiry.resolution));
  } else if (inquiry.state == engine::InquiryState::kCancelled) {
    out->set_cancel_reason(store::ToProto(inquiry.cancel_reason));
  }
  if (inquiry.csat == 0) return;
  out->mutable_feedback()->set_csat(inquiry.csat);
  if (inquiry.feedback_resolved >= 0) {
    out->mutable_feedback()->set_resolved(inquiry.feedback_resolved > 0);
  }
}

v1::AgentWork::Kind WorkKind(engine::InquiryState state) {
  switch (state) {
    case engine::InquiryState::kOffered: return v1::AgentWork::KIND_OFFER;
    case engine::InquiryState::kAssigned: return v1::AgentWork::KIND_ASSIGNMENT;
    case engine::InquiryState::kParked: return v1::AgentWork::KIND_PARKED;
    default: return v1::AgentWork::KIND_UNSPECIFIED;
  }
}

void WriteWrapUp(const engine::Engine& engine, const engine::WrapUp& wrap_up,
                 v1::AgentWork* out) {
  out->set_kind(v1::AgentWork::KIND_WRAP_UP);
  out->set_inquiry_id(wrap_up.inquiry_id);
  out->set_channel(engine.ChannelId(wrap_up.channel));
  out->set_queue(engine.QueueId(wrap_up.queue));
  out->set_units(wrap_up.units);
  store::WriteMessage(wrap_up.until, out->mutable_expire_time());
}

v1::ClosedGate* AddGate(v1::Gate gate, v1::AgentStatus* out) {
  v1::ClosedGate* closed = out->add_gates();
  closed->set_gate(gate);
  return closed;
}

// Capacity closes all channels, or those that do not interrupt what the agent does.
void WriteCapacityGates(const engine::Engine& engine, const engine::Agent& agent,
                        v1::AgentStatus* out) {
  const auto& channels = engine.config().channels;
  const auto has_room = [&](const engine::ChannelConfig& channel) {
    const engine::ChannelIx ix = engine.FindChannel(channel.id);
    return engine::UsedAgainst(agent, ix) < agent.units;
  };
  if (agent.used >= agent.units && std::none_of(channels.begin(), channels.end(), has_room)) {
    AddGate(v1::GATE_CAPACITY, out);
    return;
  }
  for (const engine::ChannelConfig& channel : channels) {
    const engine::ChannelIx ix = engine.FindChannel(channel.id);
    if (!has_room(channel)) {
      AddGate(v1::GATE_CAPACITY, out)->set_channel(channel.id);
      continue;
    }
    if (agent.channel_used[ix.value] >= agent.channel_units[ix.value]) {
      AddGate(v1::GATE_CHANNEL_CAPACITY, out)->set_channel(channel.id);
    }
    if (engine.GateOf(agent, ix, 0) == engine::Gate::kExclusive) {
      AddGate(v1::GATE_EXCLUSIVE, out)->set_channel(channel.id);
    }
  }
}

// Not only the first closed gate, which is what the engine asks for, but all of them.
void WriteGates(const engine::Engine& engine, const engine::Agent& agent, v1::AgentStatus* out) {
  if (agent.presence == engine::Presence::kOffline || agent.presence == engine::Presence::kAway) {
    AddGate(v1::GATE_PRESENCE, out);
  }
  if (agent.presence == engine::Presence::kDraining) AddGate(v1::GATE_DRAIN, out);
  if (agent.back_off_until > engine.now()) {
    store::WriteMessage(agent.back_off_until,
                        AddGate(v1::GATE_BACK_OFF, out)->mutable_until_time());
  }
  if (agent.rate_limited_until.IsSet()) {
    v1::ClosedGate* gate = AddGate(v1::GATE_RATE_LIMIT, out);
    if (agent.rate_limited_until != engine::kNever) {
      store::WriteMessage(agent.rate_limited_until, gate->mutable_until_time());
    }
  }
  if (agent.reserved_for.IsSet()) AddGate(v1::GATE_RESERVED, out);
  WriteCapacityGates(engine, agent, out);
  for (const engine::QueueBackOff& back_off : agent.queue_back_offs) {
    if (back_off.until <= engine.now()) continue;
    v1::ClosedGate* gate = AddGate(v1::GATE_BACK_OFF, out);
    gate->set_queue(engine.QueueId(back_off.queue));
    store::WriteMessage(back_off.until, gate->mutable_until_time());
  }
  for (const engine::WrapUp& wrap_up : agent.wrap_ups) {
    if (wrap_up.units != 0) continue;
    v1::ClosedGate* gate = AddGate(v1::GATE_WRAP_UP, out);
    gate->set_queue(engine.QueueId(wrap_up.queue));
    store::WriteMessage(wrap_up.until, gate->mutable_until_time());
  }
  for (const engine::Membership& membership : engine.profile(agent.profile).memberships) {
    if (membership.paused) {
      AddGate(v1::GATE_PAUSED, out)->set_queue(engine.QueueId(membership.queue));
    }
  }
}

void WriteUsed(const engine::Engine& engine, const engine::Agent& agent, v1::AgentStatus* out) {
  out->set_used_units(agent.used);
  for (const engine::ChannelConfig& channel : engine.config().channels) {
    const size_t ix = engine.FindChannel(channel.id).value;
    if (ix < agent.channel_used.size() && agent.channel_used[ix] > 0) {
      (*out->mutable_used_units_per_channel())[channel.id] = agent.channel_used[ix];
    }
  }
}

void WriteSum(const telemetry::Sum& sum, v1::SpanSum* out) {
  out->set_count(sum.count);
  store::WriteMessage({sum.sum}, out->mutable_sum());
}

void WriteClock(const telemetry::ResponseClock& clock, v1::ResponseClock* out) {
  out->set_count(clock.histogram.total.count);
  store::WriteMessage({clock.histogram.total.sum}, out->mutable_sum());
  out->set_within_target(clock.within_target);
  uint64_t cumulative = 0;
  for (uint64_t count : clock.histogram.counts) out->add_bucket_counts(cumulative += count);
}

void WriteOffers(const std::array<uint64_t, telemetry::kOfferEnds>& ends, v1::OfferCounts* out) {
  const auto end = [&](telemetry::OfferEnd e) { return ends[static_cast<size_t>(e)]; };
  out->set_accepted(end(telemetry::OfferEnd::kAccepted));
  out->set_auto_accepted(end(telemetry::OfferEnd::kAutoAccepted));
  out->set_declined(end(telemetry::OfferEnd::kDeclined));
  out->set_expired(end(telemetry::OfferEnd::kExpired));
  out->set_rescinded(end(telemetry::OfferEnd::kRescinded));
  out->set_agent_lost(end(telemetry::OfferEnd::kAgentLost));
  out->set_taken(end(telemetry::OfferEnd::kTaken));
}

double UnitSeconds(int64_t unit_us) { return static_cast<double>(unit_us) / 1e6; }

}  // namespace

void WriteInquiry(const engine::Engine& engine, const engine::Inquiry& inquiry,
                  v1::Inquiry* out) {
  store::WriteSpec(engine, inquiry, out->mutable_spec());
  WriteTimes(inquiry, out);
  WriteOutcome(inquiry, out);
  out->set_state(store::ToProto(inquiry.state));
  out->set_step(inquiry.step);
  out->set_held(inquiry.held);
  out->set_units(engine.requirement(inquiry.asked).units);
  if (inquiry.offer_number > 0) {
    out->set_offer_id(store::OfferId(inquiry.id, inquiry.offer_number));
  }
  out->set_agent_id(engine.AgentId(inquiry.agent));
  const std::vector<engine::AlsoAsked>* others = inquiry.also_asked.get();
  for (std::size_t i = 0; others != nullptr && i < others->size(); ++i) {
    if ((*others)[i].open) out->add_also_offered_to(engine.AgentId((*others)[i].agent));
  }
  v1::InquiryCounts* counts = out->mutable_counts();
  counts->set_offers(static_cast<int32_t>(inquiry.offer_number));
  counts->set_declines(inquiry.declines);
  counts->set_expiries(inquiry.misses);
  counts->set_transfers(inquiry.transfers);
  counts->set_returns(inquiry.returns);
  counts->set_reopens(inquiry.reopens);
}

void WriteWork(const engine::Engine& engine, const engine::Inquiry& inquiry, bool with_inquiry,
               v1::AgentWork* out) {
  out->set_kind(WorkKind(inquiry.state));
  out->set_inquiry_id(inquiry.id);
  if (inquiry.offer_number > 0) {
    out->set_offer_id(store::OfferId(inquiry.id, inquiry.offer_number));
  }
  out->set_channel(engine.ChannelId(inquiry.channel));
  out->set_queue(engine.QueueId(inquiry.queue));
  out->set_units(engine.requirement(inquiry.asked).units);
  if (inquiry.state == engine::InquiryState::kOffered) {
    store::WriteMessage(inquiry.deadline, out->mutable_expire_time());
  }
  if (with_inquiry) WriteInquiry(engine, inquiry, out->mutable_inquiry());
}

void WriteAgentStatus(const engine::Engine& engine, engine::AgentIx ix, bool inquiries,
                      v1::AgentStatus* out) {
  const engine::Agent& agent = engine.agent(ix);
  store::WriteMessage(engine.ConfigOf(ix), out->mutable_agent());
  out->set_presence(store::ToProto(agent.presence));
  out->set_reason(agent.reason);
  for (const engine::Session& session : agent.sessions) out->add_sessions(session.id);
  WriteUsed(engine, agent, out);
  WriteGates(engine, agent, out);
  for (engine::InquiryIx work : agent.work) {
    WriteWork(engine, engine.inquiry(work), inquiries, out->add_work());
  }
  for (const engine::WrapUp& wrap_up : agent.wrap_ups) {
    WriteWrapUp(engine, wrap_up, out->add_work());
  }
  out->set_misses(agent.misses);
  if (agent.presence_since.IsSet()) {
    store::WriteMessage(agent.presence_since, out->mutable_presence_time());
  }
  if (agent.idle_since.IsSet()) {
    store::WriteMessage(agent.idle_since, out->mutable_idle_since_time());
  }
  if (agent.back_off_until > engine.now()) {
    store::WriteMessage(agent.back_off_until, out->mutable_back_off_until_time());
  }
}

void WriteProspect(const engine::Place& place,
                   const std::optional<engine::WaitQuantiles>& expected, v1::Inquiry* out) {
  out->set_place_in_line(static_cast<int>(place.in_line));
  out->set_place_in_queue(static_cast<int>(place.in_queue));
  out->set_places_capped(place.capped);
  if (!expected) return;
  store::WriteMessage(expected->p50, out->mutable_expected_wait_p50());
  store::WriteMessage(expected->p90, out->mutable_expected_wait_p90());
}

void WriteProspect(const engine::Engine& engine, engine::InquiryIx ix, v1::Inquiry* out) {
  if (engine.inquiry(ix).state != engine::InquiryState::kWaiting) return;
  const engine::Place place = engine.PlaceOf(ix);
  WriteProspect(place, engine.ExpectedWait(ix, place, engine.now()), out);
}

void WriteReceipt(const runtime::Done& done, std::string_view inquiry_id, v1::Receipt* out) {
  const engine::Receipt& receipt = done.outcome.receipt;
  out->set_event_cursor(store::ToString(done.cursor));
  store::WriteMessage(receipt.apply_time, out->mutable_apply_time());
  out->set_replayed(receipt.replayed);
  if (inquiry_id.empty()) return;
  out->set_inquiry_state(store::ToProto(receipt.state));
  out->set_agent_id(receipt.agent_id);
  if (receipt.offer_number > 0) {
    out->set_offer_id(store::OfferId(inquiry_id, receipt.offer_number));
  }
}

void WriteQueueStats(const telemetry::QueueFigures& figures, v1::QueueStats* out) {
  out->set_queue(figures.now.queue);
  store::WriteMessage(figures.since, out->mutable_since_time());
  out->set_waiting(figures.now.waiting);
  store::WriteMessage({figures.now.oldest_waiting_us}, out->mutable_oldest_waiting());
  out->set_offered(figures.now.offered);
  out->set_assigned(figures.now.assigned);
  out->set_parked(figures.now.parked);
  if (figures.now.expected_wait) {
    store::WriteMessage(figures.now.expected_wait->p50, out->mutable_expected_wait_p50());
    store::WriteMessage(figures.now.expected_wait->p90, out->mutable_expected_wait_p90());
  }
  out->set_wait_predictions(figures.wait_predictions);
  out->set_wait_within_p50(figures.wait_within_p50);
  out->set_wait_within_p90(figures.wait_within_p90);
  if (figures.now.agents_available) out->set_agents_available(*figures.now.agents_available);
  out->set_submitted(figures.submitted);
  out->set_answered(figures.answered);
  out->set_answered_within_target(figures.answered_within_target);
  out->set_abandoned(figures.abandoned);
  out->set_short_abandoned(figures.short_abandoned);
  out->set_cancelled(figures.cancelled);
  out->set_transferred_out(figures.transferred_out);
  out->set_overflowed_out(figures.overflowed_out);
  out->set_closed(figures.closed);
  out->set_closed_without_reply(figures.closed_without_reply);
  out->set_unanswered(figures.unanswered);
  out->set_first_reply_timeouts(figures.first_reply_timeouts);
  out->set_first_reply_warnings(figures.first_reply_warnings);
  const auto clock = [&](telemetry::Clock c) {
    return figures.first_response[static_cast<size_t>(c)];
  };
  WriteClock(clock(telemetry::Clock::kCreate), out->mutable_frt_from_create());
  WriteClock(clock(telemetry::Clock::kHumanQueue), out->mutable_frt_from_human_queue());
  WriteClock(clock(telemetry::Clock::kAssign), out->mutable_frt_from_assign());
  WriteSum(figures.bot_response, out->mutable_bot_response());
  WriteSum(figures.reply, out->mutable_response());
  WriteSum(figures.answered_wait, out->mutable_answered_wait());
  WriteSum(figures.abandoned_wait, out->mutable_abandoned_wait());
  WriteSum(figures.handle, out->mutable_handle());
  WriteOffers(figures.offer_ends, out->mutable_offers());
}

void WriteAgentStats(const telemetry::AgentFigures& figures, v1::AgentStats* out) {
  out->set_agent_id(figures.agent_id);
  store::WriteMessage(figures.since, out->mutable_since_time());
  WriteOffers(figures.offer_ends, out->mutable_offers());
  out->set_assignments(figures.assignments);
  out->set_first_reply_timeouts(figures.first_reply_timeouts);
  out->set_handled(figures.handled);
  WriteSum(figures.handle, out->mutable_handle());
  WriteSum(figures.wrap_up, out->mutable_wrap_up());
  WriteSum(figures.reply, out->mutable_response());
  WriteClock(figures.from_assign, out->mutable_frt_from_assign());
  store::WriteMessage({figures.logged_in_us}, out->mutable_logged_in());
  out->set_busy_unit_seconds(UnitSeconds(figures.busy_unit_us));
  out->set_capacity_unit_seconds(UnitSeconds(figures.capacity_unit_us));
  out->set_csat_count(figures.csat.count);
  out->set_csat_sum(static_cast<uint64_t>(figures.csat.sum));
  out->set_feedback_resolved(figures.feedback_resolved);
  out->set_feedback_unresolved(figures.feedback_unresolved);
}

}  // namespace firstline::api
