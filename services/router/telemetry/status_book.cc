#include "services/router/telemetry/status_book.h"

namespace firstline::telemetry {
namespace {

constexpr std::chrono::minutes kTellAgain{1};

}  // namespace

std::string_view IncidentName(runtime::Incident incident) {
  switch (incident) {
    case runtime::Incident::kFenced: return "fenced";
    case runtime::Incident::kRefused: return "refused";
    case runtime::Incident::kDoubted: return "in_doubt";
    case runtime::Incident::kReplayed: return "replayed";
    case runtime::Incident::kRebuilt: return "rebuilt";
    case runtime::Incident::kReloaded: return "reloaded";
    case runtime::Incident::kLapsed: return "lapsed";
    case runtime::Incident::kAcquired: return "acquired";
    case runtime::Incident::kReleased: return "released";
    case runtime::Incident::kQuarantined: return "quarantined";
    case runtime::Incident::kStateRefused: return "state_refused";
    case runtime::Incident::kShed: return "shed";
    case runtime::Incident::kNotReplicated: return "not_replicated";
  }
  return "";
}

void StatusBook::Committed(const runtime::WorkspaceId& workspace,
                           const runtime::CommitFigures& figures) {
  Commits& commits = commits_[workspace];
  ++commits.count;
  commits.last_time = clock_.SystemTime();
  commits.last_latency = figures.latency;
}

bool StatusBook::Count(const runtime::WorkspaceId& workspace, runtime::Incident incident) {
  if (incident == runtime::Incident::kAcquired || incident == runtime::Incident::kReleased) {
    return false;
  }
  const std::chrono::nanoseconds now = clock_.SystemTime();
  if (!entries_.empty() && entries_.back().incident == incident &&
      entries_.back().workspace == workspace) {
    ++entries_.back().count;
    entries_.back().time = now;
    if (now - told_ < kTellAgain) return false;
  } else {
    entries_.push_back({workspace, incident, now, 1});
    if (entries_.size() > kIncidentsKept) entries_.pop_front();
  }
  told_ = now;
  return true;
}

StatusBook::Commits StatusBook::CommitsOf(const runtime::WorkspaceId& workspace) const {
  const auto found = commits_.find(workspace);
  return found == commits_.end() ? Commits() : found->second;
}

}  // namespace firstline::telemetry
