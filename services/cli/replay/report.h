// What a replay came to, beside what the log says, queue by queue.
//
// The router's figures are those of StatsService; the log's are counted from its calls. Both mean the
// same: waits of answered calls only, and the service level is
//   answered within 20 s / (answered + abandoned).
// A replay is no forecast: agents' real log-ons, pauses and levels were not logged.
//
// Thread rule: pure functions.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "firstline/v1/stats_service.pb.h"
#include "services/cli/check/stream_checker.h"
#include "services/cli/output.h"
#include "services/cli/replay/call_log.h"
#include "services/cli/replay/play.h"

namespace firstline::replay {

struct QueueFigures {
  std::uint64_t offered = 0, answered = 0, abandoned = 0, in_time = 0;
  double answered_wait_s = 0;  // sum

  // Seconds; 0 when nothing was answered.
  double Asa() const;
  // Percent; 0 when nothing was answered or abandoned.
  double ServiceLevel() const;
  void Add(const QueueFigures& other);
};

struct QueueRow {
  std::string queue;
  QueueFigures log, here;
};

// How waits compare, call by call, for logs of an exact model.
struct WaitComparison {
  std::uint64_t calls = 0;      // answered in both
  std::uint64_t agreeing = 0;   // within the tolerance
  double largest_s = 0;         // difference
  std::string largest_call;
  double tolerance_s = 2;
};

struct Report {
  std::vector<QueueRow> queues;  // ascending by name, those without calls left out
  QueueRow total;
  std::uint64_t given_up = 0;    // calls nobody was left to answer
  bool compare_waits = false;
  WaitComparison waits;
  double log_hours = 0, wall_s = 0;
  check::StreamChecker::Totals totals;
  std::vector<check::Violation> violations;

  // No violation, and where waits are compared all of them agree.
  bool good() const;
};

inline constexpr std::int64_t kAnswerTargetSeconds = 20;

// Compares `log` with the router's figures; spans of the latter are multiplied by `speed`.
std::vector<QueueRow> CompareQueues(const CallLog& log, const v1::GetQueueStatsResponse& stats,
                                    double speed);
WaitComparison CompareWaits(const CallLog& log, const Play& play);

// Table and verdict, or one JSON object.
void Print(const Report& report, cli::Format format, std::ostream& out);

}  // namespace firstline::replay
