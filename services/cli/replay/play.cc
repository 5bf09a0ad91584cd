#include "services/cli/replay/play.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <tuple>
#include <utility>

namespace firstline::replay {
namespace {

using google::protobuf::util::TimeUtil;

constexpr std::int64_t kMicro = 1'000'000;

std::int64_t OriginOf(const CallLog& log) {
  const std::int64_t first_call = log.calls.empty() ? 0 : log.calls.front().arrival_s;
  return log.shifts.empty() ? first_call : std::min(first_call, log.shifts.front().on_s);
}

}  // namespace

Play::Play(const CallLog& log, const PlayOptions& options)
    : log_(log),
      options_(options),
      origin_s_(OriginOf(log)),
      calls_(log.calls.size()),
      fates_(log.calls.size()) {
  for (std::size_t i = 0; i < log.calls.size(); ++i) {
    index_[log.calls[i].id] = i;
    Schedule(Act::kArrive, TimeOf(log.calls[i].arrival_s), i);
  }
  for (std::size_t i = 0; i < log.shifts.size(); ++i) {
    Schedule(Act::kLogOn, TimeOf(log.shifts[i].on_s), i);
    if (log.shifts[i].off_s == kNoLogOff) continue;
    Schedule(Act::kLogOff, TimeOf(log.shifts[i].off_s), i);
  }
}

std::int64_t Play::Span(std::int64_t seconds) const {
  return std::llround(static_cast<double>(seconds * kMicro) / options_.speed);
}

std::int64_t Play::TimeOf(std::int64_t second) const {
  return options_.start_us + Span(second - origin_s_);
}

void Play::Schedule(Act act, std::int64_t time_us, std::size_t index, std::uint64_t turn) {
  actions_.push({time_us, act, index, turn});
}

std::int64_t Play::NextTime() const { return actions_.empty() ? kNever : actions_.top().time_us; }

// ---- What they do -------------------------------------------------------------------------------

std::vector<v1::Command> Play::TakeDue(std::int64_t now_us) {
  std::vector<v1::Command> due;
  while (!actions_.empty() && actions_.top().time_us <= now_us) {
    const Action action = actions_.top();
    actions_.pop();
    v1::Command command;
    if (!Perform(action, command)) continue;
    command.set_id(++commands_);
    due.push_back(std::move(command));
  }
  return due;
}

bool Play::IsDue(const Action& action) const {
  const Progress& call = calls_[action.index];
  switch (action.act) {
    case Act::kHangUp: return call.state == State::kWaiting || call.state == State::kOffered;
    case Act::kAccept: return call.state == State::kOffered && call.turn == action.turn;
    case Act::kEnd: return call.state == State::kAssigned && call.turn == action.turn;
    default: return true;
  }
}

bool Play::Perform(const Action& action, v1::Command& command) {
  if (action.act != Act::kLogOn && action.act != Act::kLogOff) {
    if (!IsDue(action)) return false;
    PerformCall(action, command);
    return true;
  }
  v1::SetPresenceRequest& set = *command.mutable_set_presence();
  set.set_workspace(options_.workspace);
  set.set_agent_id(log_.shifts[action.index].agent);
  // A draining agent finishes its call and is offline then.
  set.set_presence(action.act == Act::kLogOn ? v1::PRESENCE_AVAILABLE : v1::PRESENCE_DRAINING);
  return true;
}

void Play::PerformCall(const Action& action, v1::Command& command) {
  const Call& call = log_.calls[action.index];
  const Progress& progress = calls_[action.index];
  if (action.act == Act::kArrive) {
    v1::SubmitInquiryRequest& submit = *command.mutable_submit_inquiry();
    submit.set_workspace(options_.workspace);
    submit.mutable_inquiry()->set_id(call.id);
    submit.mutable_inquiry()->set_channel(options_.channel);
    submit.mutable_inquiry()->set_queue(call.queue);
    submit.mutable_inquiry()->set_priority(call.priority);
    Enter(action.index, State::kSent);
    fates_[action.index].submitted = true;
    ++arrived_;
  } else if (action.act == Act::kHangUp) {
    v1::CancelInquiryRequest& cancel = *command.mutable_cancel_inquiry();
    cancel.set_workspace(options_.workspace);
    cancel.set_inquiry_id(call.id);
    cancel.set_reason(v1::CANCEL_REASON_ABANDONED);
    fates_[action.index].hung_up = true;
  } else if (action.act == Act::kAccept) {
    v1::AcceptOfferRequest& accept = *command.mutable_accept_offer();
    accept.set_workspace(options_.workspace);
    accept.set_offer_id(progress.offer);
    accept.set_agent_id(progress.agent);
  } else {
    v1::CloseInquiryRequest& close = *command.mutable_close_inquiry();
    close.set_workspace(options_.workspace);
    close.set_inquiry_id(call.id);
    close.set_agent_id(progress.agent);
    close.set_resolution(v1::RESOLUTION_RESOLVED);
  }
}

std::vector<v1::Command> Play::GiveUp() {
  std::vector<v1::Command> commands;
  for (std::size_t i = 0; i < calls_.size(); ++i) {
    if (calls_[i].state == State::kToCome || calls_[i].state == State::kOver) continue;
    fates_[i].given_up = true;
    v1::Command& command = commands.emplace_back();
    command.set_id(++commands_);
    command.mutable_cancel_inquiry()->set_workspace(options_.workspace);
    command.mutable_cancel_inquiry()->set_inquiry_id(log_.calls[i].id);
    command.mutable_cancel_inquiry()->set_reason(v1::CANCEL_REASON_WITHDRAWN);
  }
  return commands;
}

// ---- What they learn ----------------------------------------------------------------------------

void Play::Enter(std::size_t call, State state) {
  Progress& progress = calls_[call];
  if (progress.state == State::kOver) return;
  const auto waits = [](State s) { return s == State::kSent || s == State::kWaiting; };
  if (waits(progress.state)) --waiting_;
  if (waits(state)) ++waiting_;
  if (state == State::kOver) {
    fates_[call].ended = true;
    ++ended_;
  }
  progress.state = state;
  ++progress.turn;
}

void Play::OnEvent(const v1::Event& event) {
  const auto found = index_.find(event.inquiry_id());
  if (found == index_.end()) return;
  const std::size_t call = found->second;
  switch (event.kind_case()) {
    case v1::Event::kInquirySubmitted: return OnSubmitted(call, event);
    case v1::Event::kInquiryEnqueued: return Enter(call, State::kWaiting);
    case v1::Event::kInquiryAssigned: return OnAssigned(call, event);
    case v1::Event::kOfferCreated:
      Enter(call, State::kOffered);
      calls_[call].agent = event.agent_id();
      calls_[call].offer = event.offer_created().offer_id();
      return Schedule(Act::kAccept, TimeUtil::TimestampToMicroseconds(event.time()), call,
                      calls_[call].turn);
    case v1::Event::kInquiryClosed:
    case v1::Event::kInquiryCancelled: return Enter(call, State::kOver);
    default: return;
  }
}

// Patience is counted from what the router says, and a customer who is answered at once has to be
// known as answered before it could run out: even where it is zero.
void Play::OnSubmitted(std::size_t call, const v1::Event& event) {
  Fate& fate = fates_[call];
  fate.arrive_us = TimeUtil::TimestampToMicroseconds(event.time());
  if (log_.calls[call].answered) return;
  Schedule(Act::kHangUp, fate.arrive_us + Span(log_.calls[call].wait_s), call);
}

void Play::OnAssigned(std::size_t call, const v1::Event& event) {
  const std::int64_t time_us = TimeUtil::TimestampToMicroseconds(event.time());
  Enter(call, State::kAssigned);
  calls_[call].agent = event.agent_id();
  Fate& fate = fates_[call];
  if (!fate.answered) fate.answer_us = time_us;
  fate.answered = true;
  Schedule(Act::kEnd, time_us + Span(log_.calls[call].handle_s), call, calls_[call].turn);
}

bool Play::OnRefused(const v1::Command& command, const std::string& reason) {
  if (command.has_cancel_inquiry() || command.has_close_inquiry()) return reason == "INQUIRY_ENDED";
  if (command.has_accept_offer()) return reason == "OFFER_ENDED" || reason == "OFFER_TAKEN" || reason == "INQUIRY_ENDED";
  if (!command.has_submit_inquiry()) return false;
  const auto found = index_.find(command.submit_inquiry().inquiry().id());
  if (found == index_.end()) return false;
  Enter(found->second, State::kOver);
  fates_[found->second].submitted = false;
  return false;
}

// ---- The record ---------------------------------------------------------------------------------

std::vector<std::string> Play::SubmittedIds() const {
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < fates_.size(); ++i) {
    if (fates_[i].submitted) ids.push_back(log_.calls[i].id);
  }
  return ids;
}

double Play::WaitSeconds(const Fate& fate) const {
  return static_cast<double>(fate.answer_us - fate.arrive_us) * options_.speed / kMicro;
}

}  // namespace firstline::replay
