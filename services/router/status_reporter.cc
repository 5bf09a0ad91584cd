#include "services/router/status_reporter.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "common/status/reason.h"

namespace firstline::router {
namespace {

constexpr size_t kWaitingMax = 64;

bool OwnedHere(const runtime::WorkspaceStatus& status) {
  return status.phase == runtime::Phase::kActive || status.phase == runtime::Phase::kRestoring;
}

}  // namespace

StatusReporter::StatusReporter(Sources sources)
    : sources_(std::move(sources)),
      start_time_(sources_.clock.SystemTime()),
      waiting_(kWaitingMax),
      thread_("fl-status", [this] { Serve(); }) {}

StatusReporter::~StatusReporter() {
  waiting_.Close();
  thread_.Join();
}

api::StatusReport StatusReporter::Read() {
  api::StatusReport report;
  report.version = sources_.version;
  report.address = sources_.address;
  report.start_time = start_time_;
  report.ready = sources_.loop.store_ready();
  report.driven_clock = sources_.driven_clock;
  report.store_address = sources_.store_address;
  if (sources_.inspect) {
    sync::MutexLock lock(store_mutex_);
    report.redis = sources_.inspect();
  }
  report.open_calls = sources_.loop.open_calls();
  report.inbox_depth = sources_.loop.inbox_depth();
  report.complete =
      sources_.loop.Run([&](const runtime::Pod& pod) { ReadPod(report, pod); });
  report.time = sources_.clock.SystemTime();
  return report;
}

// On the loop's thread.
void StatusReporter::ReadPod(api::StatusReport& report, const runtime::Pod& pod) const {
  std::vector<runtime::WorkspaceStatus> all = pod.Workspaces();
  report.workspace_count = all.size();
  std::stable_partition(all.begin(), all.end(), OwnedHere);
  if (all.size() > kReportedWorkspacesMax) all.resize(kReportedWorkspacesMax);
  const auto boot = std::chrono::duration_cast<std::chrono::microseconds>(
      sources_.clock.BootTime());
  for (const runtime::WorkspaceStatus& status : all) {
    api::WorkspaceReport& one = report.workspaces.emplace_back();
    one.workspace = status.workspace;
    one.phase = status.phase;
    one.owner = status.owner;
    one.open_calls = status.open_calls;
    const engine::Engine* engine = pod.EngineOf(status.workspace);
    if (engine == nullptr) continue;
    const telemetry::StatusBook::Commits commits = sources_.book.CommitsOf(status.workspace);
    one.held = api::WorkspaceReport::Held{
        .lease_left = status.lease_until - runtime::BootTime{boot.count()},
        .epoch = status.epoch,
        .config_etag = engine->etag(),
        .inquiries = engine->inquiries(),
        .open_inquiries = engine->open_inquiries(),
        .agents = engine->agents(),
        .commits = commits.count,
        .last_commit_time = commits.last_time,
        .last_commit_latency = commits.last_latency};
  }
  for (const telemetry::StatusBook::Entry& entry : sources_.book.entries()) {
    report.incidents.push_back({entry.workspace,
                                std::string(telemetry::IncidentName(entry.incident)), entry.time,
                                entry.count});
  }
}

void StatusReporter::ReadLater(Done done) {
  if (waiting_.TryPush(done)) return;
  done(status::Error(absl::StatusCode::kResourceExhausted, "too many ask for the status",
                     {.reason = "OVERLOADED", .retry_after = std::chrono::seconds(1)}));
}

// Who asked meanwhile is answered by one report.
void StatusReporter::Serve() {
  std::vector<Done> asking;
  while (waiting_.PopAll(asking, std::chrono::hours(1))) {
    if (asking.empty()) continue;
    const api::StatusReport report = Read();
    for (const Done& done : asking) done(report);
    asking.clear();
  }
}

}  // namespace firstline::router
