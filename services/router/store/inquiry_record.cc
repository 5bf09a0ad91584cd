#include "services/router/store/inquiry_record.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "firstline/internal/v1/record.pb.h"
#include "services/router/store/config_record.h"
#include "services/router/store/public_enums.h"
#include "services/router/store/record_format.h"

namespace firstline::store {
namespace {

namespace records = internal::v1;
namespace limits = engine::limits;
using engine::Inquiry;

constexpr uint32_t kMax16 = std::numeric_limits<uint16_t>::max();
constexpr uint32_t kHeld = 1, kReplied = 2, kWarned = 4, kAnsweredHere = 8, kOfferOpen = 16;
constexpr uint32_t kAllFlags = 31;
// Room that keeps sums of times and spans from overflowing.
constexpr int64_t kTimeMaxUs = engine::kNever.us / 4;

// ---- Writing ----

uint32_t FlagsOf(const Inquiry& inquiry) {
  return (inquiry.held ? kHeld : 0) | (inquiry.replied ? kReplied : 0) |
         (inquiry.warned ? kWarned : 0) | (inquiry.answered_here ? kAnsweredHere : 0) |
         (inquiry.offer_open ? kOfferOpen : 0);
}

void WriteTimes(const Inquiry& inquiry, records::InquiryRecord* out) {
  const engine::Time base = inquiry.create_time;
  out->set_create_time_us(base.us);
  out->set_create_when_offset(ToOffset(inquiry.create_when, base));
  out->set_human_queue_offset(ToOffset(inquiry.human_queue_time, base));
  out->set_enqueue_offset(ToOffset(inquiry.enqueue_time, base));
  out->set_offer_offset(ToOffset(inquiry.offer_time, base));
  out->set_assign_offset(ToOffset(inquiry.assign_time, base));
  out->set_first_response_offset(ToOffset(inquiry.first_response_time, base));
  out->set_bot_response_offset(ToOffset(inquiry.bot_response_time, base));
  out->set_unanswered_offset(ToOffset(inquiry.unanswered_since, base));
  out->set_park_offset(ToOffset(inquiry.park_time, base));
  out->set_end_offset(ToOffset(inquiry.end_time, base));
  if (inquiry.arrival_time != base) out->set_arrival_offset(ToOffset(inquiry.arrival_time, base));
  // That of a waiting inquiry follows from its queue.
  const bool is_own = inquiry.state != engine::InquiryState::kWaiting;
  if (is_own && inquiry.deadline != engine::kNever) {
    out->set_deadline_offset(ToOffset(inquiry.deadline, base));
  }
  out->set_parked_total_us(inquiry.parked_total.us);
}

void WritePeople(const engine::Engine& engine, const Inquiry& inquiry,
                 records::InquiryRecord* out) {
  out->set_agent(engine.AgentId(inquiry.agent));
  out->set_offer_number(inquiry.offer_number);
  if (inquiry.offer_agent != inquiry.agent) {
    out->set_offer_agent(engine.AgentId(inquiry.offer_agent));
  }
  const std::vector<engine::AlsoAsked>* others = inquiry.also_asked.get();
  for (std::size_t i = 0; others != nullptr && i < others->size(); ++i) {
    records::AlsoAskedRecord* to = out->add_also_asked();
    to->set_agent(engine.AgentId((*others)[i].agent));
    if (!(*others)[i].open) to->set_outcome(ToProto((*others)[i].outcome));
  }
  out->set_reserved_agent(engine.AgentId(inquiry.reserved));
  out->set_overtakes(inquiry.overtakes);
  for (engine::AgentIx agent : inquiry.preferred) out->add_preferred(engine.AgentId(agent));
  for (const engine::Exception& exception : inquiry.exceptions) {
    records::ExceptionRecord* to = out->add_exceptions();
    to->set_agent(engine.AgentId(exception.agent));
    if (exception.until != engine::kNever) to->set_until_us(exception.until.us);
    to->set_named_by_caller(exception.named_by_caller);
    to->set_last(exception.last);
  }
}

// The engine's defaults are left out: most inquiries have neither outcome nor messages.
void WriteOutcome(const Inquiry& inquiry, records::InquiryRecord* out) {
  static const Inquiry kFresh;
  if (inquiry.offer_outcome != kFresh.offer_outcome) {
    out->set_offer_outcome(ToProto(inquiry.offer_outcome));
  }
  if (inquiry.cancel_reason != kFresh.cancel_reason) {
    out->set_cancel_reason(ToProto(inquiry.cancel_reason));
  }
  if (inquiry.resolution != kFresh.resolution) out->set_resolution(ToProto(inquiry.resolution));
  out->set_csat(inquiry.csat);
  out->set_feedback_resolved(static_cast<uint32_t>(inquiry.feedback_resolved + 1));
  out->set_declines(inquiry.declines);
  out->set_misses(inquiry.misses);
  out->set_transfers(inquiry.transfers);
  out->set_returns(inquiry.returns);
  out->set_reopens(inquiry.reopens);
  for (const Inquiry::Message& message : inquiry.recent_messages) {
    records::RecentMessage* to = out->add_recent_messages();
    to->set_id_hash(message.id_hash);
    to->set_author(ToProto(message.author));
  }
}

// ---- Reading ----

absl::Status CheckRanges(const records::InquiryRecord& record) {
  const bool counts = record.declines() <= kMax16 && record.misses() <= kMax16 &&
                      record.transfers() <= kMax16 && record.returns() <= kMax16 &&
                      record.reopens() <= kMax16;
  if (!counts) return Unreadable("count out of range");
  if (record.units() < 1 || record.units() > uint32_t{limits::kUnitsMax}) {
    return Unreadable("units out of range");
  }
  if (record.priority() > uint32_t{limits::kPriorityMax})
    return Unreadable("priority out of range");
  if (record.step() > limits::kStepsMax) return Unreadable("step out of range");
  if (record.overtakes() > uint32_t{limits::kOvertakesMax}) {
    return Unreadable("overtakes out of range");
  }
  if (record.flags() > kAllFlags) return Unreadable("unknown flags");
  if (record.csat() > 5 || record.feedback_resolved() > 2)
    return Unreadable("feedback out of range");
  if (record.channel().empty() || record.queue().empty()) return Unreadable("no channel or queue");
  if (record.create_time_us() <= 0 || record.create_time_us() > kTimeMaxUs) {
    return Unreadable("creation out of range");
  }
  return absl::OkStatus();
}

absl::Status CheckSizes(const records::InquiryRecord& record) {
  const auto above = [](int size, size_t max) { return static_cast<size_t>(size) > max; };
  if (record.customer().size() > limits::kCustomerBytesMax) return Unreadable("customer too long");
  // Two separators an entry come on top.
  if (record.attributes().size() > limits::kAttributesBytesMax + 2 * limits::kAttributesMax) {
    return Unreadable("attributes too long");
  }
  const std::string& packed = record.attributes();
  const auto ends = std::count(packed.begin(), packed.end(), '\0');
  if (ends % 2 != 0 || (!packed.empty() && packed.back() != '\0')) {
    return Unreadable("attributes are no pairs");
  }
  if (above(record.preferred_size(), limits::kPreferredMax) ||
      above(record.exceptions_size(), limits::kExceptionsMax) ||
      above(record.also_asked_size(), limits::kOfferToMax) ||
      above(record.recent_messages_size(), limits::kRecentMessagesMax)) {
    return Unreadable("a list is too long");
  }
  return absl::OkStatus();
}

// Every offset of a record has to lead to a time the engine can compute with.
bool AreOffsets(const records::InquiryRecord& record) {
  for (int64_t offset :
       {record.create_when_offset(), record.human_queue_offset(), record.enqueue_offset(),
        record.offer_offset(), record.assign_offset(), record.first_response_offset(),
        record.bot_response_offset(), record.unanswered_offset(), record.park_offset(),
        record.end_offset(), record.deadline_offset(), record.parked_total_us(),
        record.arrival_offset()}) {
    if (offset > kTimeMaxUs || offset < -record.create_time_us()) return false;
  }
  return true;
}

void ReadTimes(const records::InquiryRecord& record, Inquiry& inquiry) {
  const engine::Time base{record.create_time_us()};
  inquiry.create_time = base;
  inquiry.create_when = FromOffset(record.create_when_offset(), base);
  inquiry.human_queue_time = FromOffset(record.human_queue_offset(), base);
  inquiry.enqueue_time = FromOffset(record.enqueue_offset(), base);
  inquiry.offer_time = FromOffset(record.offer_offset(), base);
  inquiry.assign_time = FromOffset(record.assign_offset(), base);
  inquiry.first_response_time = FromOffset(record.first_response_offset(), base);
  inquiry.bot_response_time = FromOffset(record.bot_response_offset(), base);
  inquiry.unanswered_since = FromOffset(record.unanswered_offset(), base);
  inquiry.park_time = FromOffset(record.park_offset(), base);
  inquiry.end_time = FromOffset(record.end_offset(), base);
  inquiry.arrival_time =
      record.arrival_offset() == 0 ? base : FromOffset(record.arrival_offset(), base);
  inquiry.deadline =
      record.has_deadline_offset() ? FromOffset(record.deadline_offset(), base) : engine::kNever;
  inquiry.parked_total = {record.parked_total_us()};
}

engine::AgentIx HandleOf(const std::string& agent, engine::Engine& engine) {
  return agent.empty() ? engine::AgentIx{} : engine.AgentHandle(agent);
}

void ReadPeople(const records::InquiryRecord& record, engine::Engine& engine, Inquiry& inquiry) {
  inquiry.agent = HandleOf(record.agent(), engine);
  inquiry.offer_number = record.offer_number();
  inquiry.offer_agent =
      record.has_offer_agent() ? HandleOf(record.offer_agent(), engine) : inquiry.agent;
  inquiry.reserved = HandleOf(record.reserved_agent(), engine);
  inquiry.overtakes = static_cast<uint16_t>(record.overtakes());
  for (const std::string& agent : record.preferred()) {
    inquiry.preferred.push_back(HandleOf(agent, engine));
  }
  for (const records::ExceptionRecord& exception : record.exceptions()) {
    inquiry.exceptions.push_back(
        {.agent = HandleOf(exception.agent(), engine),
         .until = exception.has_until_us() ? engine::Time{exception.until_us()} : engine::kNever,
         .named_by_caller = exception.named_by_caller(),
         .last = exception.last()});
  }
}

// The engine's value when nothing is said; false for a number nobody knows.
template <class Engine, class Proto>
bool ReadEnum(Proto proto, Engine& value) {
  if (proto == Proto{}) return true;
  const auto known = FromProto(proto);
  if (known) value = *known;
  return known.has_value();
}

absl::Status ReadAlsoAsked(const records::InquiryRecord& record, engine::Engine& engine,
                           Inquiry& inquiry) {
  for (const records::AlsoAskedRecord& asked : record.also_asked()) {
    engine::AlsoAsked other{.agent = HandleOf(asked.agent(), engine)};
    other.open = asked.outcome() == v1::OFFER_OUTCOME_UNSPECIFIED;
    if (!ReadEnum(asked.outcome(), other.outcome)) return Unreadable("unknown outcome");
    if (!other.agent.IsSet()) return Unreadable("asks nobody");
    if (other.open && inquiry.state != engine::InquiryState::kOffered) {
      return Unreadable("asks an agent without an offer");
    }
    std::vector<engine::AlsoAsked>& others = inquiry.also_asked.Set();
    const bool twice =
        other.agent == inquiry.agent ||
        std::any_of(others.begin(), others.end(),
                    [&](const engine::AlsoAsked& known) { return known.agent == other.agent; });
    if (other.open && twice) return Unreadable("asks an agent twice");
    others.push_back(other);
  }
  return absl::OkStatus();
}

absl::Status ReadOutcome(const records::InquiryRecord& record, Inquiry& inquiry) {
  const bool known = ReadEnum(record.offer_outcome(), inquiry.offer_outcome) &&
                     ReadEnum(record.cancel_reason(), inquiry.cancel_reason) &&
                     ReadEnum(record.resolution(), inquiry.resolution);
  if (!known) return Unreadable("unknown outcome");
  inquiry.csat = static_cast<uint8_t>(record.csat());
  inquiry.feedback_resolved = static_cast<int8_t>(static_cast<int>(record.feedback_resolved()) - 1);
  inquiry.declines = static_cast<uint16_t>(record.declines());
  inquiry.misses = static_cast<uint16_t>(record.misses());
  inquiry.transfers = static_cast<uint16_t>(record.transfers());
  inquiry.returns = static_cast<uint16_t>(record.returns());
  inquiry.reopens = static_cast<uint16_t>(record.reopens());
  for (const records::RecentMessage& message : record.recent_messages()) {
    const auto author = FromProto(message.author());
    if (!author) return Unreadable("unknown author");
    inquiry.recent_messages.push_back({.id_hash = message.id_hash(), .author = *author});
  }
  return absl::OkStatus();
}

absl::Status CheckState(const records::InquiryRecord& record, engine::InquiryState state) {
  const bool is_held_by_agent = state == engine::InquiryState::kOffered ||
                                state == engine::InquiryState::kAssigned ||
                                state == engine::InquiryState::kParked;
  if (is_held_by_agent && record.agent().empty()) return Unreadable("held by nobody");
  if ((record.flags() & kHeld) && record.preferred().empty()) {
    return Unreadable("waits for nobody");
  }
  if (!record.reserved_agent().empty() && state != engine::InquiryState::kWaiting) {
    return Unreadable("reserves an agent without waiting");
  }
  for (const std::string& agent : record.preferred()) {
    if (agent.empty()) return Unreadable("prefers nobody");
  }
  for (const records::ExceptionRecord& exception : record.exceptions()) {
    if (exception.agent().empty()) return Unreadable("excludes nobody");
  }
  return absl::OkStatus();
}

bool HasDecliner(const Inquiry& inquiry) {
  return std::any_of(inquiry.exceptions.begin(), inquiry.exceptions.end(),
                     [](const engine::Exception& e) { return e.last; });
}

}  // namespace

std::string EncodeInquiry(const engine::Engine& engine, const Inquiry& inquiry) {
  // Kept from one call to the next: cleared, a message keeps what it has allocated.
  thread_local records::InquiryRecord record;
  record.Clear();
  record.set_state(ToProto(inquiry.state));
  record.set_channel(engine.ChannelId(inquiry.channel));
  record.set_queue(engine.QueueId(inquiry.queue));
  record.set_sequence(inquiry.sequence);
  record.set_digest(inquiry.digest);
  const engine::RequirementSpec own = engine.Spec(inquiry.own);
  WriteRecord(own, record.mutable_own());
  record.set_units(inquiry.units);
  record.set_attributes(inquiry.attributes);
  record.set_customer(inquiry.customer);
  record.set_priority(inquiry.priority);
  record.set_step(inquiry.step);
  record.set_flags(FlagsOf(inquiry));
  record.set_step_due(inquiry.step_due);
  WriteTimes(inquiry, &record);
  WritePeople(engine, inquiry, &record);
  WriteOutcome(inquiry, &record);
  return Pack(record, VersionFor(HasPolicies(own) || inquiry.overtakes > 0 ||
                                 inquiry.arrival_time != inquiry.create_time ||
                                 inquiry.also_asked.get() != nullptr || inquiry.step_due ||
                                 HasDecliner(inquiry)));
}

absl::StatusOr<Inquiry> DecodeInquiry(std::string_view id, std::string_view bytes,
                                      engine::Engine& engine) {
  if (id.empty() || id.size() > limits::kIdBytesMax) return Unreadable("id out of bounds");
  thread_local records::InquiryRecord record;
  if (absl::Status status = Unpack(bytes, record); !status.ok()) return status;
  if (absl::Status status = CheckRanges(record); !status.ok()) return status;
  if (absl::Status status = CheckSizes(record); !status.ok()) return status;
  if (!AreOffsets(record)) return Unreadable("time out of range");
  const auto state = FromProto(record.state());
  if (!state) return Unreadable("unknown state");
  if (absl::Status status = CheckState(record, *state); !status.ok()) return status;
  const auto own = ReadRecord(record.own());
  if (!own.ok()) return own.status();

  Inquiry inquiry;
  inquiry.id = std::string(id);
  inquiry.state = *state;
  if (absl::Status status = ReadOutcome(record, inquiry); !status.ok()) return status;
  inquiry.customer = record.customer();
  inquiry.attributes = record.attributes();
  inquiry.channel = engine.ChannelHandle(record.channel());
  inquiry.queue = engine.QueueHandle(record.queue());
  inquiry.units = static_cast<uint16_t>(record.units());
  inquiry.priority = static_cast<uint8_t>(record.priority());
  inquiry.step = static_cast<uint8_t>(record.step());
  inquiry.sequence = record.sequence();
  inquiry.digest = record.digest();
  inquiry.held = record.flags() & kHeld;
  inquiry.replied = record.flags() & kReplied;
  inquiry.warned = record.flags() & kWarned;
  inquiry.answered_here = record.flags() & kAnsweredHere;
  inquiry.offer_open = record.flags() & kOfferOpen;
  inquiry.step_due = record.step_due();
  ReadTimes(record, inquiry);
  // `asked` stays unset: the engine merges the queue's requirement itself.
  inquiry.own = engine.RequirementHandle(*own, inquiry.channel, inquiry.units);
  ReadPeople(record, engine, inquiry);
  if (absl::Status status = ReadAlsoAsked(record, engine, inquiry); !status.ok()) return status;
  return inquiry;
}

}  // namespace firstline::store
