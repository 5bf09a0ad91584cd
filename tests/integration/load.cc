#include "tests/integration/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "common/client/subscription.h"

namespace firstline::test {

Load::Load(std::vector<std::string> targets, std::string workspace)
    : workspace_(std::move(workspace)),
      client_({.targets = std::move(targets), .deadline = std::chrono::seconds(40)}) {
  v1::ApplyWorkspaceRequest apply;
  apply.set_create(true);
  apply.set_mode(v1::APPLY_MODE_WHOLE);
  v1::Workspace& config = *apply.mutable_workspace();
  config.set_id(workspace_);
  v1::Channel& channel = *config.add_channels();
  channel.set_id("chat");
  channel.set_kind(v1::CHANNEL_KIND_MESSAGING);
  v1::Queue& queue = *config.add_queues();
  queue.set_id("q");
  queue.set_auto_accept(true);
  v1::Agent& agent = *config.add_agents();
  agent.set_id("ann");
  agent.mutable_capacity()->set_units(1000);
  if (auto applied = client_.ApplyWorkspace(apply); !applied.ok()) {
    throw std::runtime_error("apply: " + applied.error().ToString());
  }
  v1::SetPresenceRequest presence;
  presence.set_workspace(workspace_);
  presence.set_agent_id("ann");
  presence.set_presence(v1::PRESENCE_AVAILABLE);
  if (auto set = client_.SetPresence(presence); !set.ok()) {
    throw std::runtime_error("presence: " + set.error().ToString());
  }
}

void Load::Start(int threads, std::chrono::milliseconds pause) {
  for (int t = 0; t < threads; ++t) threads_.emplace_back([this, t, pause] { Run(t, pause); });
}

client::Result<v1::SubmitInquiryResponse> Load::Submit(const std::string& id) {
  v1::SubmitInquiryRequest request;
  request.set_workspace(workspace_);
  request.mutable_inquiry()->set_id(id);
  request.mutable_inquiry()->set_channel("chat");
  request.mutable_inquiry()->set_queue("q");
  return client_.SubmitInquiry(request);
}

void Load::Run(int number, std::chrono::milliseconds pause) {
  for (int i = 0; !stop_; ++i, std::this_thread::sleep_for(pause)) {
    const std::string id = "i" + std::to_string(number) + "-" + std::to_string(i);
    const auto answer = Submit(id);
    const std::lock_guard lock(mutex_);
    if (answer.ok()) {
      acknowledged_.emplace(id, Acknowledgement{Clock::now(), answer->receipt().event_cursor()});
      heard_.notify_all();
      continue;
    }
    const grpc::StatusCode code = answer.error().code;
    if (code != grpc::StatusCode::UNAVAILABLE && code != grpc::StatusCode::DEADLINE_EXCEEDED &&
        code != grpc::StatusCode::RESOURCE_EXHAUSTED) {
      refusals_.push_back(answer.error().ToString());
    }
  }
}

bool Load::Acknowledge(size_t more) {
  std::unique_lock lock(mutex_);
  const size_t wanted = acknowledged_.size() + more;
  return heard_.wait_for(lock, std::chrono::seconds(60),
                         [&] { return acknowledged_.size() >= wanted; });
}

size_t Load::AcknowledgedWithin(std::chrono::milliseconds span, size_t enough) {
  std::unique_lock lock(mutex_);
  const size_t before = acknowledged_.size();
  heard_.wait_for(lock, span, [&] { return acknowledged_.size() > before + enough; });
  return acknowledged_.size() - before;
}

std::chrono::milliseconds Load::LongestSilence(Clock::time_point since) const {
  std::vector<Clock::time_point> times = {since};
  for (const auto& [id, at] : acknowledged_at()) {
    if (at > since) times.push_back(at);
  }
  std::sort(times.begin(), times.end());
  Clock::duration longest{};
  for (size_t i = 1; i < times.size(); ++i) longest = std::max(longest, times[i] - times[i - 1]);
  return std::chrono::duration_cast<std::chrono::milliseconds>(longest);
}

void Load::Stop() {
  stop_ = true;
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

std::set<std::string> Load::acknowledged() const {
  std::set<std::string> ids;
  for (const auto& [id, at] : acknowledged_at()) ids.insert(id);
  return ids;
}

std::map<std::string, Load::Clock::time_point> Load::acknowledged_at() const {
  const std::lock_guard lock(mutex_);
  std::map<std::string, Clock::time_point> times;
  for (const auto& [id, acknowledgement] : acknowledged_) times.emplace(id, acknowledgement.at);
  return times;
}

std::string Load::Describe(const std::string& id, const Told& told) {
  Acknowledgement mine;
  Clock::time_point last;
  size_t later = 0;
  {
    const std::lock_guard lock(mutex_);
    mine = acknowledged_.at(id);
    last = mine.at;
    for (const auto& [other, theirs] : acknowledged_) {
      later += theirs.at > mine.at;
      last = std::max(last, theirs.at);
    }
  }
  v1::GetInquiryRequest request;
  request.set_workspace(workspace_);
  request.set_inquiry_id(id);
  const auto now = client_.GetInquiry(request);
  const auto before = std::chrono::duration_cast<std::chrono::milliseconds>(last - mine.at);
  std::string text = id + ", acknowledged at " + mine.cursor + ", " +
                     std::to_string(before.count()) + " ms before the last and " +
                     std::to_string(later) + " others; now: " +
                     (now.ok() ? now->ShortDebugString() : now.error().ToString());
  constexpr size_t kAround = 4;
  const auto at = std::find_if(told.events.begin(), told.events.end(),
                               [&](const v1::Event& event) { return event.id() == mine.cursor; });
  const auto place = static_cast<size_t>(at - told.events.begin());
  for (size_t i = 0; i < told.events.size(); ++i) {
    const bool near = i + kAround > place && i < place + kAround;
    if (!near && !told.events[i].has_owner_changed()) continue;
    text += "\n  " + std::to_string(i) + ": " + told.events[i].ShortDebugString();
  }
  return text;
}

std::vector<std::string> Load::refusals() const {
  const std::lock_guard lock(mutex_);
  return refusals_;
}

Load::Told Load::History() {
  // Its own event is the last: what is before it is all there was.
  const auto last = Submit("last-" + std::to_string(++histories_));
  if (!last.ok()) throw std::runtime_error("last: " + last.error().ToString());
  const std::string end = last->receipt().event_cursor();
  Told told;
  client::Subscription events(client_, {.workspace = workspace_, .cursor = "0-0"});
  while (auto news = events.Next()) {
    if (news->kind != client::News::Kind::kEvents) break;
    for (const v1::Event& event : news->events) {
      if (event.has_inquiry_submitted()) ++told.submitted[event.inquiry_id()];
      if (event.has_inquiry_assigned()) ++told.assigned[event.inquiry_id()];
      told.events.push_back(event);
      if (event.id() == end) return told;
    }
  }
  throw std::runtime_error("the history breaks off");
}

void ExpectExactlyOnce(Load& load) {
  load.Stop();
  EXPECT_THAT(load.refusals(), testing::IsEmpty());
  const Load::Told told = load.History();
  const std::set<std::string> acknowledged = load.acknowledged();
  EXPECT_GT(acknowledged.size(), 200u);
  for (const std::string& id : acknowledged) {
    const auto submitted = told.submitted.find(id), assigned = told.assigned.find(id);
    EXPECT_EQ(submitted == told.submitted.end() ? 0 : submitted->second, 1)
        << "so often is submitted " << load.Describe(id, told);
    EXPECT_LE(assigned == told.assigned.end() ? 0 : assigned->second, 1)
        << "so often is assigned " << load.Describe(id, told);
  }
}

}  // namespace firstline::test
