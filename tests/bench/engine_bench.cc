// What a conversation costs the engine: submit, offer, accept, close, with its events and changes
// taken. Run alone on a quiet machine:
//
//   engine_bench --benchmark_filter=Cycle/     time a cycle by agents, occupancy and diversity
//   engine_bench --benchmark_filter=Freed      a freed agent against a long queue
//   engine_bench --benchmark_filter=Memory     resident bytes a waiting inquiry
//
// diverse=0: 50 profiles and 20 requirements; diverse=1: every profile distinct, 2,000
// requirements.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "services/router/engine/engine.h"

namespace firstline::engine {
namespace {

constexpr int kSkills = 64, kLanguages = 16, kQueues = 4;
constexpr size_t kClosedKept = 1000;

std::string Name(const char* prefix, size_t n) { return prefix + std::to_string(n); }

struct Shape {
  int64_t agents = 1000;
  bool diverse = false;
  auto operator<=>(const Shape&) const = default;
};

// A workspace under steady traffic.
class Traffic {
 public:
  explicit Traffic(Shape shape);

  // One more inquiry; whoever is offered something accepts.
  void Submit();
  // Ends the conversation that lasts longest; its agent may be offered another.
  void CloseOldest();
  // Takes what a batch would have written.
  void TakeBatch();
  // Brings the workspace to this many conversations, or to this many waiting inquiries.
  void FillAssigned(size_t assigned);
  void FillWaiting(size_t waiting);
  // Cycles until every requirement was asked for and every agent freed: what the engine works out
  // once for each (who suits whom) is not part of a steady cycle.
  void WarmUp();

  size_t assigned() const { return assigned_.size(); }
  size_t waiting() const { return engine_.open_inquiries() - assigned_.size(); }
  void set_attributes(Attributes attributes);
  const Engine& engine() const { return engine_; }
  // The next inquiry, not submitted.
  Command Next() {
    Command next = submits_[pick_() % submits_.size()];
    std::get<engine::Submit>(next.body).inquiry_id = "next";
    return next;
  }

 private:
  AgentConfig MakeProfile(std::mt19937& random,
                          const std::vector<const RequirementSpec*>& covers) const;
  RequirementSpec MakeRequirement(std::mt19937& random) const;
  void MakeAgents(std::mt19937& random, Shape shape);
  void Apply(const Command& command);
  void AcceptOffers();

  Engine engine_{"bench"};
  Time now_{1'000'000'000'000};
  std::vector<AgentConfig> agents_;
  std::vector<Command> submits_;  // by requirement; the id is written anew each time
  Command accept_{Accept{}, "", {}};
  Command close_{Close{}, "", {}};
  std::deque<std::string> assigned_;  // inquiry ids, oldest first
  uint64_t submitted_ = 0;
  std::mt19937 pick_{7};
};

Traffic::Traffic(Shape shape) {
  std::mt19937 random(1);
  ApplyConfig apply;
  apply.config.channels = {{"chat", ChannelKind::kMessaging, 1}};
  for (size_t q = 0; q < kQueues; ++q) {
    QueueConfig queue;
    queue.id = Name("q", q);
    apply.config.queues.push_back(queue);
  }
  apply.config.settings.closed_max = kClosedKept;
  Apply({apply, "", {}});
  const size_t requirements = shape.diverse ? 2000 : 20;
  for (size_t r = 0; r < requirements; ++r) {
    engine::Submit submit;
    submit.channel = "chat";
    submit.queue = Name("q", r % kQueues);
    submit.requirement = MakeRequirement(random);
    submits_.push_back({submit, "", {}});
  }
  MakeAgents(random, shape);
  TakeBatch();
}

// About a fifth of all skills and languages, and whatever the requirements in `covers` ask for.
AgentConfig Traffic::MakeProfile(std::mt19937& random,
                                 const std::vector<const RequirementSpec*>& covers) const {
  std::map<std::string, int> skills, languages;
  for (size_t s = 0; s < kSkills; ++s) {
    if (random() % 5 == 0) skills[Name("s", s)] = 1 + static_cast<int>(random() % 10);
  }
  for (size_t l = 0; l < kLanguages; ++l) {
    if (random() % 5 == 0) languages[Name("l", l)] = 1 + static_cast<int>(random() % 10);
  }
  for (const RequirementSpec* spec : covers) {
    for (const SkillLevel& s : spec->skills) skills[s.name] = std::max(skills[s.name], s.level);
    for (const SkillLevel& l : spec->languages) {
      languages[l.name] = std::max(languages[l.name], l.level);
    }
  }
  AgentConfig agent;
  for (const auto& [name, level] : skills) agent.skills.push_back({name, level});
  for (const auto& [name, level] : languages) agent.languages.push_back({name, level});
  return agent;
}

// One or two skills and a language.
RequirementSpec Traffic::MakeRequirement(std::mt19937& random) const {
  RequirementSpec spec;
  const size_t first = random() % kSkills;
  for (size_t k = 0; k < 1 + random() % 2; ++k) {
    spec.skills.push_back(
        {Name("s", (first + 7 * k) % kSkills), 1 + static_cast<int>(random() % 8)});
  }
  spec.languages.push_back({Name("l", random() % kLanguages), 1});
  return spec;
}

// Every profile suits at least one requirement and every requirement at least one profile, so that
// all agents can be busy and nothing waits forever.
void Traffic::MakeAgents(std::mt19937& random, Shape shape) {
  std::vector<AgentConfig> profiles;
  const size_t distinct = shape.diverse ? static_cast<size_t>(shape.agents) : 50;
  const size_t requirements = submits_.size();
  for (size_t p = 0; p < distinct; ++p) {
    std::vector<const RequirementSpec*> covers;
    for (size_t r = p % requirements; r < requirements; r += distinct) {
      covers.push_back(&std::get<engine::Submit>(submits_[r].body).requirement);
    }
    profiles.push_back(MakeProfile(random, covers));
  }
  for (size_t a = 0; a < static_cast<size_t>(shape.agents); ++a) {
    agents_.push_back(profiles[a % distinct]);
    agents_.back().id = Name("agent", a);
  }
  for (size_t a = 0; a < agents_.size(); a += limits::kAgentsPerUpsertMax) {
    const size_t end = std::min(agents_.size(), a + limits::kAgentsPerUpsertMax);
    UpsertAgents upsert;
    upsert.agents.assign(agents_.begin() + static_cast<std::ptrdiff_t>(a),
                         agents_.begin() + static_cast<std::ptrdiff_t>(end));
    Apply({upsert, "", {}});
  }
  for (const AgentConfig& agent : agents_) Apply({SetPresence{.agent_id = agent.id}, "", {}});
}

void Traffic::set_attributes(Attributes attributes) {
  for (Command& command : submits_) std::get<engine::Submit>(command.body).attributes = attributes;
}

void Traffic::Apply(const Command& command) {
  now_.us += 100;
  const Outcome outcome = engine_.Apply(now_, command);
  if (!outcome.ok()) {
    std::fprintf(stderr, "rejected: %s\n", std::string(ToString(outcome.rejection)).c_str());
    std::abort();
  }
}

void Traffic::AcceptOffers() {
  // Accepting appends events; references into the list do not survive that.
  for (size_t e = 0; e < engine_.events().size(); ++e) {
    const auto* offer = std::get_if<OfferCreated>(&engine_.events()[e].body);
    if (offer == nullptr) continue;
    auto& accept = std::get<Accept>(accept_.body);
    accept.inquiry_id = engine_.inquiry(offer->inquiry).id;
    accept.agent_id = engine_.AgentId(offer->agent);
    accept.offer_number = offer->number;
    assigned_.push_back(accept.inquiry_id);
    Apply(accept_);
  }
  engine_.ClearEvents();
}

void Traffic::Submit() {
  Command& command = submits_[pick_() % submits_.size()];
  std::get<engine::Submit>(command.body).inquiry_id = Name("inquiry-", ++submitted_);
  Apply(command);
  AcceptOffers();
}

void Traffic::CloseOldest() {
  std::get<Close>(close_.body).inquiry_id = assigned_.front();
  assigned_.pop_front();
  Apply(close_);
  AcceptOffers();
}

void Traffic::TakeBatch() {
  if (engine_.NextDeadline() <= now_) {
    engine_.Tick(now_);
    AcceptOffers();
  }
  engine_.ClearEvents();
  benchmark::DoNotOptimize(engine_.TakeChanges());
}

void Traffic::FillAssigned(size_t target) {
  const size_t tries_max = 20 * target + 1000;
  for (size_t n = 0; assigned_.size() < target && n < tries_max; ++n) {
    Submit();
    TakeBatch();
  }
}

void Traffic::FillWaiting(size_t target) {
  while (waiting() < target) {
    Submit();
    TakeBatch();
  }
}

void Traffic::WarmUp() {
  const size_t cycles = 3 * std::max(agents_.size(), submits_.size());
  for (size_t n = 0; n < cycles && !assigned_.empty(); ++n) {
    CloseOldest();
    Submit();
    TakeBatch();
  }
}

// Setting up costs more than measuring, and the framework calls a benchmark several times.
template <class Fill>
Traffic& Prepared(Shape shape, int64_t kind, const Fill& fill) {
  static std::tuple<Shape, int64_t> present;
  static std::unique_ptr<Traffic> traffic;
  if (traffic == nullptr || present != std::tuple(shape, kind)) {
    traffic.reset();
    traffic = std::make_unique<Traffic>(shape);
    present = {shape, kind};
    fill(*traffic);
    traffic->WarmUp();
  }
  return *traffic;
}

int64_t ResidentBytes() {
  int64_t total = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> total >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

// Registered first: it needs a heap that nothing else has grown.
void MemoryOfWaiting(benchmark::State& state) {
  const auto count = static_cast<size_t>(state.range(0));
  for (auto _ : state) {
    Traffic traffic({.agents = 1000, .diverse = state.range(1) != 0});
    traffic.FillWaiting(1000);  // everybody is busy from here on
    traffic.set_attributes(
        {{"customer_tier", std::string(43, 'g')}, {"topic", std::string(39, 'b')}});
    const int64_t before = ResidentBytes();
    traffic.FillWaiting(1000 + count);
    state.counters["bytes_per_waiting"] =
        static_cast<double>(ResidentBytes() - before) / static_cast<double>(count);
  }
}
BENCHMARK(MemoryOfWaiting)
    ->ArgNames({"waiting", "diverse"})
    ->Args({1'000'000, 0})
    ->Args({1'000'000, 1})
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

// Submit, offer, accept, close at a steady share of busy agents.
void Cycle(benchmark::State& state) {
  const Shape shape{state.range(0), state.range(2) != 0};
  const auto target = static_cast<size_t>(shape.agents * state.range(1) / 100);
  Traffic& traffic =
      Prepared(shape, state.range(1), [&](Traffic& fresh) { fresh.FillAssigned(target); });
  for (auto _ : state) {
    traffic.Submit();
    if (traffic.assigned() >= target) traffic.CloseOldest();
    traffic.TakeBatch();
  }
  state.counters["assigned"] = static_cast<double>(traffic.assigned());
  state.counters["waiting"] = static_cast<double>(traffic.waiting());
}
BENCHMARK(Cycle)
    ->ArgNames({"agents", "busy", "diverse"})
    ->ArgsProduct({{1000, 10'000, 100'000}, {30, 98}, {0, 1}})
    ->Unit(benchmark::kMicrosecond);

// Every agent is busy and a queue waits: each close frees one agent, who takes the first fitting.
void FreedAgent(benchmark::State& state) {
  const Shape shape{1000, state.range(1) != 0};
  const auto waiting = static_cast<size_t>(state.range(0));
  Traffic& traffic =
      Prepared(shape, -state.range(0), [&](Traffic& fresh) { fresh.FillWaiting(waiting); });
  for (auto _ : state) {
    traffic.CloseOldest();
    traffic.Submit();
    traffic.TakeBatch();
  }
  state.counters["assigned"] = static_cast<double>(traffic.assigned());
  state.counters["waiting"] = static_cast<double>(traffic.waiting());
}
BENCHMARK(FreedAgent)
    ->ArgNames({"waiting", "diverse"})
    ->ArgsProduct({{1000, 10'000, 100'000, 1'000'000}, {0, 1}})
    ->Unit(benchmark::kMicrosecond);

// Why it is with nobody: all agents are looked at, a tenth of them has nothing to do.
void Explain(benchmark::State& state) {
  const Shape shape{state.range(0), true};
  const auto target = static_cast<size_t>(shape.agents * 9 / 10);
  Traffic& traffic = Prepared(shape, 90, [&](Traffic& fresh) { fresh.FillAssigned(target); });
  const Engine& engine = traffic.engine();
  const ExplainOptions options{.candidates_max = 10, .named = {}, .sees = {}};
  uint64_t matching = 0, calls = 0;
  for (auto _ : state) {
    matching += engine.ExplainSubmit(traffic.Next(), engine.now(), options).explanation.matching;
    ++calls;
  }
  state.counters["matching"] = static_cast<double>(matching) / static_cast<double>(calls);
}
BENCHMARK(Explain)->ArgName("agents")->Args({1000})->Args({10'000})->Args({100'000})->Unit(
    benchmark::kMillisecond);

}  // namespace
}  // namespace firstline::engine

BENCHMARK_MAIN();
