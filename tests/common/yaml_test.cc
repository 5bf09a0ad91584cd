#include "common/config/yaml.h"

#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <string>

#include "common/status/reason.h"
#include "tests/common/yaml_test.pb.h"

namespace firstline::config {
namespace {

using test::Workspace;

Workspace Parsed(const std::string& yaml) {
  Workspace workspace;
  const absl::Status status = ParseYaml(yaml, workspace, {.source_name = "w.yaml"});
  EXPECT_TRUE(status.ok()) << status;
  return workspace;
}

// The message of the error; "accepted" when there is none.
std::string ErrorOf(const std::string& yaml) {
  Workspace workspace;
  workspace.set_display_name("before");
  const absl::Status status = ParseYaml(yaml, workspace, {.source_name = "w.yaml"});
  if (status.ok()) return "accepted";
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status::ReasonOf(status), "CONFIG_INVALID");
  EXPECT_EQ(workspace.display_name(), "before") << "a refused file must change nothing";
  return std::string(status.message());
}

TEST(YamlTest, EveryKindOfField) {
  const Workspace workspace = Parsed(R"(
display_name: yes            # text, because the field is
queues:
  - name: sales
    target: 1m30s
    order: ORDER_STRICT
    length_max: 0010
    skills: [german, "007"]
    overflow_queue: rest
  - {name: "null", drop: true, nested: {name: inner, target: 250ms}}
levels: {german: 7, english: -1}
by_number: {3: {name: three}}
ratio: 0.25
seed: 18446744073709551615
enabled: true
blob: aGVsbG8=
start: 2026-01-31T08:00:00.5+02:00
limit: 0
extra: {a: 1, b: [x, true, "2", null], c: {d: ~}}
small: 4294967295
large: -9223372036854775808
note: ''
steps: [20s, 2h, -1s, 0s]
)");
  EXPECT_EQ(workspace.display_name(), "yes");
  ASSERT_EQ(workspace.queues_size(), 2);
  EXPECT_EQ(workspace.queues(0).target().seconds(), 90);
  EXPECT_EQ(workspace.queues(0).order(), test::ORDER_STRICT);
  EXPECT_EQ(workspace.queues(0).length_max(), 10);
  EXPECT_EQ(workspace.queues(0).skills(1), "007");
  EXPECT_EQ(workspace.queues(0).overflow_queue(), "rest");
  EXPECT_EQ(workspace.queues(1).name(), "null");
  EXPECT_TRUE(workspace.queues(1).drop());
  EXPECT_EQ(workspace.queues(1).nested().target().nanos(), 250'000'000);
  EXPECT_EQ(workspace.levels().at("german"), 7);
  EXPECT_EQ(workspace.levels().at("english"), -1);
  EXPECT_EQ(workspace.by_number().at(3).name(), "three");
  EXPECT_EQ(workspace.ratio(), 0.25);
  EXPECT_EQ(workspace.seed(), 18446744073709551615u);
  EXPECT_TRUE(workspace.enabled());
  EXPECT_EQ(workspace.blob(), "hello");
  EXPECT_EQ(workspace.start().seconds(), 1769839200);
  EXPECT_TRUE(workspace.has_limit());
  EXPECT_EQ(workspace.extra().fields().at("b").list_value().values(2).string_value(), "2");
  EXPECT_EQ(workspace.extra().fields().at("a").number_value(), 1);
  EXPECT_EQ(workspace.small(), 4294967295u);
  EXPECT_EQ(workspace.large(), std::numeric_limits<std::int64_t>::min());
  EXPECT_TRUE(workspace.has_note());
  EXPECT_EQ(workspace.steps(1).seconds(), 7200);
  EXPECT_EQ(workspace.steps(2).seconds(), -1);
}

TEST(YamlTest, NothingIsAnEmptyMessage) {
  for (const char* yaml : {"", "\n# only a comment\n", "---\n", "{}", "~"}) {
    EXPECT_EQ(Parsed(yaml).ByteSizeLong(), 0u) << yaml;
  }
  EXPECT_EQ(Parsed("display_name:\nqueues:\nlimit:").ByteSizeLong(), 0u);
}

TEST(YamlTest, LowerCamelCaseIsUnderstood) {
  EXPECT_EQ(Parsed("displayName: x").display_name(), "x");
  EXPECT_EQ(ErrorOf("displayName: x\ndisplay_name: y"),
            "w.yaml:2:1: 'display_name' is given twice");
}

TEST(YamlTest, AnchorsAndAliasesWork) {
  const Workspace workspace = Parsed("queues: [&q {name: a, target: 5s}, *q]");
  EXPECT_EQ(workspace.queues(1).name(), "a");
}

TEST(YamlTest, ASuccessReplacesWhatWasThere) {
  Workspace workspace;
  workspace.set_enabled(true);
  ASSERT_TRUE(ParseYaml("display_name: new", workspace).ok());
  EXPECT_EQ(workspace.display_name(), "new");
  EXPECT_FALSE(workspace.enabled());
}

struct Case {
  const char* yaml;
  const char* error;
};

TEST(YamlTest, MistakesNameTheirPlaceAndWhatWasMeant) {
  const Case cases[] = {
      {"queues:\n  - name: a\n    targt: 5s\n",
       "w.yaml:3:5: unknown field 'targt' in Queue; did you mean 'target'?"},
      {"qeues: []", "w.yaml:1:1: unknown field 'qeues' in Workspace; did you mean 'queues'?"},
      {"DisplayName: x",
       "w.yaml:1:1: unknown field 'DisplayName' in Workspace; did you mean 'display_name'?"},
      {"xyzzy: 1", "w.yaml:1:1: unknown field 'xyzzy' in Workspace"},
      {"<<: {enabled: true}", "w.yaml:1:1: unknown field '<<' in Workspace"},
      {"enabled: true\nenabled: true", "w.yaml:2:1: 'enabled' is given twice"},
      {"levels: {a: 1, a: 2}", "w.yaml:1:16: 'a' is given twice"},
      {"queues:\n- overflow_queue: x\n  drop: true",
       "w.yaml:3:3: 'drop' excludes another field that is given too: only one of overflow may be "
       "set"},
      {"queues: [{order: ORDER_FIFFO}]",
       "w.yaml:1:18: 'ORDER_FIFFO' is not a value of Order; did you mean 'ORDER_FIFO'?"},
      {"queues: [{order: 1}]", "w.yaml:1:18: '1' is not a value of Order"},
      {"queues: [{target: 90}]",
       "w.yaml:1:19: '90' is not a duration such as 20s, 1m30s, 2h or 250ms"},
      {"queues: [{target: [1]}]", "w.yaml:1:19: expected a duration such as 1m30s, not a list"},
      {"queues: {name: a}", "w.yaml:1:9: expected a list, not a mapping"},
      {"queues: [a]", "w.yaml:1:10: expected the fields of Queue, not 'a'"},
      {"queues: [~]", "w.yaml:1:10: an element is empty"},
      {"[]", "w.yaml:1:1: expected the fields of Workspace, not a list"},
      {"text", "w.yaml:1:1: expected the fields of Workspace, not 'text'"},
      {"enabled: yes", "w.yaml:1:10: 'yes' is not true or false"},
      {"enabled: 1", "w.yaml:1:10: '1' is not true or false"},
      {"small: 4294967296", "w.yaml:1:8: '4294967296' is not an integer in 0..4294967295"},
      {"small: -1", "w.yaml:1:8: '-1' is not an integer in 0..4294967295"},
      {"small: 1.0", "w.yaml:1:8: '1.0' is not an integer in 0..4294967295"},
      {"limit: 2147483648",
       "w.yaml:1:8: '2147483648' is not an integer in -2147483648..2147483647"},
      {"ratio: x", "w.yaml:1:8: 'x' is not a number"},
      {"ratio: .inf", "w.yaml:1:8: '.inf' is not a number"},
      {"blob: '***'", "w.yaml:1:7: '***' is not base64"},
      {"start: yesterday", "w.yaml:1:8: 'yesterday' is not a time such as 2026-01-31T08:00:00Z"},
      {"display_name: [a]", "w.yaml:1:15: expected text, not a list"},
      {"levels: [a]", "w.yaml:1:9: expected a mapping, not a list"},
      {"by_number: {x: {}}", "w.yaml:1:13: the key 'x' is not an integer in "
                             "-2147483648..2147483647"},
      {"? [a]\n: b", "w.yaml:1:3: a key must be a plain word"},
  };
  for (const Case& c : cases) EXPECT_EQ(ErrorOf(c.yaml), c.error) << c.yaml;
}

TEST(YamlTest, SyntaxErrorsNameTheirPlace) {
  EXPECT_TRUE(ErrorOf("a: b\n c: [").starts_with("w.yaml:2:")) << ErrorOf("a: b\n c: [");
  EXPECT_NE(ErrorOf("a: *nowhere").find("w.yaml:1:4: not YAML: "), std::string::npos);
}

TEST(YamlTest, TwoDocumentsAreRefused) {
  EXPECT_EQ(ErrorOf("enabled: true\n---\nenabled: false\n"),
            "w.yaml: holds 2 documents (split by ---) where one is wanted");
}

// On which the parser finds documents for ever.
TEST(YamlTest, TextThatBelongsToNoDocumentIsToldAtOnce) {
  const std::string error = ErrorOf(",id: shop\n");
  EXPECT_NE(error.find("text that belongs to none"), std::string::npos) << error;
}

TEST(YamlTest, SeveralMistakesAreReportedTogether) {
  Workspace workspace;
  const absl::Status status =
      ParseYaml("small: x\nqueues:\n- nam: a\nratio: y\n", workspace, {.source_name = "w.yaml"});
  const auto info = status::GetErrorInfo(status);
  ASSERT_TRUE(info.has_value());
  ASSERT_EQ(info->violations.size(), 3u);
  EXPECT_EQ(info->violations[0].field, "small");
  EXPECT_EQ(info->violations[1].field, "queues[0].nam");
  EXPECT_EQ(info->violations[2].field, "ratio");
}

TEST(YamlTest, TheNumberOfReportedMistakesIsBounded) {
  std::string yaml = "queues:\n";
  for (int i = 0; i < 100; ++i) yaml += "- wrong: 1\n";
  Workspace workspace;
  const auto info = status::GetErrorInfo(ParseYaml(yaml, workspace, {.errors_max = 7}));
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->violations.size(), 7u);
}

TEST(YamlTest, DepthIsBounded) {
  std::string open;
  std::string close;
  for (int i = 0; i < 70; ++i) {
    open += "{nested: ";
    close += "}";
  }
  EXPECT_NE(ErrorOf("queues: [" + open + "{}" + close + "]").find("nested too deep"),
            std::string::npos);
  EXPECT_NE(ErrorOf("extra: &a {b: *a}").find("nested too deep"), std::string::npos);
  EXPECT_NE(ErrorOf(std::string(100'000, '[')), "accepted");
}

TEST(YamlTest, AliasesOfAliasesAreBounded) {
  std::string yaml = "extra:\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string previous = "*a" + std::to_string(i - 1);
    const std::string name = "a" + std::to_string(i);
    yaml += "  " + name + ": &" + name + " [" + previous;
    for (int j = 1; j < 10; ++j) yaml += ", " + previous;
    yaml += "]\n";
  }
  const std::string error = ErrorOf(yaml);
  EXPECT_NE(error.find("too many values"), std::string::npos);
  EXPECT_EQ(error.find('\n'), std::string::npos) << "one bound, one message";
}

TEST(YamlTest, SizeIsBounded) {
  EXPECT_NE(ErrorOf(std::string(kYamlBytesMax + 1, '#')).find("larger than"), std::string::npos);
  EXPECT_EQ(ErrorOf(std::string(kYamlBytesMax, '#')), "accepted");
}

}  // namespace
}  // namespace firstline::config
