#include "common/client/command_book.h"

#include <algorithm>
#include <utility>

#include "common/client/request_id.h"

namespace firstline::client {

using std::chrono::nanoseconds;
using Outcomes = std::vector<CommandBook::Outcome>;

bool CommandBook::Add(v1::Command command, CommandAnswer answer, nanoseconds deadline) {
  AttachRequestId(command);
  command.set_id(++last_id_);
  const std::string workspace = WorkspaceOf(command);
  workspaces_[last_id_] = workspace;
  Lane& lane = lanes_.try_emplace(workspace, link_).first->second;
  lane.entries.push_back({std::move(command), std::move(answer), deadline});
  ++unanswered_;
  return lane.address.empty();
}

bool CommandBook::IsFinal(const Error& error) const {
  if (!IsRetryable(error)) return true;
  return !repeat_refused_ && error.retry_after.has_value() && !IsNotOwner(error);
}

bool CommandBook::CanSend(const Lane& lane, nanoseconds now) {
  // What is sent is always a prefix: something is left to send if it is not all.
  return !lane.halted && lane.not_before <= now && lane.out < lane.entries.size();
}

std::vector<v1::Command> CommandBook::Take(const std::string& address, std::size_t most,
                                           nanoseconds now) {
  std::vector<v1::Command> commands;
  for (auto& [workspace, lane] : lanes_) {
    if (lane.address != address || !CanSend(lane, now)) continue;
    for (std::size_t i = lane.out; i < lane.entries.size() && commands.size() < most; ++i) {
      lane.entries[i].state = State::kSent;
      ++lane.out;
      commands.push_back(lane.entries[i].command);
    }
  }
  return commands;
}

std::vector<std::string> CommandBook::Ready(nanoseconds now) {
  std::vector<std::string> addresses;
  for (auto& [workspace, lane] : lanes_) {
    if (!CanSend(lane, now)) continue;
    if (lane.address.empty()) lane.address = link_.endpoints.Pick(workspace).address;
    if (std::find(addresses.begin(), addresses.end(), lane.address) == addresses.end()) {
      addresses.push_back(lane.address);
    }
  }
  return addresses;
}

Outcomes CommandBook::Answer(const std::string& address, const v1::CommandResult& result,
                             nanoseconds now) {
  const auto workspace = workspaces_.find(result.id());
  if (workspace == workspaces_.end()) return {};  // Given up since.
  const auto found = lanes_.find(workspace->second);
  Lane& lane = found->second;
  const auto entry = std::find_if(lane.entries.begin(), lane.entries.end(),
                                  [&](const Entry& e) { return e.command.id() == result.id(); });
  if (lane.address != address || entry->state != State::kSent) return {};  // To be sent anew.
  Outcomes outcomes;
  if (result.has_receipt()) {
    lane.persistence.Reset();
    outcomes.push_back(Settle(lane, entry, result.receipt()));
  } else if (Error error = Error::From(result.error()); !IsFinal(error)) {
    Refuse(found->first, lane, *entry, std::move(error), now);
  } else {
    outcomes.push_back(Settle(lane, entry, std::move(error)));
  }
  if (!result.owner().empty()) Follow(found->first, lane, result.owner());
  GoOn(found);
  return outcomes;
}

void CommandBook::Follow(const std::string& workspace, Lane& lane, const std::string& owner) {
  link_.endpoints.Hint(workspace, owner);
  if (link_.endpoints.Pick(workspace).address != lane.address) lane.halted = true;
}

// The first refusal halts the lane and says where to go and when; those of the commands that were
// on their way behind it say the same again.
void CommandBook::Refuse(const std::string& workspace, Lane& lane, Entry& entry, Error error,
                         nanoseconds now) {
  entry.state = State::kRefused;
  --lane.out;
  if (!lane.halted) {
    lane.halted = true;
    lane.not_before = now + lane.persistence.Learn(error, workspace, lane.address);
  }
  entry.last_error = std::move(error);
}

void CommandBook::GoOn(std::map<std::string, Lane>::iterator found) {
  Lane& lane = found->second;
  if (lane.entries.empty()) {
    lanes_.erase(found);
    return;
  }
  if (!lane.halted || lane.out > 0) return;
  lane.halted = false;
  lane.address.clear();
  for (Entry& entry : lane.entries) entry.state = State::kIdle;
}

Outcomes CommandBook::Break(const std::string& address, const Error& error, nanoseconds now) {
  Outcomes outcomes;
  for (auto next = lanes_.begin(); next != lanes_.end();) {
    const auto found = next++;
    Lane& lane = found->second;
    if (lane.address != address) continue;
    while (!lane.persistence.MayResume(error) && lane.out > 0) {
      outcomes.push_back(Settle(lane, lane.entries.begin(), error));
    }
    for (Entry& entry : lane.entries) {
      if (entry.state == State::kSent) entry.last_error = error;
    }
    lane.out = 0;
    if (!lane.halted) lane.not_before = now + lane.persistence.Learn(error, found->first, address);
    lane.halted = true;
    GoOn(found);
  }
  return outcomes;
}

Outcomes CommandBook::Expire(nanoseconds now) {
  Outcomes outcomes;
  for (auto next = lanes_.begin(); next != lanes_.end();) {
    const auto found = next++;
    Lane& lane = found->second;
    while (!lane.entries.empty() && lane.entries.front().deadline <= now) {
      Error error = std::move(lane.entries.front().last_error);
      if (error.message.empty()) error.message = "no answer in time";
      error.code = grpc::StatusCode::DEADLINE_EXCEEDED;
      outcomes.push_back(Settle(lane, lane.entries.begin(), std::move(error)));
    }
    GoOn(found);
  }
  return outcomes;
}

Outcomes CommandBook::Abandon() {
  Outcomes outcomes;
  const Error error{.code = grpc::StatusCode::CANCELLED, .message = "the stream was closed"};
  for (auto& [workspace, lane] : lanes_) {
    while (!lane.entries.empty()) outcomes.push_back(Settle(lane, lane.entries.begin(), error));
  }
  lanes_.clear();
  return outcomes;
}

CommandBook::Outcome CommandBook::Settle(Lane& lane, std::deque<Entry>::iterator entry,
                                         Result<v1::Receipt> result) {
  Outcome outcome{std::move(entry->answer), std::move(result)};
  if (entry->state == State::kSent) --lane.out;
  workspaces_.erase(entry->command.id());
  lane.entries.erase(entry);
  --unanswered_;
  return outcome;
}

nanoseconds CommandBook::NextTime(nanoseconds now) const {
  nanoseconds next = nanoseconds::max();
  for (const auto& [workspace, lane] : lanes_) {
    next = std::min(next, lane.entries.front().deadline);
    if (lane.not_before > now) next = std::min(next, lane.not_before);
  }
  return next;
}

}  // namespace firstline::client
