#include "tests/simulation/history.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace firstline::simulation {
namespace {

int64_t TimeOf(const v1::Event& event) {
  return event.time().seconds() * 1'000'000 + event.time().nanos() / 1000;
}

}  // namespace

void History::Give(Inquiry& inquiry) {
  if (inquiry.state == State::kOffered || inquiry.state == State::kAssigned) {
    agents_[inquiry.agent].used -= inquiry.units;
    for (const std::string& other : inquiry.also_asked) agents_[other].used -= inquiry.units;
  }
  inquiry.also_asked.clear();
  inquiry.agent.clear();
}

// Of several who were asked; the last one keeps it until the inquiry goes somewhere.
void History::EndOffer(Inquiry& inquiry, const std::string& agent) {
  if (inquiry.also_asked.empty() || inquiry.state != State::kOffered) return;
  if (inquiry.agent == agent) {
    inquiry.agent = inquiry.also_asked.front();
    inquiry.also_asked.erase(inquiry.also_asked.begin());
  } else if (std::erase(inquiry.also_asked, agent) == 0) {
    return;
  }
  agents_[agent].used -= inquiry.units;
}

// Room is needed, but where somebody put the inquiry there past the bounds.
std::string History::TakeUnits(const Inquiry& inquiry, const std::string& agent) {
  agents_[agent].used += inquiry.units;
  if (inquiry.forced || agents_[agent].used <= agents_[agent].capacity) return "";
  return absl::StrCat(agent, " is over capacity");
}

std::string History::Take(Inquiry& inquiry, const std::string& agent, int units, State state) {
  const bool accepts = inquiry.state == State::kOffered && state == State::kAssigned;
  const bool also = inquiry.state == State::kOffered && state == State::kOffered;
  const auto& others = inquiry.also_asked;
  const bool asked = inquiry.agent == agent ||
                     std::find(others.begin(), others.end(), agent) != others.end();
  if (also && asked) return "asked twice";
  if (accepts && inquiry.agent != agent) return "assigned to another agent than offered";
  if (!accepts && !also && inquiry.state != State::kWaiting && inquiry.state != State::kParked) {
    return "assigned or offered while somebody holds it";
  }
  inquiry.units = units;
  inquiry.state = state;
  if (also) {
    inquiry.also_asked.push_back(agent);
  } else {
    inquiry.agent = agent;
  }
  std::string wrong = accepts ? "" : TakeUnits(inquiry, agent);
  inquiry.forced = false;
  return wrong;
}

std::string History::AddInquiry(const v1::Event& event) {
  Inquiry& inquiry = inquiries_[event.inquiry_id()];
  const bool ended = inquiry.state == State::kClosed || inquiry.state == State::kCancelled;
  if (event.has_inquiry_submitted()) {
    if (inquiry.state != State::kNone) return "submitted twice";
    inquiry.state = State::kWaiting;
    return "";
  }
  if (inquiry.state == State::kNone) return "an event of an inquiry that was never submitted";
  if (event.has_inquiry_reopened()) {
    if (inquiry.state != State::kClosed) return "opened again without having been closed";
    inquiry.state = State::kWaiting;
    inquiry.agent.clear();
    return "";
  }
  if (ended && !event.has_feedback_recorded() && !event.has_wrap_up_started() &&
      !event.has_wrap_up_extended() && !event.has_wrap_up_finished() &&
      !event.has_reservation_changed() && !event.has_inquiry_purged()) {
    return "an event after its end";
  }
  switch (event.kind_case()) {
    case v1::Event::kInquiryEnqueued:
      Give(inquiry);
      inquiry.state = State::kWaiting;
      return "";
    case v1::Event::kInquiryDirected: {
      const auto& by = event.inquiry_directed().overrides();
      inquiry.forced =
          std::find(by.begin(), by.end(), v1::ASSIGNMENT_OVERRIDE_CAPACITY) != by.end();
      return "";
    }
    case v1::Event::kOfferCreated:
      return Take(inquiry, event.agent_id(), event.offer_created().units(), State::kOffered);
    case v1::Event::kOfferEnded:
      EndOffer(inquiry, event.agent_id());
      return "";
    case v1::Event::kInquiryAssigned:
      return Take(inquiry, event.agent_id(), event.inquiry_assigned().units(), State::kAssigned);
    case v1::Event::kMessageRecorded:
      if (!inquiry.messages.insert(event.message_recorded().message_id()).second) {
        return "a message was recorded twice";
      }
      return "";
    case v1::Event::kInquiryParked:
      if (inquiry.state != State::kAssigned) return "parked without an assignment";
      agents_[inquiry.agent].used -= inquiry.units;
      inquiry.state = State::kParked;
      return "";
    case v1::Event::kInquiryResumed: {
      if (inquiry.state != State::kParked) return "resumed without being parked";
      if (!event.inquiry_resumed().to_agent()) return "";
      const std::string agent = inquiry.agent;
      return Take(inquiry, agent, inquiry.units, State::kAssigned);
    }
    case v1::Event::kInquiryClosed:
    case v1::Event::kInquiryCancelled:
      Give(inquiry);
      inquiry.state = event.has_inquiry_closed() ? State::kClosed : State::kCancelled;
      return "";
    case v1::Event::kInquiryPurged:
      inquiries_.erase(event.inquiry_id());
      return "";
    default:
      return "";
  }
}

// Its agent had left it; workspace time may be some seconds behind.
bool History::MayLapse(const v1::Event& event) const {
  constexpr int64_t kBehindUs = 5'000'000;
  const auto left = sessions_.left.find({event.agent_id(), event.session_closed().session_id()});
  return left != sessions_.left.end() && left->second <= TimeOf(event) + kBehindUs;
}

// An agent may have had the same inquiry twice.
std::string History::EndWrapUp(Agent& agent, const std::string& inquiry) {
  std::vector<int>& units = agent.wrap_ups[inquiry];
  if (units.empty()) return "a wrap-up ends that never began";
  agent.used -= units.front();
  units.erase(units.begin());
  if (units.empty()) agent.wrap_ups.erase(inquiry);
  return "";
}

std::string History::AddAgent(const v1::Event& event) {
  Agent& agent = agents_[event.agent_id()];
  switch (event.kind_case()) {
    case v1::Event::kAgentUpserted:
      agent.capacity = event.agent_upserted().agent().capacity().units();
      return "";
    case v1::Event::kPresenceChanged:
      agent.presence = event.presence_changed().presence();
      return "";
    case v1::Event::kSessionClosed:
      if (event.session_closed().cause() == v1::SESSION_CLOSE_CAUSE_GOODBYE &&
          !sessions_.closed.contains({event.agent_id(), event.session_closed().session_id()})) {
        return absl::StrCat("session ", event.session_closed().session_id(),
                            " was closed, but nobody asked for it");
      }
      if (event.session_closed().cause() == v1::SESSION_CLOSE_CAUSE_LAPSED && !MayLapse(event)) {
        return absl::StrCat("session ", event.session_closed().session_id(),
                            " lapsed, but gave signs of life");
      }
      return "";
    case v1::Event::kWrapUpStarted:
      agent.wrap_ups[event.inquiry_id()].push_back(event.wrap_up_started().units());
      agent.used += event.wrap_up_started().units();
      return "";
    case v1::Event::kWrapUpFinished:
      return EndWrapUp(agent, event.inquiry_id());
    default:
      return "";
  }
}

std::string History::Add(const store::EventEntry& entry) {
  v1::Event event;
  if (!event.ParseFromString(entry.bytes)) return "not an event";
  // What a rollback of Redis took may be brought back in part, or beside what happened after it. It
  // will be told as lost once all is restored that can be. Time goes on from the past of the event.
  const std::string& previous = event.owner_changed().previous_event();
  const bool hole = (entry.id.epoch == last_.epoch ? entry.id.n != last_.n + 1 : entry.id.n != 1) ||
                    (!previous.empty() && previous != ToString(last_));
  const int64_t time_us = TimeOf(event);
  if (hole) hole_ = entry.id;
  if (time_us < time_us_ && !hole) return "time runs backwards";
  time_us_ = time_us;
  last_ = entry.id;
  if (event.owner_changed().lost()) gap_ = entry.id;
  if (gap_.n != 0 || hole_.n != 0) return "";
  std::string wrong;
  if (!event.inquiry_id().empty()) wrong = AddInquiry(event);
  if (wrong.empty() && !event.agent_id().empty()) wrong = AddAgent(event);
  if (wrong.empty()) return "";
  return absl::StrCat(wrong, ": ", event.ShortDebugString());
}

std::string History::CompareWith(const engine::Engine& engine) const {
  if (gap_ < hole_) return absl::StrCat("events before ", ToString(hole_), " are missing untold");
  if (gap_.n != 0) return "";
  std::string wrong;
  size_t seen = 0;
  static constexpr State kStates[] = {State::kWaiting, State::kOffered, State::kAssigned,
                                      State::kParked,  State::kClosed,  State::kCancelled};
  engine.ForEachInquiry([&](engine::InquiryIx, const engine::Inquiry& actual) {
    ++seen;
    auto folded = inquiries_.find(actual.id);
    if (folded == inquiries_.end()) {
      wrong = absl::StrCat("no event tells of ", actual.id);
    } else if (folded->second.state != kStates[static_cast<size_t>(actual.state)]) {
      wrong = absl::StrCat("state of ", actual.id);
    } else if (!engine::IsEnded(actual.state) &&
               folded->second.agent != engine.AgentId(actual.agent)) {
      wrong = absl::StrCat("agent of ", actual.id);
    }
    return wrong.empty();
  });
  if (wrong.empty() && seen != inquiries_.size()) wrong = "an inquiry is missing in the state";
  engine.ForEachAgent([&](engine::AgentIx, const engine::Agent& actual) {
    auto folded = agents_.find(actual.id);
    const Agent agent = folded == agents_.end() ? Agent{} : folded->second;
    if (agent.used != actual.used) {
      wrong = absl::StrCat("load of ", actual.id, ": folded ", agent.used, ", stored ",
                           actual.used);
    }
    if (static_cast<int>(agent.presence) != static_cast<int>(actual.presence) + 1) {
      wrong = absl::StrCat("presence of ", actual.id);
    }
    return wrong.empty();
  });
  return wrong;
}

}  // namespace firstline::simulation
