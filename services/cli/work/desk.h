// An agent's desk: what they hold, and what they say about it in short commands.
//
//   Desk desk(context, "ann");
//   desk.Take(change);              // what the router says, as it says it
//   desk.Do("accept");              // what the person says
//
// What happens is written to the context's output, a line each; what the person got wrong throws
// Failure and changes nothing.
//
// Thread rule: one thread.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/client/agent_work.h"
#include "services/cli/context.h"

namespace firstline::cli {

// What the person does, for help texts: a line each.
extern const char kDeskCommands[];

class Desk {
 public:
  using SetPresence = std::function<void(v1::Presence, const std::string& reason)>;

  // `set_presence`: how presence is asked for.
  Desk(Context& context, std::string agent_id, SetPresence set_presence);

  void Take(const client::WorkChange& change);
  void TakePresence(v1::Presence presence, const std::string& reason);
  // One line of the person; an empty one does nothing.
  void Do(const std::string& line);

  // The person wants to go.
  bool leaving() const { return leaving_; }
  // They wait for something that has not come yet: the next line is not to be done.
  bool IsWaiting();
  // When they waited for a time: how long yet, else nothing.
  std::optional<std::chrono::nanoseconds> WaitLeft() const;
  // "ann AVAILABLE, offer chat-1 14s left > "
  std::string Prompt() const;
  // Ids of what they still have.
  std::vector<std::string> Held() const;

 private:
  using Kind = v1::AgentWork::Kind;
  using Words = std::vector<std::string>;
  struct Command {
    const char* name;
    const char* brief;  // may be typed instead; empty: none
    void (Desk::*run)(Words&);
  };
  static const std::vector<Command>& Commands();

  void Accept(Words& words);
  void Decline(Words& words);
  void Reply(Words& words);
  void Close(Words& words);
  void Finish(Words& words);
  void Park(Words& words);
  void Resume(Words& words);
  void Transfer(Words& words);
  void Break(Words& words);
  void Back(Words& words);
  void Drain(Words& words);
  void List(Words& words);
  void Wait(Words& words);
  void Help(Words& words);
  void Quit(Words& words);

  // The work that is meant: the one named by the first word, which is then taken away, else the
  // oldest of the kinds. Throws Failure when there is none.
  v1::AgentWork Pick(Words& words, const std::vector<Kind>& kinds, const std::string& what);
  bool Has(const std::vector<Kind>& kinds) const;
  // A call has changed what `work` is held as: the next line is done when the stream has said so.
  void Settle(const v1::AgentWork& work);
  bool IsSettling() const;
  void Tell(const std::string& text, Colour colour = Colour::kNone);
  std::string TimeLeft(const v1::AgentWork& work) const;
  void ReadClock();

  struct Item {
    int turn = 0;  // oldest first
    v1::AgentWork work;
  };

  Context& context_;
  const std::string agent_id_;
  const SetPresence set_presence_;
  const std::string message_prefix_;
  std::map<std::string, Item> items_;  // by inquiry
  v1::Presence presence_ = v1::PRESENCE_UNSPECIFIED;
  std::string reason_;
  std::string last_closed_;
  v1::AgentWork settling_;
  std::chrono::steady_clock::time_point settle_until_ = {};
  int turns_ = 0, messages_ = 0;
  bool leaving_ = false;
  // What `wait` waits for.
  std::optional<std::chrono::steady_clock::time_point> wait_until_;
  std::string wait_for_;
  // Workspace time less steady time, as far as it was told.
  std::optional<std::int64_t> clock_offset_us_;
};

}  // namespace firstline::cli
