// Whether a serving order chooses as the logged centre did.
//
// The log's own customers wait and leave as they did, and its own agents become free when they did.
// At each moment in which the log gives a waiting call to an agent, the agent is shown to the
// routing engine for that moment, and whom the engine would have given is compared with whom the
// centre gave. Then the log goes on as it was: a wrong choice does not change what comes after it.
//
// A choice is such a moment in which another call that the agent could have taken went on waiting.
// If several calls left their queues in one second, the engine may name any of them, for the log
// does not tell their order; nor does it tell that of two calls which are due in one second.
//
// Thread rule: pure functions.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "services/cli/output.h"
#include "services/cli/replay/call_log.h"

namespace firstline::replay {

// What an agent could have taken.
enum class Takes {
  kSameQueue,  // calls of the queue of the call that was taken
  kDay,        // calls of every queue the agent answered that day
};

// The serving order that is tried.
struct Rule {
  std::string name;
  std::vector<Credit> credits;  // none: first come, first served
};

struct Score {
  std::string rule;
  std::int64_t choices = 0;
  std::int64_t agreeing = 0;
  // The rest, by what the centre did instead of what the rule says. Passed over a call of the same
  // priority: no credit by priority explains that.
  std::int64_t same_priority = 0;
  std::int64_t higher_first = 0;  // took a call of higher priority: the rule's credit is too small
  std::int64_t lower_first = 0;   // took one of lower priority: its credit is too large
  // Share of the choices in which the rule agrees.
  double share() const;
};

// Adds a day to `score`.
void ScoreDay(const CallLog& log, const Rule& rule, Takes takes, Score& score);

void Print(const std::vector<Score>& scores, cli::Format format, std::ostream& out);

}  // namespace firstline::replay
