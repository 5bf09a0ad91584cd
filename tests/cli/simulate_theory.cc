#include "tests/cli/simulate_theory.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "services/cli/replay/csv.h"
#include "services/cli/simulate/simulation.h"

namespace firstline::simulate {
namespace {

constexpr double kMinute = 60;
constexpr double kRelaxationsPerBatch = 12;
constexpr double kEventsWanted = 3000, kEventsLeast = 300;
constexpr std::uint64_t kCallsMost = 20'000'000;

engine::Span SpanOf(double seconds) { return {std::llround(seconds * 1e6)}; }

// Column of the file, figure, and what one unit of the column is in the figure's.
struct Column {
  const char* column;
  const char* figure;
  double unit;
};
constexpr Column kColumns[] = {
    {"P_wait", "waiting_probability", 1},
    {"ASA_all_min", "wait_s", kMinute},
    {"ASA_served_min", "answer_speed_s", kMinute},
    {"EW_given_wait_min", "wait_of_waiting_s", kMinute},
    {"Lq", "queue_length", 1},
    {"SL_offered", "service_level", 1},
    {"SL_served", "service_level_of_served", 1},
    {"SL_excl_short_abandon", "service_level_without_short", 1},
    {"P_abandon", "abandonment", 1},
    {"occupancy", "occupancy", 1},
};

double NumberOf(const replay::CsvReader& csv, std::size_t column, double otherwise) {
  double number = 0;
  return absl::SimpleAtod(std::string(csv.Text(column)), &number) ? number : otherwise;
}

void ReadExpected(const replay::CsvReader& csv, std::size_t first, Theory& theory) {
  for (std::size_t c = 0; c < std::size(kColumns); ++c) {
    const double value = NumberOf(csv, first + c, -1);
    if (value >= 0) theory.expected[kColumns[c].figure] = value * kColumns[c].unit;
  }
  if (theory.theta == 0) {
    // Everybody who is not lost is served: these are the same figures under other names.
    for (const char* twin : {"answer_speed_s", "service_level_of_served",
                             "service_level_without_short"}) {
      theory.expected.erase(twin);
    }
  }
  if (!theory.loss) return;
  // The file counts a lost customer as blocked; here they leave after 0 s.
  theory.expected["abandonment"] = 1 - theory.expected["service_level"];
}

// Events a figure is made of, as expected.
double EventsOf(const Theory& theory, const std::string& figure, double expected, double offered) {
  const double waiting = offered * theory.waiting_probability();
  if (figure == "occupancy") return offered;
  if (figure.starts_with("service_level")) {
    return offered * std::min(expected, 1 - expected);
  }
  if (figure == "abandonment") return offered * expected;
  return waiting;
}

}  // namespace

double Theory::waiting_probability() const {
  const auto found = expected.find("waiting_probability");
  return found == expected.end() ? 1 : found->second;
}

std::filesystem::path DataFolder() {
  const char* given = std::getenv("FIRSTLINE_DATA");
  return given != nullptr ? std::filesystem::path(given)
                          : std::filesystem::path(FIRSTLINE_SOURCE_DIR) / "../shared/data";
}

std::vector<Theory> ReadErlangReference(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream read;
  read << stream.rdbuf();
  const std::string text = read.str();
  std::vector<std::string_view> columns = {"id", "model",         "lambda_per_min", "mu_per_min",
                                           "n",  "theta_per_min", "awt_min"};
  const std::size_t first = columns.size();
  for (const Column& column : kColumns) columns.push_back(column.column);
  auto csv = replay::CsvReader::Open("theory", text, columns);
  std::vector<Theory> rows;
  while (csv.ok() && csv->Next()) {
    Theory row{.id = std::string(csv->Text(0)),
               .lambda = NumberOf(*csv, 2, 0),
               .mu = NumberOf(*csv, 3, 0),
               .theta = NumberOf(*csv, 5, 0),
               .loss = csv->Text(1) == "ErlangB",
               .n = static_cast<int>(NumberOf(*csv, 4, 0)),
               .target_min = NumberOf(*csv, 6, 1.0 / 3)};
    ReadExpected(*csv, first, row);
    rows.push_back(std::move(row));
  }
  return rows;
}

Model ModelOf(const Theory& theory) {
  Model model;
  model.config.channels = {{"voice", engine::ChannelKind::kLive, 1}};
  engine::QueueConfig queue;
  queue.id = "calls";
  queue.auto_accept = true;
  queue.selection = {engine::Criterion::kIdleTime};
  queue.answer_target = SpanOf(theory.target_min * kMinute);
  queue.short_abandon = queue.answer_target;
  queue.max_length = static_cast<std::uint32_t>(theory.queue_max);
  model.config.queues = {queue};
  for (int i = 0; i < theory.n; ++i) model.agents.push_back({.id = absl::StrCat("agent-", i)});
  CustomerClass customers{.queue = "calls", .channel = "voice"};
  customers.arrivals.per_s = theory.lambda / kMinute;
  customers.service = {Law::Kind::kExponential, kMinute / theory.mu, 1};
  if (theory.loss) customers.patience = {Law::Kind::kDeterministic, 0, 1};
  if (theory.theta > 0) customers.patience = {Law::Kind::kExponential, kMinute / theory.theta, 1};
  model.classes = {customers};
  return model;
}

std::uint64_t CallsFor(const Theory& theory, std::uint64_t least) {
  double calls = static_cast<double>(least), relaxation_min = 1 / theory.mu;
  if (theory.theta > 0) {
    relaxation_min = std::max(relaxation_min, 1 / theory.theta);
  } else if (!theory.loss) {
    // Of M/M/n: 1 / (sqrt(n mu) - sqrt(lambda))^2.
    const double root = std::sqrt(theory.n * theory.mu) - std::sqrt(theory.lambda);
    relaxation_min = std::max(relaxation_min, 1 / (root * root));
  }
  calls = std::max(calls, kBatches * kRelaxationsPerBatch * theory.lambda * relaxation_min);
  const double waiting = theory.loss ? theory.expected.at("abandonment")
                                     : theory.waiting_probability();
  const double events = std::min(kEventsWanted / std::max(waiting, 1e-12), 10.0 * calls);
  calls = std::max(calls, events);
  return std::min(static_cast<std::uint64_t>(calls), kCallsMost);
}

std::vector<Sample> SimulateTheory(const Theory& theory, std::uint64_t calls, std::uint64_t seed) {
  return Simulate(ModelOf(theory), {.seed = seed, .calls = calls, .replications = 1}).samples;
}

bool Verdict::Inside(double confidence) const {
  if (rare) return rare_ok;
  return std::abs(found.value - expected) <= found.HalfWidth(confidence) + 1e-9;
}

std::vector<Verdict> Judge(const Theory& theory, const std::vector<Sample>& samples) {
  double offered = 0;
  for (const Sample& sample : samples) offered += sample.all.offered;
  std::vector<Verdict> verdicts;
  for (const auto& [figure, expected] : theory.expected) {
    Verdict verdict{.id = theory.id,
                    .figure = figure,
                    .expected = expected,
                    .found = EstimateOf(FigureNamed(figure), samples, 0)};
    const double events = EventsOf(theory, figure, expected, offered);
    const bool proportion = !figure.ends_with("_s") && figure != "queue_length";
    // Zero events expected and found is an exact agreement.
    if (events < kEventsLeast && !(expected == 0 && verdict.found.value == 0)) {
      verdict.rare = true;
      // Waiting comes in clusters, one a time when all agents are busy.
      const double cluster = 2 / std::max(1 - theory.load() / theory.n, 0.05);
      const double off = std::abs(verdict.found.value - expected) * offered;
      verdict.rare_ok = !proportion || off <= 6 * std::sqrt(events * cluster) + 6 * cluster;
    }
    verdicts.push_back(std::move(verdict));
  }
  return verdicts;
}

std::string ToString(const Verdict& it) {
  return absl::StrFormat("%s %s: theory %.8g, simulated %.8g +- %.3g (99 %%), %.2f standard errors",
                         it.id, it.figure, it.expected, it.found.value, it.found.HalfWidth(0.99),
                         (it.found.value - it.expected) / std::max(it.found.standard_error, 1e-300));
}

}  // namespace firstline::simulate
