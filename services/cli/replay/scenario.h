// The workspace in which a logged day is played again.
//
// One live channel "voice"; every agent takes one call at a time. Queues serve first come first
// served (by credit where the log knows of credits), the agent who is idle longest gets the call, and
// accepts at once. The log tells which queues an agent answered, so that is what it can do:
//   kSkills       a skill by the name of the queue, which the queue requires; the default, because a
//                 freed agent then chooses among queues by the skills alone
//   kMemberships  a membership in each of them, and no skills
// Levels were not logged: all are 1.
//
// Thread rule: pure functions.
#pragma once

#include <string>

#include "firstline/v1/workspace.pb.h"
#include "services/cli/replay/call_log.h"

namespace firstline::replay {

enum class ServesBy { kSkills, kMemberships };

// The configuration with all agents in it.
v1::Workspace WorkspaceFor(const CallLog& log, const std::string& id, ServesBy serves_by);

// Divides every span of the configuration by `speed` (above 0), spans that are not set by their
// defaults; to the microsecond, and not below what the router accepts (1 s for offers and grace).
void ScaleSpans(double speed, v1::Workspace& workspace);

// The channel calls come in by: the configuration's first live one, else its first; empty if it has
// none.
std::string ChannelOf(const v1::Workspace& workspace);

}  // namespace firstline::replay
