#include "services/cli/replay/call_log.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "services/cli/replay/csv.h"

namespace firstline::replay {
namespace {

constexpr std::int64_t kDaySeconds = 86'400;
// The bank's stated rule for customers of priority 2 (Technion SEE lab, "Anonymous Bank", 1999).
constexpr std::int64_t kBankCreditSeconds = 90;

// Abandoned calls take their queue's mean handle time, or that of all calls.
void FillHandleTimes(std::vector<Call>& calls) {
  struct Sum {
    std::int64_t count = 0, seconds = 0;
    std::int64_t mean() const { return count == 0 ? 0 : (seconds + count / 2) / count; }
  };
  std::map<std::string, Sum> by_queue;
  Sum all;
  for (const Call& call : calls) {
    if (!call.answered) continue;
    for (Sum* sum : {&by_queue[call.queue], &all}) {
      ++sum->count;
      sum->seconds += call.handle_s;
    }
  }
  for (Call& call : calls) {
    if (call.answered) continue;
    const Sum& own = by_queue[call.queue];
    call.handle_s = own.count > 0 ? own.mean() : all.mean();
  }
}

absl::StatusOr<CallLog> Finished(CallLog log) {
  if (log.calls.empty()) return absl::InvalidArgumentError("calls: there are none");
  if (log.shifts.empty()) return absl::InvalidArgumentError("roster: there are no agents");
  FillHandleTimes(log.calls);
  std::stable_sort(log.calls.begin(), log.calls.end(),
                   [](const Call& a, const Call& b) { return a.arrival_s < b.arrival_s; });
  std::stable_sort(log.shifts.begin(), log.shifts.end(),
                   [](const Shift& a, const Shift& b) { return a.on_s < b.on_s; });
  return log;
}

absl::Status ReadRoster(std::string_view roster, CallLog& log) {
  auto csv = CsvReader::Open(
      "roster", roster, {"agent", "first_answer_s", "last_end_s", "queues_answered_this_month"});
  if (!csv.ok()) return csv.status();
  while (csv->Next()) {
    Shift shift{.agent = std::string(csv->Text(0)),
                .on_s = csv->Number(1),
                .off_s = csv->Number(2),
                .queues = absl::StrSplit(std::string(csv->Text(3)), ' ', absl::SkipEmpty())};
    if (shift.agent.empty()) csv->Mistake("an agent without a name");
    if (shift.off_s < shift.on_s) csv->Mistake("an agent logs off before logging on");
    log.shifts.push_back(std::move(shift));
  }
  return csv->status();
}

// The second of the day `end_s` as counted from `begin_s`: what ends after midnight is logged as early.
std::int64_t AtOrAfter(std::int64_t begin_s, std::int64_t end_s) {
  return end_s < begin_s ? end_s + kDaySeconds : end_s;
}

// Widens an agent's day by a call it served.
void Widen(Shift& shift, std::int64_t begin_s, std::int64_t end_s, const std::string& queue) {
  shift.on_s = std::min(shift.on_s, begin_s);
  shift.off_s = std::max(shift.off_s, end_s);
  if (std::find(shift.queues.begin(), shift.queues.end(), queue) == shift.queues.end()) {
    shift.queues.push_back(queue);
  }
}

}  // namespace

void CallLog::Cut(std::int64_t from_s, std::int64_t until_s) {
  std::erase_if(calls, [&](const Call& call) {
    return call.arrival_s < from_s || call.arrival_s >= until_s;
  });
  std::erase_if(shifts, [&](const Shift& shift) {
    return shift.off_s < from_s || shift.on_s >= until_s;
  });
  for (Shift& shift : shifts) {
    shift.on_s = std::max(shift.on_s, from_s);
    if (shift.off_s >= until_s) shift.off_s = kNoLogOff;
  }
}

std::vector<std::string> CallLog::Queues() const {
  std::set<std::string> names;
  for (const Call& call : calls) names.insert(call.queue);
  for (const Shift& shift : shifts) names.insert(shift.queues.begin(), shift.queues.end());
  return {names.begin(), names.end()};
}

absl::StatusOr<CallLog> ReadCentre(std::string_view calls, std::string_view roster) {
  CallLog log;
  if (absl::Status read = ReadRoster(roster, log); !read.ok()) return read;
  auto csv = CsvReader::Open(
      "calls", calls, {"call_id", "arrival_s", "queue", "outcome", "wait_s", "handle_s"});
  if (!csv.ok()) return csv.status();
  while (csv->Next()) {
    const std::string_view outcome = csv->Text(3);
    if (outcome != "answered" && outcome != "abandoned") {
      csv->Mistake("an outcome that is neither answered nor abandoned");
    }
    log.calls.push_back({.id = absl::StrCat("call-", std::string(csv->Text(0))),
                         .arrival_s = csv->Number(1),
                         .queue = std::string(csv->Text(2)),
                         .answered = outcome == "answered",
                         .wait_s = csv->Number(4),
                         .handle_s = csv->Number(5)});
  }
  if (!csv->status().ok()) return csv->status();
  return Finished(std::move(log));
}

absl::StatusOr<CallLog> ReadFifo(std::string_view calls, std::string_view date, int agents) {
  auto csv = CsvReader::Open("calls", calls, {"date", "arrival_s", "wait_s", "service_s"});
  if (!csv.ok()) return csv.status();
  CallLog log;
  log.exact = true;
  while (csv->Next()) {
    if (csv->Text(0) != date) continue;
    log.calls.push_back({.id = absl::StrCat("call-", log.calls.size() + 1),
                         .arrival_s = csv->Number(1),
                         .queue = "calls",
                         .answered = true,
                         .wait_s = csv->Number(2),
                         .handle_s = csv->Number(3)});
  }
  if (!csv->status().ok()) return csv->status();
  for (int i = 1; i <= agents && !log.calls.empty(); ++i) {
    log.shifts.push_back({.agent = absl::StrCat("agent-", i),
                          .on_s = log.calls.front().arrival_s - 1,
                          .off_s = kNoLogOff,
                          .queues = {"calls"}});
  }
  return Finished(std::move(log));
}

absl::StatusOr<CallLog> ReadTechnion(std::string_view calls, std::string_view date) {
  auto csv = CsvReader::Open("calls", calls,
                             {"date", "vru_exit_s", "q_start_s", "q_exit_s", "outcome",
                              "ser_start_s", "ser_exit_s", "type", "priority", "agent"});
  if (!csv.ok()) return csv.status();
  CallLog log;
  log.credits = {{.priority = 2, .credit_s = kBankCreditSeconds}};
  std::map<std::string, Shift> shifts;
  while (csv->Next()) {
    const bool answered = csv->Text(4) == "AGENT";
    const std::int64_t queued_s = csv->Number(2);
    // Who hung up without having queued never asked for an agent.
    if (csv->Text(0) != date || (!answered && (csv->Text(4) != "HANG" || queued_s == 0))) continue;
    Call call{.id = absl::StrCat("call-", log.calls.size() + 1),
              .arrival_s = queued_s > 0 ? queued_s : csv->Number(1),
              .queue = std::string(csv->Text(7)),
              .answered = answered,
              .priority = static_cast<int>(std::clamp<std::int64_t>(csv->Number(8), 0, 9))};
    const std::int64_t begin_s = csv->Number(5), end_s = AtOrAfter(begin_s, csv->Number(6));
    call.wait_s = queued_s > 0 ? AtOrAfter(queued_s, csv->Number(3)) - queued_s : 0;
    call.handle_s = end_s - begin_s;
    call.queued = queued_s > 0;
    if (answered) call.agent = std::string(csv->Text(9));
    if (const std::string agent(csv->Text(9)); answered && !agent.empty()) {
      Shift& shift = shifts.try_emplace(agent, Shift{agent, begin_s, end_s, {}}).first->second;
      Widen(shift, begin_s, end_s, call.queue);
    }
    log.calls.push_back(std::move(call));
  }
  if (!csv->status().ok()) return csv->status();
  for (auto& [agent, shift] : shifts) log.shifts.push_back(std::move(shift));
  return Finished(std::move(log));
}

absl::StatusOr<std::vector<std::string>> DatesOf(std::string_view calls) {
  auto csv = CsvReader::Open("calls", calls, {"date"});
  if (!csv.ok()) return csv.status();
  std::set<std::string> dates;
  while (csv->Next()) dates.emplace(csv->Text(0));
  return std::vector<std::string>(dates.begin(), dates.end());
}

}  // namespace firstline::replay
