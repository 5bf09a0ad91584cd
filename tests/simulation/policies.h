// What simulated workspaces are configured with: some of the rules that customers may choose, by
// chance, and what their people may do with them.
#pragma once

#include <cstdint>

#include "services/router/engine/command.h"
#include "tests/simulation/linearizability.h"
#include "tests/simulation/random.h"

namespace firstline::simulation {

inline constexpr char kQueue[] = "support";
inline constexpr char kOtherQueue[] = "experts";  // where conversations are sent on to
inline constexpr char kChannel[] = "chat";
inline constexpr char kExclusiveChannel[] = "phone";  // has the agent to itself

// The defaults are the plainest workspace.
struct Policies {
  bool agents_lose_work = true;  // for want of a first reply
  int offer_to = 1;
  int max_overtakes = 0;  // of inquiries that take all of an agent
  engine::LostAgent lost_agent = engine::LostAgent::kKeep;
  bool exclusive_channel = false;
  bool steps_by_state = false;
  bool decliners_last = false;
  bool wrap_up_of_queue = false;
  bool claims = false;      // by agents
  bool directs = false;     // assignments by supervisors, with overrides
  bool transfers = false;
  bool reopens = false;
  bool extends = false;     // wrap-ups, by agents
  bool absences = false;    // agents are away, or vanish without a word
};
Policies DrawPolicies(Random random);

struct WorkspaceOptions {
  int agents = 3;  // a0, a1, ...
  int64_t retention_us = 0;
  uint64_t keep_events = 0;  // 0: all
};
engine::ApplyConfig ConfigOf(const Policies& policies, const WorkspaceOptions& options);
// The inquiry i<number>.
engine::Submit SubmitOf(const Policies& policies, int number);
InquiryRules RulesOf(const Policies& policies);

}  // namespace firstline::simulation
