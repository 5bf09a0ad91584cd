#include "services/cli/load/report.h"

#include <array>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/cli/output.h"

namespace firstline::load {
namespace {

using cli::Fixed;
using std::chrono::nanoseconds;

constexpr std::array<Operation, kOperations> kAll = {Operation::kSubmit, Operation::kOffer,
                                                     Operation::kAccept, Operation::kReply,
                                                     Operation::kClose};

double Ms(nanoseconds span) { return std::chrono::duration<double, std::milli>(span).count(); }

std::string MsText(nanoseconds span) { return Fixed(Ms(span), Ms(span) < 100 ? 2 : 0); }

double PerSecond(std::uint64_t count, double span_s) {
  return span_s > 0 ? static_cast<double>(count) / span_s : 0;
}

// "lost 0, doubled 0" and whether that is good.
std::string VerdictText(const Report& report) {
  const Verdict& verdict = report.verdict;
  if (!report.checked) return "not checked";
  if (!verdict.complete) return absl::StrCat("the history cannot be read: ", verdict.why);
  const std::string found =
      absl::StrCat("acknowledged ", verdict.acknowledged, ", known ", verdict.known, ", lost ",
                   verdict.lost, ", doubled ", verdict.doubled, ", refused but known ",
                   verdict.refused_but_known);
  if (verdict.examples.empty()) return found;
  return absl::StrCat(found, ": ", absl::StrJoin(verdict.examples, " "));
}

void PrintTable(const Report& report, std::ostream& out) {
  out << report.what << "\n\n";
  cli::Table table({"operation", "a second", "p50 ms", "p90", "p99", "p99.9", "max", "shed",
                    "without RetryInfo"});
  for (const Operation operation : kAll) {
    const OperationTally& total = report.total(operation);
    const Latencies& latencies = total.latencies;
    table.Add({NameOf(operation), Fixed(PerSecond(total.finished, report.measured_s), 1),
               MsText(latencies.Percentile(0.5)), MsText(latencies.Percentile(0.9)),
               MsText(latencies.Percentile(0.99)), MsText(latencies.Percentile(0.999)),
               MsText(latencies.max()), absl::StrCat(total.shed),
               absl::StrCat(total.shed_without_time)});
  }
  table.Print(out);
  out << "\n";
  for (const Operation operation : kAll) {
    for (const auto& [reason, count] : report.total(operation).refusals) {
      out << NameOf(operation) << " refused: " << reason << " " << count << "\n";
    }
  }
  out << "sent late: p99 " << MsText(report.lateness.Percentile(0.99)) << " ms, max "
      << MsText(report.lateness.max()) << " ms (is part of the latencies)\n"
      << "inquiries: " << report.come << " came, " << report.acknowledged << " acknowledged, "
      << report.shed << " shed, " << report.closed << " closed, " << report.open << " left open\n"
      << "history: " << VerdictText(report) << "\n";
}

nlohmann::ordered_json LatencyJson(const Latencies& latencies) {
  return {{"count", latencies.count()},
          {"p50_ms", Ms(latencies.Percentile(0.5))},
          {"p90_ms", Ms(latencies.Percentile(0.9))},
          {"p99_ms", Ms(latencies.Percentile(0.99))},
          {"p999_ms", Ms(latencies.Percentile(0.999))},
          {"max_ms", Ms(latencies.max())}};
}

nlohmann::ordered_json WindowJson(const Window& window) {
  nlohmann::ordered_json json;
  for (const Operation operation : kAll) {
    const auto o = static_cast<std::size_t>(operation);
    json[NameOf(operation)] = {{"count", window.latencies[o].count()},
                               {"p99_ms", Ms(window.latencies[o].Percentile(0.99))},
                               {"shed", window.shed[o]}};
  }
  return json;
}

void PrintJson(const Report& report, cli::Format format, std::ostream& out) {
  nlohmann::ordered_json json = {{"load", report.what}, {"measured_s", report.measured_s}};
  for (const Operation operation : kAll) {
    const OperationTally& total = report.total(operation);
    json["operations"][NameOf(operation)] = {
        {"per_second", PerSecond(total.finished, report.measured_s)},
        {"latency", LatencyJson(total.latencies)},
        {"shed", total.shed},
        {"shed_without_retry_info", total.shed_without_time},
        {"refusals", total.refusals}};
  }
  json["lateness"] = LatencyJson(report.lateness);
  json["inquiries"] = {{"came", report.come},
                       {"acknowledged", report.acknowledged},
                       {"shed", report.shed},
                       {"closed", report.closed},
                       {"open", report.open}};
  if (report.checked) {
    json["history"] = {{"complete", report.verdict.complete},
                       {"why", report.verdict.why},
                       {"acknowledged", report.verdict.acknowledged},
                       {"known", report.verdict.known},
                       {"lost", report.verdict.lost},
                       {"doubled", report.verdict.doubled},
                       {"refused_but_known", report.verdict.refused_but_known},
                       {"examples", report.verdict.examples}};
  }
  for (const Window& window : report.windows) json["windows"].push_back(WindowJson(window));
  out << json.dump(format == cli::Format::kJson ? 2 : -1) << "\n";
}

}  // namespace

void Print(const Report& report, cli::Format format, std::ostream& out) {
  if (format != cli::Format::kTable) {
    PrintJson(report, format, out);
  } else {
    PrintTable(report, out);
  }
}

std::string Line(const Progress& progress, nanoseconds length) {
  const auto seconds = [](nanoseconds span) {
    return Fixed(std::chrono::duration<double>(span).count(), 1);
  };
  return absl::StrCat(seconds(progress.elapsed), "s of ", seconds(length), "s: ",
                      progress.submitted, " submitted, ", progress.shed, " shed, ",
                      progress.closed, " closed, ", progress.open, " open");
}

}  // namespace firstline::load
