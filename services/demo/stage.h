// Plays the demo day on a router that runs with a driven clock: moves workspace time second by
// second, sends what is due, hears what the router decided.
//
//   Stage stage(client, "demo", player);
//   if (absl::Status status = stage.Begin(); !status.ok()) ...
//   status = stage.Step(offset);        // everything up to there has happened
//
// After every step all events of the step have been read, so that the same seed plays the same day.
//
// Thread rule: one thread at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "common/client/client.h"
#include "common/client/command_stream.h"
#include "common/client/subscription.h"
#include "services/demo/player.h"

namespace firstline::demo {

class Stage {
 public:
  // All must outlive the stage.
  Stage(client::Client& client, std::string workspace, Player& player);

  // Finds out the time. FAILED_PRECONDITION if the router's clock is not driven.
  absl::Status Begin();
  // Plays up to `now`, which must not be before the last step.
  absl::Status Step(Offset now);

  std::size_t commands_sent() const { return commands_sent_; }
  std::size_t events_read() const { return events_read_; }
  // Refusals that a real platform meets as well, such as OFFER_ENDED, by reason.
  const std::map<std::string, std::size_t>& refusals() const { return refusals_; }

 private:
  absl::Status Advance(Offset now);
  // Sends everything due and reads up to the last event it caused.
  absl::Status Perform(Offset now);
  void Send(v1::Command command);
  absl::Status ReadTo(const std::string& cursor, Offset now);

  client::Client& client_;
  const std::string workspace_;
  Player& player_;
  client::CommandStream commands_;
  std::unique_ptr<client::Subscription> events_;
  std::chrono::nanoseconds start_{0};  // workspace time at the beginning of the day
  Offset next_deadline_{0};            // when the router has something to do next
  std::string reached_;                // how far history is known to have come
  std::string cursor_;                 // how far it has been read
  std::size_t commands_sent_ = 0;
  std::size_t events_read_ = 0;

  sync::Mutex mutex_;  // guards what answers write
  std::string furthest_ FIRSTLINE_GUARDED_BY(mutex_);
  absl::Status failure_ FIRSTLINE_GUARDED_BY(mutex_);
  std::map<std::string, std::size_t> refusals_;
};

}  // namespace firstline::demo
