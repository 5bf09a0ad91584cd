// The simulation reproduces Erlang B, C and A.
//
// The rule. Each figure of each row is judged by its 99 % confidence interval, so one in a hundred
// is outside by chance. Hence: (1) no figure may be outside the interval that covers ALL figures of
// the test with 99 % (Bonferroni); (2) a row with a figure outside its 99 % interval is simulated
// again with another seed and four times as many customers, and the figures that were outside have
// to be inside; (3) the figures outside at the first try may be at most 2.5 % (figures of one row
// depend on each other, so their number scatters more than independent ones would). A figure of
// which fewer than 300 events are expected gets no interval: its number of events is bounded
// instead.
//
// Every FIRSTLINE_THEORY_STEP-th row is taken, every 12th if it is not set; the data are not part
// of the project, and where they are absent these tests are skipped.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <iostream>

#include "absl/strings/numbers.h"
#include "tests/cli/simulate_theory.h"

namespace firstline::simulate {
namespace {

constexpr std::uint64_t kQuickMost = 350'000;

// One of its own for each row: some differ in the target alone, and would share their luck.
std::uint64_t SeedOf(const Theory& row, std::uint64_t attempt) {
  std::uint64_t seed = attempt;
  for (char c : row.id) seed = seed * 131 + static_cast<unsigned char>(c);
  return seed;
}

std::size_t StepOfRows() {
  const char* given = std::getenv("FIRSTLINE_THEORY_STEP");
  std::size_t step = 0;
  return given != nullptr && absl::SimpleAtoi(given, &step) && step > 0 ? step : 12;
}

struct Count {
  int rows = 0, figures = 0, rare = 0, outside = 0;
  std::uint64_t calls = 0;
};

void JudgeRow(const Theory& row, std::uint64_t least, double strict, Count& count) {
  const std::uint64_t calls = CallsFor(row, least);
  count.calls += calls;
  ++count.rows;
  std::vector<std::string> outside;
  for (const Verdict& verdict : Judge(row, SimulateTheory(row, calls, SeedOf(row, 1)))) {
    ++count.figures;
    count.rare += verdict.rare;
    EXPECT_TRUE(verdict.Inside(strict)) << ToString(verdict) << ", " << calls << " customers";
    if (!verdict.Inside(0.99)) outside.push_back(verdict.figure);
    if (!verdict.Inside(0.99)) std::cout << "again: " << ToString(verdict) << "\n";
  }
  count.outside += static_cast<int>(outside.size());
  if (outside.empty()) return;
  for (const Verdict& verdict : Judge(row, SimulateTheory(row, 4 * calls, SeedOf(row, 2)))) {
    const bool was = std::find(outside.begin(), outside.end(), verdict.figure) != outside.end();
    EXPECT_TRUE(!was || verdict.Inside(0.99)) << "twice outside: " << ToString(verdict);
  }
}

// "ErlangB", "ErlangC" or "ErlangA": the models of the reference.
class ErlangReference : public ::testing::TestWithParam<const char*> {};

TEST_P(ErlangReference, IsReproduced) {
  const auto file = DataFolder() / "theory/erlang_reference.csv";
  if (!std::filesystem::exists(file)) GTEST_SKIP() << "the data are not here: " << file;
  std::vector<Theory> rows = ReadErlangReference(file);
  ASSERT_EQ(rows.size(), 249u);
  std::erase_if(rows, [](const Theory& row) { return !row.id.starts_with(GetParam()); });
  const std::size_t step = StepOfRows();
  const std::uint64_t least = step == 1 ? 300'000 : 60'000;
  std::vector<const Theory*> chosen;
  std::size_t figures = 0;
  for (std::size_t i = 0; i < rows.size(); i += step) {
    // A sample is for every day: it leaves out what needs millions of customers.
    if (!rows[i].steady() || (step > 1 && CallsFor(rows[i], least) > kQuickMost)) continue;
    chosen.push_back(&rows[i]);
    figures += rows[i].expected.size();
  }
  const double strict = 1 - 0.01 / static_cast<double>(figures);
  Count count;
  for (const Theory* row : chosen) JudgeRow(*row, least, strict, count);
  std::cout << GetParam() << ": " << count.rows << " rows, " << count.figures << " figures (" << count.rare
            << " too rare for an interval), " << count.calls << " customers; outside 99 %: "
            << count.outside << ", by chance " << 0.01 * (count.figures - count.rare) << "\n";
  EXPECT_LE(count.outside, std::max(2.0, 0.025 * count.figures));
}

INSTANTIATE_TEST_SUITE_P(SimulateTheory, ErlangReference,
                         ::testing::Values("ErlangB", "ErlangC", "ErlangA"),
                         [](const auto& model) { return model.param; });

// As many customers as can be served: the queue grows without end, and there is no figure to be
// reproduced. The four rows of this kind give waits of 1e40 minutes, an artefact of rounding.
TEST(SimulateTheory, RowsWithoutASteadyState) {
  const auto file = DataFolder() / "theory/erlang_reference.csv";
  if (!std::filesystem::exists(file)) GTEST_SKIP() << "the data are not here: " << file;
  int found = 0;
  for (const Theory& row : ReadErlangReference(file)) {
    if (row.steady()) continue;
    ++found;
    EXPECT_GT(row.expected.at("wait_s"), 1e30) << row.id;
    const auto wait_of = [&row](std::uint64_t calls) {
      double sum = 0;
      for (std::uint64_t seed = 1; seed <= 4; ++seed) {
        sum += EstimateOf(FigureNamed("wait_s"), SimulateTheory(row, calls, seed), 0).value / 4;
      }
      return sum;
    };
    // Grows with the root of time: 16 times as long, about 4 times the wait.
    EXPECT_GT(wait_of(48'000), 2 * wait_of(3'000)) << row.id;
  }
  EXPECT_EQ(found, 4);
}

}  // namespace
}  // namespace firstline::simulate
