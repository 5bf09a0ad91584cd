// Numbers that others published about Erlang's models, as the simulation sees them. Each is given
// with a recomputed value: the simulation has to agree with that, and with the published number
// only where the two agree.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "tests/cli/simulate_theory.h"

namespace firstline::simulate {
namespace {

// Fields of a line of CSV in which "" stands for a quotation mark.
std::vector<std::string> FieldsOf(const std::string& line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (char c : line) {
    if (c == '"') {
      // The second mark of a pair ends and begins the quotation again: the mark itself was meant.
      if (!quoted && !fields.back().empty()) fields.back() += '"';
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      fields.emplace_back();
    } else if (c != '\r') {
      fields.back() += c;
    }
  }
  return fields;
}

double NumberIn(const nlohmann::json& inputs, const char* name) {
  if (!inputs.contains(name)) return 0;
  const nlohmann::json& value = inputs[name];
  if (!value.is_string()) return value.get<double>();
  const std::string text = value.get<std::string>();  // "20/60"
  const std::size_t slash = text.find('/');
  return std::atof(text.c_str()) / std::atof(text.c_str() + slash + 1);
}

// One published number.
struct Published {
  std::string where, quantity;
  nlohmann::json inputs;
  double published = 0, recomputed = 0;
  std::string unit;
  bool agrees = false;

  Theory Model(int n) const;
  int agents() const { return static_cast<int>(NumberIn(inputs, "n")); }
};

Theory Published::Model(int n) const {
  Theory theory{.id = absl::StrCat(where, " ", quantity), .mu = 1, .n = n};
  const double interval = NumberIn(inputs, "interval_min");
  theory.lambda = NumberIn(inputs, "lambda_per_min") + 60 * NumberIn(inputs, "lambda_per_s") +
                  NumberIn(inputs, "a");
  if (interval > 0) theory.lambda = NumberIn(inputs, "transactions") / interval;
  const double handle = NumberIn(inputs, "aht_min") + NumberIn(inputs, "aht_s") / 60;
  if (handle > 0) theory.mu = 1 / handle;
  if (inputs.contains("patience_min")) theory.theta = 1 / NumberIn(inputs, "patience_min");
  const double target = NumberIn(inputs, "awt_min") + NumberIn(inputs, "awt_s") / 60;
  if (target > 0) theory.target_min = target;
  if (inputs.contains("system_size")) {
    theory.queue_max = static_cast<int>(NumberIn(inputs, "system_size")) - n;
  }
  theory.loss = quantity == "P_block" || quantity == "min_n" || inputs.contains("a");
  return theory;
}

const char* FigureOf(const std::string& quantity) {
  if (quantity == "SL") return "service_level";
  if (quantity == "P_wait") return "waiting_probability";
  if (quantity == "ASA") return "wait_s";
  if (quantity == "occupancy") return "occupancy";
  return "abandonment";  // P_abandon; P_block, as who is blocked leaves after 0 s
}

std::vector<Published> ReadPublished(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::vector<Published> all;
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    const std::vector<std::string> f = FieldsOf(line);
    if (f.size() != 9) {
      ADD_FAILURE() << "unreadable: " << line;
      continue;
    }
    all.push_back({.where = f[1], .quantity = f[4], .inputs = nlohmann::json::parse(f[3]),
                   .published = std::atof(f[5].c_str()), .recomputed = std::atof(f[7].c_str()),
                   .unit = f[6], .agrees = f[8] == "yes"});
  }
  return all;
}

Estimate FigureFor(const Published& it, int n, std::uint64_t calls) {
  return EstimateOf(FigureNamed(FigureOf(it.quantity)), SimulateTheory(it.Model(n), calls, 35), 0);
}

// The least number of agents: blocking is at most the bound with so many, above it with one fewer.
void JudgeLeastAgents(const Published& it) {
  const double bound = NumberIn(it.inputs, "max_block");
  const int n = static_cast<int>(it.recomputed);
  const Estimate enough = FigureFor(it, n, 200'000), fewer = FigureFor(it, n - 1, 200'000);
  EXPECT_LT(enough.value - enough.HalfWidth(0.95), bound) << it.where;
  EXPECT_GT(fewer.value - fewer.HalfWidth(0.99), bound) << it.where;
  // A published number that is too small does not keep the bound.
  EXPECT_EQ(it.published == n, it.agrees) << it.where;
}

TEST(SimulatePublished, EveryNumber) {
  const auto file = DataFolder() / "theory/published_values.csv";
  if (!std::filesystem::exists(file)) GTEST_SKIP() << "the data are not here: " << file;
  const std::vector<Published> all = ReadPublished(file);
  ASSERT_EQ(all.size(), 35u);
  int wrong = 0, judged = 0;
  for (Published it : all) {
    wrong += !it.agrees;
    // Its inputs are those of the line before, and are not repeated.
    if (!it.inputs.contains("interval_min") && it.where == "docs/guide/erlangc.md") {
      it.inputs = {{"transactions", 100}, {"interval_min", 30}, {"aht_min", 3}, {"n", 14}};
    }
    ++judged;
    if (it.quantity == "min_n") {
      JudgeLeastAgents(it);
      continue;
    }
    // Times are in minutes unless the unit says seconds.
    const double unit = it.quantity == "ASA" && it.unit != "s" ? 60 : 1;
    const Estimate found = FigureFor(it, it.agents(), 100'000);
    // Together 99 %: Bonferroni over the numbers.
    const double half = found.HalfWidth(1 - 0.01 / 35);
    EXPECT_NEAR(found.value, it.recomputed * unit, half) << it.where << " " << it.quantity;
    if (!it.agrees) {
      EXPECT_GT(std::abs(found.value - it.published * unit), half) << it.where;
    }
  }
  EXPECT_EQ(judged, 35);
  EXPECT_EQ(wrong, 5);
}

}  // namespace
}  // namespace firstline::simulate
