// Everybody in the demo day: customers, agents, and the platform between them. Decides what happens
// when, from the plan of the day and from the router's events; knows no network and no clock.
//
//   Player player({.workspace = "demo"}, PlanShifts(...));
//   player.Add(PlanArrivals(...));
//   for (v1::Command& command : player.Due(now)) ...   // send
//   player.Take(event, now);                           // each event of the stream
//
// Thread rule: one thread at a time. Offsets count from the beginning of the day.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <queue>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "firstline/v1/routing_service.pb.h"
#include "services/demo/day.h"

namespace firstline::demo {

struct PlayerOptions {
  std::string workspace;
  DayOptions day = {};
};

// What has happened so far, for the progress line.
struct Tally {
  std::size_t submitted = 0;
  std::size_t closed = 0;
  std::size_t abandoned = 0;
  std::size_t transferred = 0;
  std::size_t parked = 0;
  std::size_t missed_offers = 0;
  std::size_t feedback = 0;
};

class Player {
 public:
  Player(PlayerOptions options, const std::vector<Shift>& shifts);

  // More customers, none of them in the past.
  void Add(const std::vector<Arrival>& arrivals);

  // What is to be done by `now`, in order of time. Whoever asks sends all of it.
  std::vector<v1::Command> Due(Offset now);

  // When something is due next; Offset::max() if never.
  Offset Next() const { return plan_.empty() ? Offset::max() : plan_.top().at; }

  // Reacts to what the router decided.
  void Take(const v1::Event& event, Offset now);

  const Tally& tally() const { return tally_; }
  // Inquiries that have not ended.
  std::size_t open() const { return inquiries_.size(); }
  // Work that is still planned, shifts aside.
  bool idle() const { return inquiries_.empty() && arrivals_left_ == 0; }

 private:
  // An inquiry that has not ended. What is planned for it holds for one `turn` only: each change of
  // hands begins another, and what was planned before is off.
  struct Inquiry {
    std::string queue;
    std::string channel;
    std::string agent_id;
    int turn = 0;
    int messages = 0;
    Offset end;  // when the present agent will be done
    bool assigned = false;
    bool replied = false;
    bool parked_once = false;
    bool transferred = false;
  };
  // Makes a command out of the moment, or nothing when it is no longer of use.
  using Action = std::function<void(std::vector<v1::Command>&, Offset)>;
  struct Planned {
    Offset at;
    std::uint64_t sequence;
    Action action;
  };
  struct Later {
    bool operator()(const Planned& a, const Planned& b) const {
      return a.at != b.at ? a.at > b.at : a.sequence > b.sequence;
    }
  };

  void Plan(Offset at, Action action);
  // Runs `action` for the inquiry if it is still the same turn then.
  void PlanTurn(Offset at, const std::string& inquiry_id, int turn,
                std::function<void(Inquiry&, std::vector<v1::Command>&, Offset)> action);
  Dice DiceFor(const std::string& key) const { return Dice(options_.day.seed, key); }

  void PlanShift(const Shift& shift);
  void SetPresence(const std::string& agent_id, v1::Presence presence, const std::string& reason,
                   std::vector<v1::Command>& commands);
  void LeaveIfDone(const std::string& agent_id, std::vector<v1::Command>& commands);

  void Submit(const Arrival& arrival, std::vector<v1::Command>& commands);
  void OnOffer(const v1::Event& event, Offset now);
  void OnAssigned(const v1::Event& event, Offset now);
  void OnEnded(const v1::Event& event, Offset now);
  void OnWrapUp(const v1::Event& event, Offset now);
  // The conversation of one turn.
  void PlanReply(const std::string& inquiry_id, const Inquiry& inquiry, Offset at);
  void PlanCustomer(const std::string& inquiry_id, const Inquiry& inquiry, Offset at);
  void PlanSilence(const std::string& inquiry_id, const Inquiry& inquiry, Offset at);
  void PlanEnd(const std::string& inquiry_id, Inquiry& inquiry, Offset now);
  void Say(const std::string& inquiry_id, Inquiry& inquiry, v1::Author author,
           std::vector<v1::Command>& commands);
  void Release(Inquiry& inquiry, const std::string& inquiry_id);

  const PlayerOptions options_;
  Tally tally_;
  std::uint64_t sequence_ = 0;
  std::size_t arrivals_left_ = 0;
  std::priority_queue<Planned, std::vector<Planned>, Later> plan_;
  std::unordered_map<std::string, Inquiry> inquiries_;
  std::map<std::string, std::set<std::string>> held_;  // open inquiries by agent
  std::set<std::string> leaving_;                      // agents who go when they hold nothing
};

}  // namespace firstline::demo
