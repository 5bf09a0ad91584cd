#include "services/cli/replay/replay.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/cli/failure.h"
#include "services/cli/replay/scenario.h"
#include "services/cli/workspaces.h"

namespace firstline::replay {
namespace {

using google::protobuf::util::TimeUtil;

constexpr std::int64_t kMicro = 1'000'000;
// Between the creation of a live workspace and the first call.
constexpr std::int64_t kLiveDelayUs = 500'000;

// Workspace time, if the router's clock suits the speed that was asked for.
std::int64_t CheckClock(client::Client& client, const std::string& workspace, bool want_driven) {
  v1::GetTimeRequest request;
  request.set_workspace(workspace);
  const v1::GetTimeResponse clock = cli::Unwrap(client.GetTime(request));
  if (want_driven && !clock.driven()) {
    throw cli::Failure(cli::ExitCode::kRefused,
                       "full speed takes a router whose clock is driven; this one follows real"
                       " time, and days cannot pass faster there",
                       "start it with --clock=driven, or replay with --speed N");
  }
  if (!want_driven && clock.driven()) {
    throw cli::Failure(cli::ExitCode::kRefused,
                       "the clock of this router is driven: its time would not pass",
                       "leave --speed out, or start the router with --clock=system");
  }
  return TimeUtil::TimestampToMicroseconds(clock.time());
}

double HoursOf(const CallLog& log) {
  std::int64_t end_s = log.calls.back().arrival_s;
  for (const Shift& shift : log.shifts) {
    if (shift.off_s != kNoLogOff) end_s = std::max(end_s, shift.off_s);
  }
  return static_cast<double>(end_s - log.calls.front().arrival_s) / 3600;
}

void FillQueues(client::Client& client, const CallLog& log, const std::string& workspace,
                double speed, Report& report) {
  v1::GetQueueStatsRequest request;
  request.set_workspace(workspace);
  report.queues = CompareQueues(log, cli::Unwrap(client.GetQueueStats(request)), speed);
  report.total.queue = "all";
  for (const QueueRow& row : report.queues) {
    report.total.log.Add(row.log);
    report.total.here.Add(row.here);
  }
}

}  // namespace

Report Replay(client::Client& client, const CallLog& log, v1::Workspace workspace,
              const ReplayOptions& options) {
  if (log.calls.empty()) throw cli::Failure(cli::ExitCode::kInvalid, "there are no calls to play");
  const double speed = options.speed.value_or(1);
  if (speed != 1) ScaleSpans(speed, workspace);
  if (options.replace) cli::DeleteWorkspace(client, workspace.id());
  const auto started = std::chrono::steady_clock::now();
  const std::string cursor = cli::CreateWorkspace(
      client, workspace, "--workspace NAME plays in another, --replace deletes this one first");
  std::int64_t now_us = 0;
  try {
    now_us = CheckClock(client, workspace.id(), !options.speed.has_value());
  } catch (const cli::Failure&) {
    cli::DeleteWorkspace(client, workspace.id());  // only a workspace has a clock to ask
    throw;
  }

  // Driven: on a whole second, so that the log's seconds are the workspace's.
  const std::int64_t start_us =
      options.speed ? now_us + kLiveDelayUs : (now_us / kMicro + 1) * kMicro;
  Play play(log, {.workspace = workspace.id(),
                  .channel = ChannelOf(workspace),
                  .start_us = start_us,
                  .speed = speed});
  Stage stage(client, workspace.id(), cursor);
  const Progress progress = options.progress ? options.progress : [](const Play&, std::int64_t) {};
  if (options.speed) {
    stage.PlayLive(play, progress);
  } else {
    stage.PlayDriven(play, progress);
  }

  Report report;
  FillQueues(client, log, workspace.id(), speed, report);
  const auto given_up = [](const Play::Fate& fate) { return fate.given_up; };
  report.given_up = static_cast<std::uint64_t>(
      std::count_if(play.fates().begin(), play.fates().end(), given_up));
  report.compare_waits = log.exact;
  if (log.exact) report.waits = CompareWaits(log, play);
  const check::StreamChecker checker = stage.Judge(play.SubmittedIds());
  report.totals = checker.totals();
  report.violations = checker.violations();
  report.log_hours = HoursOf(log);
  report.wall_s =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  return report;
}

}  // namespace firstline::replay
