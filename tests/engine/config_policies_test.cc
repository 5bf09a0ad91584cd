// What a configuration is told about steps by state, calendars and people who come back: problems with
// their path, bounds at and beyond, and warnings.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "services/router/engine/config_check.h"
#include "services/router/engine/limits.h"
#include "tests/engine/workbench.h"

namespace firstline::engine::proof {
namespace {

using testing::Contains;
using testing::IsEmpty;
using testing::Not;

CalendarConfig Office() { return {.id = "office", .hours = {{31, 540, 1020}}}; }

WorkspaceConfig WithStep(const StepConfig& step) {
  WorkspaceConfig config = Workbench::SmallWorkspace();
  config.calendars = {Office()};
  config.queues[0].steps = {step};
  return config;
}

std::vector<std::string> Paths(const std::vector<ConfigProblem>& problems) {
  std::vector<std::string> paths;
  for (const ConfigProblem& problem : problems) paths.push_back(problem.path);
  return paths;
}

TEST(ConfigPolicies, StepsByStateAreChecked) {
  const StepConfig good{.after = {}, .when = StepWhen{.waiting_above = 3}};
  EXPECT_THAT(Paths(CheckConfig(WithStep(good))), IsEmpty());
  const std::vector<std::pair<std::string, std::function<void(StepConfig&)>>> rows = {
      {"when", [](StepConfig& s) { s.when = StepWhen{}; }},
      {"when.available_below", [](StepConfig& s) { s.when->available_below = 0; }},
      {"when.waiting_above", [](StepConfig& s) { s.when->waiting_above = -1; }},
      {"when.waiting_above", [](StepConfig& s) { s.when->waiting_above = limits::kCountMax + 1; }},
      {"when.waiting_below", [](StepConfig& s) { s.when->waiting_below = 4; }},
      {"when.open", [](StepConfig& s) { s.when->open = "nowhere"; }},
      {"when.closed", [](StepConfig& s) { s.when->closed = "nowhere"; }},
      {"when.expected_wait_above",
       [](StepConfig& s) { s.when->expected_wait_above = Seconds(-1); }},
      {"when.expected_wait_above",
       [](StepConfig& s) { s.when->expected_wait_above = Microseconds(limits::kSpanMaxUs + 1); }},
      {"when.expected_wait_below", [](StepConfig& s) { s.when->expected_wait_below = Span{}; }},
      {"when.expected_wait_below",
       [](StepConfig& s) {
         s.when->expected_wait_above = s.when->expected_wait_below = Seconds(9);
       }},
      {"at_latest", [](StepConfig& s) { s.after = s.at_latest = Seconds(9); }},
      {"at_once_if_nobody", [](StepConfig& s) { s.at_once_if_nobody = true; }},
      {"at_latest",
       [](StepConfig& s) {
         s.when.reset();
         s.after = Seconds(1);
         s.at_latest = Seconds(9);
       }},
      {"after", [](StepConfig& s) { s.when.reset(); }},
  };
  for (const auto& [path, spoil] : rows) {
    StepConfig step = good;
    spoil(step);
    EXPECT_THAT(Paths(CheckConfig(WithStep(step))), Contains("queues[0].steps[0]." + path));
  }
}

TEST(ConfigPolicies, CountsAtAndBeyondTheirBound) {
  StepConfig step{.after = {}, .when = StepWhen{.available_below = limits::kCountMax}};
  EXPECT_THAT(Paths(CheckConfig(WithStep(step))), IsEmpty());
  ++*step.when->available_below;
  EXPECT_THAT(Paths(CheckConfig(WithStep(step))),
              Contains("queues[0].steps[0].when.available_below"));
}

TEST(ConfigPolicies, ExpectedWaitsAtAndBeyondTheirBound) {
  StepConfig step{.after = {}, .when = StepWhen{.expected_wait_above = Span{}}};
  EXPECT_THAT(Paths(CheckConfig(WithStep(step))), IsEmpty());
  step.when->expected_wait_below = Microseconds(limits::kSpanMaxUs);
  WorkspaceConfig config = WithStep(step);
  config.queues[0].max_expected_wait = Microseconds(limits::kSpanMaxUs);
  EXPECT_THAT(Paths(CheckConfig(config)), IsEmpty());
  config.queues[0].max_expected_wait = Microseconds(limits::kSpanMaxUs + 1);
  EXPECT_THAT(Paths(CheckConfig(config)), Contains("queues[0].max_expected_wait"));
}

TEST(ConfigPolicies, InterruptionsAreChecked) {
  using By = std::vector<std::string>;
  const auto paths = [](const By& chat, const By& mail, const By& voice) {
    WorkspaceConfig config = Workbench::SmallWorkspace();
    config.channels[0].interrupted_by = chat;
    config.channels[1].interrupted_by = mail;
    config.channels[2].interrupted_by = voice;
    return Paths(CheckConfig(config));
  };
  EXPECT_THAT(paths({"voice"}, {"chat", "voice"}, {}), IsEmpty());
  EXPECT_THAT(paths({"fax"}, {}, {}), Contains("channels[0].interrupted_by[0]"));
  EXPECT_THAT(paths({}, {"voice", "mail"}, {}), Contains("channels[1].interrupted_by[1]"));
  EXPECT_THAT(paths({}, {"voice", "voice"}, {}), Contains("channels[1].interrupted_by[1]"));
  // In a circle, of two or of three.
  EXPECT_THAT(paths({"voice"}, {}, {"chat"}), Contains("channels[0].interrupted_by"));
  EXPECT_THAT(paths({"mail"}, {"voice"}, {"chat"}), Contains("channels[0].interrupted_by"));
}

// A circle of queues that hand an inquiry on without a wait would never end.
TEST(ConfigPolicies, QueuesDoNotHandRoundWithoutAWait) {
  WorkspaceConfig config = Workbench::SmallWorkspace();
  const StepWhen when{.waiting_above = 0};
  config.queues[0].steps = {{.after = {}, .overflow_to = "other", .when = when}};
  config.queues[1].steps = {{.after = {}, .overflow_to = "q", .when = when}};
  EXPECT_THAT(Paths(CheckConfig(config)), Not(IsEmpty()));
  config.queues[1].steps[0].after = Seconds(1);
  EXPECT_THAT(Paths(CheckConfig(config)), IsEmpty());
}

TEST(ConfigPolicies, CalendarsAreChecked) {
  const auto paths = [](const std::function<void(CalendarConfig&)>& spoil) {
    WorkspaceConfig config = Workbench::SmallWorkspace();
    config.calendars = {Office()};
    spoil(config.calendars[0]);
    return Paths(CheckConfig(config));
  };
  EXPECT_THAT(paths([](CalendarConfig&) {}), IsEmpty());
  EXPECT_THAT(paths([](CalendarConfig& c) { c.hours.clear(); }), Contains("calendars[0].hours"));
  EXPECT_THAT(paths([](CalendarConfig& c) { c.hours[0].days = 0; }),
              Contains("calendars[0].hours[0].days"));
  EXPECT_THAT(paths([](CalendarConfig& c) { c.hours[0].to = 540; }),
              Contains("calendars[0].hours[0].to"));
  EXPECT_THAT(paths([](CalendarConfig& c) { c.hours[0].to = 1441; }),
              Contains("calendars[0].hours[0].to"));
  EXPECT_THAT(paths([](CalendarConfig& c) { c.holidays = {2, 1}; }),
              Contains("calendars[0].holidays"));
  EXPECT_THAT(paths([](CalendarConfig& c) { c.offsets = {{Time{5}, 0}, {Time{5}, 0}}; }),
              Contains("calendars[0].offsets[1]"));
  for (const size_t extra : {size_t{0}, size_t{1}}) {
    const auto of = [extra](size_t max) { return max + extra; };
    const bool fits = extra == 0;
    EXPECT_EQ(paths([&](CalendarConfig& c) {
                c.hours.assign(of(limits::kCalendarHoursMax), c.hours[0]);
              }).empty(), fits);
    EXPECT_EQ(paths([&](CalendarConfig& c) {
                c.holidays.assign(of(limits::kCalendarHolidaysMax), 7);
              }).empty(), fits);
    EXPECT_EQ(paths([&](CalendarConfig& c) {
                for (size_t k = 0; k < of(limits::kCalendarOffsetsMax); ++k) {
                  c.offsets.push_back({Time{static_cast<int64_t>(k) + 1}, 0});
                }
              }).empty(), fits);
    WorkspaceConfig many = Workbench::SmallWorkspace();
    for (size_t k = 0; k < of(limits::kCalendarsMax); ++k) {
      many.calendars.push_back(Office());
      many.calendars.back().id += std::to_string(k);
    }
    EXPECT_EQ(CheckConfig(many).empty(), fits);
  }
}

TEST(ConfigPolicies, ACalendarInUseIsNotRemoved) {
  Workbench bench(WithStep({.after = {}, .when = StepWhen{.closed = "office"}}));
  ApplyConfig patch{.whole = false};
  patch.remove_calendars = {"office"};
  EXPECT_EQ(bench.Reject(patch), Rejection::kConfigInvalid);
  patch.config.queues = {bench.engine().config().queues[0]};
  patch.config.queues[0].steps.clear();
  EXPECT_EQ(bench.Reject(patch), Rejection::kNone);
  EXPECT_TRUE(bench.engine().config().calendars.empty());
}

std::vector<std::string> Warnings(const std::function<void(WorkspaceConfig&)>& change) {
  Workbench bench;
  bench.AddAgent({.id = "a1"});
  ApplyConfig apply{.config = Workbench::SmallWorkspace()};
  change(apply.config);
  return Paths(Review(bench.engine(), apply).warnings);
}

TEST(ConfigPolicies, WhatHasNoEffectIsWarnedAbout) {
  EXPECT_THAT(Warnings([](WorkspaceConfig&) {}), IsEmpty());
  EXPECT_THAT(Warnings([](WorkspaceConfig& c) { c.settings.closed_max = 0; }),
              Contains("settings.closed_max"));
  const auto last_agent = [](WorkspaceConfig& c) {
    c.queues[0].last_agent_within = Seconds(60);
    c.queues[0].selection = {Criterion::kLoad};
  };
  EXPECT_THAT(Warnings(last_agent), Contains("queues[q].last_agent_within"));
  EXPECT_THAT(Warnings([&](WorkspaceConfig& c) {
                last_agent(c);
                c.queues[0].preferred_hold = Seconds(5);
              }),
              IsEmpty());
  EXPECT_THAT(Warnings([](WorkspaceConfig& c) { c.queues[0].reopen_within = Seconds(7200); }),
              Contains("queues[q].reopen_within"));
  EXPECT_THAT(Warnings([](WorkspaceConfig& c) { c.queues[0].reopen_keeps_age = true; }),
              Contains("queues[q].reopen_keeps_age"));
  EXPECT_THAT(Warnings([](WorkspaceConfig& c) { c.queues[0].lost_agent_after = Seconds(1); }),
              Contains("queues[q].lost_agent_after"));
  const auto by_p90 = [](WorkspaceConfig& c) {
    c.queues[0].expected_wait_quantile = WaitQuantile::kP90;
  };
  EXPECT_THAT(Warnings(by_p90), Contains("queues[q].expected_wait_quantile"));
  EXPECT_THAT(Warnings([&](WorkspaceConfig& c) {
                by_p90(c);
                c.queues[0].max_expected_wait = Seconds(5);
              }),
              IsEmpty());
}

}  // namespace
}  // namespace firstline::engine::proof
