#include "services/router/api/status_service.h"

#include <utility>

#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/time_util.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "services/router/api/limits.h"

namespace firstline::api {
namespace {

using google::protobuf::util::TimeUtil;
using GetStatusCall = UnaryCall<v1::GetStatusRequest, v1::GetStatusResponse>;

v1::WorkspacePhase PhaseOf(runtime::Phase phase) {
  switch (phase) {
    case runtime::Phase::kObserving: return v1::WORKSPACE_PHASE_OBSERVING;
    case runtime::Phase::kAcquiring: return v1::WORKSPACE_PHASE_ACQUIRING;
    case runtime::Phase::kLoading: return v1::WORKSPACE_PHASE_LOADING;
    case runtime::Phase::kActive: return v1::WORKSPACE_PHASE_ACTIVE;
    case runtime::Phase::kRestoring: return v1::WORKSPACE_PHASE_RESTORING;
    case runtime::Phase::kDropping: return v1::WORKSPACE_PHASE_DROPPING;
    case runtime::Phase::kEnded: return v1::WORKSPACE_PHASE_ENDED;
  }
  return v1::WORKSPACE_PHASE_UNSPECIFIED;
}

void WriteWorkspaceStatus(const WorkspaceReport& report, v1::WorkspaceStatus& out) {
  out.set_workspace(report.workspace);
  out.set_phase(PhaseOf(report.phase));
  out.set_owner(report.owner);
  out.set_open_calls(static_cast<int64_t>(report.open_calls));
  if (!report.held) return;
  const WorkspaceReport::Held& held = *report.held;
  *out.mutable_lease_left() = TimeUtil::MicrosecondsToDuration(held.lease_left.us);
  out.set_epoch(held.epoch);
  out.set_config_etag(held.config_etag);
  out.set_inquiries(static_cast<int64_t>(held.inquiries));
  out.set_open_inquiries(static_cast<int64_t>(held.open_inquiries));
  out.set_agents(static_cast<int64_t>(held.agents));
  out.set_commits(static_cast<int64_t>(held.commits));
  if (held.commits == 0) return;
  *out.mutable_last_commit_time() = TimeUtil::NanosecondsToTimestamp(held.last_commit_time.count());
  *out.mutable_last_commit_latency() =
      TimeUtil::MicrosecondsToDuration(held.last_commit_latency.us);
}

void WriteStore(const StatusReport& report, v1::StoreStatus& out) {
  out.set_kind(report.store_address.empty() ? "memory" : "redis");
  out.set_address(report.store_address);
  if (report.store_address.empty()) return;
  if (!report.redis.ok()) return out.set_error(std::string(report.redis.status().message()));
  const store::RedisFacts& facts = *report.redis;
  *out.mutable_round_trip() = TimeUtil::MicrosecondsToDuration(facts.round_trip.count());
  out.set_version(facts.version);
  out.set_role(facts.role);
  out.set_maxmemory_policy(facts.maxmemory_policy);
  out.set_maxmemory_bytes(facts.maxmemory_bytes);
  out.set_used_memory_bytes(facts.used_memory_bytes);
  out.set_evicted_keys(facts.evicted_keys);
  out.set_append_only(facts.append_only);
  out.set_append_ok(facts.append_ok);
  out.set_snapshot_ok(facts.snapshot_ok);
  out.set_loading(facts.loading);
  out.set_replicas(facts.replicas);
  if (facts.good_replicas) out.set_good_replicas(*facts.good_replicas);
  *out.mutable_clock_ahead() = TimeUtil::MicrosecondsToDuration(facts.clock_ahead.count());
}

// Of what a token names workspaces for.
void KeepOwn(const Caller& caller, StatusReport& report) {
  if (caller.all_workspaces) return;
  std::erase_if(report.workspaces,
                [&](const WorkspaceReport& one) { return !caller.MayEnter(one.workspace); });
  std::erase_if(report.incidents,
                [&](const IncidentReport& one) { return !caller.MayEnter(one.workspace); });
  report.workspace_count = report.workspaces.size();
}

std::string Escaped(const std::string& text) {
  return absl::StrReplaceAll(text,
                             {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}});
}

std::string Row(std::initializer_list<std::string> cells, const char* tag = "td") {
  std::string row = "<tr>";
  for (const std::string& cell : cells) {
    absl::StrAppend(&row, "<", tag, ">", Escaped(cell), "</", tag, ">");
  }
  return row + "</tr>\n";
}

std::string Number(int64_t number) { return absl::StrCat(number); }

std::string Age(const google::protobuf::Timestamp& then, const google::protobuf::Timestamp& now) {
  return absl::StrCat(TimeUtil::DurationToSeconds(now - then), " s");
}

std::string Table(const std::string& title, const std::string& rows) {
  return absl::StrCat("<h2>", Escaped(title), "</h2>\n<table>\n", rows, "</table>\n");
}

std::string StoreRows(const v1::StoreStatus& store) {
  std::string rows = Row({"kind", store.kind()});
  if (store.kind() != "redis") return rows;
  absl::StrAppend(&rows, Row({"address", store.address()}));
  if (!store.error().empty()) return rows + Row({"error", store.error()});
  absl::StrAppend(&rows, Row({"version", store.version()}), Row({"role", store.role()}),
                  Row({"maxmemory-policy", store.maxmemory_policy()}),
                  Row({"memory", absl::StrCat(store.used_memory_bytes(), " of ",
                                              store.maxmemory_bytes())}),
                  Row({"appendonly", store.append_only() ? "yes" : "no"}),
                  Row({"append, snapshot", absl::StrCat(store.append_ok() ? "ok" : "failed", ", ",
                                                        store.snapshot_ok() ? "ok" : "failed")}),
                  Row({"replicas", Number(store.replicas())}),
                  Row({"round trip", TimeUtil::ToString(store.round_trip())}),
                  Row({"clock ahead", TimeUtil::ToString(store.clock_ahead())}));
  return rows;
}

std::string WorkspaceRows(const v1::GetStatusResponse& status) {
  std::string rows = Row({"workspace", "phase", "owner", "lease left", "epoch", "etag",
                          "inquiries", "open", "agents", "calls", "commits", "last"},
                         "th");
  for (const v1::WorkspaceStatus& one : status.workspaces()) {
    const bool held = one.has_lease_left();
    constexpr size_t kPrefix = sizeof("WORKSPACE_PHASE_") - 1;
    absl::StrAppend(
        &rows, Row({one.workspace(), v1::WorkspacePhase_Name(one.phase()).substr(kPrefix),
                    one.owner(), held ? TimeUtil::ToString(one.lease_left()) : "",
                    held ? absl::StrCat(one.epoch()) : "", one.config_etag(),
                    held ? Number(one.inquiries()) : "", held ? Number(one.open_inquiries()) : "",
                    held ? Number(one.agents()) : "", Number(one.open_calls()),
                    held ? Number(one.commits()) : "",
                    one.has_last_commit_time() ? Age(one.last_commit_time(), status.time()) : ""}));
  }
  return rows;
}

std::string IncidentRows(const v1::GetStatusResponse& status) {
  std::string rows = Row({"when", "workspace", "what", "in a row"}, "th");
  for (int i = status.incidents_size() - 1; i >= 0; --i) {
    const v1::Incident& one = status.incidents(i);
    absl::StrAppend(&rows, Row({absl::StrCat(Age(one.time(), status.time()), " ago"),
                                one.workspace(), one.kind(), Number(one.count())}));
  }
  return rows;
}

}  // namespace

void WriteStatus(const StatusReport& report, v1::GetStatusResponse& out) {
  out.set_version(report.version);
  out.set_address(report.address);
  *out.mutable_start_time() = TimeUtil::NanosecondsToTimestamp(report.start_time.count());
  *out.mutable_time() = TimeUtil::NanosecondsToTimestamp(report.time.count());
  out.set_ready(report.ready);
  out.set_driven_clock(report.driven_clock);
  WriteStore(report, *out.mutable_store());
  out.set_open_calls(static_cast<int64_t>(report.open_calls));
  out.set_inbox_depth(static_cast<int64_t>(report.inbox_depth));
  out.set_complete(report.complete);
  out.set_workspace_count(static_cast<int32_t>(report.workspace_count));
  for (const WorkspaceReport& one : report.workspaces) {
    WriteWorkspaceStatus(one, *out.add_workspaces());
  }
  for (const IncidentReport& one : report.incidents) {
    v1::Incident& incident = *out.add_incidents();
    incident.set_workspace(one.workspace);
    incident.set_kind(one.kind);
    *incident.mutable_time() = TimeUtil::NanosecondsToTimestamp(one.time.count());
    incident.set_count(static_cast<int64_t>(one.count));
  }
}

std::string ToJson(const v1::GetStatusResponse& status) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  std::string text;
  if (!google::protobuf::util::MessageToJsonString(status, &text, options).ok()) return "{}\n";
  return text;
}

std::string ToHtml(const v1::GetStatusResponse& status) {
  const std::string router =
      Row({"version", status.version()}) + Row({"address", status.address()}) +
      Row({"started", TimeUtil::ToString(status.start_time())}) +
      Row({"now", TimeUtil::ToString(status.time())}) +
      Row({"ready", status.ready() ? "yes" : "no"}) +
      Row({"clock", status.driven_clock() ? "driven" : "system"}) +
      Row({"open calls, inbox",
           absl::StrCat(status.open_calls(), ", ", status.inbox_depth())});
  const std::string workspaces = absl::StrCat(
      "Workspaces (", status.workspaces_size(), " of ", status.workspace_count(), ")",
      status.complete() ? "" : ": the engine's thread does not answer");
  return absl::StrCat(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Firstline ",
      Escaped(status.address()),
      "</title><style>body{font:14px sans-serif}table{border-collapse:collapse}"
      "td,th{border:1px solid #ccc;padding:2px 8px;text-align:left}</style></head><body>\n"
      "<h1>Firstline router</h1>\n",
      Table("Router", router), Table("Store", StoreRows(status.store())),
      Table(workspaces, WorkspaceRows(status)), Table("Incidents", IncidentRows(status)),
      "<p><a href=\"?format=json\">JSON</a></p>\n</body></html>\n");
}

void ServeStatus(const std::shared_ptr<RpcLoop>& loop, StatusService& service, Backend& backend) {
  const UnaryServer<StatusService> server(loop, service, "firstline.v1.StatusService", nullptr);
  server.Serve("GetStatus", &StatusService::RequestGetStatus, Order::kAny,
               [&backend](GetStatusCall& call) {
                 backend.ReadStatus([&call](absl::StatusOr<StatusReport> report) {
                   if (report.ok()) {
                     KeepOwn(*call.caller(), *report);
                     WriteStatus(*report, call.response());
                   }
                   call.End(report.status());
                 });
               });
}

}  // namespace firstline::api
