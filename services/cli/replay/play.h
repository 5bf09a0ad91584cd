// The people of a logged day: who calls, hangs up, logs on, answers, ends a call, logs off, and when.
//
// Without I/O and without a clock. Somebody else sends the commands, tells what the router
// published, and decides how fast time passes (stage.h):
//
//   Play play(log, {...});
//   while (play.NextTime() != kNever) {
//     ... let time be NextTime() ...
//     for (auto due = play.TakeDue(now); !due.empty(); due = play.TakeDue(now)) {
//       Send(due); for (each event published) play.OnEvent(event);
//     }
//   }
//
// What they do. An agent logs on and serves until log-off; a call in progress is finished first
// (draining). A call arrives; an abandoned one hangs up when its patience ends, an answered one waits
// as long as it takes. A call that an agent has ends after its handle time. Offers that are not
// accepted by the router itself are accepted at once. At one instant: hang-ups, ends of calls,
// log-ons, arrivals, log-offs.
//
// Thread rule: one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <functional>
#include <queue>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "firstline/v1/event.pb.h"
#include "firstline/v1/routing_service.pb.h"
#include "services/cli/replay/call_log.h"

namespace firstline::replay {

inline constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

struct PlayOptions {
  std::string workspace;
  std::string channel;
  // Workspace time, in microseconds, of the first thing that happens.
  std::int64_t start_us = 0;
  // Seconds of the log that pass in one second of workspace time; above 0.
  double speed = 1;
};

class Play {
 public:
  // What became of a call.
  struct Fate {
    bool submitted = false;
    bool answered = false;
    bool hung_up = false;    // before or after an answer
    bool given_up = false;   // nobody was left to answer it
    bool ended = false;
    std::int64_t arrive_us = 0;  // workspace times
    std::int64_t answer_us = 0;
  };

  Play(const CallLog& log, const PlayOptions& options);

  // When somebody acts next; kNever when nobody does without news.
  std::int64_t NextTime() const;
  // What is to be sent at `now_us`, in order. Each command is given once.
  std::vector<v1::Command> TakeDue(std::int64_t now_us);
  // In order; repeats are ignored by their effect.
  void OnEvent(const v1::Event& event);
  // A command that was refused. True if that can happen when people act at the same moment, as when
  // a customer hangs up while the call ends.
  bool OnRefused(const v1::Command& command, const std::string& reason);

  // Takes back every call that is not over, for the end of the day.
  std::vector<v1::Command> GiveUp();

  // Whether a call waits, so that the router may assign one without being asked.
  bool anybody_waits() const { return waiting_ > 0; }
  // Calls that arrived so far and are over, for progress.
  std::size_t arrived() const { return arrived_; }
  std::size_t ended() const { return ended_; }
  // By position in the log.
  const std::vector<Fate>& fates() const { return fates_; }
  // Ids of the calls that arrived.
  std::vector<std::string> SubmittedIds() const;
  // Seconds of the log between arrival and answer.
  double WaitSeconds(const Fate& fate) const;

 private:
  // In the order in which they happen at one instant.
  enum class Act { kHangUp, kAccept, kEnd, kLogOn, kArrive, kLogOff };
  struct Action {
    std::int64_t time_us = 0;
    Act act = Act::kHangUp;
    std::size_t index = 0;     // of the call or shift
    std::uint64_t turn = 0;    // of the call: outdated when it has changed hands since
    friend bool operator>(const Action& a, const Action& b) {
      return std::tie(a.time_us, a.act, a.index, a.turn) >
             std::tie(b.time_us, b.act, b.index, b.turn);
    }
  };
  enum class State { kToCome, kSent, kWaiting, kOffered, kAssigned, kOver };
  struct Progress {
    State state = State::kToCome;
    std::uint64_t turn = 0;
    std::string agent;
    std::string offer;
  };

  std::int64_t TimeOf(std::int64_t second) const;
  std::int64_t Span(std::int64_t seconds) const;
  void Schedule(Act act, std::int64_t time_us, std::size_t index, std::uint64_t turn = 0);
  // Whether the action still makes sense; fills `command`.
  bool Perform(const Action& action, v1::Command& command);
  void PerformCall(const Action& action, v1::Command& command);
  bool IsDue(const Action& action) const;
  void Enter(std::size_t call, State state);
  void OnSubmitted(std::size_t call, const v1::Event& event);
  void OnAssigned(std::size_t call, const v1::Event& event);

  const CallLog& log_;
  const PlayOptions options_;
  std::int64_t origin_s_ = 0;  // second of the log that is start_us
  std::priority_queue<Action, std::vector<Action>, std::greater<>> actions_;
  std::vector<Progress> calls_;
  std::vector<Fate> fates_;
  std::unordered_map<std::string, std::size_t> index_;
  std::size_t waiting_ = 0, arrived_ = 0, ended_ = 0;
  std::uint64_t commands_ = 0;
};

}  // namespace firstline::replay
