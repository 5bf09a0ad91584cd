// A logged day played again at a running router, from its configuration to the verdict.
//
// Thread rule: as Stage.
#pragma once

#include <optional>
#include <string>

#include "common/client/client.h"
#include "firstline/v1/workspace.pb.h"
#include "services/cli/replay/call_log.h"
#include "services/cli/replay/report.h"
#include "services/cli/replay/stage.h"

namespace firstline::replay {

struct ReplayOptions {
  // Seconds of the log that pass in one second; not set: as fast as the router can, which takes one
  // whose clock is driven.
  std::optional<double> speed;
  // A workspace of that name that exists already is deleted first, with all it holds.
  bool replace = false;
  Progress progress;
};

// Creates `workspace`, plays `log` in it, reads its figures and judges its history. The workspace
// stays. Throws cli::Failure; what is wrong with the router's decisions is in the report instead.
Report Replay(client::Client& client, const CallLog& log, v1::Workspace workspace,
              const ReplayOptions& options);

}  // namespace firstline::replay
