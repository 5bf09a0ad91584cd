// Plays a day at a router: carries commands there and news back, and lets time pass.
//
//   Stage stage(client, "replay", cursor);
//   stage.PlayDriven(play, progress);     // or PlayLive
//   StreamChecker verdict = stage.Judge(play.SubmittedIds());
//
// Driven: workspace time moves by AdvanceTime only, from one instant at which somebody acts to the
// next. At each, the commands of that instant are sent, and everything that was published up to their
// receipts is heard before time moves on: the outcome does not depend on how fast anything is.
// While somebody waits, time also stops where the router itself has something due.
// Live: time is real; events are heard as they come.
//
// Everything throws cli::Failure when the router cannot be reached for longer than the client's
// deadline, or refuses what a day at a call centre cannot be refused.
//
// Thread rule: one thread; PlayLive has a second one for events and the client those of its streams.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "common/client/client.h"
#include "common/client/command_stream.h"
#include "common/client/subscription.h"
#include "common/sync/mutex.h"
#include "services/cli/check/stream_checker.h"
#include "services/cli/replay/play.h"

namespace firstline::replay {

// Called now and then with the workspace time reached.
using Progress = std::function<void(const Play&, std::int64_t now_us)>;

class Stage {
 public:
  // `cursor`: of the workspace before anybody acted. `client` must outlive the stage.
  Stage(client::Client& client, std::string workspace, std::string cursor);

  // Until nobody acts any more; calls that nobody was left to answer are taken back then.
  // On a router whose clock is not driven: Failure with CLOCK_NOT_DRIVEN.
  void PlayDriven(Play& play, const Progress& progress);
  // On a router whose clock is driven time would never pass: Failure.
  void PlayLive(Play& play, const Progress& progress);

  // Reads the whole history anew, up to the last thing that was done, and judges it.
  check::StreamChecker Judge(const std::vector<std::string>& acknowledged) const;

 private:
  // Sends and waits for the answers.
  void Act(Play& play, const std::vector<v1::Command>& commands);
  void Send(const v1::Command& command);
  // Tells `play` everything published up to the last receipt.
  void Hear(Play& play);
  // Commands whose answers came since the last call: refusals go to `play`.
  void TakeAnswers(Play& play);
  std::int64_t Advance(std::int64_t to_us);

  struct Answered {
    v1::Command command;
    client::Result<v1::Receipt> answer;
  };

  client::Client& client_;
  const std::string workspace_;
  const std::string first_cursor_;
  std::string cursor_;   // heard up to here
  std::string receipt_;  // furthest cursor of any receipt
  sync::Mutex mutex_;
  std::vector<Answered> answers_ FIRSTLINE_GUARDED_BY(mutex_);
  client::Subscription events_;
  client::CommandStream commands_;
};

}  // namespace firstline::replay
