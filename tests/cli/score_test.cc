// Serving orders scored by a logged centre's choices: a log made for the purpose, and the real one.
#include "services/cli/replay/score.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/cli/simulate_theory.h"

namespace firstline::replay {
namespace {

const Rule kFifo{.name = "fifo"};
const Rule kCredit{.name = "credit", .credits = {{.priority = 2, .credit_s = 90}}};

constexpr char kHeading[] =
    "date,vru_entry_s,vru_exit_s,q_start_s,q_exit_s,q_time_s,outcome,ser_start_s,ser_exit_s,"
    "ser_time_s,type,priority,agent,customer\n";

std::string Row(int from, int to, const std::string& outcome, const std::string& type, int priority,
                const std::string& agent) {
  return absl::StrCat("1999-02-01,0,", from, ",", from, ",", to, ",0,", outcome, ",", to, ",",
                      to + 60, ",60,", type, ",", priority, ",", agent, ",\n");
}

Score ScoreOf(const std::string& rows, const Rule& rule, Takes takes = Takes::kSameQueue) {
  const auto log = ReadTechnion(kHeading + rows, "1999-02-01");
  EXPECT_TRUE(log.ok()) << log.status();
  Score score;
  if (log.ok()) ScoreDay(*log, rule, takes, score);
  return score;
}

TEST(Score, ComparesWithWhoWentOnWaiting) {
  // At 200 the centre takes the urgent one of 150 before the ordinary one of 100: 90 s of credit
  // say so, first come does not. At 220 and 230 there is no choice left, or nobody answers.
  const std::string rows = Row(100, 220, "AGENT", "PS", 0, "ann") +
                           Row(150, 200, "AGENT", "PS", 2, "bob") +
                           Row(160, 230, "HANG", "NW", 0, "");
  const Score credit = ScoreOf(rows, kCredit), fifo = ScoreOf(rows, kFifo);
  EXPECT_EQ(credit.choices, 1);
  EXPECT_EQ(credit.agreeing, 1);
  EXPECT_EQ(fifo.choices, 1);
  EXPECT_EQ(fifo.agreeing, 0);
  EXPECT_EQ(fifo.higher_first, 1);
}

TEST(Score, AWrongChoiceDoesNotChangeWhatComesAfterIt) {
  // Twice the second in line is taken; the first keeps its place and its age.
  const std::string rows = Row(100, 300, "AGENT", "PS", 0, "ann") +
                           Row(110, 200, "AGENT", "PS", 0, "ann") +
                           Row(120, 210, "AGENT", "PS", 0, "ann") +
                           Row(130, 310, "AGENT", "PS", 0, "ann");
  const Score score = ScoreOf(rows, kFifo);
  EXPECT_EQ(score.choices, 3);  // at 200, 210 and 300
  EXPECT_EQ(score.same_priority, 2);
  EXPECT_EQ(score.agreeing, 1);
}

TEST(Score, WhatAnAgentCouldHaveTaken) {
  // Ann serves both types that day and leaves the older NW call waiting.
  const std::string rows = Row(100, 300, "AGENT", "NW", 0, "ann") +
                           Row(110, 200, "AGENT", "PS", 0, "ann") +
                           Row(120, 400, "AGENT", "PS", 2, "bob");
  EXPECT_EQ(ScoreOf(rows, kFifo).choices, 1);
  EXPECT_EQ(ScoreOf(rows, kFifo).agreeing, 1);
  EXPECT_EQ(ScoreOf(rows, kFifo, Takes::kDay).choices, 2);
  EXPECT_EQ(ScoreOf(rows, kFifo, Takes::kDay).agreeing, 1);
  EXPECT_EQ(ScoreOf(rows, kCredit).lower_first, 1);  // bob's, due at 30
}

TEST(Score, CallsThatLeaveInOneSecondAreOneChoice) {
  const std::string rows = Row(100, 200, "AGENT", "PS", 0, "ann") +
                           Row(110, 200, "AGENT", "PS", 0, "bob") +
                           Row(120, 300, "AGENT", "PS", 0, "bob");
  EXPECT_EQ(ScoreOf(rows, kFifo).choices, 2);
  EXPECT_EQ(ScoreOf(rows, kFifo).agreeing, 2);
}

// ---- The bank's log, which is not part of the project
// --------------------------------------------

std::string Uncompressed(const std::filesystem::path& file) {
  std::string text;
  std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(("zcat '" + file.string() + "'").c_str(), "r"),
                                             pclose);
  char buffer[1 << 16];
  for (std::size_t n = 0; pipe && (n = fread(buffer, 1, sizeof buffer, pipe.get())) > 0;) {
    text.append(buffer, n);
  }
  return text;
}

class Bank : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto file = simulate::DataFolder() / "technion_1999/calls_jan_feb.csv.gz";
    if (!std::filesystem::exists(file)) GTEST_SKIP() << "the log is not here: " << file;
    calls_ = Uncompressed(file);
  }
  Score Days(const std::string& from, const std::string& until, const Rule& rule) {
    Score score;
    const auto dates = DatesOf(calls_);
    for (const std::string& date : *dates) {
      if (date < from || date >= until) continue;
      if (auto day = ReadTechnion(calls_, date); day.ok()) {
        ScoreDay(*day, rule, Takes::kSameQueue, score);
      }
    }
    return score;
  }
  std::string calls_;
};

// Until 10 January the bank served first come, first served: every choice but one is as the
// engine's.
TEST_F(Bank, BeganWithFirstComeFirstServed) {
  const Score fifo = Days("1999-01-01", "1999-01-11", kFifo);
  EXPECT_GT(fifo.choices, 2800);
  EXPECT_GE(fifo.agreeing, fifo.choices - 1);
  EXPECT_LT(Days("1999-01-01", "1999-01-11", kCredit).share(), 0.85);
}

// In February 90 s of credit for priority 2 explain more than first come, and more than other
// credits.
TEST_F(Bank, GaveCreditInFebruary) {
  const Score credit = Days("1999-02-01", "1999-03-01", kCredit);
  EXPECT_GT(credit.share(), 0.87);
  EXPECT_LT(Days("1999-02-01", "1999-03-01", kFifo).share(), 0.77);
  for (std::int64_t seconds : {60, 120}) {
    const Rule other{.name = "other", .credits = {{.priority = 2, .credit_s = seconds}}};
    EXPECT_LT(Days("1999-02-01", "1999-03-01", other).share(), credit.share() - 0.02) << seconds;
  }
  EXPECT_GT(Days("1999-01-01", "1999-02-01", kFifo).share(), 0.83);
}

}  // namespace
}  // namespace firstline::replay
