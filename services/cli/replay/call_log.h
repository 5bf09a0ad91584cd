// A day of a call centre as it was logged: the calls that came and the agents that were there.
//
// Three formats are read, each a CSV with a heading; columns are found by their names.
//   centre    calls:  call_id, arrival_s, queue, outcome (answered, abandoned), wait_s, handle_s
//             roster: agent, first_answer_s, last_end_s, queues_answered_this_month
//   fifo      calls:  date, arrival_s, wait_s, service_s; a day of one queue with n equal agents
//   technion  calls:  date, vru_exit_s, q_start_s, q_exit_s, outcome (AGENT, HANG, PHANTOM),
//             ser_start_s, ser_exit_s, type, priority, agent
// All times are seconds of the day.
//
// What the logs do not say: an abandoned call has no handle time, but may be answered here because
// agents act otherwise than they did: it then takes the mean of its queue's answered calls. Log-on
// and log-off are the first answer and the last end, because nothing else was recorded.
//
// Thread rule: pure functions.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace firstline::replay {

struct Call {
  std::string id;
  std::int64_t arrival_s = 0;
  std::string queue;
  bool answered = false;      // in the log
  std::int64_t wait_s = 0;    // of an abandoned call: its customer's patience
  std::int64_t handle_s = 0;
  int priority = 0;
  std::string agent;      // who answered, where the log says so
  bool queued = true;     // stood in a queue before it was answered
};

// Of an agent who stays until everything is over.
inline constexpr std::int64_t kNoLogOff = std::numeric_limits<std::int64_t>::max();

struct Shift {
  std::string agent;
  std::int64_t on_s = 0, off_s = 0;
  std::vector<std::string> queues;  // the agent may serve these
};

// A queue's credit by priority, where the logged centre had such a rule.
struct Credit {
  int priority = 0;
  std::int64_t credit_s = 0;
};

struct CallLog {
  std::vector<Call> calls;    // ascending by arrival
  std::vector<Shift> shifts;  // ascending by log-on
  std::vector<Credit> credits;
  // Every wait can be compared with the log's, because the log is of an exact model.
  bool exact = false;

  // Keeps calls that arrive in [from_s, until_s), and of the agents those who are there from then on.
  // Who logs off after that time stays until everything is over.
  void Cut(std::int64_t from_s, std::int64_t until_s);
  // Names of all queues of calls and shifts, ascending.
  std::vector<std::string> Queues() const;
};

// On error INVALID_ARGUMENT with file kind and line: "calls:12: ...". `date`: YYYY-MM-DD, one that
// occurs in the log.
absl::StatusOr<CallLog> ReadCentre(std::string_view calls, std::string_view roster);
absl::StatusOr<CallLog> ReadFifo(std::string_view calls, std::string_view date, int agents);
absl::StatusOr<CallLog> ReadTechnion(std::string_view calls, std::string_view date);

// The dates a log of several days has, ascending.
absl::StatusOr<std::vector<std::string>> DatesOf(std::string_view calls);

}  // namespace firstline::replay
