#include "services/cli/snapshot.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/cli/timeline.h"

namespace firstline::cli {
namespace {

using google::protobuf::util::TimeUtil;

// Seconds; "-" without any.
std::string Mean(const google::protobuf::Duration& sum, std::uint64_t count) {
  if (count == 0) return "-";
  const double us = static_cast<double>(TimeUtil::DurationToMicroseconds(sum));
  return Fixed(us / 1e6 / static_cast<double>(count), 1);
}

std::string Percent(double part, double whole) {
  return whole > 0 ? Fixed(100 * part / whole, 1) : "-";
}

std::string InTarget(const v1::QueueStats& queue) {
  return Percent(static_cast<double>(queue.answered_within_target()),
                 static_cast<double>(queue.answered() + queue.abandoned()));
}

std::string Available(const v1::QueueStats& queue) {
  return queue.has_agents_available() ? absl::StrCat(queue.agents_available()) : "-";
}

// Nobody who could take it, and somebody who waits.
Cell Waiting(const v1::QueueStats& queue) {
  const bool stuck = queue.has_agents_available() && queue.agents_available() == 0;
  if (queue.waiting() == 0) return {"0"};
  return {absl::StrCat(queue.waiting()), stuck ? Colour::kRed : Colour::kYellow};
}

std::string Oldest(const v1::QueueStats& queue) {
  return queue.waiting() == 0 ? "-"
                              : Elapsed(TimeUtil::DurationToMicroseconds(queue.oldest_waiting()));
}

// "1m15s/3m30s": what half and nine of ten wait at most.
std::string Expected(const v1::QueueStats& queue) {
  if (!queue.has_expected_wait_p50()) return "-";
  const auto text = [](const google::protobuf::Duration& span) {
    return Elapsed(TimeUtil::DurationToMicroseconds(span));
  };
  return absl::StrCat(text(queue.expected_wait_p50()), "/", text(queue.expected_wait_p90()));
}

int Count(const v1::AgentStatus& agent, v1::AgentWork::Kind kind) {
  const auto is_kind = [kind](const v1::AgentWork& work) { return work.kind() == kind; };
  return static_cast<int>(std::count_if(agent.work().begin(), agent.work().end(), is_kind));
}

int UnitsOf(const v1::AgentStatus& agent) { return std::max(agent.agent().capacity().units(), 1); }

std::string Since(const Figures& figures, const google::protobuf::Timestamp& time) {
  if (time.seconds() == 0) return "-";
  const std::int64_t us = TimeUtil::DurationToMicroseconds(figures.time - time);
  return Elapsed(std::max<std::int64_t>(us, 0) / 1'000'000 * 1'000'000);
}

std::string WorkText(const Figures& figures, const v1::AgentWork& work) {
  std::string text;
  switch (work.kind()) {
    case v1::AgentWork::KIND_OFFER:
      text = "offer ";
      break;
    case v1::AgentWork::KIND_ASSIGNMENT:
      text = "has ";
      break;
    case v1::AgentWork::KIND_PARKED:
      text = "parked ";
      break;
    case v1::AgentWork::KIND_WRAP_UP:
      text = "wrap-up ";
      break;
    default:
      break;
  }
  text += work.inquiry_id();
  if (!work.has_expire_time()) return text;
  const std::int64_t left_s = TimeUtil::DurationToSeconds(work.expire_time() - figures.time);
  return absl::StrCat(text, " (", std::max<std::int64_t>(left_s, 0), "s left)");
}

}  // namespace

Cell PresenceCell(v1::Presence presence) {
  const bool available = presence == v1::PRESENCE_AVAILABLE;
  const bool offline = presence == v1::PRESENCE_OFFLINE;
  return {ShortName(*v1::Presence_descriptor(), presence), available ? Colour::kGreen
                                                           : offline ? Colour::kDim
                                                                     : Colour::kYellow};
}

Table QueueTable(const v1::GetQueueStatsResponse& stats) {
  Table table({"queue", "waiting", "oldest", "expected", "offered", "assigned", "parked", "available",
               "submitted", "answered", "abandoned", "in target %", "ASA s", "FRT s", "in FRT %",
               "AHT s"});
  for (const v1::QueueStats& q : stats.queues()) {
    const v1::ResponseClock& frt = q.frt_from_create();
    table.Add({q.queue(), Waiting(q), Oldest(q), Expected(q), absl::StrCat(q.offered()),
               absl::StrCat(q.assigned()), absl::StrCat(q.parked()), Available(q),
               absl::StrCat(q.submitted()), absl::StrCat(q.answered()), absl::StrCat(q.abandoned()),
               InTarget(q), Mean(q.answered_wait().sum(), q.answered_wait().count()),
               Mean(frt.sum(), frt.count()),
               Percent(static_cast<double>(frt.within_target()), static_cast<double>(frt.count())),
               Mean(q.handle().sum(), q.handle().count())});
  }
  return table;
}

Table BusyQueues(const Figures& figures, std::size_t rows_max) {
  std::vector<const v1::QueueStats*> queues;
  for (const v1::QueueStats& queue : figures.queues.queues()) queues.push_back(&queue);
  std::stable_sort(queues.begin(), queues.end(), [](const auto* a, const auto* b) {
    return std::tuple(a->waiting(), a->assigned()) > std::tuple(b->waiting(), b->assigned());
  });
  if (queues.size() > rows_max) queues.resize(rows_max);
  Table table({"queue", "waiting", "oldest", "offered", "assigned", "parked", "available",
               "answered", "abandoned", "in target %", "ASA s", "AHT s"});
  for (const v1::QueueStats* q : queues) {
    table.Add({q->queue(), Waiting(*q), Oldest(*q), absl::StrCat(q->offered()),
               absl::StrCat(q->assigned()), absl::StrCat(q->parked()), Available(*q),
               absl::StrCat(q->answered()), absl::StrCat(q->abandoned()), InTarget(*q),
               Mean(q->answered_wait().sum(), q->answered_wait().count()),
               Mean(q->handle().sum(), q->handle().count())});
  }
  return table;
}

Table BusyAgents(const Figures& figures, std::size_t rows_max) {
  std::vector<const v1::AgentStatus*> agents;
  for (const v1::AgentStatus& agent : figures.agents) agents.push_back(&agent);
  const auto rank = [](const v1::AgentStatus& agent) {
    return std::tuple(agent.presence() != v1::PRESENCE_OFFLINE,
                      static_cast<double>(agent.used_units()) / UnitsOf(agent));
  };
  std::stable_sort(agents.begin(), agents.end(),
                   [&](const auto* a, const auto* b) { return rank(*a) > rank(*b); });
  if (agents.size() > rows_max) agents.resize(rows_max);
  Table table({"agent", "presence", "since", "team", "units", "offers", "working", "parked",
               "wrap-up", "handled", "AHT s", "occupied %"});
  for (const v1::AgentStatus* agent : agents) {
    const auto found = figures.agent_stats.find(agent->agent().id());
    const v1::AgentStats stats =
        found == figures.agent_stats.end() ? v1::AgentStats() : found->second;
    table.Add({agent->agent().id(), PresenceCell(agent->presence()),
               Since(figures, agent->presence_time()), agent->agent().team(),
               absl::StrCat(agent->used_units(), "/", UnitsOf(*agent)),
               absl::StrCat(Count(*agent, v1::AgentWork::KIND_OFFER)),
               absl::StrCat(Count(*agent, v1::AgentWork::KIND_ASSIGNMENT)),
               absl::StrCat(Count(*agent, v1::AgentWork::KIND_PARKED)),
               absl::StrCat(Count(*agent, v1::AgentWork::KIND_WRAP_UP)),
               absl::StrCat(stats.handled()), Mean(stats.handle().sum(), stats.handle().count()),
               Percent(stats.busy_unit_seconds(), stats.capacity_unit_seconds())});
  }
  return table;
}

Table AgentWorkTable(const Figures& figures) {
  Table table({"id", "presence", "reason", "since", "units", "work"});
  for (const v1::AgentStatus& agent : figures.agents) {
    std::vector<std::string> work;
    for (const v1::AgentWork& one : agent.work()) work.push_back(WorkText(figures, one));
    table.Add({agent.agent().id(), PresenceCell(agent.presence()), agent.reason(),
               Since(figures, agent.presence_time()),
               absl::StrCat(agent.used_units(), "/", UnitsOf(agent)), absl::StrJoin(work, ", ")});
  }
  return table;
}

std::string Headline(const std::string& workspace, const Figures& figures) {
  std::int64_t waiting = 0;
  google::protobuf::Duration oldest;
  for (const v1::QueueStats& queue : figures.queues.queues()) {
    waiting += queue.waiting();
    oldest = std::max(oldest, queue.oldest_waiting());
  }
  std::string text = absl::StrCat(workspace, " at ", Text(figures.time));
  if (!figures.queues.queues().empty()) {
    absl::StrAppend(&text, ": ", waiting, " waiting");
    if (waiting > 0) {
      absl::StrAppend(&text, ", the oldest ", Elapsed(TimeUtil::DurationToMicroseconds(oldest)));
    }
  }
  if (figures.agents.empty()) return text;
  const auto available = std::count_if(
      figures.agents.begin(), figures.agents.end(),
      [](const v1::AgentStatus& agent) { return agent.presence() == v1::PRESENCE_AVAILABLE; });
  absl::StrAppend(&text, figures.queues.queues().empty() ? ": " : "; ", available, " of ",
                  figures.agents.size(), " agents available");
  return text;
}

std::string SnapshotJson(const Figures& figures) {
  nlohmann::ordered_json snapshot;
  snapshot["time"] = Text(figures.time);
  const auto append = [&snapshot](const char* key, const google::protobuf::Message& message) {
    snapshot[key].push_back(nlohmann::ordered_json::parse(ToJson(message, false)));
  };
  for (const v1::QueueStats& queue : figures.queues.queues()) append("queues", queue);
  for (const v1::AgentStatus& agent : figures.agents) append("agents", agent);
  for (const auto& [id, stats] : figures.agent_stats) append("agent_stats", stats);
  return snapshot.dump();
}

}  // namespace firstline::cli
