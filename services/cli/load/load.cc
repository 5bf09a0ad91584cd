#include "services/cli/load/load.h"

#include <algorithm>
#include <memory>
#include <thread>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/config/duration.h"
#include "services/cli/load/caller.h"
#include "services/cli/load/desk.h"
#include "services/cli/load/pattern.h"
#include "services/cli/load/scene.h"
#include "services/cli/workspaces.h"

namespace firstline::load {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::steady_clock;
using Time = steady_clock::time_point;

constexpr milliseconds kProgressEvery{250};

std::string Text(nanoseconds span) { return config::FormatDuration(span.count()); }

std::string PatternText(const Arrival& arrival) {
  const std::string rate = absl::StrCat(arrival.rate, " a second");
  switch (arrival.pattern) {
    case Pattern::kConstant: return absl::StrCat("constant ", rate);
    case Pattern::kPoisson: return absl::StrCat("poisson ", rate);
    case Pattern::kRamp: return absl::StrCat("ramp from ", arrival.ramp_from, " to ", rate);
    case Pattern::kBurst:
      return absl::StrCat("poisson ", rate, ", x", arrival.burst_factor, " for ",
                          Text(arrival.burst_length), " in every ", Text(arrival.burst_every));
    case Pattern::kDay: return absl::StrCat("day of ", rate, " in the mean");
  }
  return rate;
}

std::string InWords(const LoadOptions& options) {
  const bool open = options.arrival.rate > 0;
  return absl::StrCat(
      open ? absl::StrCat("open loop, ", PatternText(options.arrival))
           : absl::StrCat("closed loop, ", options.outstanding, " outstanding"),
      ", ", Text(options.duration), " after ", Text(options.warm_up), " of warm-up, ",
      options.agents, " agents of ", options.capacity, ", handle ", Text(options.handle), ", ",
      options.calls == Calls::kStream ? "streams" : "unary calls", " x", options.streams,
      ", seed ", options.seed);
}

// Calls `options.progress` now and then.
class Teller {
 public:
  Teller(const LoadOptions& options, const Ledger& ledger, Time start)
      : options_(options), ledger_(ledger), start_(start), next_(start) {}

  void Look(Time now) {
    if (!options_.progress || now < next_) return;
    next_ = now + kProgressEvery;
    options_.progress({.elapsed = now - start_,
                       .submitted = ledger_.acknowledged(Operation::kSubmit),
                       .shed = ledger_.shed(),
                       .closed = ledger_.acknowledged(Operation::kClose),
                       .open = ledger_.open()});
  }

 private:
  const LoadOptions& options_;
  const Ledger& ledger_;
  const Time start_;
  Time next_;
};

void ComeByTheClock(const LoadOptions& options, Desk& desk, Teller& teller, Time start) {
  Arrivals arrivals(options.arrival, Length(options), options.seed);
  Time due = start + arrivals.Next();
  const Time end = start + Length(options);
  while (!desk.enough()) {
    const Time now = steady_clock::now();
    teller.Look(now);
    if (now >= end && due >= end) return;
    if (due <= now) {
      desk.Come(due);
      due = start + arrivals.Next();
      continue;
    }
    std::this_thread::sleep_until(std::min({due, now + kProgressEvery, end}));
  }
}

void ComeInACircle(const LoadOptions& options, Desk& desk, Teller& teller, Time start) {
  desk.ComeAgainAndAgain(options.outstanding);
  const Time end = start + Length(options);
  for (Time now = steady_clock::now(); now < end && !desk.enough(); now = steady_clock::now()) {
    teller.Look(now);
    std::this_thread::sleep_until(std::min(now + milliseconds(20), end));
  }
  desk.EndOfCustomers();
}

// Until all are served, or the time is over.
void Drain(const LoadOptions& options, const Ledger& ledger, Teller& teller) {
  const Time end = steady_clock::now() + options.drain;
  while (options.agents > 0 && ledger.open() > 0 && steady_clock::now() < end) {
    std::this_thread::sleep_for(milliseconds(5));
    teller.Look(steady_clock::now());
  }
}

// Ids must differ from those of an earlier load in the same workspace.
std::string Prefix() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return absl::StrCat("l", absl::Hex(std::chrono::duration_cast<milliseconds>(now).count()), "-");
}

}  // namespace

absl::Status Check(const LoadOptions& options) {
  const auto wrong = [](const auto&... parts) {
    return absl::InvalidArgumentError(absl::StrCat(parts...));
  };
  const Arrival& arrival = options.arrival;
  const bool open = arrival.rate > 0;
  if (!open && arrival.pattern != Pattern::kConstant) return wrong("--pattern needs --rate");
  if (open && arrival.rate > 1e6) return wrong("--rate is at most 1000000 a second");
  if (!open && options.outstanding == 0) return wrong("--outstanding is at least 1");
  if (options.duration <= nanoseconds(0)) return wrong("--duration is above 0");
  if (arrival.pattern == Pattern::kBurst && arrival.burst_length >= arrival.burst_every) {
    return wrong("--burst-length must be shorter than --burst-every");
  }
  if (options.sessions * 20'000 < options.agents) {
    return wrong("--sessions: one session speaks for 20000 agents at most, so ", options.agents,
                 " need ", (options.agents + 19'999) / 20'000);
  }
  if (options.reuse && options.replace) return wrong("--reuse and --replace exclude each other");
  if (!options.workspace.id().empty() &&
      (options.workspace.queues().empty() || options.workspace.channels().empty())) {
    return wrong("--config: the workspace has no queue, or no channel");
  }
  return absl::OkStatus();
}

Report Run(client::Client& client, const std::vector<std::string>& targets,
           const LoadOptions& options) {
  const v1::Workspace workspace = WorkspaceFor(options);
  if (!options.reuse) Create(client, workspace, options.replace);

  Ledger ledger(Prefix());
  const auto submissions = MakeCaller(client, {targets, options.calls, options.streams});
  const auto service = MakeCaller(client, {targets, options.calls, 1});
  Report report;
  report.what = InWords(options);
  {
    Tally tally;
    Desk desk(options, {*submissions, *service, ledger, tally, workspace});
    const Crew crew(client, workspace, options.sessions, desk);
    const Time start = steady_clock::now();
    Teller teller(options, ledger, start);
    tally.Begin(start, start + options.warm_up, start + Length(options));
    if (options.arrival.rate > 0) {
      ComeByTheClock(options, desk, teller, start);
    } else {
      ComeInACircle(options, desk, teller, start);
    }
    const Time ended = std::min(steady_clock::now(), start + Length(options));
    report.measured_s = std::chrono::duration<double>(ended - start - options.warm_up).count();
    Drain(options, ledger, teller);
    desk.Stop();
    submissions->Drain();
    service->Drain();
    report.totals = tally.totals();
    report.windows = tally.windows();
    report.lateness = desk.lateness();
  }
  report.come = ledger.opened();
  report.acknowledged = ledger.acknowledged(Operation::kSubmit);
  report.closed = ledger.acknowledged(Operation::kClose);
  report.shed = ledger.shed();
  report.open = ledger.open();
  if (options.check) report.verdict = Judge(client, workspace.id(), ledger);
  report.checked = options.check;
  if (!options.keep && !options.reuse) cli::DeleteWorkspace(client, workspace.id());
  return report;
}

}  // namespace firstline::load
