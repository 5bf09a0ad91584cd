// Channels that are interrupted and expected waits that decide, as a configuration says them.
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "common/status/reason.h"
#include "services/router/api/convert_config.h"
#include "services/router/engine/engine.h"
#include "services/router/store/public_messages.h"

namespace firstline::api {
namespace {

engine::WorkspaceConfig Read(const std::string& text, Fields& fields) {
  v1::Workspace workspace;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &workspace)) << text;
  return ReadWorkspace(workspace, Path("w"), fields);
}

constexpr char kShop[] = R"pb(
  id: "shop"
  channels { id: "mail" kind: CHANNEL_KIND_MESSAGING interrupted_by: "voice" interrupted_by: "chat" }
  channels { id: "chat" kind: CHANNEL_KIND_MESSAGING interrupted_by: "voice" }
  channels { id: "voice" kind: CHANNEL_KIND_LIVE }
  queues {
    id: "q"
    max_expected_wait { seconds: 600 }
    expected_wait_quantile: WAIT_QUANTILE_P90
    steps {
      when {
        expected_wait_above { seconds: 90 nanos: 500000000 }
        expected_wait_below { seconds: 300 }
      }
      lower_levels: 1
    }
  }
)pb";

TEST(ConvertPolicies, AreReadAsTheyAreSaid) {
  Fields fields;
  const engine::WorkspaceConfig shop = Read(kShop, fields);
  ASSERT_TRUE(fields.ok()) << fields.Error();
  EXPECT_EQ(shop.channels[0].interrupted_by, (std::vector<std::string>{"voice", "chat"}));
  const engine::QueueConfig& queue = shop.queues[0];
  EXPECT_EQ(queue.max_expected_wait, engine::Seconds(600));
  EXPECT_EQ(queue.expected_wait_quantile, engine::WaitQuantile::kP90);
  EXPECT_EQ(queue.steps[0].when->expected_wait_above, engine::Milliseconds(90'500));
  EXPECT_EQ(queue.steps[0].when->expected_wait_below, engine::Seconds(300));
}

TEST(ConvertPolicies, AreWrittenAsTheyWereRead) {
  Fields fields;
  const engine::WorkspaceConfig shop = Read(kShop, fields);
  engine::Engine engine("shop");
  ASSERT_TRUE(engine.Apply({1'000'000}, {engine::ApplyConfig{.config = shop}}).ok());
  v1::Workspace written;
  store::WriteWorkspace(engine, &written);
  EXPECT_EQ(ReadWorkspace(written, Path("w"), fields), shop);
  EXPECT_TRUE(fields.ok());
}

TEST(ConvertPolicies, SayWhatIsWrong) {
  std::string many;
  for (int i = 0; i < 17; ++i) many += " interrupted_by: 'c" + std::to_string(i) + "'";
  const std::pair<std::string, std::string> rows[] = {
      {"channels { id: 'c' kind: CHANNEL_KIND_LIVE interrupted_by: '' }",
       "w.channels[0].interrupted_by[0]"},
      {"channels { id: 'c' kind: CHANNEL_KIND_LIVE" + many + " }",
       "w.channels[0].interrupted_by"},
      {"queues { id: 'q' max_expected_wait { seconds: -1 } }", "w.queues[0].max_expected_wait"},
      {"queues { id: 'q' max_expected_wait { seconds: 2592001 } }",
       "w.queues[0].max_expected_wait"},
      {"queues { id: 'q' expected_wait_quantile: 7 }", "w.queues[0].expected_wait_quantile"},
      {"queues { id: 'q' steps { when { expected_wait_above { nanos: -1 } } } }",
       "w.queues[0].steps[0].when.expected_wait_above"},
      {"queues { id: 'q' steps { when { expected_wait_below { seconds: 2592001 } } } }",
       "w.queues[0].steps[0].when.expected_wait_below"},
  };
  for (const auto& [text, path] : rows) {
    Fields fields;
    Read("id: 'w' " + text, fields);
    ASSERT_FALSE(fields.ok()) << text;
    EXPECT_NE(std::string(fields.Error().message()).find(path), std::string::npos)
        << text << ": " << fields.Error().message();
  }
}

}  // namespace
}  // namespace firstline::api
