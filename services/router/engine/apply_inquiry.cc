// Commands about inquiries. Each handler checks everything before it changes anything.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "services/router/engine/impl.h"

namespace firstline::engine {
namespace {

bool AttributesFit(const Attributes& attributes) {
  size_t bytes = 0;
  for (size_t i = 0; i < attributes.size(); ++i) {
    const auto& [key, value] = attributes[i];
    bytes += key.size() + value.size();
    if (key.empty() || key.find('\0') != std::string::npos) return false;
    if (value.find('\0') != std::string::npos) return false;
    if (i > 0 && attributes[i - 1].first >= key) return false;
  }
  return attributes.size() <= limits::kAttributesMax && bytes <= limits::kAttributesBytesMax;
}

}  // namespace

uint64_t HashOf(std::string_view text) {
  uint64_t hash = 14695981039346656037u;
  for (char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * 1099511628211u;
  return hash;
}

bool Engine::Impl::WhenIsPlausible(const Command& command, Time create) const {
  if (!command.when.IsSet()) return true;
  return command.when >= create && command.when <= now + Microseconds(limits::kWhenToleranceUs);
}

InquiryIx Engine::Impl::FindForCommand(std::string_view id, const Command& command,
                                       Outcome& outcome) const {
  if (!IsId(id)) {
    outcome = Reject(Rejection::kInvalidField, "inquiry_id");
    return {};
  }
  const InquiryIx ix{world.inquiries.index.Find(id)};
  if (!ix.IsSet()) {
    outcome = Reject(Rejection::kUnknownInquiry, id);
    return {};
  }
  const Inquiry& inquiry = world.inquiry(ix);
  if (!WhenIsPlausible(command, std::min(inquiry.create_when, inquiry.create_time))) {
    outcome = Reject(Rejection::kWhenOutOfRange, "when");
    return {};
  }
  return ix;
}

// ---- Submit -------------------------------------------------------------------------------------

Outcome Engine::Impl::CheckSubmit(const Submit& c, const Command& command) const {
  if (!IsId(c.inquiry_id)) return Reject(Rejection::kInvalidField, "inquiry_id");
  if (!IsId(c.channel)) return Reject(Rejection::kInvalidField, "channel");
  const bool classified =
      c.queue.empty() && (!world.config.rules.empty() || world.config.external);
  if (!IsId(c.queue) && !classified) return Reject(Rejection::kInvalidField, "queue");
  std::string subject;
  if (Rejection r = CheckSpec(c.requirement, &subject); r != Rejection::kNone) {
    return Reject(r, subject);
  }
  if (c.priority < 0 || c.priority > limits::kPriorityMax) {
    return Reject(Rejection::kInvalidField, "priority");
  }
  if (c.units < 0 || c.units > limits::kUnitsMax) return Reject(Rejection::kInvalidField, "units");
  if (c.customer.size() > limits::kCustomerBytesMax) {
    return Reject(Rejection::kInvalidField, "customer");
  }
  if (!AttributesFit(c.attributes)) return Reject(Rejection::kInvalidField, "attributes");
  if (c.preferred_agents.size() > limits::kPreferredMax) {
    return Reject(Rejection::kInvalidField, "preferred_agents");
  }
  if (c.excluded_agents.size() > limits::kExcludedMax) {
    return Reject(Rejection::kInvalidField, "excluded_agents");
  }
  if (!WhenIsPlausible(command, now - Microseconds(limits::kSpanMaxUs))) {
    return Reject(Rejection::kWhenOutOfRange, "when");
  }
  for (const auto* list : {&c.preferred_agents, &c.excluded_agents}) {
    for (const std::string& id : *list) {
      if (!FindLiveAgent(id).IsSet()) return Reject(Rejection::kUnknownAgent, id);
    }
  }
  if (!classified && !FindLiveQueue(c.queue).IsSet()) {
    return Reject(Rejection::kUnknownQueue, c.queue);
  }
  if (!FindLiveChannel(c.channel).IsSet()) return Reject(Rejection::kUnknownChannel, c.channel);
  return {};
}

Outcome Engine::Impl::CheckRoom(const Submit& c, QueueIx queue) const {
  const QueueSlot& slot = world.queue(queue);
  const size_t length_max = slot.config.max_length != 0 ? slot.config.max_length
                                                        : limits::kQueueLengthMax;
  if (slot.waiting >= length_max) return Reject(Rejection::kQueueFull, c.queue);
  if (world.open_inquiries >= limits::kOpenInquiriesMax) {
    return Reject(Rejection::kTooManyInquiries, c.inquiry_id);
  }
  if (Rejection r = CheckNewNames(c.requirement); r != Rejection::kNone) {
    return Reject(r, "requirement");
  }
  return {};
}

// A suspended queue waits for its agents, whoever is there.
bool Engine::Impl::IsStaffed(const Submit& c, QueueIx queue) const {
  const QueueSlot& slot = world.queue(queue);
  if (slot.config.suspended) return true;
  // A name nobody knows has no handle, which no profile holds.
  Requirement asked =
      Canonical(c.requirement, [this](std::string_view name) { return world.names.Find(name); });
  MergeInto(asked, slot.requirement);
  return std::any_of(slot.audiences.begin(), slot.audiences.end(), [&](const Audience& audience) {
    return matcher.HasStaff(audience, asked);
  });
}

// ---- Changes ------------------------------------------------------------------------------------

Outcome Engine::Impl::Do(const Update& c, const Command& command) {
  Outcome outcome;
  if (c.priority && (*c.priority < 0 || *c.priority > limits::kPriorityMax)) {
    return Reject(Rejection::kInvalidField, "priority");
  }
  std::string subject;
  if (c.requirement) {
    if (Rejection r = CheckSpec(*c.requirement, &subject); r != Rejection::kNone) {
      return Reject(r, subject);
    }
  }
  if (c.customer && c.customer->size() > limits::kCustomerBytesMax) {
    return Reject(Rejection::kInvalidField, "customer");
  }
  if (c.attributes && !AttributesFit(*c.attributes)) {
    return Reject(Rejection::kInvalidField, "attributes");
  }
  if (c.preferred_agents && c.preferred_agents->size() > limits::kPreferredMax) {
    return Reject(Rejection::kInvalidField, "preferred_agents");
  }
  const InquiryIx ix = FindForCommand(c.inquiry_id, command, outcome);
  if (!ix.IsSet()) return outcome;
  for (const std::string& id : c.preferred_agents.value_or(std::vector<std::string>{})) {
    if (!FindLiveAgent(id).IsSet()) return Reject(Rejection::kUnknownAgent, id);
  }
  Inquiry& inquiry = world.inquiry(ix);
  if (IsEnded(inquiry.state)) return Reject(Rejection::kInquiryEnded, c.inquiry_id);
  if (c.requirement) {
    if (Rejection r = CheckNewNames(*c.requirement); r != Rejection::kNone) {
      return Reject(r, "requirement");
    }
  }

  const bool reorders = c.priority || c.requirement || c.preferred_agents;
  const bool queued = inquiry.state == InquiryState::kWaiting ||
                      inquiry.state == InquiryState::kOffered;
  if (reorders && queued) {
    if (inquiry.state == InquiryState::kOffered) {
      EndOffer(ix, OfferOutcome::kRescinded);
      LeaveAgent(ix, false);
    }
    LeaveLine(ix);
  }
  if (c.priority) inquiry.priority = static_cast<uint8_t>(*c.priority);
  if (c.customer) {
    Forget(ix);
    inquiry.customer = *c.customer;
    Remember(ix);
  }
  if (c.attributes) inquiry.attributes = PackAttributes(*c.attributes);
  if (c.requirement) {
    const RequirementIx before = inquiry.own;
    inquiry.own = AcquireRequirement(*c.requirement, inquiry.channel, inquiry.units);
    world.requirements.Release(before);
    SetAsked(ix);
  }
  if (c.preferred_agents) {
    inquiry.preferred.clear();
    for (const std::string& id : *c.preferred_agents) {
      const AgentIx agent = FindLiveAgent(id);
      if (std::find(inquiry.preferred.begin(), inquiry.preferred.end(), agent) ==
          inquiry.preferred.end()) {
        inquiry.preferred.push_back(agent);
      }
    }
  }
  Touch(ix);
  Emit(InquiryUpdated{ix});
  if (reorders && queued) {
    inquiry.held = false;
    Wait(ix, EnqueueCause::kUpdated);
  }
  return Done(ix);
}

Outcome Engine::Impl::Do(const Cancel& c, const Command& command) {
  Outcome outcome;
  const InquiryIx ix = FindForCommand(c.inquiry_id, command, outcome);
  if (!ix.IsSet()) return outcome;
  const Inquiry& inquiry = world.inquiry(ix);
  if (inquiry.state == InquiryState::kCancelled && inquiry.cancel_reason == c.reason) {
    return Done(ix, true);
  }
  if (IsEnded(inquiry.state)) return Reject(Rejection::kInquiryEnded, c.inquiry_id);
  Cancelled(ix, c.reason);
  return Done(ix);
}

// Why `agent_id` (empty: the platform) cannot act as who has the inquiry.
Rejection Engine::Impl::CheckHolder(const std::string& agent_id, const Inquiry& inquiry) const {
  if (agent_id.empty()) return Rejection::kNone;
  if (inquiry.state != InquiryState::kAssigned && inquiry.state != InquiryState::kParked) {
    return Rejection::kInquiryNotAssigned;
  }
  return world.agent(inquiry.agent).id == agent_id ? Rejection::kNone : Rejection::kNotAssignee;
}

Outcome Engine::Impl::Do(const Transfer& c, const Command& command) {
  Outcome outcome;
  std::string subject;
  if (c.requirement) {
    if (Rejection r = CheckSpec(*c.requirement, &subject); r != Rejection::kNone) {
      return Reject(r, subject);
    }
  }
  const InquiryIx ix = FindForCommand(c.inquiry_id, command, outcome);
  if (!ix.IsSet()) return outcome;
  AgentIx preferred;
  if (!c.preferred_agent.empty()) {
    preferred = FindLiveAgent(c.preferred_agent);
    if (!preferred.IsSet()) return Reject(Rejection::kUnknownAgent, c.preferred_agent);
  }
  Inquiry& inquiry = world.inquiry(ix);
  const QueueIx to = c.queue.empty() ? inquiry.queue : FindLiveQueue(c.queue);
  if (!to.IsSet()) return Reject(Rejection::kUnknownQueue, c.queue);
  if (IsEnded(inquiry.state)) return Reject(Rejection::kInquiryEnded, c.inquiry_id);
  if (Rejection r = CheckHolder(c.agent_id, inquiry); r != Rejection::kNone) {
    return Reject(r, r == Rejection::kInquiryNotAssigned ? c.inquiry_id : c.agent_id);
  }
  const QueueSlot& target = world.queue(to);
  const bool leaves_it = to == inquiry.queue && inquiry.state == InquiryState::kWaiting;
  if (target.config.max_length != 0 && !leaves_it && target.waiting >= target.config.max_length) {
    return Reject(Rejection::kQueueFull, c.queue);
  }
  if (c.requirement) {
    if (Rejection r = CheckNewNames(*c.requirement); r != Rejection::kNone) {
      return Reject(r, "requirement");
    }
  }

  if (inquiry.state == InquiryState::kOffered) EndOffer(ix, OfferOutcome::kRescinded);
  const bool held_by_agent = inquiry.state == InquiryState::kAssigned ||
                             inquiry.state == InquiryState::kParked;
  const AgentIx agent = held_by_agent ? inquiry.agent : AgentIx{};
  Emit(InquiryTransferred{ix, inquiry.queue, to, agent, HandleTime(inquiry)});
  LeaveLine(ix);
  LeaveAgent(ix, true);
  std::erase_if(inquiry.exceptions, [](const Exception& e) { return !e.named_by_caller; });
  if (agent.IsSet() && agent != preferred) AddException(inquiry, agent, kNever);
  if (c.requirement) {
    const RequirementIx before = inquiry.own;
    inquiry.own = AcquireRequirement(*c.requirement, inquiry.channel, inquiry.units);
    world.requirements.Release(before);
  }
  inquiry.preferred.clear();
  if (preferred.IsSet()) inquiry.preferred.push_back(preferred);
  ++inquiry.transfers;
  EnterQueue(ix, to, EnqueueCause::kTransferred);
  return Done(ix);
}

// ---- Conversation -------------------------------------------------------------------------------

Outcome Engine::Impl::Do(const RecordMessage& c, const Command& command) {
  if (!IsId(c.message_id)) return Reject(Rejection::kInvalidField, "message_id");
  if (c.author == Author::kAgent && c.agent_id.empty()) {
    return Reject(Rejection::kInvalidField, "agent_id");
  }
  Outcome outcome;
  const InquiryIx ix = FindForCommand(c.inquiry_id, command, outcome);
  if (!ix.IsSet()) return outcome;
  Inquiry& inquiry = world.inquiry(ix);
  const uint64_t hash = HashOf(c.message_id);
  auto known = std::find_if(inquiry.recent_messages.begin(), inquiry.recent_messages.end(),
                            [&](const Inquiry::Message& m) { return m.id_hash == hash; });
  if (known != inquiry.recent_messages.end()) {
    if (known->author == c.author) return Done(ix, true);
    return Reject(Rejection::kMessageIdReused, c.message_id);
  }
  const AgentIx agent = c.agent_id.empty() ? AgentIx{} : FindLiveAgent(c.agent_id);
  if (!c.agent_id.empty() && !agent.IsSet()) return Reject(Rejection::kUnknownAgent, c.agent_id);
  if (IsEnded(inquiry.state)) return Reject(Rejection::kInquiryEnded, c.inquiry_id);
  if (c.author == Author::kAgent) {
    if (inquiry.state != InquiryState::kAssigned) {
      return Reject(Rejection::kInquiryNotAssigned, c.inquiry_id);
    }
    if (inquiry.agent != agent) return Reject(Rejection::kNotAssignee, c.agent_id);
  }

  if (inquiry.recent_messages.size() >= limits::kRecentMessagesMax) {
    inquiry.recent_messages.erase(inquiry.recent_messages.begin());
  }
  inquiry.recent_messages.push_back({hash, c.author});
  const bool by_person = c.author == Author::kAgent &&
                         world.agent(agent).kind == AgentKind::kPerson;
  const bool is_reply = c.author != Author::kCustomer;
  const Span response = is_reply && inquiry.unanswered_since.IsSet()
                            ? now - inquiry.unanswered_since
                            : Microseconds(-1);
  if (is_reply) inquiry.unanswered_since = {};
  if (!is_reply && !inquiry.unanswered_since.IsSet()) inquiry.unanswered_since = now;
  Touch(ix);
  Emit(MessageRecorded{ix, inquiry.queue, agent, c.author, c.message_id,
                       command.when.IsSet() ? command.when : now, response});
  if (c.author == Author::kAgent && !by_person) Answered(agent, inquiry.queue);
  if (by_person) {
    if (!inquiry.replied) SetDeadline(ix, kNever);
    ReplyByPerson(ix, agent);
  } else if (is_reply && !inquiry.bot_response_time.IsSet()) {
    inquiry.bot_response_time = now;
    const Span from_assign = inquiry.state == InquiryState::kAssigned
                                 ? now - inquiry.assign_time
                                 : Microseconds(-1);
    Emit(FirstResponded{ix, inquiry.queue, agent, true, now - inquiry.create_time,
                        Microseconds(-1), from_assign});
  }
  if (!is_reply && inquiry.state == InquiryState::kParked) ResumeParked(ix);
  return Done(ix);
}

Outcome Engine::Impl::Do(const Park& c, const Command& command) {
  Outcome outcome;
  const InquiryIx ix = FindForCommand(c.inquiry_id, command, outcome);
  if (!ix.IsSet()) return outcome;
  Inquiry& inquiry = world.inquiry(ix);
  if (IsEnded(inquiry.state)) return Reject(Rejection::kInquiryEnded, c.inquiry_id);
  if (Rejection r = CheckHolder(c.agent_id, inquiry); r != Rejection::kNone) {
    return Reject(r, r == Rejection::kInquiryNotAssigned ? c.inquiry_id : c.agent_id);
  }
  if (inquiry.state == InquiryState::kParked) return Done(ix, true);
  if (inquiry.state != InquiryState::kAssigned) {
    return Reject(Rejection::kInquiryNotAssigned, c.inquiry_id);
  }
  if (world.channel(inquiry.channel).kind != ChannelKind::kMessaging) {
    return Reject(Rejection::kChannelNotMessaging, c.inquiry_id);
  }
  SetDeadline(ix, kNever);
  GiveUnits(ix, inquiry.agent);
  SetState(ix, InquiryState::kParked);
  inquiry.park_time = now;
  Emit(InquiryParked{ix, inquiry.queue, inquiry.agent});
  NoteIdle(inquiry.agent);
  AgentChanged(inquiry.agent);
  return Done(ix);
}

Outcome Engine::Impl::Do(const Resume& c, const Command& command) {
  Outcome outcome;
  const InquiryIx ix = FindForCommand(c.inquiry_id, command, outcome);
  if (!ix.IsSet()) return outcome;
  const InquiryState state = world.inquiry(ix).state;
  if (IsEnded(state)) return Reject(Rejection::kInquiryEnded, c.inquiry_id);
  if (Rejection r = CheckHolder(c.agent_id, world.inquiry(ix)); r != Rejection::kNone) {
    return Reject(r, r == Rejection::kInquiryNotAssigned ? c.inquiry_id : c.agent_id);
  }
  if (state != InquiryState::kParked) return Reject(Rejection::kInquiryNotParked, c.inquiry_id);
  ResumeParked(ix);
  return Done(ix);
}

Outcome Engine::Impl::Do(const Close& c, const Command& command) {
  Outcome outcome;
  const InquiryIx ix = FindForCommand(c.inquiry_id, command, outcome);
  if (!ix.IsSet()) return outcome;
  Inquiry& inquiry = world.inquiry(ix);
  AgentIx by;
  if (!c.agent_id.empty()) {
    by = FindLiveAgent(c.agent_id);
    if (!by.IsSet()) return Reject(Rejection::kUnknownAgent, c.agent_id);
  }
  if (inquiry.state == InquiryState::kClosed && inquiry.resolution == c.resolution) {
    return Done(ix, true);
  }
  if (IsEnded(inquiry.state)) return Reject(Rejection::kInquiryEnded, c.inquiry_id);
  const bool held_by_agent = inquiry.state == InquiryState::kAssigned ||
                             inquiry.state == InquiryState::kParked;
  if (by.IsSet() && !held_by_agent) return Reject(Rejection::kInquiryNotAssigned, c.inquiry_id);
  if (by.IsSet() && inquiry.agent != by) return Reject(Rejection::kNotAssignee, c.agent_id);
  Closed(ix, c.resolution);
  return Done(ix);
}

Outcome Engine::Impl::Do(const RecordFeedback& c, const Command& command) {
  if (c.csat < 1 || c.csat > 5) return Reject(Rejection::kInvalidField, "csat");
  Outcome outcome;
  const InquiryIx ix = FindForCommand(c.inquiry_id, command, outcome);
  if (!ix.IsSet()) return outcome;
  Inquiry& inquiry = world.inquiry(ix);
  if (inquiry.state != InquiryState::kClosed) {
    return Reject(Rejection::kInquiryNotEnded, c.inquiry_id);
  }
  const auto resolved = static_cast<int8_t>(c.resolved ? (*c.resolved ? 1 : 0) : -1);
  if (inquiry.csat != 0) {
    if (inquiry.csat == c.csat && inquiry.feedback_resolved == resolved) return Done(ix, true);
    return Reject(Rejection::kFeedbackGiven, c.inquiry_id);
  }
  inquiry.csat = static_cast<uint8_t>(c.csat);
  inquiry.feedback_resolved = resolved;
  Touch(ix);
  Emit(FeedbackRecorded{ix, inquiry.queue, inquiry.agent, inquiry.csat, resolved});
  return Done(ix);
}

}  // namespace firstline::engine
