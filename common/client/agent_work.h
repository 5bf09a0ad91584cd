// What agents hold, kept from snapshots and events: the difference between two snapshots is told in
// the same words as events are, so that whoever listens cannot tell whether the stream broke.
//
// Thread rule: one thread at a time.
#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "firstline/v1/agent_service.pb.h"

namespace firstline::client {

struct WorkChange {
  enum class Kind {
    kOffered,   // accept or decline it before it runs out
    kAssigned,  // the agent has the conversation
    kParked,    // still the agent's, but its customer is silent
    kWrapUp,    // units are held until finished or run out
    kEnded,     // no longer the agent's: `work` is what it was
  };
  Kind kind = Kind::kEnded;
  std::string agent_id;
  v1::AgentWork work;
};

class AgentWorkBook {
 public:
  // Replaces what is known of one agent; what changed by that.
  std::vector<WorkChange> Apply(const v1::AgentStatus& status);
  // `detail`: the work that goes with an offer or assignment, or null.
  std::vector<WorkChange> Apply(const v1::Event& event, const v1::AgentWork* detail);
  // Nothing is known of the agent from now on; its work is not reported as ended.
  void Forget(const std::string& agent_id);

 private:
  // Wrap-up begins when the conversation has ended: they are two things.
  using Key = std::pair<std::string, bool>;  // inquiry, is wrap-up
  using Held = std::map<Key, v1::AgentWork>;

  static Key KeyOf(const v1::AgentWork& work);
  WorkChange Put(const std::string& agent_id, v1::AgentWork work);
  // Ends what is held under `key`, if anything.
  std::vector<WorkChange> Drop(const std::string& agent_id, const Key& key);
  // The same for the inquiry, whoever has it.
  std::vector<WorkChange> DropInquiry(const std::string& inquiry_id);
  void Disown(const std::string& agent_id, const Key& key);
  std::vector<WorkChange> Change(const v1::Event& event, v1::AgentWork::Kind kind,
                                 const v1::AgentWork* detail);

  std::map<std::string, Held> agents_;
  // Who has an inquiry, wrap-up aside.
  std::unordered_map<std::string, std::string> holders_;
};

}  // namespace firstline::client
