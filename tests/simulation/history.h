// Folds the public event stream into the state it tells, and finds what cannot be.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "firstline/v1/event.pb.h"
#include "services/router/engine/engine.h"
#include "services/router/store/port.h"

namespace firstline::simulation {

// What agents did with their sessions: pairs of agent and session.
struct SessionsEnded {
  // No sign of life was given any more from this Unix time in us on.
  std::map<std::pair<std::string, std::string>, int64_t> left;
  std::set<std::pair<std::string, std::string>> closed;  // somebody asked for it
};

class History {
 public:
  explicit History(const SessionsEnded& sessions) : sessions_(sessions) {}

  // Returns what is wrong with the event after those before it, or "".
  std::string Add(const store::EventEntry& entry);
  // Returns the first difference between the folded state and the engine's, or "".
  std::string CompareWith(const engine::Engine& engine) const;
  // An owner said that events before it are missing: from there on the fold tells nothing, as for
  // any reader of the stream. The newest such event; {0,0} for none.
  store::EventId gap() const { return gap_; }

 private:
  enum class State { kNone, kWaiting, kOffered, kAssigned, kParked, kClosed, kCancelled };
  struct Inquiry {
    State state = State::kNone;
    std::string agent;
    std::vector<std::string> also_asked;  // with the same offer, in the order of asking
    bool forced = false;                  // goes past the bounds of capacity next
    int units = 1;
    std::set<std::string> messages;
  };
  struct Agent {
    int capacity = 0;
    int used = 0;
    v1::Presence presence = v1::PRESENCE_OFFLINE;
    std::map<std::string, std::vector<int>> wrap_ups;  // inquiry -> units of each
  };

  std::string AddInquiry(const v1::Event& event);
  std::string AddAgent(const v1::Event& event);
  bool MayLapse(const v1::Event& event) const;
  std::string Take(Inquiry& inquiry, const std::string& agent, int units, State state);
  std::string TakeUnits(const Inquiry& inquiry, const std::string& agent);
  static std::string EndWrapUp(Agent& agent, const std::string& inquiry);
  void Give(Inquiry& inquiry);
  void EndOffer(Inquiry& inquiry, const std::string& agent);

  const SessionsEnded& sessions_;
  std::map<std::string, Inquiry> inquiries_;
  std::map<std::string, Agent> agents_;
  int64_t time_us_ = 0;
  store::EventId last_;
  store::EventId hole_;  // newest event whose predecessor is missing
  store::EventId gap_;
};

}  // namespace firstline::simulation
