#include "services/demo/day.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"

namespace firstline::demo {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr double kMorningPeakHours = 2.25;
constexpr double kAfternoonPeakHours = 6.75;
constexpr double kQuietest = 0.22;
constexpr double kEvening = 0.04;

double HoursOf(Offset at) { return std::chrono::duration<double, std::ratio<3600>>(at).count(); }

double Bell(double hours_from_peak, double width_hours) {
  return std::exp(-hours_from_peak * hours_from_peak / (2 * width_hours * width_hours));
}

void PlanQueue(const DayOptions& options, std::size_t index, Offset from, Offset to,
               std::vector<Arrival>& arrivals) {
  const Habit& habit = Habits()[index];
  // Each span planned has draws of its own, so that the evening can be planned hour by hour.
  Dice dice(options.seed, absl::StrCat(habit.queue, "@", from.count()));
  const double rate_max = habit.per_hour_peak * options.load;
  if (rate_max <= 0) return;
  const auto gap_mean = milliseconds(std::llround(3'600'000 / rate_max));
  int number = 0;
  for (Offset at = from + dice.Exponential(gap_mean); at < to; at += dice.Exponential(gap_mean)) {
    if (!dice.Chance(Intensity(at))) continue;  // Thinning.
    const auto draw = dice.Uniform();
    const int priority = draw < 0.04 ? 3 : draw < 0.15 ? 2 : 1;
    arrivals.push_back({at, absl::StrCat(habit.queue, "-", from.count() / 60'000, "-", ++number),
                        index, priority, dice.Exponential(habit.patience_mean)});
  }
}

}  // namespace

const std::vector<Habit>& Habits() {
  static const std::vector<Habit> habits = {
      {"billing", "chat", 95, minutes(8), 0.6, minutes(6), 0.06, "technical", 0.08},
      {"technical", "chat", 80, minutes(11), 0.7, minutes(7), 0.05, "billing", 0.15},
      {"sales", "chat", 75, minutes(6), 0.6, minutes(3), 0.03, "billing", 0.04},
      {"vip", "chat", 14, minutes(9), 0.6, minutes(8), 0.0, "", 0.05},
      {"support-de", "chat", 38, minutes(8), 0.6, minutes(5), 0.0, "", 0.06},
      {"support-zh", "chat", 22, minutes(8), 0.6, minutes(5), 0.0, "", 0.06},
      {"phone", "voice", 75, seconds(250), 0.8, minutes(2), 0.05, "billing", 0.0},
  };
  return habits;
}

const Habit& HabitOf(const std::string& queue) {
  const auto& habits = Habits();
  const auto found = std::find_if(habits.begin(), habits.end(),
                                  [&](const Habit& habit) { return habit.queue == queue; });
  return found == habits.end() ? habits.front() : *found;
}

double Intensity(Offset at) {
  if (at >= kDayLength) return kEvening;
  const double now = HoursOf(at);
  const double morning = Bell(now - kMorningPeakHours, 1.0);
  const double afternoon = 0.9 * Bell(now - kAfternoonPeakHours, 1.3);
  return kQuietest + (1 - kQuietest) * std::max(morning, afternoon);
}

std::vector<Arrival> PlanArrivals(const DayOptions& options, Offset from, Offset to) {
  std::vector<Arrival> arrivals;
  for (std::size_t i = 0; i < Habits().size(); ++i) PlanQueue(options, i, from, to, arrivals);
  std::sort(arrivals.begin(), arrivals.end(), [](const Arrival& a, const Arrival& b) {
    return a.at != b.at ? a.at < b.at : a.id < b.id;
  });
  return arrivals;
}

std::vector<Shift> PlanShifts(const DayOptions& options,
                              const std::vector<std::string>& agent_ids) {
  std::vector<Shift> shifts;
  for (std::size_t i = 0; i < agent_ids.size(); ++i) {
    Dice dice(options.seed, absl::StrCat("shift ", agent_ids[i]));
    const bool late = i % 2 == 1;
    const bool stays = i % 7 == 3;
    // People are a few minutes late, and lunch is staggered over two hours.
    const Offset on = (late ? hours(2) : hours(0)) + dice.Exponential(minutes(3));
    const Offset lunch = on + minutes(210) + minutes(dice.Pick(90));
    const Offset back = lunch + minutes(30) + dice.Exponential(minutes(4));
    const Offset off = stays ? Offset(hours(1'000'000)) : (late ? hours(10) : hours(8));
    shifts.push_back({agent_ids[i], on, lunch, back, off});
  }
  return shifts;
}

}  // namespace firstline::demo
