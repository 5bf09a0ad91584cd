// Those who follow a workspace's history over watch streams: by cursor, going back where they are
// told that history was rewound, and agents, by snapshots and what happened since.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/client/trail.h"
#include "tests/simulation/stream_client.h"

namespace firstline::simulation {

// As client::Subscription: of everything, or of one inquiry.
class Watcher final : public StreamClient {
 public:
  using StreamClient::StreamClient;

  // Reads the rest from the store.
  void Finish();
  // What it was told after `from`, without what was taken back, serialised by this program.
  const std::vector<store::EventEntry>& followed() const { return followed_; }
  EventId from() const { return from_; }
  bool Concerns(const v1::Event& event) const override;
  int rewinds() const { return rewinds_; }
  int expired() const { return expired_; }

 private:
  uint64_t OpenAt(Streams& streams, Streams::Tell tell) override;
  void Take(const Streams::Message& message) override;
  std::optional<EventId> ToldUntil() const override { return cursor_; }
  void GoBack(EventId resume, bool rewound);
  void Advance(EventId cursor);

  std::vector<store::EventEntry> followed_;
  EventId from_, cursor_;
  client::Trail trail_;
  int rewinds_ = 0;
  int expired_ = 0;
};

// As an agent's own view of its work.
class AgentWatcher final : public StreamClient {
 public:
  using StreamClient::StreamClient;

  // `gap`: the history of before is not told as it was.
  void Finish(EventId gap);
  int snapshots() const { return snapshots_; }

 private:
  uint64_t OpenAt(Streams& streams, Streams::Tell tell) override;
  void Take(const Streams::Message& message) override;
  void OnReopen() override;
  std::optional<EventId> ToldUntil() const override;
  bool Concerns(const v1::Event& event) const override { return event.agent_id() == options_.of; }
  // What was told since the snapshot is what happened.
  void CheckTold();

  // From a snapshot on, without a break.
  struct Told {
    EventId from, until;
    std::vector<EventId> events;
  };
  std::optional<Told> now_;
  int snapshots_ = 0;
};

}  // namespace firstline::simulation
