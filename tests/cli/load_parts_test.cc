// What a load is made of, without a router: when customers come, how latencies are counted, and
// what the ledger makes of a history that does not agree with the answers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "services/cli/load/latency.h"
#include "services/cli/load/ledger.h"
#include "services/cli/load/load.h"
#include "services/cli/load/pattern.h"
#include "services/cli/load/tally.h"
#include "services/cli/load/unary_caller.h"

namespace firstline::load {
namespace {

using std::chrono::duration;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// ---- Arrivals -----------------------------------------------------------------------------------

std::vector<double> Moments(const Arrival& arrival, seconds length, std::uint64_t seed = 1) {
  Arrivals arrivals(arrival, length, seed);
  std::vector<double> moments_s;
  for (nanoseconds next = arrivals.Next(); next < length; next = arrivals.Next()) {
    moments_s.push_back(duration<double>(next).count());
  }
  return moments_s;
}

std::size_t Between(const std::vector<double>& moments_s, double from_s, double until_s) {
  return static_cast<std::size_t>(std::count_if(
      moments_s.begin(), moments_s.end(), [&](double m) { return m >= from_s && m < until_s; }));
}

TEST(ArrivalsTest, ConstantIsEven) {
  const auto moments_s = Moments({.rate = 4}, seconds(2));
  ASSERT_EQ(moments_s.size(), 7U);  // the eighth is at 2 s
  for (std::size_t i = 0; i < moments_s.size(); ++i) {
    EXPECT_NEAR(moments_s[i], 0.25 * static_cast<double>(i + 1), 1e-6);
  }
}

// Gaps of a Poisson process: mean and standard deviation are both 1 / rate. Bounds are four standard
// errors wide.
TEST(ArrivalsTest, PoissonHasExponentialGaps) {
  const auto moments_s = Moments({.pattern = Pattern::kPoisson, .rate = 500}, seconds(40));
  const auto n = static_cast<double>(moments_s.size());
  EXPECT_NEAR(n, 20'000, 4 * std::sqrt(20'000));
  double sum = 0, squares = 0, last = 0;
  for (const double m : moments_s) {
    sum += m - last;
    squares += (m - last) * (m - last);
    last = m;
  }
  const double mean = sum / n, deviation = std::sqrt(squares / n - mean * mean);
  EXPECT_NEAR(deviation / mean, 1, 0.04);
}

TEST(ArrivalsTest, SameSeedSameMoments) {
  const Arrival arrival{.pattern = Pattern::kPoisson, .rate = 100};
  EXPECT_EQ(Moments(arrival, seconds(5), 7), Moments(arrival, seconds(5), 7));
  EXPECT_NE(Moments(arrival, seconds(5), 7), Moments(arrival, seconds(5), 8));
}

TEST(ArrivalsTest, RampGrowsLinearly) {
  const auto moments_s =
      Moments({.pattern = Pattern::kRamp, .rate = 2000, .ramp_from = 0}, seconds(10));
  EXPECT_NEAR(static_cast<double>(Between(moments_s, 0, 5)), 2500, 4 * 50);
  EXPECT_NEAR(static_cast<double>(Between(moments_s, 5, 10)), 7500, 4 * 87);
}

TEST(ArrivalsTest, BurstsComeWhenTheyShould) {
  const Arrival arrival{.pattern = Pattern::kBurst,
                        .rate = 200,
                        .burst_factor = 10,
                        .burst_every = seconds(5),
                        .burst_length = seconds(1),
                        .burst_after = seconds(2)};
  const auto moments_s = Moments(arrival, seconds(10));
  EXPECT_NEAR(static_cast<double>(Between(moments_s, 0, 2)), 400, 4 * 20);
  EXPECT_NEAR(static_cast<double>(Between(moments_s, 2, 3)), 2000, 4 * 45);
  EXPECT_NEAR(static_cast<double>(Between(moments_s, 3, 7)), 800, 4 * 29);
  EXPECT_NEAR(static_cast<double>(Between(moments_s, 7, 8)), 2000, 4 * 45);
}

// A day in 24 s, an hour a second: its mean is the rate, the night is quiet, the morning is not.
TEST(ArrivalsTest, DayHasItsPeaks) {
  const auto moments_s = Moments({.pattern = Pattern::kDay, .rate = 1000}, seconds(24));
  EXPECT_NEAR(static_cast<double>(moments_s.size()), 24'000, 4 * 155);
  EXPECT_LT(Between(moments_s, 2, 4), 300U);
  EXPECT_GT(Between(moments_s, 10, 12), 4000U);
}

// ---- Latencies ----------------------------------------------------------------------------------

TEST(LatenciesTest, PercentilesAreRightWithinThreePercent) {
  Latencies latencies;
  for (int us = 1; us <= 100'000; ++us) latencies.Add(std::chrono::microseconds(us));
  for (const double share : {0.01, 0.5, 0.9, 0.99, 0.999}) {
    const double us = duration<double, std::micro>(latencies.Percentile(share)).count();
    EXPECT_GE(us, 100'000 * share);
    EXPECT_LE(us, 100'000 * share * 1.04) << share;
  }
  EXPECT_EQ(latencies.Percentile(1), milliseconds(100));
  EXPECT_EQ(latencies.max(), milliseconds(100));
}

TEST(LatenciesTest, EmptyAndExtreme) {
  Latencies latencies;
  EXPECT_EQ(latencies.Percentile(0.99), nanoseconds(0));
  latencies.Add(nanoseconds(-5));
  EXPECT_EQ(latencies.max(), nanoseconds(0));
  latencies.Add(std::chrono::hours(5));
  EXPECT_EQ(latencies.max(), std::chrono::minutes(30));
  EXPECT_EQ(latencies.Percentile(1), std::chrono::minutes(30));
}

TEST(LatenciesTest, SumOfTwo) {
  Latencies a, b;
  for (int i = 0; i < 90; ++i) a.Add(milliseconds(1));
  for (int i = 0; i < 10; ++i) b.Add(milliseconds(50));
  a.Add(b);
  EXPECT_EQ(a.count(), 100U);
  EXPECT_LT(a.Percentile(0.9), milliseconds(2));
  EXPECT_GT(a.Percentile(0.91), milliseconds(49));
}

// ---- Tally --------------------------------------------------------------------------------------

TEST(TallyTest, CountsLatencyFromWhenItWasDue) {
  const Tally::Time start{};
  Tally tally;
  tally.Begin(start, start + seconds(1), start + seconds(3));
  tally.Succeeded(Operation::kSubmit, start, start + milliseconds(1));  // warm-up
  tally.Succeeded(Operation::kSubmit, start + seconds(1), start + seconds(2));
  tally.Succeeded(Operation::kSubmit, start + seconds(2), start + seconds(5));  // too late to count
  const OperationTally total = tally.totals()[0];
  EXPECT_EQ(total.done, 2U);
  EXPECT_EQ(total.finished, 1U);
  EXPECT_EQ(total.latencies.max(), seconds(3));
  ASSERT_EQ(tally.windows().size(), 9U);
  EXPECT_EQ(tally.windows()[8].latencies[0].max(), seconds(3));
}

TEST(TallyTest, TellsShedFromRefused) {
  const Tally::Time start{};
  Tally tally;
  tally.Begin(start, start, start + seconds(1));
  const client::Error overloaded{.code = grpc::StatusCode::RESOURCE_EXHAUSTED,
                                 .reason = "OVERLOADED",
                                 .retry_after = milliseconds(200)};
  const client::Error bare{.code = grpc::StatusCode::UNAVAILABLE};
  const client::Error ended{.code = grpc::StatusCode::FAILED_PRECONDITION,
                            .reason = "OFFER_ENDED"};
  for (const auto& error : {overloaded, bare, ended}) {
    tally.Refused(Operation::kAccept, start, error);
  }
  const OperationTally total = tally.totals()[static_cast<std::size_t>(Operation::kAccept)];
  EXPECT_EQ(total.shed, 2U);
  EXPECT_EQ(total.shed_without_time, 1U);
  EXPECT_THAT(total.refusals, ElementsAre(std::pair("OFFER_ENDED", 1U),
                                          std::pair("OVERLOADED", 1U),
                                          std::pair("UNAVAILABLE", 1U)));
}

// ---- Ledger -------------------------------------------------------------------------------------

class LedgerTest : public testing::Test {
 protected:
  v1::Event About(Number number) {
    v1::Event event;
    event.set_inquiry_id(ledger_.IdOf(number));
    return event;
  }
  void Submitted(Number number) {
    v1::Event event = About(number);
    event.mutable_inquiry_submitted();
    ledger_.Read(event);
  }
  void Assigned(Number number) {
    v1::Event event = About(number);
    event.mutable_inquiry_assigned();
    ledger_.Read(event);
  }

  Ledger ledger_{"x-"};
};

TEST_F(LedgerTest, AgreesWithACompleteHistory) {
  const Number a = ledger_.Open({}), b = ledger_.Open({});
  ledger_.Acknowledge(a, Operation::kSubmit);
  ledger_.Acknowledge(a, Operation::kAccept);
  ledger_.Acknowledge(a, Operation::kAccept);  // a repeat
  ledger_.Refuse(b, {.code = grpc::StatusCode::RESOURCE_EXHAUSTED});
  Submitted(a);
  Assigned(a);
  const Verdict verdict = ledger_.Judge();
  EXPECT_EQ(verdict.acknowledged, 1U);
  EXPECT_EQ(verdict.known, 1U);
  EXPECT_EQ(verdict.lost + verdict.doubled + verdict.refused_but_known, 0U);
  EXPECT_THAT(verdict.examples, IsEmpty());
  EXPECT_EQ(ledger_.acknowledged(Operation::kAccept), 1U);
  EXPECT_FALSE(verdict.good()) << "nobody said that the history is complete";
}

TEST_F(LedgerTest, FindsWhatIsLostDoubledOrTakenThoughRefused) {
  for (int i = 0; i < 5; ++i) ledger_.Open({});
  ledger_.Acknowledge(0, Operation::kSubmit);  // never in the history
  ledger_.Acknowledge(1, Operation::kSubmit);
  ledger_.Acknowledge(1, Operation::kAccept);  // of which nothing is told
  ledger_.Acknowledge(2, Operation::kSubmit);
  ledger_.Refuse(3, {.code = grpc::StatusCode::RESOURCE_EXHAUSTED});
  ledger_.Refuse(4, {.code = grpc::StatusCode::UNAVAILABLE});  // may have been taken
  for (const Number number : {1, 2, 3, 4}) Submitted(number);
  Assigned(2);
  Assigned(2);
  const Verdict verdict = ledger_.Judge();
  EXPECT_EQ(verdict.lost, 2U);
  EXPECT_EQ(verdict.doubled, 1U);
  EXPECT_EQ(verdict.refused_but_known, 1U);
  EXPECT_THAT(verdict.examples, ElementsAre("x-0", "x-1", "x-2"));
}

TEST_F(LedgerTest, WhatIsUnansweredIsOpen) {
  for (int i = 0; i < 4; ++i) ledger_.Open({});
  EXPECT_EQ(ledger_.open(), 4U);
  ledger_.Refuse(0, {.code = grpc::StatusCode::RESOURCE_EXHAUSTED});
  ledger_.Refuse(1, {.code = grpc::StatusCode::NOT_FOUND});
  ledger_.Acknowledge(2, Operation::kSubmit);
  ledger_.Acknowledge(2, Operation::kClose);
  EXPECT_EQ(ledger_.open(), 1U);
  EXPECT_EQ(ledger_.shed(), 1U);
}

TEST_F(LedgerTest, IgnoresInquiriesOfOthers) {
  ledger_.Open({});
  v1::Event event;
  for (const char* id : {"y-0", "x-1", "x-", "x-abc", ""}) {
    event.set_inquiry_id(id);
    event.mutable_inquiry_submitted();
    ledger_.Read(event);
  }
  EXPECT_EQ(ledger_.Judge().known, 0U);
}

// ---- Options ------------------------------------------------------------------------------------

TEST(LoadOptionsTest, SaysWhichOptionIsWrong) {
  const auto said = [](const LoadOptions& options) {
    return std::string(Check(options).message());
  };
  EXPECT_EQ(said({}), "");
  EXPECT_THAT(said({.arrival = {.pattern = Pattern::kBurst}}), HasSubstr("--rate"));
  EXPECT_THAT(said({.arrival = {.rate = 2e6}}), HasSubstr("--rate"));
  EXPECT_THAT(said({.outstanding = 0}), HasSubstr("--outstanding"));
  EXPECT_THAT(said({.duration = nanoseconds(0)}), HasSubstr("--duration"));
  EXPECT_THAT(said({.agents = 20'001}), HasSubstr("need 2"));
  EXPECT_EQ(said({.agents = 40'000, .sessions = 2}), "");
  EXPECT_THAT(said({.arrival = {.pattern = Pattern::kBurst,
                                .rate = 1,
                                .burst_every = seconds(1),
                                .burst_length = seconds(1)}}),
              HasSubstr("--burst-length"));
  EXPECT_THAT(said({.replace = true, .reuse = true}), HasSubstr("--reuse"));
  LoadOptions empty;
  empty.workspace.set_id("w");
  EXPECT_THAT(said(empty), HasSubstr("--config"));
}

// ---- Callers ------------------------------------------------------------------------------------

// Every answer sends the caller to the other address, in a callback of gRPC's that has the last call.
TEST(UnaryCallerTest, OutlivesRoutersThatCannotBeReached) {
  for (int round = 0; round < 20; ++round) {
    UnaryCaller caller({"127.0.0.1:1", "127.0.0.1:2"}, {}, 1);
    int refused = 0;
    for (int call = 0; call < 3; ++call) {
      v1::Command command;
      command.mutable_submit_inquiry()->set_workspace("shop");
      caller.Send(command, [&](const auto& answer) { refused += answer.ok() ? 0 : 1; });
      caller.Drain();
    }
    EXPECT_EQ(refused, 3);
  }
}

}  // namespace
}  // namespace firstline::load
