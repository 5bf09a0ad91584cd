// What a CommandStream has to send and has sent: pure bookkeeping, so that the rules of order and
// repetition can be tested without a network.
//
// Commands of one workspace form a lane. A lane is sent to one router at a time, in order. When
// something goes wrong for a lane (its router is lost, is not the owner, or refuses for now), it
// sends nothing new until everything that is out has been answered or lost; then all that is
// unanswered is sent again, oldest first, with the ids it had.
//
// Thread rule: one thread at a time. Time is an argument.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/client/error.h"
#include "common/client/link.h"
#include "firstline/v1/routing_service.pb.h"

namespace firstline::client {

using CommandAnswer = std::function<void(const Result<v1::Receipt>&)>;

class CommandBook {
 public:
  // A command whose answer is known; `Tell` is to be called without locks held.
  struct Outcome {
    CommandAnswer answer;
    Result<v1::Receipt> result;
    void Tell() const {
      if (answer) answer(result);
    }
  };

  // Without `repeat_refused` a refusal with a time to come back settles its command.
  explicit CommandBook(Link& link, bool repeat_refused = true)
      : link_(link), repeat_refused_(repeat_refused) {}

  // Takes charge of `command`, which is given a request id where it needs one. It fails with
  // DEADLINE_EXCEEDED when it is unanswered at `deadline`, which must not be earlier than that of
  // the command before. True if its lane has no router yet: then Ready is to be asked.
  bool Add(v1::Command command, CommandAnswer answer, std::chrono::nanoseconds deadline);

  // The commands to send to `address` next, in order, at most `most`; they count as sent.
  std::vector<v1::Command> Take(const std::string& address, std::size_t most,
                                std::chrono::nanoseconds now);
  // Lanes without a router get one; all addresses for which Take would return something.
  std::vector<std::string> Ready(std::chrono::nanoseconds now);

  // `address` answered. What that settles.
  std::vector<Outcome> Answer(const std::string& address, const v1::CommandResult& result,
                              std::chrono::nanoseconds now);
  // The stream to `address` ended with `error`. What that settles: nothing, if it may be resumed.
  std::vector<Outcome> Break(const std::string& address, const Error& error,
                             std::chrono::nanoseconds now);
  // Commands whose time is over.
  std::vector<Outcome> Expire(std::chrono::nanoseconds now);

  // Everything, with CANCELLED: nobody will wait for it.
  std::vector<Outcome> Abandon();

  // When, after `now`, Ready or Expire may have more; nanoseconds::max() if not by time.
  std::chrono::nanoseconds NextTime(std::chrono::nanoseconds now) const;
  std::size_t unanswered() const { return unanswered_; }

 private:
  enum class State { kIdle, kSent, kRefused };
  struct Entry {
    v1::Command command;
    CommandAnswer answer;
    std::chrono::nanoseconds deadline;
    State state = State::kIdle;
    Error last_error = {};
  };
  struct Lane {
    explicit Lane(Link& link) : persistence(link) {}
    Persistence persistence;
    std::string address;
    std::deque<Entry> entries;  // unanswered, in order
    std::size_t out = 0;        // how many of them are kSent
    bool halted = false;        // nothing new until out == 0
    std::chrono::nanoseconds not_before = std::chrono::nanoseconds(0);
  };

  // The lane's commands are served at `owner`: it goes there, once all that is out is answered.
  void Follow(const std::string& workspace, Lane& lane, const std::string& owner);
  // Whether a refusal is the end of its command.
  bool IsFinal(const Error& error) const;
  static bool CanSend(const Lane& lane, std::chrono::nanoseconds now);
  void Refuse(const std::string& workspace, Lane& lane, Entry& entry, Error error,
              std::chrono::nanoseconds now);
  // After every change: lets a halted lane go on, and forgets one that has nothing to do.
  void GoOn(std::map<std::string, Lane>::iterator lane);
  Outcome Settle(Lane& lane, std::deque<Entry>::iterator entry, Result<v1::Receipt> result);

  Link& link_;
  const bool repeat_refused_;
  std::uint64_t last_id_ = 0;
  std::size_t unanswered_ = 0;
  std::map<std::string, Lane> lanes_;                // by workspace
  std::map<std::uint64_t, std::string> workspaces_;  // by id of command
};

}  // namespace firstline::client
