// firstline-demo: plays a made-up busy day of customer service on a router and shows the figures.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>
#include <thread>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/client/client.h"
#include "common/config/yaml.h"
#include "services/demo/figures.h"
#include "services/demo/stage.h"

namespace firstline::demo {
namespace {

using std::chrono::seconds;
using SteadyClock = std::chrono::steady_clock;

struct Arguments {
  std::string router;
  std::string metrics;
  std::string workspace_file = "deploy/demo/workspace.yaml";
  DayOptions day;
  bool plan_only = false;
  bool stay = false;
  std::string note;
};

client::Stop g_stop;

absl::StatusOr<v1::Workspace> ReadWorkspace(const std::string& path) {
  std::ifstream file(path);
  if (!file) return absl::NotFoundError(absl::StrCat("cannot read ", path));
  std::ostringstream text;
  text << file.rdbuf();
  v1::Workspace workspace;
  const absl::Status status = config::ParseYaml(text.str(), workspace, {.source_name = path});
  if (!status.ok()) return status;
  return workspace;
}

absl::Status Apply(client::Client& client, const v1::Workspace& workspace) {
  v1::ApplyWorkspaceRequest request;
  *request.mutable_workspace() = workspace;
  request.set_mode(v1::APPLY_MODE_WHOLE);
  const auto answer = client.ApplyWorkspace(request, {.deadline = seconds(30)});
  if (!answer.ok()) return absl::InternalError(answer.error().ToString());
  for (const v1::ConfigWarning& warning : answer->warnings()) {
    std::cout << "warning: " << warning.text() << "\n";
  }
  std::cout << "workspace " << workspace.id() << ": " << workspace.queues_size() << " queues, "
            << workspace.agents_size() << " agents\n";
  return absl::OkStatus();
}

std::vector<std::string> AgentIds(const v1::Workspace& workspace) {
  std::vector<std::string> ids;
  for (const v1::Agent& agent : workspace.agents()) ids.push_back(agent.id());
  return ids;
}

// One line, rewritten in place on a terminal, now and then elsewhere.
class Progress {
 public:
  void Show(Offset now, const Player& player, bool final) {
    const auto passed = SteadyClock::now() - shown_;
    if (!final && passed < (terminal_ ? std::chrono::milliseconds(200) : seconds(15))) return;
    shown_ = SteadyClock::now();
    const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(now).count();
    const Tally& tally = player.tally();
    std::cout << (terminal_ ? "\r" : "")
              << absl::StrFormat(
                     "%02d:%02d  %d inquiries, %d open, %d closed, %d abandoned, %d transferred, "
                     "%d parked  (%.0f s)",
                     8 + minutes / 60, minutes % 60, tally.submitted, player.open(), tally.closed,
                     tally.abandoned, tally.transferred, tally.parked,
                     std::chrono::duration<double>(shown_ - begun_).count())
              << (terminal_ && !final ? "" : "\n") << std::flush;
  }
  double seconds_passed() const {
    return std::chrono::duration<double>(SteadyClock::now() - begun_).count();
  }

 private:
  const bool terminal_ = isatty(STDOUT_FILENO) == 1;
  const SteadyClock::time_point begun_ = SteadyClock::now();
  SteadyClock::time_point shown_ = begun_ - std::chrono::hours(1);
};

// The table, and whether /metrics agrees with it.
absl::Status ShowFigures(client::Client& client, const Arguments& arguments,
                         const std::string& workspace) {
  v1::GetQueueStatsRequest request;
  request.set_workspace(workspace);
  const auto stats = client.GetQueueStats(request);
  if (!stats.ok()) return absl::InternalError(stats.error().ToString());
  std::cout << "\n" << Table(*stats);
  if (arguments.metrics.empty()) return absl::OkStatus();
  const auto text = Scrape(arguments.metrics);
  if (!text.ok()) return text.status();
  const auto differences = Differences(workspace, *stats, MetricsText(*text));
  for (const std::string& difference : differences) std::cout << difference << "\n";
  if (!differences.empty()) {
    return absl::InternalError(absl::StrCat(differences.size(), " figures differ from /metrics"));
  }
  std::cout << "every figure equal to /metrics\n";
  return absl::OkStatus();
}

// The evening: workspace time goes on as fast as real time, until a signal.
absl::Status Stay(const Arguments& arguments, Player& player, Stage& stage, Offset now) {
  Offset planned = now;
  const auto begun = SteadyClock::now();
  while (!g_stop.WaitFor(std::chrono::milliseconds(250))) {
    const auto passed = std::chrono::duration_cast<Offset>(SteadyClock::now() - begun);
    while (planned < now + passed + std::chrono::minutes(1)) {
      player.Add(PlanArrivals(arguments.day, planned, planned + std::chrono::hours(1)));
      planned += std::chrono::hours(1);
    }
    if (absl::Status status = stage.Step(now + passed); !status.ok()) return status;
  }
  return absl::OkStatus();
}

void ShowPlan(const Arguments& arguments, const std::vector<Arrival>& arrivals) {
  for (std::size_t hour = 0; hour < 10; ++hour) {
    const Offset from = std::chrono::hours(hour);
    const auto count = std::count_if(arrivals.begin(), arrivals.end(), [&](const Arrival& arrival) {
      return arrival.at >= from && arrival.at < from + std::chrono::hours(1);
    });
    std::cout << absl::StrFormat("%02d:00  %4d  %s\n", 8 + hour, count,
                                 std::string(static_cast<std::size_t>(count) / 8, '#'));
  }
  std::cout << arrivals.size() << " arrivals with seed " << arguments.day.seed << "\n";
}

absl::Status Run(const Arguments& arguments) {
  const auto arrivals = PlanArrivals(arguments.day, Offset(0), kDayLength);
  if (arguments.plan_only) {
    ShowPlan(arguments, arrivals);
    return absl::OkStatus();
  }
  const auto workspace = ReadWorkspace(arguments.workspace_file);
  if (!workspace.ok()) return workspace.status();
  client::Client client({.targets = {arguments.router}});
  if (absl::Status status = Apply(client, *workspace); !status.ok()) return status;

  Player player({.workspace = workspace->id(), .day = arguments.day},
                PlanShifts(arguments.day, AgentIds(*workspace)));
  player.Add(arrivals);
  Stage stage(client, workspace->id(), player);
  if (absl::Status status = stage.Begin(); !status.ok()) return status;
  Progress progress;
  Offset now(0);
  // The day is over when the last conversation that began in it is.
  while (now < kDayLength || (player.open() > 0 && now < kDayLength + std::chrono::hours(3))) {
    if (g_stop.IsSet()) return absl::CancelledError("stopped");
    now += seconds(1);
    if (absl::Status status = stage.Step(now); !status.ok()) return status;
    progress.Show(now, player, false);
  }
  progress.Show(now, player, true);
  std::cout << stage.commands_sent() << " commands and " << stage.events_read() << " events in "
            << absl::StrFormat("%.1f", progress.seconds_passed()) << " s\n";
  if (absl::Status status = ShowFigures(client, arguments, workspace->id()); !status.ok()) {
    return status;
  }
  if (!arguments.stay) return absl::OkStatus();
  std::cout << arguments.note << std::flush;
  return Stay(arguments, player, stage, now);
}

}  // namespace
}  // namespace firstline::demo

int main(int argc, char** argv) {
  firstline::demo::Arguments arguments;
  CLI::App cli("Plays a made-up busy day of customer service through a Firstline router.",
               "firstline-demo");
  cli.add_option("--router", arguments.router, "gRPC address; started with --clock=driven");
  cli.add_option("--metrics", arguments.metrics, "address of /metrics to compare the figures with");
  cli.add_option("--workspace", arguments.workspace_file, "the workspace to apply, YAML")
      ->capture_default_str();
  cli.add_option("--seed", arguments.day.seed, "another seed is another day")
      ->capture_default_str();
  cli.add_option("--load", arguments.day.load, "multiplies the arrivals")
      ->check(CLI::Range(0.0, 20.0))
      ->capture_default_str();
  cli.add_flag("--plan", arguments.plan_only, "show the arrivals and call no router");
  cli.add_flag("--stay", arguments.stay, "afterwards go on in real time until a signal");
  cli.add_option("--note", arguments.note, "with --stay: what to print when the day is over");
  CLI11_PARSE(cli, argc, argv);
  if (arguments.router.empty() && !arguments.plan_only) {
    std::cerr << "firstline-demo: --router is needed\n";
    return 2;
  }

  // A thread waits for signals; a handler may do next to nothing.
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::thread([signals] {
    int received = 0;
    sigwait(&signals, &received);
    firstline::demo::g_stop.Set();
  }).detach();

  const absl::Status status = firstline::demo::Run(arguments);
  if (!status.ok()) std::cerr << "firstline-demo: " << status.message() << "\n";
  return status.ok() ? 0 : 1;
}
