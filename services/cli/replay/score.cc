#include "services/cli/replay/score.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/cli/failure.h"
#include "services/router/engine/engine.h"

namespace firstline::replay {
namespace {

constexpr char kChannel[] = "voice";
// Second 0 of the day; time 0 would mean "not set".
constexpr std::int64_t kOriginSeconds = 86'400;

// A workspace in which calls wait and agents are shown one at a time.
class Counter {
 public:
  Counter(const CallLog& log, const Rule& rule, Takes takes);
  void Come(const Call& call, std::int64_t second);
  void Leave(const Call& call, std::int64_t second);
  // Id of the call that the agent who took `call` would be given.
  std::string Choice(const Call& call, std::int64_t second);
  // Whether it is known who took `call`.
  bool Knows(const Call& call) const { return queues_of_.contains(AgentFor(call)); }
  // Queues that agent may serve.
  std::vector<std::string> QueuesFor(const Call& call) const;

 private:
  std::string AgentFor(const Call& call) const {
    return takes_ == Takes::kDay ? call.agent : "of " + call.queue;
  }
  void Do(std::int64_t second, engine::Body body);

  const Takes takes_;
  std::map<std::string, std::vector<std::string>> queues_of_;  // by agent
  engine::Engine engine_{"score"};
};

Counter::Counter(const CallLog& log, const Rule& rule, Takes takes) : takes_(takes) {
  engine::ApplyConfig apply;
  apply.config.channels = {{kChannel, engine::ChannelKind::kLive, 1}};
  apply.config.settings.closed_max = 0;
  apply.agents.emplace();
  for (const std::string& name : log.Queues()) {
    engine::QueueConfig queue{.id = name};
    queue.requirement.skills = {{name, 1}};
    queue.serving = rule.credits.empty() ? engine::Serving::kFifo : engine::Serving::kCredit;
    for (const Credit& it : rule.credits) queue.credits[it.priority] = engine::Seconds(it.credit_s);
    apply.config.queues.push_back(std::move(queue));
    if (takes == Takes::kSameQueue) queues_of_["of " + name] = {name};
  }
  for (const Shift& shift : log.shifts) {
    if (takes == Takes::kDay) queues_of_[shift.agent] = shift.queues;
  }
  for (const auto& [id, queues] : queues_of_) {
    engine::AgentConfig agent{.id = id};
    for (const std::string& queue : queues) agent.skills.push_back({queue, 1});
    apply.agents->push_back(std::move(agent));
  }
  Do(0, std::move(apply));
}

std::vector<std::string> Counter::QueuesFor(const Call& call) const {
  return queues_of_.at(AgentFor(call));
}

void Counter::Do(std::int64_t second, engine::Body body) {
  const engine::Time now{(kOriginSeconds + second) * 1'000'000};
  engine_.Tick(now);
  const engine::Outcome outcome = engine_.Apply(now, {std::move(body), "", {}});
  engine_.TakeChanges();
  if (outcome.ok()) return;
  throw cli::Failure(cli::ExitCode::kInvalid,
                     absl::StrCat("the engine refused the log: ",
                                  std::string(engine::ToString(outcome.rejection)), " ",
                                  outcome.subject));
}

void Counter::Come(const Call& call, std::int64_t second) {
  Do(second, engine::Submit{.inquiry_id = call.id,
                            .channel = kChannel,
                            .queue = call.queue,
                            .priority = call.priority});
}

void Counter::Leave(const Call& call, std::int64_t second) {
  Do(second, engine::Cancel{call.id, engine::CancelReason::kWithdrawn});
}

std::string Counter::Choice(const Call& call, std::int64_t second) {
  engine_.ClearEvents();
  const std::string agent = AgentFor(call);
  Do(second, engine::SetPresence{.agent_id = agent, .presence = engine::Presence::kAvailable});
  std::string chosen;
  for (const engine::Event& event : engine_.events()) {
    const auto* offer = std::get_if<engine::OfferCreated>(&event.body);
    if (offer != nullptr) chosen = engine_.inquiry(offer->inquiry).id;
  }
  // Gone again, so that the call keeps its place.
  Do(second, engine::SetPresence{.agent_id = agent, .presence = engine::Presence::kOffline});
  return chosen;
}

// Calls that leave their queues in one second, and who waits after it.
class Day {
 public:
  Day(const CallLog& log, const Rule& rule, Takes takes, Score& score)
      : counter_(log, rule, takes), rule_(rule), score_(score) {
    for (const Call& call : log.calls) {
      if (!call.queued) continue;
      calls_.emplace(call.id, &call);
      coming_[call.arrival_s].push_back(&call);
      (call.answered ? taken_ : lost_)[call.arrival_s + call.wait_s].push_back(&call);
      seconds_.insert({call.arrival_s, call.arrival_s + call.wait_s});
    }
  }

  void Play() {
    for (std::int64_t second : seconds_) PlaySecond(second);
  }

 private:
  using Times = std::map<std::int64_t, std::vector<const Call*>>;

  void PlaySecond(std::int64_t second) {
    for (const Call* call : coming_[second]) {
      counter_.Come(*call, second);
      ++waiting_[call->queue];
    }
    for (const Call* call : lost_[second]) {
      counter_.Leave(*call, second);
      --waiting_[call->queue];
    }
    for (const Call* call : taken_[second]) --waiting_[call->queue];
    for (const Call* call : taken_[second]) Judge(*call, second);
    for (const Call* call : taken_[second]) counter_.Leave(*call, second);
  }

  void Judge(const Call& taken, std::int64_t second) {
    if (!counter_.Knows(taken)) return;
    std::int64_t others = 0;
    for (const std::string& queue : counter_.QueuesFor(taken)) others += waiting_[queue];
    if (others == 0) return;
    ++score_.choices;
    const Call& chosen = *calls_.at(counter_.Choice(taken, second));
    const bool same = DueOf(chosen) == DueOf(taken);
    const bool left = chosen.answered && chosen.arrival_s + chosen.wait_s == second;
    if (same || left) {
      ++score_.agreeing;
    } else if (chosen.priority == taken.priority) {
      ++score_.same_priority;
    } else {
      ++(taken.priority > chosen.priority ? score_.higher_first : score_.lower_first);
    }
  }

  // Two calls due in one second came in an order that the log does not tell.
  std::int64_t DueOf(const Call& call) const {
    std::int64_t due_s = call.arrival_s;
    for (const Credit& it : rule_.credits) due_s -= it.priority == call.priority ? it.credit_s : 0;
    return due_s;
  }

  Counter counter_;
  const Rule& rule_;
  Score& score_;
  std::map<std::string_view, const Call*> calls_;
  Times coming_, taken_, lost_;
  std::set<std::int64_t> seconds_;
  std::map<std::string, std::int64_t> waiting_;  // by queue, after the second
};

std::string Percent(std::int64_t part, std::int64_t whole) {
  if (whole == 0) return "-";
  return cli::Fixed(100 * static_cast<double>(part) / static_cast<double>(whole), 1);
}

}  // namespace

double Score::share() const {
  return choices == 0 ? 0 : static_cast<double>(agreeing) / static_cast<double>(choices);
}

void ScoreDay(const CallLog& log, const Rule& rule, Takes takes, Score& score) {
  score.rule = rule.name;
  Day(log, rule, takes, score).Play();
}

void Print(const std::vector<Score>& scores, cli::Format format, std::ostream& out) {
  if (format == cli::Format::kJson) {
    nlohmann::ordered_json json = nlohmann::ordered_json::array();
    for (const Score& score : scores) {
      json.push_back({{"rule", score.rule},
                      {"choices", score.choices},
                      {"agreeing", score.agreeing},
                      {"same_priority", score.same_priority},
                      {"higher_first", score.higher_first},
                      {"lower_first", score.lower_first}});
    }
    out << json.dump(2) << "\n";
    return;
  }
  cli::Table table({"rule", "choices", "as logged", "as logged %", "passed over: same priority %",
                    "lower %", "higher %"});
  for (const Score& score : scores) {
    table.Add({score.rule, absl::StrCat(score.choices), absl::StrCat(score.agreeing),
               Percent(score.agreeing, score.choices), Percent(score.same_priority, score.choices),
               Percent(score.higher_first, score.choices),
               Percent(score.lower_first, score.choices)});
  }
  table.Print(out);
}

}  // namespace firstline::replay
