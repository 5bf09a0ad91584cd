#include "services/cli/doctor/diagnosis.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <cstdlib>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace firstline::cli {
namespace {

using google::protobuf::util::TimeUtil;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

// Clocks are compared by people who read logs and by leases of Redis' epochs: a second is nothing
// to either.
constexpr milliseconds kSkewMax{1000};
// Every commit waits for it.
constexpr milliseconds kRoundTripMax{5};
constexpr double kMemoryWarning = 0.8;
constexpr double kMemoryProblem = 0.95;
constexpr std::chrono::minutes kLately{15};

std::string Seconds(nanoseconds span) {
  return absl::StrFormat("%.1f s", std::chrono::duration<double>(span).count());
}

nanoseconds Of(const google::protobuf::Duration& span) {
  return nanoseconds(TimeUtil::DurationToNanoseconds(span));
}

void JudgeClock(const std::string& subject, const v1::GetStatusResponse& status,
                const Moment& moment, Findings& findings) {
  const nanoseconds theirs(TimeUtil::TimestampToNanoseconds(status.time()));
  // The router read its clock at some time between these.
  const nanoseconds behind = moment.asked - theirs, ahead = theirs - moment.answered;
  const nanoseconds skew = std::max(behind, ahead);
  if (skew <= kSkewMax) return findings.Fine(subject, "its clock agrees with this one");
  findings.Warn(subject,
                absl::StrCat("its clock is ", Seconds(skew),
                             ahead > behind ? " ahead of" : " behind", " this one"),
                "let chrony or systemd-timesyncd set both clocks");
}

void JudgeVersion(const std::string& subject, const v1::GetStatusResponse& status,
                  const Moment& moment, Findings& findings) {
  if (status.version() == moment.version) {
    return findings.Fine(subject, "version " + status.version());
  }
  findings.Warn(subject,
                absl::StrCat("version ", status.version(), ", this command line is ",
                             moment.version),
                "use the command line of the router's version");
}

void JudgeMemory(const v1::StoreStatus& store, Findings& findings) {
  if (store.maxmemory_bytes() == 0) {
    return findings.Warn("redis", "maxmemory is not set: it may grow until the machine kills it",
                         "set maxmemory to twice what deploy/README.md section 6 adds up to");
  }
  const double used = static_cast<double>(store.used_memory_bytes()) /
                      static_cast<double>(store.maxmemory_bytes());
  const std::string text = absl::StrFormat("%.0f %% of maxmemory is used", used * 100);
  if (used < kMemoryWarning) return findings.Fine("redis", text);
  const std::string hint = "raise maxmemory, or lower the retention of workspaces";
  if (used < kMemoryProblem) return findings.Warn("redis", text, hint);
  findings.Problem("redis", text + ": soon no write is taken", hint);
}

void JudgeDurability(const v1::StoreStatus& store, Findings& findings) {
  if (!store.append_only()) {
    findings.Warn("redis", "appendonly is off: a restart forgets what no router holds in memory",
                  "set appendonly yes, appendfsync everysec (deploy/redis/redis.conf)");
  }
  if (!store.append_ok()) {
    findings.Problem("redis", "it cannot write its append-only file, so it refuses writes",
                     "look at its log and at the space of its disk");
  }
  if (!store.snapshot_ok()) {
    findings.Problem("redis", "its last snapshot failed; by default it then refuses writes",
                     "look at its log and at the space of its disk; with appendonly yes no"
                     " snapshots are needed (save \"\")");
  }
  if (store.append_only() && store.append_ok() && store.snapshot_ok()) {
    findings.Fine("redis", "appendonly is on and its last write succeeded");
  }
}

void JudgeReplicas(const v1::StoreStatus& store, Findings& findings) {
  if (store.role() == "slave") {
    return findings.Problem("redis", "it is a replica and takes no writes",
                            "name the primary in --store, or a service that follows it");
  }
  if (store.has_good_replicas()) {
    if (store.good_replicas() > 0) {
      return findings.Fine("redis", absl::StrCat(store.good_replicas(), " replicas are fresh"));
    }
    return findings.Problem("redis", "no replica is fresh enough for min-replicas-to-write",
                            "bring a replica back, or set min-replicas-to-write 0 for now");
  }
  if (store.replicas() == 0) return;
  findings.Warn("redis", "it has replicas, but confirms writes that none of them may have",
                "set min-replicas-to-write 1 and min-replicas-max-lag 10");
}

void JudgeWorkspace(const v1::WorkspaceStatus& one, Findings& findings) {
  const std::string subject = "workspace " + one.workspace();
  switch (one.phase()) {
    case v1::WORKSPACE_PHASE_OBSERVING:
      if (!one.owner().empty()) return;
      return findings.Problem(subject, "no router owns it",
                              "within a lease (10 s) one takes it, if Redis takes writes;"
                              " `firstline doctor` again, then the routers' logs");
    case v1::WORKSPACE_PHASE_ACQUIRING:
    case v1::WORKSPACE_PHASE_LOADING:
    case v1::WORKSPACE_PHASE_RESTORING:
      return findings.Warn(subject, "it is being taken over or restored: calls wait",
                           "`firstline doctor` again in some seconds");
    default: break;
  }
  if (one.has_lease_left() && Of(one.lease_left()).count() < 0) {
    findings.Problem(subject, "its owner has not renewed its lease in time",
                     "look whether Redis or the router's machine is overloaded");
  }
}

void JudgeWorkspaces(const std::string& subject, const v1::GetStatusResponse& status,
                     Findings& findings) {
  if (!status.complete()) {
    return findings.Problem(subject, "the thread that runs the workspaces does not answer",
                            "it is stopping or overloaded; see its log and"
                            " firstline_router_inbox_depth");
  }
  int owned = 0;
  for (const v1::WorkspaceStatus& one : status.workspaces()) {
    owned += one.phase() == v1::WORKSPACE_PHASE_ACTIVE ? 1 : 0;
    JudgeWorkspace(one, findings);
  }
  findings.Fine(subject, absl::StrCat("owns ", owned, " of ", status.workspace_count(),
                                      " workspaces it knows"));
}

void JudgeIncidents(const std::string& subject, const v1::GetStatusResponse& status,
                    Findings& findings) {
  std::map<std::string, int64_t> lately;
  for (const v1::Incident& one : status.incidents()) {
    if (Of(status.time() - one.time()) > kLately) continue;
    lately[absl::StrCat(one.kind(), " (", one.workspace(), ")")] += one.count();
  }
  if (lately.empty()) return findings.Fine(subject, "no incident in the last 15 minutes");
  std::string text = "in the last 15 minutes:";
  for (const auto& [what, count] : lately) absl::StrAppend(&text, " ", what, " ", count, " times,");
  text.pop_back();
  findings.Warn(subject, text, "deploy/prometheus/RUNBOOK.md says what each means");
}

}  // namespace

std::string SeverityName(Severity severity) {
  switch (severity) {
    case Severity::kFine: return "ok";
    case Severity::kWarning: return "warning";
    case Severity::kProblem: return "problem";
  }
  return "";
}

size_t Findings::Count(Severity severity) const {
  return static_cast<size_t>(std::count_if(
      all_.begin(), all_.end(), [&](const Finding& one) { return one.severity == severity; }));
}

void JudgeSilence(const std::string& address, const client::Error& error, Findings& findings) {
  const std::string subject = "router " + address;
  if (error.code == grpc::StatusCode::UNIMPLEMENTED) {
    return findings.Warn(subject, "it answers, but cannot tell its status: it is an older version",
                         "update it, or use the doctor of its version");
  }
  if (!error.reason.empty()) {
    return findings.Problem(subject, error.ToString(), "see the hint of that error's reason");
  }
  findings.Problem(subject, absl::StrCat("no answer: ", error.message),
                   "is it running, is HOST:PORT the one of --listen (not of /metrics), does a"
                   " firewall stand between?");
}

void JudgeStore(const v1::StoreStatus& store, Findings& findings) {
  if (store.kind() == "memory") {
    return findings.Warn("store", "state is kept in memory: nothing survives the router",
                         "start it with --store=HOST:PORT of a Redis");
  }
  if (!store.error().empty()) {
    return findings.Problem("redis", absl::StrCat("the router cannot ask ", store.address(), ": ",
                                                  store.error()),
                            "is it running, and do address, user and password in --store fit?");
  }
  findings.Fine("redis", absl::StrCat("version ", store.version(), " at ", store.address()));
  if (store.loading()) {
    findings.Problem("redis", "it still reads its data and answers nobody", "wait until it has");
  }
  if (store.maxmemory_policy() == "noeviction") {
    findings.Fine("redis", "maxmemory-policy is noeviction");
  } else {
    findings.Problem("redis",
                     absl::StrCat("maxmemory-policy is ", store.maxmemory_policy(),
                                  ": it may delete state"),
                     "CONFIG SET maxmemory-policy noeviction, and the same in redis.conf");
  }
  if (store.evicted_keys() > 0) {
    findings.Problem("redis", absl::StrCat("it deleted ", store.evicted_keys(),
                                           " keys to make room since it started"),
                     "state of workspaces may be among them: compare with a copy");
  }
  JudgeMemory(store, findings);
  JudgeDurability(store, findings);
  JudgeReplicas(store, findings);
  const nanoseconds round_trip = Of(store.round_trip());
  if (round_trip > kRoundTripMax) {
    findings.Warn("redis", absl::StrFormat("a round trip takes %.1f ms, and every commit at least"
                                           " one",
                                           std::chrono::duration<double, std::milli>(round_trip)
                                               .count()),
                  "put it into the routers' zone; look at SLOWLOG and at the disk");
  }
  const nanoseconds skew(std::abs(Of(store.clock_ahead()).count()));
  if (skew > kSkewMax + round_trip) {
    findings.Warn("redis", absl::StrCat("its clock differs by ", Seconds(skew),
                                        " from the router's"),
                  "let chrony or systemd-timesyncd set both clocks; workspaces live by Redis'");
  }
}

void JudgeRouter(const std::string& address, const v1::GetStatusResponse& status,
                 const Moment& moment, Findings& findings) {
  const std::string subject = "router " + address;
  JudgeVersion(subject, status, moment, findings);
  if (status.ready()) {
    findings.Fine(subject, "it is ready");
  } else {
    findings.Problem(subject, "it is not ready: the store has not answered it for a lease",
                     "see what is said about the store below");
  }
  JudgeClock(subject, status, moment, findings);
  JudgeStore(status.store(), findings);
  JudgeWorkspaces(subject, status, findings);
  JudgeIncidents(subject, status, findings);
}

}  // namespace firstline::cli
