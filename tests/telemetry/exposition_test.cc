// What a scrape sees: names, labels, bounds on series, HTTP, promtool.
#include "services/router/telemetry/exposition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include "services/router/telemetry/metrics_server.h"
#include "services/router/telemetry/process_metrics.h"
#include "tests/support/http_get.h"
#include "tests/telemetry/busy_workspace.h"
#include "tests/telemetry/exposition_text.h"

namespace firstline::telemetry {
namespace {

using firstline::testing::BusyWorkspace;
using firstline::testing::MakeAgent;
using firstline::testing::ParseExposition;
using firstline::testing::Rig;
using firstline::testing::SmallConfig;
using firstline::testing::TextFamily;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

ExpositionOptions OptionsOf(Rig& rig) {
  return {&rig.telemetry(),
          [](const std::function<void()>& body) {
            body();
            return true;
          },
          [] {
            return PodNow{3, 5, true};
          }};
}

std::string Serialized(const std::vector<prometheus::MetricFamily>& families) {
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, families);
  return out.str();
}

std::map<std::string, TextFamily> Parsed(const std::string& text) {
  std::vector<std::string> problems;
  auto families = ParseExposition(text, problems);
  EXPECT_THAT(problems, IsEmpty());
  return families;
}

// Everything a router shows.
std::string WholeText(Rig& rig) {
  ProcessMetrics process("1.2.3");
  process.Rpc("firstline.v1.RoutingService", "SubmitInquiry");
  process.Classifier("intents");
  return Serialized(Exposition(OptionsOf(rig)).Collect()) +
         Serialized(process.registry()->Collect());
}

void MakeBusy(Rig& rig, uint64_t seed, int steps) {
  BusyWorkspace workspace(rig, seed);
  workspace.Begin();
  for (int i = 0; i < steps; ++i) workspace.Step();
  rig.Commit();
}

// ---- The catalogue ----------------------------------------------------------------------------

std::set<std::string> DocumentedNames() {
  std::ifstream in(std::string(FIRSTLINE_SOURCE_DIR) + "/services/router/telemetry/METRICS.md");
  std::set<std::string> names;
  const std::regex row("^\\| `([a-z_]+)` \\|");
  for (std::string line; std::getline(in, line);) {
    std::smatch match;
    if (std::regex_search(line, match, row)) names.insert(match[1]);
  }
  return names;
}

TEST(CatalogueTest, EveryMetricIsDocumentedAndEveryDocumentedMetricIsShown) {
  Rig rig;
  std::set<std::string> shown;
  for (const auto& [name, family] : Parsed(WholeText(rig))) shown.insert(name);
  EXPECT_EQ(shown, DocumentedNames());
}

TEST(CatalogueTest, TheLadderIsTheDocumentedOne) {
  std::ifstream in(std::string(FIRSTLINE_SOURCE_DIR) + "/services/router/telemetry/METRICS.md");
  std::stringstream page;
  page << in.rdbuf();
  std::string text = std::regex_replace(page.str(), std::regex("\\s+"), " ");
  std::string ladder;
  for (const int64_t bound : kLadderSeconds) ladder += std::to_string(bound) + ", ";
  ladder.resize(ladder.size() - 2);
  EXPECT_THAT(text, HasSubstr("in seconds: " + ladder + "."));
}

TEST(CatalogueTest, EveryFamilyHasHelpAndAType) {
  Rig rig;
  for (const auto& [name, family] : Parsed(WholeText(rig))) {
    EXPECT_FALSE(family.help.empty()) << name;
    EXPECT_THAT(family.type, ::testing::AnyOf("counter", "gauge", "histogram", "summary")) << name;
  }
}

TEST(CatalogueTest, AllHistogramsOfPeoplesTimeShareTheLadder) {
  Rig rig;
  MakeBusy(rig, 1, 300);
  int histograms = 0;
  for (const prometheus::MetricFamily& family : Render(rig.telemetry().Take())) {
    const bool peoples = family.type == prometheus::MetricType::Histogram &&
                         family.name.find("commit") == std::string::npos;
    if (!peoples) continue;
    ++histograms;
    ASSERT_FALSE(family.metric.empty()) << family.name;
    for (const auto& metric : family.metric) {
      ASSERT_EQ(metric.histogram.bucket.size(), kLadderSeconds.size());
      for (size_t i = 0; i < kLadderSeconds.size(); ++i) {
        EXPECT_EQ(metric.histogram.bucket[i].upper_bound, static_cast<double>(kLadderSeconds[i]));
      }
    }
  }
  EXPECT_EQ(histograms, 4);
}

// ---- Labels -----------------------------------------------------------------------------------

TEST(LabelsTest, LabelSetsAreClosed) {
  Rig rig;
  MakeBusy(rig, 2, 2000);
  const std::map<std::string, std::string> allowed = {
      {"workspace", "acme"},
      {"queue", "sales|support|calls|welcome"},
      {"channel", "chat|voice"},
      {"team", "day|night|weekend"},
      {"vendor", "bpo"},
      {"clock", "create|human_queue|assign"},
      {"cause",
       "submitted|transferred|overflowed|declined|expired|first_reply_timeout|agent_lost|"
       "resumed|updated|directed|reopened|moved|loading|unanswered"},
      {"outcome",
       "accepted|auto_accepted|declined|expired|rescinded|agent_lost|taken|closed|"
       "closed_without_reply|abandoned|short_abandoned|left|cancelled|ok|error|"
       "given_up|verdict|no_verdict|out_of_bounds|deadline|unavailable|unknown_queue|unknown_skill|"
       "breaker_open|busy|unknown_classifier|not_asked|judged|remembered|limited"},
      {"classifier", "intents"},
      {"reason", "queue_full|nobody_logged_in|wait_too_long"},
      {"step", "hold|[1-9]|1[0-6]"},
      {"score", "[1-5]"},
      {"resolved", "yes|no"},
      {"presence", "offline|available|away|draining"},
      {"target", "first_response|answer"},
      {"allowance", "agents_work|other"},
      {"share", "0\\.[59]"},
      {"change", "acquired|released|lapsed|fenced"},
      {"how", "replayed|rebuilt"},
      {"result", "committed|refused|in_doubt|broken|not_replicated"},
      {"le", "[0-9.e+]+|\\+Inf"},
      {"version", "1.2.3"},
      {"grpc_service", "firstline.v1.RoutingService"},
      {"grpc_method", "SubmitInquiry"},
      {"grpc_code", "[A-Za-z]+"}};
  for (const auto& [name, family] : Parsed(WholeText(rig))) {
    for (const auto& sample : family.samples) {
      for (const auto& [label, value] : sample.labels) {
        ASSERT_EQ(allowed.count(label), 1u) << name << " has the label " << label;
        EXPECT_TRUE(std::regex_match(value, std::regex(allowed.at(label))))
            << name << "{" << label << "=\"" << value << "\"}";
      }
    }
  }
}

size_t SeriesWith(int agents) {
  Rig rig;
  std::vector<engine::AgentConfig> configs;
  for (int i = 0; i < agents; ++i) {
    configs.push_back(MakeAgent("agent-" + std::to_string(i), i % 2 == 0 ? "day" : "night"));
  }
  rig.Configure(SmallConfig(), std::move(configs));
  for (int i = 0; i < agents; ++i) rig.Come("agent-" + std::to_string(i));
  for (int i = 0; i < 2 * agents; ++i) {
    const std::string id = "inquiry-" + std::to_string(i);
    rig.Submit(id, "sales", "chat");
    rig.Accept(id);
    rig.Reply(id);
    if (i % 2 == 0) rig.Close(id);
  }
  rig.Commit();
  const std::string text = rig.Text();
  EXPECT_THAT(text, Not(HasSubstr("agent-")));
  EXPECT_THAT(text, Not(HasSubstr("inquiry-")));
  size_t series = 0;
  for (const auto& [name, family] : Parsed(text)) series += family.samples.size();
  return series;
}

TEST(LabelsTest, SeriesDoNotGrowWithAgentsAndInquiries) {
  const size_t few = SeriesWith(10);
  EXPECT_EQ(SeriesWith(10'000), few);
  EXPECT_LT(few, 800u);
}

// ---- A pod that does not answer ---------------------------------------------------------------

TEST(ExpositionTest, WithoutTheLoopThePodsOwnFamiliesAreLeft) {
  Rig rig;
  ExpositionOptions options = OptionsOf(rig);
  options.run_on_loop = [](const std::function<void()>&) { return false; };
  const auto families = Parsed(Serialized(Exposition(options).Collect()));
  EXPECT_EQ(families.size(), 4u);
  EXPECT_EQ(families.at("firstline_snapshot_complete").samples[0].value, 0);
  EXPECT_EQ(families.at("firstline_inbox_depth").samples[0].value, 3);
  EXPECT_EQ(families.at("firstline_open_calls").samples[0].value, 5);
  EXPECT_EQ(families.at("firstline_store_ready").samples[0].value, 1);
}

TEST(ExpositionTest, CommitsAndIncidentsAreShown) {
  Rig rig;
  rig.telemetry().Count("acme", runtime::Incident::kLapsed);
  rig.telemetry().Count("acme", runtime::Incident::kReplayed);
  rig.Seal();
  rig.telemetry().Committed("acme", rig.engine(), {3, 7, 900, engine::Milliseconds(2)});
  const std::string text = rig.Text();
  for (const char* line :
       {"firstline_ownership_changes_total{workspace=\"acme\",change=\"lapsed\"} 1",
        "firstline_restores_total{workspace=\"acme\",how=\"replayed\"} 1",
        "firstline_commits_total{workspace=\"acme\",result=\"committed\"} 1",
        "firstline_commit_seconds_bucket{le=\"0.001\"} 0",
        "firstline_commit_seconds_bucket{le=\"0.0025\"} 1", "firstline_commit_seconds_sum 0.002",
        "firstline_commit_commands_sum 3", "firstline_commit_events_sum 7",
        "firstline_commit_bytes_sum 900", "firstline_workspace_owned{workspace=\"acme\"} 1"}) {
    EXPECT_THAT(text, HasSubstr(std::string(line) + "\n"));
  }
}

TEST(ExpositionTest, EveryIncidentIsShownInOneFamily) {
  for (int i = 0; i < runtime::kIncidentCount; ++i) {
    Rig rig;
    const std::string before = rig.Text();
    rig.telemetry().Count("acme", static_cast<runtime::Incident>(i));
    std::istringstream old_lines(before), new_lines(rig.Text());
    int changed = 0;
    for (std::string a, b; std::getline(old_lines, a) && std::getline(new_lines, b);) {
      if (a != b) ++changed;
    }
    EXPECT_EQ(changed, 1) << "incident " << i;
  }
}

TEST(ProcessMetricsTest, CallsAreCountedByCode) {
  ProcessMetrics metrics("1.2.3");
  RpcMetrics& submit = metrics.Rpc("firstline.v1.RoutingService", "SubmitInquiry");
  submit.Finished(0, std::chrono::milliseconds(2));
  submit.Finished(14, std::nullopt);
  submit.Finished(99, std::nullopt);
  const std::string text = Serialized(metrics.registry()->Collect());
  const auto families = Parsed(text);
  std::map<std::string, double> by_code;
  for (const auto& sample : families.at("grpc_server_handled_total").samples) {
    by_code[sample.labels.at("grpc_code")] = sample.value;
  }
  EXPECT_EQ(by_code.size(), 17u);
  EXPECT_EQ(by_code["OK"], 1);
  EXPECT_EQ(by_code["Unavailable"], 1);
  EXPECT_EQ(by_code["Unknown"], 1);
  EXPECT_THAT(text, HasSubstr("firstline_build_info{version=\"1.2.3\"} 1"));
  EXPECT_THAT(text, HasSubstr("le=\"0.0025\"} 1"));
}

TEST(ProcessMetricsTest, ForwardingIsThereBeforeItHappensAndThenCounts) {
  ProcessMetrics metrics("1.2.3");
  const auto text = [&] { return Serialized(metrics.registry()->Collect()); };
  for (const char* line :
       {"firstline_forwarded_calls_total{outcome=\"ok\"} 0",
        "firstline_forwarded_calls_total{outcome=\"error\"} 0",
        "firstline_forwarded_calls_total{outcome=\"given_up\"} 0",
        "firstline_forward_retries_total{cause=\"moved\"} 0",
        "firstline_forward_retries_total{cause=\"loading\"} 0",
        "firstline_forward_retries_total{cause=\"unanswered\"} 0",
        "firstline_forward_wait_seconds_count 0", "firstline_peer_streams 0",
        "firstline_bad_tokens_total{outcome=\"judged\"} 0",
        "firstline_bad_tokens_total{outcome=\"limited\"} 0",
        "firstline_bad_tokens_total{outcome=\"remembered\"} 0",
        "firstline_caller_limited_total{allowance=\"agents_work\"} 0",
        "firstline_caller_limited_total{allowance=\"other\"} 0", "firstline_limited_callers 0"}) {
    EXPECT_THAT(text(), HasSubstr(line));
  }
  metrics.forwarding().given_up.Increment();
  metrics.forwarding().loading.Increment();
  metrics.forwarding().wait_seconds.Observe(0.3);
  metrics.forwarding().peer_streams.Increment(2);
  EXPECT_THAT(text(), HasSubstr("firstline_forwarded_calls_total{outcome=\"given_up\"} 1"));
  EXPECT_THAT(text(), HasSubstr("firstline_forward_retries_total{cause=\"loading\"} 1"));
  EXPECT_THAT(text(), HasSubstr("firstline_forward_wait_seconds_bucket{le=\"0.5\"} 1"));
  EXPECT_THAT(text(), HasSubstr("firstline_peer_streams 2"));
}

// ---- Over HTTP --------------------------------------------------------------------------------

class ScrapeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    MakeBusy(rig_, 5, 1500);
    auto server = MetricsServer::Start("127.0.0.1:0");
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = std::move(*server);
    process_.Rpc("firstline.v1.RoutingService", "SubmitInquiry").Finished(0, std::nullopt);
    server_->Add(exposition_);
    server_->Add(process_.registry());
  }
  std::string Body() {
    const std::string response = test::HttpGet(server_->port(), "/metrics");
    EXPECT_THAT(response, HasSubstr("200 OK"));
    return response.substr(response.find("\r\n\r\n") + 4);
  }
  Rig rig_;
  ProcessMetrics process_{"1.2.3"};
  std::shared_ptr<Exposition> exposition_ = std::make_shared<Exposition>(OptionsOf(rig_));
  std::unique_ptr<MetricsServer> server_;
};

TEST_F(ScrapeTest, ServesWhatIsRendered) {
  const std::string body = Body();
  EXPECT_THAT(body, HasSubstr(rig_.Text()));
  EXPECT_THAT(body, HasSubstr("firstline_build_info"));
  EXPECT_THAT(body, HasSubstr("grpc_server_handled_total"));
}

TEST_F(ScrapeTest, PromtoolFindsNothingToSay) {
  if (std::system("command -v promtool > /dev/null") != 0) GTEST_SKIP() << "promtool is missing";
  const std::string path = ::testing::TempDir() + "scrape." + std::to_string(getpid());
  std::ofstream(path) << Body();
  FILE* promtool = popen(("promtool check metrics < " + path + " 2>&1").c_str(), "r");
  ASSERT_NE(promtool, nullptr);
  std::string said;
  char buffer[4096];
  for (size_t n; (n = fread(buffer, 1, sizeof buffer, promtool)) > 0;) said.append(buffer, n);
  const int status = pclose(promtool);
  std::remove(path.c_str());
  // The HTTP library's own metrics are not ours to name.
  std::istringstream lines(said);
  for (std::string line; std::getline(lines, line);) {
    EXPECT_THAT(line, HasSubstr("exposer_"));
  }
  EXPECT_TRUE(status == 0 || !said.empty());
}

TEST(MetricsServerTest, ServesPagesBesideTheMetrics) {
  const auto page = [](const std::string& of) {
    return [of](bool html) {
      return MetricsServer::Page{html ? "text/html" : "application/json", of + (html ? "H" : "J")};
    };
  };
  auto one = MetricsServer::Start("127.0.0.1:0", {{"/statusz", page("one")}});
  auto other = MetricsServer::Start("127.0.0.1:0", {{"/statusz", page("other")}});
  ASSERT_TRUE(one.ok() && other.ok());
  const auto registry = std::make_shared<prometheus::Registry>();
  (*one)->Add(registry);
  EXPECT_THAT(test::HttpGet((*one)->port(), "/statusz"),
              AllOf(HasSubstr("200 OK"), HasSubstr("application/json"), HasSubstr("oneJ")));
  EXPECT_THAT(test::HttpGet((*other)->port(), "/statusz?format=html"),
              AllOf(HasSubstr("text/html"), HasSubstr("otherH")));
  EXPECT_THAT(test::HttpGet((*one)->port(), "/statusz", "Accept: text/html,*/*\r\n"), HasSubstr("oneH"));
  EXPECT_THAT(test::HttpGet((*one)->port(), "/statusz?format=json", "Accept: text/html\r\n"),
              HasSubstr("oneJ"));
  EXPECT_THAT(test::HttpGet((*one)->port(), "/statuszz"), HasSubstr("404"));
  EXPECT_THAT(test::HttpGet((*one)->port(), "/metrics"), HasSubstr("200 OK"));
  other->reset();
  EXPECT_THAT(test::HttpGet((*one)->port(), "/statusz"), HasSubstr("oneJ"));
}

TEST(MetricsServerTest, AnAddressThatCannotBeBoundIsAnError) {
  const auto server = MetricsServer::Start("127.0.0.1:99999");
  EXPECT_EQ(server.status().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace firstline::telemetry
