// Telemetry against the checker, on workspaces kept busy by seeds.
#include "tests/telemetry/figures_checker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "services/router/store/event_codec.h"
#include "services/router/telemetry/exposition.h"
#include "tests/telemetry/busy_workspace.h"

namespace firstline::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string TextOf(const telemetry::Snapshot& snapshot) {
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, telemetry::Render(snapshot));
  return out.str();
}

// A busy workspace whose public events the checker reads.
class Busy {
 public:
  explicit Busy(uint64_t seed) : workspace_(rig, seed) {
    rig.on_events = [this](const engine::Engine& engine) { Read(engine); };
    workspace_.Begin();
  }
  void Run(int steps) {
    for (int i = 0; i < steps; ++i) {
      workspace_.Step();
      if (i % 7 == 0) rig.Commit();
    }
    rig.Commit();
  }
  const std::map<std::string, int>& applied() const { return workspace_.applied(); }

  Rig rig;
  FiguresChecker checker;

 private:
  void Read(const engine::Engine& engine) {
    for (const store::EventEntry& entry : store::EncodeEvents(engine, {1, next_})) {
      v1::Event event;
      ASSERT_TRUE(event.ParseFromString(entry.bytes));
      checker.Read(event);
      ++next_;
    }
  }
  BusyWorkspace workspace_;
  uint64_t next_ = 1;
};

// ---- Equal ------------------------------------------------------------------------------------

class FiguresCheckerTest : public ::testing::TestWithParam<uint64_t> {};
INSTANTIATE_TEST_SUITE_P(Seeds, FiguresCheckerTest, ::testing::Range<uint64_t>(1, 13));

TEST_P(FiguresCheckerTest, EveryFigureShownIsTheOneCounted) {
  Busy busy(GetParam());
  for (int round = 0; round < 6; ++round) {
    busy.Run(500);
    ASSERT_THAT(busy.checker.Compare(busy.rig.Text(), busy.rig.now().us), IsEmpty())
        << "seed " << GetParam() << ", round " << round;
  }
}

void ExpectSpans(const FiguresChecker& checker, const std::string& name, const LabelMap& labels,
                 const telemetry::Sum& shown) {
  const FiguresChecker::Parts counted = checker.Spans(name, labels);
  EXPECT_EQ(shown.count, counted.count) << name;
  EXPECT_EQ(shown.sum, counted.sum_us) << name;
}

void ExpectCount(const FiguresChecker& checker, const std::string& name, LabelMap labels,
                 uint64_t shown) {
  EXPECT_EQ(static_cast<int64_t>(shown), checker.Count(name, labels)) << name;
}

void ExpectClock(const FiguresChecker& checker, LabelMap labels, const char* clock,
                 const telemetry::ResponseClock& shown) {
  labels["clock"] = clock;
  ExpectSpans(checker, "firstline_first_response_seconds", labels, shown.histogram.total);
  ExpectCount(checker, "firstline_first_response_within_target_total", labels, shown.within_target);
  uint64_t cumulative = 0;
  for (size_t i = 0; i < telemetry::kLadderSeconds.size(); ++i) {
    cumulative += shown.histogram.counts[i];
    EXPECT_EQ(cumulative, checker.AtMost("firstline_first_response_seconds", labels,
                                         telemetry::kLadderSeconds[i] * 1'000'000));
  }
}

constexpr std::array<const char*, telemetry::kOfferEnds> kOfferEnds = {
    "accepted", "auto_accepted", "declined", "expired", "rescinded", "agent_lost",
    "taken"};

void ExpectQueue(const FiguresChecker& checker, const telemetry::QueueFigures& shown) {
  const LabelMap queue = {{"queue", shown.now.queue}};
  const auto ended = [&](const char* outcome) {
    LabelMap labels = queue;
    labels["outcome"] = outcome;
    return static_cast<uint64_t>(checker.Count("firstline_inquiries_ended_total", labels));
  };
  ExpectCount(checker, "firstline_inquiries_submitted_total", queue, shown.submitted);
  ExpectCount(checker, "firstline_answered_within_target_total", queue,
              shown.answered_within_target);
  ExpectCount(checker, "firstline_inquiries_transferred_out_total", queue, shown.transferred_out);
  ExpectCount(checker, "firstline_inquiries_overflowed_out_total", queue, shown.overflowed_out);
  ExpectCount(checker, "firstline_inquiries_unanswered_total", queue, shown.unanswered);
  ExpectCount(checker, "firstline_first_reply_warnings_total", queue, shown.first_reply_warnings);
  ExpectCount(checker, "firstline_first_reply_timeouts_total", queue, shown.first_reply_timeouts);
  ExpectCount(checker, "firstline_offers_total", queue, shown.offers);
  EXPECT_EQ(shown.abandoned, ended("abandoned") + ended("short_abandoned"));
  EXPECT_EQ(shown.short_abandoned, ended("short_abandoned"));
  EXPECT_EQ(shown.cancelled, ended("cancelled") + ended("left"));
  EXPECT_EQ(shown.closed, ended("closed") + ended("closed_without_reply"));
  EXPECT_EQ(shown.closed_without_reply, ended("closed_without_reply"));
  ExpectClock(checker, queue, "create", shown.first_response[0]);
  ExpectClock(checker, queue, "human_queue", shown.first_response[1]);
  ExpectClock(checker, queue, "assign", shown.first_response[2]);
  ExpectSpans(checker, "firstline_bot_response_seconds", queue, shown.bot_response);
  ExpectSpans(checker, "firstline_reply_seconds", queue, shown.reply);
  ExpectSpans(checker, "firstline_answered_wait_seconds", queue, shown.answered_wait);
  ExpectSpans(checker, "firstline_abandoned_wait_seconds", queue, shown.abandoned_wait);
  EXPECT_EQ(shown.answered, shown.answered_wait.count);
  EXPECT_EQ(shown.handle.count, checker.Spans("firstline_handle_seconds", queue).count);
  EXPECT_EQ(shown.handle.sum, checker.Spans("firstline_handle_seconds", queue).sum_us +
                                  checker.Spans("firstline_wrap_up_seconds", queue).sum_us);
  for (size_t i = 0; i < kOfferEnds.size(); ++i) {
    LabelMap labels = queue;
    labels["outcome"] = kOfferEnds[i];
    ExpectCount(checker, "firstline_offers_ended_total", labels, shown.offer_ends[i]);
  }
}

void ExpectAgent(const FiguresChecker& checker, const telemetry::AgentFigures& shown) {
  const LabelMap agent = {{"agent", shown.agent_id}};
  ExpectCount(checker, "agent_assignments", agent, shown.assignments);
  ExpectCount(checker, "agent_first_reply_timeouts", agent, shown.first_reply_timeouts);
  ExpectCount(checker, "agent_handled", agent, shown.handled);
  ExpectCount(checker, "agent_from_assign_within_target", agent, shown.from_assign.within_target);
  ExpectSpans(checker, "agent_handle", agent, shown.handle);
  ExpectSpans(checker, "agent_wrap_up", agent, shown.wrap_up);
  ExpectSpans(checker, "agent_reply", agent, shown.reply);
  ExpectSpans(checker, "agent_from_assign", agent, shown.from_assign.histogram.total);
  ExpectCount(checker, "agent_csat", agent, shown.csat.count);
  for (size_t i = 0; i < kOfferEnds.size(); ++i) {
    LabelMap labels = agent;
    labels["outcome"] = kOfferEnds[i];
    ExpectCount(checker, "agent_offers_ended", labels, shown.offer_ends[i]);
  }
  LabelMap expired = agent, yes = agent;
  expired["outcome"] = "expired";
  yes["resolved"] = "yes";
  ExpectCount(checker, "agent_offers_ended", expired, shown.misses);
  ExpectCount(checker, "agent_feedback_resolved", yes, shown.feedback_resolved);
}

TEST_P(FiguresCheckerTest, StatsAreTheSameFigures) {
  Busy busy(GetParam());
  busy.Run(3000);
  const auto queues = busy.rig.telemetry().Queues("acme", "");
  EXPECT_EQ(queues.size(), 4u);
  for (const auto& queue : queues) ExpectQueue(busy.checker, queue);
  const auto agents = busy.rig.telemetry().Agents("acme", "", 1000);
  EXPECT_GE(agents.size(), 5u);
  for (const auto& agent : agents) ExpectAgent(busy.checker, agent);
}

TEST(FiguresCheckerRunTest, TheRunsAreWorthChecking) {
  std::map<std::string, int> applied;
  std::map<std::string, int64_t> counts;
  for (uint64_t seed = 1; seed < 13; ++seed) {
    Busy busy(seed);
    busy.Run(3000);
    for (const auto& [kind, n] : busy.applied()) applied[kind] += n;
    for (const char* outcome :
         {"closed", "closed_without_reply", "abandoned", "short_abandoned", "left", "cancelled"}) {
      counts[outcome] +=
          busy.checker.Count("firstline_inquiries_ended_total", {{"outcome", outcome}});
    }
    for (const char* name :
         {"firstline_inquiries_overflowed_out_total", "firstline_first_reply_timeouts_total",
          "firstline_first_reply_warnings_total", "firstline_feedback_resolved_total"}) {
      counts[name] += busy.checker.Count(name, {});
    }
    for (const char* end : kOfferEnds) {
      counts[end] += busy.checker.Count("firstline_offers_ended_total", {{"outcome", end}});
    }
    counts["bots"] +=
        static_cast<int64_t>(busy.checker.Spans("firstline_bot_response_seconds", {}).count);
  }
  for (const char* kind : {"submit", "accept", "decline", "message", "transfer", "park", "resume",
                           "update", "close", "cancel", "feedback", "finish_wrap_up", "presence",
                           "delete_agent", "upsert_agent", "config"}) {
    EXPECT_GT(applied[kind], 10) << kind;
  }
  for (const auto& [what, n] : counts) EXPECT_GT(n, 10) << what;
}

// ---- Planted errors ---------------------------------------------------------------------------
// Each is put where telemetry would make it: into the figures, before they are rendered.

using Plant = std::function<bool(telemetry::WorkspaceSnapshot&)>;

void ExpectCaught(const Plant& plant, const std::string& where) {
  Busy busy(3);
  busy.Run(3000);
  telemetry::Snapshot snapshot = busy.rig.telemetry().Take();
  ASSERT_THAT(busy.checker.Compare(TextOf(snapshot), busy.rig.now().us), IsEmpty());
  ASSERT_TRUE(plant(snapshot.workspaces[0])) << "nothing to spoil";
  EXPECT_THAT(busy.checker.Compare(TextOf(snapshot), busy.rig.now().us),
              Contains(HasSubstr(where)));
}

// The first figures of which `has` holds.
telemetry::Work* Find(telemetry::WorkspaceSnapshot& snapshot,
                      const std::function<bool(const telemetry::Work&)>& has) {
  const auto it = std::find_if(snapshot.works.begin(), snapshot.works.end(), has);
  return it == snapshot.works.end() ? nullptr : &*it;
}

TEST(PlantedErrorTest, FirstResponseCountedAgainAfterATransferIsCaught) {
  ExpectCaught(
      [](telemetry::WorkspaceSnapshot& snapshot) {
        telemetry::Work* work = Find(snapshot, [](const telemetry::Work& w) {
          return w.first_response[0].histogram.total.count > 0;
        });
        if (work == nullptr) return false;
        for (auto& clock : work->first_response) clock.histogram.Add(17'000'000);
        return true;
      },
      "firstline_first_response_seconds_count");
}

TEST(PlantedErrorTest, AbandonedCountedAsAnsweredIsCaught) {
  ExpectCaught(
      [](telemetry::WorkspaceSnapshot& snapshot) {
        const auto abandoned = static_cast<size_t>(telemetry::Outcome::kAbandoned);
        telemetry::Work* work =
            Find(snapshot, [&](const telemetry::Work& w) { return w.outcomes[abandoned] > 0; });
        if (work == nullptr) return false;
        --work->outcomes[abandoned];
        work->answered_wait.Add(30'000'000);
        return true;
      },
      "firstline_answered_wait_seconds_count");
}

TEST(PlantedErrorTest, ABucketOffByOneIsCaught) {
  ExpectCaught(
      [](telemetry::WorkspaceSnapshot& snapshot) {
        for (telemetry::Work& work : snapshot.works) {
          auto& counts = work.first_response[1].histogram.counts;
          for (size_t i = 0; i + 1 < counts.size(); ++i) {
            if (counts[i] == 0) continue;
            --counts[i], ++counts[i + 1];
            return true;
          }
        }
        return false;
      },
      "firstline_first_response_seconds_bucket");
}

TEST(PlantedErrorTest, UnansweredInTheHistogramIsCaught) {
  ExpectCaught(
      [](telemetry::WorkspaceSnapshot& snapshot) {
        telemetry::Work* work =
            Find(snapshot, [](const telemetry::Work& w) { return w.unanswered > 0; });
        if (work == nullptr) return false;
        --work->unanswered;
        work->first_response[0].histogram.Add(600'000'000);
        return true;
      },
      "firstline_inquiries_unanswered_total");
}

TEST(PlantedErrorTest, AMicrosecondTooMuchIsCaught) {
  ExpectCaught(
      [](telemetry::WorkspaceSnapshot& snapshot) {
        telemetry::Work* work =
            Find(snapshot, [](const telemetry::Work& w) { return w.handle.count > 0; });
        if (work == nullptr) return false;
        ++work->handle.sum;
        return true;
      },
      "firstline_handle_seconds_sum");
}

TEST(PlantedErrorTest, AForgottenSeriesIsCaught) {
  ExpectCaught(
      [](telemetry::WorkspaceSnapshot& snapshot) {
        if (snapshot.flows.empty()) return false;
        snapshot.flows.erase(snapshot.flows.begin());
        return true;
      },
      "not shown");
}

}  // namespace
}  // namespace firstline::testing
