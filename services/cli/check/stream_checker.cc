// The fold: from events to the public state. Agents are in stream_agents.cc, the rules that judge it in
// judgement.cc.
#include "services/cli/check/stream_checker.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <utility>

namespace firstline::check {
namespace {

constexpr int kPreferredMax = 8;  // of InquirySpec.preferred_agents

std::int64_t Microseconds(const google::protobuf::Timestamp& time) {
  return time.seconds() * 1'000'000 + time.nanos() / 1000;
}

bool ParseNumber(std::string_view text, std::uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

bool ParseId(const std::string& id, std::uint64_t& epoch, std::uint64_t& number) {
  const std::size_t dash = id.find('-');
  if (dash == std::string::npos) return false;
  return ParseNumber(std::string_view(id).substr(0, dash), epoch) &&
         ParseNumber(std::string_view(id).substr(dash + 1), number);
}

// Equal for equal content: map fields are written in a fixed order.
std::size_t DigestOf(const v1::Event& event) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    event.SerializeToCodedStream(&coded);
  }
  return std::hash<std::string>()(bytes);
}

}  // namespace

std::string_view StreamChecker::Name(State state) {
  switch (state) {
    case State::kBetween: return "between two states";
    case State::kWaiting: return "waiting";
    case State::kOffered: return "offered";
    case State::kAccepted: return "accepted";
    case State::kAssigned: return "assigned";
    case State::kParked: return "parked";
    case State::kEnded: return "ended";
  }
  return "";
}

// ---- The stream ---------------------------------------------------------------------------------

void StreamChecker::Add(const v1::Event& event) {
  at_ = event.id();
  if (!TakeId(event)) return;
  ++totals_.events;
  TakeTime(event);
  Dispatch(event);
}

bool StreamChecker::TakeId(const v1::Event& event) {
  std::uint64_t epoch = 0, number = 0;
  if (!ParseId(event.id(), epoch, number)) {
    Accuse(Rule::kStream, "", "", "'" + event.id() + "' is no id of an event");
    return false;
  }
  const std::size_t digest = DigestOf(event);
  if (std::pair(epoch, number) <= std::pair(last_epoch_, last_number_)) {
    CheckRepeat(epoch, number, digest);
    return false;
  }
  CheckLineage(event, epoch, number);
  taken_.push_back({epoch, number, digest});
  last_epoch_ = epoch;
  last_number_ = number;
  last_id_ = event.id();
  return true;
}

void StreamChecker::CheckRepeat(std::uint64_t epoch, std::uint64_t number, std::size_t digest) {
  const auto found = std::lower_bound(
      taken_.begin(), taken_.end(), std::pair(epoch, number), [](const Taken& t, const auto& id) {
        return std::pair(t.epoch, t.number) < id;
      });
  const bool known =
      found != taken_.end() && found->epoch == epoch && found->number == number;
  if (known && found->digest == digest) {
    ++totals_.repeats;
    return;
  }
  Accuse(Rule::kStream, "", "",
         known ? "an id that was used for another event before" : "an id out of order, after " +
                                                                       last_id_);
}

void StreamChecker::CheckLineage(const v1::Event& event, std::uint64_t epoch,
                                 std::uint64_t number) {
  const bool new_epoch = epoch != last_epoch_;
  if (number != (new_epoch ? 1 : last_number_ + 1)) {
    Accuse(Rule::kStream, "", "", "events are missing after " + (last_id_.empty() ? "the beginning"
                                                                                  : last_id_));
  }
  if (!new_epoch) return;
  if (!event.has_owner_changed()) {
    Accuse(Rule::kStream, "", "", "an epoch that does not begin with OwnerChanged");
    return;
  }
  if (event.owner_changed().lost()) {
    Accuse(Rule::kLost, "", "", "the router says that acknowledged work may be missing");
  } else if (event.owner_changed().previous_event() != last_id_) {
    Accuse(Rule::kStream, "", "", "follows '" + event.owner_changed().previous_event() +
                                      "', but the event before was '" + last_id_ + "'");
  }
}

void StreamChecker::TakeTime(const v1::Event& event) {
  const std::int64_t time_us = Microseconds(event.time());
  if (time_us < now_us_) {
    Accuse(Rule::kTime, event.inquiry_id(), event.agent_id(), "workspace time went back");
    return;
  }
  if (time_us > now_us_) JudgeInstant();
  now_us_ = time_us;
}

void StreamChecker::Dispatch(const v1::Event& event) {
  switch (event.kind_case()) {
    case v1::Event::kWorkspaceApplied: return OnWorkspace(event.workspace_applied().workspace());
    case v1::Event::kAgentUpserted: return OnAgent(event.agent_upserted().agent());
    case v1::Event::kAgentDeleted: return OnAgentDeleted(event.agent_id());
    case v1::Event::kInquirySubmitted: return OnSubmitted(event);
    case v1::Event::kPresenceChanged:
    case v1::Event::kBackOffStarted:
    case v1::Event::kBackOffEnded:
    case v1::Event::kWrapUpStarted:
    case v1::Event::kWrapUpFinished: return OnAgentEvent(event);
    case v1::Event::kRecordQuarantined:
      Accuse(Rule::kLost, event.record_quarantined().key(), "",
             "a record could not be read: " + event.record_quarantined().detail());
      return;
    default:
      if (!event.inquiry_id().empty()) DispatchInquiry(event);
  }
}

void StreamChecker::DispatchInquiry(const v1::Event& event) {
  const auto found = cases_.find(event.inquiry_id());
  if (found == cases_.end()) {
    Accuse(Rule::kPlace, event.inquiry_id(), event.agent_id(),
           "an event of an inquiry that is not there");
    return;
  }
  Case& inquiry = found->second;
  switch (event.kind_case()) {
    case v1::Event::kInquiryUpdated: return OnUpdated(event.inquiry_updated().spec(), inquiry);
    case v1::Event::kInquiryEnqueued: return OnEnqueued(event.inquiry_enqueued(), inquiry);
    case v1::Event::kStepReached: return OnStep(event.step_reached().step(), inquiry);
    case v1::Event::kHoldEnded:
      inquiry.held = false;
      touched_.insert(event.inquiry_id());
      return;
    case v1::Event::kReservationChanged: return OnReservation(event);
    case v1::Event::kOfferCreated: return OnOffer(event, inquiry);
    case v1::Event::kOfferEnded: return OnOfferEnded(event, inquiry);
    case v1::Event::kInquiryAssigned: return OnAssigned(event, inquiry);
    case v1::Event::kFirstReplyTimedOut: inquiry.excused.insert(inquiry.agent); return;
    case v1::Event::kInquiryParked: return OnParked(inquiry);
    case v1::Event::kInquiryResumed: return OnResumed(event, inquiry);
    case v1::Event::kInquiryTransferred: return OnTransferred(event, inquiry);
    case v1::Event::kInquiryClosed:
      ++totals_.closed;
      return OnEnded(inquiry);
    case v1::Event::kInquiryCancelled:
      ++totals_.cancelled;
      return OnEnded(inquiry);
    case v1::Event::kInquiryDirected: inquiry.directed_to = event.agent_id(); return;
    case v1::Event::kInquiryReopened: return OnReopened(event.inquiry_reopened(), inquiry);
    case v1::Event::kInquiryPurged: return OnPurged(event.inquiry_id(), inquiry);
    default: return;  // messages, response clocks, feedback: no change of place
  }
}

// ---- Configuration ------------------------------------------------------------------------------

void StreamChecker::OnWorkspace(const v1::Workspace& workspace) {
  workspace_ = workspace;
  queue_index_.clear();
  limits_rate_ = workspace_.settings().rate_limit().assignments() > 0;
  has_weights_ = std::any_of(workspace_.queues().begin(), workspace_.queues().end(),
                             [](const v1::Queue& queue) { return queue.weight() > 0; });
  for (int i = 0; i < workspace_.queues_size(); ++i) queue_index_[workspace_.queues(i).id()] = i;
  std::vector<Case*> waiting;
  for (const auto& [key, inquiry] : waiting_) waiting.push_back(inquiry);
  for (Case* inquiry : waiting) Wait(*inquiry);
  all_touched_ = true;
}

const v1::Queue* StreamChecker::FindQueue(const std::string& id) const {
  const auto found = queue_index_.find(id);
  return found == queue_index_.end() ? nullptr : &workspace_.queues(found->second);
}

// ---- Places -------------------------------------------------------------------------------------

void StreamChecker::SetState(Case& inquiry, State state) {
  inquiry.state = state;
  const bool between = state == State::kBetween || state == State::kAccepted;
  if (between) {
    between_.insert(inquiry.spec.id());
  } else {
    between_.erase(inquiry.spec.id());
  }
}

void StreamChecker::Wait(Case& inquiry) {
  StopWaiting(inquiry);
  SetState(inquiry, State::kWaiting);
  const v1::Queue* queue = FindQueue(inquiry.queue);
  if (queue == nullptr) {
    Accuse(Rule::kPlace, inquiry.spec.id(), "", "waits in a queue that is not configured");
    return;
  }
  inquiry.key = KeyOf(*queue, inquiry.spec.priority(), inquiry.step, inquiry.arrival_us,
                      inquiry.sequence);
  inquiry.ask = AskOf(*queue, inquiry.spec, inquiry.step);
  waiting_[inquiry.key] = &inquiry;
  touched_.insert(inquiry.spec.id());
}

void StreamChecker::StopWaiting(Case& inquiry) {
  const auto found = waiting_.find(inquiry.key);
  if (found != waiting_.end() && found->second == &inquiry) waiting_.erase(found);
}

void StreamChecker::TakeUnits(Case& inquiry, const std::string& agent) {
  inquiry.agent = agent;
  const auto worker = workers_.find(agent);
  if (worker == workers_.end()) return;
  inquiry.has_units = true;
  worker->second.used += inquiry.units;
  worker->second.used_by_channel[inquiry.spec.channel()] += inquiry.units;
}

void StreamChecker::GiveUnits(Case& inquiry) {
  if (!inquiry.has_units) return;
  inquiry.has_units = false;
  Free(inquiry, inquiry.agent);
  for (const std::string& other : inquiry.also_asked) Free(inquiry, other);
  inquiry.also_asked.clear();
}

void StreamChecker::Free(const Case& inquiry, const std::string& agent) {
  const auto worker = workers_.find(agent);
  if (worker == workers_.end()) return;
  worker->second.used -= inquiry.units;
  worker->second.used_by_channel[inquiry.spec.channel()] -= inquiry.units;
  freed_.insert(agent);
}

void StreamChecker::OnSubmitted(const v1::Event& event) {
  const v1::Inquiry& submitted = event.inquiry_submitted().inquiry();
  auto [it, fresh] = cases_.try_emplace(event.inquiry_id());
  Case& inquiry = it->second;
  if (!fresh) {
    Accuse(Rule::kPlace, event.inquiry_id(), "", "was submitted although it is there already");
    StopWaiting(inquiry);
    GiveUnits(inquiry);
    inquiry = {};
  }
  ++totals_.inquiries;
  seen_.insert(event.inquiry_id());
  inquiry.spec = submitted.spec();
  inquiry.spec.set_id(event.inquiry_id());
  inquiry.units = std::max(submitted.units(), 1);
  inquiry.arrival_us =
      submitted.has_create_time() ? Microseconds(submitted.create_time()) : now_us_;
  if (submitted.has_arrival_time()) inquiry.arrival_us = Microseconds(submitted.arrival_time());
  inquiry.sequence = ++sequence_;
  inquiry.key.sequence = inquiry.sequence;
  SetState(inquiry, State::kBetween);
}

void StreamChecker::OnUpdated(const v1::InquirySpec& spec, Case& inquiry) {
  inquiry.spec = spec;
  if (inquiry.state == State::kWaiting) Wait(inquiry);
}

void StreamChecker::OnEnqueued(const v1::InquiryEnqueued& enqueued, Case& inquiry) {
  if (inquiry.state == State::kEnded) {
    Accuse(Rule::kPlace, inquiry.spec.id(), inquiry.agent, "waits again after its end");
  }
  GiveUnits(inquiry);
  inquiry.agent.clear();
  inquiry.offer.clear();
  inquiry.queue = enqueued.queue();
  inquiry.step = enqueued.step();
  inquiry.held = enqueued.held();
  Wait(inquiry);
}

void StreamChecker::OnReopened(const v1::InquiryReopened& reopened, Case& inquiry) {
  if (inquiry.state != State::kEnded) {
    Accuse(Rule::kPlace, inquiry.spec.id(), inquiry.agent,
           "was opened again while it was " + std::string(Name(inquiry.state)));
  }
  inquiry.spec = reopened.spec();
  inquiry.arrival_us = Microseconds(reopened.arrival_time());
  inquiry.excused.clear();
  SetState(inquiry, State::kBetween);
}

void StreamChecker::OnStep(int step, Case& inquiry) {
  if (inquiry.state != State::kWaiting) {
    Accuse(Rule::kPlace, inquiry.spec.id(), inquiry.agent,
           "reached a step while it was " + std::string(Name(inquiry.state)));
    return;
  }
  inquiry.step = step;
  Wait(inquiry);
}

// ---- Offers and assignments ---------------------------------------------------------------------

void StreamChecker::OnOffer(const v1::Event& event, Case& inquiry) {
  const bool same = inquiry.offer == event.offer_created().offer_id();
  if (inquiry.state == State::kOffered && same && inquiry.agent != event.agent_id()) {
    JudgeAgent(inquiry, event.agent_id());
    inquiry.also_asked.push_back(inquiry.agent);
    TakeUnits(inquiry, event.agent_id());
    return;
  }
  if (inquiry.state != State::kWaiting) {
    Accuse(Rule::kAcceptance, event.inquiry_id(), event.agent_id(),
           "was offered while it was " + std::string(Name(inquiry.state)));
    GiveUnits(inquiry);
  } else if (inquiry.directed_to != event.agent_id()) {
    JudgeTaking(inquiry, event.agent_id());
  }
  inquiry.directed_to.clear();
  StopWaiting(inquiry);
  inquiry.units = std::max(event.offer_created().units(), 1);
  inquiry.offer = event.offer_created().offer_id();
  inquiry.held = false;
  TakeUnits(inquiry, event.agent_id());
  SetState(inquiry, State::kOffered);
}

void StreamChecker::OnOfferEnded(const v1::Event& event, Case& inquiry) {
  const v1::OfferEnded& ended = event.offer_ended();
  if (inquiry.state != State::kOffered || inquiry.offer != ended.offer_id()) {
    Accuse(Rule::kPlace, event.inquiry_id(), event.agent_id(),
           "an offer ended that was not open: " + ended.offer_id());
    return;
  }
  if (ended.outcome() == v1::OFFER_OUTCOME_ACCEPTED) {
    SetState(inquiry, State::kAccepted);
    return;
  }
  if (ended.outcome() == v1::OFFER_OUTCOME_DECLINED ||
      ended.outcome() == v1::OFFER_OUTCOME_EXPIRED) {
    inquiry.excused.insert(event.agent_id());
  }
  if (!inquiry.also_asked.empty()) {
    // The others may still accept.
    const auto other =
        std::find(inquiry.also_asked.begin(), inquiry.also_asked.end(), event.agent_id());
    if (other != inquiry.also_asked.end()) *other = inquiry.agent;
    Free(inquiry, event.agent_id());
    inquiry.agent = inquiry.also_asked.back();
    inquiry.also_asked.pop_back();
    return;
  }
  GiveUnits(inquiry);
  SetState(inquiry, State::kBetween);
}

void StreamChecker::OnAssigned(const v1::Event& event, Case& inquiry) {
  const v1::InquiryAssigned& assigned = event.inquiry_assigned();
  const bool same_agent = inquiry.agent == event.agent_id();
  // InquiryResumed has taken the units already.
  if (assigned.resumed() && inquiry.state == State::kAssigned && same_agent) return;
  ++totals_.assignments;
  if (inquiry.state == State::kAccepted || inquiry.state == State::kOffered) {
    if (!same_agent || inquiry.offer != assigned.offer_id()) {
      Accuse(Rule::kAcceptance, event.inquiry_id(), event.agent_id(),
             "was assigned by offer " + assigned.offer_id() + ", but " + inquiry.offer + " to " +
                 inquiry.agent + " was open");
      GiveUnits(inquiry);
      TakeUnits(inquiry, event.agent_id());
    }
    SetState(inquiry, State::kAssigned);
    return;
  }
  const bool claimed = assigned.cause() == v1::ASSIGNMENT_CAUSE_CLAIMED;
  const bool directed = assigned.cause() == v1::ASSIGNMENT_CAUSE_DIRECTED &&
                        inquiry.directed_to == event.agent_id();
  if (inquiry.state == State::kWaiting && (assigned.automatic() || claimed || directed)) {
    inquiry.units = std::max(assigned.units(), 1);
    if (assigned.automatic()) JudgeTaking(inquiry, event.agent_id());
    if (claimed) JudgeAgent(inquiry, event.agent_id());
  } else {
    const std::string by = inquiry.has_units ? " by " + inquiry.agent : "";
    Accuse(Rule::kAcceptance, event.inquiry_id(), event.agent_id(),
           "was assigned without an accepted offer while it was " +
               std::string(Name(inquiry.state)) + by);
    GiveUnits(inquiry);
  }
  StopWaiting(inquiry);
  inquiry.held = false;
  inquiry.directed_to.clear();
  inquiry.offer = assigned.offer_id();
  TakeUnits(inquiry, event.agent_id());
  SetState(inquiry, State::kAssigned);
}

void StreamChecker::OnParked(Case& inquiry) {
  if (inquiry.state != State::kAssigned) {
    Accuse(Rule::kPlace, inquiry.spec.id(), inquiry.agent,
           "was parked while it was " + std::string(Name(inquiry.state)));
  }
  StopWaiting(inquiry);
  GiveUnits(inquiry);
  SetState(inquiry, State::kParked);
}

void StreamChecker::OnResumed(const v1::Event& event, Case& inquiry) {
  if (inquiry.state != State::kParked) {
    Accuse(Rule::kPlace, event.inquiry_id(), event.agent_id(),
           "was resumed while it was " + std::string(Name(inquiry.state)));
  }
  if (!event.inquiry_resumed().to_agent()) {
    // From now on its former agent is the first it prefers.
    auto& preferred = *inquiry.spec.mutable_preferred_agents();
    const auto known = std::find(preferred.begin(), preferred.end(), event.agent_id());
    if (known != preferred.end()) preferred.erase(known);
    preferred.Add(std::string(event.agent_id()));
    std::rotate(preferred.begin(), preferred.end() - 1, preferred.end());
    if (preferred.size() > kPreferredMax) preferred.RemoveLast();
    SetState(inquiry, State::kBetween);
    return;
  }
  const auto worker = workers_.find(event.agent_id());
  if (worker != workers_.end()) JudgeRoom(inquiry, worker->second);
  TakeUnits(inquiry, event.agent_id());
  SetState(inquiry, State::kAssigned);
}

void StreamChecker::OnTransferred(const v1::Event& event, Case& inquiry) {
  if (inquiry.state == State::kEnded) {
    Accuse(Rule::kPlace, event.inquiry_id(), event.agent_id(), "was sent on after its end");
  }
  StopWaiting(inquiry);
  GiveUnits(inquiry);
  if (!event.agent_id().empty()) inquiry.excused.insert(event.agent_id());
  if (event.inquiry_transferred().has_spec()) inquiry.spec = event.inquiry_transferred().spec();
  inquiry.spec.set_id(event.inquiry_id());
  SetState(inquiry, State::kBetween);
}

void StreamChecker::OnEnded(Case& inquiry) {
  if (inquiry.state == State::kEnded) {
    Accuse(Rule::kPlace, inquiry.spec.id(), inquiry.agent, "ended twice");
  }
  StopWaiting(inquiry);
  GiveUnits(inquiry);
  SetState(inquiry, State::kEnded);
}

void StreamChecker::OnPurged(const std::string& id, Case& inquiry) {
  if (inquiry.state != State::kEnded) {
    Accuse(Rule::kLost, id, inquiry.agent,
           "was purged while it was " + std::string(Name(inquiry.state)));
    StopWaiting(inquiry);
    GiveUnits(inquiry);
  }
  between_.erase(id);
  touched_.erase(id);
  cases_.erase(std::string(id));
}

}  // namespace firstline::check
