// Three times the load that a router can sustain, on a real Redis: new inquiries are shed with a
// time to come back, what agents do goes on, nothing acknowledged is lost, memory stays bounded,
// and when the rush is over everything is as before within seconds.
//
// What is sustainable is found first, by a closed loop on the same machine. Then customers come by
// the clock at half of that, at three times that during the rush, at half again. Latency counts
// from when an operation was due.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <vector>

#include "common/client/client.h"
#include "services/cli/load/load.h"
#include "services/cli/load/report.h"
#include "tests/overload/measured_router.h"

namespace firstline::test {
namespace {

using load::kWindow;
using load::Latencies;
using load::LoadOptions;
using load::Operation;
using load::Report;
using std::chrono::duration;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

// An agent's call stands behind the submissions that were let in before it: half of the calls a
// workspace may have open, 8192. At ten thousand a second, slow for a router, that is 0.8 s.
constexpr seconds kServiceP99Max{2};
constexpr seconds kRecoveryMax{5};
constexpr milliseconds kLatenessMax{500};
// Retained inquiries (100,000), ring (64 MiB), calls and streams, with room for the allocator.
constexpr double kRssMibMax = 640;
// Growth that the second half of a long rush may add to the first.
constexpr double kRssGrowthMax = 1.1;

struct Phases {
  seconds calm, rush, after;
};

LoadOptions Shop() {
  LoadOptions options;
  options.agents = 1000;
  options.queue_length_max = 500;
  options.replace = true;
  options.streams = 8;
  return options;
}

class Overload : public testing::Test {
 protected:
  // Whole lives a second, as many as there can be.
  double Sustainable() {
    LoadOptions options = Shop();
    options.outstanding = 256;
    options.duration = seconds(4);
    const Report report = load::Run(client_, {router_.address()}, options);
    EXPECT_TRUE(report.good());
    return static_cast<double>(report.total(Operation::kClose).finished) / report.measured_s;
  }

  Report Rush(double sustainable, const Phases& phases) {
    LoadOptions options = Shop();
    options.arrival = {.pattern = load::Pattern::kBurst,
                       .rate = sustainable / 2,
                       .burst_factor = 6,
                       .burst_every = std::chrono::hours(1),
                       .burst_length = phases.rush,
                       .burst_after = phases.calm};
    options.warm_up = seconds(0);
    options.duration = phases.calm + phases.rush + phases.after;
    options.drain = seconds(30);
    options.progress = [this](const load::Progress& progress) {
      rss_mib_.emplace_back(progress.elapsed, router_.RssMib());
    };
    return load::Run(client_, {router_.address()}, options);
  }

  double RssMibMax(nanoseconds from, nanoseconds until) const {
    double most = 0;
    for (const auto& [elapsed, mib] : rss_mib_) {
      if (elapsed >= from && elapsed < until) most = std::max(most, mib);
    }
    return most;
  }

  void Run(const Phases& phases);

  MeasuredRouter router_;
  client::Client client_{{.targets = {router_.address()}}};
  std::vector<std::pair<nanoseconds, double>> rss_mib_;
};

std::size_t IndexOf(nanoseconds since_start) {
  return static_cast<std::size_t>(since_start / kWindow);
}

// Of everything due between two moments.
Latencies Between(const Report& report, Operation operation, nanoseconds from, nanoseconds until) {
  Latencies sum;
  for (std::size_t w = IndexOf(from); w < std::min(IndexOf(until), report.windows.size()); ++w) {
    sum.Add(report.windows[w].latencies[static_cast<std::size_t>(operation)]);
  }
  return sum;
}

constexpr Operation kCalls[] = {Operation::kSubmit, Operation::kAccept, Operation::kReply,
                                Operation::kClose};

bool IsNormal(const load::Window& window, nanoseconds normal) {
  return std::all_of(std::begin(kCalls), std::end(kCalls), [&](Operation operation) {
    const auto o = static_cast<std::size_t>(operation);
    return window.shed[o] == 0 && window.latencies[o].Percentile(0.99) <= normal;
  });
}

// How long after the rush the first second begins in which nothing was shed and nothing slow.
// Longer than all that came after if there is none.
nanoseconds RecoveryTime(const Report& report, const Phases& phases) {
  nanoseconds normal = milliseconds(250);
  for (const Operation operation : kCalls) {
    const Latencies calm = Between(report, operation, phases.calm / 2, phases.calm);
    normal = std::max(normal, 4 * calm.Percentile(0.99));
  }
  const std::size_t begin = IndexOf(phases.calm + phases.rush);
  const std::size_t needed = IndexOf(seconds(1));
  std::size_t good = 0;
  for (std::size_t w = begin; w < report.windows.size(); ++w) {
    good = IsNormal(report.windows[w], normal) ? good + 1 : 0;
    if (good == needed) return static_cast<int>(w + 1 - needed - begin) * nanoseconds(kWindow);
  }
  return phases.after + seconds(1);
}

// Submissions shed that were due at `from` or later.
std::uint64_t ShedFrom(const Report& report, nanoseconds from) {
  std::uint64_t shed = 0;
  for (std::size_t w = IndexOf(from); w < report.windows.size(); ++w) {
    shed += report.windows[w].shed[static_cast<std::size_t>(Operation::kSubmit)];
  }
  return shed;
}

double Seconds(nanoseconds span) { return duration<double>(span).count(); }

// Redis did not answer for two seconds, or the generator sent late: both want little of a machine,
// so that something else took it all.
bool IsStarved(const Report& report) {
  for (const Operation operation : kCalls) {
    if (report.total(operation).refusals.count("STORE_UNAVAILABLE") > 0) return true;
  }
  return report.lateness.Percentile(0.99) > kLatenessMax;
}

void ExpectNothingLost(const Report& report) {
  EXPECT_GT(report.shed, 0U);
  for (const Operation operation : kCalls) {
    EXPECT_EQ(report.total(operation).shed_without_time, 0U) << load::NameOf(operation);
  }
  EXPECT_TRUE(report.verdict.complete) << report.verdict.why;
  EXPECT_EQ(report.verdict.lost, 0U);
  EXPECT_EQ(report.verdict.doubled, 0U);
  EXPECT_EQ(report.verdict.refused_but_known, 0U);
  EXPECT_EQ(report.open, 0U) << "everybody is served in the end";
}

void Overload::Run(const Phases& phases) {
  const double sustainable = Sustainable();
  const Report report = Rush(sustainable, phases);
  load::Print(report, cli::Format::kTable, std::cout);

  ExpectNothingLost(report);
  const nanoseconds end_of_rush = phases.calm + phases.rush;
  // Memory is bounded, and no rush that lasts takes more and more of it.
  const nanoseconds middle = phases.calm + phases.rush / 2;
  const double first = RssMibMax(phases.calm, middle), second = RssMibMax(middle, end_of_rush);
  EXPECT_LT(std::max(first, second), kRssMibMax);
  if (phases.rush >= std::chrono::minutes(1)) {
    EXPECT_LT(second, first * kRssGrowthMax);
  }
  const nanoseconds recovery = RecoveryTime(report, phases);
  std::printf("sustainable %.0f a second; router %.0f MiB before, %.0f and %.0f MiB in the halves "
              "of the rush; recovered after %.2f s\n",
              sustainable, RssMibMax(nanoseconds(0), phases.calm), first, second,
              Seconds(recovery));
  if (IsStarved(report)) {
    GTEST_SKIP() << "the machine gave Redis or the generator no time: latencies say nothing";
  }

  // Agents are served meanwhile, and nothing that they do is shed.
  for (const Operation operation : {Operation::kAccept, Operation::kReply, Operation::kClose}) {
    const Latencies rush = Between(report, operation, phases.calm, end_of_rush);
    EXPECT_TRUE(report.total(operation).refusals.empty()) << load::NameOf(operation);
    EXPECT_LE(rush.Percentile(0.99), kServiceP99Max) << load::NameOf(operation);
    EXPECT_GT(static_cast<double>(rush.count()), sustainable / 10 * Seconds(phases.rush))
        << load::NameOf(operation);
    std::printf("%s in the rush: p99 %.0f ms, max %.0f ms\n", load::NameOf(operation),
                Seconds(rush.Percentile(0.99)) * 1000, Seconds(rush.max()) * 1000);
  }
  EXPECT_LE(recovery, kRecoveryMax);
  EXPECT_EQ(ShedFrom(report, end_of_rush + kRecoveryMax), 0U);
}

TEST_F(Overload, ForSeconds) { Run({seconds(4), seconds(8), seconds(8)}); }

TEST_F(Overload, ForMinutes) { Run({seconds(10), seconds(150), seconds(15)}); }

}  // namespace
}  // namespace firstline::test
