#include "services/cli/replay/report.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"

namespace firstline::replay {
namespace {

using google::protobuf::util::TimeUtil;

constexpr std::size_t kViolationsShown = 20;

void CountLogged(const Call& call, QueueFigures& figures) {
  ++figures.offered;
  if (!call.answered) {
    ++figures.abandoned;
    return;
  }
  ++figures.answered;
  figures.answered_wait_s += static_cast<double>(call.wait_s);
  if (call.wait_s <= kAnswerTargetSeconds) ++figures.in_time;
}

std::vector<cli::Cell> Cells(const QueueRow& row) {
  const auto pair = [](const std::string& log, const std::string& here) {
    return std::vector<std::string>{log, here};
  };
  std::vector<cli::Cell> cells = {row.queue, absl::StrCat(row.log.offered),
                                    absl::StrCat(row.here.offered)};
  for (const auto& two : {pair(absl::StrCat(row.log.answered), absl::StrCat(row.here.answered)),
                          pair(absl::StrCat(row.log.abandoned), absl::StrCat(row.here.abandoned)),
                          pair(cli::Fixed(row.log.Asa(), 1), cli::Fixed(row.here.Asa(), 1)),
                          pair(cli::Fixed(row.log.ServiceLevel(), 1),
                               cli::Fixed(row.here.ServiceLevel(), 1))}) {
    cells.insert(cells.end(), two.begin(), two.end());
  }
  return cells;
}

void PrintTable(const Report& report, std::ostream& out) {
  cli::Table table({"queue", "offered log", "here", "answered log", "here", "abandoned log", "here",
                    "ASA s log", "here", "in 20 s % log", "here"});
  for (const QueueRow& row : report.queues) table.Add(Cells(row));
  table.Add(Cells(report.total));
  table.Print(out);
}

void PrintVerdict(const Report& report, std::ostream& out) {
  out << "\n" << cli::Fixed(report.log_hours, 1) << " h of calls in "
      << cli::Fixed(report.wall_s, 1) << " s: " << report.totals.events << " events, "
      << report.totals.assignments << " assignments\n";
  if (report.given_up > 0) {
    out << report.given_up << " calls were still waiting when the last agent had gone\n";
  }
  if (report.compare_waits) {
    const WaitComparison& waits = report.waits;
    out << "waits: " << waits.agreeing << " of " << waits.calls << " within "
        << cli::Fixed(waits.tolerance_s, 0) << " s of the log, largest difference "
        << cli::Fixed(waits.largest_s, 1) << " s";
    if (!waits.largest_call.empty()) out << " (" << waits.largest_call << ")";
    out << "\n";
  }
  out << "verdict of the event stream: "
      << (report.totals.violations == 0 ? "no violation"
                                        : absl::StrCat(report.totals.violations, " violations"))
      << " (capacity, skills, serving order, nobody idle while somebody waits, acceptance, nothing"
         " lost or doubled, time)\n";
  const std::size_t shown = std::min(report.violations.size(), kViolationsShown);
  for (std::size_t i = 0; i < shown; ++i) out << "  " << ToString(report.violations[i]) << "\n";
  if (report.totals.violations > shown) {
    out << "  and " << report.totals.violations - shown << " more\n";
  }
}

nlohmann::ordered_json JsonOf(const QueueFigures& figures) {
  return {{"offered", figures.offered},
          {"answered", figures.answered},
          {"abandoned", figures.abandoned},
          {"answered_in_20_s", figures.in_time},
          {"asa_s", figures.Asa()},
          {"service_level_percent", figures.ServiceLevel()}};
}

nlohmann::ordered_json JsonOf(const QueueRow& row) {
  return {{"queue", row.queue}, {"log", JsonOf(row.log)}, {"here", JsonOf(row.here)}};
}

void PrintJson(const Report& report, cli::Format format, std::ostream& out) {
  nlohmann::ordered_json json = {{"queues", nlohmann::ordered_json::array()}};
  for (const QueueRow& row : report.queues) json["queues"].push_back(JsonOf(row));
  json["total"] = JsonOf(report.total);
  json["given_up"] = report.given_up;
  json["log_hours"] = report.log_hours;
  json["wall_s"] = report.wall_s;
  json["events"] = report.totals.events;
  json["assignments"] = report.totals.assignments;
  if (report.compare_waits) {
    json["waits"] = {{"calls", report.waits.calls},
                     {"agreeing", report.waits.agreeing},
                     {"tolerance_s", report.waits.tolerance_s},
                     {"largest_difference_s", report.waits.largest_s}};
  }
  json["violations"] = nlohmann::ordered_json::array();
  for (const check::Violation& violation : report.violations) {
    json["violations"].push_back({{"rule", std::string(ToString(violation.rule))},
                                  {"event_id", violation.event_id},
                                  {"inquiry_id", violation.inquiry_id},
                                  {"agent_id", violation.agent_id},
                                  {"text", violation.text}});
  }
  json["good"] = report.good();
  out << json.dump(format == cli::Format::kJson ? 2 : -1) << "\n";
}

}  // namespace

double QueueFigures::Asa() const {
  return answered == 0 ? 0 : answered_wait_s / static_cast<double>(answered);
}

double QueueFigures::ServiceLevel() const {
  const std::uint64_t judged = answered + abandoned;
  return judged == 0 ? 0 : 100 * static_cast<double>(in_time) / static_cast<double>(judged);
}

void QueueFigures::Add(const QueueFigures& other) {
  offered += other.offered;
  answered += other.answered;
  abandoned += other.abandoned;
  in_time += other.in_time;
  answered_wait_s += other.answered_wait_s;
}

bool Report::good() const {
  return totals.violations == 0 && (!compare_waits || waits.agreeing == waits.calls);
}

std::vector<QueueRow> CompareQueues(const CallLog& log, const v1::GetQueueStatsResponse& stats,
                                    double speed) {
  std::map<std::string, QueueRow> rows;
  for (const Call& call : log.calls) CountLogged(call, rows[call.queue].log);
  for (const v1::QueueStats& queue : stats.queues()) {
    if (queue.submitted() == 0 && !rows.contains(queue.queue())) continue;
    const std::int64_t wait_us = TimeUtil::DurationToMicroseconds(queue.answered_wait().sum());
    rows[queue.queue()].here = {.offered = queue.submitted(),
                                .answered = queue.answered(),
                                .abandoned = queue.abandoned(),
                                .in_time = queue.answered_within_target(),
                                .answered_wait_s = static_cast<double>(wait_us) * speed / 1e6};
  }
  std::vector<QueueRow> result;
  for (auto& [name, row] : rows) {
    row.queue = name;
    result.push_back(std::move(row));
  }
  return result;
}

WaitComparison CompareWaits(const CallLog& log, const Play& play) {
  WaitComparison comparison;
  for (std::size_t i = 0; i < log.calls.size(); ++i) {
    const Play::Fate& fate = play.fates()[i];
    if (!log.calls[i].answered) continue;
    ++comparison.calls;
    if (!fate.answered) continue;
    const double difference =
        std::abs(play.WaitSeconds(fate) - static_cast<double>(log.calls[i].wait_s));
    if (difference <= comparison.tolerance_s) ++comparison.agreeing;
    if (difference <= comparison.largest_s) continue;
    comparison.largest_s = difference;
    comparison.largest_call = log.calls[i].id;
  }
  return comparison;
}

void Print(const Report& report, cli::Format format, std::ostream& out) {
  if (format != cli::Format::kTable) return PrintJson(report, format, out);
  PrintTable(report, out);
  PrintVerdict(report, out);
}

}  // namespace firstline::replay
