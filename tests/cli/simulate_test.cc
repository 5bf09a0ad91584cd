// What a simulation does, by hand where that can be done and by theory where it cannot; and what is
// said about models that are wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numbers>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "firstline/simulation/v1/model.pb.h"
#include "firstline/v1/workspace.pb.h"
#include "services/cli/app.h"
#include "services/cli/simulate/estimate.h"
#include "services/cli/simulate/run.h"
#include "services/cli/simulate/simulation.h"
#include "tests/support/temp_folder.h"

namespace firstline::simulate {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Law Constant(double seconds) { return {Law::Kind::kDeterministic, seconds, 1}; }

// One live channel, one queue with auto_accept, agents who may all serve it.
Model OneQueue(int agents) {
  Model model;
  model.config.channels = {{"voice", engine::ChannelKind::kLive, 1}};
  model.config.queues = {{.id = "calls", .auto_accept = true}};
  for (int i = 0; i < agents; ++i) model.agents.push_back({.id = absl::StrCat("agent-", i)});
  model.classes = {{.queue = "calls", .channel = "voice", .service = Constant(10)}};
  return model;
}

QueueTally PlayAll(const Model& model) {
  return Simulate(model, {.replications = 1}).samples.front().all;
}

// ---- By hand ------------------------------------------------------------------------------------

TEST(Simulate, CountsWaitsOfKnownCustomers) {
  Model model = OneQueue(1);
  model.config.queues[0].answer_target = engine::Seconds(9);
  // At 1 s, served to 11; at 2, waits 9, to 21; at 3, leaves at 8; at 4, waits 17, to 26.
  model.classes[0].arrivals.given = {{1, 10, -1}, {2, 10, -1}, {3, 10, 5}, {4, 5, -1}};
  model.horizon_s = 30;
  const QueueTally all = PlayAll(model);
  EXPECT_EQ(all.offered, 4);
  EXPECT_EQ(all.served, 3);
  EXPECT_EQ(all.abandoned, 1);
  EXPECT_EQ(all.short_left, 1);  // 5 s is the queue's short_abandon
  EXPECT_EQ(all.waited, 3);
  EXPECT_EQ(all.in_time, 2);
  EXPECT_DOUBLE_EQ(all.served_wait_s, 0 + 9 + 17);
  EXPECT_DOUBLE_EQ(all.wait_s, 0 + 9 + 5 + 17);
  EXPECT_DOUBLE_EQ(all.waiting_area_s, 31);
  EXPECT_DOUBLE_EQ(all.busy_area_s, 25);
  EXPECT_DOUBLE_EQ(all.capacity_area_s, 30);
}

TEST(Simulate, AgentsFinishWhatTheyHaveAtTheEndOfAShift) {
  Model model = OneQueue(1);
  model.shifts = {{"agent-0", 100, 200}};
  model.classes[0].service = Constant(60);
  model.classes[0].arrivals.given = {{0}, {170}, {201}};
  model.horizon_s = 400;
  const QueueTally all = PlayAll(model);
  EXPECT_EQ(all.served, 2);
  EXPECT_EQ(all.unserved, 1);
  EXPECT_DOUBLE_EQ(all.served_wait_s, 100);
  EXPECT_DOUBLE_EQ(all.busy_area_s, 120);
  EXPECT_DOUBLE_EQ(all.capacity_area_s, 130);  // draining until 230
}

TEST(Simulate, AFullQueueBlocks) {
  Model model = OneQueue(1);
  model.config.queues[0].max_length = 1;
  model.classes[0].arrivals.given = {{1}, {2}, {3}, {12}};
  const QueueTally all = PlayAll(model);
  EXPECT_EQ(all.blocked, 1);
  EXPECT_EQ(all.served, 3);
}

TEST(Simulate, WrapUpKeepsAgentsBusy) {
  Model model = OneQueue(1);
  model.config.queues[0].wrap_up = engine::Seconds(5);
  model.classes[0].arrivals.given = {{1}, {2}};
  model.horizon_s = 100;
  const QueueTally all = PlayAll(model);
  EXPECT_DOUBLE_EQ(all.served_wait_s, 14);  // 1 + 10 + 5 - 2
  EXPECT_DOUBLE_EQ(all.busy_area_s, 30);
}

TEST(Simulate, OverflowCountsWhereTheCustomerCame) {
  Model model = OneQueue(1);
  engine::QueueConfig first{.id = "first", .auto_accept = true};
  first.requirement.skills = {{"rare", 1}};
  first.steps = {{.after = engine::Seconds(30), .overflow_to = "calls"}};
  model.config.queues.insert(model.config.queues.begin(), first);
  model.classes[0].queue = "first";
  model.classes[0].arrivals.given = {{1}};
  const Sample sample = Simulate(model, {.replications = 1}).samples.front();
  EXPECT_EQ(sample.queues[0].served, 1);
  EXPECT_DOUBLE_EQ(sample.queues[0].served_wait_s, 30);
  EXPECT_EQ(sample.queues[1].offered, 0);
}

// The agent thinks longer than an offer stands: a miss, and after three of them a back-off.
TEST(Simulate, SlowAgentsMissTheirOffers) {
  Model model = OneQueue(1);
  model.config.queues[0].auto_accept = false;
  model.classes[0].patience = Constant(15);
  model.classes[0].arrivals.given = {{1}};
  model.answer_delay = Constant(14);
  EXPECT_DOUBLE_EQ(PlayAll(model).served_wait_s, 14);
  model.answer_delay = Constant(16);
  EXPECT_EQ(PlayAll(model).abandoned, 1);
  model.classes[0].patience = {};
  model.config.queues[0].offer_timeout = engine::Seconds(10);
  EXPECT_EQ(PlayAll(model).unserved, 1);
}

TEST(Simulate, PriorityIsServedAsTheQueueSays) {
  Model model = OneQueue(1);
  model.config.queues[0].serving = engine::Serving::kStrict;
  model.classes.push_back(model.classes[0]);
  model.classes[1].priority = 5;
  model.classes[0].arrivals.given = {{1}, {2}};
  model.classes[1].arrivals.given = {{3, -1, 10}};  // would leave at 13 if it were not next at 11
  EXPECT_EQ(PlayAll(model).abandoned, 0);
  model.config.queues[0].serving = engine::Serving::kFifo;
  EXPECT_EQ(PlayAll(model).abandoned, 1);
}

// ---- Randomness ---------------------------------------------------------------------------------

TEST(Simulate, TheSameSeedBringsTheSameCustomers) {
  Model few = OneQueue(2), many = OneQueue(3);
  for (Model* model : {&few, &many}) {
    model->classes[0].arrivals.per_s_by_hour = {0.2, 0.1};
    model->classes[0].patience = {Law::Kind::kExponential, 20, 1};
  }
  const Result a = Simulate(few, {.seed = 5}), b = Simulate(many, {.seed = 5});
  ASSERT_EQ(a.samples.size(), static_cast<std::size_t>(kReplications));
  for (std::size_t i = 0; i < a.samples.size(); ++i) {
    EXPECT_EQ(a.samples[i].all.offered, b.samples[i].all.offered);
    EXPECT_GT(a.samples[i].all.abandoned, b.samples[i].all.abandoned);
  }
  EXPECT_NE(a.samples[0].all.offered, a.samples[1].all.offered);
  EXPECT_EQ(a.samples[0].all.wait_s, Simulate(few, {.seed = 5}).samples[0].all.wait_s);
  EXPECT_NE(a.samples[0].all.wait_s, Simulate(few, {.seed = 6}).samples[0].all.wait_s);
}

TEST(Simulate, RatesByHour) {
  Model model = OneQueue(1);
  model.classes[0].service = Constant(0.001);
  model.classes[0].arrivals.per_s_by_hour = {0.5, 0, 0.25};
  double offered = 0;
  const Result result = Simulate(model, {.replications = 50});
  for (const Sample& sample : result.samples) offered += sample.all.offered / 50;
  EXPECT_NEAR(offered, 2700, 4 * std::sqrt(2700.0 / 50));
}

struct LawCase {
  Law law;
  double cv;
};

TEST(Laws, HaveTheirMeansAndSpreads) {
  const LawCase cases[] = {{{Law::Kind::kExponential, 30, 1}, 1},
                           {{Law::Kind::kLognormal, 30, 0.8}, 0.8},
                           {{Law::Kind::kGamma, 30, 2}, 2},     // shape 1/4
                           {{Law::Kind::kGamma, 30, 0.5}, 0.5},  // shape 4
                           {Constant(30), 0}};
  for (const LawCase& it : cases) {
    Stream stream({1, 2, 3});
    constexpr int kDraws = 400'000;
    double sum = 0, squares = 0;
    for (int i = 0; i < kDraws; ++i) {
      const double x = Draw(it.law, stream);
      ASSERT_GE(x, 0);
      sum += x;
      squares += x * x;
    }
    const double mean = sum / kDraws, variance = squares / kDraws - mean * mean;
    EXPECT_NEAR(mean, 30, 4 * 30 * it.cv / std::sqrt(kDraws) + 1e-9);
    EXPECT_NEAR(std::sqrt(std::max(variance, 0.0)) / 30, it.cv, 0.02 * it.cv + 1e-6);
  }
}

// Pollaczek and Khinchine: mean wait of M/G/1 = lambda E[S^2] / (2 (1 - rho)).
TEST(Simulate, OneAgentAndAnyLawOfService) {
  for (const Law& law : {Law{Law::Kind::kLognormal, 60, 0.7}, Law{Law::Kind::kGamma, 60, 1.4},
                         Law{Law::Kind::kGamma, 60, std::sqrt(1.0 / 3)}, Constant(60)}) {
    Model model = OneQueue(1);
    model.classes[0].arrivals.per_s = 0.6 / 60;
    model.classes[0].service = law;
    const double cv = law.kind == Law::Kind::kDeterministic ? 0 : law.cv;
    const double expected = 0.01 * 3600 * (1 + cv * cv) / (2 * 0.4);
    const Result result = Simulate(model, {.seed = 11, .calls = 300'000});
    const Estimate wait = EstimateOf(FigureNamed("wait_s"), result.samples, -1);
    EXPECT_NEAR(wait.value, expected, wait.HalfWidth(0.999)) << "cv " << cv;
    EXPECT_LT(wait.HalfWidth(0.999), 0.06 * expected);
  }
}

// ---- Estimates ----------------------------------------------------------------------------------

TEST(Estimates, StudentQuantiles) {
  EXPECT_NEAR(StudentQuantile(0.95, 1), 12.7062047, 1e-6);
  EXPECT_NEAR(StudentQuantile(0.95, 10), 2.2281389, 1e-6);
  EXPECT_NEAR(StudentQuantile(0.99, 29), 2.7563859, 1e-6);
  EXPECT_NEAR(StudentQuantile(0.95, 100'000), 1.9599877, 1e-5);
  // One and two degrees have closed forms; the confidences are those of --confidence, ends included.
  for (const double confidence : {0.5, 0.8, 0.95, 0.99, 0.9999}) {
    const double one = std::tan(std::numbers::pi / 2 * confidence);
    const double two = confidence * std::sqrt(2 / (1 - confidence * confidence));
    EXPECT_NEAR(StudentQuantile(confidence, 1), one, one * 1e-9);
    EXPECT_NEAR(StudentQuantile(confidence, 2), two, two * 1e-9);
  }
}

TEST(Estimates, OfOneSampleKnowsNoInterval) {
  const Ratio one[] = {{1, 2}};
  EXPECT_TRUE(std::isinf(EstimateOf(one).HalfWidth(0.95)));
  EXPECT_FALSE(EstimateOf(std::span<const Ratio>()).known);
}

// 95 % intervals of the wait in M/M/1 at half load cover 30 s about 95 times in 100.
TEST(Estimates, IntervalsCoverTheTruth) {
  Model model = OneQueue(1);
  model.classes[0].arrivals.per_s = 1.0 / 60;
  model.classes[0].service = {Law::Kind::kExponential, 30, 1};
  int covered = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const Result result = Simulate(model, {.seed = seed, .calls = 9'000});
    const Estimate wait = EstimateOf(FigureNamed("wait_s"), result.samples, -1);
    covered += std::abs(wait.value - 30) <= wait.HalfWidth(0.95);
  }
  EXPECT_GE(covered, 88);
  EXPECT_LE(covered, 99);
}

// ---- Files and the command ----------------------------------------------------------------------

struct Said {
  cli::ExitCode exit;
  std::string out, err;
};

class SimulateCommand : public ::testing::Test {
 protected:
  static std::string Demo() {
    std::ifstream file(std::string(FIRSTLINE_SOURCE_DIR) + "/deploy/demo/simulation.yaml");
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }
  Said Do(const std::string& yaml, std::vector<std::string> options) {
    const std::string path = folder_.File("model.yaml");
    std::ofstream(path) << yaml;
    if (!csv_.empty()) std::ofstream(folder_.File("calls.csv")) << csv_;
    options.insert(options.begin(), {"simulate", "--model", path});
    std::ostringstream out, err;
    const cli::ExitCode exit = cli::Run(options, out, err);
    return {exit, out.str(), err.str()};
  }
  nlohmann::json Json(const std::string& yaml, std::vector<std::string> options) {
    options.insert(options.end(), {"-o", "json"});
    const Said said = Do(yaml, options);
    EXPECT_EQ(said.exit, cli::ExitCode::kOk) << said.err;
    return nlohmann::json::parse(said.out);
  }
  // Exchanges the first text, which must occur, for the second.
  static std::string With(const std::string& from, const std::string& to) {
    const std::string demo = Demo();
    EXPECT_NE(demo.find(from), std::string::npos) << from;
    return absl::StrReplaceAll(demo, {{from, to}});
  }

  const test::TempFolder folder_;
  std::string csv_;
};

TEST_F(SimulateCommand, TheDemoAnswersWhatIf) {
  const nlohmann::json now = Json(Demo(), {"--seed", "3"});
  EXPECT_EQ(now["method"], "replications");
  ASSERT_EQ(now["queues"].size(), 2u);
  EXPECT_EQ(now["queues"][0]["queue"], "orders");
  const auto left = [](const nlohmann::json& json) {
    return json["queues"][0]["abandonment"]["value"].get<double>();
  };
  const std::string without_ann = With(
      "  - {id: ann, team: early, capacity: {units: 3}, skills: [{skill: orders, level: 5}]}\n", "");
  const nlohmann::json fewer = Json(without_ann, {"--seed", "3"});
  EXPECT_EQ(fewer["all"]["offered"], now["all"]["offered"]);
  EXPECT_GT(left(fewer), left(now) + now["queues"][0]["abandonment"]["half_width"].get<double>());
  EXPECT_THAT(Do(Demo(), {}).out, HasSubstr("20 replications, seed 1"));
}

TEST_F(SimulateCommand, SteadyModelsAreCutIntoBatches) {
  const std::string steady = absl::StrReplaceAll(
      With("    - {team: early, from: 0h, until: 6h}\n    - {team: late, from: 4h, until: 10h}\n", ""),
      {{"{by_hour: [20, 35, 40, 40, 45, 45, 35, 30, 25, 15]}", "{per_hour: 40}"},
       {"{by_hour: [2, 4, 6, 6, 6, 6, 4, 4, 2, 2]}", "{per_hour: 4}"},
       {"  shifts:\n", ""}});
  const nlohmann::json json = Json(steady, {"--calls", "3000"});
  EXPECT_EQ(json["method"], "batches");
  EXPECT_EQ(json["samples"], kBatches);
  EXPECT_EQ(json["all"]["offered"], 3000);
  EXPECT_EQ(Json(steady, {"--calls", "300", "--replications", "4"})["all"]["offered"], 1200);
}

TEST_F(SimulateCommand, ArrivalsFromAFile) {
  csv_ = "call,arrival_s,service_s\na,10.5,60\nb,11,\n";
  const nlohmann::json json = Json(With("{per_hour: 24}", "{times: calls.csv}"), {"--hours", "1"});
  EXPECT_EQ(json["queues"][1]["offered"], 2 * kReplications);
  csv_ = "call,arrival_s\na,soon\n";
  EXPECT_THAT(Do(With("{per_hour: 24}", "{times: calls.csv}"), {}).err,
              HasSubstr("arrivals.times: calls.csv:2: 'soon' is no number of seconds"));
}

TEST_F(SimulateCommand, SaysWhatIsWrongAndWhere) {
  const auto wrong = [this](const std::string& from, const std::string& to) {
    const Said said = Do(With(from, to), {});
    EXPECT_EQ(said.exit, cli::ExitCode::kInvalid) << said.out;
    return said.err;
  };
  EXPECT_THAT(wrong("- queue: care", "- queue: caer"),
              HasSubstr("model.yaml:64:14: simulation.classes[2].queue: there is no queue 'caer';"
                        " did you mean 'care'?"));
  EXPECT_THAT(wrong("horizon", "horzon"), HasSubstr("did you mean 'horizon'?"));
  EXPECT_THAT(wrong("cv: 0.9", "cv: -1"), HasSubstr(".cv: must be above 0 and at most 20"));
  EXPECT_THAT(wrong("cv: 0.9", "cv: 0.9, stages: 2"), HasSubstr(".stages: is for ERLANG"));
  EXPECT_THAT(wrong("stages: 2", "stages: 0"), HasSubstr(".stages: 0 is not in 1..1000"));
  EXPECT_THAT(wrong("{per_hour: 24}", "{}"), HasSubstr("say one of per_hour, by_hour and times"));
  EXPECT_THAT(wrong("      channel: chat\n", ""), HasSubstr("add `channel: NAME`"));
  EXPECT_THAT(wrong("from: 4h, until: 10h", "from: 4h, until: 3h"),
              HasSubstr("`until` must be after `from`"));
  EXPECT_THAT(wrong("min_level: 3", "min_level: 13"),
              HasSubstr("queues[0].requirement.skills[0].min_level: 13 is not in 1..10"));
  EXPECT_THAT(wrong("team: early, capacity", "team: erly, capacity"), HasSubstr("erly"));
  EXPECT_THAT(wrong("horizon: 10h", "horizon: 1h\n  warm_up: 2h"), HasSubstr("the warm-up"));
}

TEST_F(SimulateCommand, HasToKnowWhenToEnd) {
  const Said said = Do(With("  horizon: 10h\n", ""), {});
  EXPECT_EQ(said.exit, cli::ExitCode::kUsage);
  EXPECT_THAT(said.err, HasSubstr("--calls N, --hours H"));
}

// The wire carries a workspace over into the model and back.
TEST(ModelFile, HasTheFieldsOfAWorkspace) {
  const auto& workspace = *v1::Workspace::descriptor();
  const auto& model = *simulation::v1::Model::descriptor();
  ASSERT_EQ(model.field_count(), workspace.field_count() + 1);
  for (int i = 0; i < workspace.field_count(); ++i) {
    const auto& of = *workspace.field(i);
    const auto* same = model.FindFieldByNumber(of.number());
    ASSERT_NE(same, nullptr) << of.name();
    EXPECT_EQ(same->name(), of.name());
    EXPECT_EQ(same->type(), of.type());
    EXPECT_EQ(same->message_type(), of.message_type());
  }
}

}  // namespace
}  // namespace firstline::simulate
