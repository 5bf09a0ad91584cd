// The demo day without a router: the arrivals are plausible and the same for the same seed, the
// people of the day fit the workspace, and a player reacts to events as people do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <set>
#include <sstream>

#include "common/config/yaml.h"
#include "services/demo/day.h"
#include "services/demo/figures.h"
#include "services/demo/player.h"

namespace firstline::demo {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

std::ptrdiff_t CountBetween(const std::vector<Arrival>& arrivals, Offset from, Offset to) {
  return std::count_if(arrivals.begin(), arrivals.end(), [&](const Arrival& arrival) {
    return arrival.at >= from && arrival.at < to;
  });
}

v1::Workspace DemoWorkspace() {
  std::ifstream file(FIRSTLINE_SOURCE_DIR "/deploy/demo/workspace.yaml");
  std::ostringstream text;
  text << file.rdbuf();
  v1::Workspace workspace;
  const absl::Status status = config::ParseYaml(text.str(), workspace);
  EXPECT_TRUE(status.ok()) << status;
  return workspace;
}

TEST(DemoDay, TheSameSeedIsTheSameDay) {
  const auto one = PlanArrivals({.seed = 5}, Offset(0), kDayLength);
  const auto two = PlanArrivals({.seed = 5}, Offset(0), kDayLength);
  const auto other = PlanArrivals({.seed = 6}, Offset(0), kDayLength);
  ASSERT_EQ(one.size(), two.size());
  for (std::size_t i = 0; i < one.size(); ++i) {
    EXPECT_EQ(one[i].at, two[i].at);
    EXPECT_EQ(one[i].id, two[i].id);
    EXPECT_EQ(one[i].patience, two[i].patience);
  }
  ASSERT_FALSE(other.empty());
  EXPECT_NE(one.front().at, other.front().at);
}

TEST(DemoDay, IdsAreUniqueAndTimesAscend) {
  auto arrivals = PlanArrivals({}, Offset(0), kDayLength);
  const auto evening = PlanArrivals({}, kDayLength, kDayLength + hours(3));
  arrivals.insert(arrivals.end(), evening.begin(), evening.end());
  std::set<std::string> ids;
  Offset last(0);
  for (const Arrival& arrival : arrivals) {
    EXPECT_TRUE(ids.insert(arrival.id).second) << arrival.id;
    EXPECT_GE(arrival.at, last);
    last = arrival.at;
  }
}

// Over 40 days the counts of every half hour lie within four standard deviations of the integral of
// the intensity, and vary as a Poisson process does.
TEST(DemoDay, ArrivalsAreAPoissonProcessOfTheIntensity) {
  constexpr int kDays = 40;
  double per_hour = 0;
  for (const Habit& habit : Habits()) per_hour += habit.per_hour_peak;
  std::vector<std::vector<double>> counts(20);
  for (std::uint64_t seed = 1; seed <= kDays; ++seed) {
    const auto arrivals = PlanArrivals({.seed = seed}, Offset(0), kDayLength);
    for (std::size_t slot = 0; slot < counts.size(); ++slot) {
      const Offset from = minutes(30 * slot);
      counts[slot].push_back(static_cast<double>(CountBetween(arrivals, from, from + minutes(30))));
    }
  }
  double dispersion = 0;
  for (std::size_t slot = 0; slot < counts.size(); ++slot) {
    double expected = 0;
    for (int minute = 0; minute < 30; ++minute) {
      expected += per_hour / 60 * Intensity(minutes(30 * slot) + minutes(minute) + seconds(30));
    }
    double mean = 0;
    for (const double count : counts[slot]) mean += count / kDays;
    EXPECT_NEAR(mean, expected, 4 * std::sqrt(expected / kDays)) << "half hour " << slot;
    double variance = 0;
    for (const double count : counts[slot]) {
      variance += (count - mean) * (count - mean) / (kDays - 1);
    }
    dispersion += variance / mean / static_cast<double>(counts.size());
  }
  EXPECT_NEAR(dispersion, 1, 0.15) << "variance of a Poisson count equals its mean";
}

TEST(DemoDay, HasAMorningAndAnAfternoonPeak) {
  EXPECT_NEAR(Intensity(minutes(135)), 1, 0.01);
  EXPECT_GT(Intensity(minutes(405)), 0.9);
  EXPECT_LT(Intensity(minutes(255)), 0.6) << "lunch";
  EXPECT_LT(Intensity(Offset(0)), 0.4);
  EXPECT_LT(Intensity(kDayLength + hours(1)), 0.1);
  for (Offset at(0); at < hours(20); at += minutes(7)) {
    EXPECT_GT(Intensity(at), 0);
    EXPECT_LE(Intensity(at), 1);
  }
}

TEST(DemoDay, LoadMultipliesTheArrivals) {
  const auto normal = PlanArrivals({}, Offset(0), kDayLength).size();
  const auto doubled = PlanArrivals({.load = 2}, Offset(0), kDayLength).size();
  EXPECT_NEAR(static_cast<double>(doubled), 2 * static_cast<double>(normal),
              8 * std::sqrt(static_cast<double>(normal)));
  EXPECT_TRUE(PlanArrivals({.load = 0}, Offset(0), kDayLength).empty());
}

TEST(DemoDay, PatienceIsExponential) {
  const auto arrivals = PlanArrivals({.load = 10}, Offset(0), kDayLength);
  double sum = 0;
  double above_mean = 0;
  double count = 0;
  for (const Arrival& arrival : arrivals) {
    const Habit& habit = Habits()[arrival.habit];
    const double share = std::chrono::duration<double>(arrival.patience) /
                         std::chrono::duration<double>(habit.patience_mean);
    sum += share;
    above_mean += share > 1 ? 1 : 0;
    ++count;
  }
  EXPECT_NEAR(sum / count, 1, 0.03);
  EXPECT_NEAR(above_mean / count, std::exp(-1), 0.015);
}

TEST(DemoDay, ShiftsAreWholeAndOverlapThePeaks) {
  const auto workspace = DemoWorkspace();
  std::vector<std::string> ids;
  for (const auto& agent : workspace.agents()) ids.push_back(agent.id());
  const auto shifts = PlanShifts({}, ids);
  ASSERT_EQ(shifts.size(), ids.size());
  int at_morning_peak = 0;
  int in_the_evening = 0;
  for (const Shift& shift : shifts) {
    EXPECT_LT(shift.on, shift.lunch);
    EXPECT_LT(shift.lunch, shift.back);
    EXPECT_LT(shift.back, shift.off);
    at_morning_peak += shift.on < minutes(135) ? 1 : 0;
    in_the_evening += shift.off > kDayLength + hours(5) ? 1 : 0;
  }
  EXPECT_GT(at_morning_peak, 30);
  EXPECT_GT(in_the_evening, 3);
}

// The names in the day and in the workspace are two lists that must agree.
TEST(DemoDay, FitsTheWorkspace) {
  const v1::Workspace workspace = DemoWorkspace();
  std::set<std::string> queues;
  std::set<std::string> channels;
  for (const auto& queue : workspace.queues()) queues.insert(queue.id());
  for (const auto& channel : workspace.channels()) channels.insert(channel.id());
  for (const Habit& habit : Habits()) {
    EXPECT_EQ(queues.count(habit.queue), 1u) << habit.queue;
    EXPECT_EQ(channels.count(habit.channel), 1u) << habit.channel;
    if (!habit.transfer_to.empty()) {
      EXPECT_EQ(queues.count(habit.transfer_to), 1u);
    }
  }
  EXPECT_GE(workspace.agents_size(), 40);
  EXPECT_LE(workspace.agents_size(), 60);
  std::set<std::string> vendors;
  for (const auto& team : workspace.teams()) vendors.insert(team.vendor());
  EXPECT_EQ(vendors.size(), 3u) << "in-house and two vendors";
}

// ---- The player ---------------------------------------------------------------------------------

Arrival OneChat() {
  return {.at = seconds(10), .id = "c1", .habit = 0, .priority = 1, .patience = minutes(5)};
}

v1::Event About(const std::string& inquiry_id, const std::string& agent_id) {
  v1::Event event;
  event.set_inquiry_id(inquiry_id);
  event.set_agent_id(agent_id);
  return event;
}

TEST(DemoPlayer, SubmitsAndLosesPatience) {
  Player player({.workspace = "demo"}, {});
  player.Add({OneChat()});
  EXPECT_TRUE(player.Due(seconds(9)).empty());
  const auto first = player.Due(seconds(10));
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(first[0].submit_inquiry().inquiry().queue(), "billing");
  EXPECT_TRUE(player.Due(seconds(309)).empty());
  const auto second = player.Due(seconds(310));
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(second[0].cancel_inquiry().reason(), v1::CANCEL_REASON_ABANDONED);
}

TEST(DemoPlayer, AnAssignedCustomerStaysAndGetsReplies) {
  Player player({.workspace = "demo"}, {});
  player.Add({OneChat()});
  player.Due(seconds(10));
  v1::Event assigned = About("c1", "ada");
  assigned.mutable_inquiry_assigned();
  player.Take(assigned, seconds(20));
  std::vector<std::string> authors;
  bool closed = false;
  for (Offset now = seconds(20); now < hours(3) && !closed; now += seconds(1)) {
    for (const v1::Command& command : player.Due(now)) {
      EXPECT_FALSE(command.has_cancel_inquiry());
      if (command.has_record_message()) {
        authors.push_back(v1::Author_Name(command.record_message().author()));
      }
      closed |= command.has_close_inquiry() || command.has_park_inquiry() ||
                command.has_transfer_inquiry();
    }
  }
  EXPECT_TRUE(closed);
  ASSERT_FALSE(authors.empty());
  EXPECT_EQ(authors[0], "AUTHOR_AGENT");
  for (std::size_t i = 1; i < authors.size(); ++i) EXPECT_NE(authors[i], authors[i - 1]);
}

// A parked conversation goes on when its customer is back, and ends some day.
TEST(DemoPlayer, AResumedConversationGoesOnToItsEnd) {
  Player player({.workspace = "demo"}, {});
  player.Add({OneChat()});
  player.Due(seconds(10));
  v1::Event event = About("c1", "ada");
  event.mutable_inquiry_assigned();
  player.Take(event, seconds(20));
  event.mutable_inquiry_parked();
  player.Take(event, minutes(3));
  event.mutable_inquiry_resumed()->set_to_agent(true);
  player.Take(event, minutes(20));
  bool closed = false;
  for (const v1::Command& command : player.Due(hours(5))) {
    closed |= command.has_close_inquiry() || command.has_transfer_inquiry();
  }
  EXPECT_TRUE(closed);
}

TEST(DemoPlayer, WhatWasPlannedForAnOfferEndsWithIt) {
  Player player({.workspace = "demo"}, {});
  player.Add({OneChat()});
  player.Due(seconds(10));
  v1::Event offered = About("c1", "ada");
  offered.mutable_offer_created()->set_offer_id("c1/1");
  player.Take(offered, seconds(10));
  v1::Event enqueued = About("c1", "");
  enqueued.mutable_inquiry_enqueued()->set_queue("technical");
  player.Take(enqueued, seconds(11));
  for (const v1::Command& command : player.Due(minutes(4))) {
    EXPECT_FALSE(command.has_accept_offer() || command.has_decline_offer());
  }
}

TEST(DemoPlayer, AnAgentLeavesWhenTheLastCustomerIsServed) {
  Player player({.workspace = "demo"},
                {{"ada", seconds(0), minutes(60), minutes(90), minutes(120)}});
  player.Add({OneChat()});
  player.Due(seconds(10));
  v1::Event assigned = About("c1", "ada");
  assigned.mutable_inquiry_assigned();
  player.Take(assigned, minutes(119));
  std::vector<v1::Presence> presences;
  const auto note = [&](Offset now) {
    for (const v1::Command& command : player.Due(now)) {
      if (command.has_set_presence()) presences.push_back(command.set_presence().presence());
    }
  };
  note(minutes(120));
  EXPECT_EQ(presences.back(), v1::PRESENCE_DRAINING);
  v1::Event closed = About("c1", "ada");
  closed.mutable_inquiry_closed();
  player.Take(closed, minutes(125));
  note(minutes(125));
  EXPECT_EQ(presences.back(), v1::PRESENCE_OFFLINE);
}

// ---- The figures --------------------------------------------------------------------------------

constexpr char kMetrics[] = R"(# HELP firstline_first_response_seconds FRT.
firstline_first_response_seconds_count{workspace="demo",queue="billing",team="a",clock="create"} 2
firstline_first_response_seconds_count{workspace="demo",queue="billing",team="b \"x\"",clock="create"} 1
firstline_first_response_seconds_sum{workspace="demo",queue="billing",team="a",clock="create"} 12.5
firstline_first_response_seconds_sum{workspace="demo",queue="billing",team="b",clock="create"} 1.25e1
firstline_first_response_within_target_total{workspace="demo",queue="billing",clock="create"} 3
firstline_first_response_seconds_count{workspace="other",queue="billing",clock="create"} 99
firstline_first_response_seconds_bucket{workspace="demo",le="+Inf"} 3
)";

TEST(DemoFigures, SumsSamplesOverTheLabelsThatAreLeftOut) {
  const MetricsText metrics(kMetrics);
  EXPECT_EQ(metrics.Sum("firstline_first_response_seconds_count",
                        {{"workspace", "demo"}, {"queue", "billing"}}),
            3);
  EXPECT_EQ(metrics.Sum("firstline_first_response_seconds_sum", {{"workspace", "demo"}}), 25);
  EXPECT_EQ(metrics.Sum("firstline_first_response_seconds_count", {{"team", "b \"x\""}}), 1);
  EXPECT_EQ(metrics.Sum("firstline_nothing", {}), 0);
}

TEST(DemoFigures, FindsEveryDifference) {
  v1::GetQueueStatsResponse stats;
  auto& queue = *stats.add_queues();
  queue.set_queue("billing");
  queue.mutable_frt_from_create()->set_count(3);
  queue.mutable_frt_from_create()->mutable_sum()->set_seconds(25);
  queue.mutable_frt_from_create()->set_within_target(3);
  const MetricsText metrics(kMetrics);
  EXPECT_THAT(Differences("demo", stats, metrics), testing::IsEmpty());
  queue.mutable_frt_from_create()->mutable_sum()->set_nanos(1'000'000);
  queue.set_abandoned(1);
  const auto differences = Differences("demo", stats, metrics);
  ASSERT_EQ(differences.size(), 3u);
  EXPECT_THAT(differences[0], testing::HasSubstr("25.001000, /metrics 25.000000"));
  EXPECT_THAT(Differences("demo", stats, MetricsText("")), testing::Not(testing::IsEmpty()));
}

TEST(DemoFigures, TheTableSaysNothingWhereNothingWasCounted) {
  v1::GetQueueStatsResponse stats;
  stats.add_queues()->set_queue("empty");
  EXPECT_THAT(Table(stats), testing::HasSubstr("-"));
  EXPECT_THAT(Table(stats), testing::Not(testing::HasSubstr("nan")));
}

}  // namespace
}  // namespace firstline::demo
