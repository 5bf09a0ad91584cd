// What telemetry counts: plain integers, added to only when the batch that holds the event has been
// committed. Prometheus and StatsService both show these very numbers.
//
//   Figures figures;
//   Work& work = figures.WorkOf({"sales", "chat", "night"});
//   work.answered_wait.Add(wait.us);  // microseconds
//
// Threads: one at a time (the runtime's loop). References into Figures stay valid for as long as it
// lives, but for agents' figures: see ForgetAgent.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "services/router/engine/types.h"
#include "services/router/telemetry/histogram.h"

namespace firstline::telemetry {

// Upper bounds (inclusive, seconds) of every histogram of people's time. ONE ladder, because only
// histograms with equal bounds can be added over queues, clocks and releases. Every bound is a
// threshold somebody is paid by, so that a service level read from a bucket is exact:
//   1-15 s      bots, and chat answered by people who sit waiting
//   20, 30 s    the classic "80 % in 20 s" of voice, and its relaxed form
//   45 s-5 min  chat
//   10-30 min   messaging apps, social media
//   1-24 h      what is answered like e-mail: an hour, half a working day, a working day, a day
// Targets between bounds are met by exact counters beside the histograms.
inline constexpr std::array<int64_t, 21> kLadderSeconds = {
    1,   2,   5,   10,  15,   20,   30,   45,    60,    90,   120,
    180, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400};

inline constexpr auto kLadder = Times(kLadderSeconds, 1'000'000);  // microseconds
using SpanHistogram = Histogram<kLadder>;
using SpanSum = Sum;  // microseconds

// One first response clock. `within_target` is exact: it compares with the queue's target in force
// at the response, not with a bucket.
struct ResponseClock {
  SpanHistogram histogram;
  uint64_t within_target = 0;
  void Add(const ResponseClock& other) {
    histogram.Add(other.histogram);
    within_target += other.within_target;
  }
  friend bool operator==(const ResponseClock&, const ResponseClock&) = default;
};
enum class Clock : uint8_t { kCreate, kHumanQueue, kAssign };
inline constexpr size_t kClocks = 3;

enum class OfferEnd : uint8_t {
  kAccepted,
  kAutoAccepted,
  kDeclined,
  kExpired,
  kRescinded,
  kAgentLost,
  kTaken
};
inline constexpr size_t kOfferEnds = 7;

// How an inquiry ended; exactly one each. "Reply" is a person's (live channels: the accept).
enum class Outcome : uint8_t {
  kClosed,  // after a reply
  kClosedWithoutReply,
  kAbandoned,       // the customer left before an agent had it in its present queue
  kShortAbandoned,  // ... within the queue's short abandonment threshold
  kLeft,            // the customer left later
  kCancelled,       // withdrawn, duplicate, other
};
inline constexpr size_t kOutcomes = 6;
// Why a queue did not take a submission.
enum class Refusal : uint8_t { kQueueFull, kNobodyLoggedIn, kWaitTooLong };
inline constexpr size_t kRefusals = 3;
inline constexpr size_t kEnqueueCauses = 11;  // of engine::EnqueueCause
inline constexpr size_t kPresences = 4;      // of engine::Presence
inline constexpr size_t kRouteSteps = 17;    // 0: the preferred hold ended

// What happened to the inquiries of one queue and channel.
struct Flow {
  std::string queue, channel;
  uint64_t submitted = 0;
  std::array<uint64_t, kRefusals> refused{};  // submissions, each time; counted at once
  std::array<uint64_t, kEnqueueCauses> enqueued{};
  uint64_t transferred_out = 0, overflowed_out = 0;
  std::array<uint64_t, kRouteSteps> steps{};
  // Waits that were foretold at submission, until the first offer; how many were within.
  uint64_t wait_predictions = 0, wait_within_p50 = 0, wait_within_p90 = 0;
  SpanHistogram abandoned_wait;  // of kAbandoned and kShortAbandoned
};

// What one team did for one queue and channel. `team` is empty for agents without one and where no
// agent had a part.
struct Work {
  std::string queue, channel, team;
  uint64_t offers = 0;  // made; auto-accepted ones are never made
  std::array<uint64_t, kOfferEnds> offer_ends{};
  uint64_t assignments = 0;
  SpanHistogram answered_wait;  // ASA: since the present queue was entered, first assignment there
  uint64_t answered_within_target = 0;
  std::array<ResponseClock, kClocks> first_response;  // by people
  SpanHistogram bot_response;                         // first response of bots, since creation
  SpanSum reply;   // ART: replies of people since the oldest unanswered customer message
  SpanSum handle;  // ended assignments, without wrap-up
  SpanSum wrap_up;
  uint64_t first_reply_warnings = 0, first_reply_timeouts = 0;
  std::array<uint64_t, kOutcomes> outcomes{};
  uint64_t unanswered = 0;         // ended without a reply, other than by being closed
  std::array<uint64_t, 5> csat{};  // by score - 1
  uint64_t feedback_resolved = 0, feedback_unresolved = 0;
};

// Units in use and units there, integrated over the logged-in time of a team's agents.
struct TeamLoad {
  std::string team;
  int64_t busy_unit_us = 0, capacity_unit_us = 0;
};

// What one agent did. StatsService only: agents are never labels.
struct AgentFigures {
  std::string agent_id;
  engine::Time since;
  std::array<uint64_t, kOfferEnds> offer_ends{};
  uint64_t assignments = 0;
  uint64_t misses = 0;  // offers that expired
  uint64_t first_reply_timeouts = 0;
  uint64_t handled = 0;  // closed in its hands
  SpanSum handle, wrap_up, reply;
  ResponseClock from_assign;
  Sum csat;  // scores
  uint64_t feedback_resolved = 0, feedback_unresolved = 0;
  int64_t logged_in_us = 0;  // not offline
  int64_t busy_unit_us = 0;  // units in use, integrated over time
  int64_t capacity_unit_us =
      0;  // capacity while not offline, integrated: busy/capacity = occupancy

  // What the agent carries since `load_since`; integrated up to there.
  bool online = false;
  uint16_t used = 0, units = 0;
  engine::Time load_since;
  TeamLoad* team_load = nullptr;
};

// Adds what `agent` carried since it was last integrated. Earlier times than that add nothing.
void SettleLoad(AgentFigures& agent, engine::Time now);

// Key of Work; Flow uses the first two.
struct Place {
  std::string_view queue, channel, team;
};

// Distinct label sets a workspace may have of Flow and of Work each. Beyond it everything goes to
// one more, whose queue and channel are kBeyondLimit (a blank cannot be in a name): exposition
// stays bounded however queues are created and renamed.
inline constexpr size_t kPlacesMax = 5000;
inline constexpr std::string_view kBeyondLimit = "(beyond limit)";

// The figures of one workspace.
class Figures {
 public:
  // Since when the counters count.
  engine::Time since;

  Flow& FlowOf(std::string_view queue, std::string_view channel);
  Work& WorkOf(const Place& place);
  TeamLoad& LoadOf(std::string_view team);
  AgentFigures& AgentOf(std::string_view agent_id, engine::Time now);
  // Null when nothing was ever counted for it.
  const AgentFigures* FindAgent(std::string_view agent_id) const;
  // Integrates what agents carry up to `now`; where an agent's load is newer, up to that.
  void SettleLoads(engine::Time now);
  // Nothing is known of anybody's load any more.
  void ForgetLoads();
  // Takes an agent's figures out; they must outlive every sample that points to them.
  std::unique_ptr<AgentFigures> ForgetAgent(std::string_view agent_id);

  uint64_t capacity_violations = 0;
  // Inquiries submitted when it was the classifier's turn, by what came of it.
  std::array<uint64_t, engine::kClassifierOutcomes> classified{};

  // In order of creation.
  const std::vector<std::unique_ptr<Flow>>& flows() const { return flows_; }
  const std::vector<std::unique_ptr<Work>>& works() const { return works_; }
  const std::map<std::string, TeamLoad, std::less<>>& loads() const { return loads_; }
  // Ascending by id.
  const std::map<std::string, std::unique_ptr<AgentFigures>, std::less<>>& agents() const {
    return agents_;
  }

 private:
  std::vector<std::unique_ptr<Flow>> flows_;
  std::vector<std::unique_ptr<Work>> works_;
  std::unordered_map<std::string, Flow*> flow_index_;  // looked up, never iterated
  std::unordered_map<std::string, Work*> work_index_;
  std::map<std::string, TeamLoad, std::less<>> loads_;
  std::map<std::string, std::unique_ptr<AgentFigures>, std::less<>> agents_;
};

}  // namespace firstline::telemetry
